/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

#include <string.h>

void bm_nvs_iter_start(struct bm_nvs_iter *it, uint8_t ns, uint8_t type)
{
    memset(it, 0, sizeof *it);
    it->ns = ns;
    it->type = type;
}

static int wanted(const struct bm_nvs_iter *it, const uint8_t *raw)
{
    const uint8_t ns = raw[BMI_EN_NS];
    if (raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_DATA) {
        return 0; /* a blob counts once, by its index */
    }
    return it->ns == BM_NVS_NS_ANY ? ns != 0 : ns == it->ns;
}

/* The value of a key, told at its newest entry, so once: BM_E_NOENT at the others, and where no
 * copy is whole. */
static int live_value(struct bm_nvs *nvs, const uint8_t *raw, uint32_t location,
                      struct bm_nvs_info *info)
{
    char key[BM_NVS_KEY_SIZE];
    uint8_t newest[BMI_ENTRY_SIZE];
    uint32_t at;
    memcpy(key, raw + BMI_EN_KEY, sizeof key);
    key[BMI_KEY_MAX] = '\0';
    const struct bmi_match match = {raw[BMI_EN_NS], BMI_CHUNK_NONE, key};
    int rc = bmi_find_below(nvs, &match, BMI_NO_BOUND, newest, &at);
    if (rc == BM_OK) {
        rc = at == location ? bmi_resolve(nvs, match.ns, key, BM_NVS_ANY, NULL, 0, info)
                            : BM_E_NOENT;
    }
    return rc == BM_E_CORRUPT ? BM_E_NOENT : rc;
}

static int next_in_page(struct bm_nvs *nvs, struct bm_nvs_iter *it, struct bm_nvs_info *info)
{
    struct bmi_walk walk = {it->rank, it->next, it->bitmap, 0};
    uint8_t raw[BMI_ENTRY_SIZE];
    unsigned entry;
    int rc;
    while ((rc = bmi_walk_next(nvs, &walk, raw, &entry)) == BM_OK) {
        it->next = walk.next;
        if (!wanted(it, raw)) {
            continue;
        }
        rc = live_value(nvs, raw, it->rank * BMI_PAGE_ENTRIES + entry, info);
        if (rc == BM_E_IO) {
            return rc;
        }
        if (rc == BM_OK && (it->type == BM_NVS_ANY || it->type == info->type)) {
            return BM_OK;
        }
    }
    return rc;
}

int bmi_nvs_iter_next(struct bm_nvs *nvs, struct bm_nvs_iter *it, struct bm_nvs_info *info)
{
    while (it->rank < nvs->page_count) {
        if (!it->loaded) {
            if (bmi_page_read(nvs, it->rank, BMI_OFF_BITMAP, it->bitmap, sizeof it->bitmap) !=
                BM_OK) {
                return BM_E_IO;
            }
            it->loaded = 1;
        }
        const int rc = next_in_page(nvs, it, info);
        if (rc != BM_E_NOENT) {
            return rc;
        }
        it->rank++;
        it->next = 0;
        it->loaded = 0;
    }
    return BM_E_NOENT;
}
