/* SPDX-License-Identifier: Apache-2.0 */
#include "birthmark/update.h"
#include "esp_system.h"
#include "espidf/chip.h"

/* What boots next: selecting, confirming, rejecting. */

/* The chip's otadata with its records. */
struct records {
    struct bmi_chip *chip;
    struct bm_flash flash;
    struct bm_flash_window window;
    struct bm_otadata data;
    unsigned slots;
    int active; /* record that is followed, or -1 */
};

static int read_records(struct records *r)
{
    r->chip = bmi_chip();
    if (r->chip == NULL) {
        return BM_E_NOENT;
    }
    /* of several the first, as esp_ota_ops finds it; the bootloader reads the last */
    const struct bm_part *row = bm_part_find(&r->chip->table, BM_PART_DATA, BM_PART_DATA_OTA, NULL);
    int rc = row != NULL ? bm_part_region(&r->flash, &r->window, r->chip->config.flash, row)
                         : BM_E_NOENT;
    if (rc == BM_OK) {
        rc = bm_otadata_read(&r->data, &r->flash);
    }
    r->slots = bm_update_slots(&r->chip->table);
    r->active = rc == BM_OK && r->slots > 0 ? bm_otadata_active(&r->data) : -1;
    return rc;
}

static const struct bm_part *app(const struct bmi_chip *chip, unsigned subtype)
{
    return bm_part_find(&chip->table, BM_PART_APP, (int)subtype, NULL);
}

/* The slot that a record names, whether it is followed or not. */
static const struct bm_part *named(const struct records *r, int record)
{
    return app(r->chip, BM_PART_APP_OTA_0 + bm_ota_record_slot(&r->data.record[record], r->slots));
}

static const struct bm_part *without_record(const struct bmi_chip *chip)
{
    const struct bm_part *found = app(chip, BM_PART_APP_FACTORY);
    for (unsigned i = 0; found == NULL && i < BM_OTA_SLOTS_MAX; i++) {
        found = app(chip, BM_PART_APP_OTA_0 + i);
    }
    return found != NULL ? found : app(chip, BM_PART_APP_TEST);
}

const esp_partition_t *esp_ota_get_boot_partition(void)
{
    struct records r;
    const struct bm_part *found = NULL;
    bmi_api_lock();
    if (read_records(&r) == BM_OK) {
        found = r.active >= 0 ? named(&r, r.active) : without_record(r.chip);
    }
    const esp_partition_t *info = bmi_chip_info(found);
    bmi_api_unlock();
    return info;
}

/* What the eFuses allow. */
static esp_err_t check_secure_version(struct bmi_chip *chip, const struct bm_part *row)
{
    esp_app_desc_t desc;
    const struct bm_flash *flash = chip->config.flash;
    if (chip->config.secure_version == NULL || row->subtype == BM_PART_APP_FACTORY) {
        return ESP_OK;
    }
    esp_err_t err = bmi_chip_desc(chip, row, &desc);
    if (err != ESP_OK || desc.secure_version >= *chip->config.secure_version) {
        return err;
    }
    if (row != chip->running && flash->ops->erase != NULL) {
        err = bmi_chip_err(flash->ops->erase(flash->ctx, row->offset, row->size));
    }
    return err == ESP_OK ? ESP_ERR_OTA_SMALL_SEC_VER : err;
}

/* 1 if the app that runs is on trial: it has to be confirmed before anything is written. The record
 * that says so is the one that selecting another app takes. */
static int is_on_trial(const struct bmi_chip *chip)
{
    struct records r;
    return chip->config.rollback && read_records(&r) == BM_OK && r.active >= 0 &&
           r.data.record[r.active].state == BM_OTA_PENDING_VERIFY &&
           named(&r, r.active) == chip->running;
}

static esp_err_t set_boot(struct bmi_chip *chip, const struct bm_part *row)
{
    if (bmi_chip_image(chip, row, NULL) != BM_OK) {
        return ESP_ERR_OTA_VALIDATE_FAILED;
    }
    const esp_err_t err = check_secure_version(chip, row);
    if (err != ESP_OK) {
        return err;
    }
    bmi_sessions_seal(row);
    /* with the factory app selected, no slot is what a rollback needs */
    chip->left_trial = row->subtype != BM_PART_APP_FACTORY &&
                       (chip->left_trial || (row != chip->running && is_on_trial(chip)));
    const int rc = bm_update_select(chip->config.flash, &chip->table, row, chip->config.rollback);
    return rc == BM_E_NOSPC ? ESP_ERR_OTA_SELECT_INFO_INVALID : bmi_chip_err(rc);
}

esp_err_t esp_ota_set_boot_partition(const esp_partition_t *partition)
{
    if (partition == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    bmi_api_lock();
    struct bmi_chip *chip = bmi_chip();
    const struct bm_part *row = chip != NULL ? bmi_chip_row(partition) : NULL;
    const esp_err_t err = row != NULL ? set_boot(chip, row) : ESP_ERR_INVALID_ARG;
    bmi_api_unlock();
    return err;
}

/* The record of a slot: the one that is followed, if both name it. */
static const struct bm_ota_record *record_of(const struct records *r, const struct bm_part *slot)
{
    for (int i = 0; i < 2; i++) {
        const int at = r->active == 1 ? !i : i;
        const struct bm_ota_record *record = &r->data.record[at];
        if (record->crc_ok && named(r, at) == slot) {
            return record;
        }
    }
    return NULL;
}

esp_err_t esp_ota_get_state_partition(const esp_partition_t *partition,
                                      esp_ota_img_states_t *ota_state)
{
    struct records r;
    if (partition == NULL || ota_state == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    if (partition->type != ESP_PARTITION_TYPE_APP ||
        partition->subtype < ESP_PARTITION_SUBTYPE_APP_OTA_MIN ||
        partition->subtype >= ESP_PARTITION_SUBTYPE_APP_OTA_MAX) {
        return ESP_ERR_NOT_SUPPORTED;
    }
    bmi_api_lock();
    const struct bm_ota_record *record = NULL;
    if (read_records(&r) == BM_OK && r.slots > 0) {
        const struct bm_part *slot = bmi_chip_row(partition);
        record = slot != NULL ? record_of(&r, slot) : NULL;
    }
    if (record != NULL) {
        *ota_state = (esp_ota_img_states_t)(int32_t)record->state;
    }
    bmi_api_unlock();
    return record != NULL ? ESP_OK : ESP_ERR_NOT_FOUND;
}

/* The app that runs is good: the eFuses may forbid all that are older. */
static esp_err_t raise_secure_version(struct bmi_chip *chip)
{
    esp_app_desc_t desc;
    if (chip->config.secure_version == NULL) {
        return ESP_OK;
    }
    const esp_err_t err = bmi_chip_desc(chip, chip->running, &desc);
    if (err == ESP_OK && desc.secure_version > *chip->config.secure_version) {
        *chip->config.secure_version = desc.secure_version;
    }
    return err;
}

static esp_err_t mark_valid(struct records *r)
{
    if (r->active < 0) {
        return ESP_FAIL; /* the factory app runs */
    }
    if (named(r, r->active) != r->chip->running ||
        r->data.record[r->active].state == BM_OTA_VALID) {
        return ESP_OK;
    }
    const int rc = bm_otadata_set_state(&r->flash, BM_OTA_VALID);
    r->chip->left_trial &= rc != BM_OK;
    return rc == BM_OK ? raise_secure_version(r->chip) : bmi_chip_err(rc);
}

esp_err_t esp_ota_mark_app_valid_cancel_rollback(void)
{
    struct records r;
    bmi_api_lock();
    const int rc = read_records(&r);
    const esp_err_t err = rc == BM_OK ? mark_valid(&r) : bmi_chip_err(rc);
    bmi_api_unlock();
    return err;
}

/* The app that would boot if the record that is followed were rejected, if it is good. */
static int can_roll_back(const struct records *r)
{
    esp_app_desc_t desc;
    if (r->active < 0) {
        return 0;
    }
    const int other = !r->active;
    const uint32_t *fuses = r->chip->config.secure_version;
    if (!bm_ota_record_usable(&r->data.record[other])) {
        const struct bm_part *factory = app(r->chip, BM_PART_APP_FACTORY);
        return fuses == NULL && factory != NULL && bmi_chip_image(r->chip, factory, NULL) == BM_OK;
    }
    const struct bm_part *slot = named(r, other);
    if (slot == NULL || bmi_chip_image(r->chip, slot, NULL) != BM_OK) {
        return 0;
    }
    return fuses == NULL ||
           (bmi_chip_desc(r->chip, slot, &desc) == ESP_OK && desc.secure_version >= *fuses);
}

bool esp_ota_check_rollback_is_possible(void)
{
    struct records r;
    bmi_api_lock();
    const int possible = read_records(&r) == BM_OK && can_roll_back(&r);
    bmi_api_unlock();
    return possible;
}

static esp_err_t mark_invalid(struct records *r)
{
    if (r->active < 0) {
        return ESP_FAIL;
    }
    return can_roll_back(r) ? bmi_chip_err(bm_otadata_set_state(&r->flash, BM_OTA_INVALID))
                            : ESP_ERR_OTA_ROLLBACK_FAILED;
}

esp_err_t esp_ota_mark_app_invalid_rollback(void)
{
    struct records r;
    bmi_api_lock();
    const int rc = read_records(&r);
    const esp_err_t err = rc == BM_OK ? mark_invalid(&r) : bmi_chip_err(rc);
    bmi_api_unlock();
    return err;
}

esp_err_t esp_ota_mark_app_invalid_rollback_and_reboot(void)
{
    const esp_err_t err = esp_ota_mark_app_invalid_rollback();
    if (err == ESP_OK) {
        esp_restart();
    }
    return err;
}

static int is_rejected(const struct bm_ota_record *record)
{
    return record->crc_ok && record->seq != UINT32_MAX &&
           (record->state == BM_OTA_INVALID || record->state == BM_OTA_ABORTED);
}

/* The rejected record; of two the one with the lower number, as ESP-IDF has it; -1: none. */
static int last_rejected(const struct records *r)
{
    const struct bm_ota_record *record = r->data.record;
    const int first = is_rejected(&record[0]);
    const int second = is_rejected(&record[1]);
    if (first && second) {
        return record[1].seq < record[0].seq;
    }
    return first ? 0 : second ? 1 : -1;
}

const esp_partition_t *esp_ota_get_last_invalid_partition(void)
{
    struct records r;
    const struct bm_part *found = NULL;
    bmi_api_lock();
    if (read_records(&r) == BM_OK && r.slots > 0 && last_rejected(&r) >= 0) {
        found = named(&r, last_rejected(&r));
        if (found != NULL && bmi_chip_image(r.chip, found, NULL) != BM_OK) {
            found = NULL;
        }
    }
    const esp_partition_t *info = bmi_chip_info(found);
    bmi_api_unlock();
    return info;
}

/* erases: the slot, too. The record goes first: it must not name a slot without an app. What an app
 * on trial would be rolled back to stays. */
static esp_err_t forget_last(int erases)
{
    struct records r;
    if (read_records(&r) != BM_OK || r.active < 0 || !r.data.record[!r.active].crc_ok) {
        return ESP_FAIL;
    }
    const struct bm_part *slot = named(&r, !r.active);
    const struct bm_flash *flash = r.chip->config.flash;
    const int on_trial =
        r.chip->config.rollback && r.data.record[r.active].state <= BM_OTA_PENDING_VERIFY;
    if (slot == NULL || slot == r.chip->running || r.chip->running == NULL ||
        slot == named(&r, r.active) || on_trial) {
        return ESP_FAIL;
    }
    int rc = erases && (flash->ops->erase == NULL || (slot->flags & BM_PART_READONLY) != 0)
                 ? BM_E_READONLY
                 : bm_update_forget(flash, &r.chip->table, slot);
    if (rc == BM_OK && erases) {
        rc = flash->ops->erase(flash->ctx, slot->offset, slot->size);
    }
    return bmi_chip_err(rc);
}

esp_err_t esp_ota_erase_last_boot_app_partition(void)
{
    bmi_api_lock();
    const esp_err_t err = forget_last(1);
    bmi_api_unlock();
    return err;
}

esp_err_t esp_ota_invalidate_inactive_ota_data_slot(void)
{
    bmi_api_lock();
    const esp_err_t err = forget_last(0);
    bmi_api_unlock();
    return err;
}
