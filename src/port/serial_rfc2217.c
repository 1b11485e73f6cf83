/* SPDX-License-Identifier: Apache-2.0 */
/* The client of RFC 2217: a serial port of another machine, with its speed and lines. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "port/clock.h"
#include "port/remote.h"
#include "port/tcp.h"
#include "port/telnet.h"
#include "port/wire.h"

enum {
    CONNECT_MS = 5000,
    CONTROL_MS = 1000, /* servers that never answer SET-CONTROL are common enough */
    CHUNK = 1024
};

static void close_remote(struct bmi_wire *line)
{
    close(line->fd);
    free(line);
}

static int read_remote(void *ctx, void *buf, size_t cap, unsigned timeout_ms)
{
    struct bmi_remote *r = ctx;
    const uint64_t until = bm_port_now_us() + (uint64_t)timeout_ms * 1000;
    bm_tcp_hurry(r->line.fd);
    while (r->kept == 0) {
        /* negotiation is no input: go on waiting, but not longer than asked */
        const int rc = bmi_remote_pump(r, until);
        if (rc <= 0) {
            return rc;
        }
        if (r->kept == 0 && bm_port_now_us() > until) {
            return 0;
        }
    }
    return (int)bmi_remote_take(r, buf, cap);
}

static int write_remote(void *ctx, const void *data, size_t len, unsigned timeout_ms)
{
    struct bmi_remote *r = ctx;
    const uint8_t *from = data;
    uint8_t escaped[2 * CHUNK];
    const uint64_t until = bm_port_now_us() + (uint64_t)timeout_ms * 1000;
    while (r->suspended) {
        const int rc = bmi_remote_pump(r, until);
        if (rc < 0) {
            return rc;
        }
        if (r->suspended && bm_port_now_us() > until) {
            return BM_E_TIMEOUT;
        }
    }
    while (len > 0) {
        const size_t n = len < CHUNK ? len : CHUNK;
        const int rc = bmi_wire_write(r, escaped, bm_telnet_escape(escaped, from, n), timeout_ms);
        if (rc != BM_OK) {
            return rc;
        }
        from += n;
        len -= n;
    }
    return BM_OK;
}

static int set_baud(void *ctx, uint32_t baud)
{
    struct bmi_remote *r = ctx;
    const uint8_t value[4] = {(uint8_t)(baud >> 24), (uint8_t)(baud >> 16), (uint8_t)(baud >> 8),
                              (uint8_t)baud};
    uint8_t out[16];
    if (baud == 0) {
        return BM_E_ARG;
    }
    const size_t len = bm_telnet_com_port(out, BM_COM_BAUD, value, sizeof value);
    const int rc = bmi_remote_ask(r, out, len, BM_COM_BAUD, 1, r->timeout_ms);
    if (rc != BM_OK) {
        return rc;
    }
    /* the answer is what it became: dividers are not exact */
    const uint32_t got = r->baud;
    const uint32_t off = got > baud ? got - baud : baud - got;
    return off <= baud / 32 ? BM_OK : BM_E_ARG;
}

/* Both in one segment, so that they change as near to each other as the other side can. */
static int set_lines(void *ctx, int dtr, int rts)
{
    struct bmi_remote *r = ctx;
    uint8_t out[32];
    size_t len = 0;
    unsigned answers = 0;
    const uint8_t dtr_value = dtr ? BM_COM_DTR_ON : BM_COM_DTR_OFF;
    const uint8_t rts_value = rts ? BM_COM_RTS_ON : BM_COM_RTS_OFF;
    if (r->dtr != dtr_value) {
        len += bm_telnet_com_port(out, BM_COM_CONTROL, &dtr_value, 1);
        answers++;
    }
    if (r->rts != rts_value) {
        len += bm_telnet_com_port(out + len, BM_COM_CONTROL, &rts_value, 1);
        answers++;
    }
    r->dtr = dtr_value;
    r->rts = rts_value;
    if (answers == 0) {
        return BM_OK;
    }
    if (r->deaf) {
        return bmi_wire_write(r, out, len, r->timeout_ms);
    }
    const unsigned ms = r->timeout_ms < CONTROL_MS ? r->timeout_ms : CONTROL_MS;
    const int rc = bmi_remote_ask(r, out, len, BM_COM_CONTROL, answers, ms);
    if (rc == BM_E_TIMEOUT) {
        r->deaf = 1; /* it obeys, and says nothing, as esptool's server does */
        return BM_OK;
    }
    return rc;
}

static const struct bm_serial_ops ops = {
    .read = read_remote,
    .write = write_remote,
    .set_baud = set_baud,
    .set_lines = set_lines,
    .now_ms = bmi_wire_now_ms,
    .sleep_ms = bmi_wire_sleep_ms,
};

/* Options behind '?', as other clients have them: timeout=SECONDS, ign_set_control. */
static int parse_options(struct bmi_remote *r, const char *text, struct bm_diag *diag)
{
    while (text != NULL && *text != '\0') {
        const size_t len = strcspn(text, "&");
        if (strncmp(text, "timeout=", 8) == 0) {
            char *end = NULL;
            const double seconds = strtod(text + 8, &end);
            if (end != text + len || !(seconds > 0 && seconds <= 600)) {
                return bm_diag_set(diag, BM_E_ARG, 0, NULL, "timeout takes seconds up to 600");
            }
            r->timeout_ms = (unsigned)(seconds * 1000) + 1;
        } else if (len == 15 && strncmp(text, "ign_set_control", len) == 0) {
            r->deaf = 1;
        } else {
            return bm_diag_set(diag, BM_E_ARG, 0, NULL,
                               "options behind '?' are timeout=SECONDS and ign_set_control");
        }
        text += len + (text[len] == '&');
    }
    return BM_OK;
}

/* The port's form: 8N1, no flow control; and what came before is thrown away. */
static int configure(struct bmi_remote *r, uint32_t baud, struct bm_diag *diag)
{
    static const struct {
        uint8_t command, value;
    } rows[] = {
        {BM_COM_DATASIZE, 8}, {BM_COM_PARITY, 1},
        {BM_COM_STOPSIZE, 1}, {BM_COM_CONTROL, BM_COM_FLOW_NONE},
        {BM_COM_PURGE, 3},
    };
    uint8_t out[64];
    size_t len = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        len += bm_telnet_com_port(out + len, rows[i].command, &rows[i].value, 1);
    }
    int rc = bmi_wire_write(r, out, len, r->timeout_ms);
    if (rc == BM_OK) {
        rc = set_baud(r, baud);
    }
    r->kept = 0;
    switch (rc) {
    case BM_OK: return rc;
    case BM_E_ARG: return bm_diag_set(diag, rc, 0, NULL, "this speed cannot be set there");
    default: return bm_diag_set(diag, rc, 0, NULL, "agreed to RFC 2217, but did not set the speed");
    }
}

static int begin(struct bmi_remote *r, const char *name, uint32_t baud, struct bm_diag *diag)
{
    struct bm_address to;
    const char *query = strchr(name, '?');
    size_t len = query != NULL ? (size_t)(query - name) : strlen(name);
    if (len > 0 && name[len - 1] == '/') {
        len--;
    }
    int rc = bm_address_parse(&to, name, len, 0, diag);
    if (rc == BM_OK && query != NULL) {
        rc = parse_options(r, query + 1, diag);
    }
    if (rc != BM_OK) {
        return rc;
    }
    rc = bm_tcp_connect(&to, CONNECT_MS, diag);
    if (rc < 0) {
        return rc;
    }
    r->line.fd = rc;
    rc = bmi_remote_agree(r, diag);
    return rc == BM_OK ? configure(r, baud, diag) : rc;
}

int bmi_open_rfc2217(struct bm_serial *out, const char *name, uint32_t baud, struct bm_diag *diag)
{
    struct bmi_remote *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return bm_diag_set(diag, BM_E_NOMEM, 0, NULL, NULL);
    }
    bmi_remote_init(r);
    r->line.close = close_remote;
    const int rc = begin(r, name, baud, diag);
    if (rc != BM_OK) {
        if (r->line.fd >= 0) {
            close(r->line.fd);
        }
        free(r);
        return rc;
    }
    out->ops = &ops;
    out->ctx = r;
    out->kind = BM_SERIAL_UART;
    return BM_OK;
}
