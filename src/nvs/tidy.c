/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

#include <string.h>

#include "base/le.h"

/* What power cuts leave is harmless to reading, but takes room, and ESP-IDF's library wants it
 * gone: half-written entries, spans half erased, older copies, chunks that no index names. */

static const uint8_t active = BMI_PAGE_ACTIVE & 0xff;

static int guarded(const struct bm_nvs *nvs, const uint8_t raw[BMI_ENTRY_SIZE])
{
    const struct bmi_guard *guard = nvs->guard;
    return guard != NULL && raw[BMI_EN_NS] == guard->ns &&
           (raw[BMI_EN_CHUNK] & BMI_CHUNK_HALF) == guard->half &&
           strncmp((const char *)raw + BMI_EN_KEY, guard->key, BMI_KEY_MAX) == 0;
}

static int chunk_is_live(struct bm_nvs *nvs, const struct bmi_match *match, uint32_t location)
{
    struct bmi_match index = *match;
    uint8_t raw[BMI_ENTRY_SIZE];
    uint32_t at;
    index.chunk = BMI_CHUNK_NONE;
    int rc = bmi_find_below(nvs, &index, BMI_NO_BOUND, raw, &at);
    while (rc == BM_OK) {
        if (raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_IDX) {
            const unsigned n = (unsigned)match->chunk - raw[BMI_EN_IDX_START];
            if (n < raw[BMI_EN_IDX_COUNT]) {
                rc = bmi_find_below(nvs, match, BMI_NO_BOUND, raw, &at);
                return rc == BM_OK ? at == location : rc;
            }
        }
        rc = bmi_find_below(nvs, &index, at, raw, &at);
    }
    return rc == BM_E_NOENT ? 0 : rc;
}

int bmi_is_live(struct bm_nvs *nvs, const uint8_t raw[BMI_ENTRY_SIZE], uint32_t location)
{
    char key[BM_NVS_KEY_SIZE];
    uint8_t found[BMI_ENTRY_SIZE];
    uint32_t at;
    memcpy(key, raw + BMI_EN_KEY, sizeof key);
    key[BMI_KEY_MAX] = '\0';
    struct bmi_match match = {raw[BMI_EN_NS], BMI_CHUNK_NONE, key};
    if (bmi_entry_check(raw, location % BMI_PAGE_ENTRIES) == BMI_BAD_TYPE) {
        return 1; /* not ours to judge */
    }
    if (raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_DATA) {
        match.chunk = raw[BMI_EN_CHUNK];
        return guarded(nvs, raw) ? 1 : chunk_is_live(nvs, &match, location);
    }
    int rc = bmi_find_below(nvs, &match, BMI_NO_BOUND, found, &at);
    if (rc == BM_OK && at != location) {
        /* a newer one stands against it, unless that one is damaged */
        struct bm_nvs_info info;
        rc = bmi_resolve(nvs, match.ns, key, BM_NVS_ANY, NULL, 0, &info);
        at = rc == BM_OK ? info.location : at;
        rc = rc == BM_E_CORRUPT ? BM_OK : rc;
    }
    if (rc != BM_OK) {
        return rc == BM_E_NOENT ? 0 : rc;
    }
    return at == location;
}

/* Makes sure that entries never marked written cannot come to life by a torn state word. */
static int bury(struct bm_nvs *nvs, uint32_t location, unsigned count)
{
    const int rc = bmi_entries_zero(nvs, location, count);
    return rc == BM_OK ? bmi_states_set(nvs, location, count, BMI_ENTRY_ERASED) : rc;
}

static int is_blank(const uint8_t raw[BMI_ENTRY_SIZE])
{
    for (unsigned i = 0; i < BMI_ENTRY_SIZE; i++) {
        if (raw[i] != 0xff) {
            return 0;
        }
    }
    return 1;
}

/* One behind the last entry of a page that was ever touched. */
static int touched_end(struct bm_nvs *nvs, uint32_t rank, const uint8_t *bitmap, unsigned *end)
{
    uint8_t raw[BMI_ENTRY_SIZE];
    for (unsigned i = BMI_PAGE_ENTRIES; i > 0; i--) {
        *end = i;
        if (bmi_bitmap_get(bitmap, i - 1) != BMI_ENTRY_EMPTY) {
            return BM_OK;
        }
        if (bmi_page_read(nvs, rank, BMI_OFF_ENTRIES + (i - 1) * BMI_ENTRY_SIZE, raw, sizeof raw) !=
            BM_OK) {
            return BM_E_IO;
        }
        if (!is_blank(raw)) {
            return BM_OK;
        }
    }
    *end = 0;
    return BM_OK;
}

/* Finds where the newest page goes on. What is EMPTY before that point was begun and not finished;
 * left as it is, ESP-IDF's library would go on there and lose what follows. */
static int find_append_point(struct bm_nvs *nvs)
{
    uint8_t bitmap[BMI_BITMAP_SIZE];
    unsigned end = 0;
    nvs->next = BMI_PAGE_ENTRIES;
    if (nvs->page_count == 0 || nvs->pages[nvs->order[nvs->page_count - 1]].state != active) {
        return BM_OK;
    }
    const uint32_t rank = nvs->page_count - 1;
    int rc = bmi_page_read(nvs, rank, BMI_OFF_BITMAP, bitmap, sizeof bitmap);
    if (rc == BM_OK) {
        rc = touched_end(nvs, rank, bitmap, &end);
    }
    for (unsigned i = 0; i < end && rc == BM_OK; i++) {
        const enum bmi_entry_state state = bmi_bitmap_get(bitmap, i);
        if (state == BMI_ENTRY_EMPTY || state == BMI_ENTRY_ILLEGAL) {
            rc = bury(nvs, rank * BMI_PAGE_ENTRIES + i, 1);
        }
    }
    if (rc == BM_OK) {
        nvs->next = end;
    }
    return rc;
}

/* Gives up a value whose span is not all written. Its data first, then its header, so that at no
 * moment the data stand without a header, or the span looks whole. */
static int give_up(struct bm_nvs *nvs, uint32_t location, const uint8_t *bitmap, unsigned span)
{
    const unsigned entry = location % BMI_PAGE_ENTRIES;
    int rc = BM_OK;
    for (unsigned i = span - 1; i > 0 && rc == BM_OK; i--) {
        if (bmi_bitmap_get(bitmap, entry + i) == BMI_ENTRY_WRITTEN) {
            rc = bmi_states_set(nvs, location + i, 1, BMI_ENTRY_ERASED);
        }
    }
    return rc == BM_OK ? bury(nvs, location, 1) : rc;
}

/* A header that is no good, or whose span is not all written. unknown: a type we do not know keeps
 * its entries if its CRC is right and its span whole. */
static int tidy_entry(struct bm_nvs *nvs, uint32_t location, const uint8_t *bitmap, unsigned *span)
{
    const unsigned entry = location % BMI_PAGE_ENTRIES;
    uint8_t raw[BMI_ENTRY_SIZE];
    int rc = bmi_entry_read(nvs, location, raw);
    *span = 1;
    if (rc != BM_OK) {
        return rc;
    }
    const enum bmi_entry_fault fault = bmi_entry_check(raw, entry);
    if (fault == BMI_BAD_TYPE && raw[BMI_EN_SPAN] > 0 &&
        entry + raw[BMI_EN_SPAN] <= BMI_PAGE_ENTRIES &&
        bmi_span_written(bitmap, entry, raw[BMI_EN_SPAN])) {
        *span = raw[BMI_EN_SPAN];
        return BM_OK;
    }
    if (fault != BMI_BAD_NOTHING) {
        return bmi_states_set(nvs, location, 1, BMI_ENTRY_ERASED);
    }
    *span = raw[BMI_EN_SPAN];
    return bmi_span_written(bitmap, entry, *span) ? BM_OK : give_up(nvs, location, bitmap, *span);
}

static int tidy_page(struct bm_nvs *nvs, uint32_t rank)
{
    uint8_t bitmap[BMI_BITMAP_SIZE];
    unsigned span = 1;
    int rc = bmi_page_read(nvs, rank, BMI_OFF_BITMAP, bitmap, sizeof bitmap);
    if (rc == BM_OK && rank + 1 < nvs->page_count && nvs->pages[nvs->order[rank]].state == active) {
        rc = bmi_page_state_set(nvs, rank, BMI_PAGE_FULL); /* only the newest is appended to */
    }
    for (unsigned i = 0; i < BMI_PAGE_ENTRIES && rc == BM_OK; i += span) {
        span = 1;
        if (bmi_bitmap_get(bitmap, i) == BMI_ENTRY_WRITTEN) {
            rc = tidy_entry(nvs, rank * BMI_PAGE_ENTRIES + i, bitmap, &span);
        }
    }
    return rc;
}

/* Gives up what does not count: the values first, the chunks when all indexes that are left count.
 * After this each key has one value, each chunk its index. */
static int drop_dead(struct bm_nvs *nvs, uint32_t rank, int chunks)
{
    uint8_t bitmap[BMI_BITMAP_SIZE];
    uint8_t raw[BMI_ENTRY_SIZE];
    struct bmi_walk walk = {rank, 0, bitmap, 0};
    unsigned entry;
    int rc = bmi_page_read(nvs, rank, BMI_OFF_BITMAP, bitmap, sizeof bitmap);
    while (rc == BM_OK && (rc = bmi_walk_next(nvs, &walk, raw, &entry)) == BM_OK) {
        const uint32_t at = rank * BMI_PAGE_ENTRIES + entry;
        if ((raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_DATA) != chunks) {
            continue;
        }
        const int live = bmi_is_live(nvs, raw, at);
        if (live < 0) {
            return live;
        }
        rc = live ? BM_OK : bmi_entry_erase(nvs, at, raw);
    }
    return rc == BM_E_NOENT ? BM_OK : rc;
}

/* Reads the page headers again: after an error of the flash nobody knows what got there. A failure
 * in the middle leaves the rest of the table as it was. */
static int refresh_pages(struct bm_nvs *nvs)
{
    for (uint32_t sector = 0; sector < nvs->sectors; sector++) {
        struct bmi_page *page = &nvs->pages[sector];
        uint8_t raw[BMI_ENTRY_SIZE];
        struct bmi_header h;
        if (nvs->flash->ops->read(nvs->flash->ctx, sector * BMI_PAGE_SIZE, raw, sizeof raw) !=
            BM_OK) {
            return BM_E_IO;
        }
        bmi_header_get(raw, &h);
        const int used = bmi_header_is_used(&h);
        if (page->rank != BMI_UNUSED && (!used || page->seq != h.seq)) {
            bmi_pages_remove(nvs, page->rank);
        }
        if (used && page->rank == BMI_UNUSED) {
            bmi_pages_add(nvs, sector, &h);
        }
        page->state = (uint8_t)h.state;
    }
    return BM_OK;
}

int bmi_tidy(struct bm_nvs *nvs)
{
    if (!nvs->writable) {
        return BM_E_READONLY;
    }
    if (nvs->tidy) {
        return BM_OK;
    }
    int rc = refresh_pages(nvs);
    if (rc == BM_OK) {
        rc = bmi_keys_fit(nvs);
    }
    for (uint32_t rank = 0; rank < nvs->page_count && rc == BM_OK; rank++) {
        rc = tidy_page(nvs, rank);
    }
    if (rc == BM_OK) {
        rc = find_append_point(nvs);
    }
    if (rc == BM_OK) {
        rc = bmi_collect_finish(nvs); /* while the page still holds all that was to be copied */
    }
    if (rc == BM_OK) {
        rc = bmi_index_prepare(nvs);
    }
    for (uint32_t i = 0; i < 2 * nvs->page_count && rc == BM_OK; i++) {
        rc = drop_dead(nvs, i % nvs->page_count, i >= nvs->page_count);
    }
    if (rc == BM_OK) {
        rc = bmi_collect_reserve(nvs);
    }
    nvs->tidy = rc == BM_OK;
    return rc;
}

static int purge_page(struct bm_nvs *nvs, uint32_t rank)
{
    uint8_t bitmap[BMI_BITMAP_SIZE];
    int rc = bmi_page_read(nvs, rank, BMI_OFF_BITMAP, bitmap, sizeof bitmap);
    for (unsigned i = 0; i < BMI_PAGE_ENTRIES && rc == BM_OK; i++) {
        uint8_t raw[BMI_ENTRY_SIZE];
        if (bmi_bitmap_get(bitmap, i) != BMI_ENTRY_ERASED) {
            continue;
        }
        rc = bmi_page_read(nvs, rank, BMI_OFF_ENTRIES + i * BMI_ENTRY_SIZE, raw, sizeof raw);
        for (unsigned k = 0; k < sizeof raw && rc == BM_OK; k++) {
            if (raw[k] != 0) {
                rc = bmi_entries_zero(nvs, rank * BMI_PAGE_ENTRIES + i, 1);
                break;
            }
        }
    }
    return rc;
}

int bmi_nvs_purge_all(struct bm_nvs *nvs)
{
    int rc = bmi_tidy(nvs);
    for (uint32_t rank = 0; rank < nvs->page_count && rc == BM_OK; rank++) {
        rc = purge_page(nvs, rank);
    }
    /* An erase that lost power, or a page given up as damaged: values may stand there still. */
    for (uint32_t sector = 0; sector < nvs->sectors && rc == BM_OK; sector++) {
        if (nvs->pages[sector].rank == BMI_UNUSED) {
            rc = bmi_sector_blank(nvs, sector);
        }
    }
    return rc;
}
