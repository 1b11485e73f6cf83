/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_MONITOR_LOG_H
#define BM_MONITOR_LOG_H

/* Lines of ESP-IDF's log, "I (1234) tag: message", and which of them to show. */

#include <stddef.h>

#include "birthmark/err.h"

enum bm_log_level {
    BM_LOG_NONE = 0, /* not a line of the log */
    BM_LOG_ERROR,
    BM_LOG_WARN,
    BM_LOG_INFO,
    BM_LOG_DEBUG,
    BM_LOG_VERBOSE
};

struct bm_log {
    enum bm_log_level level;
    const char *tag; /* "" where level is BM_LOG_NONE; no NUL behind it */
    size_t tag_len;
};

/* Finds level and tag of a line; colours before it are passed over. */
void bm_log_parse(struct bm_log *out, const char *text, size_t len);

/* The level's letter, or '\0' for BM_LOG_NONE. */
char bm_log_letter(enum bm_log_level level);

enum { BM_LOG_RULES_MAX = 64 };

/* Private. */
struct bm_log_filter {
    struct {
        const char *tag;
        size_t len;
        enum bm_log_level most;
    } rules[BM_LOG_RULES_MAX];
    size_t count;
    enum bm_log_level others;
};

/* Reads a filter as idf_monitor has it: "wifi:W *:I", by blanks or commas; N, E, W, I, D, V or *;
 * no level is V; of one tag the last rule counts. Tags not named are not shown unless there is "*",
 * nor are lines that are none of the log. An empty text shows everything. The text must live as
 * long as the filter. Returns BM_OK, or BM_E_INPUT with a text in diag, where: the rule. */
int bm_log_filter_parse(struct bm_log_filter *f, const char *text, struct bm_diag *diag);

/* 1 if the line is to be shown. */
int bm_log_filter_passes(const struct bm_log_filter *f, const struct bm_log *log);

#endif
