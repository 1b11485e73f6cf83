/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_BOARD_PROGRESS_H
#define BM_CLI_BOARD_PROGRESS_H

/* How far the work on a board is: a bar on a terminal, now and then a line in a pipe, events as
 * JSON. Bar and lines go to stderr, events to stdout. */

#include <jansson.h>

#include "link/link.h"

struct cli_progress {
    int bar;               /* stderr is a terminal */
    int quiet;             /* show none of it; what matters is still said */
    int json;              /* one JSON object a line */
    int inside;            /* what is read now is part of the work that cli_progress_part() shows */
    const char *what;      /* the file or partition worked on; NULL: the offset will do */
    int skipped;           /* the last write found all in place */
    uint64_t wire;         /* bytes that went over the wire for the last region */
    uint64_t begun, drawn; /* of the clock, in microseconds; private, as all below */
    uint64_t from;         /* bytes done when it began */
    enum bm_link_stage stage;
    uint32_t offset;
    int ended;   /* an event told that it is done, refused or failed */
    int on_line; /* the bar stands on the terminal's last line */
};

/* Begins with another region. */
void cli_progress_begin(struct cli_progress *p, const char *what);

/* What struct bm_link_config calls; ctx is the struct above. */
void cli_progress_step(void *ctx, const struct bm_link_progress *step);

/* Shows how much of a region has been looked at, where that takes many requests. Until done is
 * total, or cli_progress_begin() comes, what they read themselves is not shown. */
void cli_progress_part(struct cli_progress *p, uint32_t off, uint64_t done, uint64_t total);

/* Takes the bar away, so that something else can be printed. */
void cli_progress_clear(struct cli_progress *p);

/* Prints an event and frees it: {"event": name, ...}. Nothing unless json. */
void cli_progress_event(struct cli_progress *p, const char *name, json_t *fields);

enum { CLI_RATE_SIZE = 32 };

/* "36.5 KB/s" into out; returns it. */
const char *cli_rate(char out[CLI_RATE_SIZE], uint64_t bytes, uint64_t us);

#endif
