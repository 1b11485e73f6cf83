/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_MONITOR_ELF_H
#define BM_CLI_MONITOR_ELF_H

/* The programs that a board runs (app, bootloader, ROM), for the addresses in its log. */

#include <stddef.h>
#include <stdint.h>

#include "monitor/symbols.h"

enum { ELVES_MAX = 8 };

struct elf_file {
    const char *path;
    uint8_t *data;
    size_t len;
    struct bm_symbols *symbols;
    char sha256[65];
};

struct elves {
    struct elf_file files[ELVES_MAX];
    size_t count;
    const char *addr2line;        /* the program asked for, "none", or NULL: by the chip */
    const char *found[ELVES_MAX]; /* what runs for each file; NULL: not tried yet, "": nothing */
    char odd[65]; /* hash of a running program that is none of the files, already told */
};

/* Reads a file. Returns CLI_OK, or the exit status after saying what is wrong. */
int elves_add(struct elves *e, const char *path);
void elves_free(struct elves *e);

/* Looks at a line without its colours, and calls `tell` for each address of code in it. */
void elves_decode(struct elves *e, const char *text, size_t len,
                  void (*tell)(void *ctx, uint32_t address, const char *text), void *ctx);

/* 1 once, when the line names the hash of a program that is none of the files. */
int elves_differ(struct elves *e, const char *text, size_t len);

#endif
