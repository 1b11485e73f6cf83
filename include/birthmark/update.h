/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BIRTHMARK_UPDATE_H
#define BIRTHMARK_UPDATE_H

/* Writing a new app into an OTA slot. Freestanding, allocates nothing.
 *
 * Until bm_update_select() the board boots what it boots now, whatever is written and wherever the
 * power fails. So bm_update_begin() looks at otadata first: if the slot to be written is the one
 * that would boot, though another app runs (it was selected and not started, or its image was
 * refused), the app that runs is made the choice before the slot is touched. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/app.h"
#include "birthmark/err.h"
#include "birthmark/flash.h"
#include "birthmark/hash.h"
#include "birthmark/ota.h"
#include "birthmark/part.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BM_UPDATE_SIZE_UNKNOWN 0xffffffffu /* the whole slot is erased at once */
#define BM_UPDATE_SEQUENTIAL   0xfffffffeu /* sectors are erased as they are reached */
enum { BM_UPDATE_ANY_CHIP = 0xffff, BM_UPDATE_UNIT_MAX = 32 };

/* What is to be written where. */
struct bm_update_config {
    const struct bm_flash *chip;       /* the whole flash, kept until the end */
    const struct bm_part_table *table; /* of this flash */
    const struct bm_part *running;     /* a row of it: the app that runs; NULL: none of it */
    const struct bm_part *target;      /* a row of it: an OTA slot, not the running one */
    uint32_t size;                     /* bytes of the image, or one of the two above */
    uint32_t offset;  /* resuming: so many bytes are in the slot already, and nothing is erased but
                         by BM_UPDATE_SEQUENTIAL; a multiple of the unit of programs; 0: anew */
    uint32_t unit;    /* bytes of the smallest program: 16 with flash encryption; 0: the flash's */
    uint8_t rollback; /* 1: the bootloader was built with rollback */
};

/* A session. The caller provides the memory and must not move it; the fields are private. */
struct bm_update {
    struct bm_flash slot;
    struct bm_flash_window window;
    uint32_t erased;  /* bytes from the start that are erased, if sequential */
    uint32_t written; /* where the next bm_update_write() goes */
    uint32_t end;     /* behind the last byte written */
    uint32_t unit;
    uint32_t held; /* bytes of hold */
    uint8_t open;
    uint8_t sequential;
    uint8_t hold[BM_UPDATE_UNIT_MAX]; /* written data that is no whole unit yet */
};

/* What an image must be to be accepted. */
struct bm_update_check {
    const struct bm_hash *sha256; /* NULL: only the checksum counts */
    uint16_t chip;                /* number of the chip (birthmark/app.h), or BM_UPDATE_ANY_CHIP */
    uint32_t secure_version;      /* at least; 0: any */
    void *buf;                    /* scratch memory for reading */
    size_t buf_len;               /* at least 64; more is faster */
};

/* The OTA slot behind the running one in the order of their numbers, the first behind the last one,
 * and where no slot runs. NULL: the table has no slot but the running one. */
const struct bm_part *bm_update_next(const struct bm_part_table *table,
                                     const struct bm_part *running);

/* Number of OTA slots of a table: ota_0 and those that follow without a gap. */
unsigned bm_update_slots(const struct bm_part_table *table);

/* Begins, and erases what size says (a multiple of a sector).
 * Returns BM_OK, BM_E_ARG (the target is no OTA slot or is the running one, or the offset does not
 * fit), BM_E_NOSPC (the image is larger than the slot), BM_E_READONLY (the partition cannot be
 * written, or rollback is on and the app that runs has not been confirmed: the slot may be what it
 * would be rolled back to) or what the flash returned. On failure there is no session. */
int bm_update_begin(struct bm_update *u, const struct bm_update_config *config,
                    struct bm_diag *diag);

/* Writes the next bytes.
 * Returns BM_OK, BM_E_ARG (no session, NULL), BM_E_CORRUPT (the first byte is not that of an
 * image), BM_E_NOSPC (beyond the slot; nothing of it is written), or what the flash returned. */
int bm_update_write(struct bm_update *u, const void *data, size_t len);

/* Writes bytes anywhere in what was erased at the beginning; off and len multiples of the unit. A
 * bm_update_write() after it goes on behind as many bytes as were written in all, as in ESP-IDF.
 * Returns as above, and BM_E_ARG in a sequential session, or where bytes of bm_update_write() wait
 * for the rest of their unit. */
int bm_update_write_at(struct bm_update *u, uint32_t off, const void *data, size_t len);

/* Ends the session and checks the image that was written: all of bm_app_verify(), within the bytes
 * written, then chip and secure version.
 * app: what it is; may not be NULL. Returns BM_OK, BM_E_ARG (no session, nothing was written),
 * what bm_app_verify() returned, BM_E_TYPE (for another chip) or BM_E_VERSION (secure version too
 * low). The session is over in any case. */
int bm_update_end(struct bm_update *u, const struct bm_update_check *check, struct bm_app *app,
                  struct bm_diag *diag);

/* Ends the session. What was written stays in the slot, and does not boot. */
void bm_update_abort(struct bm_update *u);

/* Makes an app the one that boots next: a slot by a record (state new if rollback is on, undefined
 * if not), the factory app by blank otadata. Its image is not looked at. A power cut leaves the
 * choice that was, or the new one. Nothing is written if nothing changes.
 * Returns BM_OK, BM_E_ARG (neither slot nor factory), BM_E_NOENT (the table has no otadata) or what
 * bm_otadata_select() returned. */
int bm_update_select(const struct bm_flash *chip, const struct bm_part_table *table,
                     const struct bm_part *part, int rollback);

/* Takes away the record of otadata that is not followed, if it names this slot: nothing is rolled
 * back to it any more. Without a record that is followed nothing is done.
 * Returns BM_OK, BM_E_ARG, BM_E_NOENT (no otadata), BM_E_READONLY or BM_E_IO. */
int bm_update_forget(const struct bm_flash *chip, const struct bm_part_table *table,
                     const struct bm_part *slot);

#ifdef __cplusplus
}
#endif

#endif
