/* SPDX-License-Identifier: Apache-2.0 */
#include "link/session.h"

#include <ctype.h>
#include <string.h>

#include "base/base.h"
#include "birthmark/err.h"
#include "link/reset.h"

/* Reset, SYNC, and what to say when nobody answers. */

enum { ATTEMPTS = 7, ATTEMPTS_AGAIN = 4, SYNCS = 5, SYNCS_AGAIN = 25, LOSSES = 32 };

/* Tried in turn: which circuit a board has is not known. */
static const char *const uart_sequences[] = {bm_reset_tight, bm_reset_classic, bm_reset_tight_slow,
                                             bm_reset_classic_slow};
static const char *const usb_sequences[] = {bm_reset_usb, bm_reset_usb, bm_reset_classic};

int link_reset(struct bm_link *link, const char *sequence)
{
    const int rc = bm_reset_run_sequence(sequence, link->serial);
    return rc == BM_E_READONLY ? BM_E_ARG : rc;
}

static const char *sequence_of(const struct bm_link *link, unsigned attempt)
{
    const struct bm_link_config *c = &link->config;
    if (c->before == BM_BEFORE_NONE || link->serial->ops->set_lines == NULL) {
        return NULL;
    }
    if (c->before == BM_BEFORE_CUSTOM) {
        return c->sequence;
    }
    if (c->before == BM_BEFORE_USB || link->serial->kind == BM_SERIAL_USB_JTAG) {
        return usb_sequences[attempt % (sizeof usb_sequences / sizeof usb_sequences[0])];
    }
    return uart_sequences[attempt % (sizeof uart_sequences / sizeof uart_sequences[0])];
}

/* Waits for a SYNC's reply. 1, 0 or BM_E_IO. */
static int await_sync(struct bm_link *link, uint32_t *value)
{
    const uint64_t until = link_now(link) + LINK_SYNC_MS;
    for (;;) {
        const uint8_t *frame = NULL;
        size_t len = 0;
        struct bm_rom_message m;
        const int rc = link_receive(link, until, &frame, &len);
        if (rc == BM_E_TIMEOUT) {
            return 0;
        }
        if (rc != BM_OK && rc != BM_E_PROTO) {
            return rc;
        }
        if (rc == BM_OK && bm_rom_parse(&m, frame, len) == BM_OK && m.op == BM_ROM_SYNC &&
            m.len == m.data_len) {
            if (m.direction == 1) {
                *value = m.value;
                return 1;
            }
            link->heard.echo |= m.data_len == BM_ROM_SYNC_LEN;
        }
    }
}

int link_sync_once(struct bm_link *link, uint32_t *value)
{
    int rc = link_quiet(link, 0);
    if (rc == BM_OK) {
        link->last_op = BM_ROM_SYNC;
        rc = link_send(link, bm_rom_format(link->message, sizeof link->message, 0, BM_ROM_SYNC, 0,
                                           bm_rom_sync, BM_ROM_SYNC_LEN));
    }
    if (rc != BM_OK) {
        return rc == BM_E_TIMEOUT ? 0 : rc;
    }
    rc = await_sync(link, value);
    if (rc == 1) { /* seven more, and those of a SYNC whose first reply was late */
        const int quiet = link_quiet(link, LINK_QUIET_MS);
        rc = quiet == BM_OK ? 1 : quiet;
    }
    return rc;
}

static int sync_some(struct bm_link *link, unsigned times, uint32_t *value)
{
    int rc = 0;
    for (unsigned i = 0; rc == 0 && i < times && !link_stopped(link); i++) {
        rc = link_sync_once(link, value);
    }
    return rc;
}

/* The line of a boot log that says how the board started. */
static void copy_boot_line(char *out, size_t cap, const char *log)
{
    const char *at = strstr(log, "rst:0x");
    size_t n = 0;
    for (at = at != NULL ? at : log; *at != '\0' && n + 1 < cap && isprint((unsigned char)*at);) {
        out[n++] = *at++;
    }
    out[n] = '\0';
}

/* Says what was heard instead of an answer. */
static int explain(struct bm_link *link, struct bm_diag *diag)
{
    struct link_heard *h = &link->heard;
    char text[sizeof diag->text];
    char line[48];
    struct bm_text t;
    h->text[h->len] = '\0';
    bm_text_init(&t, text, sizeof text);
    if (h->echo) {
        bm_text_str(&t, "only our own bytes come back: TX and RX are joined, or the line echoes");
    } else if (h->bytes == 0) {
        bm_text_str(&t, "nothing at all comes back: wrong port, no power, TX and RX swapped, or "
                        "not in download mode (hold BOOT, press RESET)");
    } else if (h->odd * 4 > h->bytes) {
        bm_text_str(&t, "only garbage comes back: wrong baud rate, or this is no ESP32");
    } else if (strstr(h->text, "waiting for download") != NULL) {
        bm_text_str(&t, "the board waits in download mode, but does not hear us: check the wire "
                        "from our TX to its RX");
    } else if (strstr(h->text, "rst:0x") != NULL || strstr(h->text, "boot:0x") != NULL) {
        copy_boot_line(line, sizeof line, h->text);
        bm_text_str(&t, "the board answers with its boot log (");
        bm_text_str(&t, line);
        bm_text_str(&t, "): it is not in download mode; hold BOOT, press RESET");
    } else {
        bm_text_str(&t, "a program runs on the board and writes text: it is not in download mode; "
                        "hold BOOT, press RESET");
    }
    return bm_diag_set(diag, h->bytes == 0 ? BM_E_TIMEOUT : BM_E_PROTO, 0, "connecting", text);
}

/* The speed at which every ROM begins. */
static int to_first_baud(struct bm_link *link)
{
    int rc = BM_OK;
    if (link->serial->ops->set_baud != NULL) { /* also where it should have it: it may not */
        rc = link->serial->ops->set_baud(link->serial->ctx, BM_ROM_BAUD);
    }
    link->baud = BM_ROM_BAUD;
    return rc;
}

static int attempt_once(struct bm_link *link, unsigned attempt, uint32_t *value)
{
    const char *sequence = sequence_of(link, attempt);
    int rc = sequence != NULL ? link_reset(link, sequence) : BM_OK;
    return rc == BM_OK ? sync_some(link, SYNCS, value) : rc;
}

int link_connect(struct bm_link *link, unsigned attempts, struct bm_diag *diag)
{
    const unsigned most = attempts != 0 ? attempts : ATTEMPTS;
    uint32_t value = 0;
    int rc = to_first_baud(link);
    memset(&link->heard, 0, sizeof link->heard);
    if (rc == BM_OK) {
        rc = link_quiet(link, 0);
    }
    memset(&link->heard, 0, sizeof link->heard); /* that was from before */
    for (unsigned i = 0; rc == BM_OK && i < most && !link_stopped(link); i++) {
        link_say(link, BM_LINK_CONNECTING, 0, i + 1, most, 0, NULL);
        rc = attempt_once(link, i, &value);
    }
    if (rc == 1) {
        link->stub = value == 0; /* one that an earlier session left running */
        return BM_OK;
    }
    if (rc == BM_E_ARG) {
        return bm_diag_set(diag, rc, 0, "connecting", "the reset sequence cannot be read");
    }
    if (rc != BM_OK || link_stopped(link)) {
        return link_fail(link, diag, rc != BM_OK ? rc : BM_E_TIMEOUT, 0, "connecting");
    }
    return explain(link, diag);
}

static int reconnect(struct bm_link *link, struct bm_diag *diag)
{
    link->recovering = 1;
    link_say(link, BM_LINK_RETRY, 0, 0, 0, 0, "the board does not answer: connecting again");
    int rc = link_connect(link, ATTEMPTS_AGAIN, diag);
    if (rc == BM_OK) {
        rc = link_setup(link, diag);
    }
    link->recovering = 0;
    return rc;
}

void link_begin_work(struct bm_link *link, uint64_t bytes)
{
    link->losses = 0;
    link->losses_most = LOSSES + (unsigned)(bytes / (LINK_SECTOR / 2));
}

int link_recover(struct bm_link *link, struct bm_diag *diag)
{
    uint32_t value = 0;
    link->refusal = 0;
    if (++link->losses > link->losses_most) {
        return bm_diag_set(diag, BM_E_TIMEOUT, 0, "board",
                           "too many messages get lost: a bad cable, or too high a speed");
    }
    link->awaited = link->last_op;
    link->late = 0;
    int rc = link_quiet(link, LINK_QUIET_MS);
    if (rc == BM_OK) {
        rc = sync_some(link, SYNCS_AGAIN, &value);
    }
    link->awaited = 0;
    if (rc < 0 || link_stopped(link)) {
        return link_fail(link, diag, rc < 0 ? rc : BM_E_TIMEOUT, 0, "getting the board back");
    }
    if (rc == 1 && (value == 0) == link->stub) {
        link->damaged += !link->late; /* the board is there, and was: the line lost something */
        if (link->recovering) {
            return BM_OK;
        }
        link->recovering = 1; /* it may be another ROM's session than before */
        rc = link_attach(link, diag);
        link->recovering = 0;
        return rc;
    }
    if (link->recovering) {
        return link_fail(link, diag, BM_E_TIMEOUT, 0, "getting the board back");
    }
    return reconnect(link, diag);
}
