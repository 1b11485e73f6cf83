/* SPDX-License-Identifier: Apache-2.0 */
#include "image/diff.h"

#include <stdlib.h>
#include <string.h>

#include "image/arena.h"

/* Both images become sorted lists of what they hold, and the lists are merged. */
struct item {
    char ns[BM_NVS_KEY_SIZE];
    char key[BM_NVS_KEY_SIZE];
    uint32_t row;
    uint8_t index; /* of the namespace */
    uint8_t what;  /* enum bm_diff_what */
    uint8_t damaged;
    uint8_t entries;
    const uint8_t *raw;
};

struct list {
    const struct bm_scan *s;
    const struct bm_diff_opts *o;
    struct item *items;
    size_t count;
    size_t cap;
};

static int wanted(const struct bm_diff_opts *o, const struct item *item)
{
    return (o->ns == NULL || strcmp(o->ns, item->ns) == 0) &&
           (o->key == NULL || strcmp(o->key, item->key) == 0);
}

static int add(struct list *l, const struct item *item)
{
    void *items = l->items;
    if (!wanted(l->o, item)) {
        return BM_OK;
    }
    if (bmi_grow(&items, &l->cap, l->count, sizeof *l->items) != BM_OK) {
        return BM_E_NOMEM;
    }
    l->items = items;
    l->items[l->count++] = *item;
    return BM_OK;
}

static void describe(const struct bm_scan *s, struct item *item, const struct bm_row *row)
{
    memset(item, 0, sizeof *item);
    item->raw = bmi_row_raw(s, row);
    item->row = (uint32_t)(row - s->rows);
    item->index = item->raw[BMI_EN_NS];
    bmi_ns_name(s, item->index, item->ns);
    bmi_row_key(item->raw, item->key);
    item->what = BM_DIFF_VALUE;
}

static int add_names(struct list *l)
{
    for (unsigned i = 1; i <= BM_NVS_NS_MAX; i++) {
        struct item item;
        memset(&item, 0, sizeof item);
        item.index = (uint8_t)i;
        item.what = BM_DIFF_NAMESPACE;
        bmi_ns_name(l->s, item.index, item.ns);
        if (l->s->names[i] != BM_NO_ROW && l->o->key == NULL && add(l, &item) != BM_OK) {
            return BM_E_NOMEM;
        }
    }
    return BM_OK;
}

/* The row that stands for a key: its value that counts, or else a damaged one. */
static uint32_t group_row(const struct bm_scan *s, const struct bm_group *g)
{
    uint32_t found = g->live;
    for (uint32_t r = g->first; g->live == BM_NO_ROW && r != BM_NO_ROW; r = s->rows[r].next) {
        if (bmi_row_raw(s, &s->rows[r])[BMI_EN_TYPE] != BMI_TYPE_BLOB_DATA) {
            found = r;
        }
    }
    return found;
}

static int add_values(struct list *l)
{
    for (uint32_t i = 0; i < l->s->group_count; i++) {
        const struct bm_group *g = &l->s->groups[i];
        const uint32_t row = g->ns != 0 ? group_row(l->s, g) : BM_NO_ROW;
        struct item item;
        if (row == BM_NO_ROW) {
            continue;
        }
        describe(l->s, &item, &l->s->rows[row]);
        item.damaged = g->live == BM_NO_ROW;
        if (add(l, &item) != BM_OK) {
            return BM_E_NOMEM;
        }
    }
    return BM_OK;
}

unsigned bmi_unknown_span(const struct bm_scan *s, const struct bm_row *row)
{
    const uint8_t *page = s->data + (size_t)row->page * BMI_PAGE_SIZE;
    const unsigned span = bmi_row_raw(s, row)[BMI_EN_SPAN];
    if (row->kind != BM_ROW_DAMAGED || row->fault != BMI_BAD_TYPE || span == 0 ||
        row->entry + span > BMI_PAGE_ENTRIES || s->pages[row->page].kind != BM_PAGE_USED) {
        return 0;
    }
    for (unsigned i = 1; i < span; i++) {
        if (bmi_bitmap_get(page + BMI_OFF_BITMAP, row->entry + i) != BMI_ENTRY_WRITTEN) {
            return 0;
        }
    }
    return span;
}

static int add_unknown(struct list *l)
{
    for (size_t i = 0; i < l->s->row_count; i++) {
        const unsigned span = bmi_unknown_span(l->s, &l->s->rows[i]);
        struct item item;
        if (span == 0) {
            continue;
        }
        describe(l->s, &item, &l->s->rows[i]);
        item.what = BM_DIFF_UNKNOWN;
        item.entries = (uint8_t)span;
        if (add(l, &item) != BM_OK) {
            return BM_E_NOMEM;
        }
    }
    return BM_OK;
}

/* Entries of namespaces without a name go by its number, behind the others. */
static int compare(const void *x, const void *y)
{
    const struct item *a = x;
    const struct item *b = y;
    const int a_bare = a->ns[0] == '\0';
    const int b_bare = b->ns[0] == '\0';
    int order = a_bare - b_bare;
    order = order != 0 ? order : strcmp(a->ns, b->ns);
    order = order != 0 || !a_bare ? order : (int)a->index - b->index;
    /* the name of a namespace first */
    order = order != 0 ? order : (a->what != BM_DIFF_NAMESPACE) - (b->what != BM_DIFF_NAMESPACE);
    order = order != 0 ? order : strcmp(a->key, b->key);
    order = order != 0 ? order : (int)a->what - b->what;
    if (order == 0 && a->what == BM_DIFF_UNKNOWN) {
        order = (int)a->entries - b->entries;
        order = order != 0 ? order : memcmp(a->raw + 1, b->raw + 1, a->entries * 32u - 1);
    }
    return order;
}

static int make_list(struct list *l, const struct bm_scan *s, const struct bm_diff_opts *o)
{
    memset(l, 0, sizeof *l);
    l->s = s;
    l->o = o;
    int rc = add_names(l);
    rc = rc == BM_OK ? add_values(l) : rc;
    rc = rc == BM_OK ? add_unknown(l) : rc;
    if (rc == BM_OK && l->count > 1) {
        qsort(l->items, l->count, sizeof *l->items, compare);
    }
    return rc;
}

static int load_side(struct bm_diff_side *side, const struct list *l, const struct item *item)
{
    memset(side, 0, sizeof *side);
    if (item == NULL) {
        return BM_OK;
    }
    side->there = 1;
    side->code = item->raw != NULL ? item->raw[BMI_EN_TYPE] : 0;
    side->entries = item->entries;
    if (item->what != BM_DIFF_VALUE) {
        return BM_OK;
    }
    const int rc = bmi_stored_load(&side->value, l->s, &l->s->rows[item->row]);
    if (item->damaged && rc == BM_OK) {
        side->value.data = NULL; /* its header is whole, but it does not count */
    }
    return rc == BM_E_CORRUPT ? BM_OK : rc;
}

static int equal_sides(const struct bm_diff_change *c)
{
    const struct bm_stored *a = &c->old.value;
    const struct bm_stored *b = &c->new.value;
    if (c->what != BM_DIFF_VALUE) {
        return 1; /* found by all that there is of it */
    }
    if (a->data == NULL || b->data == NULL) {
        return a->data == b->data;
    }
    return strcmp(a->type->value_name, b->type->value_name) == 0 && a->size == b->size &&
           (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

/* A place in both lists. order: which of them holds the next item; 0: both. */
struct place {
    size_t i, k;
    int order;
};

static int step(const struct list *a, const struct list *b, const struct place *at,
                struct bm_diff_result *result)
{
    const int in_a = at->order <= 0;
    const int in_b = at->order >= 0;
    const struct item *item = in_a ? &a->items[at->i] : &b->items[at->k];
    struct bm_diff_change c = {.what = (enum bm_diff_what)item->what,
                               .ns = item->ns,
                               .index = item->index,
                               .key = item->key};
    int rc = load_side(&c.old, a, in_a ? item : NULL);
    if (rc == BM_OK) {
        rc = load_side(&c.new, b, in_b ? &b->items[at->k] : NULL);
    }
    if (rc == BM_OK) {
        const int same = in_a && in_b && equal_sides(&c);
        *(same    ? &result->equal
          : !in_a ? &result->added
          : !in_b ? &result->removed
                  : &result->changed) += 1;
        if (!same && a->o->emit != NULL) {
            a->o->emit(a->o->ctx, &c);
        }
    }
    bmi_stored_free(&c.old.value);
    bmi_stored_free(&c.new.value);
    return rc;
}

static int merge(const struct list *a, const struct list *b, struct bm_diff_result *result)
{
    struct place at = {0, 0, 0};
    int rc = BM_OK;
    while (rc == BM_OK && (at.i < a->count || at.k < b->count)) {
        at.order = at.i == a->count   ? 1
                   : at.k == b->count ? -1
                                      : compare(&a->items[at.i], &b->items[at.k]);
        rc = step(a, b, &at, result);
        at.i += at.order <= 0;
        at.k += at.order >= 0;
    }
    return rc;
}

int bm_diff(const struct bm_scan *a, const struct bm_scan *b, const struct bm_diff_opts *o,
            struct bm_diff_result *result)
{
    struct list x;
    struct list y;
    memset(result, 0, sizeof *result);
    memset(&y, 0, sizeof y);
    int rc = make_list(&x, a, o);
    if (rc == BM_OK) {
        rc = make_list(&y, b, o);
    }
    if (rc == BM_OK) {
        rc = merge(&x, &y, result);
    }
    free(x.items);
    free(y.items);
    return rc;
}
