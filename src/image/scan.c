/* SPDX-License-Identifier: Apache-2.0 */
#include "image/scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/le.h"

/* A walk over the entries of one page. */
struct walk {
    const uint8_t *bytes; /* the page */
    uint32_t page;
    unsigned at;
    int hole; /* an empty entry was seen */
};

int bmi_is_blank(const uint8_t *p, size_t len)
{
    /* the first byte decides nearly always; the rest is compared with itself, shifted by one */
    return len == 0 || (p[0] == 0xff && memcmp(p, p + 1, len - 1) == 0);
}

const uint8_t *bmi_row_raw(const struct bm_scan *s, const struct bm_row *row)
{
    return s->data + bmi_row_offset(row);
}

size_t bmi_row_offset(const struct bm_row *row)
{
    return (size_t)row->page * BMI_PAGE_SIZE + BMI_OFF_ENTRIES +
           row->entry * (size_t)BMI_ENTRY_SIZE;
}

void bmi_row_key(const uint8_t *raw, char key[BM_NVS_KEY_SIZE])
{
    memcpy(key, raw + BMI_EN_KEY, BM_NVS_KEY_SIZE);
    key[BMI_KEY_MAX] = '\0';
}

static const uint8_t *entry_at(const struct walk *w, unsigned entry)
{
    return w->bytes + BMI_OFF_ENTRIES + (size_t)entry * BMI_ENTRY_SIZE;
}

static enum bmi_entry_state state_at(const struct walk *w, unsigned entry)
{
    return bmi_bitmap_get(w->bytes + BMI_OFF_BITMAP, entry);
}

static int is_dirty(const struct walk *w, unsigned entry)
{
    return !bmi_is_blank(entry_at(w, entry), BMI_ENTRY_SIZE);
}

/* Entries of this state from entry on, at most max. */
static unsigned run_length(const struct walk *w, unsigned entry, enum bmi_entry_state state,
                           unsigned max)
{
    unsigned n = 1;
    while (n < max && state_at(w, entry + n) == state) {
        n++;
    }
    return n;
}

/* 1 if the data behind a valid header has the checksum that the header gives. */
static int data_good(const uint8_t *raw)
{
    const uint32_t size = bm_get_le16(raw + BMI_EN_SIZE);
    return !bmi_type_has_data(raw[BMI_EN_TYPE]) ||
           bmi_data_crc(raw + BMI_ENTRY_SIZE, size) == bm_get_le32(raw + BMI_EN_DATA_CRC);
}

static void take_written(const struct walk *w, struct bm_row *row)
{
    const uint8_t *raw = entry_at(w, w->at);
    row->fault = (uint8_t)bmi_entry_check(raw, w->at);
    if (row->fault != BMI_BAD_NOTHING) {
        row->kind = BM_ROW_DAMAGED;
        return;
    }
    row->count = raw[BMI_EN_SPAN];
    if (run_length(w, w->at, BMI_ENTRY_WRITTEN, row->count) < row->count) {
        row->kind = BM_ROW_TORN;
        return;
    }
    row->kind = BM_ROW_VALUE;
    if (!data_good(raw)) {
        row->flags |= BM_ROW_BAD_DATA;
    }
}

/* Erasing leaves the bytes: a value is often still there, and worth a row of its own. */
static int erased_header(const struct walk *w, unsigned entry)
{
    const uint8_t *raw = entry_at(w, entry);
    return bmi_entry_check(raw, entry) == BMI_BAD_NOTHING &&
           run_length(w, entry, BMI_ENTRY_ERASED, raw[BMI_EN_SPAN]) == raw[BMI_EN_SPAN];
}

static void take_erased(const struct walk *w, struct bm_row *row)
{
    row->kind = BM_ROW_ERASED;
    if (erased_header(w, w->at)) {
        row->flags |= BM_ROW_HEADER;
        row->count = entry_at(w, w->at)[BMI_EN_SPAN];
        return;
    }
    const unsigned all = run_length(w, w->at, BMI_ENTRY_ERASED, BMI_PAGE_ENTRIES - w->at);
    while (row->count < all && !erased_header(w, w->at + row->count)) {
        row->count++;
    }
}

static void take_empty(struct walk *w, struct bm_row *row)
{
    const unsigned all = run_length(w, w->at, BMI_ENTRY_EMPTY, BMI_PAGE_ENTRIES - w->at);
    const int dirty = is_dirty(w, w->at);
    row->kind = dirty ? BM_ROW_DIRTY : BM_ROW_EMPTY;
    while (row->count < all && is_dirty(w, w->at + row->count) == dirty) {
        row->count++;
    }
    w->hole = 1;
}

static void take_row(struct walk *w, struct bm_row *row)
{
    memset(row, 0, sizeof *row);
    row->page = w->page;
    row->next = BM_NO_ROW;
    row->group = BM_NO_ROW;
    row->entry = (uint8_t)w->at;
    row->count = 1;
    row->flags = w->hole ? BM_ROW_BEHIND_HOLE : 0;
    switch (state_at(w, w->at)) {
    case BMI_ENTRY_WRITTEN: take_written(w, row); break;
    case BMI_ENTRY_ERASED: take_erased(w, row); break;
    case BMI_ENTRY_EMPTY: take_empty(w, row); break;
    case BMI_ENTRY_ILLEGAL:
    default:
        row->kind = BM_ROW_ILLEGAL;
        row->count = (uint8_t)run_length(w, w->at, BMI_ENTRY_ILLEGAL, BMI_PAGE_ENTRIES - w->at);
        break;
    }
    w->at += row->count;
}

static int reserve_rows(struct bm_scan *s)
{
    if (s->row_cap - s->row_count >= BMI_PAGE_ENTRIES) {
        return BM_OK;
    }
    const size_t cap = s->row_cap + s->row_cap / 2 + 4 * (size_t)BMI_PAGE_ENTRIES;
    struct bm_row *rows = realloc(s->rows, cap * sizeof *rows);
    if (rows == NULL) {
        return BM_E_NOMEM;
    }
    s->rows = rows;
    s->row_cap = cap;
    return BM_OK;
}

static enum bm_page_kind page_kind(const uint8_t *bytes, const struct bmi_header *h)
{
    if (h->state == BMI_PAGE_BLANK) {
        return bmi_is_blank(bytes, BMI_PAGE_SIZE) ? BM_PAGE_BLANK : BM_PAGE_DIRTY;
    }
    if (!h->crc_ok) {
        return BM_PAGE_BAD_CRC;
    }
    if (h->state != BMI_PAGE_ACTIVE && h->state != BMI_PAGE_FULL && h->state != BMI_PAGE_FREEING) {
        return BM_PAGE_BAD_STATE;
    }
    return h->version < BMI_VERSION_2 ? BM_PAGE_NEWER : BM_PAGE_USED;
}

static int scan_page(struct bm_scan *s, uint32_t number)
{
    const uint8_t *bytes = s->data + (size_t)number * BMI_PAGE_SIZE;
    struct bm_page *page = &s->pages[number];
    struct walk w = {bytes, number, 0, 0};
    struct bmi_header h;
    bmi_header_get(bytes, &h);
    page->state = h.state;
    page->seq = h.seq;
    page->version = h.version;
    page->kind = (uint8_t)page_kind(bytes, &h);
    page->row = (uint32_t)s->row_count;
    for (unsigned i = 0; i < BMI_PAGE_ENTRIES; i++) {
        page->states[state_at(&w, i)]++;
    }
    if (page->kind == BM_PAGE_BLANK) {
        return BM_OK;
    }
    if (page->kind == BM_PAGE_USED) {
        s->order[s->used++] = number;
    }
    if (reserve_rows(s) != BM_OK) {
        return BM_E_NOMEM;
    }
    while (w.at < BMI_PAGE_ENTRIES) {
        take_row(&w, &s->rows[s->row_count++]);
    }
    page->rows = (uint32_t)s->row_count - page->row;
    return BM_OK;
}

struct age {
    uint32_t seq;
    uint32_t page;
};

static int by_age(const void *a, const void *b)
{
    const struct age *x = a;
    const struct age *y = b;
    if (x->seq != y->seq) {
        return x->seq < y->seq ? -1 : 1;
    }
    return x->page < y->page ? -1 : x->page > y->page;
}

static int sort_pages(struct bm_scan *s)
{
    struct age *ages = malloc((s->used + 1) * sizeof *ages);
    if (ages == NULL) {
        return BM_E_NOMEM;
    }
    for (uint32_t i = 0; i < s->used; i++) {
        ages[i].seq = s->pages[s->order[i]].seq;
        ages[i].page = s->order[i];
    }
    qsort(ages, s->used, sizeof *ages, by_age);
    for (uint32_t i = 0; i < s->used; i++) {
        s->order[i] = ages[i].page;
    }
    free(ages);
    return BM_OK;
}

int bm_scan(struct bm_scan *s, const void *data, size_t size)
{
    memset(s, 0, sizeof *s);
    memset(s->names, 0xff, sizeof s->names);
    s->data = data;
    s->size = size;
    if ((uint64_t)size > UINT32_MAX) {
        return BM_E_NOSPC;
    }
    s->page_count = (uint32_t)(size / BMI_PAGE_SIZE);
    s->tail = (uint32_t)(size % BMI_PAGE_SIZE);
    s->pages = calloc(s->page_count + (size_t)1, sizeof *s->pages);
    s->order = calloc(s->page_count + (size_t)1, sizeof *s->order);
    int rc = s->pages != NULL && s->order != NULL ? BM_OK : BM_E_NOMEM;
    for (uint32_t i = 0; rc == BM_OK && i < s->page_count; i++) {
        rc = scan_page(s, i);
    }
    if (rc == BM_OK) {
        rc = sort_pages(s);
    }
    if (rc == BM_OK) {
        s->kind = bmi_scan_kind(s);
        rc = bmi_scan_keys(s);
    }
    return rc;
}

void bm_scan_free(struct bm_scan *s)
{
    free(s->pages);
    free(s->order);
    free(s->rows);
    free(s->groups);
    memset(s, 0, sizeof *s);
}
