/* SPDX-License-Identifier: Apache-2.0 */

/* How much of the line is used: a board in realtime, on its virtual clock. What the wire allows is
 * the payload alone, 10 bits a byte, and nothing else on the line; the rest is our overhead, the
 * replies, and the time that the board itself needs for erasing and programming, which no flasher
 * can save. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "birthmark/err.h"
#include "harness/random.h"
#include "harness/virtual.h"
#include "link/link.h"
#include "link/stub.h"

enum { MB = 1 << 20, LEN = MB };

static const char stub_json[] =
    "{\"entry\": 1077413380, \"text\": \"AAECAwQFBgc=\", \"text_start\": 1077413376}";

static uint8_t *make(int text)
{
    uint64_t seed = 3;
    uint8_t *p = malloc(LEN);
    assert_non_null(p);
    for (size_t i = 0; i < LEN; i++) { /* text: about half of its entropy, as code has */
        p[i] = (uint8_t)(text ? test_random(&seed, 13) + (i / 64) % 7 : test_random(&seed, 256));
    }
    return p;
}

struct figures {
    double seconds, wire_seconds;
    uint64_t sent, received;
};

/* What the virtual board itself needs (src/sim/nor.c): erasing by 64 KB, programming by pages, one
 * MD5 of it all. */
static double own_seconds(void)
{
    const double blocks = (double)LEN / 65536;
    return blocks * 0.150 + blocks * 256 * 0.0004 + (double)LEN * 0.5e-6;
}

static struct figures measure(uint32_t baud, const uint8_t *data, unsigned flags,
                              const struct bm_link_stub *stub)
{
    struct virtual_board b;
    struct bm_link *link = NULL;
    struct bm_diag diag = {0};
    virtual_init(&b, "esp32c3", 4 * MB);
    b.config.realtime = 1;
    virtual_open(&b);
    const struct bm_link_config config = {.serial = &b.serial, .baud = baud, .stub = stub};
    if (bm_link_open(&link, &config, &diag) != BM_OK) {
        fail_msg("%s", diag.text);
    }
    const uint64_t began = b.now_us;
    const uint64_t sent = b.sent;
    const uint64_t received = b.received;
    if (bm_link_write(link, 0x10000, data, LEN, flags, &diag) != BM_OK) {
        fail_msg("%s", diag.text);
    }
    struct figures f = {.sent = b.sent - sent, .received = b.received - received};
    f.seconds = (double)(b.now_us - began) / 1e6;
    f.wire_seconds = (double)(f.sent + f.received) * 10 / baud;
    assert_memory_equal(b.mem + 0x10000, data, LEN);
    bm_link_close(link, BM_AFTER_NONE);
    virtual_close(&b);
    return f;
}

static void test_speed(void **state)
{
    (void)state;
    static const uint32_t speeds[] = {115200, 230400, 460800, 921600, 2000000};
    uint8_t *noise = make(0);
    uint8_t *code = make(1);
    struct bm_link_stub *stub = NULL;
    assert_int_equal(bm_link_stub_load(&stub, stub_json, sizeof stub_json - 1, NULL), BM_OK);
    for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++) {
        const double ideal = (double)LEN * 10 / speeds[i];
        const struct figures f = measure(speeds[i], noise, BM_WRITE_PLAIN, NULL);
        const struct figures z = measure(speeds[i], code, 0, NULL);
        const struct figures s = measure(speeds[i], noise, 0, stub);
        printf("%7u baud: ROM %5.1f s, %4.1f %% of it the wire's, %4.1f %% with the board's own; "
               "payload %4.1f %% of the bytes; "
               "compressible %5.1f s (%3.0f %%); stub %5.1f s (%4.1f %%)\n",
               speeds[i], f.seconds, 100 * f.wire_seconds / f.seconds,
               100 * (f.wire_seconds + own_seconds()) / f.seconds,
               100.0 * LEN / (double)(f.sent + f.received), z.seconds, 100 * ideal / z.seconds,
               s.seconds, 100 * ideal / s.seconds);
        assert_true((f.wire_seconds + own_seconds()) / f.seconds > 0.95);
        assert_true((double)LEN / (double)(f.sent + f.received) > 0.95);
    }
    bm_link_stub_free(stub);
    free(noise);
    free(code);
}

/* A board whose answers to some blocks come seconds late. */
static struct {
    uint64_t hold_until;
    struct bm_serial_ops plain;
    unsigned late;        /* so many blocks more */
    uint64_t since, sent; /* when that was over, and what had been sent by then */
} slow;

enum { LATE = 6, LATE_US = 4000000, A_BLOCK = 1000 };

static int slow_write(void *ctx, const void *data, size_t len, unsigned timeout_ms)
{
    const struct virtual_board *b = ctx;
    if (len > A_BLOCK && slow.late > 0) {
        slow.late--;
        slow.hold_until = b->now_us + LATE_US;
    } else if (len > A_BLOCK && slow.since == 0) {
        slow.since = b->now_us;
        slow.sent = b->sent;
    }
    return slow.plain.write(ctx, data, len, timeout_ms);
}

static int slow_read(void *ctx, void *buf, size_t cap, unsigned timeout_ms)
{
    struct virtual_board *b = ctx;
    const uint64_t end = b->now_us + timeout_ms * UINT64_C(1000);
    if (b->now_us < slow.hold_until) {
        b->now_us = end < slow.hold_until ? end : slow.hold_until;
        timeout_ms = (unsigned)((end - b->now_us) / 1000);
    }
    return b->now_us < slow.hold_until ? 0 : slow.plain.read(ctx, buf, cap, timeout_ms);
}

/* Bytes a second on the line, from then on. */
static double rate_after(unsigned late, const uint8_t *data)
{
    struct virtual_board b;
    struct bm_link *link = NULL;
    struct bm_diag diag = {0};
    virtual_init(&b, "esp32", 4 * MB);
    b.config.realtime = 1;
    virtual_open(&b);
    memset(&slow, 0, sizeof slow);
    slow.plain = *b.serial.ops;
    struct bm_serial_ops ops = slow.plain;
    ops.read = slow_read;
    ops.write = slow_write;
    b.serial.ops = &ops;
    const struct bm_link_config config = {.serial = &b.serial, .baud = 460800};
    assert_int_equal(bm_link_open(&link, &config, &diag), BM_OK);
    slow.late = late;
    if (bm_link_write(link, 0x10000, data, LEN, BM_WRITE_PLAIN, &diag) != BM_OK) {
        fail_msg("%s", diag.text);
    }
    const double seconds = (double)(b.now_us - slow.since) / 1e6;
    const double bytes = (double)(b.sent - slow.sent);
    bm_link_close(link, BM_AFTER_NONE);
    virtual_close(&b);
    return bytes / seconds;
}

/* Once they come in time again, the work is as fast as ever. */
static void test_recovers(void **state)
{
    (void)state;
    uint8_t *noise = make(0);
    const double usual = rate_after(0, noise);
    const double after = rate_after(LATE, noise);
    printf("usual %.0f bytes a second, after late answers %.0f\n", usual, after);
    assert_true(after > usual * 0.8);
    free(noise);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_speed),
                                       cmocka_unit_test(test_recovers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
