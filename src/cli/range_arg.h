/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_RANGE_ARG_H
#define BM_CLI_RANGE_ARG_H

/* A range of a board's flash, as people say it: OFFSET SIZE, or the NAME of a partition. */

#include "cli/board.h"

struct cli_range {
    const char *name; /* to show; NULL: by numbers */
    uint32_t off;
    uint32_t size;
    int to_end; /* SIZE was "all": as far as the flash goes */
};

/* Takes it from the arguments. Returns CLI_OK, or CLI_USAGE after saying what is wrong. */
int cli_range_arg(struct cli *c, struct cli_range *r);

/* Looks the name up on the board, and checks that the range lies in its flash. Returns CLI_OK, or
 * the exit status after saying what is wrong. */
int cli_range_find(struct cli *c, struct cli_range *r, struct cli_board *b);

#endif
