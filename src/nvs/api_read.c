/* SPDX-License-Identifier: Apache-2.0 */

/* The public calls that read: each takes the lock, does its work, gives the lock back. */

#include "nvs/store.h"

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

int bm_nvs_namespace(struct bm_nvs *nvs, const char *name, uint8_t *ns)
{
    bmi_lock(nvs);
    return bmi_unlock(nvs, bmi_nvs_namespace(nvs, name, ns));
}

int bm_nvs_namespace_name(struct bm_nvs *nvs, uint8_t ns, char name[BM_NVS_KEY_SIZE])
{
    bmi_lock(nvs);
    return bmi_unlock(nvs, bmi_nvs_namespace_name(nvs, ns, name));
}

int bm_nvs_find(struct bm_nvs *nvs, uint8_t ns, const char *key, struct bm_nvs_info *info)
{
    bmi_lock(nvs);
    return bmi_unlock(nvs, bmi_nvs_find(nvs, ns, key, info));
}

int bm_nvs_get_bits(struct bm_nvs *nvs, uint8_t ns, const char *key, enum bm_nvs_type type,
                    uint64_t *bits)
{
    bmi_lock(nvs);
    return bmi_unlock(nvs, bmi_nvs_get_bits(nvs, ns, key, type, bits));
}

int bm_nvs_get_data(struct bm_nvs *nvs, uint8_t ns, const char *key, enum bm_nvs_type type,
                    void *buf, size_t *len)
{
    bmi_lock(nvs);
    return bmi_unlock(nvs, bmi_nvs_get_data(nvs, ns, key, type, buf, len));
}

int bm_nvs_iter_next(struct bm_nvs *nvs, struct bm_nvs_iter *it, struct bm_nvs_info *info)
{
    bmi_lock(nvs);
    return bmi_unlock(nvs, bmi_nvs_iter_next(nvs, it, info));
}

int bm_nvs_get_stats(struct bm_nvs *nvs, struct bm_nvs_stats *stats)
{
    bmi_lock(nvs);
    return bmi_unlock(nvs, bmi_nvs_get_stats(nvs, stats));
}

int bm_nvs_used_entries(struct bm_nvs *nvs, uint8_t ns, size_t *used)
{
    bmi_lock(nvs);
    return bmi_unlock(nvs, bmi_nvs_used_entries(nvs, ns, used));
}
