/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_ESPIDF_NVS_SEC_PROVIDER_H
#define BM_ESPIDF_NVS_SEC_PROVIDER_H

/* ESP-IDF's two sources of NVS keys: a keys partition, and an HMAC key in an eFuse block. */

#include "nvs_flash.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ESP_ERR_NVS_SEC_BASE                       0xf000
#define ESP_ERR_NVS_SEC_HMAC_KEY_NOT_FOUND         (ESP_ERR_NVS_SEC_BASE + 0x01)
#define ESP_ERR_NVS_SEC_HMAC_KEY_BLK_ALREADY_USED  (ESP_ERR_NVS_SEC_BASE + 0x02)
#define ESP_ERR_NVS_SEC_HMAC_KEY_GENERATION_FAILED (ESP_ERR_NVS_SEC_BASE + 0x03)
#define ESP_ERR_NVS_SEC_HMAC_XTS_KEYS_DERIV_FAILED (ESP_ERR_NVS_SEC_BASE + 0x04)

typedef enum {
    NVS_SEC_SCHEME_FLASH_ENC = 0,
    NVS_SEC_SCHEME_HMAC,
    NVS_SEC_SCHEME_MAX
} nvs_sec_scheme_id_t;

typedef enum {
    HMAC_KEY0 = 0,
    HMAC_KEY1,
    HMAC_KEY2,
    HMAC_KEY3,
    HMAC_KEY4,
    HMAC_KEY5,
    HMAC_KEY_MAX
} hmac_key_id_t;

typedef struct {
    const esp_partition_t *nvs_keys_part;
} nvs_sec_config_flash_enc_t;

typedef struct {
    hmac_key_id_t hmac_key_id;
} nvs_sec_config_hmac_t;

/* The first keys partition that is attached. */
#define NVS_SEC_PROVIDER_CFG_FLASH_ENC_DEFAULT()                                               \
    {                                                                                          \
        esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_NVS_KEYS, \
                                 NULL)                                                         \
    }

#ifndef CONFIG_NVS_SEC_HMAC_EFUSE_KEY_ID
#define CONFIG_NVS_SEC_HMAC_EFUSE_KEY_ID 0
#endif
#define NVS_SEC_PROVIDER_CFG_HMAC_DEFAULT()               \
    {                                                     \
        (hmac_key_id_t)(CONFIG_NVS_SEC_HMAC_EFUSE_KEY_ID) \
    }

/* Registers the scheme of a keys partition, which is kept.
 * sec_scheme_handle_out: set on success; for nvs_sec_provider_deregister().
 * Returns ESP_OK, ESP_ERR_INVALID_ARG (NULL) or ESP_ERR_NO_MEM. Without a partition in the config
 * it is nvs_flash_init() that fails. */
esp_err_t nvs_sec_provider_register_flash_enc(const nvs_sec_config_flash_enc_t *sec_scheme_cfg,
                                              nvs_sec_scheme_t **sec_scheme_handle_out);

/* Registers the scheme of an HMAC key: the one that bm_espidf_set_hmac_key() put into the block.
 * Reading and making keys gives ESP_ERR_NVS_SEC_HMAC_KEY_NOT_FOUND and
 * ESP_ERR_NVS_SEC_HMAC_KEY_GENERATION_FAILED where there is none, for there is no eFuse here that
 * would keep a new one. Returns as above. */
esp_err_t nvs_sec_provider_register_hmac(const nvs_sec_config_hmac_t *sec_scheme_cfg,
                                         nvs_sec_scheme_t **sec_scheme_handle_out);

/* Takes a scheme back: nvs_flash_init() does not use it any more, the handle is freed.
 * Returns ESP_OK or ESP_ERR_INVALID_ARG (NULL). */
esp_err_t nvs_sec_provider_deregister(nvs_sec_scheme_t *sec_scheme_handle);

#ifdef __cplusplus
}
#endif

#endif
