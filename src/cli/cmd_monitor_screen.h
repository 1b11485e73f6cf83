/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_MONITOR_SCREEN_H
#define BM_CLI_MONITOR_SCREEN_H

/* What `monitor` puts out: lines of the board as text or as JSON events, and its own words. Nothing
 * that a board sends can move the cursor, change the terminal, or pass for our words' colour. */

#include <stddef.h>
#include <stdint.h>

#include "monitor/lines.h"
#include "monitor/log.h"

enum screen_stamps { STAMPS_NONE = 0, STAMPS_RELATIVE, STAMPS_ABSOLUTE };

struct screen {
    int json;
    int color;
    enum screen_stamps stamps;
    uint64_t start_ms;  /* relative times count from here */
    int64_t wall_ms;    /* the time of day, since 1970, at start_ms */
    const char *prompt; /* the question being answered, or NULL */
    const char *answer; /* as far as it is typed */
    size_t shown;       /* bytes of the open line that are on the screen */
    size_t columns;     /* and the columns that its last part takes: what backspace may take back */
    int interactive;    /* 1: somebody types, backspaces of the echo are obeyed */
};

void screen_init(struct screen *s, uint64_t now_ms);

/* A line, or what there is of it. */
void screen_line(struct screen *s, const struct bm_line *line, const struct bm_log *log);

/* Words about the log, below the line they belong to: "0x42001234: app_main at main.c:12". */
void screen_address(struct screen *s, uint32_t address, const char *text);

/* Our own words, on stderr: "--- text". With JSON an event of this name on stdout, too; NULL: none.
 */
void screen_notice(struct screen *s, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts the question out again with the answer as it is now. */
void screen_prompt(struct screen *s);
void screen_prompt_end(struct screen *s);

#endif
