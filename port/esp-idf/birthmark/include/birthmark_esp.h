/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BIRTHMARK_ESP_H
#define BIRTHMARK_ESP_H

/* A partition of an ESP32 as a region for the store. */

#include "birthmark/err.h"
#include "birthmark/flash.h"
#include "esp_partition.h"

#ifdef __cplusplus
extern "C" {
#endif

/* out: filled. partition: of esp_partition_find_first() or the like, which stays good for ever.
 * nvs_flash must not have this partition initialised at the same time.
 * Returns BM_OK or BM_E_ARG (partition is NULL). */
int bm_esp_partition(struct bm_flash *out, const esp_partition_t *partition);

#ifdef __cplusplus
}
#endif

#endif
