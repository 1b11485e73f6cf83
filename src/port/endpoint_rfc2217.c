/* SPDX-License-Identifier: Apache-2.0 */
/* The server of RFC 2217. The UART behind it is always 8N1; speed and lines are the client's. */
#include <string.h>

#include "port/endpoint_kinds.h"

/* Between two lines that a client sets one after the other, waiting for each answer, there can be a
 * tenth of a second. On the way from "in reset" to "in download mode" such a client passes through
 * "both asserted", which lets the chip run; it means nothing as a goal, so it has to last. */
enum { LINES_US = 250000, FIRST_BAUD = 115200 };

enum { BINARY = 0, SGA, COM_PORT, ECHO_BACK };

static const struct bm_telnet_row rows[BM_TELNET_OPTIONS] = {
    [BINARY] = {BM_TELNET_BINARY, 1, 1},
    [SGA] = {BM_TELNET_SGA, 1, 1},
    [COM_PORT] = {BM_TELNET_COM_PORT, 1, 1},
    [ECHO_BACK] = {BM_TELNET_ECHO, 1, 0},
};

static int open_rfc2217(struct bm_endpoint *e, struct bm_diag *diag)
{
    return bmi_tcp_open(e, "rfc2217://", diag);
}

static void door(struct bm_endpoint *e, uint64_t now)
{
    uint8_t out[6 * BM_TELNET_OPTIONS];
    if (!bmi_tcp_caller(e)) {
        return;
    }
    memset(&e->com, 0, sizeof e->com);
    e->com.terms.rows = rows;
    e->com.baud = e->baud != 0 ? e->baud : FIRST_BAUD;
    e->com.data_size = 8;
    e->com.parity = 1;
    e->com.stop_size = 1;
    bmi_endpoint_arrived(e, now);
    bmi_endpoint_queue(e, out, bm_telnet_ask(&e->com.terms, out));
}

/* Tells the board, now. */
static void tell_lines(struct bm_endpoint *e, uint64_t now)
{
    struct bmi_com *c = &e->com;
    e->due = UINT64_MAX;
    if (c->dtr == c->told_dtr && c->rts == c->told_rts) {
        return;
    }
    c->told_dtr = c->dtr;
    c->told_rts = c->rts;
    if (e->config.ops->on_lines != NULL) {
        e->config.ops->on_lines(e->config.ctx, c->dtr, c->rts, now);
    }
}

static void lines_changed(struct bm_endpoint *e, uint64_t now)
{
    const struct bmi_com *c = &e->com;
    if (c->dtr && c->rts && c->told_rts && !c->told_dtr) {
        e->due = now + LINES_US; /* out of reset, and maybe on the way elsewhere */
    } else {
        tell_lines(e, now);
    }
}

static void answer(struct bm_endpoint *e, uint8_t command, const void *value, size_t len)
{
    uint8_t out[6 + 2 * BM_TELNET_SUB_MAX];
    bmi_endpoint_queue(e, out,
                       bm_telnet_com_port(out, (uint8_t)(command + BM_COM_SERVER), value, len));
}

static uint8_t control(struct bm_endpoint *e, uint8_t value, uint64_t now)
{
    struct bmi_com *c = &e->com;
    switch (value) {
    case BM_COM_DTR_ON:
    case BM_COM_DTR_OFF: c->dtr = value == BM_COM_DTR_ON; break;
    case BM_COM_RTS_ON:
    case BM_COM_RTS_OFF: c->rts = value == BM_COM_RTS_ON; break;
    case BM_COM_DTR_QUERY: return c->dtr ? BM_COM_DTR_ON : BM_COM_DTR_OFF;
    case BM_COM_RTS_QUERY: return c->rts ? BM_COM_RTS_ON : BM_COM_RTS_OFF;
    case BM_COM_FLOW_QUERY: return BM_COM_FLOW_NONE;
    case BM_COM_BREAK_QUERY: return BM_COM_BREAK_OFF;
    case BM_COM_FLOW_IN_QUERY: return BM_COM_FLOW_IN_NONE;
    default: return value;
    }
    lines_changed(e, now);
    return value;
}

/* Takes a setting of one byte, where 0 asks for what it is. */
static uint8_t setting(uint8_t *field, uint8_t value)
{
    if (value != 0) {
        *field = value;
    }
    return *field;
}

static void set_baud(struct bm_endpoint *e, const uint8_t *value, size_t len, uint64_t now)
{
    struct bmi_com *c = &e->com;
    if (len >= 4) {
        const uint32_t baud = (uint32_t)value[0] << 24 | (uint32_t)value[1] << 16 |
                              (uint32_t)value[2] << 8 | value[3];
        if (baud != 0) {
            c->baud = baud;
            bmi_endpoint_baud(e, baud, now);
        }
    }
    const uint8_t is[4] = {(uint8_t)(c->baud >> 24), (uint8_t)(c->baud >> 16),
                           (uint8_t)(c->baud >> 8), (uint8_t)c->baud};
    answer(e, BM_COM_BAUD, is, sizeof is);
}

static void purge(struct bm_endpoint *e, uint8_t value, uint64_t now)
{
    if (e->config.ops->on_purge != NULL && value >= 1 && value <= 3) {
        e->config.ops->on_purge(e->config.ctx, (value & 1) != 0, (value & 2) != 0, now);
    }
    answer(e, BM_COM_PURGE, &value, 1);
}

/* A command of the client's. */
static void command(struct bm_endpoint *e, uint64_t now)
{
    static const char signature[] = "birthmark virtual board";
    struct bmi_com *c = &e->com;
    const uint8_t *sub = c->in.sub;
    const size_t len = c->in.sub_len;
    if (len < 2 || sub[0] != BM_TELNET_COM_PORT) {
        return;
    }
    uint8_t value = len > 2 ? sub[2] : 0;
    switch (sub[1]) {
    case BM_COM_SIGNATURE:
        if (len == 2) {
            answer(e, sub[1], signature, sizeof signature - 1);
        }
        return;
    case BM_COM_BAUD: set_baud(e, sub + 2, len - 2, now); return;
    case BM_COM_PURGE: purge(e, value, now); return;
    case BM_COM_DATASIZE: value = setting(&c->data_size, value); break;
    case BM_COM_PARITY: value = setting(&c->parity, value); break;
    case BM_COM_STOPSIZE: value = setting(&c->stop_size, value); break;
    case BM_COM_CONTROL: value = control(e, value, now); break;
    case BM_COM_LINESTATE_MASK:
    case BM_COM_MODEMSTATE_MASK: break;
    default: return;
    }
    answer(e, sub[1], &value, 1);
}

static void request(struct bm_endpoint *e, uint8_t option)
{
    uint8_t out[3];
    struct bmi_com *c = &e->com;
    bmi_endpoint_queue(e, out, bm_telnet_answer(&c->terms, c->in.verb, option, out));
    if (!c->told_state && c->terms.they[COM_PORT] == BM_TELNET_ON) {
        const uint8_t none = 0; /* a virtual board drives no modem lines */
        c->told_state = 1;
        answer(e, BM_COM_MODEMSTATE, &none, 1);
    }
}

static void received(struct bm_endpoint *e, const uint8_t *data, size_t len, uint64_t now)
{
    uint8_t plain[4096];
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        const enum bm_telnet_event event = bm_telnet_take(&e->com.in, data[i]);
        if (event == BM_TELNET_DATA) {
            plain[n++] = data[i];
        }
        if (n == sizeof plain || event > BM_TELNET_DATA) { /* bytes and commands in their order */
            bmi_endpoint_bytes(e, plain, n, now);
            n = 0;
        }
        if (event == BM_TELNET_SUBNEGOTIATION) {
            command(e, now);
        } else if (event == BM_TELNET_REQUEST) {
            request(e, data[i]);
        }
    }
    bmi_endpoint_bytes(e, plain, n, now);
}

/* A client that goes lets go of the lines, as a closed port does. */
static void left(struct bm_endpoint *e, uint64_t now)
{
    e->com.dtr = 0;
    e->com.rts = 0;
    tell_lines(e, now);
    bmi_tcp_left(e, now);
}

const struct bmi_endpoint_kind bmi_endpoint_rfc2217 = {
    .open = open_rfc2217,
    .close = bmi_tcp_close,
    .door = door,
    .received = received,
    .encode = bm_telnet_escape,
    .timer = tell_lines,
    .left = left,
};
