/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

#include <string.h>

static uint32_t count_written(const uint8_t bitmap[BMI_BITMAP_SIZE])
{
    uint32_t n = 0;
    for (unsigned i = 0; i < BMI_PAGE_ENTRIES; i++) {
        n += bmi_bitmap_get(bitmap, i) == BMI_ENTRY_WRITTEN;
    }
    return n;
}

int bmi_nvs_get_stats(struct bm_nvs *nvs, struct bm_nvs_stats *stats)
{
    struct bm_nvs_iter it;
    struct bm_nvs_info info;
    int rc;
    memset(stats, 0, sizeof *stats);
    for (uint32_t rank = 0; rank < nvs->page_count; rank++) {
        uint8_t bitmap[BMI_BITMAP_SIZE];
        rc = bmi_page_read(nvs, rank, BMI_OFF_BITMAP, bitmap, sizeof bitmap);
        if (rc != BM_OK) {
            return rc;
        }
        stats->used += count_written(bitmap);
    }
    stats->total = nvs->sectors * BMI_PAGE_ENTRIES;
    stats->free = stats->total - stats->used;
    if (stats->free > BMI_PAGE_ENTRIES) {
        stats->available = stats->free - BMI_PAGE_ENTRIES;
    }
    bm_nvs_iter_start(&it, 0, BM_NVS_U8);
    while ((rc = bmi_nvs_iter_next(nvs, &it, &info)) == BM_OK) {
        stats->namespaces++;
    }
    return rc == BM_E_NOENT ? BM_OK : rc;
}

int bmi_nvs_used_entries(struct bm_nvs *nvs, uint8_t ns, size_t *used)
{
    uint8_t bitmap[BMI_BITMAP_SIZE];
    uint8_t raw[BMI_ENTRY_SIZE];
    unsigned entry;
    int rc = BM_OK;
    *used = 0;
    for (uint32_t rank = 0; rank < nvs->page_count; rank++) {
        struct bmi_walk walk = {rank, 0, bitmap, 0};
        rc = bmi_page_read(nvs, rank, BMI_OFF_BITMAP, bitmap, sizeof bitmap);
        while (rc == BM_OK && (rc = bmi_walk_next(nvs, &walk, raw, &entry)) == BM_OK) {
            *used += raw[BMI_EN_NS] == ns ? raw[BMI_EN_SPAN] : 0u;
        }
        if (rc != BM_E_NOENT) {
            return rc;
        }
    }
    return BM_OK;
}
