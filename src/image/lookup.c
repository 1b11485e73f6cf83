/* SPDX-License-Identifier: Apache-2.0 */
#include "image/lookup.h"

#include "base/base.h"

uint32_t bmi_lookup_hash(uint8_t ns, const void *key, uint8_t chunk)
{
    uint32_t crc = bm_crc32(0xffffffffu, &ns, 1);
    crc = bm_crc32(crc, key, BM_NVS_KEY_SIZE);
    return bm_crc32(crc, &chunk, 1) & 0xffffffu;
}
