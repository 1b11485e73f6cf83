/* SPDX-License-Identifier: Apache-2.0 */
#include "port/remote.h"

#include <string.h>

#include "base/base.h"
#include "port/clock.h"

enum { TIMEOUT_MS = 3000 };

enum { BINARY = 0, SGA, COM_PORT, ECHO_BACK };

static const struct bm_telnet_row rows[BM_TELNET_OPTIONS] = {
    [BINARY] = {BM_TELNET_BINARY, 1, 1},
    [SGA] = {BM_TELNET_SGA, 1, 1},
    [COM_PORT] = {BM_TELNET_COM_PORT, 1, 0},
    [ECHO_BACK] = {BM_TELNET_ECHO, 0, 1},
};

void bmi_remote_init(struct bmi_remote *r)
{
    r->line.fd = -1;
    r->line.is_socket = 1;
    r->timeout_ms = TIMEOUT_MS;
    r->terms.rows = rows;
}

static void keep(struct bmi_remote *r, uint8_t byte)
{
    if (r->kept == BMI_REMOTE_KEEP) { /* the oldest goes, as in a UART that nobody reads */
        r->first = (r->first + 1) % BMI_REMOTE_KEEP;
        r->kept--;
    }
    r->data[(r->first + r->kept++) % BMI_REMOTE_KEEP] = byte;
}

size_t bmi_remote_take(struct bmi_remote *r, void *buf, size_t cap)
{
    uint8_t *out = buf;
    size_t n = 0;
    while (n < cap && r->kept > 0) {
        out[n++] = r->data[r->first];
        r->first = (r->first + 1) % BMI_REMOTE_KEEP;
        r->kept--;
    }
    return n;
}

/* What the server says of its port. */
static void heard(struct bmi_remote *r)
{
    const uint8_t *sub = r->in.sub;
    if (r->in.sub_len < 2 || sub[0] != BM_TELNET_COM_PORT || sub[1] < BM_COM_SERVER ||
        sub[1] >= BM_COM_SERVER + BMI_REMOTE_COMMANDS) {
        return;
    }
    const unsigned command = sub[1] - BM_COM_SERVER;
    r->answers[command]++;
    if (command == BM_COM_BAUD && r->in.sub_len >= 6) {
        r->baud = (uint32_t)sub[2] << 24 | (uint32_t)sub[3] << 16 | (uint32_t)sub[4] << 8 | sub[5];
    } else if (command == BM_COM_SUSPEND || command == BM_COM_RESUME) {
        r->suspended = command == BM_COM_SUSPEND;
    }
}

int bmi_remote_pump(struct bmi_remote *r, uint64_t until)
{
    uint8_t in[4096];
    uint8_t out[3];
    const uint64_t now = bm_port_now_us();
    const uint64_t ms = until > now ? (until - now + 999) / 1000 : 0;
    const int n = bmi_wire_read(r, in, sizeof in, (unsigned)ms);
    if (n <= 0) {
        return n;
    }
    for (int i = 0; i < n; i++) {
        switch (bm_telnet_take(&r->in, in[i])) {
        case BM_TELNET_DATA: keep(r, in[i]); break;
        case BM_TELNET_SUBNEGOTIATION: heard(r); break;
        case BM_TELNET_REQUEST: {
            const size_t len = bm_telnet_answer(&r->terms, r->in.verb, in[i], out);
            if (len > 0 && bmi_wire_write(r, out, len, r->timeout_ms) != BM_OK) {
                return BM_E_IO;
            }
            break;
        }
        case BM_TELNET_NOTHING:
        default: break;
        }
    }
    return 1;
}

int bmi_remote_ask(struct bmi_remote *r, const uint8_t *out, size_t len, uint8_t command,
                   unsigned answers, unsigned timeout_ms)
{
    const uint64_t until = bm_port_now_us() + (uint64_t)timeout_ms * 1000;
    r->answers[command] = 0;
    int rc = bmi_wire_write(r, out, len, timeout_ms);
    while (rc >= 0 && r->answers[command] < answers) {
        rc = bmi_remote_pump(r, until);
        if (rc >= 0 && r->answers[command] < answers && bm_port_now_us() > until) {
            return BM_E_TIMEOUT; /* also where a board that talks on keeps us reading */
        }
    }
    return rc < 0 ? rc : BM_OK;
}

/* The text that came in place of an agreement, as "port is in use"; its first line. */
static int other_words(struct bmi_remote *r, int code, const char *what, struct bm_diag *diag)
{
    char said[60];
    char text[sizeof diag->text];
    struct bm_text t;
    const size_t n = bmi_remote_take(r, said, sizeof said - 1);
    size_t len = 0;
    while (len < n && said[len] >= ' ' && said[len] <= '~') {
        len++;
    }
    said[len] = '\0';
    bm_text_init(&t, text, sizeof text);
    bm_text_str(&t, what);
    if (len > 0) {
        bm_text_str(&t, "; it says: ");
        bm_text_str(&t, said);
    }
    return bm_diag_set(diag, code, 0, NULL, text);
}

int bmi_remote_agree(struct bmi_remote *r, struct bm_diag *diag)
{
    uint8_t out[6 * BM_TELNET_OPTIONS];
    const uint64_t until = bm_port_now_us() + (uint64_t)r->timeout_ms * 1000;
    int rc = bmi_wire_write(r, out, bm_telnet_ask(&r->terms, out), r->timeout_ms);
    while (rc >= 0 && r->terms.we[COM_PORT] != BM_TELNET_ON &&
           r->terms.we[COM_PORT] != BM_TELNET_REFUSED) {
        rc = bmi_remote_pump(r, until);
        if (rc >= 0 && r->terms.we[COM_PORT] == BM_TELNET_ASKED && bm_port_now_us() > until) {
            return other_words(r, BM_E_PROTO,
                               "somebody is there, but does not speak RFC 2217 (if it passes bytes "
                               "on as they are: socket://)",
                               diag);
        }
    }
    if (rc < 0) {
        return other_words(r, BM_E_IO, "the other side hung up", diag);
    }
    if (r->terms.we[COM_PORT] == BM_TELNET_REFUSED) {
        return other_words(r, BM_E_PROTO, "the other side speaks Telnet, but refuses RFC 2217",
                           diag);
    }
    return BM_OK;
}
