/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/base.h"
#include "base/le.h"
#include "birthmark/update.h"
#include "espidf/chip.h"
#include "part/app_fmt.h"

/* What runs, and what apps say of themselves. */

const esp_partition_t *esp_ota_get_running_partition(void)
{
    bmi_api_lock();
    const struct bmi_chip *chip = bmi_chip();
    const esp_partition_t *found = chip != NULL ? bmi_chip_info(chip->running) : NULL;
    bmi_api_unlock();
    return found;
}

const esp_partition_t *esp_ota_get_next_update_partition(const esp_partition_t *start_from)
{
    const esp_partition_t *found = NULL;
    bmi_api_lock();
    const struct bmi_chip *chip = bmi_chip();
    if (chip != NULL) {
        const struct bm_part *from = start_from != NULL ? bmi_chip_row(start_from) : chip->running;
        if (from != NULL || start_from == NULL) {
            const struct bm_part *next = bm_update_next(&chip->table, from);
            /* the only slot comes behind itself */
            found = bmi_chip_info(next != NULL ? next : bm_update_next(&chip->table, NULL));
        }
    }
    bmi_api_unlock();
    return found;
}

uint8_t esp_ota_get_app_partition_count(void)
{
    bmi_api_lock();
    const struct bmi_chip *chip = bmi_chip();
    const unsigned n = chip != NULL ? bm_update_slots(&chip->table) : 0;
    bmi_api_unlock();
    return (uint8_t)n;
}

static void take_desc(esp_app_desc_t *out, const uint8_t *raw)
{
    memset(out, 0, sizeof *out);
    out->magic_word = bm_get_le32(raw);
    out->secure_version = bm_get_le32(raw + BMI_AD_SECURE);
    memcpy(out->version, raw + BMI_AD_VERSION, sizeof out->version);
    memcpy(out->project_name, raw + BMI_AD_PROJECT, sizeof out->project_name);
    memcpy(out->time, raw + BMI_AD_TIME, sizeof out->time);
    memcpy(out->date, raw + BMI_AD_DATE, sizeof out->date);
    memcpy(out->idf_ver, raw + BMI_AD_IDF, sizeof out->idf_ver);
    memcpy(out->app_elf_sha256, raw + BMI_AD_ELF_SHA256, sizeof out->app_elf_sha256);
    out->min_efuse_blk_rev_full = bm_get_le16(raw + BMI_AD_MIN_BLOCK);
    out->max_efuse_blk_rev_full = bm_get_le16(raw + BMI_AD_MAX_BLOCK);
    out->mmu_page_size = raw[BMI_AD_PAGE];
}

esp_err_t bmi_chip_desc(const struct bmi_chip *chip, const struct bm_part *row, esp_app_desc_t *out)
{
    enum { AT = BM_APP_HEADER_SIZE + BMI_APP_SEGMENT_HEADER };
    uint8_t raw[BM_APP_DESC_SIZE];
    const struct bm_flash *flash = chip->config.flash;
    if (row->size < AT + sizeof raw) {
        return ESP_ERR_INVALID_SIZE;
    }
    const int rc = flash->ops->read(flash->ctx, row->offset + AT, raw, sizeof raw);
    if (rc != BM_OK) {
        return bmi_chip_err(rc);
    }
    if (bm_get_le32(raw) != BMI_APP_DESC_MAGIC) {
        return ESP_ERR_NOT_FOUND;
    }
    take_desc(out, raw);
    return ESP_OK;
}

esp_err_t esp_ota_get_partition_description(const esp_partition_t *partition,
                                            esp_app_desc_t *app_desc)
{
    if (partition == NULL || app_desc == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    if (partition->type != ESP_PARTITION_TYPE_APP) {
        return ESP_ERR_NOT_SUPPORTED;
    }
    bmi_api_lock();
    const struct bmi_chip *chip = bmi_chip();
    const struct bm_part *row = chip != NULL ? bmi_chip_row(partition) : NULL;
    const esp_err_t err = row != NULL ? bmi_chip_desc(chip, row, app_desc) : ESP_ERR_INVALID_ARG;
    bmi_api_unlock();
    return err;
}

const esp_app_desc_t *esp_app_get_description(void)
{
    static const esp_app_desc_t none;
    bmi_api_lock();
    const struct bmi_chip *chip = bmi_chip();
    const esp_app_desc_t *desc = chip != NULL ? &chip->desc : &none;
    bmi_api_unlock();
    return desc;
}

int esp_app_get_elf_sha256(char *dst, size_t size)
{
    char hex[2 * BM_SHA256_LEN + 1];
    if (dst == NULL || size < 2) {
        return 0;
    }
    bm_hex_encode(hex, esp_app_get_description()->app_elf_sha256, BM_SHA256_LEN);
    const size_t n = size < sizeof hex ? size : sizeof hex;
    memcpy(dst, hex, n);
    dst[n - 1] = '\0';
    return (int)n;
}
