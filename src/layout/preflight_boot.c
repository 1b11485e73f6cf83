/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "birthmark/boot.h"
#include "layout/content.h"
#include "layout/preflight.h"

enum { SCRATCH = 16384 };

static const struct bm_part *otadata_of(const struct bm_part_table *t)
{
    return bm_part_find(t, BM_PART_DATA, BM_PART_DATA_OTA, NULL);
}

static unsigned slots_of(const struct bm_part_table *t)
{
    unsigned n = 0;
    while (n < BM_OTA_SLOTS_MAX &&
           bm_part_find(t, BM_PART_APP, BM_PART_APP_OTA_0 + (int)n, NULL) != NULL) {
        n++;
    }
    return n;
}

/* The seq of the record that counts on the device. Returns 1; 0: none counts; -1: not known. */
static int active_seq(const struct bm_preflight *in, uint32_t *seq)
{
    const struct bm_part *p = otadata_of(in->from);
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
    const struct bm_part *a = otadata_of(in->from);
    const struct bm_part *b = otadata_of(in->to);
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
    if (w != NULL) {
        bmi_finding_add(fs, BM_LF_OTADATA_RESET, a->label, w->file, bmi_word_at(a->offset).text,
                        NULL);
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

static void check_slot(const struct bm_preflight *in, const struct bm_part *p,
                       struct bm_layout_findings *fs)
{
    const struct bm_part *n = bm_part_find(in->to, BM_PART_APP, p->subtype, NULL);
    if (n == NULL) {
        /* With its flash at hand, what boots afterwards is worked out: see check_boot(). */
        if (p->subtype == BM_PART_APP_FACTORY && in->flash == NULL) {
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
static int boots(const struct bm_preflight *in, const struct bm_part_table *table,
                 const uint8_t *flash, size_t len, char *start, size_t cap)
{
    uint8_t scratch[SCRATCH];
    struct bm_flash chip;
    struct bm_flash region;
    struct bm_flash_window window;
    struct bm_otadata data;
    struct bm_app app;
    const struct bm_part *ota = otadata_of(table);
    if (bm_flash_view(&chip, flash, len) != BM_OK) {
        return 0;
    }
    struct bm_boot boot;
    struct bm_boot_flash ask = {.chip = &chip,
                                .sha256 = in->sha256,
                                .buf = scratch,
                                .buf_len = sizeof scratch,
                                .chip_id = -1};
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

static void write_parts(uint8_t *flash, size_t len, const struct bm_flash_plan *plan)
{
    for (size_t i = 0; plan != NULL && i < plan->count; i++) {
        const struct bm_flash_part *w = &plan->parts[i];
        uint64_t begin;
        uint64_t end;
        bmi_part_erased(w, &begin, &end);
        if (w->placed && w->len > 0 && w->offset + (uint64_t)w->len <= len) {
            memset(flash + begin, 0xff, (size_t)((end < len ? end : len) - begin));
            memcpy(flash + w->offset, w->data, w->len);
        }
    }
}

/* Where the last partition of a table ends; 0 for one that no flash has room for. */
static size_t end_of(const struct bm_part_table *table)
{
    uint64_t end = 0;
    for (unsigned i = 0; i < table->count; i++) {
        const uint64_t stop = (uint64_t)table->part[i].offset + table->part[i].size;
        end = stop > end ? stop : end;
    }
    return end <= BM_FLASH_SIZE_MAX ? (size_t)end : 0;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The first start before and after. Behind the end of a file that was cut short the flash counts as
 * blank; that nothing starts is then no finding. */
static int check_boot(const struct bm_preflight *in, struct bm_layout_findings *fs)
{
    char old[128];
    char now[128];
    if (in->flash == NULL || in->flash_len == 0) {
        return BM_OK;
    }
    const size_t len = larger(in->flash_len, larger(end_of(in->from), end_of(in->to)));
    uint8_t *copy = malloc(len);
    if (copy == NULL) {
        return BM_E_NOMEM;
    }
    memcpy(copy, in->flash, in->flash_len);
    memset(copy + in->flash_len, 0xff, len - in->flash_len);
    const int had = boots(in, in->from, copy, len, old, sizeof old);
    write_parts(copy, len, in->plan);
    const int has = boots(in, in->to, copy, len, now, sizeof now);
    if (!has && (had || in->flash_len >= end_of(in->from))) {
        bmi_finding_add(fs, BM_LF_BOOT_NOTHING, NULL, NULL, had ? old : "nothing", NULL);
    } else if (had && has && strcmp(old, now) != 0) {
        bmi_finding_add(fs, BM_LF_BOOT_CHANGED, NULL, NULL, old, now);
    }
    bm_wipe(copy, len);
    free(copy);
    return BM_OK;
}

int bmi_preflight_boot(const struct bm_preflight *in, struct bm_layout_findings *fs)
{
    check_table(in, fs);
    check_otadata(in, fs);
    check_slot_count(in, fs);
    for (unsigned i = 0; i < in->from->count; i++) {
        if (in->from->part[i].type == BM_PART_APP && in->from->part[i].subtype < BM_PART_APP_TEST) {
            check_slot(in, &in->from->part[i], fs);
        }
    }
    return check_boot(in, fs);
}
