/* SPDX-License-Identifier: Apache-2.0 */

/* Partitions that hold an identity. Where the flash of a device is known, what counts is what a
 * program finds in them before and after; without it, what could be lost. */

#include <stdio.h>
#include <string.h>

#include "image/check.h"
#include "image/diff.h"
#include "layout/content.h"
#include "layout/part_name.h"
#include "layout/preflight_parts.h"

/* One partition of the old table, and the one of that name in the new table. */
struct old {
    const struct bmi_move *m;
    const struct bm_preflight *in;
    const struct bm_part *part;
    const struct bm_part *named; /* in the new table, of whatever type; or NULL */
    const struct bm_part *now;   /* the same if it is of its type */
};

static void add(const struct old *o, enum bm_layout_code code, const char *file, const char *old,
                const char *now)
{
    bmi_finding_add(o->m->fs, code, o->part->label, file, old, now);
}

static struct bmi_word place_of(const struct old *o)
{
    return bmi_word_range(o->part->offset, o->part->size);
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

void bmi_compare_flags(const struct bmi_move *m, const struct bm_part *p, const struct bm_part *n)
{
    const uint32_t changed = p->flags ^ n->flags;
    const int set = (n->flags & BM_PART_ENCRYPTED) != 0;
    if ((changed & BM_PART_ENCRYPTED) != 0) {
        bmi_finding_add(m->fs, BM_LF_ENCRYPTED_FLAG, p->label, NULL,
                        set ? "not flagged encrypted" : "flagged encrypted",
                        set ? "so" : "not flagged");
    }
    if ((changed & BM_PART_READONLY) != 0) {
        bmi_finding_add(
            m->fs, (n->flags & BM_PART_READONLY) != 0 ? BM_LF_READONLY_SET : BM_LF_READONLY_CLEARED,
            p->label, NULL, NULL, NULL);
    }
}

/* 1 if a sector of the new place holds something that neither this partition had there nor a file
 * brings: NVS would take it for its own. */
static int has_strange(const struct old *o)
{
    const struct bm_part *p = o->part;
    const struct bm_part *n = o->now;
    const uint64_t own = n->offset == p->offset ? (uint64_t)p->offset + p->size : 0;
    const uint64_t end = (uint64_t)n->offset + n->size;
    for (uint64_t at = n->offset; at < end; at += BM_FLASH_SECTOR) {
        const uint64_t len = end - at < BM_FLASH_SECTOR ? end - at : BM_FLASH_SECTOR;
        int brought = at < own;
        for (size_t i = 0; !brought && o->in->plan != NULL && i < o->in->plan->count; i++) {
            const struct bm_flash_part *w = &o->in->plan->parts[i];
            brought = w->placed && w->len > 0 && bmi_overlap(w->offset, w->len, at, len);
        }
        if (!brought && !bmi_is_blank(o->m->after + at, (size_t)len)) {
            return 1;
        }
    }
    return 0;
}

static void count_error(void *ctx, const struct bm_finding *f)
{
    *(size_t *)ctx += f->kind->severity == BM_ERROR && strcmp(f->kind->id, "no-free-page") != 0;
}

static size_t errors_of(const struct bm_scan *s)
{
    struct bm_check_result result;
    size_t errors = 0;
    bm_check(s, count_error, &errors, &result);
    return errors;
}

/* Compares what NVS holds. why: what is wrong. Returns 1 if all is as it was. */
static int same_values(const struct bm_scan *a, const struct bm_scan *b, char *why, size_t cap)
{
    const struct bm_diff_opts opts = {.ns = NULL};
    struct bm_diff_result r = {0};
    if (b->kind != BM_IMAGE_NVS || bm_diff(a, b, &opts, &r) != BM_OK) {
        (void)snprintf(why, cap, "there is no NVS that can be read");
        return 0;
    }
    if (r.removed + r.changed > 0) {
        (void)snprintf(why, cap, "%zu gone and %zu changed of %zu", r.removed, r.changed,
                       r.removed + r.changed + r.equal);
        return 0;
    }
    (void)snprintf(why, cap, "some of it is damaged");
    return errors_of(b) <= errors_of(a);
}

/* 1 if the device finds in the new place what it had in the old one. */
static int is_kept(const struct old *o, char *why, size_t cap)
{
    const struct bm_part *p = o->part;
    const struct bm_part *n = o->now;
    struct bm_scan a;
    struct bm_scan b;
    int kept = bmi_same_bytes(o->m, p, n);
    if (kept || !bmi_is_kind(p, BM_PART_DATA, BM_PART_DATA_NVS)) {
        (void)snprintf(why, cap, "other bytes are there");
        return kept;
    }
    if (has_strange(o)) {
        (void)snprintf(why, cap, "something is left behind where it is, and counts as part of it");
        return 0;
    }
    (void)snprintf(why, cap, "it cannot be compared");
    const int rc_a = bm_scan(&a, o->m->before + p->offset, p->size);
    const int rc_b = bm_scan(&b, o->m->after + n->offset, n->size);
    if (rc_a == BM_OK && rc_b == BM_OK && a.kind == BM_IMAGE_NVS) {
        kept = same_values(&a, &b, why, cap);
    }
    bm_scan_free(&a);
    bm_scan_free(&b);
    return kept;
}

/* A store that is written keeps one page free: ESP-IDF does not start without it. */
static void check_free_page(const struct old *o)
{
    const struct bm_part *n = o->now;
    struct bm_scan s;
    if (!bmi_is_kind(n, BM_PART_DATA, BM_PART_DATA_NVS) || (n->flags & BM_PART_READONLY) != 0) {
        return;
    }
    if (!bmi_is_known(o->m, o->part) || !bmi_is_known(o->m, n)) {
        if ((o->part->flags & BM_PART_READONLY) != 0) {
            add(o, BM_LF_NVS_NO_FREE_PAGE, NULL, NULL, "may be (give --flash to see)");
        }
        return;
    }
    const int touched = n->size != o->part->size || n->offset != o->part->offset ||
                        ((n->flags ^ o->part->flags) & BM_PART_READONLY) != 0 ||
                        memcmp(o->m->before + n->offset, o->m->after + n->offset, n->size) != 0;
    const int rc = bm_scan(&s, o->m->after + n->offset, n->size);
    if (touched && rc == BM_OK && s.used == s.page_count) {
        add(o, BM_LF_NVS_NO_FREE_PAGE, NULL, NULL, "is");
    }
    bm_scan_free(&s);
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
        if (bmi_overlap(off, more, q->offset, q->size)) {
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
    } else if (n->size < p->size) {
        add(o,
            bmi_maybe_used(o->in, (uint64_t)p->offset + n->size, p->size - n->size)
                ? BM_LF_IDENTITY_SHRUNK
                : BM_LF_IDENTITY_SHRUNK_BLANK,
            NULL, bmi_word_size(p->size).text, bmi_word_size(n->size).text);
    }
}

/* What else lies over a place of it: another partition, or the table itself. */
static void compare_overlap(const struct old *o, const struct bm_part *p)
{
    char what[120];
    for (unsigned i = 0; i < o->in->to->count; i++) {
        const struct bm_part *q = &o->in->to->part[i];
        if (q != o->named && q != bmi_same_place(o->in->to, o->part) &&
            bmi_overlap(q->offset, q->size, p->offset, p->size)) {
            (void)snprintf(what, sizeof what, "partition %s, %s,", q->label,
                           bmi_word_range(q->offset, q->size).text);
            add(o, BM_LF_IDENTITY_OVERLAPPED, NULL, place_of(o).text, what);
        }
    }
    if (bmi_overlap(o->in->to_off, BM_PART_TABLE_SECTOR, p->offset, p->size)) {
        add(o, BM_LF_IDENTITY_OVERLAPPED, NULL, place_of(o).text, "the partition table");
    }
}

static void check_write(const struct old *o, const struct bm_flash_part *w)
{
    const struct bm_part *p = o->part;
    uint64_t begin;
    uint64_t end;
    bmi_part_erased(w, &begin, &end);
    const enum bm_image_kind kind =
        bmi_is_kind(p, BM_PART_DATA, BM_PART_DATA_NVS) && w->offset == p->offset
            ? bmi_nvs_kind(w->data, w->len, NULL)
            : BM_IMAGE_FOREIGN;
    const uint64_t p_end = (uint64_t)p->offset + p->size;
    if (kind != BM_IMAGE_NVS && kind != BM_IMAGE_ENCRYPTED) {
        add(o, BM_LF_IDENTITY_OVERWRITTEN, w->file, place_of(o).text,
            bmi_word_range(w->offset, w->len).text);
    } else if (end < p_end && bmi_maybe_used(o->in, end, p_end - end)) {
        add(o, BM_LF_IDENTITY_MIXED, w->file, bmi_word_size(p->size).text,
            bmi_word_size(w->len).text);
    } else {
        add(o, BM_LF_IDENTITY_REPLACED, w->file, place_of(o).text, NULL);
    }
}

/* A name that is still there: at its place, or at another one. */
static void compare_place(const struct old *o)
{
    const struct bm_part *p = o->part;
    const struct bm_part *n = o->now;
    if (n->offset == p->offset) {
        compare_size(o, n);
        return;
    }
    const struct bm_flash_part *w =
        o->in->plan != NULL ? bmi_plan_at(o->in->plan, n->offset) : NULL;
    if (w != NULL && w->offset == n->offset && w->len < n->size && o->m->before != NULL &&
        has_strange(o)) {
        add(o, BM_LF_IDENTITY_MIXED, w->file, bmi_word_size(n->size).text,
            bmi_word_size(w->len).text);
    } else {
        add(o, BM_LF_IDENTITY_MOVED, NULL, bmi_word_at(p->offset).text,
            bmi_word_at(n->offset).text);
    }
}

/* The name is gone, or means something else. */
static void compare_name(const struct old *o)
{
    const struct bm_part *p = o->part;
    const struct bm_part *n = o->named;
    const struct bm_part *other = bmi_same_place(o->in->to, p);
    if (n != NULL) {
        add(o, BM_LF_IDENTITY_RETYPED, NULL, type_text(p).text, type_text(n).text);
    } else if (other != NULL) {
        add(o, BM_LF_IDENTITY_RELABELLED, NULL, p->label, other->label);
        compare_size(o, other);
        bmi_compare_flags(o->m, p, other);
    } else {
        add(o, BM_LF_IDENTITY_REMOVED, NULL, place_of(o).text, NULL);
    }
}

static void check_writes(const struct old *o)
{
    size_t i = 0;
    const struct bm_flash_part *w;
    while ((w = bmi_write_over(o->in, o->part->offset, o->part->size, &i)) != NULL) {
        check_write(o, w);
    }
}

/* Says what may be lost, by what changes. */
static void tell_changes(const struct old *o)
{
    if (o->now != NULL) {
        compare_place(o);
    } else {
        compare_name(o);
    }
    compare_overlap(o, o->part);
    check_writes(o);
    if (o->in->erase_all) {
        add(o, BM_LF_IDENTITY_ERASED, NULL, bmi_word_at(o->part->offset).text, NULL);
    }
}

/* All is there on this device; others of its kind may have more in use. */
static void tell_kept(const struct old *o)
{
    const struct bm_part *p = o->part;
    const struct bm_part *n = o->now;
    if (n->offset == p->offset && n->size < p->size &&
        !bmi_maybe_used(o->in, (uint64_t)p->offset + n->size, p->size - n->size)) {
        compare_size(o, n);
    }
    compare_overlap(o, n);
}

void bmi_move_identity(const struct bmi_move *m, const struct bm_part *p)
{
    struct old o = {.m = m, .in = m->in, .part = p};
    char why[100];
    const size_t errors = m->fs->errors;
    o.named = bm_part_find(m->in->to, -1, -1, p->label);
    o.now = o.named != NULL && bmi_is_kind(o.named, p->type, p->subtype) ? o.named : NULL;
    if (o.now != NULL) {
        bmi_compare_flags(m, p, o.now);
    }
    if (o.now == NULL || !bmi_is_known(m, p) || !bmi_is_known(m, o.now)) {
        tell_changes(&o);
        if (o.now != NULL) {
            check_free_page(&o);
        }
    } else if (is_kept(&o, why, sizeof why)) {
        check_free_page(&o);
        tell_kept(&o);
    } else {
        tell_changes(&o);
        if (m->fs->errors == errors) {
            add(&o, BM_LF_IDENTITY_LOST, NULL, bmi_word_at(p->offset).text, why);
        }
    }
}

/* ESP-IDF takes the first partition of this subtype, whatever it is called; a further one is for a
 * program that knows which. */
static const struct bm_part *keys_now(const struct bm_preflight *in, const struct bm_part *p)
{
    if (p == bm_part_find(in->from, BM_PART_DATA, BM_PART_DATA_NVS_KEYS, NULL)) {
        return bm_part_find(in->to, BM_PART_DATA, BM_PART_DATA_NVS_KEYS, NULL);
    }
    const struct bm_part *n = bm_part_find(in->to, BM_PART_DATA, BM_PART_DATA_NVS_KEYS, p->label);
    return n != NULL ? n : bmi_same_place(in->to, p);
}

static void check_keys_over(const struct old *o)
{
    const struct bm_part *p = o->part;
    char what[80];
    size_t i = 0;
    const struct bm_flash_part *w;
    for (unsigned k = 0; k < o->in->to->count; k++) {
        const struct bm_part *q = &o->in->to->part[k];
        if (!bmi_is_kind(q, BM_PART_DATA, BM_PART_DATA_NVS_KEYS) &&
            bmi_overlap(q->offset, q->size, p->offset, p->size)) {
            (void)snprintf(what, sizeof what, "partition %s of the new table", q->label);
            add(o, BM_LF_KEYS_OVERWRITTEN, NULL, bmi_word_at(p->offset).text, what);
        }
    }
    while ((w = bmi_write_over(o->in, p->offset, p->size, &i)) != NULL) {
        add(o, BM_LF_KEYS_OVERWRITTEN, w->file, bmi_word_at(p->offset).text, "this file");
    }
}

void bmi_move_keys(const struct bmi_move *m, const struct bm_part *p)
{
    struct old o = {.m = m, .in = m->in, .part = p, .now = keys_now(m->in, p)};
    const struct bm_part *n = o.now;
    const size_t errors = m->fs->errors;
    if (n == NULL) {
        add(&o, BM_LF_KEYS_REMOVED, NULL, bmi_word_at(p->offset).text, NULL);
    } else {
        bmi_compare_flags(m, p, n);
        if (strcmp(n->label, p->label) != 0) {
            add(&o, BM_LF_KEYS_RELABELLED, NULL, p->label, n->label);
        }
    }
    const int known = n != NULL && bmi_is_known(m, p) && bmi_is_known(m, n);
    const int kept = known && bmi_same_bytes(m, p, n);
    if (kept && n->offset != p->offset) {
        return; /* carried over */
    }
    if (n != NULL && n->offset != p->offset) {
        add(&o, BM_LF_KEYS_MOVED, NULL, bmi_word_at(p->offset).text, bmi_word_at(n->offset).text);
    }
    check_keys_over(&o);
    if (m->in->erase_all && !kept) {
        add(&o, BM_LF_IDENTITY_ERASED, NULL, bmi_word_at(p->offset).text, NULL);
    } else if (known && !kept && m->fs->errors == errors) {
        add(&o, BM_LF_IDENTITY_LOST, NULL, bmi_word_at(p->offset).text, "other bytes are there");
    }
}
