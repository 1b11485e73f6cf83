/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "base/le.h"
#include "image/check_parts.h"
#include "image/lookup.h"
#include "image/show.h"
#include "image/types.h"

static uint8_t type_of(const struct bmi_check *c, const struct bm_row *row)
{
    return bmi_row_raw(c->s, row)[BMI_EN_TYPE];
}

static const struct bm_page *page_of(const struct bmi_check *c, const struct bm_row *row)
{
    return &c->s->pages[row->page];
}

/* The last entry written: at the start a device looks for an older copy of this one only. */
static int is_last_written(const struct bmi_check *c, const struct bm_row *row)
{
    const uint32_t newest = c->s->order[c->s->used - 1];
    const struct bm_page *p = &c->s->pages[newest];
    if (row->page != newest) {
        return 0;
    }
    for (uint32_t i = p->rows; i-- > 0;) {
        const struct bm_row *last = &c->s->rows[p->row + i];
        if (last->kind == BM_ROW_VALUE) {
            return last == row;
        }
    }
    return 0;
}

/* Which of two copies ESP-IDF's library keeps: it clears up within the active page, and behind the
 * last entry written; everything else stays, and the older copy is found first. */
static const char *device_keeps(const struct bmi_check *c, const struct bm_row *older,
                                const struct bm_row *newer)
{
    const int same_page = older->page == newer->page;
    if (same_page && page_of(c, newer)->state == BMI_PAGE_ACTIVE) {
        return "the newer: the older one is erased at the next start";
    }
    if (!same_page && type_of(c, older) == type_of(c, newer) && is_last_written(c, newer)) {
        return "the newer: the older one is erased at the next start";
    }
    return "the older";
}

/* While a page is being freed, its entries stand in two pages; that is one finding of its own. */
static int is_moving(const struct bmi_check *c, const struct bm_row *row)
{
    return page_of(c, row)->state == BMI_PAGE_FREEING;
}

static void two_copies(const struct bmi_check *c, const struct bm_row *older,
                       const struct bm_row *newer)
{
    const uint8_t a = type_of(c, older);
    const uint8_t b = type_of(c, newer);
    if (is_moving(c, older)) {
        return;
    }
    if (bmi_row_raw(c->s, newer)[BMI_EN_NS] == 0 && a == BM_NVS_U8 && b == BM_NVS_U8) {
        bmi_find_row(c, F_NAMESPACE_TWICE, newer,
                     "this namespace is named before, at page %" PRIu32
                     " entry %u, with index %u; here with %u",
                     older->page, older->entry, bmi_row_raw(c->s, older)[BMI_EN_DATA],
                     bmi_row_raw(c->s, newer)[BMI_EN_DATA]);
    } else if (bmi_type(a)->cls == BM_CLASS_BLOB && bmi_type(b)->cls == BM_CLASS_BLOB && a != b) {
        bmi_find_row(c, F_BLOB_TWO_FORMATS, newer,
                     "the blob is there in both formats, also at page %" PRIu32 " entry %u",
                     older->page, older->entry);
    } else {
        bmi_find_row(c, a == b ? F_KEY_TWICE : F_KEY_TWO_TYPES, newer,
                     "the key is there before, at page %" PRIu32
                     " entry %u, as %s; a device keeps %s",
                     older->page, older->entry, bmi_type(a)->name, device_keeps(c, older, newer));
    }
}

static void check_copies(const struct bmi_check *c, const struct bm_group *g)
{
    const struct bm_row *older = NULL;
    for (uint32_t r = g->first; r != BM_NO_ROW; r = c->s->rows[r].next) {
        const struct bm_row *row = &c->s->rows[r];
        if (type_of(c, row) == BMI_TYPE_BLOB_DATA) {
            continue;
        }
        if (older != NULL) {
            two_copies(c, older, row);
        }
        older = row;
    }
}

void bmi_check_keys(const struct bmi_check *c)
{
    for (uint32_t i = 0; i < c->s->group_count; i++) {
        const struct bm_group *g = &c->s->groups[i];
        if (g->first != g->last) {
            check_copies(c, g);
        }
        bmi_check_blob(c, g);
    }
}

static int same_entry(const uint8_t *a, const uint8_t *b)
{
    return a[BMI_EN_NS] == b[BMI_EN_NS] && a[BMI_EN_CHUNK] == b[BMI_EN_CHUNK] &&
           memcmp(a + BMI_EN_KEY, b + BMI_EN_KEY, BM_NVS_KEY_SIZE) == 0;
}

static void collisions_in(const struct bmi_check *c, const struct bm_page *p)
{
    uint32_t hashes[BMI_PAGE_ENTRIES];
    for (uint32_t i = 0; i < p->rows; i++) {
        const struct bm_row *row = &c->s->rows[p->row + i];
        const uint8_t *raw = bmi_row_raw(c->s, row);
        hashes[i] = row->kind == BM_ROW_VALUE
                        ? bmi_lookup_hash(raw[BMI_EN_NS], raw + BMI_EN_KEY, raw[BMI_EN_CHUNK])
                        : UINT32_MAX;
        for (uint32_t k = 0; k < i && hashes[i] != UINT32_MAX; k++) {
            const struct bm_row *other = &c->s->rows[p->row + k];
            const uint8_t *theirs = bmi_row_raw(c->s, other);
            char key[BM_NVS_KEY_SIZE];
            char shown[4 * BM_NVS_KEY_SIZE];
            if (hashes[k] == hashes[i] && !same_entry(raw, theirs)) {
                bmi_row_key(theirs, key);
                bmi_find_row(c, F_HASH_COLLISION, row,
                             "a device cannot tell this key from \"%s\" (entry %u): both have the "
                             "24-bit hash 0x%06" PRIx32,
                             bmi_show_into(shown, sizeof shown, key), other->entry, hashes[i]);
            }
        }
    }
}

void bmi_check_collisions(const struct bmi_check *c)
{
    for (uint32_t i = 0; i < c->s->page_count; i++) {
        const struct bm_page *p = &c->s->pages[i];
        if (p->kind == BM_PAGE_USED && p->state == BMI_PAGE_ACTIVE) {
            collisions_in(c, p);
        }
    }
}

static void check_name(const struct bmi_check *c, const struct bm_group *g)
{
    const struct bm_row *row = &c->s->rows[g->live != BM_NO_ROW ? g->live : g->first];
    const unsigned index = bmi_row_raw(c->s, row)[BMI_EN_DATA];
    char name[BM_NVS_KEY_SIZE];
    char shown[4 * BM_NVS_KEY_SIZE];
    if (type_of(c, row) != BM_NVS_U8) {
        bmi_find_row(c, F_NAMESPACE_ENTRY, row, "this %s belongs to no namespace",
                     bmi_type(type_of(c, row))->name);
    } else if (index == 0 || index == BM_NVS_NS_ANY) {
        bmi_find_row(c, F_NAMESPACE_INDEX, row, "the namespace has the index %u", index);
    } else if (c->s->names[index] != BM_NO_ROW && &c->s->groups[c->s->names[index]] != g) {
        bmi_ns_name(c->s, (uint8_t)index, name);
        bmi_find_row(c, F_NAMESPACE_SHARED, row, "index %u is also that of namespace \"%s\"", index,
                     bmi_show_into(shown, sizeof shown, name));
    }
}

void bmi_check_namespaces(const struct bmi_check *c)
{
    uint32_t dead[256] = {0};
    uint32_t first[256] = {0};
    uint8_t used[256] = {0};
    for (uint32_t i = 0; i < c->s->group_count; i++) {
        const struct bm_group *g = &c->s->groups[i];
        used[g->ns] = 1;
        if (g->ns == 0) {
            check_name(c, g);
        } else if (c->s->names[g->ns] == BM_NO_ROW && dead[g->ns]++ == 0) {
            first[g->ns] = g->first;
        }
    }
    for (unsigned ns = 1; ns < 256; ns++) {
        if (dead[ns] > 0) {
            bmi_find_row(c, F_NAMESPACE_DEAD, &c->s->rows[first[ns]],
                         "%" PRIu32 " key%s of namespace index %u, which has no name", dead[ns],
                         dead[ns] == 1 ? "" : "s", ns);
        } else if (c->s->names[ns] != BM_NO_ROW && !used[ns]) {
            const struct bm_group *g = &c->s->groups[c->s->names[ns]];
            bmi_find_row(c, F_NAMESPACE_EMPTY, &c->s->rows[g->live],
                         "namespace index %u has a name, but no keys", ns);
        }
    }
}
