/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

#include <string.h>

#include "base/le.h"

/* Garbage collection: the live entries of a page go to a fresh one, then it is erased. One sector
 * always stays unused for that. */

static const uint8_t active = BMI_PAGE_ACTIVE & 0xff;

static int written_entries(const struct bm_nvs *nvs, uint32_t rank)
{
    uint8_t bitmap[BMI_BITMAP_SIZE];
    int n = 0;
    if (bmi_page_read(nvs, rank, BMI_OFF_BITMAP, bitmap, sizeof bitmap) != BM_OK) {
        return BM_E_IO;
    }
    for (unsigned i = 0; i < BMI_PAGE_ENTRIES; i++) {
        n += bmi_bitmap_get(bitmap, i) == BMI_ENTRY_WRITTEN;
    }
    return n;
}

/* The page with the least in it, the oldest of equals; below the given rank. */
static int choose_victim(const struct bm_nvs *nvs, uint32_t below, uint32_t *victim)
{
    int least = BMI_PAGE_ENTRIES;
    for (uint32_t rank = 0; rank < below; rank++) {
        const int n = written_entries(nvs, rank);
        if (n < 0) {
            return n;
        }
        if (n < least) {
            least = n;
            *victim = rank;
        }
    }
    return least < BMI_PAGE_ENTRIES ? BM_OK : BM_E_NOSPC;
}

static int close_newest(struct bm_nvs *nvs)
{
    nvs->next = BMI_PAGE_ENTRIES;
    if (nvs->page_count == 0 || nvs->pages[nvs->order[nvs->page_count - 1]].state != active) {
        return BM_OK;
    }
    return bmi_page_state_set(nvs, nvs->page_count - 1, BMI_PAGE_FULL);
}

/* Goes on to a fresh page in the middle of emptying one. From here on the usual order holds: the
 * page that is emptied is FREEING, the newest holds copies from it and nothing else. */
static int begin_copies(struct bm_nvs *nvs, uint32_t victim)
{
    int rc = close_newest(nvs);
    if (rc == BM_OK) {
        rc = bmi_page_state_set(nvs, victim, BMI_PAGE_FREEING);
    }
    return rc == BM_OK ? bmi_page_open(nvs) : rc;
}

/* Copies an entry as it stands, data included, in pieces: no buffer holds a whole page. */
static int copy_entry(struct bm_nvs *nvs, const uint8_t raw[BMI_ENTRY_SIZE], uint32_t from)
{
    const unsigned span = raw[BMI_EN_SPAN];
    uint8_t piece[BMI_ENTRY_SIZE];
    int rc = BM_OK;
    if (bmi_room(nvs) < span) {
        rc = begin_copies(nvs, from / BMI_PAGE_ENTRIES);
    }
    if (rc != BM_OK) {
        return rc;
    }
    const uint32_t rank = nvs->page_count - 1;
    const uint32_t to = rank * BMI_PAGE_ENTRIES + nvs->next;
    nvs->next += span;
    for (unsigned i = 0; i < span && rc == BM_OK; i++) {
        rc = bmi_entry_read(nvs, from + i, piece);
        if (rc == BM_OK) {
            rc = bmi_entries_prog(nvs, rank,
                                  BMI_OFF_ENTRIES + (to % BMI_PAGE_ENTRIES + i) * BMI_ENTRY_SIZE,
                                  piece, sizeof piece);
        }
        if (rc == BM_OK && i == 0 && span > 1) {
            rc = bmi_states_set(nvs, to, 1, BMI_ENTRY_WRITTEN);
        }
    }
    if (rc == BM_OK) {
        rc = bmi_states_set(nvs, to, span, BMI_ENTRY_WRITTEN);
    }
    /* what is of an unknown type is no copy of its key */
    if (rc == BM_OK && bmi_entry_check(raw, from % BMI_PAGE_ENTRIES) == BMI_BAD_NOTHING) {
        bmi_index_remove(nvs, raw, from);
        bmi_index_add(nvs, raw, to);
    }
    return rc;
}

/* Erases a page. Its state goes first, to what is no state: an erase that loses power may leave the
 * header whole and some bits of the rest changed, and given up values would be there again. */
static int discard(struct bm_nvs *nvs, uint32_t rank)
{
    static const uint8_t no_state[4] = {0};
    const uint32_t off = bmi_page_offset(nvs, rank);
    if (bmi_page_prog(nvs, rank, BMI_PH_STATE, no_state, sizeof no_state) != BM_OK ||
        nvs->flash->ops->erase(nvs->flash->ctx, off, BMI_PAGE_SIZE) != BM_OK) {
        return BM_E_IO;
    }
    bmi_pages_remove(nvs, rank);
    return BM_OK;
}

/* Moves what counts out of a page and erases it. */
static int empty_page(struct bm_nvs *nvs, uint32_t rank)
{
    uint8_t bitmap[BMI_BITMAP_SIZE];
    uint8_t raw[BMI_ENTRY_SIZE];
    struct bmi_walk walk = {rank, 0, bitmap, 1};
    unsigned entry;
    int rc = bmi_page_read(nvs, rank, BMI_OFF_BITMAP, bitmap, sizeof bitmap);
    while (rc == BM_OK && (rc = bmi_walk_next(nvs, &walk, raw, &entry)) == BM_OK) {
        const uint32_t at = rank * BMI_PAGE_ENTRIES + entry;
        const int live = bmi_is_live(nvs, raw, at);
        if (live < 0) {
            return live;
        }
        if (live) {
            rc = copy_entry(nvs, raw, at);
        } else {
            bmi_index_remove(nvs, raw, at);
        }
    }
    return rc == BM_E_NOENT ? discard(nvs, rank) : rc;
}

/* The usual collection, in ESP-IDF's order, so that its library could finish it, too: FREEING is
 * marked before the fresh page begins, which holds nothing else until the victim is erased. */
static int collect(struct bm_nvs *nvs, uint32_t victim)
{
    int rc = bmi_page_state_set(nvs, victim, BMI_PAGE_FREEING);
    if (rc == BM_OK) {
        rc = bmi_page_open(nvs);
    }
    return rc == BM_OK ? empty_page(nvs, victim) : rc;
}

/* Compares entries, as they lie in flash. Returns 1 equal, 0 not, or BM_E_IO. */
static int same_entries(const struct bm_nvs *nvs, uint32_t a, uint32_t b, unsigned count)
{
    uint8_t one[BMI_ENTRY_SIZE];
    uint8_t other[BMI_ENTRY_SIZE];
    for (unsigned i = 0; i < count; i++) {
        if (bmi_entry_read(nvs, a + i, one) != BM_OK ||
            bmi_entry_read(nvs, b + i, other) != BM_OK) {
            return BM_E_IO;
        }
        if (memcmp(one, other, sizeof one) != 0) {
            return 0;
        }
    }
    return 1;
}

/* 1: this entry stands in that page, too. */
static int stands_in(const struct bm_nvs *nvs, uint32_t location, unsigned span, uint32_t rank)
{
    uint8_t bitmap[BMI_BITMAP_SIZE];
    uint8_t raw[BMI_ENTRY_SIZE];
    struct bmi_walk walk = {rank, 0, bitmap, 1};
    unsigned entry;
    int rc = bmi_page_read(nvs, rank, BMI_OFF_BITMAP, bitmap, sizeof bitmap);
    while (rc == BM_OK && (rc = bmi_walk_next(nvs, &walk, raw, &entry)) == BM_OK) {
        if (raw[BMI_EN_SPAN] == span) {
            const int same = same_entries(nvs, location, rank * BMI_PAGE_ENTRIES + entry, span);
            if (same != 0) {
                return same;
            }
        }
    }
    return rc == BM_E_NOENT ? 0 : rc;
}

/* 1: the newest page is active and holds nothing but copies from that page. */
static int is_copy(const struct bm_nvs *nvs, uint32_t rank)
{
    const uint32_t newest = nvs->page_count - 1;
    uint8_t bitmap[BMI_BITMAP_SIZE];
    uint8_t raw[BMI_ENTRY_SIZE];
    struct bmi_walk walk = {newest, 0, bitmap, 1};
    unsigned entry;
    if (nvs->pages[nvs->order[newest]].state != active) {
        return 0;
    }
    int rc = bmi_page_read(nvs, newest, BMI_OFF_BITMAP, bitmap, sizeof bitmap);
    while (rc == BM_OK && (rc = bmi_walk_next(nvs, &walk, raw, &entry)) == BM_OK) {
        const int found = stands_in(nvs, newest * BMI_PAGE_ENTRIES + entry, raw[BMI_EN_SPAN], rank);
        if (found <= 0) {
            return found;
        }
    }
    return rc == BM_E_NOENT ? 1 : rc;
}

/* Begins the copying of a page anew, as ESP-IDF does: what a cut left of it takes room that the
 * rest may need. */
static int restart(struct bm_nvs *nvs, uint32_t rank)
{
    const uint32_t newest = nvs->page_count - 1;
    const int copy = is_copy(nvs, rank);
    if (copy < 0) {
        return copy;
    }
    if (copy && nvs->next > 0) {
        const int rc = discard(nvs, newest);
        if (rc != BM_OK) {
            return rc;
        }
        nvs->next = BMI_PAGE_ENTRIES;
        nvs->slots_ready = 0; /* an index is built again */
    }
    return bmi_room(nvs) == 0 ? bmi_page_open(nvs) : BM_OK;
}

int bmi_collect_finish(struct bm_nvs *nvs)
{
    const uint8_t freeing = BMI_PAGE_FREEING & 0xff;
    uint32_t rank = 0;
    while (rank < nvs->page_count) {
        if (nvs->pages[nvs->order[rank]].state != freeing) {
            rank++;
            continue;
        }
        int rc = restart(nvs, rank);
        rc = rc == BM_OK ? empty_page(nvs, rank) : rc;
        if (rc != BM_OK) {
            return rc;
        }
    }
    return BM_OK;
}

/* Others leave partitions without an unused sector. Then the page with the least in it goes to the
 * newest, if it fits there: nothing could be collected ever again otherwise. */
int bmi_collect_reserve(struct bm_nvs *nvs)
{
    uint32_t victim = 0;
    if (nvs->page_count < nvs->sectors || nvs->page_count < 2) {
        return BM_OK;
    }
    int rc = choose_victim(nvs, nvs->page_count - 1, &victim);
    if (rc == BM_OK) {
        rc = written_entries(nvs, victim);
    }
    if (rc < 0) {
        return rc == BM_E_NOSPC ? BM_OK : rc;
    }
    return (uint32_t)rc <= bmi_room(nvs) ? empty_page(nvs, victim) : BM_OK;
}

int bmi_turn_page(struct bm_nvs *nvs)
{
    uint32_t victim = 0;
    int rc = close_newest(nvs);
    if (rc == BM_OK && nvs->sectors - nvs->page_count >= 2) {
        return bmi_page_open(nvs);
    }
    if (rc == BM_OK) {
        rc = choose_victim(nvs, nvs->page_count, &victim);
    }
    return rc == BM_OK ? collect(nvs, victim) : rc;
}

/* Gathers what several pages still hold into the newest one, until there is room or nothing is left
 * to gain. Here the newest page holds values of its own, so no page may be marked FREEING: ESP-IDF
 * would erase the newest one. What a power cut leaves is equal copies. */
static int gather(struct bm_nvs *nvs, unsigned span)
{
    for (uint32_t tries = 0; tries <= nvs->sectors && bmi_room(nvs) < span; tries++) {
        uint32_t victim = 0;
        int rc;
        if (nvs->page_count < 2) {
            return BM_E_NOSPC;
        }
        rc = choose_victim(nvs, nvs->page_count - 1, &victim);
        if (rc == BM_OK) {
            rc = empty_page(nvs, victim);
        }
        if (rc == BM_OK && bmi_room(nvs) < span && nvs->sectors - nvs->page_count >= 2) {
            rc = bmi_turn_page(nvs);
        }
        if (rc != BM_OK) {
            return rc;
        }
    }
    return bmi_room(nvs) >= span ? BM_OK : BM_E_NOSPC;
}

int bmi_make_room(struct bm_nvs *nvs, unsigned span)
{
    int rc = BM_OK;
    if (bmi_room(nvs) < span) {
        rc = bmi_turn_page(nvs);
    }
    if (rc == BM_OK && bmi_room(nvs) < span) {
        rc = gather(nvs, span);
    }
    return rc;
}
