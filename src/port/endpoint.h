/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_PORT_ENDPOINT_H
#define BM_PORT_ENDPOINT_H

/* The board's side of a line: where a virtual board is reached. Any number of them in one thread,
 * served turn by turn; clients come and go, one at a time. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/err.h"

/* What stands behind an endpoint; all are called from bm_endpoint_turn() only. now is
 * bm_port_now_us(). NULL: not wanted, but for output. */
struct bm_endpoint_ops {
    /* A client is there (1) or gone (0). Lines and baud keep what they are, unless told. */
    void (*on_client)(void *ctx, int there, uint64_t now);
    void (*on_bytes)(void *ctx, const void *data, size_t len, uint64_t now);
    /* 1: asserted. Both are 0 at first and when an RFC 2217 client has left. */
    void (*on_lines)(void *ctx, int dtr, int rts, uint64_t now);
    /* The client's speed, before the bytes that come at it. Never told of a plain socket. */
    void (*on_baud)(void *ctx, uint32_t baud, uint64_t now);
    /* The client throws away what is under way: to it (rx) and from it (tx). */
    void (*on_purge)(void *ctx, int rx, int tx, uint64_t now);
    /* Takes what has been sent by now. Returns the number of bytes. What comes while there is no
     * client is lost; a client that reads slowly makes the calls cease until it has read. */
    size_t (*output)(void *ctx, void *buf, size_t cap, uint64_t now);
    /* When output() will have something without further input; UINT64_MAX or NULL: never. */
    uint64_t (*next)(void *ctx);
};

enum bm_endpoint_kind {
    BM_ENDPOINT_PTY = 0, /* baud, but no lines: ptys have none */
    BM_ENDPOINT_TCP,     /* bytes only */
    BM_ENDPOINT_RFC2217  /* baud and lines */
};

struct bm_endpoint_config {
    enum bm_endpoint_kind kind;
    const char *address; /* TCP, RFC 2217: HOST:PORT, port 0 for any; NULL: 127.0.0.1:0 */
    const char *link;    /* pty: a symbolic link to make and to remove at the end; NULL: none */
    const struct bm_endpoint_ops *ops; /* kept alive by the caller, as ctx */
    void *ctx;
};

struct bm_endpoint;

/* Returns BM_OK or BM_E_ARG, BM_E_IO (in use, no permission), BM_E_NOENT, BM_E_NOMEM with words. */
int bm_endpoint_open(struct bm_endpoint **out, const struct bm_endpoint_config *config,
                     struct bm_diag *diag);

/* NULL is left alone. */
void bm_endpoint_close(struct bm_endpoint *endpoint);

/* What a client opens: /dev/pts/4, socket://127.0.0.1:40123, rfc2217://127.0.0.1:40123. */
const char *bm_endpoint_name(const struct bm_endpoint *endpoint);

/* Waits until something happens at one of them or a next() is due, for timeout_ms at most, and
 * serves all. Ends early on a signal. Returns BM_OK, BM_E_NOMEM, or BM_E_IO if waiting fails. */
int bm_endpoint_turn(struct bm_endpoint *const *endpoints, size_t count, unsigned timeout_ms);

#endif
