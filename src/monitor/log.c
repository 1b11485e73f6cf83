/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/log.h"

#include <string.h>

#include "base/base.h"
#include "monitor/sgr.h"

static const char letters[] = "NEWIDV"; /* the place is the level */

char bm_log_letter(enum bm_log_level level)
{
    return level == BM_LOG_NONE ? '\0' : letters[level];
}

/* The time in brackets: milliseconds, hours, or a date with hours. Other words in brackets are a
 * sentence's. */
static const char *behind_time(const char *p, const char *end)
{
    static const char in_time[] = "0123456789:.- ";
    if (end - p < 3 || p[0] != ' ' || p[1] != '(') {
        return NULL;
    }
    const char *close = p + 2;
    while (close < end && memchr(in_time, *close, sizeof in_time - 1) != NULL) {
        close++;
    }
    return close - p > 2 && end - close > 2 && close[0] == ')' && close[1] == ' ' ? close + 2
                                                                                  : NULL;
}

void bm_log_parse(struct bm_log *out, const char *text, size_t len)
{
    const char *p = text;
    const char *end = text + len;
    int skip;
    *out = (struct bm_log){BM_LOG_NONE, "", 0};
    while (p < end && (skip = bm_sgr_length(p, (size_t)(end - p))) > 0) {
        p += skip;
    }
    const char *letter = p < end ? memchr(letters + 1, *p, sizeof letters - 2) : NULL;
    const char *tag = letter != NULL ? behind_time(p + 1, end) : NULL;
    if (tag == NULL) {
        return;
    }
    const char *colon = memchr(tag, ':', (size_t)(end - tag));
    if (colon != NULL && colon > tag && (colon + 1 == end || colon[1] == ' ')) {
        out->level = (enum bm_log_level)(letter - letters);
        out->tag = tag;
        out->tag_len = (size_t)(colon - tag);
    }
}

static int wrong(struct bm_diag *diag, const char *rule, size_t len, const char *text)
{
    char where[24];
    const size_t n = len < sizeof where - 1 ? len : sizeof where - 1;
    memcpy(where, rule, n);
    where[n] = '\0';
    return bm_diag_set(diag, BM_E_INPUT, 0, where, text);
}

static int parse_level(enum bm_log_level *out, const char *p, size_t len)
{
    if (len == 0 || (len == 1 && *p == '*')) {
        *out = BM_LOG_VERBOSE;
        return 0;
    }
    const char upper = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
    const char *at = len == 1 ? memchr(letters, upper, sizeof letters - 1) : NULL;
    if (at == NULL) {
        return -1;
    }
    *out = (enum bm_log_level)(at - letters);
    return 0;
}

static int take_rule(struct bm_log_filter *f, const char *rule, size_t len, struct bm_diag *diag)
{
    enum bm_log_level most;
    const char *colon = memchr(rule, ':', len);
    const size_t tag = colon != NULL ? (size_t)(colon - rule) : len;
    if (tag == 0) {
        return wrong(diag, rule, len, "there is no tag before the colon; write TAG:LEVEL");
    }
    if (parse_level(&most, rule + tag + (colon != NULL), len - tag - (colon != NULL)) != 0) {
        return wrong(diag, rule, len, "no such level; use N, E, W, I, D, V or *");
    }
    if (tag == 1 && rule[0] == '*') {
        f->others = most;
        return BM_OK;
    }
    if (f->count == BM_LOG_RULES_MAX) {
        return wrong(diag, rule, len, "a filter has 64 rules at most");
    }
    f->rules[f->count].tag = rule;
    f->rules[f->count].len = tag;
    f->rules[f->count++].most = most;
    return BM_OK;
}

int bm_log_filter_parse(struct bm_log_filter *f, const char *text, struct bm_diag *diag)
{
    static const char between[] = ", \t";
    const char *p = text + strspn(text, between);
    memset(f, 0, sizeof *f);
    f->others = *p == '\0' ? BM_LOG_VERBOSE : BM_LOG_NONE;
    while (*p != '\0') {
        const size_t len = strcspn(p, between);
        const int rc = take_rule(f, p, len, diag);
        if (rc != BM_OK) {
            return rc;
        }
        p += len;
        p += strspn(p, between);
    }
    return BM_OK;
}

int bm_log_filter_passes(const struct bm_log_filter *f, const struct bm_log *log)
{
    if (log->level == BM_LOG_NONE) {
        return f->others != BM_LOG_NONE;
    }
    for (size_t i = f->count; i-- > 0;) { /* the last one counts */
        if (f->rules[i].len == log->tag_len &&
            memcmp(f->rules[i].tag, log->tag, log->tag_len) == 0) {
            return log->level <= f->rules[i].most;
        }
    }
    return log->level <= f->others;
}
