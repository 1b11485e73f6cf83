/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_ESPIDF_CHIP_H
#define BM_ESPIDF_CHIP_H

/* The attached chip, as the partition and update calls see it. The lock is held around all of it.
 */

#include "birthmark/espidf.h"
#include "birthmark/ota.h"
#include "birthmark/part.h"
#include "esp_ota_ops.h"
#include "espidf/registry.h"

enum { BMI_CHIP_BUF = 4096 };

struct bmi_chip {
    struct bm_espidf_chip config;
    struct bm_part_table table;
    const struct bm_part *running; /* row, or NULL */
    esp_app_desc_t desc;           /* of what runs */
    int left_trial;                /* what runs was on trial, and selected another app */
    uint8_t buf[BMI_CHIP_BUF];     /* scratch for reading images */
};

/* NULL: none is attached. */
struct bmi_chip *bmi_chip(void);

/* The attached partition of a row; NULL for NULL. */
const esp_partition_t *bmi_chip_info(const struct bm_part *row);

/* The row of a partition of the chip, also of a copy of its description; NULL: none. */
const struct bm_part *bmi_chip_row(const esp_partition_t *partition);

/* esp_partition_verify() under the lock; partition is not NULL. */
struct bmi_part *bmi_partition_verify(const esp_partition_t *partition);

/* What the partition and update calls answer where the rooms below say this. */
esp_err_t bmi_chip_err(int code);

/* Checks the image in a partition, and that it is for this chip. app may be NULL. */
int bmi_chip_image(struct bmi_chip *chip, const struct bm_part *row, struct bm_app *app);

/* ota.c. Ends all updates. */
void bmi_sessions_end(void);

/* Updates of this slot may write no more: another one begins, or what is in it was selected. */
void bmi_sessions_seal(const struct bm_part *target);

/* ota_info.c. Reads a description without regard to the image it belongs to. */
esp_err_t bmi_chip_desc(const struct bmi_chip *chip, const struct bm_part *row,
                        esp_app_desc_t *out);

#endif
