/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as a serial line: what comes out of the decoder is taken apart as message, reply and
 * security info; all bytes as one payload come back from encoding. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "birthmark/err.h"
#include "proto/chip.h"
#include "proto/rom.h"
#include "proto/slip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int good)
{
    if (!good) {
        abort();
    }
}

/* In a block of its own, so that a sanitizer sees the first byte beyond. */
static void take_apart(const uint8_t *frame, size_t len)
{
    struct bm_rom_message m;
    struct bm_rom_reply r;
    struct bm_chip_security security;
    uint8_t *own = malloc(len);
    must(own != NULL && len > 0);
    memcpy(own, frame, len);
    if (bm_rom_parse(&m, own, len) == BM_OK) {
        must(m.data == own + BM_ROM_HEADER && m.data_len == len - BM_ROM_HEADER);
        uint8_t *again = malloc(len);
        must(again != NULL);
        const size_t n = bm_rom_format(again, len, m.direction, m.op, m.value, m.data, m.data_len);
        must(m.data_len > 0xffff ? n == 0 : n == len);
        must(n == 0 || m.len != m.data_len || memcmp(again, own, len) == 0);
        free(again);
    }
    for (size_t status = BM_ROM_STUB_STATUS; status <= BM_ROM_STATUS; status += 2) {
        if (bm_rom_parse_reply(&r, own, len, status) == BM_OK) {
            must(r.payload_len + status + BM_ROM_HEADER == len);
            (void)bm_chip_parse_security(&security, r.payload, r.payload_len);
        }
    }
    free(own);
}

static void listen(const uint8_t *data, size_t size, size_t cap, int lax)
{
    struct bm_slip slip;
    uint8_t *buf = malloc(cap);
    must(buf != NULL);
    bm_slip_init(&slip, buf, cap);
    slip.lax = (uint8_t)lax;
    for (size_t i = 0; i < size; i++) {
        const enum bm_slip_event event = bm_slip_push(&slip, data[i]);
        must(slip.len <= cap && (event != BM_SLIP_OUTSIDE || data[i] != 0xc0));
        if (event == BM_SLIP_FRAME) {
            take_apart(slip.buf, slip.len);
        }
    }
    free(buf);
}

static void round_trip(const uint8_t *data, size_t size)
{
    struct bm_slip slip;
    const size_t cap = 2 * size + 2;
    uint8_t *wire = malloc(cap);
    uint8_t *buf = malloc(size);
    must(wire != NULL && buf != NULL);
    const size_t len = bm_slip_encode(wire, cap, data, size);
    must(len >= size + 2);
    bm_slip_init(&slip, buf, size);
    for (size_t i = 0; i < len; i++) {
        must(bm_slip_push(&slip, wire[i]) == (i + 1 < len ? BM_SLIP_MORE : BM_SLIP_FRAME));
    }
    must(slip.len == size && memcmp(buf, data, size) == 0);
    must(bm_slip_encode(wire, len - 1, data, size) == 0);
    free(buf);
    free(wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    listen(data, size, 64, 0);
    listen(data, size, 64, 1);
    listen(data, size, 16384, 0);
    if (size > 0) {
        take_apart(data, size);
        round_trip(data, size);
    }
    return 0;
}
