/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

#include <string.h>

void bmi_lock(struct bm_nvs *nvs)
{
    if (nvs->lock != NULL) {
        nvs->lock(nvs->lock_ctx);
    }
}

int bmi_unlock(struct bm_nvs *nvs, int rc)
{
    if (nvs->unlock != NULL) {
        nvs->unlock(nvs->lock_ctx);
    }
    return rc;
}

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
    const unsigned chunk =
        raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_DATA ? raw[BMI_EN_CHUNK] : BMI_CHUNK_NONE;
    return raw[BMI_EN_NS] == match->ns && chunk == match->chunk &&
           strncmp((const char *)raw + BMI_EN_KEY, match->key, BMI_KEY_MAX) == 0;
}

/* From the newest page; in each the last match: the pages have no order but the one of writing. */
static int scan(struct bm_nvs *nvs, const struct bmi_match *match, struct bmi_found *found)
{
    struct bmi_walk walk;
    struct bmi_found entry;
    uint32_t end = nvs->page_count * BMI_PAGE_STEPS;
    int rc = 0;
    end = end < found->location ? end : found->location;
    while (rc == 0 && end > 0) {
        const uint32_t first = (end - 1) / BMI_PAGE_STEPS * BMI_PAGE_STEPS;
        int step;
        bmi_walk_start(&walk, first, end, 0);
        while ((step = bmi_walk_next(nvs, &walk, &entry)) > 0) {
            if (bmi_matches(match, entry.raw)) {
                *found = entry;
                rc = 1;
            }
        }
        rc = step < 0 ? step : rc;
        end = first;
    }
    return rc;
}

int bmi_find_older(struct bm_nvs *nvs, const struct bmi_match *match, struct bmi_found *found)
{
    const int rc = bmi_index_prepare(nvs);
    if (rc != BM_OK) {
        return rc;
    }
    if (nvs->slots_ready) {
        return bmi_index_find(nvs, match, found);
    }
    return scan(nvs, match, found);
}

int bmi_nvs_namespace(struct bm_nvs *nvs, const char *name, uint8_t *ns)
{
    struct bm_nvs_info info;
    int rc = bmi_name_check(name);
    if (rc == BM_OK) {
        rc = bmi_resolve(nvs, 0, name, NULL, &info);
    }
    if (rc != BM_OK) {
        return rc;
    }
    const uint8_t index = (uint8_t)info.bits;
    if (info.type != BM_NVS_U8 || index == 0 || index > BM_NVS_NS_MAX) {
        return BM_E_NOENT;
    }
    *ns = index;
    return BM_OK;
}

int bm_nvs_namespace(struct bm_nvs *nvs, const char *name, uint8_t *ns)
{
    bmi_lock(nvs);
    return bmi_unlock(nvs, bmi_nvs_namespace(nvs, name, ns));
}

static int namespace_name(struct bm_nvs *nvs, uint8_t ns, char name[BM_NVS_KEY_SIZE])
{
    struct bm_nvs_iter it;
    struct bm_nvs_info info;
    int rc;
    name[0] = '\0';
    bm_nvs_iter_start(&it, 0, BM_NVS_U8);
    while ((rc = bmi_nvs_iter_next(nvs, &it, &info)) == BM_OK) {
        if ((uint8_t)info.bits == ns) {
            memcpy(name, info.key, BM_NVS_KEY_SIZE);
            return BM_OK;
        }
    }
    return rc;
}

int bm_nvs_namespace_name(struct bm_nvs *nvs, uint8_t ns, char name[BM_NVS_KEY_SIZE])
{
    bmi_lock(nvs);
    return bmi_unlock(nvs, namespace_name(nvs, ns, name));
}
