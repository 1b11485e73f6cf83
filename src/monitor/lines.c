/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/lines.h"

#include <string.h>

void bm_lines_init(struct bm_lines *l, void (*line)(void *ctx, const struct bm_line *line),
                   void *ctx)
{
    memset(l, 0, sizeof *l);
    l->line = line;
    l->ctx = ctx;
}

static void end_line(struct bm_lines *l, int cut)
{
    const struct bm_line line = {l->text, l->len, l->at_ms, cut, 0};
    l->line(l->ctx, &line);
    l->len = 0;
    l->cr = 0;
}

static void take(struct bm_lines *l, char c, uint64_t now_ms)
{
    if (c == '\r') {
        l->cr = 1;
        return;
    }
    if (c == '\n') {
        if (l->len == 0) {
            l->at_ms = now_ms;
        }
        end_line(l, 0);
        return;
    }
    if (l->cr && l->len > 0) {
        end_line(l, 0);
    } else if (l->len == sizeof l->text) {
        end_line(l, 1);
    }
    l->cr = 0;
    if (l->len == 0) {
        l->at_ms = now_ms;
    }
    l->text[l->len++] = c;
}

void bm_lines_push(struct bm_lines *l, const void *data, size_t len, uint64_t now_ms)
{
    const char *p = data;
    for (size_t i = 0; i < len; i++) {
        take(l, p[i], now_ms);
    }
}

int bm_lines_open(const struct bm_lines *l, struct bm_line *out)
{
    *out = (struct bm_line){l->text, l->len, l->at_ms, 0, 1};
    return l->len > 0;
}

void bm_lines_flush(struct bm_lines *l)
{
    if (l->len > 0) {
        end_line(l, 0);
    }
    l->cr = 0;
}
