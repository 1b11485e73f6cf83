/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_PORT_GUEST_H
#define BM_PORT_GUEST_H

/* The program in an app image of a virtual board, as a process of this machine: it has the board's
 * UART as its stdin, stdout and stderr, a pipe for notes to us as descriptor 3, and nothing else of
 * ours. It ends with us. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/err.h"

struct bm_guest;

struct bm_guest_config {
    const void *program; /* an executable of this machine, or a script that begins with "#!" */
    size_t len;
    const char *name;       /* its argv[0] */
    const char *const *env; /* NAME=VALUE, ends with NULL: all of its environment */
};

/* What a guest opens to write notes, each with one write. */
#define BM_GUEST_NOTES "/dev/fd/3"

/* Starts it. *out: bm_guest_stop() ends and frees it; NULL on failure. Returns BM_OK, BM_E_TYPE
 * (not a program that this machine can run), BM_E_NOENT (the interpreter or loader that it names is
 * not there), BM_E_NOMEM, or BM_E_IO with diag->os_errno. */
int bm_guest_start(struct bm_guest **out, const struct bm_guest_config *config,
                   struct bm_diag *diag);

/* Bytes to its UART; those that it has no room for are lost. */
void bm_guest_write(struct bm_guest *guest, const void *data, size_t len);

/* Takes what it has sent, or its notes. Returns the number of bytes, 0: none for now. */
size_t bm_guest_read(struct bm_guest *guest, void *buf, size_t cap);
size_t bm_guest_notes(struct bm_guest *guest, void *buf, size_t cap);

enum bm_guest_end {
    BM_GUEST_RUNS = 0,
    BM_GUEST_EXITED,  /* code: its exit status */
    BM_GUEST_ACCESS,  /* ended by a signal, code: to memory that is not there */
    BM_GUEST_ALIGN,   /* misaligned, or behind the end of a file */
    BM_GUEST_ILLEGAL, /* no instruction */
    BM_GUEST_ARITH,   /* divided by 0 */
    BM_GUEST_ABORTED, /* by abort() */
    BM_GUEST_SIGNAL   /* another one */
};

/* Whether it still runs, and how it ended. */
enum bm_guest_end bm_guest_end(struct bm_guest *guest, int *code);

/* Kills it with all that it started, at once, and frees. When this returns it writes nothing any
 * more. NULL is left alone. */
void bm_guest_stop(struct bm_guest *guest);

#endif
