/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_TABLE_ARG_H
#define BM_CLI_TABLE_ARG_H

/* A partition table that a command is given: partition CSV, a binary table, or a flash image. */

#include "cli/cli.h"
#include "layout/table_file.h"

/* Reads the table of a file (- for standard input) and prints what is wrong with it.
 * options: as for bm_table_load(), or NULL; environment variables are always looked up.
 * Returns CLI_OK, or the exit status after saying why not. */
int cli_table_arg(struct bm_table_file *out, const char *path,
                  const struct bm_table_options *options);

/* The same of a live board: its table at --table-offset. */
int cli_table_live(struct cli *c, struct bm_table_file *out,
                   const struct bm_table_options *options);

/* An offset or size of an option: "0x8000", "32K", "4MB". Returns CLI_OK or CLI_USAGE after saying
 * what is wrong. */
int cli_table_number(struct cli *c, uint32_t *out, const char *option, const char *text);

#endif
