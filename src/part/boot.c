/* SPDX-License-Identifier: Apache-2.0 */

/* The order of things is that of ESP-IDF's bootloader_start.c and bootloader_utility.c, oddities
 * included: of several partitions of one kind the last counts, slots are counted rather than
 * looked for, and a factory reset makes the choice, and its writes, a second time. */

#include "birthmark/boot.h"

#include <string.h>

#define SEQ_BLANK 0xffffffffu

/* The table as the bootloader keeps it. */
struct places {
    const struct bm_part *factory;
    const struct bm_part *test;
    const struct bm_part *otadata;
    const struct bm_part *slot[BM_OTA_SLOTS_MAX];
    unsigned slots;
};

struct run {
    struct places at;
    struct bm_otadata data;
    struct bm_boot_config config;
    bm_boot_ask *ask;
    void *ctx;
    struct bm_boot *out;
    int initial; /* the slot that starts gets the first record */
    int err;     /* of ask() */
};

static void find_places(struct places *at, const struct bm_part_table *table)
{
    memset(at, 0, sizeof *at);
    for (unsigned i = 0; i < table->count; i++) {
        const struct bm_part *p = &table->part[i];
        if (p->type == BM_PART_DATA && p->subtype == BM_PART_DATA_OTA) {
            at->otadata = p;
        } else if (p->type != BM_PART_APP) {
            continue;
        } else if (p->subtype == BM_PART_APP_FACTORY) {
            at->factory = p;
        } else if (p->subtype == BM_PART_APP_TEST) {
            at->test = p;
        } else if (p->subtype >= BM_PART_APP_OTA_0 &&
                   p->subtype < BM_PART_APP_OTA_0 + BM_OTA_SLOTS_MAX) {
            at->slot[p->subtype - BM_PART_APP_OTA_0] = p;
            at->slots++;
        }
    }
}

/* An offset of 0 stands for "there is none" there. */
static int present(const struct bm_part *p)
{
    return p != NULL && p->offset != 0;
}

static const struct bm_part *place(const struct places *at, int index)
{
    const struct bm_part *p = NULL;
    if (index == BM_BOOT_FACTORY) {
        p = at->factory;
    } else if (index == BM_BOOT_TEST) {
        p = at->test;
    } else if (index >= 0 && index < BM_OTA_SLOTS_MAX && (unsigned)index < at->slots) {
        p = at->slot[index];
    }
    return p != NULL && p->size != 0 ? p : NULL;
}

/* The slot of a record, where its secure version is asked for: not even its size is looked at. */
static const struct bm_part *slot_of(const struct places *at, int slot)
{
    return slot < BM_OTA_SLOTS_MAX && present(at->slot[slot]) ? at->slot[slot] : NULL;
}

const struct bm_part *bm_boot_part(const struct bm_part_table *table, int index)
{
    struct places at;
    find_places(&at, table);
    return place(&at, index);
}

const struct bm_part *bm_boot_otadata(const struct bm_part_table *table)
{
    struct places at;
    find_places(&at, table);
    return at.otadata;
}

static void step(struct run *r, enum bm_boot_code code, unsigned record, int index, uint32_t value)
{
    struct bm_boot *b = r->out;
    if (b->steps < BM_BOOT_STEPS_MAX) {
        b->step[b->steps++] = (struct bm_boot_step){
            .code = (uint8_t)code,
            .record = (uint8_t)record,
            .index = (int8_t)index,
            .value = value,
        };
    }
}

static void write_record(struct run *r, unsigned index)
{
    struct bm_boot *b = r->out;
    if (b->writes < BM_BOOT_WRITES_MAX) {
        b->write[b->writes++] =
            (struct bm_boot_write){.index = (uint8_t)index, .record = r->data.record[index]};
    }
}

static void set_state(struct run *r, unsigned index, uint32_t state)
{
    r->data.record[index].state = state;
    write_record(r, index);
}

static struct bm_boot_image image_in(struct run *r, const struct bm_part *part)
{
    struct bm_boot_image image = {BM_BOOT_BAD, 0, 0};
    if (r->err == BM_OK) {
        r->err = r->ask(r->ctx, part, &image);
    }
    return image;
}

static int new_enough(const struct run *r, const struct bm_boot_image *image)
{
    return !r->config.anti_rollback ||
           (image->has_desc && image->secure_version >= r->out->secure_version);
}

static void burn(struct run *r, const struct bm_part *part)
{
    if (!r->config.anti_rollback || part == NULL) {
        return;
    }
    const struct bm_boot_image image = image_in(r, part);
    if (image.has_desc && image.secure_version > r->out->secure_version) {
        r->out->secure_version = image.secure_version;
        step(r, BM_BOOT_FUSES, 0, 0, image.secure_version);
    }
}

/* Selecting. */

/* "Never written": what the bootloader takes for the contents of a fresh partition. */
static int unwritten(const struct bm_ota_record *record)
{
    return record->seq == SEQ_BLANK || !record->crc_ok;
}

/* Refused before the CRC is looked at. */
static int refused(const struct bm_ota_record *record)
{
    return record->seq == SEQ_BLANK || record->state == BM_OTA_INVALID ||
           record->state == BM_OTA_ABORTED;
}

/* The record to follow where apps below the fuses' secure version may not start: one that selects
 * such an app is passed over. */
static int active_new_enough(struct run *r)
{
    struct bm_otadata data = r->data;
    for (unsigned i = 0; i < 2; i++) {
        struct bm_ota_record *record = &data.record[i];
        if (!bm_ota_record_usable(record)) {
            continue;
        }
        const int slot = (int)bm_ota_record_slot(record, r->at.slots);
        const struct bm_part *part = slot_of(&r->at, slot);
        struct bm_boot_image image = {BM_BOOT_BAD, 0, 0};
        if (part != NULL) {
            image = image_in(r, part);
        }
        if (!new_enough(r, &image)) {
            step(r, BM_BOOT_RECORD_OLD, i, slot, image.secure_version);
            record->seq = SEQ_BLANK;
        }
    }
    return bm_otadata_active(&data);
}

static int follow(struct run *r, unsigned index)
{
    const struct bm_ota_record *record = &r->data.record[index];
    const int slot = (int)bm_ota_record_slot(record, r->at.slots);
    r->out->record = (int)index;
    step(r, BM_BOOT_RECORD, index, slot, record->seq);
    if (r->config.rollback && record->state == BM_OTA_NEW) {
        set_state(r, index, BM_OTA_PENDING_VERIFY);
        step(r, BM_BOOT_TRIAL, index, slot, record->seq);
    }
    if (record->state == BM_OTA_VALID) {
        burn(r, slot_of(&r->at, slot));
    }
    return slot;
}

static int active_or_factory(struct run *r, int active)
{
    if (active >= 0) {
        return follow(r, (unsigned)active);
    }
    step(r, BM_BOOT_DAMAGED, 0, BM_BOOT_FACTORY, 0);
    return BM_BOOT_FACTORY;
}

static int select_plain(struct run *r)
{
    const struct bm_ota_record *record = r->data.record;
    if (r->at.slots != 0 && !(refused(&record[0]) && refused(&record[1]))) {
        return active_or_factory(r, bm_otadata_active(&r->data));
    }
    const int index = present(r->at.factory) ? BM_BOOT_FACTORY : 0;
    step(r, r->at.slots == 0 ? BM_BOOT_NO_SLOTS : BM_BOOT_NO_RECORD, 0, index, 0);
    r->initial = index == 0 && unwritten(&record[0]) && unwritten(&record[1]);
    return index;
}

static int select_anti_rollback(struct run *r)
{
    const struct bm_ota_record *record = r->data.record;
    if (unwritten(&record[0]) && unwritten(&record[1])) {
        r->initial = 1;
        return BM_BOOT_FACTORY;
    }
    if (r->at.slots == 0 && bm_otadata_active(&r->data) >= 0) { /* it divides by their number */
        step(r, BM_BOOT_NO_SLOTS, 0, BM_BOOT_NONE, 0);
        return BM_BOOT_NONE;
    }
    return active_or_factory(r, active_new_enough(r));
}

static int select_app(struct run *r)
{
    const struct bm_part *otadata = r->at.otadata;
    r->out->record = -1;
    if (!present(otadata)) {
        step(r, BM_BOOT_NO_OTADATA, 0, BM_BOOT_FACTORY, 0);
        return BM_BOOT_FACTORY;
    }
    if (otadata->size < BM_OTADATA_SIZE) {
        step(r, BM_BOOT_OTADATA_SMALL, 0, BM_BOOT_NONE, otadata->size);
        return BM_BOOT_NONE;
    }
    r->initial = 0;
    for (unsigned i = 0; i < 2 && r->config.rollback; i++) {
        if (r->data.record[i].state == BM_OTA_PENDING_VERIFY) {
            set_state(r, i, BM_OTA_ABORTED);
            step(r, BM_BOOT_ABORTED_RECORD, i, 0, r->data.record[i].seq);
        }
    }
    const int index = r->config.anti_rollback ? select_anti_rollback(r) : select_plain(r);
    if (r->initial) {
        step(r, BM_BOOT_INITIAL, 0, index, 0);
    }
    return index;
}

static int factory_reset(struct run *r)
{
    const int erases = r->config.reset_erases_otadata && r->at.otadata != NULL;
    step(r, BM_BOOT_FACTORY_RESET, 0, 0, (uint32_t)erases);
    if (erases) {
        memset(&r->data, 0xff, sizeof r->data);
        r->data.record[0].crc_ok = 0;
        r->data.record[1].crc_ok = 0;
        r->out->write[r->out->writes++] = (struct bm_boot_write){.erase_all = 1};
    }
    return select_app(r);
}

static int look_at_pins(struct run *r, int index)
{
    if (index == BM_BOOT_NONE || r->config.deep_sleep) {
        return index;
    }
    if (r->config.factory_reset) {
        return factory_reset(r);
    }
    if (!r->config.test_pin) {
        return index;
    }
    const int there = present(r->at.test);
    step(r, there ? BM_BOOT_TEST_PIN : BM_BOOT_TEST_MISSING, 0, BM_BOOT_TEST, 0);
    return there ? BM_BOOT_TEST : BM_BOOT_NONE;
}

/* Starting. */

static int try_to_start(struct run *r, int index)
{
    const struct bm_part *part = place(&r->at, index);
    if (part == NULL) {
        if (index >= 0) {
            step(r, BM_BOOT_SLOT_MISSING, 0, index, 0);
        }
        return 0;
    }
    const struct bm_boot_image image = image_in(r, part);
    if (r->err != BM_OK) {
        return 0;
    }
    if (!new_enough(r, &image)) {
        step(r, BM_BOOT_IMAGE_OLD, 0, index, image.secure_version);
        return 0;
    }
    if (image.verdict == BM_BOOT_BAD ||
        (image.verdict == BM_BOOT_UNSOUND && !r->config.skip_validate)) {
        step(r, BM_BOOT_IMAGE_BAD, 0, index, image.verdict);
        return 0;
    }
    step(r, BM_BOOT_STARTS, 0, index, r->config.skip_validate != 0);
    r->out->part = part;
    r->out->index = index;
    if (index >= 0 && r->initial) {
        const uint32_t seq = (uint32_t)index + 1;
        bm_ota_record_make(&r->data.record[0], seq, BM_OTA_VALID);
        write_record(r, 0);
        step(r, BM_BOOT_FIRST_RECORD, 0, index, seq);
        burn(r, part);
    }
    return 1;
}

/* The selected app; below it down to factory; above it; the test app. */
static int start(struct run *r, int selected)
{
    if (selected == BM_BOOT_NONE) {
        return 0;
    }
    for (int i = selected; selected != BM_BOOT_TEST && i >= BM_BOOT_FACTORY; i--) {
        if (try_to_start(r, i)) {
            return 1;
        }
    }
    for (int i = selected + 1; selected != BM_BOOT_TEST && i < (int)r->at.slots; i++) {
        if (try_to_start(r, i)) {
            return 1;
        }
    }
    return try_to_start(r, BM_BOOT_TEST);
}

int bm_boot_decide(struct bm_boot *out, const struct bm_part_table *table,
                   const struct bm_otadata *otadata, bm_boot_ask *image, void *ctx,
                   const struct bm_boot_config *config)
{
    struct run r;
    if (out == NULL || table == NULL || image == NULL || table->count > BM_PART_MAX) {
        return BM_E_ARG;
    }
    memset(&r, 0, sizeof r);
    memset(out, 0, sizeof *out);
    find_places(&r.at, table);
    if (otadata != NULL) {
        r.data = *otadata;
    } else {
        memset(&r.data, 0xff, sizeof r.data);
        r.data.record[0].crc_ok = 0;
        r.data.record[1].crc_ok = 0;
    }
    if (config != NULL) {
        r.config = *config;
    }
    r.ask = image;
    r.ctx = ctx;
    r.out = out;
    out->index = BM_BOOT_NONE;
    out->record = -1;
    out->slots = r.at.slots;
    out->secure_version = r.config.secure_version;
    out->selected = BM_BOOT_NONE;
    if (bm_part_table_fits(table, r.config.flash_size)) {
        out->selected = look_at_pins(&r, select_app(&r));
    } else {
        step(&r, BM_BOOT_TABLE_REFUSED, 0, BM_BOOT_NONE, r.config.flash_size);
    }
    if (!start(&r, out->selected)) {
        step(&r, BM_BOOT_NOTHING, 0, BM_BOOT_NONE, 0);
    }
    return r.err;
}

int bm_boot_apply(const struct bm_boot *boot, const struct bm_flash *otadata)
{
    const uint32_t sector = BM_OTADATA_SIZE / 2;
    if (otadata == NULL || otadata->size < BM_OTADATA_SIZE) {
        return BM_E_ARG;
    }
    if (otadata->ops->prog == NULL || otadata->ops->erase == NULL) {
        return boot->writes == 0 ? BM_OK : BM_E_READONLY;
    }
    for (unsigned i = 0; i < boot->writes; i++) {
        const struct bm_boot_write *w = &boot->write[i];
        uint8_t bytes[BM_OTADATA_RECORD_SIZE];
        const uint32_t at = w->index * sector;
        const uint32_t len = w->erase_all ? otadata->size / sector * sector : sector;
        int err = otadata->ops->erase(otadata->ctx, w->erase_all ? 0 : at, len);
        if (err == BM_OK && !w->erase_all) {
            bm_ota_record_format(bytes, &w->record);
            err = otadata->ops->prog(otadata->ctx, at, bytes, sizeof bytes);
        }
        if (err != BM_OK) {
            return err;
        }
    }
    return BM_OK;
}
