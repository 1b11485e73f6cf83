/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

#include <string.h>

int bmi_name_check(const char *name)
{
    for (unsigned len = 0; len <= BMI_KEY_MAX; len++) {
        if (name[len] == '\0') {
            return BM_OK; /* ESP-IDF takes an empty name, too */
        }
    }
    return BM_E_ARG;
}

int bmi_matches(const struct bmi_match *match, const uint8_t raw[BMI_ENTRY_SIZE])
{
    const int is_data = raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_DATA;
    if (raw[BMI_EN_NS] != match->ns || is_data != (match->chunk != BMI_CHUNK_NONE) ||
        (is_data && raw[BMI_EN_CHUNK] != match->chunk)) {
        return 0;
    }
    return strncmp((const char *)raw + BMI_EN_KEY, match->key, BMI_KEY_MAX) == 0;
}

/* Last match of a page below a bound; the pages have no order but the one of writing. */
static int find_in_page(struct bm_nvs *nvs, const struct bmi_match *match, uint32_t rank,
                        uint32_t bound, uint8_t raw[BMI_ENTRY_SIZE], uint32_t *location)
{
    uint8_t bitmap[BMI_BITMAP_SIZE];
    uint8_t entry[BMI_ENTRY_SIZE];
    struct bmi_walk walk = {rank, 0, bitmap, 0};
    unsigned index;
    int found = BM_E_NOENT;
    int rc = bmi_page_read(nvs, rank, BMI_OFF_BITMAP, bitmap, sizeof bitmap);
    while (rc == BM_OK && (rc = bmi_walk_next(nvs, &walk, entry, &index)) == BM_OK) {
        const uint32_t at = rank * BMI_PAGE_ENTRIES + index;
        if (at >= bound) {
            break;
        }
        if (bmi_matches(match, entry)) {
            memcpy(raw, entry, sizeof entry);
            *location = at;
            found = BM_OK;
        }
    }
    return rc == BM_E_IO ? rc : found;
}

int bmi_find_below(struct bm_nvs *nvs, const struct bmi_match *match, uint32_t bound,
                   uint8_t raw[BMI_ENTRY_SIZE], uint32_t *location)
{
    int rc = bmi_index_prepare(nvs);
    if (rc != BM_OK) {
        return rc;
    }
    if (nvs->slots_ready) {
        return bmi_index_find(nvs, match, bound, raw, location);
    }
    uint32_t rank = nvs->page_count;
    rc = BM_E_NOENT;
    while (rc == BM_E_NOENT && rank-- > 0) {
        if (rank * BMI_PAGE_ENTRIES < bound) {
            rc = find_in_page(nvs, match, rank, bound, raw, location);
        }
    }
    return rc;
}

int bmi_nvs_namespace(struct bm_nvs *nvs, const char *name, uint8_t *ns)
{
    struct bm_nvs_info info;
    const int rc = bmi_nvs_find(nvs, 0, name, &info);
    if (rc != BM_OK) {
        return rc;
    }
    if (info.type != BM_NVS_U8 || info.bits == 0 || info.bits > BM_NVS_NS_MAX) {
        return BM_E_NOENT;
    }
    *ns = (uint8_t)info.bits;
    return BM_OK;
}

int bmi_nvs_namespace_name(struct bm_nvs *nvs, uint8_t ns, char name[BM_NVS_KEY_SIZE])
{
    struct bm_nvs_iter it;
    struct bm_nvs_info info;
    int rc;
    name[0] = '\0';
    bm_nvs_iter_start(&it, 0, BM_NVS_U8);
    while ((rc = bmi_nvs_iter_next(nvs, &it, &info)) == BM_OK) {
        if (info.bits == ns) {
            memcpy(name, info.key, BM_NVS_KEY_SIZE);
            return BM_OK;
        }
    }
    return rc;
}
