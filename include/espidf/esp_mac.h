/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_ESPIDF_ESP_MAC_H
#define BM_ESPIDF_ESP_MAC_H

#include <stdint.h>

#include "esp_err.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The MAC address in the efuses of a virtual board (birthmark/board.h), 6 bytes. Returns ESP_OK,
 * ESP_ERR_INVALID_ARG (NULL), or ESP_ERR_NOT_SUPPORTED: this is none. */
esp_err_t esp_efuse_mac_get_default(uint8_t *mac);

#ifdef __cplusplus
}
#endif

#endif
