/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "birthmark/app.h"
#include "image/scan.h"
#include "layout/assemble.h"
#include "layout/content.h"
#include "layout/plan.h"
#include "layout/table_judge.h"

/* One part and the partition it goes to. */
struct case_of {
    const struct bm_flash_plan *plan;
    const struct bm_flash_part *part;
    const struct bm_part *target; /* or NULL */
    struct bm_layout_findings *fs;
};

static void add(const struct case_of *c, enum bm_layout_code code, const char *old, const char *now)
{
    bmi_finding_add(c->fs, code, c->target != NULL ? c->target->label : NULL, c->part->file, old,
                    now);
}

static struct bmi_word range_of(const struct bm_flash_part *p)
{
    return bmi_word_range(p->offset, p->len);
}

static void check_outside(const struct case_of *c)
{
    const uint32_t size = c->plan->flash_size != 0 ? c->plan->flash_size : BM_FLASH_SIZE_MAX;
    if (bmi_flash_part_end(c->part) > size) {
        add(c, BM_LF_PART_OUTSIDE_FLASH, bmi_word_at(size).text, range_of(c->part).text);
    }
}

static void check_overlap(const struct case_of *c, const struct bm_flash_part *other)
{
    char old[320];
    if (other->placed && other->len > 0 && other->offset < bmi_flash_part_end(c->part) &&
        c->part->offset < bmi_flash_part_end(other)) {
        (void)snprintf(old, sizeof old, "%s at %s", other->file, range_of(other).text);
        add(c, BM_LF_PART_OVERLAP, old, range_of(c->part).text);
    }
}

static void check_chip(const struct case_of *c, const struct bm_app *app)
{
    const char *have = bm_app_chip_name(app->chip);
    const char *want = c->plan->chip >= 0 ? bm_app_chip_name((uint16_t)c->plan->chip) : NULL;
    if (c->plan->chip != BM_CHIP_UNKNOWN && app->chip != c->plan->chip) {
        add(c, BM_LF_APP_OTHER_CHIP, want != NULL ? want : "the others",
            have != NULL ? have : "an unknown chip");
    }
}

/* Verifies an image at an offset of the part. room: what it has there at most. Returns 1 if it is a
 * good one. */
static int check_image(const struct case_of *c, size_t at, uint64_t room)
{
    struct bm_app app;
    struct bm_diag diag = {0};
    const size_t have = c->part->len - at;
    const size_t len = have < room ? have : (size_t)room;
    const int rc = bmi_app_verify(&app, c->part->data + at, len, c->plan->sha256, &diag);
    if (rc != BM_OK) {
        add(c, BM_LF_APP_DAMAGED, NULL, diag.text[0] != '\0' ? diag.text : bm_err_text(rc));
        return 0;
    }
    check_chip(c, &app);
    return 1;
}

/* Where in the part the chip looks for its bootloader; 0 if that is not in it. (Secure Boot v1 has
 * a digest before it, in one file with it.) */
static size_t bootloader_within(const struct case_of *c)
{
    const uint32_t off = c->plan->chip != BM_CHIP_UNKNOWN ? bm_bootloader_offset(c->plan->chip) : 0;
    return off > c->part->offset && off < bmi_flash_part_end(c->part) &&
                   !bmi_is_app(c->part->data, c->part->len)
               ? off - c->part->offset
               : 0;
}

static void check_bootloader(const struct case_of *c)
{
    struct bm_app app;
    struct bm_flash flash;
    if (bmi_flash_part_end(c->part) > c->plan->table_off) {
        add(c, BM_LF_PART_ON_TABLE, bmi_word_at(c->plan->table_off).text, range_of(c->part).text);
        return;
    }
    const size_t at = bootloader_within(c);
    if (!bmi_is_app(c->part->data + at, c->part->len - at)) {
        const int readable = bmi_is_blank(c->part->data, c->part->len) ||
                             bmi_is_plaintext(c->part->data, c->part->len);
        add(c, readable ? BM_LF_NOT_A_BOOTLOADER : BM_LF_BOOTLOADER_UNKNOWN, NULL, NULL);
        return;
    }
    if (!check_image(c, at, c->plan->table_off - c->part->offset - at) || at != 0 ||
        bm_flash_view(&flash, c->part->data, c->part->len) != BM_OK ||
        bm_app_read(&app, &flash, 0, flash.size, NULL) != BM_OK) {
        return;
    }
    const uint32_t off = bm_bootloader_offset(app.chip);
    if (bm_app_chip_name(app.chip) != NULL && c->part->offset != off) {
        add(c, BM_LF_BOOTLOADER_OFFSET, bmi_word_at(off).text, bmi_word_at(c->part->offset).text);
    }
}

/* Flash encryption is for all apps and the bootloader, or for none. */
static int has_plain_image(const struct bm_flash_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct bm_flash_part *p = &plan->parts[i];
        if (bmi_is_app(p->data, p->len) && !p->encrypted) {
            return 1;
        }
    }
    return 0;
}

static void check_app(const struct case_of *c)
{
    const struct bm_flash_part *p = c->part;
    if (bmi_is_app(p->data, p->len)) {
        (void)check_image(c, 0, c->target->size);
    } else if (bmi_is_plaintext(p->data, p->len) || has_plain_image(c->plan) ||
               bmi_nvs_kind(p->data, p->len, NULL) == BM_IMAGE_NVS) {
        add(c, BM_LF_NOT_AN_APP, NULL, NULL);
    } else {
        add(c, BM_LF_APP_UNKNOWN, NULL, NULL);
    }
}

static void check_nvs(const struct case_of *c)
{
    const enum bm_image_kind kind = bmi_nvs_kind(c->part->data, c->part->len, NULL);
    if (kind != BM_IMAGE_NVS && kind != BM_IMAGE_ENCRYPTED && kind != BM_IMAGE_BLANK) {
        add(c, BM_LF_NOT_NVS, NULL, NULL);
    }
    if ((c->target->flags & BM_PART_ENCRYPTED) != 0) {
        add(c, BM_LF_NVS_FLAGGED_ENCRYPTED, NULL, NULL);
    }
}

static void check_plaintext(const struct case_of *c)
{
    const struct bm_flash_part *p = c->part;
    if (c->plan->plaintext_ok || bmi_is_blank(p->data, p->len)) {
        return;
    }
    if (p->encrypted) {
        add(c, BM_LF_ENCRYPTED_BY_CHIP, NULL, NULL);
    } else if (c->target != NULL && (c->target->flags & BM_PART_ENCRYPTED) != 0 &&
               !(c->target->type == BM_PART_DATA && c->target->subtype == BM_PART_DATA_NVS) &&
               (bmi_is_app(p->data, p->len) || bmi_is_plaintext(p->data, p->len))) {
        add(c, BM_LF_PLAINTEXT, NULL, NULL);
    }
}

/* Contents that a device looks for at a partition's start and nowhere else. */
static int is_structured(const struct bm_part *p)
{
    return p->type == BM_PART_APP ||
           (p->type == BM_PART_DATA &&
            (p->subtype == BM_PART_DATA_NVS || p->subtype == BM_PART_DATA_OTA ||
             p->subtype == BM_PART_DATA_NVS_KEYS));
}

static const struct bm_part *partition_at(const struct bm_part_table *table, uint32_t off)
{
    const struct bm_part *found = NULL;
    for (unsigned i = 0; i < table->count; i++) {
        const struct bm_part *p = &table->part[i];
        if (p->offset <= off && off - p->offset < p->size && (found == NULL || p->offset == off)) {
            found = p;
        }
    }
    return found;
}

static void check_gap(struct case_of *c)
{
    const struct bm_part_table *table = c->plan->table;
    for (unsigned i = 0; i < table->count; i++) {
        const struct bm_part *p = &table->part[i];
        if (p->offset > c->part->offset && p->offset < bmi_flash_part_end(c->part)) {
            c->target = p;
            add(c, BM_LF_PART_RUNS_INTO, bmi_word_range(p->offset, p->size).text,
                range_of(c->part).text);
            c->target = NULL;
            return;
        }
    }
    add(c, BM_LF_PART_NOWHERE, NULL, range_of(c->part).text);
}

static void check_inside(const struct case_of *c)
{
    const struct bm_part *t = c->target;
    const int is_app = t->type == BM_PART_APP;
    if (c->part->offset != t->offset) {
        add(c, is_structured(t) ? BM_LF_PART_INSIDE : BM_LF_PART_INSIDE_DATA,
            bmi_word_range(t->offset, t->size).text, bmi_word_at(c->part->offset).text);
    }
    if (bmi_flash_part_end(c->part) > (uint64_t)t->offset + t->size) {
        add(c, is_app ? BM_LF_APP_TOO_BIG : BM_LF_PART_TOO_BIG, bmi_word_size(t->size).text,
            bmi_word_size(c->part->len).text);
    } else if (c->part->offset == t->offset && is_app) {
        check_app(c);
    } else if (c->part->offset == t->offset && t->type == BM_PART_DATA &&
               t->subtype == BM_PART_DATA_NVS) {
        check_nvs(c);
    }
}

/* Checks against the table. */
static void check_place(struct case_of *c)
{
    const struct bm_flash_plan *plan = c->plan;
    const uint64_t table_end = (uint64_t)plan->table_off + BM_PART_TABLE_SECTOR;
    const int covers =
        c->part->offset <= plan->table_off && bmi_flash_part_end(c->part) >= table_end;
    if (covers && c->part->offset < plan->table_off &&
        bmi_plan_at(plan, plan->table_off) == c->part) {
        return; /* several parts in one file, table included: what is in there fits itself */
    }
    if (c->part->offset < plan->table_off) {
        check_bootloader(c);
    } else if (c->part->offset < table_end) {
        if (c->part->offset != plan->table_off || bmi_flash_part_end(c->part) > table_end) {
            add(c, BM_LF_PART_ON_TABLE, bmi_word_at(plan->table_off).text, range_of(c->part).text);
        }
    } else if (plan->table != NULL) {
        c->target = partition_at(plan->table, c->part->offset);
        if (c->target == NULL) {
            check_gap(c);
        } else {
            check_inside(c);
        }
    } else if (bmi_is_app(c->part->data, c->part->len)) {
        (void)check_image(c, 0, c->part->len);
    }
}

/* The table itself: it decides about all partitions, written or not. */
static void check_table(const struct bm_flash_plan *plan, struct bm_layout_findings *fs)
{
    const struct bm_part_rules rules = {.table_offset = plan->table_off};
    struct bm_table_findings found;
    const uint32_t named = bm_plan_header_size(plan);
    uint32_t limit = plan->flash_size;
    if (limit == 0 || (named != 0 && named < limit)) {
        limit = named;
    }
    if (!bm_part_table_fits(plan->table, limit)) {
        bmi_finding_add(fs, BM_LF_TABLE_TOO_LARGE, NULL, NULL, bmi_word_at(limit).text,
                        bmi_word_at(bm_part_table_end(plan->table)).text);
    }
    if (plan->table_known || bm_table_judge(&found, plan->table, &rules, NULL) != BM_OK) {
        return;
    }
    for (size_t i = 0; i < found.count; i++) {
        if (found.list[i].is_error) {
            const int part = found.list[i].part;
            bmi_finding_add(fs, BM_LF_TABLE_FAULT, part >= 0 ? plan->table->part[part].label : NULL,
                            NULL, NULL, found.list[i].text);
        }
    }
    bm_table_findings_free(&found);
}

void bm_plan_check(const struct bm_flash_plan *plan, struct bm_layout_findings *findings)
{
    if (plan->table != NULL) {
        check_table(plan, findings);
    }
    for (size_t i = 0; i < plan->count; i++) {
        struct case_of c = {.plan = plan, .part = &plan->parts[i], .fs = findings};
        if (c.part->len == 0) {
            add(&c, BM_LF_PART_EMPTY, NULL, NULL);
        }
        if (c.part->len == 0 || !c.part->placed) {
            continue;
        }
        check_outside(&c);
        for (size_t k = 0; k < i; k++) {
            check_overlap(&c, &plan->parts[k]);
        }
        check_place(&c);
        check_plaintext(&c);
    }
}
