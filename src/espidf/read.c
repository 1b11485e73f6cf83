/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "espidf/registry.h"

/* Leaves a value of this many bytes in the CPU's own byte order. */
static void put_native(void *out, unsigned width, uint64_t bits)
{
    const uint8_t b8 = (uint8_t)bits;
    const uint16_t b16 = (uint16_t)bits;
    const uint32_t b32 = (uint32_t)bits;
    switch (width) {
    case 1: memcpy(out, &b8, sizeof b8); break;
    case 2: memcpy(out, &b16, sizeof b16); break;
    case 4: memcpy(out, &b32, sizeof b32); break;
    default: memcpy(out, &bits, sizeof bits); break;
    }
}

static esp_err_t get_primitive(nvs_handle_t handle, const char *key, enum bm_nvs_type type,
                               void *out, unsigned width)
{
    uint64_t bits = 0;
    if (key == NULL || out == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    bmi_api_lock();
    const struct bmi_handle *h = bmi_handle_find(handle);
    const esp_err_t err =
        h == NULL ? ESP_ERR_NVS_INVALID_HANDLE
                  : bmi_esp_err(bm_nvs_get_bits(&h->part->nvs, h->ns, key, type, &bits));
    bmi_api_unlock();
    if (err == ESP_OK) {
        put_native(out, width, bits);
    }
    return err;
}

esp_err_t nvs_get_i8(nvs_handle_t handle, const char *key, int8_t *out_value)
{
    return get_primitive(handle, key, BM_NVS_I8, out_value, sizeof *out_value);
}

esp_err_t nvs_get_u8(nvs_handle_t handle, const char *key, uint8_t *out_value)
{
    return get_primitive(handle, key, BM_NVS_U8, out_value, sizeof *out_value);
}

esp_err_t nvs_get_i16(nvs_handle_t handle, const char *key, int16_t *out_value)
{
    return get_primitive(handle, key, BM_NVS_I16, out_value, sizeof *out_value);
}

esp_err_t nvs_get_u16(nvs_handle_t handle, const char *key, uint16_t *out_value)
{
    return get_primitive(handle, key, BM_NVS_U16, out_value, sizeof *out_value);
}

esp_err_t nvs_get_i32(nvs_handle_t handle, const char *key, int32_t *out_value)
{
    return get_primitive(handle, key, BM_NVS_I32, out_value, sizeof *out_value);
}

esp_err_t nvs_get_u32(nvs_handle_t handle, const char *key, uint32_t *out_value)
{
    return get_primitive(handle, key, BM_NVS_U32, out_value, sizeof *out_value);
}

esp_err_t nvs_get_i64(nvs_handle_t handle, const char *key, int64_t *out_value)
{
    return get_primitive(handle, key, BM_NVS_I64, out_value, sizeof *out_value);
}

esp_err_t nvs_get_u64(nvs_handle_t handle, const char *key, uint64_t *out_value)
{
    return get_primitive(handle, key, BM_NVS_U64, out_value, sizeof *out_value);
}

esp_err_t nvs_get_float(nvs_handle_t handle, const char *key, float *out_value)
{
    return get_primitive(handle, key, BM_NVS_FLOAT, out_value, sizeof *out_value);
}

esp_err_t nvs_get_double(nvs_handle_t handle, const char *key, double *out_value)
{
    return get_primitive(handle, key, BM_NVS_DOUBLE, out_value, sizeof *out_value);
}

/* ESP-IDF looks for the key first and at the length pointer second. */
static int get_data(struct bmi_handle *h, const char *key, enum bm_nvs_type type, void *out,
                    size_t *length)
{
    size_t needed = 0;
    if (length != NULL) {
        return bm_nvs_get_data(&h->part->nvs, h->ns, key, type, out, length);
    }
    const int rc = bm_nvs_get_data(&h->part->nvs, h->ns, key, type, NULL, &needed);
    return rc == BM_OK ? BM_E_LENGTH : rc;
}

static esp_err_t get_any(nvs_handle_t handle, const char *key, enum bm_nvs_type type, void *out,
                         size_t *length)
{
    if (key == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    bmi_api_lock();
    struct bmi_handle *h = bmi_handle_find(handle);
    const esp_err_t err =
        h == NULL ? ESP_ERR_NVS_INVALID_HANDLE : bmi_esp_err(get_data(h, key, type, out, length));
    bmi_api_unlock();
    return err;
}

esp_err_t nvs_get_str(nvs_handle_t handle, const char *key, char *out_value, size_t *length)
{
    return get_any(handle, key, BM_NVS_STR, out_value, length);
}

esp_err_t nvs_get_blob(nvs_handle_t handle, const char *key, void *out_value, size_t *length)
{
    return get_any(handle, key, BM_NVS_BLOB, out_value, length);
}

esp_err_t nvs_find_key(nvs_handle_t handle, const char *key, nvs_type_t *out_type)
{
    struct bm_nvs_info info;
    esp_err_t err = ESP_ERR_NVS_INVALID_HANDLE;
    if (key == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    bmi_api_lock();
    struct bmi_handle *h = bmi_handle_find(handle);
    if (h != NULL) {
        err = bmi_esp_err(bm_nvs_find(&h->part->nvs, h->ns, key, &info));
    }
    bmi_api_unlock();
    if (err == ESP_OK && out_type != NULL) {
        *out_type = (nvs_type_t)info.type;
    }
    return err;
}

esp_err_t nvs_get_stats(const char *part_name, nvs_stats_t *nvs_stats)
{
    struct bm_nvs_stats s;
    esp_err_t err = ESP_ERR_NVS_NOT_INITIALIZED;
    if (nvs_stats == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    memset(nvs_stats, 0, sizeof *nvs_stats);
    bmi_api_lock();
    struct bmi_part *part = bmi_part_mounted(part_name != NULL ? part_name : NVS_DEFAULT_PART_NAME);
    if (part != NULL) {
        err = bmi_esp_err(bm_nvs_get_stats(&part->nvs, &s));
    }
    bmi_api_unlock();
    if (err == ESP_OK) {
        nvs_stats->used_entries = s.used;
        nvs_stats->free_entries = s.free;
        nvs_stats->available_entries = s.available;
        nvs_stats->total_entries = s.total;
        nvs_stats->namespace_count = s.namespaces;
    }
    return err;
}

esp_err_t nvs_get_used_entry_count(nvs_handle_t handle, size_t *used_entries)
{
    esp_err_t err = ESP_ERR_NVS_INVALID_HANDLE;
    if (used_entries == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    *used_entries = 0;
    bmi_api_lock();
    struct bmi_handle *h = bmi_handle_find(handle);
    if (h != NULL) {
        err = bmi_esp_err(bm_nvs_used_entries(&h->part->nvs, h->ns, used_entries));
    }
    bmi_api_unlock();
    return err;
}
