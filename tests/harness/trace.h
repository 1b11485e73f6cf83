/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_TESTS_TRACE_H
#define BM_TESTS_TRACE_H

/* Conversations of esptool with mask ROMs: tests/golden/rom (README.md there says what is what).
 * Include after cmocka.h. */

#include <stddef.h>
#include <stdint.h>

#include "proto/chip.h"

struct test_trace_line {
    unsigned ms;   /* since the recording began; an emulator's time, not silicon's */
    char side;     /* '>' from the host, '<' from the chip */
    int raw;       /* 1: bytes outside of frames, as they were on the wire */
    uint8_t *data; /* a frame without SLIP, or those bytes */
    size_t len;
};

struct test_trace {
    char name[32]; /* "esp32c3-write-z" */
    const struct bm_chip *chip;
    struct test_trace_line *lines;
    size_t count;
};

/* Names of all traces; ends with NULL. */
extern const char *const test_traces[];

/* Loads one; asserts that it is there and well-formed. */
void test_trace_load(struct test_trace *trace, const char *name);
void test_trace_free(struct test_trace *trace);

/* Index of the next line of that side from here on, or count. A request at i is answered by the
 * lines of '<' between i and test_trace_next(trace, i + 1, '>'). */
size_t test_trace_next(const struct test_trace *trace, size_t from, char side);

/* A line as it was on the wire: framed, or raw. out must hold 2 * len + 2 bytes. Returns its
 * length. */
size_t test_trace_wire(const struct test_trace_line *line, uint8_t *out, size_t cap);

#endif
