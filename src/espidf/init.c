/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "espidf/registry.h"
#include "nvs/fmt.h"
#include "nvs_sec_provider.h"

void bmi_part_unmount(struct bmi_part *part)
{
    bmi_handles_close(part);
    bm_nvs_unmount(&part->nvs);
    if (part->crypto != NULL) {
        part->crypto->close(&part->cipher);
        part->crypto = NULL;
    }
    free(part->work);
    part->work = NULL;
    if (part->transient) {
        bmi_part_drop(part);
    }
}

/* 1 if any page is of a format that we know. */
static int has_known_page(const struct bm_flash *flash)
{
    for (uint32_t off = 0; off < flash->size; off += BMI_PAGE_SIZE) {
        uint8_t raw[BMI_ENTRY_SIZE];
        struct bmi_header h;
        if (flash->ops->read(flash->ctx, off, raw, sizeof raw) != BM_OK) {
            return 0;
        }
        bmi_header_get(raw, &h);
        if (h.crc_ok && h.version >= BMI_VERSION_2) {
            return 1;
        }
    }
    return 0;
}

/* Programs erase at NEW_VERSION_FOUND, so it is not said while there is anything to lose. */
static esp_err_t mount_err(const struct bm_flash *flash, int rc)
{
    switch (rc) {
    case BM_E_ARG: return ESP_ERR_INVALID_SIZE;
    case BM_E_VERSION:
        return has_known_page(flash) ? ESP_ERR_INVALID_VERSION : ESP_ERR_NVS_NEW_VERSION_FOUND;
    default: return bmi_esp_err(rc);
    }
}

/* Makes the partition's cipher; without keys there is none. */
static esp_err_t open_cipher(struct bmi_part *part, const nvs_sec_cfg_t *cfg)
{
    uint8_t keys[BM_NVS_KEYS_SIZE];
    const struct bm_nvs_crypto_ops *crypto = bmi_crypto();
    if (cfg == NULL) {
        return ESP_OK;
    }
    if (crypto == NULL) {
        return ESP_ERR_NVS_ENCR_NOT_SUPPORTED;
    }
    memcpy(keys, cfg->eky, NVS_KEY_SIZE);
    memcpy(keys + NVS_KEY_SIZE, cfg->tky, NVS_KEY_SIZE);
    const int rc = crypto->open(&part->cipher, keys);
    bm_wipe(keys, sizeof keys);
    if (rc != BM_OK) {
        return rc == BM_E_ARG ? ESP_ERR_NVS_XTS_CFG_FAILED : bmi_esp_err(rc);
    }
    part->crypto = crypto;
    return ESP_OK;
}

static esp_err_t mount_store(struct bmi_part *part)
{
    /* An index for every entry: on the host memory is cheaper than searching. */
    const size_t len = bm_nvs_work_size(&part->flash, part->flash.size / BMI_ENTRY_SIZE);
    struct bm_nvs_config config = {0};
    part->work = malloc(len > 0 ? len : 1);
    if (part->work == NULL) {
        return ESP_ERR_NO_MEM;
    }
    config.flash = &part->flash;
    config.work = part->work;
    config.work_len = len;
    config.writable = bmi_region_writable(&part->info);
    config.crypto = part->crypto != NULL ? &part->cipher : NULL;
    return mount_err(&part->flash, bm_nvs_mount_with(&part->nvs, &config, NULL));
}

static uint32_t mounts_ever; /* no two mounts have one number, whatever partition they were of */

static esp_err_t mount(struct bmi_part *part, const nvs_sec_cfg_t *cfg)
{
    if (part->work != NULL) {
        return ESP_OK;
    }
    esp_err_t err = open_cipher(part, cfg);
    if (err == ESP_OK) {
        err = mount_store(part);
    }
    if (err != ESP_OK) {
        bmi_part_unmount(part);
        return err;
    }
    part->mounts = ++mounts_ever;
    return ESP_OK;
}

esp_err_t nvs_flash_secure_init_partition(const char *partition_label, nvs_sec_cfg_t *cfg)
{
    if (partition_label == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    bmi_api_lock();
    struct bmi_part *part = bmi_part_nvs(partition_label);
    const esp_err_t err = part == NULL ? ESP_ERR_NOT_FOUND : mount(part, cfg);
    bmi_api_unlock();
    return err;
}

esp_err_t nvs_flash_secure_init(nvs_sec_cfg_t *cfg)
{
    return nvs_flash_secure_init_partition(NVS_DEFAULT_PART_NAME, cfg);
}

esp_err_t nvs_flash_init_partition(const char *partition_label)
{
    return nvs_flash_secure_init_partition(partition_label, NULL);
}

/* As on a device: keys that are not there yet are made at the first start. */
static esp_err_t scheme_keys(nvs_sec_scheme_t *scheme, nvs_sec_cfg_t *cfg)
{
    esp_err_t err = nvs_flash_read_security_cfg_v2(scheme, cfg);
    if (err == ESP_ERR_NVS_KEYS_NOT_INITIALIZED || err == ESP_ERR_NVS_SEC_HMAC_KEY_NOT_FOUND) {
        err = nvs_flash_generate_keys_v2(scheme, cfg);
    }
    return err;
}

esp_err_t nvs_flash_init(void)
{
    nvs_sec_scheme_t *scheme = nvs_flash_get_default_security_scheme();
    nvs_sec_cfg_t cfg = {{0}, {0}};
    if (scheme == NULL) {
        return nvs_flash_secure_init(NULL);
    }
    esp_err_t err = scheme_keys(scheme, &cfg);
    if (err == ESP_OK) {
        err = nvs_flash_secure_init(&cfg);
    }
    bm_wipe(&cfg, sizeof cfg);
    return err;
}

static int label_ok(const char *label)
{
    return label[0] != '\0' && memchr(label, '\0', NVS_PART_NAME_MAX_SIZE) != NULL;
}

/* Another partition than this one has its label. */
static int is_other(const esp_partition_t *a, const esp_partition_t *b)
{
    return a->flash_chip != b->flash_chip || a->address != b->address || a->size != b->size;
}

static esp_err_t mount_pointer(const esp_partition_t *partition)
{
    struct bmi_part *part = bmi_part_find(partition->label);
    if (part != NULL) {
        return is_other(&part->info, partition) ? ESP_ERR_INVALID_ARG : mount(part, NULL);
    }
    part = bmi_part_add(partition->label, partition->flash_chip);
    if (part == NULL) {
        return ESP_ERR_NO_MEM;
    }
    part->transient = 1;
    part->chip = partition->flash_chip;
    part->info = *partition;
    bmi_region_open(part);
    return mount(part, NULL);
}

esp_err_t nvs_flash_init_partition_ptr(const esp_partition_t *partition)
{
    if (!bmi_region_sound(partition) || !label_ok(partition->label)) {
        return ESP_ERR_INVALID_ARG;
    }
    bmi_api_lock();
    const esp_err_t err = mount_pointer(partition);
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
        bmi_part_unmount(part);
        err = ESP_OK;
    }
    bmi_api_unlock();
    return err;
}

esp_err_t nvs_flash_deinit(void)
{
    return nvs_flash_deinit_partition(NVS_DEFAULT_PART_NAME);
}

static void deinit_if_mounted(const char *label)
{
    struct bmi_part *part = bmi_part_mounted(label);
    if (part != NULL) {
        bmi_part_unmount(part);
    }
}

esp_err_t nvs_flash_erase_partition(const char *part_name)
{
    if (part_name == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    bmi_api_lock();
    esp_err_t err = ESP_ERR_NOT_FOUND;
    const struct bmi_part *part = bmi_part_nvs(part_name);
    if (part != NULL) {
        const esp_partition_t info = part->info; /* deinitialising may forget the partition */
        deinit_if_mounted(part_name);
        err = bmi_region_erase(&info);
    }
    bmi_api_unlock();
    return err;
}

esp_err_t nvs_flash_erase_partition_ptr(const esp_partition_t *partition)
{
    if (!bmi_region_sound(partition)) {
        return ESP_ERR_INVALID_ARG;
    }
    bmi_api_lock();
    deinit_if_mounted(partition->label);
    const esp_err_t err = bmi_region_erase(partition);
    bmi_api_unlock();
    return err;
}

esp_err_t nvs_flash_erase(void)
{
    return nvs_flash_erase_partition(NVS_DEFAULT_PART_NAME);
}
