/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_MONITOR_STATE_H
#define BM_CLI_MONITOR_STATE_H

/* One run of `monitor`, shared by its sources. */

#include "cli/cmd_monitor.h"
#include "cli/cmd_monitor_elf.h"
#include "cli/cmd_monitor_keys.h"
#include "cli/cmd_monitor_screen.h"
#include "monitor/session.h"
#include "monitor/sgr.h"
#include "port/append.h"
#include "port/regex.h"

enum { LAST_LINES = 10, LAST_LINE_SIZE = 256 };

/* Why it ended. */
enum verdict { OPEN = 0, SEEN, FAILED, QUIT, TIME_UP, GONE, LOG_LOST };

struct monitor {
    const struct monitor_wish *wish;
    struct bm_serial serial;
    struct bm_lines lines;
    struct screen screen;
    struct elves elves;
    struct monitor_keys keys;
    struct bm_log_filter filter;
    struct bm_regex *grep, *until, *fail_on;
    char filter_text[KEYS_ANSWER_MAX + 1]; /* one that was typed */
    struct bm_append log;
    struct bm_sgr_strip strip;
    char log_name[64];         /* of a log begun by key */
    enum monitor_action asked; /* the question being answered */
    enum verdict verdict;
    uint64_t end_ms; /* 0, or when to end after a failure */
    int has_keys;
    int paused; /* output stopped by key */
    int is_gone;
    unsigned garbage; /* lines in a row that are no text */
    int hid;          /* lines were hidden: the last ones are worth showing */
    char last[LAST_LINES][LAST_LINE_SIZE];
    size_t last_count;
};

/* The log file. Each says what fails; that ends the run. */
void monitor_log_write(struct monitor *m, const void *data, size_t len);
void monitor_log_close(struct monitor *m);

/* By key: ends it, or begins one, with the name given or one of its own. */
void monitor_log_toggle(struct monitor *m);

/* Does what a key asks for. */
void monitor_act(struct monitor *m, enum monitor_action action, char c);

#endif
