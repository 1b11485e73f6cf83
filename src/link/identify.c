/* SPDX-License-Identifier: Apache-2.0 */
#include "link/session.h"

#include <string.h>

#include "base/base.h"
#include "birthmark/err.h"

/* From SYNC to work: which chip, which board, its flash, the speed. */

enum { USUAL_FLASH = 4 << 20, BAUD_SETTLE_MS = 50, BAUD_SYNCS = 5 };

static int read_twice(void *ctx, uint32_t addr, uint32_t *value)
{
    return link_read_reg_twice(ctx, addr, value, NULL);
}

/* For what a chip need not tell: BM_OK where it refused, or is silent also in the last session, on
 * a line that damages nothing. */
static int unknown_if(struct bm_link *link, int rc)
{
    const int refused = rc == BM_E_PROTO && link->refusal != 0;
    const int silent = link->lenient && rc == BM_E_TIMEOUT && link->garbled == link->garbled_before;
    return refused || (silent && !link_stopped(link)) ? BM_OK : rc;
}

/* GET_SECURITY_INFO; BM_E_PROTO where the chip has none. */
static int read_security(struct bm_link *link, struct bm_chip_security *info, struct bm_diag *diag)
{
    struct bm_rom_reply reply;
    int rc = link_ask(link, BM_ROM_GET_SECURITY_INFO, NULL, 0, 0, LINK_REPLY_MS, &reply, diag);
    if (rc == BM_OK) {
        /* A stub gives the bytes and its shorter status. */
        rc = bm_chip_parse_security(info, reply.payload, reply.payload_len);
        if (rc != BM_OK) {
            rc = link_fail(link, diag, rc, 0, bm_rom_op_name(BM_ROM_GET_SECURITY_INFO));
        }
    }
    return rc;
}

static int odd_bits(uint32_t bits)
{
    int odd = 0;
    for (; bits != 0; bits &= bits - 1) {
        odd = !odd;
    }
    return odd;
}

/* By the register where that is sure, else by what the chip says of itself. */
static int find_chip(struct bm_link *link, const struct bm_chip **chip, struct bm_diag *diag)
{
    struct bm_link_info *info = &link->info;
    struct bm_chip_security security = {.chip_id = -1};
    struct bm_diag why = {0};
    uint32_t magic = 0;
    int rc = link_read_reg_twice(link, BM_CHIP_MAGIC_REG, &magic, &why);
    if (rc != BM_OK && link->refusal == 0) {
        return bm_diag_set(diag, rc, 0, why.where, why.text);
    }
    const int registers = rc == BM_OK; /* else refused: secure download mode */
    *chip = registers ? bm_chip_by_magic(magic) : NULL;
    info->secure_boot = info->flash_encryption = -1;
    if (*chip != NULL && (*chip)->security_info_len == 0) {
        return BM_OK;
    }
    rc = read_security(link, &security, &why);
    if (rc != BM_OK && (*chip != NULL ? unknown_if(link, rc) != BM_OK : link->refusal == 0)) {
        return bm_diag_set(diag, rc, 0, why.where, why.text);
    }
    if (rc == BM_OK) {
        info->security_flags = security.flags;
        info->secure_boot = (security.flags & BM_CHIP_SECURE_BOOT) != 0;
        info->flash_encryption = odd_bits(security.crypt_count);
        info->secure_download = !registers || (security.flags & BM_CHIP_SECURE_DOWNLOAD) != 0;
        if (security.chip_id >= 0) {
            *chip = bm_chip_by_image_id(security.chip_id);
        } else if (*chip == NULL) { /* only one chip has the short form */
            *chip = bm_chip_by_name("esp32s2");
        }
    }
    return BM_OK;
}

static int check_chip(struct bm_link *link, const struct bm_chip *chip, struct bm_diag *diag)
{
    const struct bm_chip *wanted = link->config.chip;
    char text[96];
    struct bm_text t;
    if (chip == NULL) {
        return bm_diag_set(diag, BM_E_PROTO, 0, "connecting",
                           "it answers like an ESP chip, but this one is not known");
    }
    if (wanted == NULL || wanted == chip) {
        return BM_OK;
    }
    bm_text_init(&t, text, sizeof text);
    bm_text_str(&t, "this is an ");
    bm_text_str(&t, chip->name);
    bm_text_str(&t, ", not an ");
    bm_text_str(&t, wanted->name);
    return bm_diag_set(diag, BM_E_TYPE, 0, "connecting", text);
}

static int read_security_bits(struct bm_link *link, struct bm_link_info *info)
{
    int boot = 0;
    int crypt = 0;
    const int rc =
        bm_chip_read_security(link->chip, read_twice, link, info->revision, &boot, &crypt);
    info->secure_boot = rc == BM_OK ? boot : -1;
    info->flash_encryption = rc == BM_OK ? crypt : -1;
    return unknown_if(link, rc);
}

/* MAC, revision and what else registers tell; all of it may stay unknown. */
static int read_identity(struct bm_link *link, struct bm_link_info *info, struct bm_diag *diag)
{
    unsigned mhz = 0;
    int rc = unknown_if(link, bm_chip_read_mac(link->chip, read_twice, link, info->mac));
    if (rc == BM_OK) {
        rc = bm_chip_read_revision(link->chip, read_twice, link, &info->revision);
        info->revision_unknown = rc != BM_OK;
        info->revision = rc == BM_OK ? info->revision : 0;
        rc = unknown_if(link, rc);
    }
    if (rc == BM_OK) {
        rc = bm_chip_read_crystal(link->chip, read_twice, link, BM_ROM_BAUD, &mhz);
        info->crystal_mhz = rc == BM_OK ? mhz : 0;
        rc = unknown_if(link, rc);
    }
    if (rc == BM_OK) {
        rc = bm_chip_read_port(link->chip, read_twice, link, info->revision, &link->port);
        rc = unknown_if(link, rc);
    }
    if (rc == BM_OK && link->chip->security_info_len == 0) {
        rc = read_security_bits(link, info);
    }
    return rc == BM_OK ? rc : link_fail(link, diag, rc, 0, "reading the chip's identity");
}

static int has_mac(const struct bm_link_info *info)
{
    static const uint8_t none[sizeof info->mac];
    return memcmp(info->mac, none, sizeof none) != 0;
}

/* The same board as before a break, not just another one on the same port. */
static int identify(struct bm_link *link, struct bm_diag *diag)
{
    const struct bm_link_info before = link->info;
    const struct bm_chip *chip = NULL;
    memset(&link->info, 0, sizeof link->info);
    int rc = find_chip(link, &chip, diag);
    if (rc == BM_OK) {
        rc = check_chip(link, chip, diag);
    }
    if (rc == BM_OK) {
        link->chip = link->info.chip = chip;
        link->info.revision_unknown = link->info.secure_download;
        rc = link->info.secure_download ? BM_OK : read_identity(link, &link->info, diag);
    }
    if (link->known) {
        const int same = chip == before.chip && memcmp(before.mac, link->info.mac, 6) == 0;
        const int silent = has_mac(&before) && !has_mac(&link->info);
        link->info = before;
        link->chip = before.chip;
        if (rc == BM_OK && silent && !link->info.secure_download) {
            rc = link_fail(link, diag, BM_E_TIMEOUT, 0, "reading the chip's identity");
        } else if (rc == BM_OK && !same) {
            rc = bm_diag_set(diag, BM_E_TYPE, 0, "board", "another board answers now");
        }
    }
    return rc;
}

/* They go on over the chip's own USB port, and would reset it in the middle. */
static int stop_watchdogs(struct bm_link *link, struct bm_diag *diag)
{
    const struct bm_chip_wdt *w = &link->chip->wdt;
    uint32_t conf = 0;
    int rc = BM_OK;
    if (link->port != BM_CHIP_PORT_USB_JTAG || w->wprotect == 0) {
        return BM_OK;
    }
    rc = link_write_reg(link, w->wprotect, w->wkey, diag);
    rc = rc == BM_OK ? link_write_reg(link, w->config0, 0, diag) : rc;
    rc = rc == BM_OK ? link_write_reg(link, w->wprotect, 0, diag) : rc;
    if (rc == BM_OK && w->swd_conf != 0) {
        rc = link_write_reg(link, w->swd_wprotect, w->swd_wkey, diag);
        rc = rc == BM_OK ? link_read_reg_twice(link, w->swd_conf, &conf, diag) : rc;
        rc = rc == BM_OK ? link_write_reg(link, w->swd_conf, conf | w->swd_auto_feed, diag) : rc;
        rc = rc == BM_OK ? link_write_reg(link, w->swd_wprotect, 0, diag) : rc;
    }
    return rc;
}

static int power_flash(struct bm_link *link, struct bm_diag *diag)
{
    const struct bm_chip_power *p = link->chip->flash_power;
    int rc = BM_OK;
    if (p == NULL || link->info.revision < link->chip->flash_power_from) {
        return BM_OK;
    }
    for (; rc == BM_OK && p->addr != 0; p++) {
        uint32_t value = 0;
        rc = link_read_reg_twice(link, p->addr, &value, diag);
        rc = rc == BM_OK ? link_write_reg(link, p->addr, (value & ~p->clear) | p->set, diag) : rc;
        link_sleep(link, p->wait_ms);
    }
    return rc;
}

int link_attach(struct bm_link *link, struct bm_diag *diag)
{
    static const uint32_t pins[2] = {0, 0};
    const uint32_t size = link->info.flash_size != 0 ? link->info.flash_size : USUAL_FLASH;
    const uint32_t params[] = {0, size, 0x10000, LINK_SECTOR, 0x100, 0xffff};
    struct bm_rom_reply reply;
    int rc =
        link_ask(link, BM_ROM_SPI_ATTACH, pins, link->stub ? 1 : 2, 0, LINK_REPLY_MS, &reply, diag);
    if (rc == BM_OK) {
        rc = link_ask(link, BM_ROM_SPI_SET_PARAMS, params, 6, 0, LINK_REPLY_MS, &reply, diag);
    }
    return rc;
}

static int find_flash(struct bm_link *link, struct bm_diag *diag)
{
    struct bm_link_info *info = &link->info;
    int rc = link_attach(link, diag); /* the id is read on pins that are attached */
    if (rc != BM_OK || link->known) {
        return rc;
    }
    if (!info->secure_download) {
        rc = unknown_if(link, link_flash_id(link, &info->flash_id, diag));
        if (rc == BM_OK && link_flash_size(info->flash_id) == 0) { /* perhaps the line's doing */
            rc = unknown_if(link, link_flash_id(link, &info->flash_id, diag));
        }
    }
    info->flash_size =
        link->config.flash_size != 0 ? link->config.flash_size : link_flash_size(info->flash_id);
    if (rc == BM_OK && info->flash_size == 0) {
        link_say(link, BM_LINK_NOTE, 0, 0, 0, 0,
                 "the flash does not tell its size: taken for 4 MB (--flash-size says another)");
    }
    return rc == BM_OK && info->flash_size != 0 && info->flash_size != USUAL_FLASH
               ? link_attach(link, diag)
               : rc;
}

/* Tells the chip a speed. Codes of link_exchange(). */
static int ask_baud(struct bm_link *link, uint32_t baud)
{
    struct bm_rom_reply reply;
    uint32_t words[2] = {baud, link->stub ? link->baud : 0};
    int rc = BM_OK;
    if (!link->stub && !link->info.secure_download) {
        rc = bm_chip_read_rom_baud(link->chip, read_twice, link, link->baud, baud, &words[0]);
    }
    return rc == BM_OK ? link_words(link, BM_ROM_CHANGE_BAUDRATE, words, 2, LINK_REPLY_MS, &reply)
                       : rc;
}

/* Sets the port and looks whether the chip is there. 1, 0 or BM_E_IO. */
static int try_baud(struct bm_link *link, uint32_t baud)
{
    const struct bm_serial *s = link->serial;
    uint32_t value = 0;
    int rc = s->ops->set_baud(s->ctx, baud) == BM_OK ? 0 : BM_E_IO;
    link->baud = baud;
    link_sleep(link, BAUD_SETTLE_MS); /* then a stray 0xc0 has come, which SYNC reads away */
    for (unsigned i = 0; rc == 0 && i < BAUD_SYNCS; i++) {
        rc = link_sync_once(link, &value);
    }
    return rc;
}

static int stay_slow(struct bm_link *link, const char *why)
{
    link->config.baud = 0;
    link_say(link, BM_LINK_NOTE, 0, 0, 0, 0, why);
    return BM_OK;
}

/* Goes to the speed of the work, or stays where port, chip or line do not carry it. The request
 * cannot be repeated: when its reply is lost the chip may be at either speed. */
static int change_baud(struct bm_link *link, struct bm_diag *diag)
{
    const struct bm_serial *s = link->serial;
    const uint32_t old = link->baud;
    const uint32_t baud = link->config.baud;
    if (baud == 0 || baud == old || s->kind == BM_SERIAL_USB_JTAG) {
        return BM_OK;
    }
    const int able = s->ops->set_baud != NULL && s->ops->set_baud(s->ctx, baud) == BM_OK;
    int rc = s->ops->set_baud != NULL ? s->ops->set_baud(s->ctx, old) : BM_OK;
    if (!able && rc == BM_OK) {
        return stay_slow(link, "this port cannot go to that speed: 115200 baud");
    }
    link->refusal = 0;
    rc = rc == BM_OK ? ask_baud(link, baud) : rc;
    if (link->refusal != 0) {
        return stay_slow(link, "the chip refuses that speed: 115200 baud");
    }
    if (rc == BM_OK || rc == BM_E_TIMEOUT || rc == BM_E_PROTO) {
        rc = try_baud(link, baud);
        if (rc == 0) {
            (void)stay_slow(link, "the line does not carry that speed: 115200 baud");
            rc = try_baud(link, old);
        }
        rc = rc == 1 ? BM_OK : rc == 0 ? BM_E_TIMEOUT : rc;
    }
    return rc == BM_OK ? rc : link_fail(link, diag, rc, 0, "changing the speed");
}

int link_setup(struct bm_link *link, struct bm_diag *diag)
{
    link->garbled_before = link->garbled;
    int rc = identify(link, diag);
    if (rc == BM_OK && !link->info.secure_download) {
        rc = unknown_if(link, stop_watchdogs(link, diag));
        rc = rc == BM_OK ? unknown_if(link, power_flash(link, diag)) : rc;
    }
    if (rc == BM_OK && link->config.stub != NULL && !link->stub && !link->info.secure_download) {
        rc = link_stub_start(link, link->config.stub, diag);
    }
    rc = rc == BM_OK ? find_flash(link, diag) : rc;
    rc = rc == BM_OK ? change_baud(link, diag) : rc;
    if (rc == BM_OK) {
        const int first = !link->known;
        link->block = link->stub                           ? LINK_STUB_BLOCK
                      : link->port == BM_CHIP_PORT_USB_OTG ? LINK_OTG_BLOCK
                                                           : LINK_ROM_BLOCK;
        link->block_most = link->block;
        link->known = 1;
        if (first) {
            link_say(link, BM_LINK_CONNECTED, 0, 0, 0, link->wire, NULL);
        }
    }
    return rc;
}

void link_leave_download(struct bm_link *link)
{
    const struct bm_chip *chip = link->chip;
    uint32_t value = 0;
    if (chip->force_download != 0 && !link->info.secure_download &&
        link_read_reg(link, chip->force_download, &value, NULL) == BM_OK &&
        (value & chip->force_download_mask) != 0) {
        (void)link_write_reg(link, chip->force_download, value & ~chip->force_download_mask, NULL);
    }
}

int link_watchdog_reset(struct bm_link *link, struct bm_diag *diag)
{
    const struct bm_chip_wdt *w = &link->chip->wdt;
    if (w->wprotect == 0 || !w->resets || link->info.secure_download) {
        return bm_diag_set(diag, BM_E_ARG, 0, "reset",
                           "this chip cannot be reset by its watchdog: use the lines");
    }
    link_leave_download(link);
    int rc = link_write_reg(link, w->wprotect, w->wkey, diag);
    rc = rc == BM_OK ? link_write_reg(link, w->config1, BM_CHIP_WDT_TICKS, diag) : rc;
    return rc == BM_OK ? link_write_reg(link, w->config0, BM_CHIP_WDT_RESET, diag) : rc;
}
