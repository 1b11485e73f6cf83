/* SPDX-License-Identifier: Apache-2.0 */

/* SLIP: frames through noise, and how little is lost when bytes are. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/random.h"
#include "proto/slip.h"

enum { FRAMES = 8, LONGEST = 40, STREAM = 4096 };

/* What came out of a decoder. */
struct heard {
    struct {
        uint8_t data[LONGEST];
        size_t len;
    } frames[64];
    size_t count;
    uint8_t outside[STREAM];
    size_t outside_len;
    unsigned bad;
};

static void hear(struct heard *heard, struct bm_slip *slip, const uint8_t *bytes, size_t len)
{
    memset(heard, 0, sizeof *heard);
    for (size_t i = 0; i < len; i++) {
        switch (bm_slip_push(slip, bytes[i])) {
        case BM_SLIP_FRAME:
            assert_true(heard->count < sizeof heard->frames / sizeof heard->frames[0]);
            assert_in_range(slip->len, 1, LONGEST);
            memcpy(heard->frames[heard->count].data, slip->buf, slip->len);
            heard->frames[heard->count++].len = slip->len;
            break;
        case BM_SLIP_OUTSIDE: heard->outside[heard->outside_len++] = bytes[i]; break;
        case BM_SLIP_BAD: heard->bad++; break;
        default: break;
        }
    }
}

/* What these bytes come to, for a decoder with room for so many. */
static void hear_text(struct heard *heard, size_t cap, int lax, const char *bytes, size_t len)
{
    struct bm_slip slip;
    uint8_t buf[LONGEST];
    assert_true(cap <= sizeof buf);
    bm_slip_init(&slip, buf, cap);
    slip.lax = (uint8_t)lax;
    hear(heard, &slip, (const uint8_t *)bytes, len);
}

static void assert_frame(const struct heard *heard, size_t i, const char *data, size_t len)
{
    assert_true(i < heard->count);
    assert_int_equal(heard->frames[i].len, len);
    assert_memory_equal(heard->frames[i].data, data, len);
}

#define HEAR(cap, lax, bytes) hear_text(&heard, cap, lax, bytes, sizeof(bytes) - 1)
#define FRAME(i, bytes)       assert_frame(&heard, i, bytes, sizeof(bytes) - 1)

static void test_frames(void **state)
{
    static struct heard heard;
    (void)state;
    HEAR(8, 0, "\xc0hello\xc0");
    assert_int_equal(heard.count, 1);
    FRAME(0, "hello");
    HEAR(8, 0, "\xc0\xdb\xdc\xdb\xdd\xc0\xc0z\xc0");
    assert_int_equal(heard.count, 2);
    FRAME(0, "\xc0\xdb");
    FRAME(1, "z");
    HEAR(8, 0, "log\xc0\xc0\xc0z\xc0tail"); /* several in a row are one beginning */
    assert_int_equal(heard.count, 1);
    FRAME(0, "z");
    assert_int_equal(heard.outside_len, 7);
    assert_memory_equal(heard.outside, "logtail", 7);
    HEAR(8, 0, "\xc0 cut");
    assert_int_equal(heard.count + heard.outside_len + heard.bad, 0);
}

static void test_bad(void **state)
{
    static struct heard heard;
    (void)state;
    HEAR(4, 0,
         "\xc0"
         "1234\xc0\xc0"
         "12345678\xc0\xc0"
         "ab\xc0"); /* full, and too long */
    assert_int_equal(heard.count, 2);
    assert_int_equal(heard.bad, 1);
    FRAME(0, "1234");
    FRAME(1, "ab");
    HEAR(8, 0, "\xc0q\xdbq\xc0\xc0ok\xc0"); /* a wrong escape */
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.bad, 1);
    FRAME(0, "ok");
    HEAR(8, 0, "\xc0q\xdb\xc0ok\xc0"); /* and the end of its frame went missing */
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.bad, 1);
    FRAME(0, "ok");
    HEAR(8, 0, "\xc0q\xdbq\xc0log");
    assert_int_equal(heard.bad, 1);
    assert_int_equal(heard.count, 0);
}

/* The ROM answered to 00 0a db 41 as to READ_REG; and c0 ff 01 c0, bytes, c0 leaves it in a
 * beginning, so that the next frame comes through. */
static void test_lax(void **state)
{
    static struct heard heard;
    (void)state;
    HEAR(8, 1, "\xc0\x01\x0a\xdb\x41\xc0");
    assert_int_equal(heard.count, 1);
    FRAME(0, "\x01\x0a\x41");
    HEAR(8, 1, "\xc0\x01\xdb\xc0");
    FRAME(0, "\x01");
    HEAR(8, 1, "\xc0\xdb\xc0z\xc0");
    assert_int_equal(heard.count, 1);
    FRAME(0, "z");
    HEAR(8, 1, "hello\xc0\xff\x01\xc0lost\xc0\xc0z\xc0");
    assert_int_equal(heard.count, 2);
    FRAME(0, "\xff\x01");
    FRAME(1, "z");
}

static void test_encode(void **state)
{
    (void)state;
    static const uint8_t data[4] = {0xc0, 'a', 0xdb, 0};
    uint8_t out[16];
    assert_int_equal(bm_slip_encode(out, sizeof out, data, sizeof data), 8);
    assert_memory_equal(out, "\xc0\xdb\xdc\x61\xdb\xdd\x00\xc0", 8);
    assert_int_equal(bm_slip_encode(out, 8, data, sizeof data), 8);
    for (size_t cap = 0; cap < 8; cap++) { /* not a byte beyond */
        memset(out, 0x5a, sizeof out);
        assert_int_equal(bm_slip_encode(out, cap, data, sizeof data), 0);
        assert_int_equal(out[cap], 0x5a);
    }
    assert_int_equal(bm_slip_encode(out, 3, data, 1), 0); /* an escape, but not the end */
    assert_int_equal(bm_slip_encode(out, 4, data, 1), 4);
    assert_int_equal(bm_slip_encode(out, 2, NULL, 0), 2);
    assert_memory_equal(out, "\xc0\xc0", 2);
}

/* Frames of random bytes, many of them special, in a stream. */
struct stream {
    uint8_t frames[FRAMES][LONGEST];
    size_t lens[FRAMES];
    uint8_t bytes[STREAM];
    size_t len;
    uint8_t noise[STREAM];
    size_t noise_len;
};

static void fill(struct stream *s, uint64_t *seed, unsigned noise)
{
    static const uint8_t special[] = {0xc0, 0xdb, 0xdc, 0xdd};
    s->len = s->noise_len = 0;
    for (unsigned f = 0; f < FRAMES; f++) {
        for (unsigned n = noise != 0 ? test_random(seed, noise) : 0; n > 0; n--) {
            const uint8_t byte = (uint8_t)test_random(seed, 0xc0);
            s->noise[s->noise_len++] = s->bytes[s->len++] = byte;
        }
        s->lens[f] = 1 + test_random(seed, LONGEST);
        for (size_t i = 0; i < s->lens[f]; i++) {
            s->frames[f][i] = test_random(seed, 3) == 0 ? special[test_random(seed, 4)]
                                                        : (uint8_t)test_random(seed, 256);
        }
        s->len += bm_slip_encode(s->bytes + s->len, STREAM - s->len, s->frames[f], s->lens[f]);
    }
}

static int same(const struct stream *s, unsigned f, const struct heard *heard, size_t i)
{
    return s->lens[f] == heard->frames[i].len &&
           memcmp(s->frames[f], heard->frames[i].data, s->lens[f]) == 0;
}

static void test_noise(void **state)
{
    static struct stream s;
    static struct heard heard;
    (void)state;
    uint64_t seed = test_seed(20);
    printf("BM_SEED=%llu\n", (unsigned long long)seed);
    for (unsigned round = 0; round < 2000; round++) {
        struct bm_slip slip;
        uint8_t buf[LONGEST];
        fill(&s, &seed, 20);
        bm_slip_init(&slip, buf, sizeof buf);
        hear(&heard, &slip, s.bytes, s.len);
        assert_int_equal(heard.count, FRAMES);
        for (unsigned f = 0; f < FRAMES; f++) {
            assert_true(same(&s, f, &heard, f));
        }
        assert_int_equal(heard.bad, 0);
        assert_int_equal(heard.outside_len, s.noise_len);
        assert_memory_equal(heard.outside, s.noise, s.noise_len);
    }
}

/* Where a stream stops, the frames before are heard, and the rest is not. */
static void test_truncation(void **state)
{
    static struct stream s;
    static struct heard heard;
    (void)state;
    uint64_t seed = 7;
    fill(&s, &seed, 5);
    for (size_t len = 0; len <= s.len; len++) {
        struct bm_slip slip;
        uint8_t buf[LONGEST];
        bm_slip_init(&slip, buf, sizeof buf);
        hear(&heard, &slip, s.bytes, len);
        for (size_t f = 0; f < heard.count; f++) {
            assert_true(same(&s, (unsigned)f, &heard, f));
        }
        assert_true(len == s.len ? heard.count == FRAMES : heard.count < FRAMES);
    }
}

/* One byte changed, lost or put in costs at most two frames: its own, and the next one where the
 * end of the first is no end any more. */
static void damage(struct stream *s, uint64_t *seed)
{
    const size_t at = test_random(seed, (uint32_t)s->len);
    const uint8_t byte = test_random(seed, 2) == 0
                             ? (uint8_t)test_random(seed, 256)
                             : (uint8_t)(test_random(seed, 2) == 0 ? 0xc0 : 0xdb);
    switch (test_random(seed, 3)) {
    case 0: s->bytes[at] = byte; break;
    case 1: memmove(s->bytes + at, s->bytes + at + 1, --s->len - at); break;
    default:
        memmove(s->bytes + at + 1, s->bytes + at, s->len++ - at);
        s->bytes[at] = byte;
        break;
    }
}

static void test_damage(void **state)
{
    static struct stream s;
    static struct heard heard;
    (void)state;
    uint64_t seed = test_seed(21);
    printf("BM_SEED=%llu\n", (unsigned long long)seed);
    unsigned lost = 0;
    for (unsigned round = 0; round < 20000; round++) {
        struct bm_slip slip;
        uint8_t buf[LONGEST];
        unsigned good = 0;
        fill(&s, &seed, 0);
        damage(&s, &seed);
        bm_slip_init(&slip, buf, sizeof buf);
        hear(&heard, &slip, s.bytes, s.len);
        for (size_t i = 0; i < heard.count; i++) {
            for (unsigned f = 0; f < FRAMES; f++) {
                good += same(&s, f, &heard, i) ? 1 : 0;
            }
        }
        assert_true(good >= FRAMES - 2);
        assert_true(heard.count <= FRAMES + 1);
        lost += FRAMES - good;
    }
    assert_in_range(lost, 15000, 25000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames), cmocka_unit_test(test_bad),
        cmocka_unit_test(test_lax),    cmocka_unit_test(test_encode),
        cmocka_unit_test(test_noise),  cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
