/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_PORT_FILE_H
#define BM_PORT_FILE_H

/* Whole files in and out, and what a program asks of its terminal. */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "birthmark/err.h"

/* What a file is called while it is written by a process, in the folder that it will be in. name:
 * room for path and BM_PORT_TEMP_NAME bytes more. i: 0, or the next one where that is taken. */
enum { BM_PORT_TEMP_NAME = 48 };
void bm_port_temp_name(char *name, const char *path, long pid, unsigned i);

struct bm_port_hold;

/* Reads a whole file, or standard input for "-".
 * data: malloc'ed bytes with one NUL behind them (not counted in len); free with bm_port_free().
 * max: more than this many bytes is BM_E_NOSPC.
 * Returns BM_OK, BM_E_NOENT (no such file), BM_E_IO (a directory, no permission, read error; diag
 * has os_errno and a text), BM_E_NOSPC or BM_E_NOMEM. */
int bm_port_read(const char *path, size_t max, uint8_t **data, size_t *len, struct bm_diag *diag);

/* The same for a file that stands in an input: a pipe, a socket or a terminal, which could keep the
 * program waiting for ever, is BM_E_INPUT with a text. Other devices (/dev/null) are read, and so
 * are open descriptors, whatever they are (/dev/stdin, /dev/fd/3). "-" is a file of that name. */
int bm_port_read_named(const char *path, size_t max, uint8_t **data, size_t *len,
                       struct bm_diag *diag);

/* 1 if both paths are the same regular file now, by whatever names. "-" is standard input for
 * `input`, standard output for `output`. 0 also where one of them is not there. */
int bm_port_same_file(const char *input, const char *output);

/* Wipes len bytes and frees; NULL is left alone. */
void bm_port_free(uint8_t *data, size_t len);

/* Replaces a file as a whole: a temporary file beside it, fsync, rename, fsync of the folder. On
 * any failure, a file size limit among them, the earlier file is untouched and nothing is left
 * behind; signals that end the program take effect afterwards. A device or pipe
 * (/dev/full, /dev/stdout) is written in place. "-" is standard output. mode: permission bits, 0600
 * for secrets; they hold from the first byte. Returns BM_OK or BM_E_IO with diag->os_errno. */
int bm_port_write(const char *path, const void *data, size_t len, unsigned mode,
                  struct bm_diag *diag);

/* The same for a file that was read under a hold (port/hold.h): where it is not that file any more,
 * or was written to since, nothing is written and this is BM_E_INPUT with a text. */
int bm_port_write_held(const struct bm_port_hold *hold, const char *path, const void *data,
                       size_t len, unsigned mode, struct bm_diag *diag);

/* Permission bits for a file that takes the place of this one: its own, but none beyond most; most
 * where it is not there. */
unsigned bm_port_mode(const char *path, unsigned most);

/* A stream that is kept in memory: once it is closed, text points to len bytes with a NUL behind
 * them, to be freed with bm_port_free(). NULL if memory is short. */
FILE *bm_port_memory(uint8_t **text, size_t *len);

/* Makes a file that is not there yet, whole or not at all, and on the disk when this returns. mode:
 * permission bits. Returns BM_OK, BM_E_EXIST (there is something of that name, which is left as it
 * is) or BM_E_IO with diag->os_errno. */
int bm_port_create(const char *path, const void *data, size_t len, unsigned mode,
                   struct bm_diag *diag);

/* Makes a folder and its parents; one that exists is good. Returns BM_OK or BM_E_IO. */
int bm_port_mkdirs(const char *path, struct bm_diag *diag);

/* 1 if this stdio descriptor (1 or 2) is a terminal. */
int bm_port_is_terminal(int fd);

/* To be called first: where standard input, output or error are closed, the next file opened would
 * take their place, and get what is printed. Reading or writing them fails from here on. */
void bm_port_hold_standard(void);

/* Columns of the terminal at fd, or fallback where it is none. */
unsigned bm_port_columns(int fd, unsigned fallback);

#endif
