/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_ESPIDF_ESP_PARTITION_H
#define BM_ESPIDF_ESP_PARTITION_H

/* What of ESP-IDF's partitions the NVS calls need. There is no partition table here: partitions are
 * what bm_espidf_attach() and its like (birthmark/espidf.h) say, or what a program fills in itself.
 */

#include <stdbool.h>
#include <stdint.h>

#include "esp_err.h"

#ifdef __cplusplus
extern "C" {
#endif

struct bm_flash; /* birthmark/flash.h */

typedef enum {
    ESP_PARTITION_TYPE_APP = 0x00,
    ESP_PARTITION_TYPE_DATA = 0x01,
    ESP_PARTITION_TYPE_ANY = 0xff
} esp_partition_type_t;

typedef enum {
    ESP_PARTITION_SUBTYPE_DATA_NVS = 0x02,
    ESP_PARTITION_SUBTYPE_DATA_NVS_KEYS = 0x04,
    ESP_PARTITION_SUBTYPE_ANY = 0xff
} esp_partition_subtype_t;

/* A part of a flash region. A program's own one: zero it, set flash_chip, size and label, and
 * address where the partition does not begin with the region. */
typedef struct {
    const struct bm_flash *flash_chip; /* kept while the partition is initialised */
    esp_partition_type_t type;
    esp_partition_subtype_t subtype;
    uint32_t address;    /* where it begins in flash_chip, a multiple of 4096 */
    uint32_t size;       /* bytes */
    uint32_t erase_size; /* bytes of a sector */
    char label[17];
    bool encrypted;
    bool readonly;
} esp_partition_t;

/* The first attached partition of this type and subtype (or ..._ANY) with this label (NULL: any).
 * All are data: those whose label begins with "nvs_key" of subtype nvs_keys, the others of nvs.
 * Returns NULL if there is none; else good until the partition is detached. */
const esp_partition_t *esp_partition_find_first(esp_partition_type_t type,
                                                esp_partition_subtype_t subtype, const char *label);

#ifdef __cplusplus
}
#endif

#endif
