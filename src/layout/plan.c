/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/plan.h"

#include <stdio.h>
#include <string.h>

#include "image/suggest.h"
#include "layout/content.h"

enum { ESP32 = 0, ESP32_S2 = 2, ESP32_P4 = 18, ESP32_C5 = 23, ESP32_H4 = 28, ESP32_S31 = 32 };

uint32_t bm_bootloader_offset(int chip)
{
    static const struct {
        int chip;
        uint32_t off;
    } rows[] = {{ESP32, 0x1000},    {ESP32_S2, 0x1000}, {ESP32_P4, 0x2000},
                {ESP32_C5, 0x2000}, {ESP32_H4, 0x2000}, {ESP32_S31, 0x2000}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].chip == chip) {
            return rows[i].off;
        }
    }
    return 0;
}

void bmi_part_erased(const struct bm_flash_part *part, uint64_t *begin, uint64_t *end)
{
    const uint64_t sector = BM_FLASH_SECTOR;
    *begin = part->offset / sector * sector;
    *end = (part->offset + (uint64_t)part->len + sector - 1) / sector * sector;
}

const struct bm_flash_part *bmi_plan_at(const struct bm_flash_plan *plan, uint32_t off)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct bm_flash_part *p = &plan->parts[i];
        if (p->placed && p->offset <= off && off - p->offset < p->len) {
            return p;
        }
    }
    return NULL;
}

static int is_table_label(const char *label)
{
    return strcmp(label, "partition-table") == 0 || strcmp(label, "partition_table") == 0;
}

static int same_part(const struct bm_part *a, const struct bm_part *b)
{
    return a->type == b->type && a->subtype == b->subtype && a->offset == b->offset &&
           a->size == b->size && a->flags == b->flags && strcmp(a->label, b->label) == 0;
}

/* A table given and one that is written must agree: names would be looked up in the wrong one. */
static void compare_tables(const struct bm_flash_plan *plan, const char *file,
                           struct bm_layout_findings *fs)
{
    const struct bm_part_table *a = plan->table;
    const struct bm_part_table *b = &plan->found;
    const unsigned most = a->count > b->count ? a->count : b->count;
    for (unsigned i = 0; i < most; i++) {
        if (i >= a->count || i >= b->count || !same_part(&a->part[i], &b->part[i])) {
            const struct bm_part *p = i < b->count ? &b->part[i] : &a->part[i];
            bmi_finding_add(fs, BM_LF_TABLE_DIFFERS, p->label, file, NULL, NULL);
            return;
        }
    }
}

static void find_table(struct bm_flash_plan *plan, struct bm_layout_findings *fs)
{
    struct bm_diag diag = {0};
    const struct bm_flash_part *p = bmi_plan_at(plan, plan->table_off);
    if (p == NULL) {
        return;
    }
    const size_t at = plan->table_off - p->offset;
    if (bm_part_table_parse(&plan->found, p->data + at, p->len - at, plan->md5, &diag) != BM_OK) {
        bmi_finding_add(fs, BM_LF_TABLE_BAD, NULL, p->file,
                        diag.text[0] != '\0' ? diag.text : bm_err_text(diag.code),
                        bmi_word_at(plan->table_off).text);
        return;
    }
    if (plan->table != NULL) {
        compare_tables(plan, p->file, fs);
    } else {
        plan->table = &plan->found;
    }
}

/* The chip is that of the first image that says it. */
static void find_chip(struct bm_flash_plan *plan)
{
    for (size_t i = 0; i < plan->count && plan->chip == BM_CHIP_UNKNOWN; i++) {
        const struct bm_flash_part *p = &plan->parts[i];
        struct bm_app app;
        struct bm_flash flash;
        if (bmi_is_app(p->data, p->len) && bm_flash_view(&flash, p->data, p->len) == BM_OK &&
            bm_app_read(&app, &flash, 0, flash.size, NULL) == BM_OK) {
            plan->chip = app.chip;
        }
    }
}

static void say_unknown(const struct bm_flash_plan *plan, const struct bm_flash_part *part,
                        struct bm_layout_findings *fs)
{
    const char *names[BM_PART_MAX + 1];
    char hint[128];
    size_t n = 0;
    for (unsigned i = 0; i < plan->table->count; i++) {
        names[n++] = plan->table->part[i].label;
    }
    names[n] = NULL;
    const char *near = bmi_suggest(part->label, strlen(part->label), names);
    hint[0] = '\0';
    if (near != NULL) {
        (void)snprintf(hint, sizeof hint, " (did you mean %s?)", near);
    }
    bmi_finding_add(fs, BM_LF_PART_UNKNOWN_NAME, part->label, part->file, hint, NULL);
}

/* The partition of a name. "app" is what ESP-IDF's build calls the app of a new device: in factory,
 * or in ota_0. */
static const struct bm_part *named(const struct bm_part_table *table, const char *label)
{
    const struct bm_part *p = bm_part_find(table, -1, -1, label);
    if (p == NULL && strcmp(label, "app") == 0) {
        p = bm_part_find(table, BM_PART_APP, BM_PART_APP_FACTORY, NULL);
        p = p != NULL ? p : bm_part_find(table, BM_PART_APP, BM_PART_APP_OTA_0, NULL);
    }
    return p;
}

static void place(const struct bm_flash_plan *plan, struct bm_flash_part *part,
                  struct bm_layout_findings *fs)
{
    const struct bm_part *p = plan->table != NULL ? named(plan->table, part->label) : NULL;
    if (p != NULL) {
        part->offset = p->offset;
    } else if (strcmp(part->label, "bootloader") == 0) {
        part->offset = bm_bootloader_offset(plan->chip);
    } else {
        if (plan->table != NULL) {
            say_unknown(plan, part, fs);
        } else {
            bmi_finding_add(fs, BM_LF_PART_NO_TABLE, part->label, part->file, NULL, NULL);
        }
        return;
    }
    part->placed = 1;
}

void bm_plan_resolve(struct bm_flash_plan *plan, struct bm_layout_findings *findings)
{
    for (size_t i = 0; i < plan->count; i++) {
        struct bm_flash_part *p = &plan->parts[i];
        if (!p->placed && is_table_label(p->label) &&
            (plan->table == NULL || bm_part_find(plan->table, -1, -1, p->label) == NULL)) {
            p->offset = plan->table_off;
            p->placed = 1;
        }
    }
    find_table(plan, findings);
    find_chip(plan);
    for (size_t i = 0; i < plan->count; i++) {
        if (!plan->parts[i].placed) {
            place(plan, &plan->parts[i], findings);
        }
    }
}
