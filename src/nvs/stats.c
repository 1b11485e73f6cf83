/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

#include <string.h>

int bmi_count_entries(const struct bm_nvs *nvs, struct bm_nvs_stats *stats)
{
    memset(stats, 0, sizeof *stats);
    for (uint32_t rank = 0; rank < nvs->page_count; rank++) {
        const int n = bmi_written_entries(nvs, rank);
        if (n < 0) {
            return n;
        }
        stats->used += (uint32_t)n;
    }
    stats->total = nvs->sectors * BMI_PAGE_ENTRIES;
    stats->free = stats->total - stats->used;
    if (stats->free > BMI_PAGE_ENTRIES) {
        stats->available = stats->free - BMI_PAGE_ENTRIES;
    }
    return BM_OK;
}

static int get_stats(struct bm_nvs *nvs, struct bm_nvs_stats *stats)
{
    struct bm_nvs_iter it;
    struct bm_nvs_info info;
    int rc = bmi_count_entries(nvs, stats);
    bm_nvs_iter_start(&it, 0, BM_NVS_U8);
    while (rc == BM_OK && (rc = bmi_nvs_iter_next(nvs, &it, &info)) == BM_OK) {
        stats->namespaces++;
    }
    return rc == BM_E_NOENT ? BM_OK : rc;
}

int bm_nvs_get_stats(struct bm_nvs *nvs, struct bm_nvs_stats *stats)
{
    bmi_lock(nvs);
    return bmi_unlock(nvs, get_stats(nvs, stats));
}

static int used_entries(struct bm_nvs *nvs, uint8_t ns, size_t *used)
{
    struct bmi_walk walk;
    struct bmi_found found;
    int rc;
    *used = 0;
    bmi_walk_start(&walk, 0, BMI_NO_BOUND, 0);
    while ((rc = bmi_walk_next(nvs, &walk, &found)) > 0) {
        *used += found.raw[BMI_EN_NS] == ns ? found.raw[BMI_EN_SPAN] : 0u;
    }
    return rc;
}

int bm_nvs_used_entries(struct bm_nvs *nvs, uint8_t ns, size_t *used)
{
    bmi_lock(nvs);
    return bmi_unlock(nvs, used_entries(nvs, ns, used));
}
