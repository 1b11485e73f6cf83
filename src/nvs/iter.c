/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

void bm_nvs_iter_start(struct bm_nvs_iter *it, uint8_t ns, uint8_t type)
{
    bmi_walk_start(&it->walk, 0, BMI_NO_BOUND, 0);
    it->ns = ns;
    it->type = type;
}

static int wanted(const struct bm_nvs_iter *it, const uint8_t raw[BMI_ENTRY_SIZE])
{
    const uint8_t ns = raw[BMI_EN_NS];
    if (raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_DATA) {
        return 0; /* a blob counts once, by its index */
    }
    return it->ns == BM_NVS_NS_ANY ? ns != 0 : ns == it->ns;
}

/* A key's value is told at the copy that counts, so once. */
int bmi_nvs_iter_next(struct bm_nvs *nvs, struct bm_nvs_iter *it, struct bm_nvs_info *info)
{
    struct bmi_found found;
    int rc;
    while ((rc = bmi_walk_next(nvs, &it->walk, &found)) > 0) {
        if (!wanted(it, found.raw)) {
            continue;
        }
        rc = bmi_resolve(nvs, found.raw[BMI_EN_NS], (const char *)found.raw + BMI_EN_KEY, NULL,
                         info);
        if (rc == BM_E_IO || (rc == BM_OK && info->location == found.location &&
                              (it->type == BM_NVS_ANY || it->type == info->type))) {
            return rc;
        }
    }
    return rc == 0 ? BM_E_NOENT : rc;
}

int bm_nvs_iter_next(struct bm_nvs *nvs, struct bm_nvs_iter *it, struct bm_nvs_info *info)
{
    bmi_lock(nvs);
    return bmi_unlock(nvs, bmi_nvs_iter_next(nvs, it, info));
}
