/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_SIM_WATCHDOG_H
#define BM_CLI_SIM_WATCHDOG_H

/* The task watchdog of a virtual board: told by lines (BM_BOARD_WATCHDOG in birthmark/board.h). All
 * zero: nothing is watched. */

#include <stddef.h>
#include <stdint.h>

struct cli_watchdog {
    uint32_t timeout_ms; /* 0: nothing is watched */
    int warn;            /* 1: it only says so */
    uint64_t until;      /* us */
    char line[32];       /* so far */
    size_t len;
};

/* Takes bytes of the program: whole lines count, those that say nothing sensible do not. */
void cli_watchdog_note(struct cli_watchdog *w, const char *data, size_t len, uint64_t now_us);

/* 1 if the time is up; it then begins anew. */
int cli_watchdog_bites(struct cli_watchdog *w, uint64_t now_us);

#endif
