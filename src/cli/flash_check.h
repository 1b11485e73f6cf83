/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_FLASH_CHECK_H
#define BM_CLI_FLASH_CHECK_H

/* What must not be written to a board, or erased on it, by mistake. */

#include "cli/flash_job.h"

/* Checks files that are placed against what the board is and holds; of its flash only what matters
 * is read. Prints all that is wrong.
 * Returns CLI_OK (nothing, or --force overrides it), or the exit status: nothing must be written.
 */
int cli_flash_check(struct cli_flash *f, struct cli_board *b);

/* Errors of files that would not start, or not be found: bootloader and table, by their contents;
 * each is printed. Returns how many. */
size_t cli_flash_guard(const struct cli_flash *f, struct cli_board *b);

/* Names partitions of a table which overlap a range, hold an identity, and are not blank on the
 * board. names: a list, "" if there is none. Returns the same as cli_flash_check(). */
enum { CLI_NAMES_SIZE = 400 };
int cli_identity_within(struct cli_board *b, const struct bm_part_table *table, uint32_t off,
                        uint64_t len, char names[CLI_NAMES_SIZE]);

/* *at: the first page of NVS in whole sectors of the board's flash, or UINT32_MAX. For boards whose
 * table says nothing. Returns the same. */
int cli_nvs_page_within(struct cli_board *b, uint32_t off, uint32_t len, uint32_t *at);

#endif
