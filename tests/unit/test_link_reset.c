/* SPDX-License-Identifier: Apache-2.0 */

/* Reset sequences: what they do to EN and GPIO0 of a board, and which texts are refused. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "birthmark/err.h"
#include "link/reset.h"

/* A board behind two transistors: RTS alone holds EN low, DTR alone GPIO0, both nothing. EN rises
 * slowly where the board has a big capacitor. */
struct board {
    uint64_t now;
    unsigned slow_ms;  /* from EN let go until the chip starts */
    int one_at_a_time; /* 1: lines change one after the other, as Windows drivers do it */
    int fails;
    int dtr, rts;
    uint64_t rises; /* when the chip starts, 0: it is held or runs */
    unsigned resets;
    int loads; /* 1: started with GPIO0 low */
};

static void settle(struct board *b)
{
    if (b->rises != 0 && b->now >= b->rises) {
        b->rises = 0;
        b->loads = b->dtr && !b->rts;
        b->resets++;
    }
}

static void put_lines(struct board *b, int dtr, int rts)
{
    const int was_held = b->rts && !b->dtr;
    const int held = rts && !dtr;
    settle(b);
    b->dtr = dtr;
    b->rts = rts;
    if (held) {
        b->rises = 0;
    } else if (was_held) {
        b->rises = b->now + b->slow_ms;
    }
}

static int set_lines(void *ctx, int dtr, int rts)
{
    struct board *b = ctx;
    if (b->one_at_a_time) {
        put_lines(b, dtr, b->rts);
        b->now++;
    }
    put_lines(b, dtr, rts);
    return b->fails ? BM_E_IO : BM_OK;
}

static void sleep_ms(void *ctx, unsigned ms)
{
    struct board *b = ctx;
    for (unsigned i = 0; i < ms; i++) {
        b->now++;
        settle(b);
    }
}

static const struct bm_serial_ops with_lines = {.set_lines = set_lines, .sleep_ms = sleep_ms};
static const struct bm_serial_ops without_lines = {.sleep_ms = sleep_ms};

static int run(struct board *b, const char *sequence)
{
    const struct bm_serial serial = {&with_lines, b, BM_SERIAL_UART};
    return bm_reset_run_sequence(sequence, &serial);
}

static void test_into_download(void **state)
{
    (void)state;
    static const struct {
        const char *sequence;
        unsigned slow_ms;
        int one_at_a_time;
    } cases[] = {{bm_reset_classic, 5, 0},        {bm_reset_classic, 5, 1},
                 {bm_reset_tight, 1, 0},          {bm_reset_classic_slow, 300, 0},
                 {bm_reset_classic_slow, 300, 1}, {bm_reset_tight_slow, 300, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct board b = {.slow_ms = cases[i].slow_ms, .one_at_a_time = cases[i].one_at_a_time};
        assert_int_equal(run(&b, cases[i].sequence), BM_OK);
        sleep_ms(&b, 400);
        assert_true(b.resets >= 1);
        assert_true(b.loads);
        assert_false(b.dtr || b.rts); /* both let go, or the board stays held */
    }
}

static void test_slow_board_needs_the_slow_ones(void **state)
{
    (void)state;
    struct board b = {.slow_ms = 300};
    assert_int_equal(run(&b, bm_reset_classic), BM_OK);
    sleep_ms(&b, 400);
    assert_false(b.loads);
}

static void test_run(void **state)
{
    (void)state;
    struct board b = {.slow_ms = 1, .loads = 1};
    assert_int_equal(run(&b, bm_reset_run), BM_OK);
    sleep_ms(&b, 10);
    assert_int_equal(b.resets, 1);
    assert_false(b.loads || b.dtr || b.rts);
    assert_true(b.now >= 100);
}

/* What the chip's own port looks for: RTS alone, reached by way of both. */
static void test_usb(void **state)
{
    (void)state;
    struct board b = {.slow_ms = 1};
    assert_int_equal(run(&b, bm_reset_usb), BM_OK);
    sleep_ms(&b, 10);
    assert_int_equal(b.resets, 1);
    assert_false(b.dtr || b.rts);
}

static void test_custom(void **state)
{
    (void)state;
    struct board b = {.slow_ms = 1};
    assert_int_equal(run(&b, "D0|R1|W0.1|D1|R0|W0.05|D0"), BM_OK);
    assert_true(b.loads);
    assert_int_equal(b.now, 150);
    assert_int_equal(run(&b, "W1.25"), BM_OK);
    assert_int_equal(b.now, 1400);
    assert_int_equal(run(&b, "U1,0"), BM_OK);
    assert_true(b.dtr && !b.rts);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t where;
    } bad[] = {{"", 0},      {"D2", 1},    {"D0|", 3},   {"D0||R1", 3}, {"W", 1},
               {"W.", 2},    {"W10.1", 5}, {"U1", 2},    {"U1,", 3},    {"U1,2", 3},
               {"D0 R1", 2}, {"X1", 0},    {"D0|r1", 3}, {"W99999", 2}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        size_t where = 99;
        struct board b = {0};
        assert_int_equal(bm_reset_check(bad[i].text, &where), BM_E_ARG);
        assert_int_equal(where, bad[i].where);
        assert_int_equal(run(&b, bad[i].text), BM_E_ARG);
        assert_int_equal(b.now, 0); /* nothing of it was done */
    }
}

static void test_port_fails(void **state)
{
    (void)state;
    struct board b = {.fails = 1};
    const struct bm_serial none = {&without_lines, &b, BM_SERIAL_SOCKET};
    assert_int_equal(run(&b, bm_reset_classic), BM_E_IO);
    assert_int_equal(bm_reset_run_sequence(bm_reset_classic, &none), BM_E_READONLY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_into_download), cmocka_unit_test(test_slow_board_needs_the_slow_ones),
        cmocka_unit_test(test_run),           cmocka_unit_test(test_usb),
        cmocka_unit_test(test_custom),        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_port_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
