/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/session.h"

enum {
    READ_SIZE = 4096,
    TURN_MS = 20,   /* a typed key waits no longer */
    PAUSE_MS = 100, /* of silence within a line: show what there is of it */
    LAST_READS = 64 /* when the time is up: a board that never stops talking holds nobody up */
};

struct session {
    struct bm_serial *serial;
    struct bm_lines *lines;
    const struct bm_monitor_host *host;
    uint64_t heard_ms; /* when the last bytes came */
    size_t told;       /* bytes of the open line that the host knows of */
};

static void pass_line(void *ctx, const struct bm_line *line)
{
    struct session *s = ctx;
    s->told = 0;
    s->host->line(s->host->ctx, line);
}

static void tell_open_line(struct session *s, uint64_t now)
{
    struct bm_line open;
    /* once a prompt is shown, what is typed behind it shows at once */
    const int due = s->told > 0 || now - s->heard_ms >= PAUSE_MS;
    if (due && bm_lines_open(s->lines, &open) && open.len > s->told) {
        s->told = open.len;
        s->host->line(s->host->ctx, &open);
    }
}

/* Reads once. Returns what read() did. */
static int listen(struct session *s, unsigned wait_ms)
{
    char data[READ_SIZE];
    const int n = s->serial->ops->read(s->serial->ctx, data, sizeof data, wait_ms);
    const uint64_t now = s->host->now_ms(s->host->ctx);
    if (n > 0) {
        s->heard_ms = now;
        if (s->host->bytes != NULL) {
            s->host->bytes(s->host->ctx, data, (size_t)n);
        }
        bm_lines_push(s->lines, data, (size_t)n, now);
    }
    if (n >= 0) {
        tell_open_line(s, now);
    }
    return n;
}

/* The time is up: what has come by now still counts. On a busy machine it can have waited here
 * unread while we did not get to run. */
static void listen_last(struct session *s)
{
    for (unsigned i = 0; i < LAST_READS && listen(s, 0) > 0; i++) {
    }
}

/* One turn; *gone: is the line gone? Returns 1 when the session ends by it. */
static int go_on(struct session *s, int *gone)
{
    const struct bm_monitor_host *h = s->host;
    if (!*gone) {
        if (listen(s, TURN_MS) >= 0) {
            return 0;
        }
        *gone = 1;
        bm_lines_flush(s->lines);
        if (h->gone != NULL) {
            h->gone(h->ctx);
        }
        return h->reopen == NULL;
    }
    if (h->reopen(h->ctx, s->serial) == BM_OK) {
        *gone = 0;
        if (h->back != NULL) {
            h->back(h->ctx);
        }
    }
    return 0;
}

enum bm_monitor_end bm_monitor_run(struct bm_serial *serial, struct bm_lines *lines,
                                   const struct bm_monitor_host *host, uint64_t timeout_ms)
{
    const uint64_t start = host->now_ms(host->ctx);
    struct session s = {serial, lines, host, start, 0};
    enum bm_monitor_end end = BM_MONITOR_GONE;
    int gone = 0;
    bm_lines_init(lines, pass_line, &s);
    for (;;) {
        if (host->turn != NULL && host->turn(host->ctx)) {
            end = BM_MONITOR_STOPPED;
            break;
        }
        if (timeout_ms != 0 && host->now_ms(host->ctx) - start >= timeout_ms) {
            end = BM_MONITOR_TIMEOUT;
            if (!gone) {
                listen_last(&s);
            }
            break;
        }
        if (go_on(&s, &gone)) {
            break;
        }
    }
    bm_lines_flush(lines);
    return end;
}
