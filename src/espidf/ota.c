/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "birthmark/update.h"
#include "espidf/chip.h"

/* Updates in progress. */
struct session {
    struct session *next;
    esp_ota_handle_t handle;
    const struct bm_part *target;
    int sealed; /* may write no more */
    struct bm_update update;
};

static struct session *sessions;
static esp_ota_handle_t last_handle;

static struct session *find(esp_ota_handle_t handle)
{
    struct session *s = sessions;
    while (s != NULL && s->handle != handle) {
        s = s->next;
    }
    return s;
}

static void drop(struct session *s)
{
    struct session **at = &sessions;
    while (*at != s) {
        at = &(*at)->next;
    }
    *at = s->next;
    bm_update_abort(&s->update);
    free(s);
}

void bmi_sessions_end(void)
{
    while (sessions != NULL) {
        drop(sessions);
    }
}

void bmi_sessions_seal(const struct bm_part *target)
{
    for (struct session *s = sessions; s != NULL; s = s->next) {
        s->sealed |= s->target == target;
    }
}

static int is_slot(const struct bm_part *row)
{
    return row->type == BM_PART_APP && row->subtype >= BM_PART_APP_OTA_0 &&
           row->subtype < BM_PART_APP_OTA_0 + BM_OTA_SLOTS_MAX;
}

static esp_err_t begin_err(int rc, const struct bm_part *target)
{
    /* Why it must not be written: the partition, or that the app that runs may be rolled back. */
    const int locked = (target->flags & BM_PART_READONLY) != 0;
    return rc == BM_E_READONLY && !locked ? ESP_ERR_OTA_ROLLBACK_INVALID_STATE : bmi_chip_err(rc);
}

static esp_err_t open_session(struct bmi_chip *chip, const struct bm_part *target, uint32_t size,
                              uint32_t offset, esp_ota_handle_t *out)
{
    const struct bm_update_config config = {
        .chip = chip->config.flash,
        .table = &chip->table,
        .running = chip->running,
        .target = target,
        .size = size,
        .offset = offset,
        .unit = chip->config.encrypted ? 16 : 0,
        .rollback = chip->config.rollback,
    };
    const struct bm_flash_ops *ops = chip->config.flash->ops;
    if (ops->prog == NULL || ops->erase == NULL) {
        return ESP_ERR_NOT_ALLOWED;
    }
    struct session *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return ESP_ERR_NO_MEM;
    }
    const int rc = bm_update_begin(&s->update, &config, NULL);
    if (rc != BM_OK) {
        free(s);
        return begin_err(rc, target);
    }
    bmi_sessions_seal(target);
    s->handle = ++last_handle;
    s->target = target;
    s->next = sessions;
    sessions = s;
    *out = s->handle;
    return ESP_OK;
}

static esp_err_t start(const esp_partition_t *partition, uint32_t size, uint32_t offset,
                       esp_ota_handle_t *out)
{
    struct bmi_chip *chip = bmi_chip();
    const struct bm_part *target = chip != NULL ? bmi_chip_row(partition) : NULL;
    if (target == NULL) {
        return ESP_ERR_NOT_FOUND;
    }
    if (!is_slot(target)) {
        return ESP_ERR_INVALID_ARG;
    }
    if (target == chip->running) {
        return ESP_ERR_OTA_PARTITION_CONFLICT;
    }
    return chip->left_trial ? ESP_ERR_OTA_ROLLBACK_INVALID_STATE
                            : open_session(chip, target, size, offset, out);
}

/* A size that bm_update_begin() refuses as too large, where it has more than 32 bits. */
static uint32_t narrow(size_t size)
{
    return size <= UINT32_MAX ? (uint32_t)size : OTA_WITH_SEQUENTIAL_WRITES - 1;
}

esp_err_t esp_ota_begin(const esp_partition_t *partition, size_t image_size,
                        esp_ota_handle_t *out_handle)
{
    if (partition == NULL || out_handle == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    bmi_api_lock();
    const esp_err_t err = start(partition, narrow(image_size), 0, out_handle);
    bmi_api_unlock();
    return err;
}

esp_err_t esp_ota_resume(const esp_partition_t *partition, size_t erase_size, size_t image_offset,
                         esp_ota_handle_t *out_handle)
{
    if (partition == NULL || out_handle == NULL || image_offset > partition->size) {
        return ESP_ERR_INVALID_ARG;
    }
    /* From the start there is nothing to rely on: not even that the slot was erased. */
    const uint32_t size =
        erase_size == OTA_WITH_SEQUENTIAL_WRITES ? OTA_WITH_SEQUENTIAL_WRITES : OTA_SIZE_UNKNOWN;
    bmi_api_lock();
    const esp_err_t err = start(partition, size, (uint32_t)image_offset, out_handle);
    bmi_api_unlock();
    return err;
}

static esp_err_t write_err(int rc)
{
    return rc == BM_E_CORRUPT ? ESP_ERR_OTA_VALIDATE_FAILED : bmi_chip_err(rc);
}

esp_err_t esp_ota_write(esp_ota_handle_t handle, const void *data, size_t size)
{
    esp_err_t err = ESP_ERR_INVALID_ARG;
    if (data == NULL) {
        return err;
    }
    if (size == 0) {
        return ESP_OK; /* whatever the handle is */
    }
    bmi_api_lock();
    struct session *s = find(handle);
    if (s != NULL) {
        err =
            s->sealed ? ESP_ERR_INVALID_STATE : write_err(bm_update_write(&s->update, data, size));
    }
    bmi_api_unlock();
    return err;
}

esp_err_t esp_ota_write_with_offset(esp_ota_handle_t handle, const void *data, size_t size,
                                    uint32_t offset)
{
    esp_err_t err = ESP_ERR_INVALID_ARG;
    if (data == NULL) {
        return err;
    }
    bmi_api_lock();
    struct session *s = find(handle);
    if (s != NULL) {
        err = s->update.sequential || s->sealed
                  ? ESP_ERR_INVALID_STATE
                  : write_err(bm_update_write_at(&s->update, offset, data, size));
    }
    bmi_api_unlock();
    return err;
}

static esp_err_t finish(struct bmi_chip *chip, struct session *s)
{
    struct bm_app app;
    const struct bm_update_check check = {
        .sha256 = chip->config.sha256,
        .chip = chip->config.chip_id,
        .buf = chip->buf,
        .buf_len = sizeof chip->buf,
    };
    const int rest = s->update.held > 0;
    const uint32_t end = s->update.end;
    if (s->sealed && rest) {
        return ESP_ERR_INVALID_STATE;
    }
    const int rc = bm_update_end(&s->update, &check, &app, NULL);
    if (rc == BM_OK) {
        return ESP_OK;
    }
    if (rc == BM_E_ARG && end == 0 && !rest) {
        return ESP_ERR_INVALID_ARG; /* nothing was written */
    }
    return rc == BM_E_IO && rest && s->update.end == end ? ESP_ERR_INVALID_STATE
                                                         : ESP_ERR_OTA_VALIDATE_FAILED;
}

esp_err_t esp_ota_end(esp_ota_handle_t handle)
{
    esp_err_t err = ESP_ERR_NOT_FOUND;
    bmi_api_lock();
    struct session *s = find(handle);
    if (s != NULL) {
        err = finish(bmi_chip(), s);
        drop(s);
    }
    bmi_api_unlock();
    return err;
}

esp_err_t esp_ota_abort(esp_ota_handle_t handle)
{
    esp_err_t err = ESP_ERR_NOT_FOUND;
    bmi_api_lock();
    struct session *s = find(handle);
    if (s != NULL) {
        drop(s);
        err = ESP_OK;
    }
    bmi_api_unlock();
    return err;
}
