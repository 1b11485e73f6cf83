/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_PORT_CHILD_H
#define BM_PORT_CHILD_H

/* A program that is run for what it prints. */

#include <stddef.h>

#include "birthmark/err.h"

/* Runs argv[0] (looked up in PATH) with no input and no stderr, and takes its stdout.
 * argv: ends with NULL. out: NUL-terminated, cut at cap - 1 bytes. timeout_ms: then it is killed.
 * Returns BM_OK if it ended with status 0, BM_E_NOENT if there is no such program, BM_E_TIMEOUT, or
 * BM_E_IO. */
int bm_port_child_output(char *out, size_t cap, const char *const *argv, unsigned timeout_ms);

#endif
