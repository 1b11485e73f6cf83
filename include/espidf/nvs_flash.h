/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_ESPIDF_NVS_FLASH_H
#define BM_ESPIDF_NVS_FLASH_H

/* ESP-IDF's calls that bring NVS partitions up and down. On the host bm_espidf_attach()
 * (birthmark/espidf.h) says which file stands for a partition. */

#include "nvs.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Mounts the partition "nvs"; nothing is done if it is mounted already.
 * Returns ESP_OK, ESP_ERR_NOT_FOUND (no such partition), ESP_ERR_INVALID_SIZE (its size is not a
 * multiple of 4096), ESP_ERR_NVS_NEW_VERSION_FOUND, ESP_ERR_NO_MEM or ESP_ERR_FLASH_OP_FAIL. Never
 * ESP_ERR_NVS_NO_FREE_PAGES: what can be read is read. */
esp_err_t nvs_flash_init(void);

/* The same for the partition with this label. */
esp_err_t nvs_flash_init_partition(const char *partition_label);

/* Unmounts; open handles of the partition become invalid.
 * Returns ESP_OK or ESP_ERR_NVS_NOT_INITIALIZED. */
esp_err_t nvs_flash_deinit(void);

/* The same for the partition with this label. */
esp_err_t nvs_flash_deinit_partition(const char *partition_label);

#ifdef __cplusplus
}
#endif

#endif
