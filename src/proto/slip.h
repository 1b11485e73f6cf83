/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_PROTO_SLIP_H
#define BM_PROTO_SLIP_H

/* SLIP frames, as the ROM loader speaks them: 0xc0 before and after, 0xdb escapes (RFC 1055; here
 * both ends are always sent). Pushed bytes, no I/O. Freestanding. */

#include <stddef.h>
#include <stdint.h>

enum bm_slip_event {
    BM_SLIP_MORE = 0, /* taken: within a frame, or a frame's beginning */
    BM_SLIP_FRAME,    /* a frame is complete: buf[0..len), good until the next byte is pushed */
    BM_SLIP_OUTSIDE,  /* this byte belongs to no frame: boot log, firmware output, noise */
    BM_SLIP_BAD       /* a frame was given up: wrong escape, or longer than the buffer */
};

/* A frame ends at the next 0xc0, and what follows is outside until another one. Two in a row are a
 * beginning, so frames are never empty. After BM_SLIP_BAD bytes are dropped until the next 0xc0,
 * which begins a frame. With both ends sent, one damaged byte costs two frames at most. */
struct bm_slip {
    uint8_t *buf; /* the caller's */
    size_t cap;
    size_t len;
    uint8_t lax;   /* 1: as the mask ROMs, a wrong escape does not spoil the frame; 0 by init */
    uint8_t state; /* private */
};

void bm_slip_init(struct bm_slip *slip, void *buf, size_t cap);
enum bm_slip_event bm_slip_push(struct bm_slip *slip, uint8_t byte);

/* Writes a frame of this payload, both 0xc0 included. Returns its length, or 0 if it does not fit;
 * 2 * len + 2 always fits. */
size_t bm_slip_encode(uint8_t *out, size_t cap, const void *data, size_t len);

#endif
