/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_MONITOR_SESSION_H
#define BM_MONITOR_SESSION_H

/* Listening to a board: reads, cuts into lines, notices that it is gone and that it is back.
 * Nothing is printed here; what happens is told to the host. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/err.h"
#include "birthmark/serial.h"
#include "monitor/lines.h"

/* Who runs the session. Each is called with ctx; NULL where nothing else is said: not wanted. */
struct bm_monitor_host {
    void *ctx;
    uint64_t (*now_ms)(void *ctx); /* never NULL: the line's clock, also while it is gone */
    void (*bytes)(void *ctx, const void *data, size_t len); /* all of them, as they come */
    void (*line)(void *ctx, const struct bm_line *line);    /* never NULL. An open line is told once
        the board pauses within it (a prompt), and again, whole, each time it has grown. */
    int (*turn)(void *ctx);  /* many times a second, for keys; 1: end the session */
    void (*gone)(void *ctx); /* the line does not work any more */
    /* Waits a little, closes serial's line and opens it anew. Returns BM_OK once it is back. NULL:
     * the session ends when the line is gone. */
    int (*reopen)(void *ctx, struct bm_serial *serial);
    void (*back)(void *ctx);
};

enum bm_monitor_end {
    BM_MONITOR_STOPPED = 0, /* turn() said so */
    BM_MONITOR_TIMEOUT,
    BM_MONITOR_GONE
};

/* Listens until turn() ends it, or for timeout_ms; 0: without end. lines: the caller's memory. */
enum bm_monitor_end bm_monitor_run(struct bm_serial *serial, struct bm_lines *lines,
                                   const struct bm_monitor_host *host, uint64_t timeout_ms);

#endif
