/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BIRTHMARK_OTA_H
#define BIRTHMARK_OTA_H

/* Which app boots: the otadata partition, ESP-IDF's bootloader's decision as a pure function, and
 * updates over the air. Freestanding. (ESP-IDF: esp_flash_partitions.h, bootloader_utility.c,
 * bootloader_common.c, esp_ota_ops.c.) */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/app.h"
#include "birthmark/err.h"
#include "birthmark/flash.h"
#include "birthmark/hash.h"
#include "birthmark/part.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { BM_OTADATA_SIZE = 0x2000, BM_OTADATA_RECORD_SIZE = 32, BM_OTA_SLOTS_MAX = 16 };

enum bm_ota_state {
    BM_OTA_NEW = 0,            /* boots once, then must be confirmed */
    BM_OTA_PENDING_VERIFY = 1, /* has been booted, not confirmed */
    BM_OTA_VALID = 2,
    BM_OTA_INVALID = 3,
    BM_OTA_ABORTED = 4 /* was not confirmed before a restart */
};
#define BM_OTA_UNDEFINED 0xffffffffu /* no rollback: boots as it is */

/* One of the two records, each at the start of a sector of its own. */
struct bm_ota_record {
    uint32_t seq; /* slot = (seq - 1) % slots; 0xffffffff: blank */
    uint32_t state;
    uint32_t crc;
    uint8_t label[20];
    uint8_t crc_ok; /* crc is that of seq; the state is in no sum */
};

struct bm_otadata {
    struct bm_ota_record record[2];
};

/* A record from its bytes; the bytes of a record, with the CRC as it stands in it; a record with
 * this seq and state, no label, and the CRC that belongs to it. */
void bm_ota_record_parse(struct bm_ota_record *out, const uint8_t bytes[BM_OTADATA_RECORD_SIZE]);
void bm_ota_record_format(uint8_t out[BM_OTADATA_RECORD_SIZE], const struct bm_ota_record *record);
void bm_ota_record_make(struct bm_ota_record *out, uint32_t seq, uint32_t state);

/* Slot a record selects of `slots`, which is not 0. */
unsigned bm_ota_record_slot(const struct bm_ota_record *record, unsigned slots);

/* Reads both records of an otadata partition's region (at least BM_OTADATA_SIZE bytes).
 * Returns BM_OK (records may be blank or damaged), BM_E_ARG or BM_E_IO. */
int bm_otadata_read(struct bm_otadata *out, const struct bm_flash *otadata);

/* 1 if the bootloader may follow this record: not blank, CRC right, state neither invalid nor
 * aborted. */
int bm_ota_record_usable(const struct bm_ota_record *record);

/* The record the bootloader follows: the usable one with the higher seq, the first if both have the
 * same; -1: none. */
int bm_otadata_active(const struct bm_otadata *data);

/* Smallest seq above `above` that selects this slot of `slots`, by arithmetic.
 * Returns BM_OK, BM_E_ARG (slot >= slots, no slots), or BM_E_NOSPC (there is none below
 * 0xffffffff). */
int bm_ota_next_seq(uint32_t *seq, uint32_t above, unsigned slot, unsigned slots);

/* Makes a slot the one to boot next, by writing the record that is not active (the first if none
 * is); if the slot is the active one already, as bm_otadata_set_state() does. A power cut in any
 * flash operation leaves the choice that was, or the new one. The new record gets state:
 * BM_OTA_NEW, BM_OTA_VALID or BM_OTA_UNDEFINED, and never what was in its sector. Returns BM_OK,
 * BM_E_ARG, BM_E_NOSPC (the sequence numbers are used up: erase otadata), BM_E_READONLY, BM_E_IO or
 * BM_E_VERIFY. */
int bm_otadata_select(const struct bm_flash *otadata, unsigned slot, unsigned slots,
                      uint32_t state);

/* Gives the active record another state. A power cut in any flash operation leaves the choice that
 * was, or the new one: a state that is booted is first written into the other sector, with the same
 * sequence number, and then the records have changed places; one that is not booted (invalid,
 * aborted) is written in place. Nothing is written if the record has the state already.
 * BM_OTA_PENDING_VERIFY is the bootloader's to write, and not taken.
 * Returns what bm_otadata_select() does but BM_E_NOSPC, and BM_E_NOENT (no active record). */
int bm_otadata_set_state(const struct bm_flash *otadata, uint32_t state);

/* Erases both sectors: the factory app boots, or the first slot if there is none. A power cut
 * leaves the choice that was, or this one. Returns BM_OK, BM_E_ARG, BM_E_READONLY or BM_E_IO. */
int bm_otadata_erase(const struct bm_flash *otadata);

#ifdef __cplusplus
}
#endif

#endif
