/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <threads.h>

#include "espidf/registry.h"

static once_flag once = ONCE_FLAG_INIT;
static mtx_t lock;
static struct bmi_part *parts;
static uint32_t last_serial;

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

struct bmi_part *bmi_part_nvs(const char *label)
{
    struct bmi_part *part = bmi_part_find(label);
    /* What did not come from a table is what its user says. */
    const int fits = part != NULL &&
                     (part->row == NULL || (part->info.type == ESP_PARTITION_TYPE_DATA &&
                                            part->info.subtype == ESP_PARTITION_SUBTYPE_DATA_NVS));
    return fits ? part : NULL;
}

struct bmi_part *bmi_part_search(uint32_t behind, esp_partition_type_t type,
                                 esp_partition_subtype_t subtype, const char *label)
{
    for (struct bmi_part *part = parts; part != NULL; part = part->next) {
        const esp_partition_t *info = &part->info;
        if (part->serial > behind && (type == ESP_PARTITION_TYPE_ANY || type == info->type) &&
            (subtype == ESP_PARTITION_SUBTYPE_ANY || subtype == info->subtype) &&
            (label == NULL || strcmp(label, info->label) == 0) && !part->transient) {
            return part;
        }
    }
    return NULL;
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

/* What esp_partition_find_first() shows of a partition. */
static void describe(struct bmi_part *part)
{
    static const char keys[] = "nvs_key";
    esp_partition_t *info = &part->info;
    info->flash_chip = &part->flash;
    info->type = ESP_PARTITION_TYPE_DATA;
    info->subtype = strncmp(part->label, keys, sizeof keys - 1) == 0
                        ? ESP_PARTITION_SUBTYPE_DATA_NVS_KEYS
                        : ESP_PARTITION_SUBTYPE_DATA_NVS;
    info->size = part->flash.size;
    info->erase_size = part->flash.erase_size;
    memcpy(info->label, part->label, sizeof info->label);
    info->readonly = !bmi_region_writable(info);
}

struct bmi_part *bmi_part_add(const char *label, const struct bm_flash *flash)
{
    struct bmi_part *part = calloc(1, sizeof *part);
    if (part != NULL) {
        struct bmi_part **end = &parts;
        memcpy(part->label, label, strlen(label) + 1);
        part->flash = *flash;
        part->serial = ++last_serial;
        describe(part);
        while (*end != NULL) { /* in order of attaching: "the first" means that */
            end = &(*end)->next;
        }
        *end = part;
    }
    return part;
}

void bmi_part_drop(struct bmi_part *part)
{
    struct bmi_part **at = &parts;
    while (*at != part) {
        at = &(*at)->next;
    }
    *at = part->next;
    bm_flash_file_close(&part->file);
    free(part);
}

static int label_ok(const char *label)
{
    return label != NULL && label[0] != '\0' && strlen(label) < NVS_PART_NAME_MAX_SIZE;
}

/* A region, and the file that it may be. */
static int attach(const char *label, const struct bm_flash *flash, const struct bm_flash_file *file)
{
    if (bmi_part_find(label) != NULL) {
        return BM_E_EXIST;
    }
    struct bmi_part *part = bmi_part_add(label, flash);
    if (part == NULL) {
        return BM_E_NOMEM;
    }
    if (file != NULL) {
        part->file = *file;
        part->flash.ctx = &part->file;
    }
    return BM_OK;
}

static int attach_file(const char *label, const char *image,
                       int (*open)(struct bm_flash *out, struct bm_flash_file *file,
                                   const char *path))
{
    struct bm_flash flash;
    struct bm_flash_file file;
    if (!label_ok(label) || image == NULL) {
        return BM_E_ARG;
    }
    int rc = open(&flash, &file, image);
    if (rc == BM_OK) {
        bmi_api_lock();
        rc = attach(label, &flash, &file);
        bmi_api_unlock();
        if (rc != BM_OK) {
            bm_flash_file_close(&file);
        }
    }
    return rc;
}

int bm_espidf_attach(const char *label, const char *image)
{
    return attach_file(label, image, bm_flash_file_open_rw);
}

int bm_espidf_attach_readonly(const char *label, const char *image)
{
    return attach_file(label, image, bm_flash_file_open);
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
    struct bmi_part *part = label != NULL ? bmi_part_find(label) : NULL;
    if (part != NULL && part->row == NULL) {
        part->transient = 1;
        bmi_part_unmount(part);
        rc = BM_OK;
    }
    bmi_api_unlock();
    return rc;
}
