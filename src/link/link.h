/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LINK_LINK_H
#define BM_LINK_LINK_H

/* A session with a board in download mode: its ROM loader, or a stub in its place. Host room: it
 * may allocate. Nothing here prints; progress goes to a callback. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/err.h"
#include "birthmark/flash.h"
#include "birthmark/serial.h"
#include "proto/chip.h"

/* How a board is brought into download mode, and out of it. */
enum bm_link_before { BM_BEFORE_DEFAULT = 0, BM_BEFORE_USB, BM_BEFORE_NONE, BM_BEFORE_CUSTOM };
enum bm_link_after { BM_AFTER_HARD_RESET = 0, BM_AFTER_NONE, BM_AFTER_WATCHDOG };

enum bm_link_stage {
    BM_LINK_CONNECTING = 0,
    BM_LINK_CONNECTED,
    BM_LINK_STUB,
    BM_LINK_ERASING,
    BM_LINK_WRITING,
    BM_LINK_VERIFYING,
    BM_LINK_READING,
    BM_LINK_SKIPPED,
    BM_LINK_RETRY,
    BM_LINK_NOTE
};

struct bm_link_progress {
    enum bm_link_stage stage;
    uint32_t offset;      /* of the region worked on */
    uint64_t done, total; /* bytes of it */
    uint64_t wire;        /* bytes that went over the wire for it */
    const char *text;     /* a note, or NULL */
};

struct bm_link_stub; /* stub.h: loaded from esptool's JSON */

struct bm_link_config {
    const struct bm_serial *serial;
    enum bm_link_before before;
    const char *sequence;       /* for BM_BEFORE_CUSTOM: see reset.h */
    uint32_t baud;              /* for the work, after connecting at 115200; 0: stay */
    const struct bm_chip *chip; /* NULL: find out; else refuse another one */
    unsigned attempts;          /* of connecting; 0: the usual 7 */
    const struct bm_link_stub *stub;
    void (*progress)(void *ctx, const struct bm_link_progress *p); /* or NULL */
    int (*stop)(void *ctx); /* 1: give up soon (Ctrl-C); or NULL */
    void *ctx;
    uint32_t flash_size; /* bytes; 0: by the flash's id */
};

struct bm_link;

/* Connects: reset, sync, chip, flash attached, its size set.
 * Returns BM_OK; BM_E_TIMEOUT (nobody answers), BM_E_PROTO (somebody else does), BM_E_IO (the line
 * is gone), BM_E_TYPE (another chip than asked for), BM_E_NOMEM; diag says it in words for the
 * user, with what was received instead (boot log, garbage of a wrong baud). */
int bm_link_open(struct bm_link **out, const struct bm_link_config *config, struct bm_diag *diag);

/* Has the chip start what is in flash, without lines: by its watchdog, or on an ESP32 by leaving
 * the loader. Close the session after it, with BM_AFTER_NONE. BM_OK; BM_E_ARG: this chip has no
 * way; BM_E_VERIFY: it is in download mode still, or again; BM_E_TIMEOUT, BM_E_PROTO, BM_E_IO. */
int bm_link_start(struct bm_link *link, struct bm_diag *diag);

/* Ends the session in the way asked for; NULL is left alone. */
void bm_link_close(struct bm_link *link, enum bm_link_after after);

struct bm_link_info {
    const struct bm_chip *chip;
    uint8_t mac[6];    /* all 0: unknown */
    unsigned revision; /* major * 100 + minor */
    int revision_unknown;
    uint32_t flash_id;    /* JEDEC: manufacturer in the low byte, then type, capacity; 0: unknown */
    uint32_t flash_size;  /* bytes; 0: unknown */
    uint32_t crystal_mhz; /* 0: unknown */
    int secure_download;  /* only writing is allowed: no registers, no reading */
    int secure_boot, flash_encryption; /* -1: unknown */
    uint32_t security_flags;
};
int bm_link_get_info(struct bm_link *link, struct bm_link_info *out, struct bm_diag *diag);

enum bm_link_write_flags {
    BM_WRITE_PLAIN = 1u << 0, /* no compression */
    BM_WRITE_ALWAYS = 1u << 1 /* also what is there already */
};

/* Writes bytes at an offset (a multiple of 4096; the rest of the last sector that is written gets
 * erased, as with esptool). Sectors whose MD5 is right already are left alone. What gets lost or
 * damaged is begun again, some times. Returns BM_OK only after the MD5 of the whole was right; in
 * secure download mode, where the chip gives none, after it took all (and a note says so).
 * BM_E_NOSPC: beyond the flash. BM_E_VERIFY: the flash does not keep it. BM_E_TIMEOUT, BM_E_PROTO,
 * BM_E_IO: the line or the board failed; diag has the offset. Also BM_E_TIMEOUT after stop(). */
int bm_link_write(struct bm_link *link, uint32_t off, const void *data, size_t len, unsigned flags,
                  struct bm_diag *diag);

/* Any offset and length, held against the chip's MD5. */
int bm_link_read(struct bm_link *link, uint32_t off, void *buf, size_t len, struct bm_diag *diag);
int bm_link_md5(struct bm_link *link, uint32_t off, uint32_t len, uint8_t md5[16],
                struct bm_diag *diag);
/* Whole sectors; what is blank already is skipped, and all is verified. */
int bm_link_erase(struct bm_link *link, uint32_t off, uint32_t len, struct bm_diag *diag);
int bm_link_erase_all(struct bm_link *link, struct bm_diag *diag);

/* A region over the board's whole flash. Reads are cached by sector; programs and erases are
 * gathered and written sector by sector, each verified, by bm_link_flash_sync(). */
struct bm_link_flash;
int bm_link_flash_open(struct bm_link_flash **out, struct bm_flash *flash, struct bm_link *link,
                       struct bm_diag *diag);
int bm_link_flash_sync(struct bm_link_flash *f, struct bm_diag *diag);
/* What went wrong in the last operation of the region that failed; code 0: none did. */
const struct bm_diag *bm_link_flash_diag(const struct bm_link_flash *f);
void bm_link_flash_close(struct bm_link_flash *f);

#endif
