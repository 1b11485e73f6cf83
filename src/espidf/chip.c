/* SPDX-License-Identifier: Apache-2.0 */
#include "espidf/chip.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "birthmark/boot.h"
#include "esp_system.h"

static struct bmi_chip *attached;

struct bmi_chip *bmi_chip(void)
{
    return attached;
}

/* The next partition of the chip behind one with this serial number. */
static struct bmi_part *next_part(uint32_t behind)
{
    struct bmi_part *part =
        bmi_part_search(behind, ESP_PARTITION_TYPE_ANY, ESP_PARTITION_SUBTYPE_ANY, NULL);
    while (part != NULL && part->row == NULL) {
        part =
            bmi_part_search(part->serial, ESP_PARTITION_TYPE_ANY, ESP_PARTITION_SUBTYPE_ANY, NULL);
    }
    return part;
}

const esp_partition_t *bmi_chip_info(const struct bm_part *row)
{
    struct bmi_part *part = row != NULL ? next_part(0) : NULL;
    while (part != NULL && part->row != row) {
        part = next_part(part->serial);
    }
    return part != NULL ? &part->info : NULL;
}

const struct bm_part *bmi_chip_row(const esp_partition_t *partition)
{
    const struct bmi_part *part = bmi_partition_verify(partition);
    return part != NULL ? part->row : NULL;
}

esp_err_t bmi_chip_err(int code)
{
    switch (code) {
    case BM_OK: return ESP_OK;
    case BM_E_ARG: return ESP_ERR_INVALID_ARG;
    case BM_E_NOENT: return ESP_ERR_NOT_FOUND;
    case BM_E_NOMEM: return ESP_ERR_NO_MEM;
    case BM_E_NOSPC: return ESP_ERR_INVALID_SIZE;
    case BM_E_READONLY: return ESP_ERR_NOT_ALLOWED;
    case BM_E_IO:
    case BM_E_VERIFY: return ESP_ERR_FLASH_OP_FAIL; /* of otadata: read back */
    default: return ESP_FAIL;
    }
}

int bmi_chip_image(struct bmi_chip *chip, const struct bm_part *row, struct bm_app *app)
{
    struct bm_app found;
    const int rc = bm_app_verify(&found, chip->config.flash, row->offset, row->size,
                                 chip->config.sha256, chip->buf, sizeof chip->buf, NULL);
    if (rc == BM_OK && app != NULL) {
        *app = found;
    }
    const int other =
        chip->config.chip_id != BM_UPDATE_ANY_CHIP && found.chip != chip->config.chip_id;
    return rc == BM_OK && other ? BM_E_TYPE : rc;
}

static int read_table(struct bm_part_table *out, const struct bm_espidf_chip *config,
                      struct bm_diag *diag)
{
    const uint32_t off = config->table_offset != 0 ? config->table_offset : BM_PART_TABLE_OFFSET;
    const int rc = bm_part_table_read(out, config->flash, off, config->md5, diag);
    const uint32_t size = config->flash->size;
    for (unsigned i = 0; rc == BM_OK && i < out->count; i++) {
        const struct bm_part *p = &out->part[i];
        if (p->offset > size || p->size > size - p->offset) {
            return bm_diag_set(diag, BM_E_NOSPC, p->offset, p->label,
                               "the partition does not lie within the flash");
        }
    }
    return rc;
}

static int decide(struct bm_boot *out, const struct bm_part_table *table,
                  const struct bm_espidf_chip *config, uint8_t *buf, size_t buf_len)
{
    struct bm_otadata records;
    struct bm_flash flash;
    struct bm_flash_window window;
    struct bm_boot_config boot = {.rollback = config->rollback,
                                  .anti_rollback = config->secure_version != NULL};
    struct bm_boot_flash images = {.chip = config->flash,
                                   .sha256 = config->sha256,
                                   .buf = buf,
                                   .buf_len = buf_len,
                                   .chip_id = -1};
    const struct bm_part *otadata = bm_boot_otadata(table); /* here we are the bootloader */
    if (config->chip_id != BM_UPDATE_ANY_CHIP) {
        images.chip_id = config->chip_id;
    }
    if (config->secure_version != NULL) {
        boot.secure_version = *config->secure_version;
    }
    int rc = BM_OK;
    if (otadata != NULL && otadata->size >= BM_OTADATA_SIZE) {
        rc = bm_part_region(&flash, &window, config->flash, otadata);
        rc = rc == BM_OK ? bm_otadata_read(&records, &flash) : rc;
    } else {
        otadata = NULL;
    }
    return rc != BM_OK ? rc
                       : bm_boot_decide(out, table, otadata != NULL ? &records : NULL,
                                        bm_boot_ask_flash, &images, &boot);
}

static int boot(const struct bm_espidf_chip *config, struct bmi_chip *work, struct bm_boot *found,
                struct bm_diag *diag)
{
    struct bm_flash flash;
    struct bm_flash_window window;
    int rc = read_table(&work->table, config, diag);
    if (rc == BM_OK) {
        rc = decide(found, &work->table, config, work->buf, sizeof work->buf);
    }
    const struct bm_part *otadata = bm_boot_otadata(&work->table);
    if (rc == BM_OK && found->writes > 0 && otadata != NULL) {
        rc = bm_part_region(&flash, &window, config->flash, otadata);
        rc = rc == BM_OK ? bm_boot_apply(found, &flash) : rc;
    }
    if (rc == BM_OK && config->secure_version != NULL) {
        *config->secure_version = found->secure_version;
    }
    return rc != BM_OK || found->part != NULL ? rc : BM_E_NOENT;
}

int bm_espidf_boot(const struct bm_espidf_chip *chip, char *label, struct bm_diag *diag)
{
    if (chip == NULL || chip->flash == NULL || label == NULL) {
        return BM_E_ARG;
    }
    struct bmi_chip *work = calloc(1, sizeof *work);
    struct bm_boot *found = calloc(1, sizeof *found);
    int rc = BM_E_NOMEM;
    if (work != NULL && found != NULL) {
        rc = boot(chip, work, found, diag);
    }
    if (rc == BM_OK) {
        memcpy(label, found->part->label, BM_PART_LABEL_SIZE);
    }
    free(work);
    free(found);
    return rc;
}

static int find_running(struct bmi_chip *chip)
{
    struct bm_boot *found;
    int rc;
    if (chip->config.running != NULL) {
        chip->running = bm_part_find(&chip->table, BM_PART_APP, -1, chip->config.running);
        return chip->running != NULL ? BM_OK : BM_E_NOENT;
    }
    found = calloc(1, sizeof *found);
    if (found == NULL) {
        return BM_E_NOMEM;
    }
    rc = decide(found, &chip->table, &chip->config, chip->buf, sizeof chip->buf);
    chip->running = rc == BM_OK ? found->part : NULL;
    free(found);
    return rc;
}

static bool is_encrypted(const struct bmi_chip *chip, const struct bm_part *row)
{
    const int always = row->type == BM_PART_APP ||
                       (row->type == BM_PART_DATA && (row->subtype == BM_PART_DATA_OTA ||
                                                      row->subtype == BM_PART_DATA_NVS_KEYS));
    return chip->config.encrypted && (always || (row->flags & BM_PART_ENCRYPTED) != 0);
}

static int add_row(const struct bmi_chip *chip, const struct bm_part *row)
{
    struct bmi_part *part = bmi_part_add(row->label, chip->config.flash);
    if (part == NULL) {
        return BM_E_NOMEM;
    }
    part->row = row;
    part->chip = chip->config.flash;
    memset(&part->info, 0, sizeof part->info);
    part->info.flash_chip = chip->config.flash;
    part->info.type = (esp_partition_type_t)row->type;
    part->info.subtype = (esp_partition_subtype_t)row->subtype;
    part->info.address = row->offset;
    part->info.size = row->size;
    part->info.erase_size = chip->config.flash->erase_size;
    memcpy(part->info.label, row->label, sizeof part->info.label);
    part->info.encrypted = is_encrypted(chip, row);
    part->info.readonly = (row->flags & BM_PART_READONLY) != 0;
    bmi_region_open(part);
    return BM_OK;
}

static void remove_all(struct bmi_chip *chip)
{
    struct bmi_part *part;
    bmi_sessions_end();
    while ((part = next_part(0)) != NULL) {
        part->transient = 1;
        bmi_part_unmount(part);
    }
    free(chip);
    attached = NULL;
}

static int attach(struct bmi_chip *chip, struct bm_diag *diag)
{
    int rc = read_table(&chip->table, &chip->config, diag);
    for (unsigned i = 0; rc == BM_OK && i < chip->table.count; i++) {
        if (bmi_part_find(chip->table.part[i].label) != NULL) {
            rc = bm_diag_set(diag, BM_E_EXIST, chip->table.part[i].offset,
                             chip->table.part[i].label, "a partition of this label is attached");
        }
    }
    if (rc == BM_OK) {
        rc = find_running(chip);
    }
    for (unsigned i = 0; rc == BM_OK && i < chip->table.count; i++) {
        rc = add_row(chip, &chip->table.part[i]);
    }
    if (rc == BM_OK && chip->running != NULL) {
        const esp_err_t err = bmi_chip_desc(chip, chip->running, &chip->desc);
        if (err != ESP_OK) {
            memset(&chip->desc, 0, sizeof chip->desc);
        }
    }
    return rc;
}

int bm_espidf_attach_chip(const struct bm_espidf_chip *chip, struct bm_diag *diag)
{
    if (chip == NULL || chip->flash == NULL) {
        return BM_E_ARG;
    }
    struct bmi_chip *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return BM_E_NOMEM;
    }
    made->config = *chip;
    bmi_api_lock();
    int rc = BM_E_EXIST;
    if (attached == NULL) {
        rc = attach(made, diag);
        attached = rc == BM_OK ? made : NULL;
        if (rc != BM_OK) {
            remove_all(made);
        }
    } else {
        free(made);
    }
    bmi_api_unlock();
    return rc;
}

int bm_espidf_detach_chip(void)
{
    bmi_api_lock();
    const int rc = attached != NULL ? BM_OK : BM_E_NOENT;
    if (attached != NULL) {
        remove_all(attached);
    }
    bmi_api_unlock();
    return rc;
}

void esp_restart(void)
{
    bmi_api_lock();
    void (*restart)(void *ctx) = attached != NULL ? attached->config.restart : NULL;
    void *ctx = attached != NULL ? attached->config.restart_ctx : NULL;
    bmi_api_unlock();
    if (restart == NULL) {
        abort();
    }
    restart(ctx);
}
