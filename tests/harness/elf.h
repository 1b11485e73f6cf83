/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_TESTS_ELF_H
#define BM_TESTS_ELF_H

/* ELF files of a few sections, made byte by byte, the same on every machine. */

#include <stddef.h>
#include <stdint.h>

struct test_section {
    const char *name;
    uint32_t address;
    uint32_t size;
    int desc; /* 1: begins with an app description, project "test", version "1.0" */
};

enum { TEST_ELF_XTENSA = 94, TEST_ELF_RISCV = 243 };

/* A program of these sections, then a .bss and a .comment, which are not loaded; without_sections
 * leaves the section headers away. The entry is 0x40380000. Returns malloc'ed bytes. */
uint8_t *test_elf(size_t *len, uint16_t machine, const struct test_section *s, size_t count,
                  int without_sections);

/* The byte at i of section number n. */
uint8_t test_elf_byte(const struct test_section *s, size_t n, size_t i);

#endif
