/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/base.h"
#include "espidf/registry.h"

/* Keys, where they are stored, and which scheme gives them. The schemes' functions are called
 * without the lock: they call back into this API. */

static const struct bm_nvs_crypto_ops *crypto;
static nvs_sec_scheme_t scheme;
static int scheme_set;

const struct bm_nvs_crypto_ops *bmi_crypto(void)
{
    return crypto;
}

void bm_espidf_set_crypto(const struct bm_nvs_crypto_ops *ops)
{
    bmi_api_lock();
    crypto = ops;
    bmi_api_unlock();
}

static void keys_to_cfg(nvs_sec_cfg_t *cfg, const uint8_t keys[BM_NVS_KEYS_SIZE])
{
    memcpy(cfg->eky, keys, NVS_KEY_SIZE);
    memcpy(cfg->tky, keys + NVS_KEY_SIZE, NVS_KEY_SIZE);
}

/* What is stored is read back: data encrypted with keys that are not there is lost. */
static esp_err_t store_keys(const esp_partition_t *partition, const uint8_t *stored)
{
    enum { LEN = 96 }; /* the keys and their CRC, in whole units of any flash */
    const struct bm_flash *flash = partition->flash_chip;
    uint8_t seen[LEN];
    esp_err_t err = bmi_region_erase(partition);
    if (err == ESP_OK) {
        err = bmi_esp_err(flash->ops->prog(flash->ctx, partition->address, stored, LEN));
    }
    if (err == ESP_OK) {
        err = bmi_esp_err(flash->ops->read(flash->ctx, partition->address, seen, LEN));
    }
    if (err == ESP_OK && memcmp(seen, stored, LEN) != 0) {
        err = ESP_ERR_FLASH_OP_FAIL;
    }
    bm_wipe(seen, sizeof seen);
    return err;
}

static esp_err_t generate_keys(const esp_partition_t *partition, nvs_sec_cfg_t *cfg)
{
    uint8_t keys[BM_NVS_KEYS_SIZE];
    uint8_t stored[BM_NVS_KEYS_PARTITION];
    if (crypto == NULL) {
        return ESP_ERR_NVS_ENCR_NOT_SUPPORTED;
    }
    if (partition->size < sizeof stored) {
        return ESP_ERR_INVALID_SIZE;
    }
    if (bm_nvs_keys_generate(keys, crypto) != BM_OK) {
        return ESP_FAIL;
    }
    bm_nvs_keys_store(stored, keys);
    const esp_err_t err = store_keys(partition, stored);
    if (err == ESP_OK) {
        keys_to_cfg(cfg, keys);
    }
    bm_wipe(keys, sizeof keys);
    bm_wipe(stored, sizeof stored);
    return err;
}

esp_err_t nvs_flash_generate_keys(const esp_partition_t *partition, nvs_sec_cfg_t *cfg)
{
    if (!bmi_region_sound(partition) || cfg == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    bmi_api_lock();
    const esp_err_t err = generate_keys(partition, cfg);
    bmi_api_unlock();
    return err;
}

/* Equal halves are no keys that anything could be encrypted with. */
static esp_err_t parse_err(int rc)
{
    switch (rc) {
    case BM_OK: return ESP_OK;
    case BM_E_NOENT: return ESP_ERR_NVS_KEYS_NOT_INITIALIZED;
    default: return ESP_ERR_NVS_CORRUPT_KEY_PART;
    }
}

esp_err_t nvs_flash_read_security_cfg(const esp_partition_t *partition, nvs_sec_cfg_t *cfg)
{
    uint8_t stored[BM_NVS_KEYS_STORED];
    uint8_t keys[BM_NVS_KEYS_SIZE];
    if (!bmi_region_sound(partition) || cfg == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    if (partition->size < sizeof stored) {
        return ESP_ERR_INVALID_SIZE;
    }
    const struct bm_flash *flash = partition->flash_chip;
    bmi_api_lock();
    esp_err_t err =
        bmi_esp_err(flash->ops->read(flash->ctx, partition->address, stored, sizeof stored));
    bmi_api_unlock();
    if (err == ESP_OK) {
        err = parse_err(bm_nvs_keys_parse(keys, stored, sizeof stored, NULL));
    }
    if (err == ESP_OK) {
        keys_to_cfg(cfg, keys);
        bm_wipe(keys, sizeof keys);
    }
    bm_wipe(stored, sizeof stored);
    return err;
}

esp_err_t nvs_flash_register_security_scheme(nvs_sec_scheme_t *scheme_cfg)
{
    if (scheme_cfg == NULL || scheme_cfg->nvs_flash_key_gen == NULL ||
        scheme_cfg->nvs_flash_read_cfg == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    bmi_api_lock();
    scheme = *scheme_cfg;
    scheme_set = 1;
    bmi_api_unlock();
    return ESP_OK;
}

nvs_sec_scheme_t *nvs_flash_get_default_security_scheme(void)
{
    bmi_api_lock();
    nvs_sec_scheme_t *found = scheme_set ? &scheme : NULL;
    bmi_api_unlock();
    return found;
}

void bmi_scheme_forget(const void *scheme_data)
{
    bmi_api_lock();
    if (scheme_set && scheme.scheme_data == scheme_data) {
        memset(&scheme, 0, sizeof scheme);
        scheme_set = 0;
    }
    bmi_api_unlock();
}

esp_err_t nvs_flash_generate_keys_v2(nvs_sec_scheme_t *scheme_cfg, nvs_sec_cfg_t *cfg)
{
    if (scheme_cfg == NULL || scheme_cfg->nvs_flash_key_gen == NULL || cfg == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    return scheme_cfg->nvs_flash_key_gen(scheme_cfg->scheme_data, cfg);
}

esp_err_t nvs_flash_read_security_cfg_v2(nvs_sec_scheme_t *scheme_cfg, nvs_sec_cfg_t *cfg)
{
    if (scheme_cfg == NULL || scheme_cfg->nvs_flash_read_cfg == NULL || cfg == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    return scheme_cfg->nvs_flash_read_cfg(scheme_cfg->scheme_data, cfg);
}
