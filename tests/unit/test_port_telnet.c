/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "port/telnet.h"

/* Takes a stream apart into one letter per event; data goes to out. */
static const char *events(struct bm_telnet *t, const char *bytes, size_t len, char *out)
{
    static char letters[64];
    size_t n = 0;
    size_t data = 0;
    for (size_t i = 0; i < len; i++) {
        switch (bm_telnet_take(t, (uint8_t)bytes[i])) {
        case BM_TELNET_DATA: out[data++] = bytes[i]; break;
        case BM_TELNET_REQUEST: letters[n++] = 'r'; break;
        case BM_TELNET_SUBNEGOTIATION: letters[n++] = 's'; break;
        case BM_TELNET_NOTHING:
        default: break;
        }
    }
    letters[n] = '\0';
    out[data] = '\0';
    return letters;
}

#define EVENTS(t, bytes, out) events(t, bytes, sizeof(bytes) - 1, out)

static void streams(void **state)
{
    struct bm_telnet t = {0};
    char out[64];
    (void)state;
    assert_string_equal(EVENTS(&t, "plain", out), "");
    assert_string_equal(out, "plain");
    assert_string_equal(EVENTS(&t,
                               "a\xff\xff"
                               "b",
                               out),
                        "");
    assert_string_equal(out, "a\xff"
                             "b");
    assert_string_equal(EVENTS(&t,
                               "a\xff\xf1"
                               "b\xff\xf9"
                               "c",
                               out),
                        ""); /* NOP, GA */
    assert_string_equal(out, "abc");
    assert_string_equal(EVENTS(&t,
                               "a\xff\xfb\x2c"
                               "b",
                               out),
                        "r");
    assert_int_equal(t.verb, BM_TELNET_WILL);
    assert_string_equal(out, "ab");
    assert_string_equal(EVENTS(&t,
                               "a\xff\xfa\x2c\x01\xff\xff\xff\xf0"
                               "b",
                               out),
                        "s");
    assert_int_equal(t.sub_len, 3);
    assert_int_equal(t.sub[2], 0xff);
    assert_string_equal(out, "ab");
    /* empty; begun and never ended */
    assert_string_equal(EVENTS(&t,
                               "\xff\xfa\xff\xf0"
                               "x",
                               out),
                        "");
    assert_string_equal(out, "x");
    assert_string_equal(EVENTS(&t,
                               "\xff\xfa\x2c\xff\xfd\x2c"
                               "x",
                               out),
                        "r");
    assert_string_equal(out, "x");
}

/* What is too long is passed over as a whole, and nothing behind it is lost. */
static void long_subnegotiation(void **state)
{
    struct bm_telnet t = {0};
    (void)state;
    for (unsigned len = BM_TELNET_SUB_MAX - 1; len < 2 * BM_TELNET_SUB_MAX + 300; len++) {
        unsigned subs = 0;
        (void)bm_telnet_take(&t, BM_TELNET_IAC);
        (void)bm_telnet_take(&t, BM_TELNET_SB);
        for (unsigned i = 0; i < len; i++) {
            assert_int_equal(bm_telnet_take(&t, 'x'), BM_TELNET_NOTHING);
        }
        (void)bm_telnet_take(&t, BM_TELNET_IAC);
        subs += bm_telnet_take(&t, BM_TELNET_SE) == BM_TELNET_SUBNEGOTIATION;
        assert_int_equal(subs, len <= BM_TELNET_SUB_MAX);
        assert_int_equal(bm_telnet_take(&t, 'd'), BM_TELNET_DATA);
    }
}

static const struct bm_telnet_row client_rows[BM_TELNET_OPTIONS] = {{BM_TELNET_BINARY, 1, 1},
                                                                    {BM_TELNET_SGA, 1, 1},
                                                                    {BM_TELNET_COM_PORT, 1, 0},
                                                                    {BM_TELNET_ECHO, 0, 1}};
static const struct bm_telnet_row server_rows[BM_TELNET_OPTIONS] = {{BM_TELNET_BINARY, 1, 1},
                                                                    {BM_TELNET_SGA, 1, 1},
                                                                    {BM_TELNET_COM_PORT, 1, 1},
                                                                    {BM_TELNET_ECHO, 1, 0}};
static const struct bm_telnet_row no_rows[BM_TELNET_OPTIONS] = {{BM_TELNET_BINARY, 1, 0},
                                                                {BM_TELNET_SGA, 0, 0},
                                                                {BM_TELNET_COM_PORT, 0, 0},
                                                                {BM_TELNET_ECHO, 0, 0}};

/* What one side says, to the other; its answers come back in out. */
static size_t hear(struct bm_telnet_terms *terms, const uint8_t *in, size_t len, uint8_t *out)
{
    struct bm_telnet t = {0};
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (bm_telnet_take(&t, in[i]) == BM_TELNET_REQUEST) {
            n += bm_telnet_answer(terms, t.verb, in[i], out + n);
        }
    }
    return n;
}

/* Two sides agree and fall silent. */
static void agree(const struct bm_telnet_row *x, const struct bm_telnet_row *y, int both_ask,
                  enum bm_telnet_agreed com_port)
{
    struct bm_telnet_terms a = {.rows = x};
    struct bm_telnet_terms b = {.rows = y};
    uint8_t to_b[256];
    uint8_t to_a[256];
    uint8_t next[256];
    size_t n = bm_telnet_ask(&a, to_b);
    size_t m = both_ask ? bm_telnet_ask(&b, to_a) : 0;
    for (int round = 0; round < 4; round++) {
        const size_t k = hear(&b, to_b, n, next);
        n = hear(&a, to_a, m, to_b);
        memcpy(to_a, next, k);
        m = k;
    }
    assert_int_equal(n + m, 0);
    assert_int_equal(a.we[2], com_port);
}

static void agreements(void **state)
{
    (void)state;
    for (int both = 0; both < 2; both++) {
        agree(client_rows, server_rows, both, BM_TELNET_ON);
        agree(client_rows, client_rows, both, BM_TELNET_REFUSED);
        agree(client_rows, no_rows, both, BM_TELNET_REFUSED);
    }
}

static void changes(void **state)
{
    struct bm_telnet_terms a = {.rows = server_rows};
    uint8_t out[32];
    (void)state;
    assert_int_equal(bm_telnet_answer(&a, BM_TELNET_WILL, 44, out), 3);
    assert_int_equal(out[1], BM_TELNET_DO);
    assert_int_equal(bm_telnet_answer(&a, BM_TELNET_WILL, 44, out), 0);
    assert_int_equal(bm_telnet_answer(&a, BM_TELNET_WONT, 44, out), 3);
    assert_int_equal(out[1], BM_TELNET_DONT);
    assert_int_equal(bm_telnet_answer(&a, BM_TELNET_WONT, 44, out), 0);
    assert_int_equal(bm_telnet_answer(&a, BM_TELNET_DO, 99, out), 3);
    assert_int_equal(out[1], BM_TELNET_WONT);
    assert_int_equal(bm_telnet_answer(&a, BM_TELNET_DONT, 99, out), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams),
        cmocka_unit_test(long_subnegotiation),
        cmocka_unit_test(agreements),
        cmocka_unit_test(changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
