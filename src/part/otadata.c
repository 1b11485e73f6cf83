/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/base.h"
#include "base/le.h"
#include "birthmark/ota.h"

/* The CRC covers the sequence number alone. So a record in which only the state is torn still
 * counts, with a state nobody wrote. Two habits keep that from happening: the CRC is programmed
 * last, and a record loses its CRC before its sector is erased. */

enum {
    SECTOR = 0x1000,
    OFF_LABEL = 4,
    OFF_STATE = 24,
    OFF_CRC = 28,
    SIZE = BM_OTADATA_RECORD_SIZE
};
#define SEQ_BLANK 0xffffffffu

static uint32_t crc_of(uint32_t seq)
{
    uint8_t bytes[4];
    bm_put_le32(bytes, seq);
    return bm_crc32(0xffffffffu, bytes, sizeof bytes);
}

void bm_ota_record_parse(struct bm_ota_record *out, const uint8_t bytes[SIZE])
{
    out->seq = bm_get_le32(bytes);
    memcpy(out->label, bytes + OFF_LABEL, sizeof out->label);
    out->state = bm_get_le32(bytes + OFF_STATE);
    out->crc = bm_get_le32(bytes + OFF_CRC);
    out->crc_ok = out->crc == crc_of(out->seq);
}

void bm_ota_record_format(uint8_t out[SIZE], const struct bm_ota_record *record)
{
    bm_put_le32(out, record->seq);
    memcpy(out + OFF_LABEL, record->label, sizeof record->label);
    bm_put_le32(out + OFF_STATE, record->state);
    bm_put_le32(out + OFF_CRC, record->crc);
}

void bm_ota_record_make(struct bm_ota_record *out, uint32_t seq, uint32_t state)
{
    out->seq = seq;
    out->state = state;
    out->crc = crc_of(seq);
    out->crc_ok = 1;
    memset(out->label, 0xff, sizeof out->label);
}

unsigned bm_ota_record_slot(const struct bm_ota_record *record, unsigned slots)
{
    return (record->seq - 1u) % slots;
}

static int has_sectors(const struct bm_flash *f)
{
    return f != NULL && f->ops != NULL && f->size >= BM_OTADATA_SIZE;
}

/* BM_OK if both sectors can be written. */
static int writable(const struct bm_flash *f)
{
    if (!has_sectors(f) || f->erase_size == 0 || SECTOR % f->erase_size != 0 || f->prog_size == 0 ||
        SIZE % f->prog_size != 0) {
        return BM_E_ARG;
    }
    return f->ops->prog == NULL || f->ops->erase == NULL ? BM_E_READONLY : BM_OK;
}

int bm_otadata_read(struct bm_otadata *out, const struct bm_flash *otadata)
{
    if (out == NULL || !has_sectors(otadata)) {
        return BM_E_ARG;
    }
    for (uint32_t i = 0; i < 2; i++) {
        uint8_t bytes[SIZE];
        const int err = otadata->ops->read(otadata->ctx, i * SECTOR, bytes, sizeof bytes);
        if (err != BM_OK) {
            return err;
        }
        bm_ota_record_parse(&out->record[i], bytes);
    }
    return BM_OK;
}

static int refused_state(uint32_t state)
{
    return state == BM_OTA_INVALID || state == BM_OTA_ABORTED;
}

int bm_ota_record_usable(const struct bm_ota_record *record)
{
    return record->seq != SEQ_BLANK && record->crc_ok && !refused_state(record->state);
}

int bm_otadata_active(const struct bm_otadata *data)
{
    const struct bm_ota_record *r = data->record;
    const int first = bm_ota_record_usable(&r[0]);
    const int second = bm_ota_record_usable(&r[1]);
    if (first && second) {
        return r[1].seq > r[0].seq;
    }
    return first ? 0 : second ? 1 : -1;
}

int bm_ota_next_seq(uint32_t *seq, uint32_t above, unsigned slot, unsigned slots)
{
    if (seq == NULL || slots == 0 || slots > BM_OTA_SLOTS_MAX || slot >= slots) {
        return BM_E_ARG;
    }
    uint64_t next = (uint64_t)slot + 1;
    if (next <= above) {
        next += ((above - next) / slots + 1) * slots;
    }
    if (next >= SEQ_BLANK) {
        return BM_E_NOSPC;
    }
    *seq = (uint32_t)next;
    return BM_OK;
}

/* Bytes of a record that are programmed first; the CRC is behind them. */
static uint32_t head_of(const struct bm_flash *f)
{
    return SIZE - (f->prog_size > 4 ? f->prog_size : 4);
}

/* Makes sure that a record does not count while its sector is being erased, when its state, or
 * what was wrong with it, may be gone before the rest. Nothing but the CRC changes. */
static int spoil(const struct bm_flash *f, unsigned at, const struct bm_ota_record *was)
{
    uint8_t bytes[SIZE];
    struct bm_ota_record spoilt = *was;
    if (was->seq == SEQ_BLANK) {
        return BM_OK;
    }
    const uint32_t head = head_of(f);
    spoilt.crc = 0;
    bm_ota_record_format(bytes, &spoilt);
    return f->ops->prog(f->ctx, at * SECTOR + head, bytes + head, SIZE - head);
}

static int erase(const struct bm_flash *f, unsigned at, const struct bm_ota_record *was)
{
    const int err = spoil(f, at, was);
    return err != BM_OK ? err : f->ops->erase(f->ctx, at * SECTOR, SECTOR);
}

/* Replaces the record of one sector: erase, all but the CRC, the CRC. */
static int replace(const struct bm_flash *f, unsigned at, const struct bm_ota_record *was,
                   const struct bm_ota_record *record)
{
    uint8_t bytes[SIZE];
    uint8_t back[SIZE];
    const uint32_t head = head_of(f);
    const uint32_t base = at * SECTOR;

    bm_ota_record_format(bytes, record);
    int err = erase(f, at, was);
    if (err == BM_OK && head > 0) {
        err = f->ops->prog(f->ctx, base, bytes, head);
    }
    if (err == BM_OK) {
        err = f->ops->prog(f->ctx, base + head, bytes + head, SIZE - head);
    }
    if (err == BM_OK) {
        err = f->ops->read(f->ctx, base, back, SIZE);
    }
    if (err == BM_OK && memcmp(bytes, back, SIZE) != 0) {
        err = BM_E_VERIFY;
    }
    return err;
}

/* The record that may be lost: not the one that the next start follows. That is the active one,
 * unless that is pending: then the bootloader takes it back, and follows the other if it can.
 */
static unsigned spare(const struct bm_otadata *data, int active)
{
    if (active < 0) {
        return 0;
    }
    const struct bm_ota_record *other = &data->record[!active];
    const int taken_back = data->record[active].state == BM_OTA_PENDING_VERIFY &&
                           other->state != BM_OTA_PENDING_VERIFY && bm_ota_record_usable(other);
    return (unsigned)(taken_back ? active : !active);
}

int bm_otadata_select(const struct bm_flash *otadata, unsigned slot, unsigned slots, uint32_t state)
{
    if (state != BM_OTA_NEW && state != BM_OTA_VALID && state != BM_OTA_UNDEFINED) {
        return BM_E_ARG;
    }
    struct bm_otadata data;
    int err = writable(otadata);
    if (err == BM_OK) {
        err = bm_otadata_read(&data, otadata);
    }
    if (err != BM_OK) {
        return err;
    }
    const int active = bm_otadata_active(&data);
    uint32_t seq = active < 0 ? 0 : data.record[active].seq;
    if (active >= 0 && slots != 0 && bm_ota_record_slot(&data.record[active], slots) == slot) {
        return bm_otadata_set_state(otadata, state);
    }
    const unsigned at = spare(&data, active);
    err = bm_ota_next_seq(&seq, seq, slot, slots);
    if (err != BM_OK) {
        return err;
    }
    struct bm_ota_record record;
    bm_ota_record_make(&record, seq, state);
    return replace(otadata, at, &data.record[at], &record);
}

/* Writes the record into the other sector, then what was there into the record's own: as both
 * have the same sequence number, either of them selects the same slot. */
static int change_places(const struct bm_flash *f, const struct bm_otadata *data, unsigned own,
                         const struct bm_ota_record *record)
{
    const struct bm_ota_record *mine = &data->record[own];
    const struct bm_ota_record *other = &data->record[!own];
    const int keep = other->crc_ok && other->seq != SEQ_BLANK && other->seq != record->seq;
    const int err = replace(f, !own, other, record);
    if (err != BM_OK) {
        return err;
    }
    return keep ? replace(f, own, mine, other) : erase(f, own, mine);
}

int bm_otadata_set_state(const struct bm_flash *otadata, uint32_t state)
{
    if (state == BM_OTA_PENDING_VERIFY || (state > BM_OTA_ABORTED && state != BM_OTA_UNDEFINED)) {
        return BM_E_ARG;
    }
    struct bm_otadata data;
    int err = writable(otadata);
    if (err == BM_OK) {
        err = bm_otadata_read(&data, otadata);
    }
    if (err != BM_OK) {
        return err;
    }
    const int active = bm_otadata_active(&data);
    if (active < 0) {
        return BM_E_NOENT;
    }
    struct bm_ota_record record = data.record[active];
    if (record.state == state) {
        return BM_OK;
    }
    /* A pending record is none that the next start follows. */
    const int in_place = refused_state(state) || record.state == BM_OTA_PENDING_VERIFY;
    record.state = state;
    return in_place ? replace(otadata, (unsigned)active, &data.record[active], &record)
                    : change_places(otadata, &data, (unsigned)active, &record);
}

int bm_otadata_erase(const struct bm_flash *otadata)
{
    struct bm_otadata data;
    int err = writable(otadata);
    if (err == BM_OK) {
        err = bm_otadata_read(&data, otadata);
    }
    if (err != BM_OK) {
        return err;
    }
    /* The active one last: until then it is what counts. */
    const unsigned first = bm_otadata_active(&data) == 0;
    err = erase(otadata, first, &data.record[first]);
    return err != BM_OK ? err : erase(otadata, !first, &data.record[!first]);
}
