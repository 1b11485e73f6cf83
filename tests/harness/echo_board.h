/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_TEST_ECHO_BOARD_H
#define BM_TEST_ECHO_BOARD_H

/* A board behind an endpoint, in a thread of its own: it sends back what it gets, and says what
 * else happened: "<10>" DTR asserted and RTS not, "[9600]" the speed, "{11}" purged, "(1)" a
 * client. */

#include "port/endpoint.h"

struct echo_board;

/* Words in diag on failure; NULL then. quiet: no events, bytes only. */
struct echo_board *echo_board_start(enum bm_endpoint_kind kind, const char *address,
                                    const char *link, int quiet, struct bm_diag *diag);
const char *echo_board_name(const struct echo_board *b);
/* Waits until it has noticed that its client has gone. 0: it does not, within a minute. */
int echo_board_alone(const struct echo_board *b);
/* From now on the board neither takes nor sends anything, and its endpoint is not served. */
void echo_board_freeze(struct echo_board *b);
void echo_board_stop(struct echo_board *b);

#endif
