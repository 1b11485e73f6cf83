/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "espidf/registry.h"
#include "nvs/fmt.h"

/* The handle, if its calls may write; from here on the mount purges as the handle says. */
static esp_err_t find_writer(nvs_handle_t handle, struct bmi_handle **out)
{
    struct bmi_handle *h = bmi_handle_find(handle);
    if (h == NULL) {
        return ESP_ERR_NVS_INVALID_HANDLE;
    }
    if (h->mode == NVS_READONLY) {
        return ESP_ERR_NVS_READ_ONLY;
    }
    bm_nvs_set_purge(&h->part->nvs, h->mode == NVS_READWRITE_PURGE);
    *out = h;
    return ESP_OK;
}

/* An empty key is not written, but one that is there can be erased. */
static esp_err_t check_key(const char *key)
{
    return key[0] == '\0' ? ESP_ERR_NVS_INVALID_NAME : ESP_OK;
}

static esp_err_t set_primitive(nvs_handle_t handle, const char *key, enum bm_nvs_type type,
                               uint64_t bits)
{
    struct bmi_handle *h;
    if (key == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    bmi_api_lock();
    esp_err_t err = find_writer(handle, &h);
    if (err == ESP_OK) {
        err = check_key(key);
    }
    if (err == ESP_OK) {
        err = bmi_esp_err(bm_nvs_set_bits(&h->part->nvs, h->ns, key, type, bits));
    }
    bmi_api_unlock();
    return err;
}

esp_err_t nvs_set_i8(nvs_handle_t handle, const char *key, int8_t value)
{
    return set_primitive(handle, key, BM_NVS_I8, (uint8_t)value);
}

esp_err_t nvs_set_u8(nvs_handle_t handle, const char *key, uint8_t value)
{
    return set_primitive(handle, key, BM_NVS_U8, value);
}

esp_err_t nvs_set_i16(nvs_handle_t handle, const char *key, int16_t value)
{
    return set_primitive(handle, key, BM_NVS_I16, (uint16_t)value);
}

esp_err_t nvs_set_u16(nvs_handle_t handle, const char *key, uint16_t value)
{
    return set_primitive(handle, key, BM_NVS_U16, value);
}

esp_err_t nvs_set_i32(nvs_handle_t handle, const char *key, int32_t value)
{
    return set_primitive(handle, key, BM_NVS_I32, (uint32_t)value);
}

esp_err_t nvs_set_u32(nvs_handle_t handle, const char *key, uint32_t value)
{
    return set_primitive(handle, key, BM_NVS_U32, value);
}

esp_err_t nvs_set_i64(nvs_handle_t handle, const char *key, int64_t value)
{
    return set_primitive(handle, key, BM_NVS_I64, (uint64_t)value);
}

esp_err_t nvs_set_u64(nvs_handle_t handle, const char *key, uint64_t value)
{
    return set_primitive(handle, key, BM_NVS_U64, value);
}

esp_err_t nvs_set_float(nvs_handle_t handle, const char *key, float value)
{
    uint32_t bits;
    if (isnan(value)) {
        return ESP_ERR_INVALID_ARG;
    }
    memcpy(&bits, &value, sizeof bits);
    return set_primitive(handle, key, BM_NVS_FLOAT, bits);
}

esp_err_t nvs_set_double(nvs_handle_t handle, const char *key, double value)
{
    uint64_t bits;
    if (isnan(value)) {
        return ESP_ERR_INVALID_ARG;
    }
    memcpy(&bits, &value, sizeof bits);
    return set_primitive(handle, key, BM_NVS_DOUBLE, bits);
}

/* The longest value that ESP-IDF takes: a page's worth; blobs one for each page but one. */
static size_t longest(const struct bmi_part *part, enum bm_nvs_type type)
{
    const size_t pages = part->flash.size / BMI_PAGE_SIZE - 1;
    if (type == BM_NVS_STR) {
        return BM_NVS_STR_MAX;
    }
    return (pages < BMI_BLOB_CHUNKS_MAX ? pages : BMI_BLOB_CHUNKS_MAX) * BMI_DATA_MAX;
}

static esp_err_t set_data(nvs_handle_t handle, const char *key, enum bm_nvs_type type,
                          const void *data, size_t len)
{
    struct bmi_handle *h;
    if (key == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    bmi_api_lock();
    esp_err_t err = find_writer(handle, &h);
    if (err == ESP_OK) {
        err = check_key(key);
    }
    if (err == ESP_OK && strlen(key) >= NVS_KEY_NAME_MAX_SIZE) {
        err = ESP_ERR_NVS_KEY_TOO_LONG; /* said before what is wrong with the value */
    }
    if (err == ESP_OK && len > longest(h->part, type)) {
        err = ESP_ERR_NVS_VALUE_TOO_LONG;
    }
    if (err == ESP_OK) {
        err = bmi_esp_err(bm_nvs_set_data(&h->part->nvs, h->ns, key, type, data, len));
    }
    bmi_api_unlock();
    return err;
}

esp_err_t nvs_set_str(nvs_handle_t handle, const char *key, const char *value)
{
    if (value == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    return set_data(handle, key, BM_NVS_STR, value, strlen(value) + 1);
}

esp_err_t nvs_set_blob(nvs_handle_t handle, const char *key, const void *value, size_t length)
{
    if (value == NULL && length > 0) {
        return ESP_ERR_INVALID_ARG;
    }
    return set_data(handle, key, BM_NVS_BLOB, value != NULL ? value : "", length);
}

esp_err_t nvs_erase_key(nvs_handle_t handle, const char *key)
{
    struct bmi_handle *h;
    if (key == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    bmi_api_lock();
    esp_err_t err = find_writer(handle, &h);
    if (err == ESP_OK) {
        err = bmi_esp_err(bm_nvs_erase_key(&h->part->nvs, h->ns, key));
    }
    bmi_api_unlock();
    return err;
}

esp_err_t nvs_erase_all(nvs_handle_t handle)
{
    struct bmi_handle *h;
    bmi_api_lock();
    esp_err_t err = find_writer(handle, &h);
    if (err == ESP_OK) {
        err = bmi_esp_err(bm_nvs_erase_all(&h->part->nvs, h->ns));
    }
    bmi_api_unlock();
    return err;
}

esp_err_t nvs_purge_all(nvs_handle_t handle)
{
    struct bmi_handle *h;
    bmi_api_lock();
    esp_err_t err = find_writer(handle, &h);
    if (err == ESP_OK) {
        err = bmi_esp_err(bm_nvs_purge_all(&h->part->nvs));
    }
    bmi_api_unlock();
    return err;
}

esp_err_t nvs_commit(nvs_handle_t handle)
{
    bmi_api_lock();
    const esp_err_t err = bmi_handle_find(handle) != NULL ? ESP_OK : ESP_ERR_NVS_INVALID_HANDLE;
    bmi_api_unlock();
    return err;
}
