/* SPDX-License-Identifier: Apache-2.0 */
#include "link/session.h"

#include <string.h>

#include "base/base.h"
#include "birthmark/err.h"

/* Frames over the line, requests and their replies.
 *
 * A reply says which operation it answers, but not which request of that kind, so nothing that is
 * late may be taken for an answer: after a timeout nobody goes on before link_recover(), whose SYNC
 * is a barrier, since the chip works in order. */

enum { SLICE_MS = 100, TRIES = 6, REFUSALS = 3, UNKNOWNS = 2 };

uint64_t link_now(struct bm_link *link)
{
    return link->serial->ops->now_ms(link->serial->ctx);
}

void link_sleep(struct bm_link *link, unsigned ms)
{
    link->serial->ops->sleep_ms(link->serial->ctx, ms);
}

int link_stopped(struct bm_link *link)
{
    return (link->ends_at != 0 && link_now(link) >= link->ends_at) ||
           (link->config.stop != NULL && link->config.stop(link->config.ctx));
}

unsigned link_ms_for(uint32_t ms_per_mb, uint64_t bytes)
{
    return LINK_REPLY_MS + (unsigned)(bytes * ms_per_mb / 1000000);
}

/* How long so many bytes need on the line; what write() took may still be in a queue. */
static unsigned line_ms(const struct bm_link *link, size_t bytes)
{
    return (unsigned)(bytes * 10000 / link->baud);
}

int link_send(struct bm_link *link, size_t len)
{
    const size_t n = bm_slip_encode(link->coded, sizeof link->coded, link->message, len);
    if (len == 0 || n == 0) {
        return BM_E_ARG;
    }
    link->wire += n;
    return link->serial->ops->write(link->serial->ctx, link->coded, n,
                                    LINK_REPLY_MS + 2 * line_ms(link, n));
}

static void hear(struct link_heard *heard, uint8_t byte)
{
    const int is_text = (byte >= ' ' && byte < 0x7f) || byte == '\n' || byte == '\r' ||
                        byte == '\t' || byte == 0x1b;
    heard->bytes++;
    heard->odd += !is_text;
    if (heard->len < LINK_HEARD - 1) {
        heard->text[heard->len++] = is_text ? (char)byte : '?';
    }
}

/* More input, waiting a while. BM_OK, BM_E_TIMEOUT, BM_E_IO. */
static int fill(struct bm_link *link, unsigned timeout_ms)
{
    const int n = link->serial->ops->read(link->serial->ctx, link->in, sizeof link->in, timeout_ms);
    if (n <= 0) {
        return n < 0 ? n : BM_E_TIMEOUT;
    }
    link->in_at = 0;
    link->in_len = (size_t)n;
    link->wire += (size_t)n;
    return BM_OK;
}

/* Pushes what is there. BM_OK: a frame. BM_E_TIMEOUT: more is needed. BM_E_PROTO. */
static int push(struct bm_link *link)
{
    while (link->in_at < link->in_len) {
        const uint8_t byte = link->in[link->in_at++];
        switch (bm_slip_push(&link->slip, byte)) {
        case BM_SLIP_FRAME:
            link->late |= link->awaited != 0 && link->slip.len > 1 && link->frame[0] == 1 &&
                          link->frame[1] == link->awaited;
            return BM_OK;
        case BM_SLIP_BAD: return BM_E_PROTO;
        case BM_SLIP_OUTSIDE: hear(&link->heard, byte); break;
        default: break;
        }
    }
    return BM_E_TIMEOUT;
}

int link_receive(struct bm_link *link, uint64_t until, const uint8_t **frame, size_t *len)
{
    for (;;) {
        int rc = push(link);
        if (rc != BM_E_TIMEOUT) {
            *frame = link->frame;
            *len = link->slip.len;
            return rc;
        }
        const uint64_t now = link_now(link);
        if (now >= until || link_stopped(link)) {
            return BM_E_TIMEOUT;
        }
        rc = fill(link, until - now < SLICE_MS ? (unsigned)(until - now) : SLICE_MS);
        if (rc != BM_OK && rc != BM_E_TIMEOUT) {
            return rc;
        }
    }
}

int link_quiet(struct bm_link *link, unsigned silence_ms)
{
    /* A board whose program writes may never be silent. */
    const uint64_t end = link_now(link) + 200 + 10ull * silence_ms;
    int rc = BM_OK;
    while (rc == BM_OK && link_now(link) < end) {
        while (push(link) != BM_E_TIMEOUT) {
        }
        rc = fill(link, silence_ms);
    }
    bm_slip_init(&link->slip, link->frame, sizeof link->frame);
    return rc == BM_OK || rc == BM_E_TIMEOUT ? BM_OK : rc;
}

/* An operation that a chip does not know is answered under the name of the one before it, as often
 * as that one was. */
static int is_unknown(const struct bm_rom_reply *r, uint8_t last_op)
{
    return r->failed && r->error == BM_ROM_E_INVALID && r->message.op == last_op;
}

int link_reply(struct bm_link *link, uint8_t op, uint8_t last_op, unsigned timeout_ms,
               struct bm_rom_reply *reply)
{
    const size_t status = link->stub ? BM_ROM_STUB_STATUS : BM_ROM_STATUS;
    const uint64_t until = link_now(link) + timeout_ms;
    for (;;) {
        const uint8_t *frame = NULL;
        size_t len = 0;
        int rc = link_receive(link, until, &frame, &len);
        if (rc == BM_OK) {
            rc = bm_rom_parse_reply(reply, frame, len, status);
        }
        if (rc != BM_OK) {
            return rc;
        }
        if (reply->message.op != op && is_unknown(reply, last_op)) {
            link->refusal = BM_ROM_E_INVALID;
            link->unknown = 1;
            link->last_op = last_op; /* the chip answers the next such one under it, too */
            rc = link_quiet(link, LINK_UNKNOWN_MS);
            return rc == BM_OK ? BM_E_PROTO : rc;
        }
        if (reply->message.op == op) {
            link->refusal = !reply->failed ? 0 : reply->error != 0 ? reply->error : 0xff;
            return reply->failed ? BM_E_PROTO : BM_OK;
        }
    }
}

int link_exchange(struct bm_link *link, size_t len, unsigned timeout_ms, struct bm_rom_reply *reply)
{
    const uint8_t op = link->message[1];
    const uint8_t last_op = link->last_op;
    link->refusal = 0;
    link->unknown = 0;
    link->last_op = op;
    int rc = link_send(link, len);
    if (rc == BM_OK) {
        rc = link_reply(link, op, last_op, timeout_ms + 2 * line_ms(link, len), reply);
        const int garbled = rc == BM_E_PROTO && !link->unknown && link->refusal != BM_ROM_E_WRITE;
        link->damaged += (unsigned)garbled;
        link->garbled += (unsigned)garbled;
    }
    return rc;
}

int link_words(struct bm_link *link, uint8_t op, const uint32_t *words, size_t count,
               unsigned timeout_ms, struct bm_rom_reply *reply)
{
    const size_t len = bm_rom_format_words(link->message, sizeof link->message, op, words, count);
    return link_exchange(link, len, timeout_ms, reply);
}

int link_ask(struct bm_link *link, uint8_t op, const uint32_t *words, size_t count, size_t want,
             unsigned timeout_ms, struct bm_rom_reply *reply, struct bm_diag *diag)
{
    unsigned refused = 0;
    int rc = BM_OK;
    for (unsigned i = 0; i < TRIES; i++) {
        rc = link_words(link, op, words, count, timeout_ms, reply);
        if (rc == BM_OK && reply->payload_len >= want) {
            return BM_OK;
        }
        /* A request damaged on its way is refused, too: ask again. Of one that is not known only
         * the name may be damaged, which is rare, and to hear it takes long. */
        if (link_stopped(link) || rc == BM_E_IO ||
            (rc == BM_E_PROTO && link->refusal != 0 &&
             ++refused >= (link->unknown ? UNKNOWNS : REFUSALS))) {
            break;
        }
        if (rc == BM_OK || link->refusal == 0) {
            rc = rc == BM_OK ? BM_E_PROTO : rc;
            struct bm_diag why = {0};
            const int again = link_recover(link, &why);
            if (again != BM_OK) {
                rc = bm_diag_set(diag, again, why.offset, why.where, why.text);
                break;
            }
        }
    }
    return link_fail(link, diag, rc, 0, bm_rom_op_name(op));
}

int link_read_reg(struct bm_link *link, uint32_t addr, uint32_t *value, struct bm_diag *diag)
{
    struct bm_rom_reply reply = {0};
    int rc = link_ask(link, BM_ROM_READ_REG, &addr, 1, 0, LINK_REPLY_MS, &reply, diag);
    *value = reply.message.value;
    return rc;
}

int link_read_reg_twice(struct bm_link *link, uint32_t addr, uint32_t *value, struct bm_diag *diag)
{
    uint32_t before = 0;
    int rc = link_read_reg(link, addr, &before, diag);
    for (unsigned i = 0; rc == BM_OK && i < TRIES; i++) {
        rc = link_read_reg(link, addr, value, diag);
        if (rc != BM_OK || *value == before) {
            return rc;
        }
        before = *value;
    }
    return rc != BM_OK ? rc : link_fail(link, diag, BM_E_PROTO, 0, "registers read differently");
}

int link_write_reg(struct bm_link *link, uint32_t addr, uint32_t value, struct bm_diag *diag)
{
    const uint32_t words[] = {addr, value, 0xffffffffu, 0};
    struct bm_rom_reply reply;
    return link_ask(link, BM_ROM_WRITE_REG, words, 4, 0, LINK_REPLY_MS, &reply, diag);
}

static const char *reason(const struct bm_link *link, int code)
{
    if (link->refusal != 0) {
        const char *text = bm_rom_error_text(link->refusal);
        return text != NULL ? text : "the chip answers with an error";
    }
    switch (code) {
    case BM_E_TIMEOUT: return "no answer from the board";
    case BM_E_IO: return "the line to the board is gone";
    case BM_E_PROTO: return "the board's answer arrived damaged";
    default: return bm_err_text(code);
    }
}

int link_fail(struct bm_link *link, struct bm_diag *diag, int code, uint64_t offset,
              const char *what)
{
    char buf[sizeof diag->text];
    struct bm_text t;
    bm_text_init(&t, buf, sizeof buf);
    bm_text_str(&t, what);
    bm_text_str(&t, ": ");
    bm_text_str(&t, link_stopped(link) ? "stopped" : reason(link, code));
    return bm_diag_set(diag, code, offset, "board", buf);
}

void link_say(struct bm_link *link, enum bm_link_stage stage, uint32_t offset, uint64_t done,
              uint64_t total, uint64_t wire, const char *text)
{
    const struct bm_link_progress p = {stage, offset, done, total, wire, text};
    if (link->config.progress != NULL) {
        link->config.progress(link->config.ctx, &p);
    }
}
