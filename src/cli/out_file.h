/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_OUT_FILE_H
#define BM_CLI_OUT_FILE_H

/* The file that a command makes. */

#include <stddef.h>

#include "cli/cli.h"

enum { CLI_PATH_SIZE = 4096 };

/* 1 for "-" and what is below /dev: taken as it is, never below a folder, never renamed over. */
int cli_is_stream(const char *path);
int cli_is_stdout(const char *path);

/* ".bin" of "a/b.bin"; "" where there is none, as in "a.d/b" and "a/.b". */
const char *cli_extension(const char *path);

/* "DIR/NAME", or NAME where it is absolute or dir is NULL. Returns 0 if that is too long. */
int cli_path_in(char out[CLI_PATH_SIZE], const char *dir, const char *name);

/* Puts the parts below each other: "DIR/SUB/PATH". dir and sub may be NULL or ""; an absolute path
 * and a stream stay as they are. Returns CLI_OK, or CLI_USAGE after saying that it is too long. */
int cli_out_path(struct cli *c, char out[CLI_PATH_SIZE], const char *dir, const char *sub,
                 const char *path);

/* Says that the output is also an input, and would be overwritten. Returns CLI_USAGE. */
int cli_out_own_input(struct cli *c, const char *output);

/* Says so where the output is this input, too, and would replace it. input NULL or a stream: no.
 * Returns CLI_OK or CLI_USAGE. */
int cli_out_distinct(struct cli *c, const char *output, const char *input);

/* Makes the folder of a path, if it has one. Returns CLI_OK, or the exit status after saying why
 * not. */
int cli_out_folder(const char *path);

/* Writes a file as a whole or not at all, readable by its owner only; makes its folder. Returns
 * CLI_OK, or the exit status after saying what failed. */
int cli_out_write(const char *path, const void *data, size_t len);

#endif
