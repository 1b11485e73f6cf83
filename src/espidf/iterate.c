/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "espidf/registry.h"

struct nvs_opaque_iterator_t {
    char label[BMI_LABEL_SIZE]; /* not a pointer: the partition may go away meanwhile */
    uint32_t mounts;
    struct bm_nvs_iter at;
    struct bm_nvs_info info;
    char ns_name[NVS_NS_NAME_MAX_SIZE];
};

/* Steps to the next value; the lock is held. */
static esp_err_t step(struct bmi_part *part, struct nvs_opaque_iterator_t *it)
{
    int rc = bm_nvs_iter_next(&part->nvs, &it->at, &it->info);
    if (rc == BM_OK) {
        rc = bm_nvs_namespace_name(&part->nvs, it->info.ns, it->ns_name);
        rc = rc == BM_E_NOENT ? BM_OK : rc; /* ESP-IDF shows orphans with an empty name */
    }
    return bmi_esp_err(rc);
}

static esp_err_t start(struct bmi_part *part, uint8_t ns, nvs_type_t type, nvs_iterator_t *out)
{
    struct nvs_opaque_iterator_t *it = calloc(1, sizeof *it);
    if (it == NULL) {
        return ESP_ERR_NO_MEM;
    }
    memcpy(it->label, part->label, sizeof it->label);
    it->mounts = part->mounts;
    bm_nvs_iter_start(&it->at, ns, (uint8_t)type);
    const esp_err_t err = step(part, it);
    if (err != ESP_OK) {
        free(it);
        return err;
    }
    *out = it;
    return ESP_OK;
}

esp_err_t nvs_entry_find(const char *part_name, const char *namespace_name, nvs_type_t type,
                         nvs_iterator_t *output_iterator)
{
    uint8_t ns = BM_NVS_NS_ANY;
    esp_err_t err = ESP_OK;
    if (part_name == NULL || output_iterator == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    *output_iterator = NULL;
    bmi_api_lock();
    struct bmi_part *part = bmi_part_mounted(part_name);
    if (part == NULL) {
        err = ESP_ERR_NVS_NOT_FOUND;
    } else if (namespace_name != NULL) {
        err = bmi_esp_err(bm_nvs_namespace(&part->nvs, namespace_name, &ns));
    }
    if (err == ESP_OK) {
        err = start(part, ns, type, output_iterator);
    }
    bmi_api_unlock();
    return err;
}

esp_err_t nvs_entry_find_in_handle(nvs_handle_t handle, nvs_type_t type,
                                   nvs_iterator_t *output_iterator)
{
    if (output_iterator == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    *output_iterator = NULL;
    bmi_api_lock();
    const struct bmi_handle *h = bmi_handle_find(handle);
    const esp_err_t err =
        h == NULL ? ESP_ERR_NVS_INVALID_HANDLE : start(h->part, h->ns, type, output_iterator);
    bmi_api_unlock();
    return err;
}

esp_err_t nvs_entry_next(nvs_iterator_t *iterator)
{
    esp_err_t err = ESP_ERR_NVS_NOT_INITIALIZED;
    if (iterator == NULL || *iterator == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    bmi_api_lock();
    struct bmi_part *part = bmi_part_mounted((*iterator)->label);
    if (part != NULL && part->mounts == (*iterator)->mounts) {
        err = step(part, *iterator);
    }
    bmi_api_unlock();
    if (err != ESP_OK) {
        nvs_release_iterator(*iterator);
        *iterator = NULL;
    }
    return err;
}

esp_err_t nvs_entry_info(nvs_iterator_t iterator, nvs_entry_info_t *out_info)
{
    if (iterator == NULL || out_info == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    memcpy(out_info->namespace_name, iterator->ns_name, sizeof out_info->namespace_name);
    memcpy(out_info->key, iterator->info.key, sizeof out_info->key);
    out_info->type = (nvs_type_t)iterator->info.type;
    return ESP_OK;
}

void nvs_release_iterator(nvs_iterator_t iterator)
{
    free(iterator);
}
