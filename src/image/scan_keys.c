/* SPDX-License-Identifier: Apache-2.0 */
#include "image/scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/le.h"

/* Open addressing over groups; at most half full. */
struct table {
    uint32_t *slots;
    uint32_t mask;
};

enum { SEARCH_BUDGET = 256 };

static uint32_t hash_key(const uint8_t *raw)
{
    uint32_t h = 2166136261u ^ raw[BMI_EN_NS];
    for (unsigned i = 0; i < BMI_KEY_MAX && raw[BMI_EN_KEY + i] != 0; i++) {
        h = (h ^ raw[BMI_EN_KEY + i]) * 16777619u;
    }
    return (h ^ h >> 15) * 0x2c1b3c6du ^ h >> 13;
}

static int same_key(const uint8_t *a, const uint8_t *b)
{
    return a[BMI_EN_NS] == b[BMI_EN_NS] &&
           strncmp((const char *)a + BMI_EN_KEY, (const char *)b + BMI_EN_KEY, BMI_KEY_MAX) == 0;
}

static void add_row(struct bm_scan *s, const struct table *t, uint32_t number)
{
    struct bm_row *row = &s->rows[number];
    const uint8_t *raw = bmi_row_raw(s, row);
    uint32_t slot = hash_key(raw) & t->mask;
    while (t->slots[slot] != BM_NO_ROW &&
           !same_key(raw, bmi_row_raw(s, &s->rows[s->groups[t->slots[slot]].first]))) {
        slot = (slot + 1) & t->mask;
    }
    if (t->slots[slot] == BM_NO_ROW) {
        const struct bm_group g = {number, number, 1, BM_NO_ROW, raw[BMI_EN_NS]};
        t->slots[slot] = s->group_count;
        s->groups[s->group_count++] = g;
    } else {
        struct bm_group *g = &s->groups[t->slots[slot]];
        s->rows[g->last].next = number;
        g->rows++;
        g->last = number;
    }
    row->group = t->slots[slot];
    row->flags |= BM_ROW_GROUPED;
}

static int group_rows(struct bm_scan *s)
{
    struct table t = {NULL, 15};
    size_t values = 0;
    for (size_t i = 0; i < s->row_count; i++) {
        values += s->rows[i].kind == BM_ROW_VALUE;
    }
    while (t.mask < values * 2) {
        t.mask = t.mask * 2 + 1;
    }
    t.slots = malloc((t.mask + (size_t)1) * sizeof *t.slots);
    s->groups = calloc(values + 1, sizeof *s->groups);
    if (t.slots == NULL || s->groups == NULL) {
        free(t.slots);
        return BM_E_NOMEM;
    }
    memset(t.slots, 0xff, (t.mask + (size_t)1) * sizeof *t.slots);
    for (uint32_t i = 0; i < s->used; i++) {
        const struct bm_page *page = &s->pages[s->order[i]];
        for (uint32_t r = page->row; r < page->row + page->rows; r++) {
            if (s->rows[r].kind == BM_ROW_VALUE) {
                add_row(s, &t, r);
            }
        }
    }
    free(t.slots);
    return BM_OK;
}

static int is_chunk(const struct bm_scan *s, const struct bm_row *row, unsigned number)
{
    const uint8_t *raw = bmi_row_raw(s, row);
    return raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_DATA && raw[BMI_EN_CHUNK] == number &&
           (row->flags & BM_ROW_BAD_DATA) == 0;
}

/* Newest whole copy of one chunk with at most room bytes. */
static uint32_t find_chunk(const struct bm_scan *s, uint32_t first, unsigned number, uint32_t room)
{
    uint32_t found = BM_NO_ROW;
    for (uint32_t r = first; r != BM_NO_ROW; r = s->rows[r].next) {
        const struct bm_row *row = &s->rows[r];
        if (is_chunk(s, row, number) && bm_get_le16(bmi_row_raw(s, row) + BMI_EN_SIZE) <= room) {
            found = r;
        }
    }
    return found;
}

/* Newest whole copy of every chunk of one half, in one pass over the key's entries. */
static void list_chunks(const struct bm_scan *s, uint32_t first, unsigned start, unsigned count,
                        uint32_t *chunks)
{
    memset(chunks, 0xff, BMI_CHUNK_NONE * sizeof *chunks);
    for (uint32_t r = first; r != BM_NO_ROW; r = s->rows[r].next) {
        const struct bm_row *row = &s->rows[r];
        const unsigned number = bmi_row_raw(s, row)[BMI_EN_CHUNK];
        if (number >= start && number - start < count && is_chunk(s, row, number)) {
            chunks[number - start] = r;
        }
    }
}

int bmi_blob_chunks(const struct bm_scan *s, const struct bm_row *index, uint32_t *chunks,
                    unsigned *budget)
{
    const uint8_t *raw = bmi_row_raw(s, index);
    const unsigned start = raw[BMI_EN_IDX_START];
    const unsigned count = raw[BMI_EN_IDX_COUNT];
    const uint32_t first = s->groups[index->group].first;
    uint32_t room = bm_get_le32(raw + BMI_EN_IDX_SIZE);
    if (start + count > BMI_CHUNK_NONE || *budget == 0) {
        return -1;
    }
    --*budget;
    list_chunks(s, first, start, count, chunks);
    for (unsigned i = 0; i < count; i++) {
        uint32_t *at = &chunks[i];
        if (*at != BM_NO_ROW && bm_get_le16(bmi_row_raw(s, &s->rows[*at]) + BMI_EN_SIZE) > room) {
            *at = *budget > 0 ? find_chunk(s, first, start + i, room) : BM_NO_ROW;
            *budget -= *budget > 0;
        }
        if (*at == BM_NO_ROW) {
            return -1;
        }
        room -= bm_get_le16(bmi_row_raw(s, &s->rows[*at]) + BMI_EN_SIZE);
    }
    return room == 0 ? (int)count : -1;
}

/* 1 if the row's value is whole; then it and its chunks are marked as what counts. */
static int take_if_whole(struct bm_scan *s, struct bm_group *g, uint32_t number, unsigned *budget)
{
    uint32_t chunks[BMI_CHUNK_NONE];
    struct bm_row *row = &s->rows[number];
    int count = 0;
    if (bmi_row_raw(s, row)[BMI_EN_TYPE] == BMI_TYPE_BLOB_IDX) {
        count = bmi_blob_chunks(s, row, chunks, budget);
    }
    for (int i = 0; i < count; i++) {
        s->rows[chunks[i]].flags |= BM_ROW_LIVE;
    }
    if (count >= 0) {
        g->live = number;
        row->flags |= BM_ROW_LIVE;
    }
    return count >= 0;
}

static int is_candidate(const struct bm_scan *s, const struct bm_row *row)
{
    return bmi_row_raw(s, row)[BMI_EN_TYPE] != BMI_TYPE_BLOB_DATA &&
           (row->flags & BM_ROW_BAD_DATA) == 0;
}

/* The newest whole value wins, whatever its type: what the store of src/nvs does. */
static void resolve(struct bm_scan *s, struct bm_group *g)
{
    uint32_t candidates[SEARCH_BUDGET] = {0}; /* a ring of the newest ones */
    unsigned budget = SEARCH_BUDGET;
    size_t n = 0;
    for (uint32_t r = g->first; r != BM_NO_ROW; r = s->rows[r].next) {
        if (is_candidate(s, &s->rows[r])) {
            candidates[n++ % SEARCH_BUDGET] = r;
        }
    }
    const size_t end = n > SEARCH_BUDGET ? n - SEARCH_BUDGET : 0;
    while (n > end && !take_if_whole(s, g, candidates[(n - 1) % SEARCH_BUDGET], &budget)) {
        n--;
    }
}

/* A name for each index: of several the oldest, as the store of src/nvs gives it. */
static void find_names(struct bm_scan *s)
{
    for (uint32_t i = 0; i < s->used; i++) {
        const struct bm_page *page = &s->pages[s->order[i]];
        for (uint32_t r = page->row; r < page->row + page->rows; r++) {
            const struct bm_row *row = &s->rows[r];
            const uint8_t *raw = bmi_row_raw(s, row);
            uint32_t *name = &s->names[raw[BMI_EN_DATA]];
            if ((row->flags & BM_ROW_LIVE) != 0 && raw[BMI_EN_NS] == 0 &&
                raw[BMI_EN_TYPE] == BM_NVS_U8 && *name == BM_NO_ROW) {
                *name = row->group;
            }
        }
    }
    s->names[0] = BM_NO_ROW;
    s->names[BM_NVS_NS_ANY] = BM_NO_ROW;
}

const char *bmi_ns_name(const struct bm_scan *s, uint8_t ns, char buf[BM_NVS_KEY_SIZE])
{
    buf[0] = '\0';
    if (s->names[ns] != BM_NO_ROW) {
        bmi_row_key(bmi_row_raw(s, &s->rows[s->groups[s->names[ns]].live]), buf);
    }
    return buf;
}

int bmi_scan_keys(struct bm_scan *s)
{
    const int rc = group_rows(s);
    if (rc != BM_OK) {
        return rc;
    }
    for (uint32_t i = 0; i < s->group_count; i++) {
        struct bm_group *g = &s->groups[i];
        unsigned budget = 1;
        if (g->first != g->last) {
            resolve(s, g);
        } else if (is_candidate(s, &s->rows[g->first])) { /* the usual case: one entry */
            (void)take_if_whole(s, g, g->first, &budget);
        }
    }
    find_names(s);
    return BM_OK;
}
