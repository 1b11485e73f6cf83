/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/table_judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "image/show.h"

enum { SHOWN_MAX = 80 };

/* What stands for what in a text: %p the partition, %o the other one, %v the value in hex, %d in
 * decimal, %s the partition's size, %a where it begins, %e where it ends, %A and %E the other's. */
static const char *const texts[BM_PART_FAULT_COUNT] = {
    [BM_PART_EMPTY] = "there is no partition in the table",
    [BM_PART_NO_LABEL] = "partition %p has no label; give it a name",
    [BM_PART_SAME_LABEL] = "partition %p has the same label as another one; give it its own name",
    [BM_PART_NO_SIZE] = "partition %p has no size",
    [BM_PART_BAD_OFFSET] = "partition %p begins at %a, which is not a multiple of %v",
    [BM_PART_BAD_APP_SIZE] = "app partition %p has %s bytes, which is not a multiple of %v",
    [BM_PART_BELOW_TABLE] =
        "partition %p begins at %a, but bootloader and partition table reach to %v",
    [BM_PART_OVERLAP] = "partition %p (%a to %e) overlaps partition %o (%A to %E)",
    [BM_PART_BEYOND_FLASH] =
        "partition %p ends at %e, but the flash has %v bytes; make it smaller, "
        "or give the right --flash-size",
    [BM_PART_OTADATA_SIZE] = "partition %p has %s bytes, but OTA data takes exactly %v",
    [BM_PART_TWO_OTADATA] = "partition %p is a second one for OTA data, after %o; keep one",
    [BM_PART_READONLY_DATA] = "partition %p is always written, so it cannot be readonly",
    [BM_PART_NVS_SMALL] = "NVS partition %p has %s bytes, but needs %v; only one flagged readonly "
                          "may be smaller, down to 0x1000",
    [BM_PART_RESERVED] = "type or subtype 255 of partition %p means \"any\" to ESP-IDF, which "
                         "cannot find it; use up to 254",
    [BM_PART_UNKNOWN_FLAGS] = "partition %p has flags %v that are not known",
    [BM_PART_UNEVEN_SIZE] = "partition %p has %s bytes, which are not whole sectors of %v",
    [BM_PART_NVS_ENCRYPTED] = "NVS partition %p is flagged encrypted, which ESP-IDF refuses to "
                              "open; NVS encryption needs no flag",
    [BM_PART_NO_APP] = "there is no app partition: nothing to boot",
    [BM_PART_SAME_APP] = "partition %p is the same app as %o; only one of them is used",
    [BM_PART_SLOT_MISSING] = "there is no ota_%d, but a slot above it; the bootloader counts slots "
                             "from ota_0 without a gap",
    [BM_PART_NO_OTADATA] = "there are OTA slots, but no partition for OTA data; add "
                           "otadata,data,ota,,0x2000",
    [BM_PART_ONE_SLOT] = "there is one OTA slot and no factory app, so a running app cannot be "
                         "updated; add ota_1",
    [BM_PART_OTADATA_UNUSED] = "partition %p is for OTA data, but there is no OTA slot",
};

/* A label as people may see it, in quotes; the number where it is empty. */
static void put_label(struct bm_text *t, const struct bm_part *p, int i)
{
    char shown[SHOWN_MAX];
    if (p->label[0] == '\0') {
        bm_text_u64(t, (uint64_t)i + 1);
        return;
    }
    bm_text_str(t, "'");
    bm_text_str(t, bmi_show_into(shown, sizeof shown, p->label));
    bm_text_str(t, "'");
}

static void put_one(struct bm_text *t, char what, const struct bm_part_table *table,
                    const struct bm_part_finding *f)
{
    static const struct bm_part none;
    const struct bm_part *p = f->part >= 0 ? &table->part[f->part] : &none;
    const struct bm_part *q = f->other >= 0 ? &table->part[f->other] : &none;
    switch (what) {
    case 'p': put_label(t, p, f->part); break;
    case 'o': put_label(t, q, f->other); break;
    case 'v': bm_text_hex(t, f->value); break;
    case 'd': bm_text_u64(t, f->value); break;
    case 's': bm_text_hex(t, p->size); break;
    case 'a': bm_text_hex(t, p->offset); break;
    case 'e': bm_text_hex(t, (uint64_t)p->offset + p->size); break;
    case 'A': bm_text_hex(t, q->offset); break;
    default: bm_text_hex(t, (uint64_t)q->offset + q->size); break;
    }
}

static void put_text(char *out, const struct bm_part_table *table, const struct bm_part_finding *f)
{
    struct bm_text t;
    bm_text_init(&t, out, BM_TABLE_FINDING_TEXT);
    for (const char *c = texts[f->fault]; *c != '\0'; c++) {
        if (*c == '%') {
            put_one(&t, *++c, table, f);
        } else {
            const char one[2] = {*c, '\0'};
            bm_text_str(&t, one);
        }
    }
}

static struct bm_table_finding *add(struct bm_table_findings *out, const char *code, int is_error,
                                    int part, int other)
{
    *(is_error ? &out->errors : &out->warnings) += 1;
    if (out->count == BM_TABLE_FINDINGS_MAX) {
        return NULL;
    }
    struct bm_table_finding *f = &out->list[out->count++];
    *f =
        (struct bm_table_finding){.code = code, .is_error = is_error, .part = part, .other = other};
    return f;
}

/* 1 if a label is the name of something that the partition is not. */
static int misnamed(const struct bm_part *p, const struct bm_part_subtypes *extra, const char **is)
{
    const size_t len = strlen(p->label);
    const int type = bm_part_type_by_name(p->label, len);
    int known = 0;
    if (type >= 0 && type != p->type) {
        *is = "type";
        return 1;
    }
    for (int t = 0; t <= BM_PART_PARTITION_TABLE; t++) {
        const int subtype = bm_part_subtype_by_name(extra, (uint8_t)t, p->label, len);
        if (subtype >= 0 && t == p->type && subtype == p->subtype) {
            return 0;
        }
        known = known || subtype >= 0;
    }
    *is = "subtype";
    return known;
}

static void check_labels(struct bm_table_findings *out, const struct bm_part_table *table,
                         const struct bm_part_subtypes *extra)
{
    for (unsigned i = 0; i < table->count; i++) {
        const char *is;
        if (!misnamed(&table->part[i], extra, &is)) {
            continue;
        }
        struct bm_table_finding *f = add(out, "misnamed", 0, (int)i, -1);
        if (f != NULL) {
            snprintf(f->text, sizeof f->text,
                     "partition '%s' has the name of a partition %s, but another one",
                     table->part[i].label, is);
        }
    }
}

int bm_table_judge(struct bm_table_findings *out, const struct bm_part_table *table,
                   const struct bm_part_rules *rules, const struct bm_part_subtypes *extra)
{
    struct bm_part_finding *found = calloc(BM_TABLE_FINDINGS_MAX, sizeof *found);
    memset(out, 0, sizeof *out);
    out->list = calloc(BM_TABLE_FINDINGS_MAX, sizeof *out->list);
    if (found == NULL || out->list == NULL) {
        free(found);
        bm_table_findings_free(out);
        return BM_E_NOMEM;
    }
    const unsigned n = bm_part_table_check(table, rules, found, BM_TABLE_FINDINGS_MAX);
    for (unsigned i = 0; i < n && i < BM_TABLE_FINDINGS_MAX; i++) {
        struct bm_table_finding *f = add(out, bm_part_fault_name(found[i].fault), found[i].is_error,
                                         found[i].part, found[i].other);
        if (f != NULL) {
            put_text(f->text, table, &found[i]);
        }
    }
    check_labels(out, table, extra);
    free(found);
    return BM_OK;
}

void bm_table_findings_free(struct bm_table_findings *findings)
{
    free(findings->list);
    memset(findings, 0, sizeof *findings);
}

void bm_table_findings_tell(const struct bm_table_findings *findings,
                            const struct bm_table_file *file, const char *name, int warnings,
                            struct bm_image_problems *problems)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct bm_table_finding *f = &findings->list[i];
        const struct bm_image_place place = {name, f->part >= 0 ? file->line[f->part] : 0, 0};
        if (f->is_error || warnings) {
            bmi_problem_add(problems, f->is_error ? BM_IMAGE_ERROR : BM_IMAGE_WARNING, &place, NULL,
                            0, "%s", f->text);
        }
    }
}
