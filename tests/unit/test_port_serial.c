/* SPDX-License-Identifier: Apache-2.0 */
/* Serial ports over ptys, sockets and RFC 2217, against the board's side of the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/echo_board.h"
#include "port/clock.h"
#include "port/serial.h"

enum { WAIT_MS = 60000, TRIES = 10 };

static struct echo_board *start(enum bm_endpoint_kind kind)
{
    struct bm_diag diag = {0};
    struct echo_board *b = echo_board_start(kind, NULL, NULL, 0, &diag);
    if (b == NULL) {
        fail_msg("no board: %s", diag.text);
    }
    return b;
}

static struct bm_serial dial(const struct echo_board *b, uint32_t baud)
{
    struct bm_serial s;
    struct bm_diag diag = {0};
    if (bm_port_serial_open(&s, echo_board_name(b), baud, &diag) != BM_OK) {
        fail_msg("%s: %s", echo_board_name(b), diag.text);
    }
    return s;
}

/* Reads until `end` came last, and returns all of it as text (static). */
static const char *until(const struct bm_serial *s, const char *end)
{
    static char text[4096];
    size_t n = 0;
    const uint64_t stop = s->ops->now_ms(s->ctx) + WAIT_MS;
    text[0] = '\0';
    while (s->ops->now_ms(s->ctx) < stop && n + 1 < sizeof text) {
        const int rc = s->ops->read(s->ctx, text + n, sizeof text - 1 - n, 50);
        assert_true(rc >= 0);
        n += (size_t)rc;
        text[n] = '\0';
        const size_t len = strlen(end);
        if (n >= len && strcmp(text + n - len, end) == 0) {
            return text;
        }
    }
    fail_msg("\"%s\" did not come, but \"%s\"", end, text);
    return text;
}

static void echo(const struct bm_serial *s, const char *text)
{
    assert_int_equal(s->ops->write(s->ctx, text, strlen(text), WAIT_MS), BM_OK);
    (void)until(s, text);
}

/* A lot of bytes of all values there and back. */
static void volume(enum bm_endpoint_kind kind)
{
    enum { LEN = 300000 };
    struct bm_diag diag = {0};
    struct echo_board *b = echo_board_start(kind, NULL, NULL, 1, &diag);
    assert_non_null(b);
    struct bm_serial s = dial(b, 0);
    unsigned char *out = malloc(LEN);
    unsigned char *in = malloc(LEN);
    assert_true(out != NULL && in != NULL);
    for (size_t i = 0; i < LEN; i++) {
        out[i] = i % 3 == 0 ? 0xff : (unsigned char)(i * 7 + i / 251);
    }
    size_t got = 0;
    for (size_t sent = 0; sent < LEN;) {
        const size_t n = LEN - sent < 3000 ? LEN - sent : 3000;
        assert_int_equal(s.ops->write(s.ctx, out + sent, n, WAIT_MS), BM_OK);
        sent += n;
        while (got < sent) {
            const int rc = s.ops->read(s.ctx, in + got, LEN - got, WAIT_MS);
            assert_true(rc > 0);
            got += (size_t)rc;
        }
    }
    assert_memory_equal(in, out, LEN);
    free(in);
    free(out);
    bm_port_serial_close(&s);
    echo_board_stop(b);
}

static void volumes(void **state)
{
    (void)state;
    volume(BM_ENDPOINT_PTY);
    volume(BM_ENDPOINT_TCP);
    volume(BM_ENDPOINT_RFC2217);
}

static void pty_speed(void **state)
{
    static const uint32_t speeds[] = {9600, 460800, 921600, 2000000, 250000, 74880};
    (void)state;
    struct echo_board *b = start(BM_ENDPOINT_PTY);
    struct bm_serial s = dial(b, 230400);
    assert_int_equal(s.kind, BM_SERIAL_UART);
    assert_null(s.ops->set_lines);
    (void)until(&s, "[230400]");
    for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++) {
        char text[16];
        assert_int_equal(s.ops->set_baud(s.ctx, speeds[i]), BM_OK);
        snprintf(text, sizeof text, "[%lu]", (unsigned long)speeds[i]);
        (void)until(&s, text);
    }
    assert_int_equal(s.ops->set_baud(s.ctx, 0), BM_E_ARG);
    echo(&s, "still there");
    bm_port_serial_close(&s);
    echo_board_stop(b);
}

/* Clients come and go; each finds a clean line. */
static void returns(void **state)
{
    static const enum bm_endpoint_kind kinds[] = {BM_ENDPOINT_PTY, BM_ENDPOINT_TCP,
                                                  BM_ENDPOINT_RFC2217};
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        struct echo_board *b = start(kinds[k]);
        for (int i = 0; i < 5; i++) {
            struct bm_serial s = dial(b, 115200);
            echo(&s, "hello");
            assert_int_equal(s.ops->write(s.ctx, "unread", 6, WAIT_MS), BM_OK);
            bm_port_serial_close(&s);
            bm_port_serial_close(&s);         /* twice is no harm */
            assert_true(echo_board_alone(b)); /* to others it says that it is in use */
        }
        echo_board_stop(b);
    }
}

static void rfc2217_lines(void **state)
{
    (void)state;
    struct echo_board *b = start(BM_ENDPOINT_RFC2217);
    struct bm_serial s = dial(b, 57600);
    assert_int_equal(s.kind, BM_SERIAL_UART);
    echo(&s, "x");
    assert_int_equal(s.ops->set_lines(s.ctx, 0, 1), BM_OK); /* in reset */
    (void)until(&s, "<01>");
    assert_int_equal(s.ops->set_lines(s.ctx, 1, 0), BM_OK); /* out of it with GPIO0 low */
    assert_string_equal(until(&s, "<10>"), "<10>");         /* with nothing between */
    assert_int_equal(s.ops->set_lines(s.ctx, 1, 0), BM_OK);
    assert_int_equal(s.ops->set_lines(s.ctx, 0, 0), BM_OK);
    assert_string_equal(until(&s, "<00>"), "<00>");
    assert_int_equal(s.ops->set_lines(s.ctx, 1, 1), BM_OK);
    assert_int_equal(s.ops->set_baud(s.ctx, 2000000), BM_OK);
    assert_non_null(strstr(until(&s, "[2000000]"), "<11>"));
    bm_port_serial_close(&s);
    s = dial(b, 57600); /* its predecessor let go of the lines */
    assert_int_equal(s.ops->set_lines(s.ctx, 0, 1), BM_OK);
    (void)until(&s, "<01>");
    bm_port_serial_close(&s);
    echo_board_stop(b);
}

/* Sets line after line with pauses. Returns how the board saw them (static). */
static const char *slow_lines(void)
{
    static const unsigned char telnet[] = {255, 251, 44};
    static const unsigned char dtr_on[] = {255, 250, 44, 5, 8, 255, 240};
    static const unsigned char rts_on[] = {255, 250, 44, 5, 11, 255, 240};
    static const unsigned char rts_off[] = {255, 250, 44, 5, 12, 255, 240};
    char name[64];
    struct bm_serial s;
    char all[4096];
    size_t n = 0;
    struct echo_board *b = start(BM_ENDPOINT_RFC2217);
    snprintf(name, sizeof name, "socket%s", strstr(echo_board_name(b), "://"));
    assert_int_equal(bm_port_serial_open(&s, name, 0, NULL), BM_OK);
    assert_int_equal(s.ops->write(s.ctx, telnet, sizeof telnet, WAIT_MS), BM_OK);
    assert_int_equal(s.ops->write(s.ctx, rts_on, sizeof rts_on, WAIT_MS), BM_OK);
    bm_port_sleep_us(50000);
    assert_int_equal(s.ops->write(s.ctx, dtr_on, sizeof dtr_on, WAIT_MS), BM_OK);
    bm_port_sleep_us(100000);
    assert_int_equal(s.ops->write(s.ctx, rts_off, sizeof rts_off, WAIT_MS), BM_OK);
    assert_int_equal(s.ops->write(s.ctx, rts_on, sizeof rts_on, WAIT_MS), BM_OK);
    bm_port_sleep_us(350000);
    assert_int_equal(s.ops->write(s.ctx, "end", 3, WAIT_MS), BM_OK);
    while (n < 3 || memcmp(all + n - 3, "end", 3) != 0) {
        const int rc = s.ops->read(s.ctx, all + n, sizeof all - n, WAIT_MS);
        assert_true(rc > 0);
        n += (size_t)rc;
    }
    static char lines[64];
    size_t len = 0;
    memset(lines, 0, sizeof lines);
    for (size_t i = 0; i + 4 <= n; i++) { /* without what Telnet says between */
        if (all[i] == '<' && all[i + 3] == '>' && len < 40) {
            memcpy(lines + len, all + i, 4);
            len += 4;
        }
    }
    bm_port_serial_close(&s);
    echo_board_stop(b);
    return lines;
}

/* A client that sets one line, waits, and sets the other, comes out of reset with GPIO0 low; but
 * both lines for good let the chip run. On a busy machine a pause can be as long as "for good". */
static void rfc2217_slow_lines(void **state)
{
    const char *lines = "";
    (void)state;
    for (int i = 0; i < TRIES && strcmp(lines, "<01><10><11>") != 0; i++) {
        lines = slow_lines();
    }
    assert_string_equal(lines, "<01><10><11>");
}

static void second_client(void **state)
{
    (void)state;
    struct bm_diag diag = {0};
    struct bm_serial second;
    char text[128] = "";
    struct echo_board *b = start(BM_ENDPOINT_TCP);
    struct bm_serial s = dial(b, 0);
    echo(&s, "first");
    assert_int_equal(bm_port_serial_open(&second, echo_board_name(b), 0, &diag), BM_OK);
    assert_true(second.ops->read(second.ctx, text, sizeof text - 1, WAIT_MS) > 0);
    assert_non_null(strstr(text, "in use by another client"));
    assert_int_equal(second.ops->read(second.ctx, text, sizeof text, WAIT_MS), BM_E_IO);
    bm_port_serial_close(&second);
    echo(&s, "undisturbed");
    bm_port_serial_close(&s);
    echo_board_stop(b);

    b = start(BM_ENDPOINT_RFC2217);
    s = dial(b, 0);
    assert_int_equal(bm_port_serial_open(&second, echo_board_name(b), 0, &diag), BM_E_IO);
    assert_non_null(strstr(diag.text, "in use by another client"));
    echo(&s, "undisturbed");
    bm_port_serial_close(&s);
    echo_board_stop(b);
}

/* Reading and writing end when the other side is gone. */
static void lost_peer(void **state)
{
    static const enum bm_endpoint_kind kinds[] = {BM_ENDPOINT_PTY, BM_ENDPOINT_TCP,
                                                  BM_ENDPOINT_RFC2217};
    char in[64];
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        struct echo_board *b = start(kinds[k]);
        struct bm_serial s = dial(b, 0);
        echo(&s, "here");
        echo_board_stop(b);
        int rc = 0;
        for (int i = 0; i < 10 && rc >= 0; i++) {
            rc = s.ops->read(s.ctx, in, sizeof in, 200);
        }
        assert_int_equal(rc, BM_E_IO);
        rc = BM_OK;
        for (int i = 0; i < 10 && rc == BM_OK; i++) {
            rc = s.ops->write(s.ctx, "anybody?", 8, 200);
        }
        assert_int_equal(rc, BM_E_IO);
        if (s.ops->set_lines != NULL) {
            assert_int_equal(s.ops->set_lines(s.ctx, 1, 0), BM_E_IO);
        }
        bm_port_serial_close(&s);
    }
}

/* A peer that takes nothing holds nobody up for longer than asked. */
static void slow_peer(void **state)
{
    static const enum bm_endpoint_kind kinds[] = {BM_ENDPOINT_PTY, BM_ENDPOINT_TCP,
                                                  BM_ENDPOINT_RFC2217};
    static char load[1 << 16];
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        struct echo_board *b = start(kinds[k]);
        struct bm_serial s = dial(b, 0);
        echo(&s, "here");
        echo_board_freeze(b);
        uint64_t took = UINT64_MAX;
        for (int i = 0; i < TRIES && took >= 2000; i++) { /* a busy machine may take longer */
            int rc = BM_OK;
            uint64_t before = 0;
            for (int n = 0; n < 1000 && rc == BM_OK; n++) {
                before = s.ops->now_ms(s.ctx);
                rc = s.ops->write(s.ctx, load, sizeof load, 100);
            }
            assert_int_equal(rc, BM_E_TIMEOUT);
            assert_int_equal(s.ops->read(s.ctx, load, sizeof load, 100), 0);
            took = s.ops->now_ms(s.ctx) - before;
            assert_true(took >= 190);
        }
        assert_true(took < 2000);
        bm_port_serial_close(&s);
        echo_board_stop(b);
    }
}

/* The other direction: the board talks on, and the client reads late; nothing is lost. */
static void late_reader(void **state)
{
    enum { LEN = 400000 };
    static const enum bm_endpoint_kind kinds[] = {BM_ENDPOINT_PTY, BM_ENDPOINT_TCP,
                                                  BM_ENDPOINT_RFC2217};
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        struct bm_diag diag = {0};
        struct echo_board *b = echo_board_start(kinds[k], NULL, NULL, 1, &diag);
        assert_non_null(b);
        struct bm_serial s = dial(b, 0);
        static unsigned char out[LEN];
        static unsigned char in[LEN];
        for (size_t i = 0; i < LEN; i++) {
            out[i] = (unsigned char)(i ^ i >> 8);
        }
        assert_int_equal(s.ops->write(s.ctx, out, LEN, WAIT_MS), BM_OK);
        bm_port_sleep_us(100000);
        for (size_t got = 0; got < LEN;) {
            const int rc = s.ops->read(s.ctx, in + got, LEN - got, WAIT_MS);
            assert_true(rc > 0);
            got += (size_t)rc;
        }
        assert_memory_equal(in, out, LEN);
        bm_port_serial_close(&s);
        echo_board_stop(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(volumes),
        cmocka_unit_test(pty_speed),
        cmocka_unit_test(returns),
        cmocka_unit_test(rfc2217_lines),
        cmocka_unit_test(rfc2217_slow_lines),
        cmocka_unit_test(second_client),
        cmocka_unit_test(lost_peer),
        cmocka_unit_test(slow_peer),
        cmocka_unit_test(late_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
