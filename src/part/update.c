/* SPDX-License-Identifier: Apache-2.0 */
#include "birthmark/update.h"

#include <string.h>

#include "base/base.h"
#include "part/app_fmt.h"

static int is_slot(const struct bm_part *p)
{
    return p != NULL && p->type == BM_PART_APP && p->subtype >= BM_PART_APP_OTA_0 &&
           p->subtype < BM_PART_APP_OTA_0 + BM_OTA_SLOTS_MAX;
}

static int is_factory(const struct bm_part *p)
{
    return p != NULL && p->type == BM_PART_APP && p->subtype == BM_PART_APP_FACTORY;
}

static unsigned number(const struct bm_part *slot)
{
    return (unsigned)slot->subtype - BM_PART_APP_OTA_0;
}

unsigned bm_update_slots(const struct bm_part_table *table)
{
    unsigned n = 0;
    while (n < BM_OTA_SLOTS_MAX &&
           bm_part_find(table, BM_PART_APP, (int)(BM_PART_APP_OTA_0 + n), NULL) != NULL) {
        n++;
    }
    return n;
}

const struct bm_part *bm_update_next(const struct bm_part_table *table,
                                     const struct bm_part *running)
{
    const unsigned from = is_slot(running) ? number(running) + 1 : 0;
    for (unsigned i = 0; i < BM_OTA_SLOTS_MAX; i++) {
        const unsigned slot = (from + i) % BM_OTA_SLOTS_MAX;
        const struct bm_part *p =
            bm_part_find(table, BM_PART_APP, (int)(BM_PART_APP_OTA_0 + slot), NULL);
        if (p != NULL && p != running) {
            return p;
        }
    }
    return NULL;
}

/* As an app finds it, by esp_partition_find_first(): of several the first, where the bootloader
 * reads the last. bm_part_table_check() calls two an error. */
static int open_otadata(struct bm_flash *out, struct bm_flash_window *window,
                        const struct bm_flash *chip, const struct bm_part_table *table)
{
    const struct bm_part *p = bm_part_find(table, BM_PART_DATA, BM_PART_DATA_OTA, NULL);
    return p != NULL ? bm_part_region(out, window, chip, p) : BM_E_NOENT;
}

/* otadata, and what is decided by it. */
struct choice {
    struct bm_flash flash;
    struct bm_flash_window window;
    struct bm_otadata data;
    unsigned slots;
    int active; /* record, or -1 */
    int slot;   /* that the bootloader tries first; -1: the factory app */
};

static int read_choice(struct choice *c, const struct bm_flash *chip,
                       const struct bm_part_table *table)
{
    int rc = open_otadata(&c->flash, &c->window, chip, table);
    if (rc == BM_OK) {
        rc = bm_otadata_read(&c->data, &c->flash);
    }
    if (rc != BM_OK) {
        return rc;
    }
    c->slots = bm_update_slots(table);
    c->active = c->slots > 0 ? bm_otadata_active(&c->data) : -1;
    if (c->active >= 0) {
        c->slot = (int)bm_ota_record_slot(&c->data.record[c->active], c->slots);
    } else {
        c->slot = bm_part_find(table, BM_PART_APP, BM_PART_APP_FACTORY, NULL) != NULL ? -1 : 0;
    }
    return BM_OK;
}

/* Makes the app that runs the choice. One that neither otadata nor its absence can choose, as a
 * test app, is left alone: then the bootloader's own check is what remains. */
static int choose_running(const struct choice *c, const struct bm_update_config *config)
{
    if (is_slot(config->running) && number(config->running) < c->slots) {
        return bm_otadata_select(&c->flash, number(config->running), c->slots,
                                 config->rollback ? (uint32_t)BM_OTA_VALID : BM_OTA_UNDEFINED);
    }
    return is_factory(config->running) ? bm_otadata_erase(&c->flash) : BM_OK;
}

/* When the bootloader tries an app: in order of falling numbers from the chosen one on, then the
 * factory app, then the slots above. slot: -1: the factory app. */
static int turn(int slot, int chosen)
{
    return slot >= 0 && slot <= chosen ? chosen - slot : slot < 0 ? chosen + 1 : slot + 1;
}

/* 1 if the bootloader would come to the target before it comes to what runs now: then the target
 * would boot as soon as it is whole. */
static int comes_first(const struct choice *c, const struct bm_update_config *config)
{
    const struct bm_part *running = config->running;
    const int target = turn((int)number(config->target), c->slot);
    if (is_slot(running)) {
        return target < turn((int)number(running), c->slot);
    }
    return !is_factory(running) || target < turn(-1, c->slot);
}

/* Takes away the record that is not followed, if it names the slot. First its CRC goes: a sector
 * that is half erased could otherwise hold the record in a state that is followed. */
static int forget(const struct choice *c, unsigned slot)
{
    static const uint8_t zeros[BM_OTADATA_RECORD_SIZE];
    const struct bm_flash *f = &c->flash;
    const unsigned other = c->active == 0;
    const struct bm_ota_record *record = &c->data.record[other];
    const uint32_t at = other * (BM_OTADATA_SIZE / 2);
    const uint32_t tail = f->prog_size > 4 ? f->prog_size : 4;
    if (c->active < 0 || !record->crc_ok || bm_ota_record_slot(record, c->slots) != slot) {
        return BM_OK;
    }
    if (f->ops->prog == NULL || f->ops->erase == NULL || tail > sizeof zeros) {
        return BM_E_READONLY;
    }
    const int rc = f->ops->prog(f->ctx, at + BM_OTADATA_RECORD_SIZE - tail, zeros, tail);
    return rc == BM_OK ? f->ops->erase(f->ctx, at, BM_OTADATA_SIZE / 2) : rc;
}

/* 1 if the app that runs may still be rolled back. */
static int unconfirmed(const struct choice *c, const struct bm_part *running)
{
    for (int i = 0; i < 2 && is_slot(running) && c->slots > 0; i++) {
        const struct bm_ota_record *r = &c->data.record[i];
        if (bm_ota_record_usable(r) && bm_ota_record_slot(r, c->slots) == number(running) &&
            r->state == BM_OTA_PENDING_VERIFY) {
            return 1;
        }
    }
    return 0;
}

/* Sees to it that the slot can be overwritten without changing what boots. */
static int guard(const struct bm_update_config *config, struct bm_diag *diag)
{
    struct choice c;
    const unsigned target = number(config->target);
    int rc = read_choice(&c, config->chip, config->table);
    if (rc == BM_E_NOENT) {
        return BM_OK; /* no otadata: no slot ever boots by choice */
    }
    if (rc == BM_OK && config->rollback && unconfirmed(&c, config->running)) {
        return bm_diag_set(diag, BM_E_READONLY, config->target->offset, config->target->label,
                           "the app that runs has not been confirmed yet");
    }
    /* A slot that runs without a record could not be rolled back to. */
    const int unrecorded = config->rollback && c.active < 0 && is_slot(config->running);
    if (rc == BM_OK && (unrecorded || comes_first(&c, config))) {
        rc = choose_running(&c, config);
        if (rc == BM_OK) {
            rc = read_choice(&c, config->chip, config->table);
        }
    }
    return rc == BM_OK && config->rollback ? forget(&c, target) : rc;
}

static int check_config(const struct bm_update_config *config, struct bm_diag *diag)
{
    const struct bm_part *target = config->target;
    if (config->chip == NULL || config->table == NULL || !is_slot(target)) {
        return bm_diag_set(diag, BM_E_ARG, 0, "update", "the target is not an OTA slot");
    }
    if (target == config->running) {
        return bm_diag_set(diag, BM_E_ARG, target->offset, target->label,
                           "the app that runs cannot be overwritten");
    }
    if (config->size < BM_UPDATE_SEQUENTIAL && config->size > target->size) {
        return bm_diag_set(diag, BM_E_NOSPC, target->offset, target->label,
                           "the image is larger than the slot");
    }
    if ((target->flags & BM_PART_READONLY) != 0) {
        return bm_diag_set(diag, BM_E_READONLY, target->offset, target->label,
                           "the partition is read-only");
    }
    return BM_OK;
}

static uint32_t round_up(uint32_t n, uint32_t to)
{
    return (n + to - 1) / to * to;
}

static int open_session(struct bm_update *u, const struct bm_update_config *config,
                        struct bm_diag *diag)
{
    memset(u, 0, sizeof *u);
    const int rc = bm_part_region(&u->slot, &u->window, config->chip, config->target);
    if (rc != BM_OK) {
        return rc;
    }
    if (u->slot.ops->prog == NULL || u->slot.ops->erase == NULL) {
        return BM_E_READONLY;
    }
    u->unit = config->unit > u->slot.prog_size ? config->unit : u->slot.prog_size;
    if (u->unit == 0 || u->unit > BM_UPDATE_UNIT_MAX || u->slot.erase_size % u->unit != 0 ||
        u->slot.size % u->slot.erase_size != 0 || config->offset > u->slot.size ||
        config->offset % u->unit != 0) {
        return bm_diag_set(diag, BM_E_ARG, config->offset, config->target->label,
                           "offset or size is not a multiple of what the flash writes or erases");
    }
    u->sequential = config->size == BM_UPDATE_SEQUENTIAL;
    u->written = config->offset;
    u->end = config->offset;
    u->erased = round_up(config->offset, u->slot.erase_size);
    return BM_OK;
}

int bm_update_begin(struct bm_update *u, const struct bm_update_config *config,
                    struct bm_diag *diag)
{
    if (u == NULL || config == NULL) {
        return BM_E_ARG;
    }
    int rc = check_config(config, diag);
    if (rc == BM_OK) {
        rc = open_session(u, config, diag);
    }
    if (rc == BM_OK) {
        rc = guard(config, diag);
    }
    if (rc == BM_OK && !u->sequential && config->offset == 0) {
        const int all = config->size == BM_UPDATE_SIZE_UNKNOWN || config->size == 0;
        const uint32_t len = all ? u->slot.size : round_up(config->size, u->slot.erase_size);
        rc = u->slot.ops->erase(u->slot.ctx, 0, len);
    }
    u->open = rc == BM_OK;
    return rc;
}

/* In a sequential session, erases up to where a write ends. */
static int make_room(struct bm_update *u, uint32_t end)
{
    const uint32_t to = round_up(end, u->slot.erase_size);
    if (!u->sequential || to <= u->erased) {
        return BM_OK;
    }
    const int rc = u->slot.ops->erase(u->slot.ctx, u->erased, to - u->erased);
    if (rc == BM_OK) {
        u->erased = to;
    }
    return rc;
}

static int program(struct bm_update *u, uint32_t at, const uint8_t *data, uint32_t len)
{
    const int rc = len > 0 ? u->slot.ops->prog(u->slot.ctx, at, data, len) : BM_OK;
    if (rc == BM_OK && len > 0 && at + len > u->end) {
        u->end = at + len;
    }
    return rc;
}

/* Fills the unit that was begun; takes what it needs from data. */
static int fill_hold(struct bm_update *u, const uint8_t **data, uint32_t *len)
{
    const uint32_t lacks = u->unit - u->held;
    const uint32_t n = *len < lacks ? *len : lacks;
    memcpy(u->hold + u->held, *data, n);
    if (u->held + n == u->unit) {
        const int rc = program(u, u->written, u->hold, u->unit);
        if (rc != BM_OK) {
            return rc;
        }
        u->written += u->unit;
        u->held = 0;
    } else {
        u->held += n;
    }
    *data += n;
    *len -= n;
    return BM_OK;
}

int bm_update_write(struct bm_update *u, const void *data, size_t len)
{
    const uint8_t *p = data;
    if (u == NULL || !u->open || data == NULL) {
        return BM_E_ARG;
    }
    const uint64_t taken = (uint64_t)u->written + u->held;
    if (taken > u->slot.size || len > u->slot.size - taken) {
        return BM_E_NOSPC;
    }
    uint32_t left = (uint32_t)len;
    if (left > 0 && u->written + u->held == 0 && p[0] != BMI_APP_MAGIC) {
        return BM_E_CORRUPT;
    }
    int rc = make_room(u, u->written + u->held + left);
    if (rc == BM_OK && u->held > 0 && left > 0) {
        rc = fill_hold(u, &p, &left);
    }
    const uint32_t whole = left / u->unit * u->unit;
    if (rc == BM_OK) {
        rc = program(u, u->written, p, whole);
    }
    if (rc != BM_OK) {
        return rc;
    }
    u->written += whole;
    if (left > whole) {
        memcpy(u->hold, p + whole, left - whole);
        u->held = left - whole;
    }
    return BM_OK;
}

int bm_update_write_at(struct bm_update *u, uint32_t off, const void *data, size_t len)
{
    if (u == NULL || !u->open || data == NULL || u->sequential || off > u->slot.size ||
        off % u->unit != 0 || len % u->unit != 0 || u->held > 0) {
        return BM_E_ARG;
    }
    if (len > u->slot.size - off) {
        return BM_E_NOSPC;
    }
    const int rc = program(u, off, data, (uint32_t)len);
    if (rc == BM_OK && u->written <= u->slot.size) {
        u->written += (uint32_t)len;
    }
    return rc;
}

/* The last bytes, filled up to a unit as erased flash would be. */
static int flush(struct bm_update *u)
{
    if (u->held == 0) {
        return BM_OK;
    }
    memset(u->hold + u->held, 0xff, u->unit - u->held);
    u->held = 0;
    return program(u, u->written, u->hold, u->unit);
}

static int check_image(const struct bm_update *u, const struct bm_update_check *check,
                       struct bm_app *app, struct bm_diag *diag)
{
    const int rc =
        bm_app_verify(app, &u->slot, 0, u->end, check->sha256, check->buf, check->buf_len, diag);
    if (rc != BM_OK) {
        return rc;
    }
    if (check->chip != BM_UPDATE_ANY_CHIP && app->chip != check->chip) {
        return bm_diag_set(diag, BM_E_TYPE, BMI_AH_CHIP, "header", "the image is for another chip");
    }
    if (check->secure_version > 0 &&
        (!app->has_desc || app->desc.secure_version < check->secure_version)) {
        return bm_diag_set(diag, BM_E_VERSION, 0, "description",
                           "its secure version is lower than the chip's");
    }
    return BM_OK;
}

int bm_update_end(struct bm_update *u, const struct bm_update_check *check, struct bm_app *app,
                  struct bm_diag *diag)
{
    if (u == NULL || !u->open) {
        return BM_E_ARG;
    }
    u->open = 0;
    if (check == NULL || app == NULL || u->end + u->held == 0) {
        return BM_E_ARG;
    }
    const int rc = flush(u);
    return rc == BM_OK ? check_image(u, check, app, diag) : rc;
}

void bm_update_abort(struct bm_update *u)
{
    if (u != NULL) {
        u->open = 0;
    }
}

int bm_update_select(const struct bm_flash *chip, const struct bm_part_table *table,
                     const struct bm_part *part, int rollback)
{
    struct choice c;
    const uint32_t state = rollback ? (uint32_t)BM_OTA_NEW : BM_OTA_UNDEFINED;
    if (chip == NULL || table == NULL || (!is_slot(part) && !is_factory(part))) {
        return BM_E_ARG;
    }
    const int rc = read_choice(&c, chip, table);
    if (rc != BM_OK) {
        return rc;
    }
    if (is_factory(part)) {
        return bm_otadata_erase(&c.flash);
    }
    if (number(part) >= c.slots) {
        return BM_E_ARG;
    }
    if (c.active >= 0 && c.slot == (int)number(part) && c.data.record[c.active].state == state) {
        return BM_OK;
    }
    return bm_otadata_select(&c.flash, number(part), c.slots, state);
}

int bm_update_forget(const struct bm_flash *chip, const struct bm_part_table *table,
                     const struct bm_part *slot)
{
    struct choice c;
    if (chip == NULL || table == NULL || !is_slot(slot)) {
        return BM_E_ARG;
    }
    const int rc = read_choice(&c, chip, table);
    return rc == BM_OK ? forget(&c, number(slot)) : rc;
}
