/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LAYOUT_ELF_H
#define BM_LAYOUT_ELF_H

/* The parts of a linked program that go into a chip's memory: 32-bit little-endian ELF files. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/err.h"

enum { BM_ELF_XTENSA = 94, BM_ELF_RISCV = 243 };

/* An open file; private but for machine and entry. */
struct bm_elf {
    uint16_t machine; /* BM_ELF_XTENSA, ... */
    uint32_t entry;   /* address where the program starts */
    const uint8_t *data;
    size_t len;
    uint32_t table; /* of headers: sections, or segments where there are no sections */
    uint16_t count;
    uint16_t next;
    int sections;
    uint32_t names; /* of sections */
    uint32_t names_size;
};

/* One part: a section, or a segment of a file without section headers. */
struct bm_elf_part {
    const char *name; /* "" if it has none */
    uint32_t address;
    const uint8_t *data;
    uint32_t size; /* at least 1 */
};

/* 1 if these bytes begin as an ELF file does. */
int bm_elf_is(const uint8_t *data, size_t len);

/* Checks the header of a file of len bytes, which the caller keeps as long as out is used.
 * Returns BM_OK, or BM_E_INPUT with a text in diag: no ELF file, 64 bits, big-endian, not linked,
 * truncated. */
int bm_elf_open(struct bm_elf *out, const uint8_t *data, size_t len, struct bm_diag *diag);

/* The next part with bytes to load, in the order of the file's table. What only takes room (.bss)
 * is passed over. Returns BM_OK, BM_E_NOENT behind the last, or BM_E_INPUT with a text in diag. */
int bm_elf_next(struct bm_elf *elf, struct bm_elf_part *out, struct bm_diag *diag);

#endif
