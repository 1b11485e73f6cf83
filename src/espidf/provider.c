/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "espidf/registry.h"
#include "nvs_sec_provider.h"

/* Stand-ins of the eFuse blocks that hold an HMAC key. */
static struct {
    uint8_t key[BM_NVS_HMAC_KEY_SIZE];
    int burnt;
} efuses[HMAC_KEY_MAX];

int bm_espidf_set_hmac_key(unsigned key_id, const uint8_t *key)
{
    if (key_id >= HMAC_KEY_MAX) {
        return BM_E_ARG;
    }
    bmi_api_lock();
    bm_wipe(efuses[key_id].key, sizeof efuses[key_id].key);
    efuses[key_id].burnt = key != NULL;
    if (key != NULL) {
        memcpy(efuses[key_id].key, key, sizeof efuses[key_id].key);
    }
    bmi_api_unlock();
    return BM_OK;
}

static esp_err_t flash_enc_generate(const void *scheme_data, nvs_sec_cfg_t *cfg)
{
    const nvs_sec_config_flash_enc_t *config = scheme_data;
    return nvs_flash_generate_keys(config->nvs_keys_part, cfg);
}

static esp_err_t flash_enc_read(const void *scheme_data, nvs_sec_cfg_t *cfg)
{
    const nvs_sec_config_flash_enc_t *config = scheme_data;
    return nvs_flash_read_security_cfg(config->nvs_keys_part, cfg);
}

static esp_err_t derive(unsigned id, nvs_sec_cfg_t *cfg)
{
    uint8_t keys[BM_NVS_KEYS_SIZE];
    const struct bm_nvs_crypto_ops *crypto = bmi_crypto();
    if (crypto == NULL) {
        return ESP_ERR_NVS_ENCR_NOT_SUPPORTED;
    }
    if (bm_nvs_keys_from_hmac(keys, efuses[id].key, crypto) != BM_OK) {
        return ESP_ERR_NVS_SEC_HMAC_XTS_KEYS_DERIV_FAILED;
    }
    memcpy(cfg->eky, keys, NVS_KEY_SIZE);
    memcpy(cfg->tky, keys + NVS_KEY_SIZE, NVS_KEY_SIZE);
    bm_wipe(keys, sizeof keys);
    return ESP_OK;
}

/* missing: what to say of a block without a key. */
static esp_err_t hmac_keys(const nvs_sec_config_hmac_t *config, nvs_sec_cfg_t *cfg,
                           esp_err_t missing)
{
    const unsigned id = (unsigned)config->hmac_key_id;
    if (id >= HMAC_KEY_MAX || cfg == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    bmi_api_lock();
    const esp_err_t err = efuses[id].burnt ? derive(id, cfg) : missing;
    bmi_api_unlock();
    return err;
}

static esp_err_t hmac_generate(const void *scheme_data, nvs_sec_cfg_t *cfg)
{
    return hmac_keys(scheme_data, cfg, ESP_ERR_NVS_SEC_HMAC_KEY_GENERATION_FAILED);
}

static esp_err_t hmac_read(const void *scheme_data, nvs_sec_cfg_t *cfg)
{
    return hmac_keys(scheme_data, cfg, ESP_ERR_NVS_SEC_HMAC_KEY_NOT_FOUND);
}

/* Registers a copy of the config, and hands it out as the handle. */
static esp_err_t enlist(const nvs_sec_scheme_t *kind, const void *config, size_t size,
                        nvs_sec_scheme_t **out)
{
    if (config == NULL || out == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    nvs_sec_scheme_t *handle = malloc(sizeof *handle);
    void *data = malloc(size);
    if (handle == NULL || data == NULL) {
        free(handle);
        free(data);
        return ESP_ERR_NO_MEM;
    }
    memcpy(data, config, size);
    *handle = *kind;
    handle->scheme_data = data;
    *out = handle;
    return nvs_flash_register_security_scheme(handle);
}

esp_err_t nvs_sec_provider_register_flash_enc(const nvs_sec_config_flash_enc_t *sec_scheme_cfg,
                                              nvs_sec_scheme_t **sec_scheme_handle_out)
{
    static const nvs_sec_scheme_t kind = {NVS_SEC_SCHEME_FLASH_ENC, NULL, flash_enc_generate,
                                          flash_enc_read};
    return enlist(&kind, sec_scheme_cfg, sizeof *sec_scheme_cfg, sec_scheme_handle_out);
}

esp_err_t nvs_sec_provider_register_hmac(const nvs_sec_config_hmac_t *sec_scheme_cfg,
                                         nvs_sec_scheme_t **sec_scheme_handle_out)
{
    static const nvs_sec_scheme_t kind = {NVS_SEC_SCHEME_HMAC, NULL, hmac_generate, hmac_read};
    return enlist(&kind, sec_scheme_cfg, sizeof *sec_scheme_cfg, sec_scheme_handle_out);
}

esp_err_t nvs_sec_provider_deregister(nvs_sec_scheme_t *sec_scheme_handle)
{
    if (sec_scheme_handle == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    bmi_scheme_forget(sec_scheme_handle->scheme_data);
    free(sec_scheme_handle->scheme_data);
    free(sec_scheme_handle);
    return ESP_OK;
}
