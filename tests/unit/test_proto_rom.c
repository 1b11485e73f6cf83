/* SPDX-License-Identifier: Apache-2.0 */

/* Messages of the ROM loader, held to what esptool and mask ROMs said to each other. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/le.h"
#include "birthmark/err.h"
#include "harness/trace.h"
#include "proto/rom.h"
#include "proto/slip.h"

enum { BIG = 70000 };

static int is_probe(const struct test_trace *trace)
{
    return strstr(trace->name, "probe") != NULL;
}

/* A frame parses, and the same comes out of the formatters. Those of a probe that are no messages
 * are left to the caller: 0. */
static int check_frame(const struct test_trace *trace, const struct test_trace_line *line)
{
    static uint8_t out[BIG];
    struct bm_rom_message m;
    if (bm_rom_parse(&m, line->data, line->len) != BM_OK || m.len != m.data_len) {
        assert_true(is_probe(trace));
        return 0;
    }
    assert_int_equal(bm_rom_format(out, sizeof out, m.direction, m.op, m.value, m.data, m.data_len),
                     line->len);
    assert_memory_equal(out, line->data, line->len);
    if (line->side == '<') {
        assert_int_equal(m.direction, 1);
    }
    return 1;
}

/* Once more by the formatters for requests, which make headers and checksums themselves. */
static void check_request(const struct test_trace *trace, const struct test_trace_line *line)
{
    static uint8_t out[BIG];
    struct bm_rom_message m;
    uint32_t words[8];
    assert_int_equal(bm_rom_parse(&m, line->data, line->len), BM_OK);
    size_t len = 0;
    if (m.op == BM_ROM_FLASH_DATA || m.op == BM_ROM_FLASH_DEFL_DATA) {
        len = bm_rom_format_data(out, sizeof out, m.op, bm_get_le32(m.data + 4),
                                 m.data + BM_ROM_DATA_HEADER, m.data_len - BM_ROM_DATA_HEADER);
    } else if (m.op == BM_ROM_SYNC) {
        len = bm_rom_format(out, sizeof out, 0, m.op, 0, bm_rom_sync, sizeof bm_rom_sync);
    } else {
        for (size_t i = 0; i < m.data_len / 4; i++) {
            words[i] = bm_get_le32(m.data + 4 * i);
        }
        len = bm_rom_format_words(out, sizeof out, m.op, words, m.data_len / 4);
    }
    assert_int_equal(len, line->len);
    assert_memory_equal(out, line->data, len);
    if (m.op == BM_ROM_FLASH_BEGIN || m.op == BM_ROM_FLASH_DEFL_BEGIN) {
        assert_int_equal(m.data_len, 4 * trace->chip->begin_words);
    }
    assert_non_null(bm_rom_op_name(m.op));
}

/* Reply's data by op, the status included. */
static size_t reply_len(const struct bm_chip *chip, uint8_t op)
{
    switch (op) {
    case BM_ROM_SPI_FLASH_MD5: return 32 + BM_ROM_STATUS;
    case BM_ROM_READ_FLASH_SLOW: return BM_ROM_SLOW_READ + BM_ROM_STATUS;
    case BM_ROM_GET_SECURITY_INFO: return chip->security_info_len + (size_t)BM_ROM_STATUS;
    default: return BM_ROM_STATUS;
    }
}

static void check_reply(const struct test_trace *trace, const struct test_trace_line *line)
{
    struct bm_rom_reply r;
    assert_int_equal(bm_rom_parse_reply(&r, line->data, line->len, BM_ROM_STATUS), BM_OK);
    if (!r.failed) {
        assert_int_equal(r.message.data_len, reply_len(trace->chip, r.message.op));
    } else {
        assert_non_null(bm_rom_error_text(r.error));
    }
    assert_int_equal(r.payload_len + BM_ROM_STATUS, r.message.data_len);
    for (size_t len = 0; len < line->len; len++) { /* no part of it is taken for the whole */
        assert_int_equal(bm_rom_parse_reply(&r, line->data, len, BM_ROM_STATUS), BM_E_PROTO);
    }
}

static void test_traces_through(void **state)
{
    (void)state;
    size_t frames = 0;
    size_t odd = 0;
    for (size_t t = 0; test_traces[t] != NULL; t++) {
        struct test_trace trace;
        test_trace_load(&trace, test_traces[t]);
        for (size_t i = 0; i < trace.count; i++) {
            const struct test_trace_line *line = &trace.lines[i];
            if (line->raw) {
                continue;
            }
            frames++;
            if (!check_frame(&trace, line)) {
                odd++;
            } else if (line->side == '<') {
                check_reply(&trace, line);
            } else if (!is_probe(&trace)) {
                check_request(&trace, line);
            }
        }
        test_trace_free(&trace);
    }
    printf("%zu frames, %zu of them no messages\n", frames, odd);
    assert_true(frames > 2000);
    /* Two of two bytes and of three, a length that is not there, a block cut short by its header;
     * and the SYNC that the ESP32's own console sent back. */
    assert_in_range(odd, 6, 12);
}

/* One side of a whole conversation as bytes of a wire, and back. */
static void check_wire(const struct test_trace *trace, char side)
{
    static uint8_t wire[2 * BIG];
    static uint8_t buf[BIG];
    struct bm_slip slip;
    bm_slip_init(&slip, buf, sizeof buf);
    for (size_t i = test_trace_next(trace, 0, side); i < trace->count;
         i = test_trace_next(trace, i + 1, side)) {
        const struct test_trace_line *line = &trace->lines[i];
        const size_t len = test_trace_wire(line, wire, sizeof wire);
        for (size_t at = 0; at < len; at++) {
            const enum bm_slip_event event = bm_slip_push(&slip, wire[at]);
            if (line->raw) {
                assert_int_equal(event, BM_SLIP_OUTSIDE);
            } else {
                assert_int_equal(event, at + 1 < len ? BM_SLIP_MORE : BM_SLIP_FRAME);
            }
        }
        if (!line->raw) {
            assert_int_equal(slip.len, line->len);
            assert_memory_equal(slip.buf, line->data, line->len);
        }
    }
}

static void test_wire(void **state)
{
    (void)state;
    for (size_t t = 0; test_traces[t] != NULL; t++) {
        struct test_trace trace;
        test_trace_load(&trace, test_traces[t]);
        check_wire(&trace, '>');
        check_wire(&trace, '<');
        test_trace_free(&trace);
    }
}

static void test_parse(void **state)
{
    (void)state;
    struct bm_rom_message m;
    struct bm_rom_reply r;
    const uint8_t reply[] = {1, 0x0a, 6, 0, 0x83, 0x1d, 0xf0, 0, 'p', 'q', 1, 7, 0x65, 0x35};
    for (size_t len = 0; len < BM_ROM_HEADER; len++) {
        assert_int_equal(bm_rom_parse(&m, reply, len), BM_E_PROTO);
    }
    assert_int_equal(bm_rom_parse(&m, reply, BM_ROM_HEADER),
                     BM_OK); /* a length that is not there */
    assert_int_equal(m.len, 6);
    assert_int_equal(m.data_len, 0);
    assert_int_equal(bm_rom_parse_reply(&r, reply, sizeof reply, BM_ROM_STATUS), BM_OK);
    assert_int_equal(r.message.value, 0x00f01d83);
    assert_int_equal(r.payload_len, 2);
    assert_memory_equal(r.payload, "pq", 2);
    assert_int_equal(r.failed, 1);
    assert_int_equal(r.error, BM_ROM_E_CRC);
    assert_int_equal(bm_rom_parse_reply(&r, reply, sizeof reply, BM_ROM_STUB_STATUS), BM_OK);
    assert_int_equal(r.payload_len, 4);
    assert_int_equal(r.failed, 1); /* 0x65: not as its sender meant it, but not a success */
    assert_int_equal(bm_rom_parse_reply(&r, reply, sizeof reply, 7), BM_E_PROTO);
    assert_int_equal(bm_rom_parse_reply(&r, reply, sizeof reply, 0), BM_E_PROTO);
    uint8_t request[sizeof reply];
    memcpy(request, reply, sizeof reply);
    request[0] = 0;
    assert_int_equal(bm_rom_parse_reply(&r, request, sizeof request, BM_ROM_STATUS), BM_E_PROTO);
}

static void test_format(void **state)
{
    (void)state;
    static uint8_t out[BIG];
    static uint8_t block[BIG];
    const uint32_t words[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    for (size_t cap = 0; cap < 8 + 8; cap++) {
        memset(out, 0x5a, 32);
        assert_int_equal(bm_rom_format_words(out, cap, BM_ROM_WRITE_REG, words, 2), 0);
        assert_int_equal(out[cap], 0x5a);
    }
    assert_int_equal(bm_rom_format_words(out, 16, BM_ROM_WRITE_REG, words, 2), 16);
    assert_memory_equal(out, "\x00\x09\x08\x00\x00\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00",
                        16);
    assert_int_equal(bm_rom_format_words(out, sizeof out, BM_ROM_WRITE_REG, words, 9), 0);
    assert_int_equal(bm_rom_format(out, sizeof out, 0, 1, 0, block, 0xffff), 8 + 0xffff);
    assert_int_equal(bm_rom_format(out, sizeof out, 0, 1, 0, block, 0x10000), 0);
    assert_int_equal(bm_rom_format(out, sizeof out, 0, 1, 0, block, SIZE_MAX), 0);
    assert_int_equal(bm_rom_format_data(out, sizeof out, 3, 0, block, 0xffff - 16), 8 + 0xffff);
    assert_int_equal(bm_rom_format_data(out, sizeof out, 3, 0, block, 0xffff - 15), 0);
    assert_int_equal(bm_rom_format_data(out, sizeof out, 3, 0, block, SIZE_MAX), 0);
    assert_int_equal(bm_rom_format_data(out, 23, 3, 0, block, 0), 0);
    assert_int_equal(bm_rom_format_data(out, 24, 3, 0, NULL, 0), 24);
    assert_int_equal(bm_get_le32(out + 4), BM_ROM_CHECKSUM_SEED);
}

static void test_texts(void **state)
{
    (void)state;
    assert_string_equal(bm_rom_op_name(BM_ROM_FLASH_DEFL_DATA), "FLASH_DEFL_DATA");
    assert_string_equal(bm_rom_op_name(0xd3), "RUN_USER_CODE");
    assert_null(bm_rom_op_name(0x77));
    for (unsigned e = BM_ROM_E_INVALID; e <= BM_ROM_E_DEFLATE_SHORT; e++) {
        assert_non_null(bm_rom_error_text((uint8_t)e));
    }
    assert_non_null(strstr(bm_rom_error_text(0xc9), "stub"));
    assert_non_null(bm_rom_error_text(0xff));
    assert_null(bm_rom_error_text(0));
    assert_null(bm_rom_error_text(0x65));
    assert_int_equal(bm_rom_checksum("", 0), 0xef);
    assert_int_equal(bm_rom_checksum("\x01\x02", 2), 0xec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_traces_through), cmocka_unit_test(test_wire),
        cmocka_unit_test(test_parse),          cmocka_unit_test(test_format),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
