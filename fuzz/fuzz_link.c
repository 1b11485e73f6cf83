/* SPDX-License-Identifier: Apache-2.0 */

/* Any board against the flasher, any stub file, any reset sequence. The first byte says which. A
 * board answers each request by a byte that says how (well, not at all, shorter, another operation,
 * raw bytes) and what is in it. Never a crash, an end in bounded time, and words for each failure.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "link/link.h"
#include "link/reset.h"
#include "link/stub.h"
#include "proto/rom.h"
#include "proto/slip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT = 1 << 16, LONGEST_MS = 4 * 3600 * 1000 };

struct board {
    const uint8_t *data; /* what is left of the input */
    size_t size;
    uint64_t now;
    struct bm_slip slip;
    uint8_t frame[70000];
    uint8_t out[OUT];
    size_t at, len;
};

static void must(int good)
{
    if (!good) {
        abort();
    }
}

static uint8_t take(struct board *b)
{
    if (b->size == 0) {
        return 0;
    }
    b->size--;
    return *b->data++;
}

static void put(struct board *b, const uint8_t *bytes, size_t len)
{
    if (b->at == b->len) {
        b->at = b->len = 0;
    }
    len = len < OUT - b->len ? len : OUT - b->len;
    memcpy(b->out + b->len, bytes, len);
    b->len += len;
}

static size_t payload_of(uint8_t op)
{
    switch (op) {
    case BM_ROM_SPI_FLASH_MD5: return 32;
    case BM_ROM_READ_FLASH_SLOW: return 64;
    case BM_ROM_GET_SECURITY_INFO: return 20;
    default: return 0;
    }
}

static void answer(struct board *b, uint8_t op)
{
    uint8_t data[80] = {0};
    uint8_t message[100];
    uint8_t wire[210];
    const uint8_t how = take(b);
    size_t len = payload_of(op) + BM_ROM_STATUS;
    uint32_t value = op == BM_ROM_SYNC ? 0x20120707 : op == BM_ROM_READ_REG ? 0x00f01d83 : 0;
    if (how % 8 == 1) {
        return;
    }
    for (size_t i = 0; i < payload_of(op) && (how & 0x40) != 0; i++) {
        data[i] = take(b);
    }
    if ((how & 0x20) != 0) {
        value = take(b) | (uint32_t)take(b) << 8 | (uint32_t)take(b) << 24;
    }
    switch (how % 8) {
    case 2: len = take(b) % sizeof data; break;
    case 3: op = take(b); break;
    case 4:
        data[len - 4] = 1;
        data[len - 3] = take(b);
        break;
    case 5: len -= 2; break;
    default: break;
    }
    const size_t n = bm_rom_format(message, sizeof message, 1, op, value, data, len);
    size_t framed = bm_slip_encode(wire, sizeof wire, message, n);
    if (how % 8 == 6 && framed > 0) {
        framed = take(b) % framed;
    }
    if (how % 8 == 7) {
        put(b, b->data, b->size < 16 ? b->size : 16);
    }
    put(b, wire, framed);
}

static int board_read(void *ctx, void *buf, size_t cap, unsigned timeout_ms)
{
    struct board *b = ctx;
    const size_t n = b->len - b->at < cap ? b->len - b->at : cap;
    memcpy(buf, b->out + b->at, n);
    b->at += n;
    b->now += n == 0 ? timeout_ms : 0;
    return (int)n;
}

static int board_write(void *ctx, const void *data, size_t len, unsigned timeout_ms)
{
    struct board *b = ctx;
    (void)timeout_ms;
    for (size_t i = 0; i < len; i++) {
        const enum bm_slip_event event = bm_slip_push(&b->slip, ((const uint8_t *)data)[i]);
        must(event == BM_SLIP_MORE || event == BM_SLIP_FRAME);
        if (event == BM_SLIP_FRAME) {
            must(b->slip.len >= BM_ROM_HEADER || b->slip.len == 4); /* 4: a stub's count */
            answer(b, b->frame[1]);
        }
    }
    return BM_OK;
}

static int board_baud(void *ctx, uint32_t baud)
{
    (void)ctx;
    return baud == 0 ? BM_E_ARG : BM_OK;
}

static int board_lines(void *ctx, int dtr, int rts)
{
    (void)ctx;
    must((dtr == 0 || dtr == 1) && (rts == 0 || rts == 1));
    return BM_OK;
}

static uint64_t board_now(void *ctx)
{
    return ((struct board *)ctx)->now;
}

static void board_sleep(void *ctx, unsigned ms)
{
    ((struct board *)ctx)->now += ms;
}

static const struct bm_serial_ops ops = {.read = board_read,
                                         .write = board_write,
                                         .set_baud = board_baud,
                                         .set_lines = board_lines,
                                         .now_ms = board_now,
                                         .sleep_ms = board_sleep};

static void check(int rc, const struct bm_diag *diag)
{
    must(rc == diag->code && (rc == BM_OK || diag->text[0] != '\0'));
}

static void session(const uint8_t *data, size_t size)
{
    static uint8_t some[5000];
    static struct board b;
    struct bm_link *link = NULL;
    struct bm_diag diag = {0};
    memset(&b, 0, sizeof b);
    b.data = data;
    b.size = size;
    bm_slip_init(&b.slip, b.frame, sizeof b.frame);
    const struct bm_serial serial = {&ops, &b, BM_SERIAL_UART};
    const uint8_t how = take(&b);
    const struct bm_link_config config = {.serial = &serial,
                                          .before = how & 1 ? BM_BEFORE_NONE : BM_BEFORE_DEFAULT,
                                          .baud = how & 2 ? 921600 : 0,
                                          .attempts = 1};
    int rc = bm_link_open(&link, &config, &diag);
    check(rc, &diag);
    if (rc == BM_OK) {
        check(bm_link_read(link, 0x1000, some, 100, &diag), &diag);
        diag.code = 0;
        check(bm_link_write(link, 0x1000, some, sizeof some, 0, &diag), &diag);
        diag.code = 0;
        check(bm_link_erase(link, 0x1000, 0x1000, &diag), &diag);
        bm_link_close(link, BM_AFTER_HARD_RESET);
    }
    must(b.now < LONGEST_MS);
}

static void stub_file(const uint8_t *data, size_t size)
{
    struct bm_link_stub *stub = NULL;
    struct bm_diag diag = {0};
    const int rc = bm_link_stub_load(&stub, data, size, &diag);
    check(rc, &diag);
    must((rc == BM_OK) == (stub != NULL));
    if (stub != NULL) {
        must(stub->text_len > 0 && stub->text_len % 4 == 0 && stub->data_len % 4 == 0);
    }
    bm_link_stub_free(stub);
}

static void sequence(const uint8_t *data, size_t size)
{
    char text[64] = "";
    size_t where = 0;
    memcpy(text, data, size < sizeof text - 1 ? size : sizeof text - 1);
    const int rc = bm_reset_check(text, &where);
    must(where <= strlen(text) && (rc != BM_OK || (where > 0 && where == strlen(text))));
    static struct board b;
    const struct bm_serial serial = {&ops, &b, BM_SERIAL_UART};
    must(bm_reset_run_sequence(text, &serial) == rc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    switch (data[0]) {
    case 's': stub_file(data + 1, size - 1); break;
    case 'r': sequence(data + 1, size - 1); break;
    default: session(data + 1, size - 1); break;
    }
    return 0;
}
