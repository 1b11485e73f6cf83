/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base.h"

/* Remainders of one nibble: 64 bytes instead of 1 KiB, for code that lives in a boot ROM's shadow.
 */
static const uint32_t nibble[16] = {
    0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};

uint32_t bm_crc32(uint32_t start, const void *data, size_t len)
{
    const uint8_t *p = data;
    uint32_t c = ~start;
    for (size_t i = 0; i < len; i++) {
        c ^= p[i];
        c = (c >> 4) ^ nibble[c & 15];
        c = (c >> 4) ^ nibble[c & 15];
    }
    return ~c;
}
