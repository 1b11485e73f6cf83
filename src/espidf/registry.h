/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_ESPIDF_REGISTRY_H
#define BM_ESPIDF_REGISTRY_H

/* Partitions and handles of the ESP-IDF API. One lock guards them all: every public call takes it
 * first and gives it back last. */

#include "birthmark/espidf.h"
#include "birthmark/nvs.h"
#include "nvs.h"

struct bmi_part {
    struct bmi_part *next;
    char label[NVS_PART_NAME_MAX_SIZE];
    struct bm_flash flash;
    struct bm_flash_file file;
    struct bm_nvs nvs;
    void *work;      /* NULL: not mounted */
    uint32_t mounts; /* counts mounts, so that an iterator notices a new one */
};

struct bmi_handle {
    struct bmi_handle *next;
    struct bmi_part *part;
    nvs_handle_t id;
    uint8_t ns;
};

void bmi_api_lock(void);
void bmi_api_unlock(void);

/* Attached partition by label, or NULL. */
struct bmi_part *bmi_part_find(const char *label);

/* The same, only if it is mounted. */
struct bmi_part *bmi_part_mounted(const char *label);

/* ESP_ERR_NVS_NOT_INITIALIZED if nothing is mounted at all, else ESP_ERR_NVS_PART_NOT_FOUND. */
esp_err_t bmi_part_missing(void);

struct bmi_handle *bmi_handle_find(nvs_handle_t id);

/* Closes all handles of a partition. */
void bmi_handles_close(const struct bmi_part *part);

/* What ESP-IDF answers where the store says this. */
esp_err_t bmi_esp_err(int code);

#endif
