/* SPDX-License-Identifier: Apache-2.0 */

/* The public calls that write, apart from those that read: a program that only reads links none of
 * what they need. */

#include "nvs/store.h"

/* A call that the flash failed leaves what a power cut there would leave: the next change clears it
 * up first, and the index is built again. */
static int done(struct bm_nvs *nvs, int rc)
{
    if (rc == BM_E_IO) {
        nvs->tidy = 0;
        nvs->slots_ready = 0;
    }
    return bmi_unlock(nvs, rc);
}

int bm_nvs_namespace_create(struct bm_nvs *nvs, const char *name, uint8_t *ns)
{
    bmi_lock(nvs);
    return done(nvs, bmi_nvs_namespace_create(nvs, name, ns));
}

int bm_nvs_set_bits(struct bm_nvs *nvs, uint8_t ns, const char *key, enum bm_nvs_type type,
                    uint64_t bits)
{
    bmi_lock(nvs);
    return done(nvs, bmi_nvs_set_bits(nvs, ns, key, type, bits));
}

int bm_nvs_set_data(struct bm_nvs *nvs, uint8_t ns, const char *key, enum bm_nvs_type type,
                    const void *data, size_t len)
{
    bmi_lock(nvs);
    return done(nvs, bmi_nvs_set_data(nvs, ns, key, type, data, len));
}

int bm_nvs_erase_key(struct bm_nvs *nvs, uint8_t ns, const char *key)
{
    bmi_lock(nvs);
    return done(nvs, bmi_nvs_erase_key(nvs, ns, key));
}

int bm_nvs_erase_all(struct bm_nvs *nvs, uint8_t ns)
{
    bmi_lock(nvs);
    return done(nvs, bmi_nvs_erase_all(nvs, ns));
}

void bm_nvs_set_purge(struct bm_nvs *nvs, int on)
{
    bmi_lock(nvs);
    nvs->purge = on != 0;
    (void)bmi_unlock(nvs, BM_OK);
}

int bm_nvs_purge_all(struct bm_nvs *nvs)
{
    bmi_lock(nvs);
    return done(nvs, bmi_nvs_purge_all(nvs));
}
