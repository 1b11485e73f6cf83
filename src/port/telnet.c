/* SPDX-License-Identifier: Apache-2.0 */
#include "port/telnet.h"

enum state { PLAIN = 0, COMMAND, OPTION, SUB, SUB_COMMAND };

static enum bm_telnet_event take_command(struct bm_telnet *t, uint8_t byte)
{
    t->state = PLAIN;
    switch (byte) {
    case BM_TELNET_IAC: return BM_TELNET_DATA;
    case BM_TELNET_WILL:
    case BM_TELNET_WONT:
    case BM_TELNET_DO:
    case BM_TELNET_DONT:
        t->verb = byte;
        t->state = OPTION;
        break;
    case BM_TELNET_SB:
        t->sub_len = 0;
        t->long_sub = 0;
        t->state = SUB;
        break;
    default: break; /* NOP, GA, AYT ... */
    }
    return BM_TELNET_NOTHING;
}

static void keep(struct bm_telnet *t, uint8_t byte)
{
    if (t->sub_len < BM_TELNET_SUB_MAX) {
        t->sub[t->sub_len++] = byte;
    } else {
        t->long_sub = 1;
    }
    t->state = SUB;
}

static enum bm_telnet_event take_sub_command(struct bm_telnet *t, uint8_t byte)
{
    if (byte == BM_TELNET_IAC) {
        keep(t, byte);
        return BM_TELNET_NOTHING;
    }
    if (byte == BM_TELNET_SE) {
        t->state = PLAIN;
        return t->sub_len > 0 && !t->long_sub ? BM_TELNET_SUBNEGOTIATION : BM_TELNET_NOTHING;
    }
    return take_command(t, byte); /* it was never ended: what follows counts */
}

enum bm_telnet_event bm_telnet_take(struct bm_telnet *t, uint8_t byte)
{
    switch ((enum state)t->state) {
    case COMMAND: return take_command(t, byte);
    case OPTION: t->state = PLAIN; return BM_TELNET_REQUEST;
    case SUB:
        if (byte == BM_TELNET_IAC) {
            t->state = SUB_COMMAND;
        } else {
            keep(t, byte);
        }
        return BM_TELNET_NOTHING;
    case SUB_COMMAND: return take_sub_command(t, byte);
    case PLAIN:
    default:
        if (byte == BM_TELNET_IAC) {
            t->state = COMMAND;
            return BM_TELNET_NOTHING;
        }
        return BM_TELNET_DATA;
    }
}

size_t bm_telnet_escape(uint8_t *out, const void *data, size_t len)
{
    const uint8_t *from = data;
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        out[n++] = from[i];
        if (from[i] == BM_TELNET_IAC) {
            out[n++] = from[i];
        }
    }
    return n;
}

size_t bm_telnet_com_port(uint8_t *out, uint8_t command, const void *value, size_t len)
{
    size_t n = 0;
    out[n++] = BM_TELNET_IAC;
    out[n++] = BM_TELNET_SB;
    out[n++] = BM_TELNET_COM_PORT;
    out[n++] = command;
    n += bm_telnet_escape(out + n, value, len);
    out[n++] = BM_TELNET_IAC;
    out[n++] = BM_TELNET_SE;
    return n;
}

static size_t say(uint8_t *out, uint8_t verb, uint8_t option)
{
    out[0] = BM_TELNET_IAC;
    out[1] = verb;
    out[2] = option;
    return 3;
}

size_t bm_telnet_ask(struct bm_telnet_terms *terms, uint8_t *out)
{
    size_t n = 0;
    for (unsigned i = 0; i < BM_TELNET_OPTIONS; i++) {
        if (terms->rows[i].we && terms->we[i] == BM_TELNET_OFF) {
            terms->we[i] = BM_TELNET_ASKED;
            n += say(out + n, BM_TELNET_WILL, terms->rows[i].option);
        }
        if (terms->rows[i].they && terms->they[i] == BM_TELNET_OFF) {
            terms->they[i] = BM_TELNET_ASKED;
            n += say(out + n, BM_TELNET_DO, terms->rows[i].option);
        }
    }
    return n;
}

/* Moves one side's state; 1 if that has to be answered. Only changes are, or two sides would talk
 * for ever. */
static int move(uint8_t *state, int on)
{
    const uint8_t before = *state;
    if (on) {
        *state = BM_TELNET_ON;
        return before == BM_TELNET_OFF || before == BM_TELNET_REFUSED;
    }
    *state = before == BM_TELNET_ASKED ? BM_TELNET_REFUSED
                                       : (before == BM_TELNET_ON ? BM_TELNET_OFF : before);
    return before == BM_TELNET_ON;
}

size_t bm_telnet_answer(struct bm_telnet_terms *terms, uint8_t verb, uint8_t option, uint8_t *out)
{
    const int ours = verb == BM_TELNET_DO || verb == BM_TELNET_DONT;
    const int on = verb == BM_TELNET_DO || verb == BM_TELNET_WILL;
    const uint8_t yes = ours ? BM_TELNET_WILL : BM_TELNET_DO;
    const uint8_t no = ours ? BM_TELNET_WONT : BM_TELNET_DONT;
    for (unsigned i = 0; i < BM_TELNET_OPTIONS; i++) {
        const struct bm_telnet_row *row = &terms->rows[i];
        if (row->option == option && (ours ? row->we : row->they)) {
            uint8_t *state = ours ? &terms->we[i] : &terms->they[i];
            return move(state, on) ? say(out, on ? yes : no, option) : 0;
        }
    }
    return on ? say(out, no, option) : 0;
}
