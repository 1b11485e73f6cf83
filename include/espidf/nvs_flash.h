/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_ESPIDF_NVS_FLASH_H
#define BM_ESPIDF_NVS_FLASH_H

/* ESP-IDF's calls that bring NVS partitions up and down. bm_espidf_attach() (birthmark/espidf.h)
 * says which file or region stands for a partition. */

#include "esp_partition.h"
#include "nvs.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Mounts the partition "nvs"; nothing is done if it is mounted already. If a security scheme is
 * registered it is mounted encrypted, with the keys of the scheme, which are made first where there
 * are none.
 * Mounting writes nothing, and nothing in here ever erases what it cannot read.
 * Returns ESP_OK, ESP_ERR_NOT_FOUND (no such partition), ESP_ERR_INVALID_SIZE (its size is not a
 * multiple of 4096), ESP_ERR_NVS_NEW_VERSION_FOUND (all pages in use are of an unknown format),
 * ESP_ERR_INVALID_VERSION (some are), ESP_ERR_NVS_WRONG_ENCRYPTION (no entry can be read: other
 * keys, or encrypted and no keys given), ESP_ERR_NO_MEM, ESP_ERR_FLASH_OP_FAIL, or what the scheme
 * answers. Never ESP_ERR_NVS_NO_FREE_PAGES: what can be read is read. */
esp_err_t nvs_flash_init(void);

/* The same for the partition with this label, never encrypted. */
esp_err_t nvs_flash_init_partition(const char *partition_label);

/* The same for a partition that need not be attached; open it by its label. Until it is
 * deinitialised its label is taken. Returns as above, and ESP_ERR_INVALID_ARG: NULL, no region,
 * outside of the region, no label, or the label of another partition. */
esp_err_t nvs_flash_init_partition_ptr(const esp_partition_t *partition);

/* Unmounts; open handles of the partition become invalid.
 * Returns ESP_OK or ESP_ERR_NVS_NOT_INITIALIZED. */
esp_err_t nvs_flash_deinit(void);

/* The same for the partition with this label. */
esp_err_t nvs_flash_deinit_partition(const char *partition_label);

/* Erases the partition "nvs", all of it; unmounts it first if it is mounted.
 * Returns ESP_OK, ESP_ERR_NOT_FOUND (no such partition), ESP_ERR_NOT_ALLOWED (it is read-only),
 * ESP_ERR_INVALID_SIZE or ESP_ERR_FLASH_OP_FAIL. */
esp_err_t nvs_flash_erase(void);

/* The same for the partition with this label. */
esp_err_t nvs_flash_erase_partition(const char *part_name);

/* The same for a partition that need not be attached. */
esp_err_t nvs_flash_erase_partition_ptr(const esp_partition_t *partition);

#define NVS_KEY_SIZE 32 /* bytes of each of the two AES-256 keys */

/* The keys of an encrypted partition. Secret: wipe it after use. */
typedef struct {
    uint8_t eky[NVS_KEY_SIZE]; /* encrypts data */
    uint8_t tky[NVS_KEY_SIZE]; /* encrypts tweaks */
} nvs_sec_cfg_t;

typedef esp_err_t (*nvs_flash_generate_keys_t)(const void *scheme_data, nvs_sec_cfg_t *cfg);
typedef esp_err_t (*nvs_flash_read_cfg_t)(const void *scheme_data, nvs_sec_cfg_t *cfg);

/* Where keys come from. */
typedef struct {
    int scheme_id;
    void *scheme_data; /* given to the two functions */
    nvs_flash_generate_keys_t nvs_flash_key_gen;
    nvs_flash_read_cfg_t nvs_flash_read_cfg;
} nvs_sec_scheme_t;

/* Mounts the partition "nvs" with these keys (copied; NULL: plain). Encryption needs
 * bm_espidf_set_crypto(). Returns as nvs_flash_init(), and ESP_ERR_NVS_ENCR_NOT_SUPPORTED (it was
 * not called) or ESP_ERR_NVS_XTS_CFG_FAILED (both keys are equal). */
esp_err_t nvs_flash_secure_init(nvs_sec_cfg_t *cfg);

/* The same for the partition with this label. */
esp_err_t nvs_flash_secure_init_partition(const char *partition_label, nvs_sec_cfg_t *cfg);

/* Makes random keys and stores them in a keys partition, which is erased first.
 * Returns ESP_OK, ESP_ERR_INVALID_ARG (NULL), ESP_ERR_NVS_ENCR_NOT_SUPPORTED (no
 * bm_espidf_set_crypto()),
 * ESP_ERR_NOT_ALLOWED (read-only), ESP_ERR_INVALID_SIZE, ESP_ERR_FLASH_OP_FAIL, or ESP_FAIL (no
 * random numbers; nothing is erased then). */
esp_err_t nvs_flash_generate_keys(const esp_partition_t *partition, nvs_sec_cfg_t *cfg);

/* Reads the keys of a keys partition.
 * Returns ESP_OK, ESP_ERR_INVALID_ARG (NULL), ESP_ERR_NVS_KEYS_NOT_INITIALIZED (blank),
 * ESP_ERR_NVS_CORRUPT_KEY_PART, ESP_ERR_INVALID_SIZE or ESP_ERR_FLASH_OP_FAIL. */
esp_err_t nvs_flash_read_security_cfg(const esp_partition_t *partition, nvs_sec_cfg_t *cfg);

/* Makes this scheme the one of nvs_flash_init(); the struct is copied, scheme_data is not.
 * Returns ESP_OK or ESP_ERR_INVALID_ARG (NULL, or a function is missing). */
esp_err_t nvs_flash_register_security_scheme(nvs_sec_scheme_t *scheme_cfg);

/* The registered scheme, or NULL. */
nvs_sec_scheme_t *nvs_flash_get_default_security_scheme(void);

/* Have a scheme make or read keys. Return what it answers, or ESP_ERR_INVALID_ARG (NULL). */
esp_err_t nvs_flash_generate_keys_v2(nvs_sec_scheme_t *scheme_cfg, nvs_sec_cfg_t *cfg);
esp_err_t nvs_flash_read_security_cfg_v2(nvs_sec_scheme_t *scheme_cfg, nvs_sec_cfg_t *cfg);

#ifdef __cplusplus
}
#endif

#endif
