/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/slip.h"

enum { END = 0xc0, ESC = 0xdb, ESC_END = 0xdc, ESC_ESC = 0xdd };
enum { OUTSIDE, INSIDE, ESCAPED, LOST };

void bm_slip_init(struct bm_slip *slip, void *buf, size_t cap)
{
    slip->buf = buf;
    slip->cap = cap;
    slip->len = 0;
    slip->lax = 0;
    slip->state = OUTSIDE;
}

static enum bm_slip_event give_up(struct bm_slip *slip)
{
    slip->len = 0;
    slip->state = LOST;
    return BM_SLIP_BAD;
}

static enum bm_slip_event take(struct bm_slip *slip, uint8_t byte)
{
    if (slip->len == slip->cap) {
        return give_up(slip);
    }
    slip->buf[slip->len++] = byte;
    slip->state = INSIDE;
    return BM_SLIP_MORE;
}

/* Only a frame with bytes in it can end. Else this is a beginning: of a frame, of the frame after
 * an empty one (both its ends were sent, or a stray END came before), or of the frame after one
 * that was given up, whose own END may have been what got lost. */
static enum bm_slip_event end_or_begin(struct bm_slip *slip)
{
    if (slip->state == ESCAPED && !slip->lax) {
        (void)give_up(slip);
        slip->state = INSIDE;
        return BM_SLIP_BAD;
    }
    if (slip->len > 0 && (slip->state == INSIDE || slip->state == ESCAPED)) {
        slip->state = OUTSIDE;
        return BM_SLIP_FRAME;
    }
    slip->state = INSIDE;
    return BM_SLIP_MORE;
}

static enum bm_slip_event unescape(struct bm_slip *slip, uint8_t byte)
{
    switch (byte) {
    case ESC_END: return take(slip, END);
    case ESC_ESC: return take(slip, ESC);
    default: return slip->lax ? take(slip, byte) : give_up(slip);
    }
}

enum bm_slip_event bm_slip_push(struct bm_slip *slip, uint8_t byte)
{
    if (slip->state == OUTSIDE) {
        slip->len = 0;
    }
    if (byte == END) {
        return end_or_begin(slip);
    }
    switch (slip->state) {
    case OUTSIDE: return BM_SLIP_OUTSIDE;
    case LOST: return BM_SLIP_MORE;
    case ESCAPED: return unescape(slip, byte);
    default: break;
    }
    if (byte == ESC) {
        slip->state = ESCAPED;
        return BM_SLIP_MORE;
    }
    return take(slip, byte);
}

size_t bm_slip_encode(uint8_t *out, size_t cap, const void *data, size_t len)
{
    const uint8_t *in = data;
    size_t at = 0;
    if (cap < 2) {
        return 0;
    }
    out[at++] = END;
    for (size_t i = 0; i < len; i++) {
        const int special = in[i] == END || in[i] == ESC;
        if (cap - at < (special ? 3u : 2u)) { /* the last END is counted in */
            return 0;
        }
        if (special) {
            out[at++] = ESC;
        }
        out[at++] = !special ? in[i] : in[i] == END ? ESC_END : ESC_ESC;
    }
    out[at++] = END;
    return at;
}
