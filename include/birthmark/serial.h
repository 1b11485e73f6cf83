/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BIRTHMARK_SERIAL_H
#define BIRTHMARK_SERIAL_H

/* A serial line as flasher and monitor see it: a device, a socket, or a board in memory. The clock
 * belongs to it, so that a test can run on its own time. */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bm_diag;

/* Each returns BM_OK or a negative enum bm_err where nothing else is said. */
struct bm_serial_ops {
    /* Waits for input. Returns the number of bytes read (1 to cap), 0 when the time is up, or
     * BM_E_IO when the line is gone. timeout_ms 0: only what is there. */
    int (*read)(void *ctx, void *buf, size_t cap, unsigned timeout_ms);
    /* Hands all bytes over. BM_E_TIMEOUT when the line takes no more for that long, BM_E_IO. */
    int (*write)(void *ctx, const void *data, size_t len, unsigned timeout_ms);
    /* NULL: the speed cannot be changed. BM_E_ARG: not this one. */
    int (*set_baud)(void *ctx, uint32_t baud);
    /* 1: asserted (low on the pin), 0: not. Both change in one step where that can be done. NULL:
     * there are no such lines. On boards RTS asserted holds EN low (reset), DTR asserted GPIO0. */
    int (*set_lines)(void *ctx, int dtr, int rts);
    /* Waits until what was written is on the wire. NULL: unknown. */
    int (*drain)(void *ctx);
    uint64_t (*now_ms)(void *ctx);
    void (*sleep_ms)(void *ctx, unsigned ms);
};

enum bm_serial_kind {
    BM_SERIAL_UART = 0, /* a UART or a bridge chip */
    BM_SERIAL_USB_JTAG =
        1, /* the chip's own USB-Serial/JTAG: other reset sequence, baud means nothing */
    BM_SERIAL_SOCKET = 2 /* TCP: no lines */
};

/* The caller owns it and keeps ops and ctx alive. */
struct bm_serial {
    const struct bm_serial_ops *ops;
    void *ctx;
    enum bm_serial_kind kind;
};

#ifdef __cplusplus
}
#endif

#endif
