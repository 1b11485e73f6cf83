/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_ESPIDF_ESP_IMAGE_FORMAT_H
#define BM_ESPIDF_ESP_IMAGE_FORMAT_H

/* What esp_partition_get_sha256() may answer; images are read by birthmark/app.h. */

#include "esp_err.h"

#define ESP_ERR_IMAGE_BASE       0x2000
#define ESP_ERR_IMAGE_FLASH_FAIL (ESP_ERR_IMAGE_BASE + 1)
#define ESP_ERR_IMAGE_INVALID    (ESP_ERR_IMAGE_BASE + 2)

#define ESP_IMAGE_HEADER_MAGIC 0xE9

#endif
