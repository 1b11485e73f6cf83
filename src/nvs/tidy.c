/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

#include <string.h>

/* What power cuts leave is harmless to reading, but takes room, and ESP-IDF's library wants it
 * gone: half-written entries, spans half erased, older copies, chunks that no index names. */

/* A chunk of the blob that is being written: nothing names it yet. */
static int guarded(const struct bm_nvs *nvs, const uint8_t raw[BMI_ENTRY_SIZE])
{
    const uint8_t *guard = nvs->guard;
    return guard != NULL && raw[BMI_EN_NS] == guard[BMI_EN_NS] &&
           ((raw[BMI_EN_CHUNK] ^ guard[BMI_EN_CHUNK]) & BMI_CHUNK_HALF) == 0 &&
           memcmp(raw + BMI_EN_KEY, guard + BMI_EN_KEY, BM_NVS_KEY_SIZE) == 0;
}

/* 1: an index names the chunk, and it is the newest of its number. */
static int chunk_is_live(struct bm_nvs *nvs, struct bmi_match *match, uint32_t location)
{
    const unsigned chunk = match->chunk;
    struct bmi_found found;
    int rc;
    found.location = BMI_NO_BOUND;
    match->chunk = BMI_CHUNK_NONE;
    while ((rc = bmi_find_older(nvs, match, &found)) > 0) {
        if (found.raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_IDX &&
            chunk - found.raw[BMI_EN_IDX_START] < found.raw[BMI_EN_IDX_COUNT]) {
            match->chunk = (uint8_t)chunk;
            rc = bmi_find_newest(nvs, match, &found);
            return rc > 0 ? found.location == location : rc;
        }
    }
    return rc;
}

int bmi_is_live(struct bm_nvs *nvs, const struct bmi_found *entry)
{
    const uint8_t *raw = entry->raw;
    const char *key = (const char *)raw + BMI_EN_KEY;
    struct bmi_match match = {raw[BMI_EN_NS], BMI_CHUNK_NONE, key};
    struct bmi_use use = {.type = BM_NVS_BLOB, .cap = SIZE_MAX};
    struct bmi_found newest;
    struct bm_nvs_info info;
    if (!bmi_type_known(raw[BMI_EN_TYPE])) {
        return 1; /* not ours to judge */
    }
    if (raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_DATA) {
        match.chunk = raw[BMI_EN_CHUNK];
        return guarded(nvs, raw) ? 1 : chunk_is_live(nvs, &match, entry->location);
    }
    int rc = bmi_find_newest(nvs, &match, &newest);
    if (rc <= 0) {
        return rc;
    }
    use.headers = newest.location == entry->location;
    if (use.headers && raw[BMI_EN_TYPE] != BMI_TYPE_BLOB_IDX) {
        return 1;
    }
    /* a newer one stands against it, unless that one is damaged; an index needs its chunks */
    rc = bmi_resolve(nvs, match.ns, key, &use, &info);
    if (rc == BM_OK) {
        return info.location == entry->location;
    }
    return rc == BM_E_IO ? rc : 0;
}

/* Makes sure that entries never marked written cannot come to life by a torn state word. */
static int bury(struct bm_nvs *nvs, uint32_t location)
{
    const int rc = bmi_entries_zero(nvs, location, 1);
    return rc == BM_OK ? bmi_states_set(nvs, location, 1, BMI_ENTRY_ERASED) : rc;
}

/* Finds where the newest page goes on. What is EMPTY before that point was begun and not finished;
 * left as it is, ESP-IDF's library would go on there and lose what follows. */
static int find_append_point(struct bm_nvs *nvs)
{
    const uint32_t first = (nvs->page_count - 1) * BMI_PAGE_STEPS + BMI_STEP_ENTRIES;
    uint8_t bitmap[BMI_BITMAP_SIZE];
    uint8_t raw[BMI_ENTRY_SIZE];
    int blank = 1; /* so are all entries behind this one */
    nvs->room = 0;
    if (!bmi_newest_is_active(nvs)) {
        return BM_OK;
    }
    int rc = bmi_bitmap_read(nvs, nvs->page_count - 1, bitmap);
    for (unsigned i = BMI_PAGE_ENTRIES; i-- > 0 && rc == BM_OK;) {
        const enum bmi_entry_state state = bmi_bitmap_get(bitmap, i);
        blank &= state == BMI_ENTRY_EMPTY;
        if (blank) {
            rc = bmi_read(nvs, first + i, raw, sizeof raw);
            blank = rc == BM_OK && bmi_all(raw, sizeof raw, 0xff);
        }
        if (blank) {
            nvs->room++;
        } else if (rc == BM_OK && (state == BMI_ENTRY_EMPTY || state == BMI_ENTRY_ILLEGAL)) {
            rc = bury(nvs, first + i);
        }
    }
    return rc;
}

/* Gives up a value whose span is not all written. Its data first, then its header, so that at no
 * moment the data stand without a header, or the span looks whole. */
static int give_up(struct bm_nvs *nvs, uint32_t location, const uint8_t *bitmap, unsigned span)
{
    const unsigned entry = location % BMI_PAGE_STEPS - BMI_STEP_ENTRIES;
    int rc = BM_OK;
    while (--span > 0 && rc == BM_OK) {
        if (bmi_bitmap_get(bitmap, entry + span) == BMI_ENTRY_WRITTEN) {
            rc = bmi_states_set(nvs, location + span, 1, BMI_ENTRY_ERASED);
        }
    }
    return rc == BM_OK ? bury(nvs, location) : rc;
}

/* Gives up a header that is no good, or whose span is not all written. Goes on behind it. */
static int tidy_entry(struct bm_nvs *nvs, uint32_t location, const uint8_t *bitmap, unsigned *next)
{
    uint8_t raw[BMI_ENTRY_SIZE];
    const int rc = bmi_entries_read(nvs, location, raw, sizeof raw);
    if (rc != BM_OK) {
        return rc;
    }
    const enum bmi_worth worth = bmi_judge(raw, location, bitmap);
    if (worth == BMI_NO_HEADER) {
        return bmi_states_set(nvs, location, 1, BMI_ENTRY_ERASED);
    }
    *next += raw[BMI_EN_SPAN] - 1u;
    return worth == BMI_UNFINISHED ? give_up(nvs, location, bitmap, raw[BMI_EN_SPAN]) : BM_OK;
}

static int tidy_page(struct bm_nvs *nvs, uint32_t rank)
{
    uint8_t bitmap[BMI_BITMAP_SIZE];
    int rc = bmi_bitmap_read(nvs, rank, bitmap);
    if (rc == BM_OK && rank + 1 < nvs->page_count &&
        bmi_page_at(nvs, rank)->state == (BMI_PAGE_ACTIVE & 0xff)) {
        rc = bmi_page_state_set(nvs, rank, BMI_PAGE_FULL); /* only the newest is appended to */
    }
    for (unsigned i = 0; i < BMI_PAGE_ENTRIES && rc == BM_OK; i++) {
        if (bmi_bitmap_get(bitmap, i) == BMI_ENTRY_WRITTEN) {
            rc = tidy_entry(nvs, rank * BMI_PAGE_STEPS + BMI_STEP_ENTRIES + i, bitmap, &i);
        }
    }
    return rc;
}

int bmi_sweep(struct bm_nvs *nvs, uint8_t ns)
{
    struct bmi_walk walk;
    struct bmi_found entry;
    int rc = 0;
    for (int chunks = 0; chunks < 2 && rc == 0; chunks++) {
        bmi_walk_start(&walk, 0, BMI_NO_BOUND, 0);
        while ((rc = bmi_walk_next(nvs, &walk, &entry)) > 0) {
            if ((entry.raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_DATA) != chunks) {
                continue;
            }
            int keep = entry.raw[BMI_EN_NS] != ns;
            if (ns == BM_NVS_NS_ANY) {
                keep = bmi_is_live(nvs, &entry);
            }
            if (keep == 0) {
                keep = bmi_entry_erase(nvs, &entry);
            }
            if (keep < 0) {
                return keep;
            }
        }
    }
    return rc;
}

/* Reads the page headers again: after an error of the flash nobody knows what got there. A failure
 * in the middle leaves the rest of the table as it was. */
static int refresh_pages(struct bm_nvs *nvs)
{
    int rc = BM_OK;
    for (uint32_t sector = 0; sector < nvs->sectors && rc == BM_OK; sector++) {
        rc = bmi_page_load(nvs, sector);
    }
    return rc;
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
        rc = bmi_sweep(nvs, BM_NVS_NS_ANY);
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
    uint8_t raw[BMI_ENTRY_SIZE];
    uint32_t location = rank * BMI_PAGE_STEPS + BMI_STEP_ENTRIES;
    int rc = bmi_bitmap_read(nvs, rank, bitmap);
    for (unsigned i = 0; i < BMI_PAGE_ENTRIES && rc == BM_OK; i++, location++) {
        if (bmi_bitmap_get(bitmap, i) != BMI_ENTRY_ERASED) {
            continue;
        }
        rc = bmi_read(nvs, location, raw, sizeof raw);
        if (rc == BM_OK && !bmi_all(raw, sizeof raw, 0)) {
            rc = bmi_entries_zero(nvs, location, 1);
        }
    }
    return rc;
}

static int purge_all(struct bm_nvs *nvs)
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

int bm_nvs_purge_all(struct bm_nvs *nvs)
{
    bmi_lock(nvs);
    return bmi_done(nvs, purge_all(nvs));
}
