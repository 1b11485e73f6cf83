/* SPDX-License-Identifier: Apache-2.0 */

/* The flasher against what mask ROMs of an ESP32 and an ESP32-C3 answered to esptool. The chip's
 * side is replayed: a request that was recorded gets its own answers, with the delay they had; one
 * that was not gets those of the first request of its kind. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/base.h"
#include "base/le.h"
#include "birthmark/err.h"
#include "harness/trace.h"
#include "link/link.h"
#include "proto/rom.h"
#include "proto/slip.h"

enum { BIG = 70000, DATA_MAX = 20000 };

struct replay {
    struct test_trace trace;
    uint64_t now;
    struct bm_slip slip;
    uint8_t frame[BIG];
    uint8_t out[BIG]; /* to the host, from out_at on */
    uint64_t due[BIG];
    size_t out_at, out_len;
    size_t *used; /* times that each request was answered */
    unsigned unknown, requests, begins, ends;
    /* What reached the flash. */
    uint8_t data[DATA_MAX];
    size_t data_len;
    uint32_t erase, offset, block;
    uint8_t begin_op;
    uint8_t command;     /* of the flash, in force */
    int wrong_md5_first; /* 1: until data came, the MD5 is another one */
};

/* What the flash was last asked, by the controller's registers: reads depend on it. */
static int sets_command(const struct replay *r, const uint8_t *frame, size_t len)
{
    const struct bm_chip_spi *spi = &r->trace.chip->spi;
    return len > 16 && frame[1] == BM_ROM_WRITE_REG &&
           bm_get_le32(frame + 8) == spi->base + spi->usr2 &&
           (frame[12] == 0x9f || frame[12] == 0x5a || frame[12] == 0x66 || frame[12] == 0x99);
}

static int is_request(const struct replay *r, size_t i)
{
    return r->trace.lines[i].side == '>' && !r->trace.lines[i].raw &&
           r->trace.lines[i].len >= BM_ROM_HEADER;
}

/* The recorded request that fits best: the same, with the same command in the flash's controller,
 * else of the same kind. */
static size_t find(struct replay *r, const uint8_t *frame, size_t len)
{
    size_t best = r->trace.count;
    size_t kind = r->trace.count;
    int best_fits = 0;
    uint8_t command = 0;
    for (size_t i = 0; i < r->trace.count; i++) {
        const struct test_trace_line *line = &r->trace.lines[i];
        if (is_request(r, i) && sets_command(r, line->data, line->len)) {
            command = line->data[12];
        }
        if (!is_request(r, i) || line->data[1] != frame[1] ||
            test_trace_next(&r->trace, i + 1, '<') > test_trace_next(&r->trace, i + 1, '>')) {
            continue;
        }
        if (line->len == len && memcmp(line->data, frame, len) == 0 &&
            (best == r->trace.count || (!best_fits && command == r->command))) {
            best = i;
            best_fits = command == r->command;
        }
        kind = kind == r->trace.count ? i : kind;
    }
    if (best == r->trace.count) {
        r->unknown++;
    }
    return best != r->trace.count ? best : kind;
}

static void put(struct replay *r, const uint8_t *bytes, size_t len, uint64_t due)
{
    assert_true(r->out_len + len <= sizeof r->out);
    for (size_t i = 0; i < len; i++) {
        r->due[r->out_len] = due;
        r->out[r->out_len++] = bytes[i];
    }
}

/* Registers that were not recorded read 0, the MD5 is wrong before anything was written. */
static void answer_line(struct replay *r, const struct test_trace_line *line, const uint8_t *asked,
                        size_t asked_len, const struct test_trace_line *as, uint64_t due)
{
    uint8_t bytes[256];
    uint8_t wire[600];
    struct test_trace_line changed = *line;
    assert_true(line->len <= sizeof bytes);
    memcpy(bytes, line->data, line->len);
    changed.data = bytes;
    if (!line->raw && asked[1] == BM_ROM_READ_REG &&
        (as->len != asked_len || memcmp(as->data, asked, asked_len) != 0)) {
        bm_put_le32(bytes + 4, 0);
    }
    if (!line->raw && asked[1] == BM_ROM_SPI_FLASH_MD5 && r->wrong_md5_first && r->begins == 0) {
        bytes[8] = (uint8_t)(bytes[8] == '0' ? '1' : '0');
    }
    put(r, wire, test_trace_wire(&changed, wire, sizeof wire), due);
}

static void note_data(struct replay *r, const struct bm_rom_message *m)
{
    if (m->op == BM_ROM_FLASH_BEGIN || m->op == BM_ROM_FLASH_DEFL_BEGIN) {
        assert_int_equal(m->data_len, 4 * r->trace.chip->begin_words);
        r->begins++;
        r->begin_op = m->op;
        r->erase = bm_get_le32(m->data);
        r->block = bm_get_le32(m->data + 8);
        r->offset = bm_get_le32(m->data + 12);
        assert_in_range(r->block, 0x400, 0x1800);
    } else if (m->op == BM_ROM_FLASH_DATA || m->op == BM_ROM_FLASH_DEFL_DATA) {
        const size_t n = m->data_len - BM_ROM_DATA_HEADER;
        assert_int_equal(bm_get_le32(m->data), n);
        assert_int_equal(m->value, bm_rom_checksum(m->data + BM_ROM_DATA_HEADER, n));
        assert_true(n <= r->block && r->data_len + n <= DATA_MAX);
        assert_true(m->op == BM_ROM_FLASH_DEFL_DATA || n % 4 == 0);
        memcpy(r->data + r->data_len, m->data + BM_ROM_DATA_HEADER, n);
        r->data_len += n;
    } else if (m->op == BM_ROM_FLASH_END || m->op == BM_ROM_FLASH_DEFL_END) {
        r->ends++;
    }
}

static void answer(struct replay *r, const uint8_t *frame, size_t len)
{
    struct bm_rom_message m;
    assert_int_equal(bm_rom_parse(&m, frame, len), BM_OK);
    assert_int_equal(m.direction, 0);
    assert_int_equal(m.len, m.data_len);
    r->requests++;
    r->command = sets_command(r, frame, len) ? frame[12] : r->command;
    note_data(r, &m);
    const size_t i = find(r, frame, len);
    assert_true(i < r->trace.count); /* an operation that was never recorded */
    r->used[i]++;
    const struct test_trace_line *asked = &r->trace.lines[i];
    for (size_t k = i + 1; k < r->trace.count && r->trace.lines[k].side == '<'; k++) {
        const struct test_trace_line *line = &r->trace.lines[k];
        answer_line(r, line, frame, len, asked, r->now + (line->ms - asked->ms));
    }
}

static int replay_read(void *ctx, void *buf, size_t cap, unsigned timeout_ms)
{
    struct replay *r = ctx;
    size_t n = 0;
    if (r->out_at < r->out_len && r->due[r->out_at] > r->now &&
        r->due[r->out_at] <= r->now + timeout_ms) {
        r->now = r->due[r->out_at];
    }
    while (n < cap && r->out_at < r->out_len && r->due[r->out_at] <= r->now) {
        ((uint8_t *)buf)[n++] = r->out[r->out_at++];
    }
    if (r->out_at == r->out_len) {
        r->out_at = r->out_len = 0;
    }
    r->now += n == 0 ? timeout_ms : 0;
    return (int)n;
}

static int replay_write(void *ctx, const void *data, size_t len, unsigned timeout_ms)
{
    struct replay *r = ctx;
    (void)timeout_ms;
    for (size_t i = 0; i < len; i++) {
        const enum bm_slip_event event = bm_slip_push(&r->slip, ((const uint8_t *)data)[i]);
        assert_true(event == BM_SLIP_MORE || event == BM_SLIP_FRAME);
        if (event == BM_SLIP_FRAME) {
            answer(r, r->frame, r->slip.len);
        }
    }
    return BM_OK;
}

static uint64_t replay_now(void *ctx)
{
    return ((struct replay *)ctx)->now;
}

static void replay_sleep(void *ctx, unsigned ms)
{
    ((struct replay *)ctx)->now += ms;
}

static const struct bm_serial_ops ops = {
    .read = replay_read, .write = replay_write, .now_ms = replay_now, .sleep_ms = replay_sleep};

static struct replay *replay_open(const char *name)
{
    struct replay *r = calloc(1, sizeof *r);
    assert_non_null(r);
    test_trace_load(&r->trace, name);
    r->used = calloc(r->trace.count, sizeof *r->used);
    assert_non_null(r->used);
    bm_slip_init(&r->slip, r->frame, sizeof r->frame);
    return r;
}

static void replay_close(struct replay *r)
{
    assert_int_equal(r->ends, 0); /* it makes a ROM leave */
    test_trace_free(&r->trace);
    free(r->used);
    free(r);
}

static struct bm_link *connect(struct replay *r)
{
    struct bm_serial serial = {&ops, r, BM_SERIAL_SOCKET};
    static struct bm_serial kept;
    kept = serial;
    /* No port can be found in recordings of one without flash size. */
    const struct bm_link_config config = {.serial = &kept, .flash_size = 4 << 20};
    struct bm_link *link = NULL;
    struct bm_diag diag = {0};
    const int rc = bm_link_open(&link, &config, &diag);
    if (rc != BM_OK) {
        fail_msg("%s: %s", r->trace.name, diag.text);
    }
    return link;
}

/* Requests of an operation in the trace: the first one, or count. */
static size_t first_of(const struct test_trace *t, uint8_t op)
{
    size_t i = 0;
    while (i < t->count &&
           (t->lines[i].side != '>' || t->lines[i].raw || t->lines[i].data[1] != op)) {
        i++;
    }
    return i;
}

/* A request that no recording has is answered out of another one of the same chip. */
static void borrow(struct replay *r, uint8_t op, const char *from)
{
    struct test_trace other;
    if (first_of(&r->trace, op) < r->trace.count) {
        return;
    }
    test_trace_load(&other, from);
    const size_t i = first_of(&other, op);
    assert_true(i + 1 < other.count);
    const size_t n = r->trace.count;
    struct test_trace_line *more = realloc(r->trace.lines, (n + 2) * sizeof *more);
    size_t *used = realloc(r->used, (n + 2) * sizeof *used);
    if (more == NULL || used == NULL) {
        abort();
    }
    r->trace.lines = more;
    r->used = used;
    for (size_t k = 0; k < 2; k++) {
        more[n + k] = other.lines[i + k];
        other.lines[i + k].data = NULL;
        used[n + k] = 0;
    }
    r->trace.count = n + 2;
    test_trace_free(&other);
}

static struct replay *replay_whole(const char *name)
{
    struct replay *r = replay_open(name);
    const int c3 = strncmp(name, "esp32c3", 7) == 0;
    borrow(r, BM_ROM_SPI_SET_PARAMS, c3 ? "esp32c3-write-u" : "esp32-write-u");
    borrow(r, BM_ROM_SPI_ATTACH, c3 ? "esp32c3-write-u" : "esp32-write-u");
    borrow(r, BM_ROM_WRITE_REG, c3 ? "esp32c3-flash-id" : "esp32-flash-id");
    borrow(r, BM_ROM_READ_REG, c3 ? "esp32c3-flash-id" : "esp32-flash-id");
    borrow(r, BM_ROM_SPI_FLASH_MD5, c3 ? "esp32c3-verify" : "esp32-verify");
    return r;
}

static void test_connects(void **state)
{
    (void)state;
    static const uint8_t mac_esp32[6] = {0x10, 0x01, 0x00, 0xc4, 0x0a, 0x24};
    unsigned connected = 0;
    for (size_t t = 0; test_traces[t] != NULL; t++) {
        if (strstr(test_traces[t], "probe") != NULL) {
            continue;
        }
        struct replay *r = replay_whole(test_traces[t]);
        struct bm_link *link = connect(r);
        struct bm_link_info info;
        assert_int_equal(bm_link_get_info(link, &info, NULL), BM_OK);
        assert_ptr_equal(info.chip, r->trace.chip);
        if (info.chip->image_id == 0) {
            assert_memory_equal(info.mac, mac_esp32, 6);
            assert_int_equal(info.revision, 0);
            assert_int_equal(info.secure_boot, 0);
        }
        assert_int_equal(info.secure_download, 0);
        assert_int_equal(info.flash_encryption, 0);
        assert_int_equal(info.flash_id, 0x1640c8);
        assert_true(r->now < 30000);
        printf("%-18s %4u requests, %5.1f s of the recording's time\n", r->trace.name, r->requests,
               (double)r->now / 1000);
        bm_link_close(link, BM_AFTER_NONE);
        replay_close(r);
        connected++;
    }
    assert_true(connected >= 10);
}

/* All bytes of a kind of block in a recording; those of esptool are padded. */
static size_t recorded(const struct test_trace *t, uint8_t op, uint8_t *out)
{
    size_t n = 0;
    for (size_t i = 0; i < t->count; i++) {
        const struct test_trace_line *line = &t->lines[i];
        if (line->side == '>' && !line->raw && line->data[1] == op) {
            const size_t skip = BM_ROM_HEADER + BM_ROM_DATA_HEADER;
            assert_true(n + line->len - skip <= DATA_MAX);
            memcpy(out + n, line->data + skip, line->len - skip);
            n += line->len - skip;
        }
    }
    return n;
}

static void unpack(uint8_t *out, size_t *len, const uint8_t *in, size_t in_len)
{
    uLongf n = DATA_MAX;
    assert_int_equal(uncompress(out, &n, in, (uLong)in_len), Z_OK);
    *len = n;
}

/* Writes the file of the recording; the chip must get the same bytes at the same place. */
static void check_write(const char *name, uint8_t recorded_op, uint8_t expected_begin)
{
    static uint8_t sent[DATA_MAX];
    static uint8_t file[DATA_MAX];
    static uint8_t got[DATA_MAX];
    struct replay *r = replay_whole(name);
    const char *plain = r->trace.chip->image_id == 0 ? "esp32-write-u" : "esp32c3-write-u";
    const size_t md5 = first_of(&r->trace, BM_ROM_SPI_FLASH_MD5);
    size_t len = recorded(&r->trace, recorded_op, sent);
    const size_t sent_len = len;
    memcpy(file, sent, len);
    if (recorded_op == BM_ROM_FLASH_DEFL_DATA) {
        unpack(file, &len, sent, sent_len);
    }
    len = bm_get_le32(r->trace.lines[md5].data + 12);
    borrow(r, BM_ROM_FLASH_BEGIN, plain);
    borrow(r, BM_ROM_FLASH_DATA, plain);
    r->wrong_md5_first = 1;
    struct bm_link *link = connect(r);
    struct bm_diag diag = {0};
    const int rc = bm_link_write(link, 0x9000, file, len, 0, &diag);
    if (rc != BM_OK) {
        fail_msg("%s: %s", name, diag.text);
    }
    assert_int_equal(r->begins, 1);
    assert_int_equal(r->begin_op, expected_begin);
    assert_int_equal(r->offset, 0x9000);
    assert_int_equal(r->erase, 0x2000);
    if (expected_begin == BM_ROM_FLASH_DEFL_BEGIN) {
        size_t unpacked = 0;
        unpack(got, &unpacked, r->data, r->data_len);
        assert_int_equal(unpacked, len);
        assert_memory_equal(got, file, len);
    } else {
        assert_in_range(r->data_len, len, len + 15);
        assert_memory_equal(r->data, file, len);
        while (r->data_len > len) {
            assert_int_equal(r->data[--r->data_len], 0xff);
        }
    }
    /* Once more: the chip's MD5 is right now, so nothing is sent. */
    r->data_len = 0;
    assert_int_equal(bm_link_write(link, 0x9000, file, len, 0, NULL), BM_OK);
    assert_int_equal(r->begins, 1);
    assert_int_equal(r->data_len, 0);
    bm_link_close(link, BM_AFTER_NONE);
    replay_close(r);
}

static void test_writes(void **state)
{
    (void)state;
    check_write("esp32-write-u", BM_ROM_FLASH_DATA, BM_ROM_FLASH_BEGIN);
    check_write("esp32c3-write-u", BM_ROM_FLASH_DATA, BM_ROM_FLASH_BEGIN);
    /* The ESP32's ROM dirties what follows compressed data: so short a file goes as it is. */
    check_write("esp32-write-z", BM_ROM_FLASH_DEFL_DATA, BM_ROM_FLASH_BEGIN);
    check_write("esp32c3-write-z", BM_ROM_FLASH_DEFL_DATA, BM_ROM_FLASH_DEFL_BEGIN);
}

/* The MD5 is of another file than the one in flash; nothing may come out as success. */
static void test_verify_differs(void **state)
{
    (void)state;
    static const char *const names[] = {"esp32-verify", "esp32c3-verify"};
    static uint8_t file[5000];
    for (size_t i = 0; i < 2; i++) {
        struct replay *r = replay_whole(names[i]);
        borrow(r, BM_ROM_FLASH_BEGIN, i == 0 ? "esp32-write-u" : "esp32c3-write-u");
        borrow(r, BM_ROM_FLASH_DATA, i == 0 ? "esp32-write-u" : "esp32c3-write-u");
        borrow(r, BM_ROM_FLASH_DEFL_BEGIN, i == 0 ? "esp32-write-z" : "esp32c3-write-z");
        borrow(r, BM_ROM_FLASH_DEFL_DATA, i == 0 ? "esp32-write-z" : "esp32c3-write-z");
        struct bm_link *link = connect(r);
        struct bm_diag diag = {0};
        uint8_t md5[16];
        assert_int_equal(bm_link_md5(link, 0x9000, 5000, md5, &diag), BM_OK);
        char hex[33];
        bm_hex_encode(hex, md5, sizeof md5);
        assert_memory_equal(
            hex, r->trace.lines[first_of(&r->trace, BM_ROM_SPI_FLASH_MD5) + 1].data + 8, 32);
        assert_int_equal(bm_link_write(link, 0x9000, file, sizeof file, 0, &diag), BM_E_VERIFY);
        assert_int_equal(diag.offset, 0x9000);
        assert_true(r->now < 60000);
        bm_link_close(link, BM_AFTER_NONE);
        replay_close(r);
    }
}

/* Erasing is a FLASH_BEGIN to the byte as esptool sends it. Its recording has no MD5 of erased
 * flash, so here it comes out as one that does not get erased; what counts is the request. */
static void test_erases(void **state)
{
    (void)state;
    static const char *const names[] = {"esp32-erase", "esp32c3-erase"};
    for (size_t i = 0; i < 2; i++) {
        struct replay *r = replay_whole(names[i]);
        const size_t begin = first_of(&r->trace, BM_ROM_FLASH_BEGIN);
        struct bm_link *link = connect(r);
        assert_int_equal(bm_link_erase(link, 0x9000, 0x2000, NULL), BM_E_VERIFY);
        assert_true(r->used[begin] >= 1);
        assert_int_equal(r->begins, r->used[begin]);
        assert_int_equal(r->data_len, 0);
        bm_link_close(link, BM_AFTER_NONE);
        replay_close(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connects),
        cmocka_unit_test(test_writes),
        cmocka_unit_test(test_verify_differs),
        cmocka_unit_test(test_erases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
