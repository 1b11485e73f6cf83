/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_TESTS_TINY_ELF_H
#define BM_TESTS_TINY_ELF_H

/* A linked RISC-V program of three functions, made here so that no compiler is needed:
 * 0x42000020 leaf (12 bytes), 0x4200002c middle (16), 0x4200003c app_main (to the end, no size).
 * Calls end at 0x42000034 (C.JAL), 0x42000044 (JAL), 0x42000046 (C.JALR). */

#include <stddef.h>
#include <stdint.h>

enum { TINY_ELF_SIZE = 672, TINY_ELF_MAX = 1024 };

/* Returns TINY_ELF_SIZE. machine: 243 RISC-V, 94 Xtensa. */
size_t tiny_elf(uint8_t out[TINY_ELF_MAX], unsigned machine);

#endif
