/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware.h"

#include <string.h>

#include "birthmark/app.h"
#include "birthmark/ota.h"
#include "identity.h"
#include "say.h"
#include "sha256.h"

static void say_part(const struct chip *chip, const struct bm_part *part)
{
    say(chip, part->label);
    say(chip, " at ");
    say_offset(chip, part->offset);
}

static int is_slot(const struct bm_part *part)
{
    return part->type == BM_PART_APP && part->subtype >= BM_PART_APP_OTA_0 &&
           part->subtype < BM_PART_APP_OTA_0 + BM_OTA_SLOTS_MAX;
}

/* The app partition whose image the chip has mapped. */
static const struct bm_part *find_running(const struct bm_part_table *table, uint32_t at)
{
    for (unsigned i = 0; i < table->count; i++) {
        const struct bm_part *p = &table->part[i];
        if (p->type == BM_PART_APP && at >= p->offset && at - p->offset < p->size) {
            return p;
        }
    }
    return NULL;
}

static int find_partitions(struct firmware *f)
{
    struct bm_diag diag = {0};
    const int rc =
        bm_part_table_read(&f->table, &f->chip->flash, BM_PART_TABLE_OFFSET, NULL, &diag);
    if (rc != BM_OK) {
        say(f->chip, "partition table: ");
        say(f->chip, diag.text[0] != '\0' ? diag.text : bm_err_text(rc));
        say(f->chip, "\n");
        return rc;
    }
    f->slot = find_running(&f->table, f->chip->running());
    f->otadata = bm_part_find(&f->table, BM_PART_DATA, BM_PART_DATA_OTA, NULL);
    for (unsigned i = 0; i < f->table.count; i++) {
        f->slots += is_slot(&f->table.part[i]) ? 1 : 0;
    }
    say(f->chip, "slot: ");
    if (f->slot != NULL) {
        say_part(f->chip, f->slot);
    } else {
        say(f->chip, "unknown, mapped from ");
        say_offset(f->chip, f->chip->running());
    }
    say(f->chip, "\n");
    return BM_OK;
}

/* The record that made this slot boot, if there is one. */
static int own_record(const struct firmware *f, const struct bm_flash *otadata,
                      struct bm_ota_record *out)
{
    struct bm_otadata data;
    if (bm_otadata_read(&data, otadata) != BM_OK) {
        return 0;
    }
    const int active = bm_otadata_active(&data);
    if (active < 0 || f->slots == 0 || f->slot == NULL || !is_slot(f->slot) ||
        (data.record[active].seq - 1) % f->slots !=
            (unsigned)f->slot->subtype - BM_PART_APP_OTA_0) {
        return 0;
    }
    *out = data.record[active];
    return 1;
}

/* Tells the bootloader that this image works; else it would roll back at the next start. */
static void mark_valid(const struct firmware *f)
{
    struct bm_flash otadata;
    struct bm_flash_window window;
    struct bm_ota_record record;
    if (f->otadata == NULL ||
        bm_part_region(&otadata, &window, &f->chip->flash, f->otadata) != BM_OK ||
        !own_record(f, &otadata, &record)) {
        say(f->chip, "otadata: not what booted this image\n");
        return;
    }
    say(f->chip, "otadata: sequence ");
    say_number(f->chip, record.seq);
    if (record.state != BM_OTA_NEW && record.state != BM_OTA_PENDING_VERIFY) {
        say(f->chip, record.state == BM_OTA_VALID ? ", valid\n" : ", no rollback\n");
        return;
    }
    const int rc = bm_otadata_set_state(&otadata, BM_OTA_VALID);
    say(f->chip, rc == BM_OK ? ", marked valid\n" : ", cannot be marked valid: ");
    if (rc != BM_OK) {
        say(f->chip, bm_err_text(rc));
        say(f->chip, "\n");
    }
}

void firmware_boot(struct firmware *out, const struct chip *chip, const char *version)
{
    memset(out, 0, sizeof *out);
    out->chip = chip;
    out->version = version;
    say(chip, "\nbirthmark bare-chip ");
    say(chip, chip->name);
    say(chip, " version ");
    say(chip, version);
    say(chip, "\n");
    if (find_partitions(out) != BM_OK) {
        return;
    }
    out->nvs_works = identity_show(chip, &out->table);
    if (out->nvs_works) {
        mark_valid(out);
    } else {
        say(chip, "no NVS partition can be written: this image is not marked valid\n");
    }
}

/* The slot after the running one; behind factory, the first. */
static const struct bm_part *other_slot(const struct firmware *f)
{
    unsigned next = 0;
    if (f->slot != NULL && is_slot(f->slot)) {
        next = (f->slot->subtype - BM_PART_APP_OTA_0 + 1u) % f->slots;
    }
    const struct bm_part *slot =
        bm_part_find(&f->table, BM_PART_APP, (int)(BM_PART_APP_OTA_0 + next), NULL);
    return slot != f->slot ? slot : NULL;
}

/* Refuses what the bootloader would refuse, too: then it would only fall back. */
static int is_bootable(const struct chip *chip, const struct bm_part *slot)
{
    static uint8_t buf[1024];
    static struct bm_app app;
    struct sha256 state;
    const struct bm_hash sha256 = sha256_hash(&state);
    struct bm_diag diag = {0};
    const int rc = bm_app_verify(&app, &chip->flash, slot->offset, slot->size, &sha256, buf,
                                 sizeof buf, &diag);
    if (rc == BM_OK && app.chip == chip->id) {
        return 1;
    }
    say_part(chip, slot);
    say(chip, " does not boot: ");
    say(chip, rc == BM_OK            ? "its image is for another chip"
              : diag.text[0] != '\0' ? diag.text
                                     : bm_err_text(rc));
    say(chip, "\n");
    return 0;
}

static void switch_slot(struct firmware *f)
{
    struct bm_flash otadata;
    struct bm_flash_window window;
    const struct bm_part *slot = f->slots > 0 ? other_slot(f) : NULL;
    if (slot == NULL || f->otadata == NULL ||
        bm_part_region(&otadata, &window, &f->chip->flash, f->otadata) != BM_OK) {
        say(f->chip, "the partition table has no other slot to boot\n");
        return;
    }
    if (!is_bootable(f->chip, slot)) {
        return;
    }
    const int rc =
        bm_otadata_select(&otadata, slot->subtype - BM_PART_APP_OTA_0, f->slots, BM_OTA_NEW);
    if (rc != BM_OK) {
        say(f->chip, "otadata cannot be written: ");
        say(f->chip, bm_err_text(rc));
        say(f->chip, "\n");
        return;
    }
    say(f->chip, "restarting into ");
    say_part(f->chip, slot);
    say(f->chip, "\n");
    f->chip->restart();
}

void firmware_wait(struct firmware *f)
{
    int c;
    say(f->chip, "ready: a line switches to the other slot\n");
    do {
        c = f->chip->get();
    } while (c != '\r' && c != '\n');
    f->chip->pause();
    while (f->chip->get() >= 0) { /* the \n behind \r is no second line */
    }
    switch_slot(f);
}
