/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_MONITOR_SYMBOLS_H
#define BM_MONITOR_SYMBOLS_H

/* Functions of a linked program (32-bit little-endian ELF), by address: from its symbol table, with
 * no help of a toolchain. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/err.h"

enum { BM_SYMBOLS_XTENSA = 94, BM_SYMBOLS_RISCV = 243 }; /* e_machine */

struct bm_symbols;

/* data stays the caller's and must live as long as out. Returns BM_OK (close with
 * bm_symbols_close()), BM_E_INPUT with a text in diag (no ELF file of this kind, truncated, no
 * symbols), or BM_E_NOMEM. */
int bm_symbols_open(struct bm_symbols **out, const uint8_t *data, size_t len, struct bm_diag *diag);
void bm_symbols_close(struct bm_symbols *s);

/* enum above, or another CPU's number. */
unsigned bm_symbols_machine(const struct bm_symbols *s);

/* 1 if a section of instructions holds this address. */
int bm_symbols_is_code(const struct bm_symbols *s, uint32_t address);

/* Name of the function that holds an address, good as long as s is, and the distance from its
 * start; NULL where there is none. */
const char *bm_symbols_find(const struct bm_symbols *s, uint32_t address, uint32_t *offset);

/* 1 if a call (JAL, JALR or their short forms, with ra) stands before this address of a RISC-V
 * program: then it may be where a function on the stack returns to. */
int bm_symbols_is_return(const struct bm_symbols *s, uint32_t address);

#endif
