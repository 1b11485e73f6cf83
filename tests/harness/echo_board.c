/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/echo_board.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

#include "port/clock.h"

enum { ROOM = 1 << 22, PATIENCE_MS = 60000 };

struct echo_board {
    struct bm_endpoint *endpoint;
    thrd_t thread;
    int running;
    atomic_int stop;
    atomic_int there; /* a client */
    int quiet;
    size_t from, len;
    unsigned char *data;
};

static void put(struct echo_board *b, const void *data, size_t len)
{
    if (b->from + b->len + len > ROOM) {
        memmove(b->data, b->data + b->from, b->len);
        b->from = 0;
    }
    if (b->len + len <= ROOM) {
        memcpy(b->data + b->from + b->len, data, len);
        b->len += len;
    }
}

static void say(struct echo_board *b, const char *text)
{
    if (!b->quiet) {
        put(b, text, strlen(text));
    }
}

static void on_client(void *ctx, int there, uint64_t now)
{
    struct echo_board *b = ctx;
    (void)now;
    b->there = there;
    say(b, there ? "(1)" : "(0)");
}

static void on_bytes(void *ctx, const void *data, size_t len, uint64_t now)
{
    (void)now;
    put(ctx, data, len);
}

static void on_lines(void *ctx, int dtr, int rts, uint64_t now)
{
    char text[16];
    (void)now;
    snprintf(text, sizeof text, "<%d%d>", dtr, rts);
    say(ctx, text);
}

static void on_baud(void *ctx, uint32_t baud, uint64_t now)
{
    char text[16];
    (void)now;
    snprintf(text, sizeof text, "[%lu]", (unsigned long)baud);
    say(ctx, text);
}

static void on_purge(void *ctx, int rx, int tx, uint64_t now)
{
    char text[16];
    (void)now;
    snprintf(text, sizeof text, "{%d%d}", rx, tx);
    say(ctx, text);
}

static size_t output(void *ctx, void *buf, size_t cap, uint64_t now)
{
    struct echo_board *b = ctx;
    const size_t n = b->len < cap ? b->len : cap;
    (void)now;
    memcpy(buf, b->data + b->from, n);
    b->from += n;
    b->len -= n;
    return n;
}

static const struct bm_endpoint_ops ops = {
    .on_client = on_client,
    .on_bytes = on_bytes,
    .on_lines = on_lines,
    .on_baud = on_baud,
    .on_purge = on_purge,
    .output = output,
};

static int serve(void *ctx)
{
    struct echo_board *b = ctx;
    struct bm_endpoint *const list[] = {b->endpoint};
    while (!b->stop) {
        (void)bm_endpoint_turn(list, 1, 5);
    }
    return 0;
}

struct echo_board *echo_board_start(enum bm_endpoint_kind kind, const char *address,
                                    const char *link, int quiet, struct bm_diag *diag)
{
    struct echo_board *b = calloc(1, sizeof *b);
    if (b == NULL) {
        return NULL;
    }
    const struct bm_endpoint_config config = {
        .kind = kind, .address = address, .link = link, .ops = &ops, .ctx = b};
    b->quiet = quiet;
    b->data = malloc(ROOM);
    if (b->data != NULL && bm_endpoint_open(&b->endpoint, &config, diag) == BM_OK) {
        b->running = thrd_create(&b->thread, serve, b) == thrd_success;
    }
    if (!b->running) {
        echo_board_stop(b);
        return NULL;
    }
    return b;
}

const char *echo_board_name(const struct echo_board *b)
{
    return bm_endpoint_name(b->endpoint);
}

int echo_board_alone(const struct echo_board *b)
{
    for (unsigned ms = 0; b->there && ms < PATIENCE_MS; ms++) {
        bm_port_sleep_us(1000);
    }
    return !b->there;
}

void echo_board_freeze(struct echo_board *b)
{
    if (b->running) {
        b->stop = 1;
        thrd_join(b->thread, NULL);
        b->running = 0;
    }
}

void echo_board_stop(struct echo_board *b)
{
    if (b != NULL) {
        echo_board_freeze(b);
        bm_endpoint_close(b->endpoint);
        free(b->data);
        free(b);
    }
}
