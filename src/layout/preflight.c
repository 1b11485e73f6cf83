/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/preflight.h"

#include <stdio.h>
#include <string.h>

#include "layout/content.h"
#include "layout/part_name.h"

enum { SUB_FAT = 0x81, SUB_SPIFFS = 0x82, SUB_LITTLEFS = 0x83, SUB_UNDEFINED = 0x06 };

/* One partition of the old table. */
struct old {
    const struct bm_preflight *in;
    const struct bm_part *part;
    struct bm_layout_findings *fs;
};

static void add(const struct old *o, enum bm_layout_code code, const char *file, const char *old,
                const char *now)
{
    bmi_finding_add(o->fs, code, o->part->label, file, old, now);
}

static int overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a < b + b_size && b < a + a_size;
}

int bmi_maybe_used(const struct bm_preflight *in, uint64_t off, uint64_t size)
{
    if (in->flash == NULL || off > in->flash_len || size > in->flash_len - off) {
        return 1;
    }
    return !bmi_is_blank(in->flash + off, (size_t)size);
}

/* 1 if a write leaves these bytes as they are in the flash that was looked at. */
static int changes_nothing(const struct bm_preflight *in, const struct bm_flash_part *w,
                           uint64_t off, uint64_t end)
{
    uint64_t begin;
    uint64_t erased;
    bmi_part_erased(w, &begin, &erased);
    const uint64_t from = begin > off ? begin : off;
    const uint64_t to = erased < end ? erased : end;
    const uint64_t data_end = w->offset + (uint64_t)w->len;
    if (in->flash == NULL || to > in->flash_len) {
        return 0;
    }
    for (uint64_t i = from; i < to; i++) {
        const int inside = i >= w->offset && i < data_end;
        if (in->flash[i] != (inside ? w->data[i - w->offset] : 0xff)) {
            return 0;
        }
    }
    return 1;
}

const struct bm_flash_part *bmi_write_over(const struct bm_preflight *in, uint64_t off,
                                           uint64_t size, size_t *i)
{
    for (; in->plan != NULL && *i < in->plan->count; (*i)++) {
        const struct bm_flash_part *w = &in->plan->parts[*i];
        uint64_t begin;
        uint64_t end;
        bmi_part_erased(w, &begin, &end);
        if (w->placed && w->len > 0 && overlap(begin, end - begin, off, size) &&
            !changes_nothing(in, w, off, off + size)) {
            (*i)++;
            return w;
        }
    }
    return NULL;
}

static const struct bm_part *same_place(const struct bm_part_table *t, const struct bm_part *p)
{
    for (unsigned i = 0; i < t->count; i++) {
        const struct bm_part *q = &t->part[i];
        if (q->type == p->type && q->subtype == p->subtype && q->offset == p->offset) {
            return q;
        }
    }
    return NULL;
}

static struct bmi_word type_text(const struct bm_part *p)
{
    struct bmi_word word;
    char type[BM_PART_NAME_SIZE];
    char subtype[BM_PART_NAME_SIZE];
    (void)snprintf(word.text, sizeof word.text, "%.28s/%.28s", bm_part_type_text(type, p->type),
                   bm_part_subtype_text(subtype, NULL, p->type, p->subtype));
    return word;
}

static void compare_flags(const struct old *o, const struct bm_part *n)
{
    const uint32_t changed = o->part->flags ^ n->flags;
    const int set = (n->flags & BM_PART_ENCRYPTED) != 0;
    if ((changed & BM_PART_ENCRYPTED) != 0) {
        add(o, BM_LF_ENCRYPTED_FLAG, NULL, set ? "not flagged encrypted" : "flagged encrypted",
            set ? "so" : "not flagged");
    }
    if ((changed & BM_PART_READONLY) != 0) {
        add(o, (n->flags & BM_PART_READONLY) != 0 ? BM_LF_READONLY_SET : BM_LF_READONLY_CLEARED,
            NULL, NULL, NULL);
    }
}

/* NVS takes what lies in the space it gains for pages of its own. */
static void compare_grown(const struct old *o, const struct bm_part *n)
{
    const uint64_t off = (uint64_t)o->part->offset + o->part->size;
    const uint64_t more = n->size - o->part->size;
    char over[100];
    if (!bmi_is_kind(n, BM_PART_DATA, BM_PART_DATA_NVS) || !bmi_maybe_used(o->in, off, more)) {
        return;
    }
    for (unsigned i = 0; i < o->in->from->count; i++) {
        const struct bm_part *q = &o->in->from->part[i];
        if (overlap(off, more, q->offset, q->size)) {
            (void)snprintf(over, sizeof over, "partition %s", q->label);
            add(o, BM_LF_NVS_GROWN_OVER, NULL, over, bmi_word_size(n->size).text);
            return;
        }
    }
    add(o, BM_LF_NVS_GROWN, NULL, bmi_word_size(o->part->size).text, bmi_word_size(n->size).text);
}

static void compare_size(const struct old *o, const struct bm_part *n)
{
    const struct bm_part *p = o->part;
    if (n->size > p->size) {
        compare_grown(o, n);
    } else if (n->size < p->size &&
               bmi_maybe_used(o->in, (uint64_t)p->offset + n->size, p->size - n->size)) {
        add(o, BM_LF_IDENTITY_SHRUNK, NULL, bmi_word_size(p->size).text,
            bmi_word_size(n->size).text);
    }
}

static void compare_identity(const struct old *o)
{
    const struct bm_part *p = o->part;
    const struct bm_part *n = bm_part_find(o->in->to, -1, -1, p->label);
    const struct bm_part *other = same_place(o->in->to, p);
    if (n == NULL && other != NULL) {
        add(o, BM_LF_IDENTITY_RELABELLED, NULL, p->label, other->label);
        compare_size(o, other);
        compare_flags(o, other);
    } else if (n == NULL) {
        add(o, BM_LF_IDENTITY_REMOVED, NULL, bmi_word_range(p->offset, p->size).text, NULL);
    } else if (n->type != p->type || n->subtype != p->subtype) {
        add(o, BM_LF_IDENTITY_RETYPED, NULL, type_text(p).text, type_text(n).text);
    } else if (n->offset != p->offset) {
        add(o, BM_LF_IDENTITY_MOVED, NULL, bmi_word_at(p->offset).text,
            bmi_word_at(n->offset).text);
        compare_flags(o, n);
    } else {
        compare_size(o, n);
        compare_flags(o, n);
    }
}

/* What else lies over the old place: another partition, or the table itself. */
static void compare_overlap(const struct old *o)
{
    const struct bm_part *p = o->part;
    char what[120];
    for (unsigned i = 0; i < o->in->to->count; i++) {
        const struct bm_part *q = &o->in->to->part[i];
        if (strcmp(q->label, p->label) != 0 && q != same_place(o->in->to, p) &&
            overlap(q->offset, q->size, p->offset, p->size)) {
            (void)snprintf(what, sizeof what, "partition %s, %s,", q->label,
                           bmi_word_range(q->offset, q->size).text);
            add(o, BM_LF_IDENTITY_OVERLAPPED, NULL, bmi_word_range(p->offset, p->size).text, what);
        }
    }
    if (overlap(o->in->to_off, BM_PART_TABLE_SECTOR, p->offset, p->size)) {
        add(o, BM_LF_IDENTITY_OVERLAPPED, NULL, bmi_word_range(p->offset, p->size).text,
            "the partition table");
    }
}

static void check_write(const struct old *o, const struct bm_flash_part *w)
{
    const struct bm_part *p = o->part;
    const int is_nvs = bmi_is_kind(p, BM_PART_DATA, BM_PART_DATA_NVS);
    uint64_t begin;
    uint64_t end;
    bmi_part_erased(w, &begin, &end);
    const enum bm_image_kind kind =
        is_nvs && w->offset == p->offset ? bmi_nvs_kind(w->data, w->len, NULL) : BM_IMAGE_FOREIGN;
    const uint64_t p_end = (uint64_t)p->offset + p->size;
    if (kind != BM_IMAGE_NVS && kind != BM_IMAGE_ENCRYPTED) {
        add(o, BM_LF_IDENTITY_OVERWRITTEN, w->file, bmi_word_range(p->offset, p->size).text,
            bmi_word_range(w->offset, w->len).text);
    } else if (end < p_end && bmi_maybe_used(o->in, end, p_end - end)) {
        add(o, BM_LF_IDENTITY_MIXED, w->file, bmi_word_size(p->size).text,
            bmi_word_size(w->len).text);
    } else {
        add(o, BM_LF_IDENTITY_REPLACED, w->file, bmi_word_range(p->offset, p->size).text, NULL);
    }
}

/* 1 if the plan writes what the partition holds on the device to where the new table has it: the
 * safe way to move it. */
static int carried_over(const struct old *o)
{
    const struct bm_part *p = o->part;
    const struct bm_part *n = bm_part_find(o->in->to, p->type, p->subtype, p->label);
    const struct bm_flash_part *w =
        n != NULL && o->in->plan != NULL ? bmi_plan_at(o->in->plan, n->offset) : NULL;
    return w != NULL && o->in->flash != NULL && w->offset == n->offset && w->len <= p->size &&
           p->offset <= o->in->flash_len && p->size <= o->in->flash_len - p->offset &&
           memcmp(w->data, o->in->flash + p->offset, w->len) == 0 &&
           bmi_is_blank(o->in->flash + p->offset + w->len, p->size - w->len);
}

static void check_identity(const struct old *o)
{
    size_t i = 0;
    const struct bm_flash_part *w;
    if (carried_over(o)) {
        return;
    }
    compare_identity(o);
    compare_overlap(o);
    while ((w = bmi_write_over(o->in, o->part->offset, o->part->size, &i)) != NULL) {
        check_write(o, w);
    }
}

/* ESP-IDF takes the first partition of this subtype, whatever it is called. */
static void check_keys(const struct old *o)
{
    const struct bm_part *p = o->part;
    const struct bm_part *n = bm_part_find(o->in->to, BM_PART_DATA, BM_PART_DATA_NVS_KEYS, NULL);
    size_t i = 0;
    const struct bm_flash_part *w;
    if (p != bm_part_find(o->in->from, BM_PART_DATA, BM_PART_DATA_NVS_KEYS, NULL)) {
        n = same_place(o->in->to, p); /* a further one: the program knows which */
    }
    if (n == NULL) {
        add(o, BM_LF_KEYS_REMOVED, NULL, bmi_word_at(p->offset).text, NULL);
    } else if (n->offset != p->offset) {
        add(o, BM_LF_KEYS_MOVED, NULL, bmi_word_at(p->offset).text, bmi_word_at(n->offset).text);
    } else {
        compare_flags(o, n);
    }
    for (unsigned k = 0; k < o->in->to->count; k++) {
        const struct bm_part *q = &o->in->to->part[k];
        if (!bmi_is_kind(q, BM_PART_DATA, BM_PART_DATA_NVS_KEYS) &&
            overlap(q->offset, q->size, p->offset, p->size)) {
            char what[64];
            (void)snprintf(what, sizeof what, "partition %s", q->label);
            add(o, BM_LF_KEYS_OVERWRITTEN, what, bmi_word_at(p->offset).text, NULL);
        }
    }
    while ((w = bmi_write_over(o->in, p->offset, p->size, &i)) != NULL) {
        add(o, BM_LF_KEYS_OVERWRITTEN, w->file, bmi_word_at(p->offset).text, NULL);
    }
}

/* Partitions whose contents a program keeps: file systems, and what has a subtype of its own. */
static int keeps_data(const struct bm_part *p)
{
    return p->type == BM_PART_DATA && (p->subtype == SUB_FAT || p->subtype == SUB_SPIFFS ||
                                       p->subtype == SUB_LITTLEFS || p->subtype == SUB_UNDEFINED);
}

static void check_data(const struct old *o)
{
    const struct bm_part *p = o->part;
    const struct bm_part *n = bm_part_find(o->in->to, -1, -1, p->label);
    const struct bm_flash_part *w;
    const char *why = NULL;
    char text[100];
    size_t i = 0;
    if (n == NULL) {
        why = "is not in the new table";
    } else if (n->offset != p->offset) {
        (void)snprintf(text, sizeof text, "is moved to 0x%x", (unsigned)n->offset);
        why = text;
    } else if (n->size != p->size) {
        why = "changes its size";
    } else if (n->type != p->type || n->subtype != p->subtype) {
        why = "changes its type";
    } else if ((w = bmi_write_over(o->in, p->offset, p->size, &i)) != NULL) {
        (void)snprintf(text, sizeof text, "is overwritten by %.80s", w->file);
        why = text;
    }
    if (why != NULL) {
        add(o, BM_LF_DATA_LOST, NULL, bmi_word_at(p->offset).text, why);
    }
}

/* 1 if there may be something to lose: not where NVS is known to hold no key. */
static int at_stake(const struct bm_preflight *in, const struct bm_part *p)
{
    size_t keys = 0;
    if (!bmi_maybe_used(in, p->offset, p->size)) {
        return 0;
    }
    if (in->flash == NULL || !bmi_is_kind(p, BM_PART_DATA, BM_PART_DATA_NVS) ||
        p->offset > in->flash_len || p->size > in->flash_len - p->offset) {
        return 1;
    }
    return bmi_nvs_kind(in->flash + p->offset, p->size, &keys) != BM_IMAGE_NVS || keys > 0;
}

int bm_preflight(const struct bm_preflight *in, struct bm_layout_findings *findings)
{
    if (in->from == NULL || in->to == NULL) {
        return BM_E_ARG;
    }
    for (unsigned i = 0; i < in->from->count; i++) {
        const struct old o = {.in = in, .part = &in->from->part[i], .fs = findings};
        if (!at_stake(in, o.part)) {
            continue;
        }
        if (bmi_is_kind(o.part, BM_PART_DATA, BM_PART_DATA_NVS_KEYS)) {
            check_keys(&o);
        } else if (bm_holds_identity(o.part)) {
            check_identity(&o);
        } else if (keeps_data(o.part)) {
            check_data(&o);
        }
    }
    const int rc = bmi_preflight_boot(in, findings);
    if (in->plan != NULL) {
        bm_plan_check(in->plan, findings);
    }
    return rc;
}
