/* SPDX-License-Identifier: Apache-2.0 */
#include "port/endpoint.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "port/clock.h"
#include "port/endpoint_kinds.h"

enum { READS = 32 }; /* of one client in one turn: the others' turn comes, too */

static const struct bmi_endpoint_kind *const kinds[] = {
    [BM_ENDPOINT_PTY] = &bmi_endpoint_pty,
    [BM_ENDPOINT_TCP] = &bmi_endpoint_tcp,
    [BM_ENDPOINT_RFC2217] = &bmi_endpoint_rfc2217,
};

int bm_endpoint_open(struct bm_endpoint **out, const struct bm_endpoint_config *config,
                     struct bm_diag *diag)
{
    struct bm_endpoint *e = calloc(1, sizeof *e);
    *out = NULL;
    if (e == NULL) {
        return bm_diag_set(diag, BM_E_NOMEM, 0, NULL, NULL);
    }
    e->config = *config;
    e->kind = kinds[config->kind];
    e->door = -1;
    e->line = -1;
    e->slave = -1;
    e->due = UINT64_MAX;
    const int rc = e->kind->open(e, diag);
    if (rc != BM_OK) {
        bm_endpoint_close(e);
        return rc;
    }
    *out = e;
    return BM_OK;
}

void bm_endpoint_close(struct bm_endpoint *endpoint)
{
    if (endpoint != NULL) {
        endpoint->kind->close(endpoint);
        free(endpoint);
    }
}

const char *bm_endpoint_name(const struct bm_endpoint *endpoint)
{
    return endpoint->name;
}

/* Calls to the board */

void bmi_endpoint_arrived(struct bm_endpoint *e, uint64_t now)
{
    e->client = 1;
    e->out_len = 0;
    if (e->config.ops->on_client != NULL) {
        e->config.ops->on_client(e->config.ctx, 1, now);
    }
}

void bmi_endpoint_left(struct bm_endpoint *e, uint64_t now)
{
    e->client = 0;
    e->out_len = 0;
    e->due = UINT64_MAX;
    e->kind->left(e, now);
    if (e->config.ops->on_client != NULL) {
        e->config.ops->on_client(e->config.ctx, 0, now);
    }
}

void bmi_endpoint_bytes(struct bm_endpoint *e, const void *data, size_t len, uint64_t now)
{
    if (len > 0 && e->config.ops->on_bytes != NULL) {
        e->config.ops->on_bytes(e->config.ctx, data, len, now);
    }
}

void bmi_endpoint_baud(struct bm_endpoint *e, uint32_t baud, uint64_t now)
{
    if (baud != 0 && baud != e->baud) {
        e->baud = baud;
        if (e->config.ops->on_baud != NULL) {
            e->config.ops->on_baud(e->config.ctx, baud, now);
        }
    }
}

/* Output */

void bmi_endpoint_queue(struct bm_endpoint *e, const void *data, size_t len)
{
    if (e->out_len == 0) {
        e->out_from = 0;
    }
    if (e->out_from + e->out_len + len > sizeof e->out) {
        memmove(e->out, e->out + e->out_from, e->out_len);
        e->out_from = 0;
    }
    if (e->out_len + len <= sizeof e->out) {
        memcpy(e->out + e->out_from + e->out_len, data, len);
        e->out_len += len;
    }
}

/* Writes what waits. 1: all of it; 0: the client takes no more now; -1: it is gone. */
static int flush_out(struct bm_endpoint *e)
{
    while (e->out_len > 0) {
        const ssize_t n = e->config.kind == BM_ENDPOINT_PTY
                              ? write(e->line, e->out + e->out_from, e->out_len)
                              : send(e->line, e->out + e->out_from, e->out_len, MSG_NOSIGNAL);
        if (n > 0) {
            e->out_from += (size_t)n;
            e->out_len -= (size_t)n;
        } else if (n < 0 && errno == EINTR) {
            continue;
        } else {
            return n == 0 || errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
        }
    }
    return 1;
}

/* Brings the board's output to the client. With nobody there it is lost, as on a real board. */
static void pump(struct bm_endpoint *e, uint64_t now)
{
    uint8_t chunk[BMI_CHUNK];
    uint8_t coded[2 * BMI_CHUNK];
    for (;;) {
        const int rc = e->client ? flush_out(e) : 1;
        if (rc < 0) {
            bmi_endpoint_left(e, now);
            continue;
        }
        if (rc == 0) {
            return;
        }
        const size_t n = e->config.ops->output(e->config.ctx, chunk, sizeof chunk, now);
        if (n == 0) {
            return;
        }
        if (e->client) {
            bmi_endpoint_queue(e, coded, e->kind->encode(coded, chunk, n));
        }
    }
}

/* Input */

static void receive(struct bm_endpoint *e, uint64_t now)
{
    uint8_t in[4096];
    for (unsigned i = 0; i < READS && e->line >= 0; i++) {
        const ssize_t n = read(e->line, in, sizeof in);
        if (n > 0) {
            if (e->kind->look != NULL) {
                e->kind->look(e, now);
            }
            e->kind->received(e, in, (size_t)n, now);
            continue;
        }
        if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
            bmi_endpoint_left(e, now);
        }
        return;
    }
}

static void serve(struct bm_endpoint *e, const struct pollfd *p)
{
    const uint64_t now = bm_port_now_us();
    if (p[0].revents != 0 || p[1].revents != 0) {
        receive(e, now);       /* before the news that the one who sent it has gone */
        e->kind->door(e, now); /* also where nothing was to be heard of it: that may be new */
    }
    if (e->kind->look != NULL && e->client) {
        e->kind->look(e, now);
    }
    if (now >= e->due && e->kind->timer != NULL) {
        e->kind->timer(e, now);
    }
    pump(e, bm_port_now_us());
}

/* Waiting */

static void prepare(const struct bm_endpoint *e, struct pollfd *p)
{
    p[0].fd = e->door;
    p[0].events = POLLIN;
    p[1].fd = e->line;
    p[1].events = POLLIN;
    if (e->client && e->out_len > 0) {
        p[1].events |= POLLOUT;
    }
}

static uint64_t wake(const struct bm_endpoint *e)
{
    uint64_t at = e->due;
    if (e->config.ops->next != NULL && e->out_len == 0) {
        const uint64_t next = e->config.ops->next(e->config.ctx);
        at = next < at ? next : at;
    }
    return at;
}

int bm_endpoint_turn(struct bm_endpoint *const *endpoints, size_t count, unsigned timeout_ms)
{
    struct pollfd *p = calloc(2 * count + 1, sizeof *p);
    if (p == NULL) {
        return BM_E_NOMEM;
    }
    const uint64_t now = bm_port_now_us();
    uint64_t until = now + (uint64_t)timeout_ms * 1000;
    for (size_t i = 0; i < count; i++) {
        const uint64_t at = wake(endpoints[i]);
        until = at < until ? at : until;
        prepare(endpoints[i], &p[2 * i]);
    }
    const uint64_t us = until > now ? until - now : 0;
    const struct timespec wait = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};
    int rc = BM_OK;
    if (ppoll(p, 2 * count, &wait, NULL) < 0) {
        rc = errno == EINTR ? BM_OK : BM_E_IO;
        for (size_t i = 0; i < 2 * count; i++) {
            p[i].revents = 0;
        }
    }
    for (size_t i = 0; rc == BM_OK && i < count; i++) {
        serve(endpoints[i], &p[2 * i]);
    }
    free(p);
    return rc;
}
