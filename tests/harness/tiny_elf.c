/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/tiny_elf.h"

#include <string.h>

#include "base/le.h"

enum {
    TEXT_AT = 0x100,
    TEXT_SIZE = 0x30,
    NAMES_AT = 0x140,
    SYMBOLS_AT = 0x180,
    SECTIONS_AT = 0x200
};
enum { BASE = 0x42000020 };

static const uint8_t names[] = "\0leaf\0middle\0app_main\0$x\0_alias";

static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 1, 1, 1};

static void symbol(uint8_t *p, uint32_t name, uint32_t value, uint32_t size, unsigned info)
{
    bm_put_le32(p, name);
    bm_put_le32(p + 4, value);
    bm_put_le32(p + 8, size);
    p[12] = (uint8_t)info;
    bm_put_le16(p + 14, 1);
}

static void section(uint8_t *p, uint32_t type, uint32_t flags, uint32_t address, uint32_t off,
                    uint32_t size)
{
    bm_put_le32(p + 4, type);
    bm_put_le32(p + 8, flags);
    bm_put_le32(p + 12, address);
    bm_put_le32(p + 16, off);
    bm_put_le32(p + 20, size);
}

size_t tiny_elf(uint8_t out[TINY_ELF_MAX], unsigned machine)
{
    memset(out, 0, TINY_ELF_MAX);
    memcpy(out, ident, sizeof ident);
    bm_put_le16(out + 16, 2); /* linked */
    bm_put_le16(out + 18, (uint16_t)machine);
    bm_put_le32(out + 24, BASE + 0x1c);
    bm_put_le32(out + 32, SECTIONS_AT);
    bm_put_le16(out + 46, 40);
    bm_put_le16(out + 48, 4);

    bm_put_le16(out + TEXT_AT + 0x12, 0x37fd);     /* jal leaf */
    bm_put_le32(out + TEXT_AT + 0x20, 0xfedff0ef); /* jal ra, middle */
    bm_put_le16(out + TEXT_AT + 0x24, 0x9782);     /* jalr a5 */
    for (size_t i = 0; i < sizeof names; i++) {
        out[NAMES_AT + i] = names[i];
    }

    uint8_t *s = out + SYMBOLS_AT;
    symbol(s + 16, 13, BASE + 0x1c, 0, 0x10); /* app_main: a global label */
    symbol(s + 32, 1, BASE, 12, 0x12);        /* leaf */
    symbol(s + 48, 6, BASE + 12, 16, 0x02);   /* middle: a local function */
    symbol(s + 64, 22, BASE + 4, 0, 0x00);    /* $x is no function */
    symbol(s + 80, 25, BASE, 0, 0x10);        /* another name for leaf */

    section(out + SECTIONS_AT + 40, 1, 6, BASE, TEXT_AT, TEXT_SIZE);
    section(out + SECTIONS_AT + 80, 2, 0, 0, SYMBOLS_AT, 96);
    bm_put_le32(out + SECTIONS_AT + 80 + 24, 3); /* its names are in section 3 */
    section(out + SECTIONS_AT + 120, 3, 0, 0, NAMES_AT, sizeof names);
    return TINY_ELF_SIZE;
}
