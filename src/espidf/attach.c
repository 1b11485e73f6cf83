/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <threads.h>

#include "base/base.h"
#include "espidf/registry.h"
#include "nvs_flash.h"

static once_flag once = ONCE_FLAG_INIT;
static mtx_t lock;
static struct bmi_part *parts;

static void make_lock(void)
{
    (void)mtx_init(&lock, mtx_plain);
}

void bmi_api_lock(void)
{
    call_once(&once, make_lock);
    (void)mtx_lock(&lock);
}

void bmi_api_unlock(void)
{
    (void)mtx_unlock(&lock);
}

struct bmi_part *bmi_part_find(const char *label)
{
    struct bmi_part *part = parts;
    while (part != NULL && strcmp(part->label, label) != 0) {
        part = part->next;
    }
    return part;
}

struct bmi_part *bmi_part_mounted(const char *label)
{
    struct bmi_part *part = bmi_part_find(label);
    return part != NULL && part->work != NULL ? part : NULL;
}

esp_err_t bmi_part_missing(void)
{
    for (const struct bmi_part *part = parts; part != NULL; part = part->next) {
        if (part->work != NULL) {
            return ESP_ERR_NVS_PART_NOT_FOUND;
        }
    }
    return ESP_ERR_NVS_NOT_INITIALIZED;
}

static void unmount(struct bmi_part *part)
{
    bmi_handles_close(part);
    bm_nvs_unmount(&part->nvs);
    free(part->work);
    part->work = NULL;
}

/* Takes a region, or opens a file where flash is NULL. */
static int attach(const char *label, const struct bm_flash *flash, const char *image)
{
    if (bmi_part_find(label) != NULL) {
        return BM_E_EXIST;
    }
    struct bmi_part *part = calloc(1, sizeof *part);
    int rc = BM_OK;
    if (part == NULL) {
        return BM_E_NOMEM;
    }
    memcpy(part->label, label, strlen(label) + 1);
    if (flash != NULL) {
        part->flash = *flash;
    } else {
        rc = bm_flash_file_open(&part->flash, &part->file, image);
    }
    if (rc != BM_OK) {
        free(part);
        return rc;
    }
    part->next = parts;
    parts = part;
    return BM_OK;
}

static int label_ok(const char *label)
{
    return label != NULL && label[0] != '\0' && strlen(label) < NVS_PART_NAME_MAX_SIZE;
}

int bm_espidf_attach(const char *label, const char *image)
{
    if (!label_ok(label) || image == NULL) {
        return BM_E_ARG;
    }
    bmi_api_lock();
    const int rc = attach(label, NULL, image);
    bmi_api_unlock();
    return rc;
}

int bm_espidf_attach_flash(const char *label, const struct bm_flash *flash)
{
    if (!label_ok(label) || flash == NULL) {
        return BM_E_ARG;
    }
    bmi_api_lock();
    const int rc = attach(label, flash, NULL);
    bmi_api_unlock();
    return rc;
}

int bm_espidf_detach(const char *label)
{
    int rc = BM_E_NOENT;
    bmi_api_lock();
    for (struct bmi_part **at = &parts; label != NULL && *at != NULL; at = &(*at)->next) {
        struct bmi_part *part = *at;
        if (strcmp(part->label, label) == 0) {
            *at = part->next;
            unmount(part);
            bm_flash_file_close(&part->file);
            free(part);
            rc = BM_OK;
            break;
        }
    }
    bmi_api_unlock();
    return rc;
}

static esp_err_t mount(struct bmi_part *part)
{
    const uint32_t size = part->flash.size;
    /* An index for every entry: on the host memory is cheaper than searching. */
    const size_t len = bm_nvs_work_size(&part->flash, size / 32);
    void *work = malloc(len);
    if (work == NULL) {
        return ESP_ERR_NO_MEM;
    }
    const int rc = bm_nvs_mount(&part->nvs, &part->flash, work, len, NULL);
    if (rc != BM_OK) {
        free(work);
        return rc == BM_E_ARG ? ESP_ERR_INVALID_SIZE : bmi_esp_err(rc);
    }
    part->work = work;
    part->mounts++;
    return ESP_OK;
}

esp_err_t nvs_flash_init_partition(const char *partition_label)
{
    esp_err_t err = ESP_OK;
    if (partition_label == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    bmi_api_lock();
    struct bmi_part *part = bmi_part_find(partition_label);
    if (part == NULL) {
        err = ESP_ERR_NOT_FOUND;
    } else if (part->work == NULL) {
        err = mount(part);
    }
    bmi_api_unlock();
    return err;
}

esp_err_t nvs_flash_deinit_partition(const char *partition_label)
{
    esp_err_t err = ESP_ERR_NVS_NOT_INITIALIZED;
    if (partition_label == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    bmi_api_lock();
    struct bmi_part *part = bmi_part_mounted(partition_label);
    if (part != NULL) {
        unmount(part);
        err = ESP_OK;
    }
    bmi_api_unlock();
    return err;
}

esp_err_t nvs_flash_init(void)
{
    return nvs_flash_init_partition(NVS_DEFAULT_PART_NAME);
}

esp_err_t nvs_flash_deinit(void)
{
    return nvs_flash_deinit_partition(NVS_DEFAULT_PART_NAME);
}
