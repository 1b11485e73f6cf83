/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

#include <string.h>

/* Garbage collection: the live entries of a page go to a fresh one, then it is erased. One sector
 * always stays unused for that. */

/* The page with the least in it, the oldest of equals; below the given rank. Returns the number of
 * its entries, BM_E_NOSPC where all are full or there is none, or BM_E_IO. */
static int choose_victim(const struct bm_nvs *nvs, uint32_t below, uint32_t *victim)
{
    int least = BMI_PAGE_ENTRIES;
    for (uint32_t rank = 0; rank < below; rank++) {
        const int n = bmi_written_entries(nvs, rank);
        if (n < 0) {
            return n;
        }
        if (n < least) {
            least = n;
            *victim = rank;
        }
    }
    return least < BMI_PAGE_ENTRIES ? least : BM_E_NOSPC;
}

static int close_newest(struct bm_nvs *nvs)
{
    nvs->room = 0;
    return bmi_newest_is_active(nvs) ? bmi_page_state_set(nvs, nvs->page_count - 1, BMI_PAGE_FULL)
                                     : BM_OK;
}

/* Goes on to a fresh page for what a page still holds, in ESP-IDF's order, so that its library
 * could finish it, too: FREEING is marked before the fresh page begins, which holds nothing but
 * copies until the page is erased. */
static int begin_copies(struct bm_nvs *nvs, uint32_t victim)
{
    int rc = close_newest(nvs);
    if (rc == BM_OK) {
        rc = bmi_page_state_set(nvs, victim, BMI_PAGE_FREEING);
    }
    return rc == BM_OK ? bmi_page_open(nvs) : rc;
}

/* Copies an entry as it stands, data included. If its page is not FREEING, it is given up at once:
 * ESP-IDF's library would erase a blob that has a chunk twice. */
static int copy_entry(struct bm_nvs *nvs, const struct bmi_found *entry, uint32_t rank)
{
    int rc;
    if (nvs->room < entry->raw[BMI_EN_SPAN] && (rc = begin_copies(nvs, rank)) != BM_OK) {
        return rc;
    }
    bmi_index_remove(nvs, entry);
    rc = bmi_append(nvs, entry->raw, NULL, entry->location);
    if (rc == BM_OK && bmi_page_at(nvs, rank)->state != (BMI_PAGE_FREEING & 0xff)) {
        rc = bmi_entry_erase(nvs, entry);
    }
    return rc;
}

/* Erases a page. Its state goes first, to what is no state: an erase that loses power may leave the
 * header whole and some bits of the rest changed, and given up values would be there again. */
static int discard(struct bm_nvs *nvs, uint32_t rank)
{
    int rc = bmi_page_state_set(nvs, rank, 0);
    if (rc == BM_OK) {
        rc = bmi_sector_erase(nvs, nvs->order[rank]);
    }
    if (rc == BM_OK) {
        bmi_pages_remove(nvs, rank);
    }
    return rc;
}

/* Moves what counts out of a page and erases it. */
static int empty_page(struct bm_nvs *nvs, uint32_t rank)
{
    struct bmi_walk walk;
    struct bmi_found entry;
    int rc;
    bmi_walk_page(&walk, rank, 1);
    while ((rc = bmi_walk_next(nvs, &walk, &entry)) > 0) {
        rc = bmi_is_live(nvs, &entry);
        if (rc == 0) {
            bmi_index_remove(nvs, &entry);
        } else if (rc > 0) {
            rc = copy_entry(nvs, &entry, rank);
        }
        if (rc < 0) {
            return rc;
        }
    }
    return rc == 0 ? discard(nvs, rank) : rc;
}

/* Compares entries, as they lie in flash. Returns 1 equal, 0 not, or BM_E_IO. */
static int same_entries(const struct bm_nvs *nvs, uint32_t a, uint32_t b, unsigned count)
{
    uint8_t one[BMI_ENTRY_SIZE];
    uint8_t other[BMI_ENTRY_SIZE];
    while (count-- > 0) {
        if (bmi_entries_read(nvs, a++, one, sizeof one) != BM_OK ||
            bmi_entries_read(nvs, b++, other, sizeof other) != BM_OK) {
            return BM_E_IO;
        }
        if (memcmp(one, other, sizeof one) != 0) {
            return 0;
        }
    }
    return 1;
}

/* 1: this entry stands in that page, too. */
static int stands_in(const struct bm_nvs *nvs, const struct bmi_found *entry, uint32_t rank)
{
    const unsigned span = entry->raw[BMI_EN_SPAN];
    struct bmi_walk walk;
    struct bmi_found other;
    int rc;
    bmi_walk_page(&walk, rank, 1);
    while ((rc = bmi_walk_next(nvs, &walk, &other)) > 0) {
        if (other.raw[BMI_EN_SPAN] == span) {
            const int same = same_entries(nvs, entry->location, other.location, span);
            if (same != 0) {
                return same;
            }
        }
    }
    return rc;
}

/* 1: the newest page is active and holds nothing but copies from that page. */
static int is_copy(const struct bm_nvs *nvs, uint32_t rank)
{
    struct bmi_walk walk;
    struct bmi_found entry;
    int rc;
    if (!bmi_newest_is_active(nvs)) {
        return 0;
    }
    bmi_walk_page(&walk, nvs->page_count - 1, 1);
    while ((rc = bmi_walk_next(nvs, &walk, &entry)) > 0) {
        const int found = stands_in(nvs, &entry, rank);
        if (found <= 0) {
            return found;
        }
    }
    return rc == 0 ? 1 : rc;
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
    if (copy && nvs->room < BMI_PAGE_ENTRIES) {
        const int rc = discard(nvs, newest);
        if (rc != BM_OK) {
            return rc;
        }
        nvs->room = 0;
        nvs->slots_ready = 0; /* an index is built again */
    }
    return nvs->room == 0 ? bmi_page_open(nvs) : BM_OK;
}

int bmi_collect_finish(struct bm_nvs *nvs)
{
    const uint8_t freeing = BMI_PAGE_FREEING & 0xff;
    uint32_t rank = 0;
    while (rank < nvs->page_count) {
        if (bmi_page_at(nvs, rank)->state != freeing) {
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
    if (nvs->page_count < nvs->sectors) {
        return BM_OK;
    }
    const int n = choose_victim(nvs, nvs->page_count - 1, &victim);
    if (n < 0) {
        return n == BM_E_NOSPC ? BM_OK : n;
    }
    return (uint32_t)n <= nvs->room ? empty_page(nvs, victim) : BM_OK;
}

int bmi_turn_page(struct bm_nvs *nvs)
{
    uint32_t victim = 0;
    if (nvs->sectors - nvs->page_count >= 2) {
        const int rc = close_newest(nvs);
        return rc == BM_OK ? bmi_page_open(nvs) : rc;
    }
    int rc = choose_victim(nvs, nvs->page_count, &victim);
    if (rc >= 0) {
        rc = begin_copies(nvs, victim);
    }
    return rc == BM_OK ? empty_page(nvs, victim) : rc;
}

/* Gathers what several pages still hold into the newest one, until there is room or nothing is left
 * to gain. Here the newest page holds values of its own, so no page may be marked FREEING: ESP-IDF
 * would erase the newest one. What a power cut leaves is equal copies. */
static int gather(struct bm_nvs *nvs, unsigned span)
{
    for (uint32_t tries = 0; tries <= nvs->sectors && nvs->room < span; tries++) {
        uint32_t victim = 0;
        int rc = choose_victim(nvs, nvs->page_count - 1, &victim);
        if (rc >= 0) {
            rc = empty_page(nvs, victim);
        }
        if (rc == BM_OK && nvs->room < span && nvs->sectors - nvs->page_count >= 2) {
            rc = bmi_turn_page(nvs);
        }
        if (rc != BM_OK) {
            return rc;
        }
    }
    return nvs->room >= span ? BM_OK : BM_E_NOSPC;
}

int bmi_make_room(struct bm_nvs *nvs, unsigned span)
{
    int rc = BM_OK;
    if (nvs->room < span) {
        rc = bmi_turn_page(nvs);
    }
    if (rc == BM_OK && nvs->room < span) {
        rc = gather(nvs, span);
    }
    return rc;
}
