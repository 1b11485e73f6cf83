/* SPDX-License-Identifier: Apache-2.0 */
#include "link/link.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "birthmark/err.h"
#include "link/reset.h"
#include "link/session.h"

/* A session's beginning and end. */

enum { SETUPS = 3, RESET_MS = 500, SYNCS = 3 };

static int start(struct bm_link *link, struct bm_diag *diag)
{
    int rc = BM_E_TIMEOUT;
    for (unsigned i = 0; i < SETUPS; i++) {
        struct bm_diag why = {0};
        link->lenient = i + 1 == SETUPS; /* and at each connecting again */
        link_begin_work(link, 0);
        link->recovering = 1; /* what fails here is begun again here */
        rc = link_connect(link, link->config.attempts, &why);
        const int connected = rc == BM_OK;
        if (connected) {
            rc = link_setup(link, &why);
        }
        link->recovering = 0;
        const int again = connected && (rc == BM_E_TIMEOUT || rc == BM_E_PROTO);
        if (!again || i + 1 == SETUPS || link_stopped(link)) {
            return rc == BM_OK ? rc : bm_diag_set(diag, rc, why.offset, why.where, why.text);
        }
    }
    return rc;
}

int bm_link_open(struct bm_link **out, const struct bm_link_config *config, struct bm_diag *diag)
{
    *out = NULL;
    if (config->before == BM_BEFORE_CUSTOM &&
        (config->sequence == NULL || bm_reset_check(config->sequence, NULL) != BM_OK)) {
        return bm_diag_set(diag, BM_E_ARG, 0, "reset sequence",
                           "steps are D0 D1 R0 R1 U1,0 W0.1, with | between them");
    }
    struct bm_link *link = calloc(1, sizeof *link);
    if (link == NULL) {
        return bm_diag_set(diag, BM_E_NOMEM, 0, NULL, NULL);
    }
    link->config = *config;
    link->serial = config->serial;
    link->baud = BM_ROM_BAUD;
    bm_slip_init(&link->slip, link->frame, sizeof link->frame);
    int rc = link->serial->ops->set_baud != NULL
                 ? link->serial->ops->set_baud(link->serial->ctx, BM_ROM_BAUD)
                 : BM_OK;
    rc = rc == BM_OK ? start(link, diag) : link_fail(link, diag, rc, 0, "setting 115200 baud");
    if (rc != BM_OK) {
        free(link);
        return rc;
    }
    *out = link;
    return BM_OK;
}

/* What is left to do is short, and done also after stop(): where that came in the middle of a
 * request, its late answer is read away first. */
static void settle(struct bm_link *link)
{
    const int stopped = link_stopped(link);
    link->config.stop = NULL;
    link->ends_at = link_now(link) + LINK_CLOSE_MS;
    link->recovering = 1; /* no connecting again */
    link_begin_work(link, 0);
    if (stopped) {
        (void)link_recover(link, NULL);
    }
}

/* What was heard after a reset: 1 text of a start, 0 nothing, or of download mode. */
static int hears_start(struct bm_link *link)
{
    static const char *const loading[] = {"DOWNLOAD", "UART_BOOT", "waiting for download"};
    const uint64_t until = link_now(link) + RESET_MS;
    const uint8_t *frame = NULL;
    size_t len = 0;
    memset(&link->heard, 0, sizeof link->heard);
    while (link_receive(link, until, &frame, &len) == BM_OK) {
    }
    link->heard.text[link->heard.len] = '\0';
    for (size_t i = 0; i < sizeof loading / sizeof loading[0]; i++) {
        if (strstr(link->heard.text, loading[i]) != NULL) {
            return 0;
        }
    }
    return link->heard.bytes > 0;
}

/* The ESP32's ROM goes on to what is in flash when its loader is left; the C3's crashes. */
static int boots_when_left(const struct bm_link *link)
{
    return link->chip->begin_words == 4 && !link->stub;
}

static int can_start(const struct bm_link *link)
{
    return boots_when_left(link) || (link->chip->wdt.resets && !link->info.secure_download);
}

static int leave_loader(struct bm_link *link, struct bm_diag *diag)
{
    static const uint32_t run = 1;
    struct bm_rom_reply reply;
    int rc = link_begin(link, BM_ROM_FLASH_BEGIN, 0, 0, 0, LINK_ROM_BLOCK_MIN);
    rc = rc == BM_OK ? link_words(link, BM_ROM_FLASH_END, &run, 1, LINK_REPLY_MS, &reply) : rc;
    return rc == BM_OK ? rc : link_fail(link, diag, rc, 0, "leaving the loader");
}

int bm_link_start(struct bm_link *link, struct bm_diag *diag)
{
    uint32_t value = 0;
    link->recovering = 1; /* no connecting again */
    int rc = boots_when_left(link) ? leave_loader(link, diag) : link_watchdog_reset(link, diag);
    if (rc != BM_OK || hears_start(link)) {
        return rc;
    }
    for (unsigned i = 0; rc == BM_OK && i < SYNCS; i++) { /* silent: the app, or the loader */
        rc = link_sync_once(link, &value);
    }
    return rc == 1 ? bm_diag_set(diag, BM_E_VERIFY, 0, "start",
                                 "it is in download mode still: is its BOOT pin held?")
                   : rc;
}

void bm_link_close(struct bm_link *link, enum bm_link_after after)
{
    struct bm_diag why = {0};
    if (link == NULL) {
        return;
    }
    settle(link);
    if (after == BM_AFTER_WATCHDOG) {
        if (link_watchdog_reset(link, &why) == BM_OK) {
            link_sleep(link, RESET_MS);
        } else {
            link_say(link, BM_LINK_NOTE, 0, 0, 0, 0, why.text);
        }
    } else if (after == BM_AFTER_HARD_RESET) {
        link_leave_download(link);
        if (link_reset(link, bm_reset_run) == BM_E_ARG) {
            link_say(link, BM_LINK_NOTE, 0, 0, 0, 0,
                     can_start(link) ? "this port cannot reset the board: it stays in download "
                                       "mode; birthmark run starts its app"
                                     : "this port cannot reset the board: it stays in download "
                                       "mode");
        }
    }
    free(link);
}

int bm_link_get_info(struct bm_link *link, struct bm_link_info *out, struct bm_diag *diag)
{
    (void)diag;
    *out = link->info;
    return BM_OK;
}
