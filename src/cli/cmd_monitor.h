/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_MONITOR_H
#define BM_CLI_MONITOR_H

/* The pieces of the command `monitor`, which `up` ends with, too. */

#include <stdint.h>

#include "birthmark/serial.h"
#include "cli/cli.h"

enum { MONITOR_ELVES_MAX = 8 };

/* What is asked for; zeroed: a live log. Texts must live as long as the command. */
struct monitor_wish {
    const char *port;
    uint32_t baud; /* 0: 115200 */
    int no_reset;
    int no_reconnect;
    int json;
    int stamps; /* enum screen_stamps */
    const char *filter;
    const char *grep;
    const char *log;
    const char *elves[MONITOR_ELVES_MAX + 1]; /* up to the first NULL */
    const char *addr2line;
    const char *eol; /* what Enter sends; NULL: "\r" */
    const char *until;
    const char *fail_on;
    int allow_panic;
    int exit_status;
    uint64_t timeout_ms; /* 0: none */
};

/* Monitors until it is done. Returns the exit status, after saying what is wrong. */
int cli_monitor(const struct monitor_wish *wish);

/* Checks what can be checked of it before there is a board: expressions and filter. Returns CLI_OK,
 * or the exit status after saying what is wrong. */
int cli_monitor_check(const struct monitor_wish *wish);

/* Takes the words of a command line, as the command does, and only checks them. Returns the same.
 */
int cli_monitor_try(struct cli *c);

#endif
