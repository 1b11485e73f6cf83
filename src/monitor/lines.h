/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_MONITOR_LINES_H
#define BM_MONITOR_LINES_H

/* Bytes of a serial line, cut into lines: at LF, CR LF, any number of CRs before an LF, or a CR
 * alone (progress shown on one line). Where the reads fall does not change the lines. */

#include <stddef.h>
#include <stdint.h>

enum { BM_LINE_MAX = 4096 }; /* bytes after which a line is cut */

struct bm_line {
    const char *text; /* as received, without its end; any bytes, no NUL behind them */
    size_t len;
    uint64_t at_ms; /* when its first byte came */
    int cut;        /* 1: too long, it goes on in the next one */
    int open;       /* 1: its end has not come yet */
};

/* The caller owns it; private but for what bm_lines_init() takes. */
struct bm_lines {
    char text[BM_LINE_MAX];
    size_t len;
    uint64_t at_ms;
    int cr; /* a CR came: is there an LF behind it? */
    void (*line)(void *ctx, const struct bm_line *line);
    void *ctx;
};

/* line: called with each line, whose text is good until it returns. */
void bm_lines_init(struct bm_lines *l, void (*line)(void *ctx, const struct bm_line *line),
                   void *ctx);

/* Takes bytes that came at now_ms. */
void bm_lines_push(struct bm_lines *l, const void *data, size_t len, uint64_t now_ms);

/* What has come of a line without its end. Returns 1, or 0 where there is nothing. */
int bm_lines_open(const struct bm_lines *l, struct bm_line *out);

/* Nothing will come any more: an open line is one. */
void bm_lines_flush(struct bm_lines *l);

#endif
