/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_PORT_TCP_H
#define BM_PORT_TCP_H

/* TCP, on both sides. Descriptors do not block, and are not inherited. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/err.h"

/* HOST:PORT, [IPV6]:PORT */
struct bm_address {
    char host[256];
    char port[6];
};

/* Takes the first `len` characters of text. BM_E_ARG with words in diag; port 0 only where
 * zero is 1. */
int bm_address_parse(struct bm_address *out, const char *text, size_t len, int zero,
                     struct bm_diag *diag);

/* Returns a connected descriptor, or BM_E_NOENT (no such host), BM_E_TIMEOUT, BM_E_IO with words.
 */
int bm_tcp_connect(const struct bm_address *to, unsigned timeout_ms, struct bm_diag *diag);

/* Returns a listening descriptor, or as above. got: the port that it has. */
int bm_tcp_listen(const struct bm_address *at, uint16_t *got, struct bm_diag *diag);

/* Takes a caller; small writes leave at once. Returns its descriptor, or -1 if there is none. */
int bm_tcp_accept(int listener);

/* What arrives next is acknowledged at once; to be said before each wait, it does not last. A
 * server that sends byte by byte, as emulators do, holds back what follows the first byte until
 * then: 40 ms for each reply. Does nothing where the system has no such thing. */
void bm_tcp_hurry(int fd);

#endif
