/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "birthmark/boot.h"
#include "layout/assemble.h"
#include "layout/content.h"
#include "layout/preflight_parts.h"

enum { SCRATCH = 16384 };

/* As the bootloader counts them: rows, not names without a gap. */
static unsigned slots_of(const struct bm_part_table *t)
{
    unsigned n = 0;
    for (unsigned i = 0; i < t->count; i++) {
        const struct bm_part *p = &t->part[i];
        n += p->type == BM_PART_APP && p->subtype >= BM_PART_APP_OTA_0 &&
             p->subtype < BM_PART_APP_OTA_0 + BM_OTA_SLOTS_MAX;
    }
    return n;
}

/* The seq of the record that counts on the device. Returns 1; 0: none counts; -1: not known. */
static int active_seq(const struct bm_preflight *in, uint32_t *seq)
{
    const struct bm_part *p = bm_boot_otadata(in->from);
    struct bm_flash chip;
    struct bm_flash region;
    struct bm_flash_window window;
    struct bm_otadata data;
    if (in->flash == NULL || p == NULL || bm_flash_view(&chip, in->flash, in->flash_len) != BM_OK ||
        bm_part_region(&region, &window, &chip, p) != BM_OK ||
        bm_otadata_read(&data, &region) != BM_OK) {
        return in->flash == NULL || p != NULL ? -1 : 0;
    }
    const int active = bm_otadata_active(&data);
    if (active >= 0) {
        *seq = data.record[active].seq;
    }
    return active >= 0;
}

static int writes_bootloader(const struct bm_preflight *in)
{
    for (size_t i = 0; in->plan != NULL && i < in->plan->count; i++) {
        const struct bm_flash_part *w = &in->plan->parts[i];
        if (w->placed && w->offset < in->to_off && bmi_is_app(w->data, w->len)) {
            return 1;
        }
    }
    return 0;
}

static void check_table(const struct bm_preflight *in, struct bm_layout_findings *fs)
{
    if (in->from_off != in->to_off && !writes_bootloader(in)) {
        bmi_finding_add(fs, BM_LF_TABLE_MOVED, NULL, NULL, bmi_word_at(in->from_off).text,
                        bmi_word_at(in->to_off).text);
    }
}

static void check_otadata(const struct bm_preflight *in, struct bm_layout_findings *fs)
{
    const struct bm_part *a = bm_boot_otadata(in->from);
    const struct bm_part *b = bm_boot_otadata(in->to);
    uint32_t seq;
    size_t i = 0;
    if (b == NULL) {
        if (slots_of(in->to) > 0) {
            bmi_finding_add(fs, BM_LF_OTADATA_MISSING, NULL, NULL, NULL, NULL);
        }
        return;
    }
    if (b->size < BM_OTADATA_SIZE) {
        bmi_finding_add(fs, BM_LF_OTADATA_SMALL, b->label, NULL, NULL, bmi_word_size(b->size).text);
    }
    if (a == NULL || active_seq(in, &seq) == 0) {
        return; /* nothing was ever selected */
    }
    if (a->offset != b->offset) {
        bmi_finding_add(fs, BM_LF_OTADATA_MOVED, b->label, NULL, bmi_word_at(a->offset).text,
                        bmi_word_at(b->offset).text);
    }
    const struct bm_flash_part *w = bmi_write_over(in, a->offset, a->size, &i);
    if (w != NULL || in->erase_all) {
        bmi_finding_add(fs, BM_LF_OTADATA_RESET, a->label, w != NULL ? w->file : "--erase-all",
                        bmi_word_at(a->offset).text, NULL);
    }
}

static void check_slot_count(const struct bm_preflight *in, struct bm_layout_findings *fs)
{
    const unsigned a = slots_of(in->from);
    const unsigned b = slots_of(in->to);
    uint32_t seq = 0;
    char old[16];
    char now[16];
    const int known = a != b && a > 0 ? active_seq(in, &seq) : 0;
    if (known == 0 || (known == 1 && b > 0 && (seq - 1) % a == (seq - 1) % b)) {
        return;
    }
    (void)snprintf(old, sizeof old, "%u", a);
    (void)snprintf(now, sizeof now, "%u", b);
    bmi_finding_add(fs, BM_LF_OTA_SLOTS_CHANGED, NULL, NULL, old, now);
}

static int is_written(const struct bm_preflight *in, const struct bm_part *p)
{
    const struct bm_flash_part *w = in->plan != NULL ? bmi_plan_at(in->plan, p->offset) : NULL;
    return w != NULL && (w->offset == p->offset || w->offset < in->to_off);
}

/* Size of the app in a partition of the old flash; 0: none that can be read, or not known. */
static uint32_t app_size(const struct bm_preflight *in, const struct bm_part *p)
{
    struct bm_flash chip;
    struct bm_app app;
    if (in->flash == NULL || bm_flash_view(&chip, in->flash, in->flash_len) != BM_OK ||
        p->offset > chip.size || p->size > chip.size - p->offset ||
        bm_app_read(&app, &chip, p->offset, p->size, NULL) != BM_OK) {
        return 0;
    }
    return app.size;
}

/* decided: what boots was worked out from flash, which says more than that factory is gone. */
static void check_slot(const struct bm_preflight *in, const struct bm_part *p, int decided,
                       struct bm_layout_findings *fs)
{
    const struct bm_part *n = bm_part_find(in->to, BM_PART_APP, p->subtype, NULL);
    if (n == NULL) {
        if (p->subtype == BM_PART_APP_FACTORY && !decided) {
            bmi_finding_add(fs, BM_LF_FACTORY_REMOVED, p->label, NULL, bmi_word_at(p->offset).text,
                            NULL);
        }
    } else if (is_written(in, n) || !bmi_maybe_used(in, p->offset, p->size)) {
        return; /* it gets a new app, or had none */
    } else if (n->offset != p->offset) {
        bmi_finding_add(fs, BM_LF_SLOT_MOVED, p->label, NULL, bmi_word_at(p->offset).text,
                        bmi_word_at(n->offset).text);
    } else if (n->size < p->size) {
        const uint32_t size = app_size(in, p);
        if (size > n->size) {
            bmi_finding_add(fs, BM_LF_APP_TOO_BIG, n->label, "the app on the device",
                            bmi_word_size(n->size).text, bmi_word_size(size).text);
        } else if (size == 0) {
            bmi_finding_add(fs, BM_LF_SLOT_SHRUNK, p->label, NULL, bmi_word_size(p->size).text,
                            bmi_word_size(n->size).text);
        }
    }
}

/* Decides what boots from a flash. start: its label and version. Returns 1: something does. */
static int boots(const struct bmi_move *m, const struct bm_part_table *table, const uint8_t *flash,
                 uint32_t table_off, char *start, size_t cap)
{
    uint8_t scratch[SCRATCH];
    struct bm_flash chip;
    struct bm_flash region;
    struct bm_flash_window window;
    struct bm_otadata data;
    struct bm_app app;
    const struct bm_part *ota = bm_boot_otadata(table);
    if (bm_flash_view(&chip, flash, m->len) != BM_OK) {
        return 0;
    }
    struct bm_boot boot;
    const int written = bm_flash_chip(flash, m->len, table_off, NULL);
    struct bm_boot_flash ask = {.chip = &chip,
                                .sha256 = m->in->sha256,
                                .buf = scratch,
                                .buf_len = sizeof scratch,
                                .chip_id = written != BM_CHIP_UNKNOWN ? written : m->chip};
    const int have = ota != NULL && bm_part_region(&region, &window, &chip, ota) == BM_OK &&
                     bm_otadata_read(&data, &region) == BM_OK;
    if (bm_boot_decide(&boot, table, have ? &data : NULL, bm_boot_ask_flash, &ask, NULL) != BM_OK ||
        boot.part == NULL) {
        return 0;
    }
    const int named =
        bm_app_read(&app, &chip, boot.part->offset, boot.part->size, NULL) == BM_OK && app.has_desc;
    (void)snprintf(start, cap, "%s at 0x%x%s%s", boot.part->label, (unsigned)boot.part->offset,
                   named ? ", version " : "", named ? app.desc.version : "");
    return 1;
}

/* Where the last partition ends that says what boots. */
static uint64_t apps_end(const struct bm_part_table *table)
{
    uint64_t end = 0;
    for (unsigned i = 0; i < table->count; i++) {
        const struct bm_part *p = &table->part[i];
        const uint64_t stop = (uint64_t)p->offset + p->size;
        if ((p->type == BM_PART_APP || bmi_is_kind(p, BM_PART_DATA, BM_PART_DATA_OTA)) &&
            stop > end) {
            end = stop;
        }
    }
    return end;
}

/* The first start before and after. Behind the end of a file that was cut short the flash counts as
 * blank; that nothing starts is then no finding. Returns 1 if it was worked out for certain. */
static int check_boot(const struct bmi_move *m)
{
    const struct bm_preflight *in = m->in;
    char old[128];
    char now[128];
    if (m->before == NULL || in->apps_unknown) {
        return 0;
    }
    const int whole = m->known >= apps_end(in->from);
    const int had = boots(m, in->from, m->before, in->from_off, old, sizeof old);
    const int has = boots(m, in->to, m->after, in->to_off, now, sizeof now);
    if (!has && (had || whole)) {
        bmi_finding_add(m->fs, BM_LF_BOOT_NOTHING, NULL, NULL, had ? old : "nothing", NULL);
    } else if (had && has && strcmp(old, now) != 0) {
        bmi_finding_add(m->fs, BM_LF_BOOT_CHANGED, NULL, NULL, old, now);
    }
    return whole;
}

/* 1 if there is a bootloader that is whole. */
static int has_bootloader(const struct bmi_move *m, const uint8_t *flash, uint32_t table_off,
                          uint32_t *off)
{
    struct bm_app app;
    return bm_flash_chip(flash, m->known, table_off, off) != BM_CHIP_UNKNOWN &&
           bmi_app_verify(&app, flash + *off, table_off - *off, m->in->sha256, NULL) == BM_OK;
}

static void check_bootloader(const struct bmi_move *m)
{
    uint32_t off = 0;
    uint32_t now = 0;
    const size_t least = m->in->from_off > m->in->to_off ? m->in->from_off : m->in->to_off;
    if (m->known >= least && has_bootloader(m, m->before, m->in->from_off, &off) &&
        !has_bootloader(m, m->after, m->in->to_off, &now)) {
        bmi_finding_add(m->fs, BM_LF_BOOTLOADER_LOST, NULL, NULL, bmi_word_at(off).text, NULL);
    }
}

void bmi_preflight_boot(const struct bmi_move *m)
{
    const struct bm_preflight *in = m->in;
    check_table(in, m->fs);
    check_bootloader(m);
    check_otadata(in, m->fs);
    check_slot_count(in, m->fs);
    const int decided = check_boot(m);
    for (unsigned i = 0; i < in->from->count; i++) {
        if (in->from->part[i].type == BM_PART_APP && in->from->part[i].subtype < BM_PART_APP_TEST) {
            check_slot(in, &in->from->part[i], decided, m->fs);
        }
    }
}
