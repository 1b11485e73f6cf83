/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_ESPIDF_REGISTRY_H
#define BM_ESPIDF_REGISTRY_H

/* Partitions and handles of the ESP-IDF API. One lock guards them all: every public call takes it
 * first and gives it back last. */

#include "birthmark/espidf.h"
#include "birthmark/nvs.h"
#include "birthmark/nvs_crypto.h"
#include "birthmark/part.h"
#include "nvs_flash.h"

enum { BMI_LABEL_SIZE = 17 }; /* of a table's row; NVS takes 16 */

struct bmi_part {
    struct bmi_part *next;
    char label[BMI_LABEL_SIZE];
    uint32_t serial; /* grows in order of attaching */
    struct bm_flash flash;
    struct bm_flash_file file;
    esp_partition_t info;
    const struct bm_flash *chip; /* of a partition inside a larger region, or NULL */
    const struct bm_part *row;   /* of the attached chip's table, or NULL */
    int transient;               /* came by pointer: forgotten when it is unmounted */
    struct bm_nvs nvs;
    struct bm_nvs_crypto cipher;
    const struct bm_nvs_crypto_ops *crypto; /* what made the cipher; NULL: plain */
    void *work;                             /* NULL: not mounted */
    uint32_t mounts; /* number of this mount, so that an iterator notices another */
};

struct bmi_handle {
    struct bmi_handle *next;
    struct bmi_part *part;
    nvs_handle_t id;
    nvs_open_mode_t mode;
    uint8_t ns;
};

void bmi_api_lock(void);
void bmi_api_unlock(void);

/* attach.c. Attached partition by label, or NULL. */
struct bmi_part *bmi_part_find(const char *label);

/* The same, only if it can be one of NVS. */
struct bmi_part *bmi_part_nvs(const char *label);

/* The first partition behind a serial number (0: of all) that fits; type and subtype may be
 * ESP_PARTITION_*_ANY, label NULL. */
struct bmi_part *bmi_part_search(uint32_t behind, esp_partition_type_t type,
                                 esp_partition_subtype_t subtype, const char *label);

/* The same, only if it is mounted. */
struct bmi_part *bmi_part_mounted(const char *label);

/* ESP_ERR_NVS_NOT_INITIALIZED if nothing is mounted at all, else ESP_ERR_NVS_PART_NOT_FOUND. */
esp_err_t bmi_part_missing(void);

/* Takes part of a region in, or NULL where memory is short. */
struct bmi_part *bmi_part_add(const char *label, const struct bm_flash *flash);

/* Takes it out and frees it; it is not mounted. */
void bmi_part_drop(struct bmi_part *part);

/* init.c. Unmounts if it is mounted, and forgets it if it is transient. */
void bmi_part_unmount(struct bmi_part *part);

/* region.c. 1 if the partition lies inside its region. */
int bmi_region_sound(const esp_partition_t *partition);

/* 1 if it can be written. */
int bmi_region_writable(const esp_partition_t *partition);

/* Makes the flash of a partition that is a stretch of its chip. */
void bmi_region_open(struct bmi_part *part);

/* Erases all of a sound partition. */
esp_err_t bmi_region_erase(const esp_partition_t *partition);

/* handle.c */
struct bmi_handle *bmi_handle_find(nvs_handle_t id);

/* Closes all handles of a partition. */
void bmi_handles_close(const struct bmi_part *part);

/* secure.c. What bm_espidf_set_crypto() set, or NULL. */
const struct bm_nvs_crypto_ops *bmi_crypto(void);

/* Takes the registered scheme back if its data is this; takes the lock. */
void bmi_scheme_forget(const void *scheme_data);

/* errors.c. What ESP-IDF answers where the store says this. */
esp_err_t bmi_esp_err(int code);

#endif
