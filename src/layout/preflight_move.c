/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "layout/assemble.h"
#include "layout/content.h"
#include "layout/preflight_parts.h"

int bmi_overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
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
        if (w->placed && w->len > 0 && bmi_overlap(begin, end - begin, off, size) &&
            !changes_nothing(in, w, off, off + size)) {
            (*i)++;
            return w;
        }
    }
    return NULL;
}

int bmi_same_tables(const struct bm_part_table *a, const struct bm_part_table *b)
{
    for (unsigned i = 0; i < a->count && i < b->count; i++) {
        const struct bm_part *p = &a->part[i];
        const struct bm_part *q = &b->part[i];
        if (p->type != q->type || p->subtype != q->subtype || p->offset != q->offset ||
            p->size != q->size || p->flags != q->flags || strcmp(p->label, q->label) != 0) {
            return 0;
        }
    }
    return a->count == b->count;
}

const struct bm_part *bmi_same_place(const struct bm_part_table *t, const struct bm_part *p)
{
    for (unsigned i = 0; i < t->count; i++) {
        const struct bm_part *q = &t->part[i];
        if (q->type == p->type && q->subtype == p->subtype && q->offset == p->offset) {
            return q;
        }
    }
    return NULL;
}

int bmi_is_known(const struct bmi_move *m, const struct bm_part *p)
{
    return p->offset <= m->known && p->size <= m->known - p->offset;
}

int bmi_same_bytes(const struct bmi_move *m, const struct bm_part *p, const struct bm_part *n)
{
    const uint32_t both = p->size < n->size ? p->size : n->size;
    const uint8_t *a = m->before + p->offset;
    const uint8_t *b = m->after + n->offset;
    return memcmp(a, b, both) == 0 && bmi_is_blank(a + both, p->size - both) &&
           bmi_is_blank(b + both, n->size - both);
}

static void erase(struct bmi_move *m, uint64_t begin, uint64_t end)
{
    end = end < m->len ? end : m->len;
    if (begin < end) {
        memset(m->after + begin, 0xff, (size_t)(end - begin));
    }
}

/* As esptool does it: whole sectors are erased, and what goes beyond the flash is not written. */
static void put(struct bmi_move *m, uint32_t off, const uint8_t *data, size_t len)
{
    const struct bm_flash_part w = {.offset = off, .len = len};
    uint64_t begin;
    uint64_t end;
    bmi_part_erased(&w, &begin, &end);
    erase(m, begin, end);
    if (off < m->len) {
        memcpy(m->after + off, data, len < m->len - off ? len : m->len - off);
    }
}

/* The table is written with the rest, whether its file was given or not. */
static void put_table(struct bmi_move *m)
{
    const struct bm_preflight *in = m->in;
    uint8_t table[BM_PART_TABLE_MAX];
    const int written = in->plan != NULL && bmi_plan_at(in->plan, in->to_off) != NULL;
    const int same = in->from_off == in->to_off && bmi_same_tables(in->from, in->to);
    if (!written && !same && bm_part_table_format(table, in->to, NULL, NULL) == BM_OK) {
        put(m, in->to_off, table, sizeof table);
    }
}

/* The chip of the bootloader on the device, or else of its apps. */
static int chip_of(const struct bm_preflight *in)
{
    struct bm_flash flash;
    struct bm_app app;
    int chip = bm_flash_chip(in->flash, in->flash_len, in->from_off, NULL);
    for (unsigned i = 0; chip == BM_CHIP_UNKNOWN && i < in->from->count; i++) {
        const struct bm_part *p = &in->from->part[i];
        if (p->type == BM_PART_APP && !in->apps_unknown &&
            bm_flash_view(&flash, in->flash, in->flash_len) == BM_OK &&
            bm_app_read(&app, &flash, p->offset, p->size, NULL) == BM_OK) {
            chip = app.chip;
        }
    }
    return chip;
}

static size_t larger(size_t a, uint64_t b)
{
    return b > a && b <= BM_FLASH_SIZE_MAX ? (size_t)b : a;
}

int bmi_move_open(struct bmi_move *m, const struct bm_preflight *in, struct bm_layout_findings *fs)
{
    *m = (struct bmi_move){.in = in, .fs = fs, .chip = BM_CHIP_UNKNOWN};
    if (in->flash == NULL || in->flash_len == 0) {
        return BM_OK;
    }
    m->known = in->flash_len;
    m->len = larger(larger(m->known, bm_part_table_end(in->from)), bm_part_table_end(in->to));
    m->before = malloc(m->len);
    m->after = malloc(m->len);
    if (m->before == NULL || m->after == NULL) {
        return BM_E_NOMEM;
    }
    memcpy(m->before, in->flash, m->known);
    memset(m->before + m->known, 0xff, m->len - m->known);
    memcpy(m->after, m->before, m->len);
    if (in->erase_all) {
        erase(m, 0, m->len);
    }
    put_table(m);
    for (size_t i = 0; in->plan != NULL && i < in->plan->count; i++) {
        const struct bm_flash_part *w = &in->plan->parts[i];
        if (w->placed && w->len > 0) {
            put(m, w->offset, w->data, w->len);
        }
    }
    m->chip = chip_of(in);
    return BM_OK;
}

void bmi_move_close(struct bmi_move *m)
{
    if (m->before != NULL) {
        bm_wipe(m->before, m->len);
    }
    if (m->after != NULL) {
        bm_wipe(m->after, m->len);
    }
    free(m->before);
    free(m->after);
}
