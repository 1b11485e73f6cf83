/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/elf.h"

#include <stdlib.h>
#include <string.h>

#include "base/le.h"

enum { EHDR = 52, PHDR = 32, SHDR = 40, NAME = 24 };

uint8_t test_elf_byte(const struct test_section *s, size_t n, size_t i)
{
    static const uint8_t magic[] = {0x32, 0x54, 0xcd, 0xab};
    if (s->desc && i < 256) {
        return i < 4                  ? magic[i]
               : i >= 16 && i < 19    ? (uint8_t) "1.0"[i - 16]
               : i >= 48 && i < 52    ? (uint8_t) "test"[i - 48]
               : i == 178 || i == 179 ? 0xff
                                      : 0;
    }
    return (uint8_t)(n * 37 + i * 7 + (i >> 8));
}

static void put_section(uint8_t *h, uint32_t name, uint32_t type, uint32_t flags, uint32_t address,
                        uint32_t off, uint32_t size)
{
    const uint32_t v[] = {name, type, flags, address, off, size, 0, 0, 4, 0};
    for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
        bm_put_le32(h + 4 * i, v[i]);
    }
}

static void put_segment(uint8_t *h, uint32_t off, uint32_t address, uint32_t size)
{
    const uint32_t v[] = {1, off, address, address, size, size, 4, 4};
    for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
        bm_put_le32(h + 4 * i, v[i]);
    }
}

static void put_header(uint8_t *p, uint16_t machine, uint32_t phnum, uint32_t shoff, uint32_t shnum)
{
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 1, 1, 1};
    memcpy(p, ident, sizeof ident);
    bm_put_le16(p + 16, 2);
    bm_put_le16(p + 18, machine);
    bm_put_le32(p + 20, 1);
    bm_put_le32(p + 24, 0x40380000);
    bm_put_le32(p + 28, EHDR);
    bm_put_le32(p + 32, shoff);
    bm_put_le16(p + 40, EHDR);
    bm_put_le16(p + 42, PHDR);
    bm_put_le16(p + 44, (uint16_t)phnum);
    bm_put_le16(p + 46, SHDR);
    bm_put_le16(p + 48, (uint16_t)shnum);
    bm_put_le16(p + 50, (uint16_t)(shnum > 0 ? shnum - 1 : 0));
}

uint8_t *test_elf(size_t *len, uint16_t machine, const struct test_section *s, size_t count,
                  int without_sections)
{
    const uint32_t data_at = (uint32_t)(EHDR + PHDR * count);
    const uint32_t headers = (uint32_t)count + 4; /* null, .bss, .comment, names */
    uint32_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += s[i].size;
    }
    const uint32_t names_at = data_at + total;
    const uint32_t table_at = (names_at + NAME * headers + 3) / 4 * 4;
    *len = without_sections ? names_at : table_at + SHDR * headers;
    uint8_t *p = calloc(table_at + (size_t)SHDR * headers, 1);
    if (p == NULL) {
        abort();
    }
    put_header(p, machine, (uint32_t)count, without_sections ? 0 : table_at,
               without_sections ? 0 : headers);
    uint32_t at = data_at;
    for (size_t i = 0; i < count; i++) {
        for (uint32_t b = 0; b < s[i].size; b++) {
            p[at + b] = test_elf_byte(&s[i], i, b);
        }
        put_segment(p + EHDR + PHDR * i, at, s[i].address, s[i].size);
        (void)strncpy((char *)p + names_at + NAME * (i + 1), s[i].name, NAME - 1);
        put_section(p + table_at + SHDR * (i + 1), (uint32_t)(NAME * (i + 1)), 1, 2, s[i].address,
                    at, s[i].size);
        at += s[i].size;
    }
    uint8_t *h = p + table_at + SHDR * (count + 1);
    put_section(h, 0, 8, 3, 0x3fc90000, at, 0x1000);
    put_section(h + SHDR, 0, 1, 0x30, 0, data_at, 4);
    put_section(h + 2 * (size_t)SHDR, 0, 3, 0, 0, names_at, NAME * headers);
    return p;
}
