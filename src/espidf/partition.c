/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "espidf/chip.h"

enum { CIPHER_BLOCK = 16 };

struct esp_partition_iterator_opaque_ {
    esp_partition_type_t type;
    esp_partition_subtype_t subtype;
    const char *label;
    uint32_t serial; /* of where it stands: that one may go away meanwhile */
    const esp_partition_t *info;
};

static int is_question(esp_partition_type_t type, esp_partition_subtype_t subtype)
{
    return type != ESP_PARTITION_TYPE_ANY || subtype == ESP_PARTITION_SUBTYPE_ANY;
}

const esp_partition_t *esp_partition_find_first(esp_partition_type_t type,
                                                esp_partition_subtype_t subtype, const char *label)
{
    bmi_api_lock();
    const struct bmi_part *part =
        is_question(type, subtype) ? bmi_part_search(0, type, subtype, label) : NULL;
    const esp_partition_t *found = part != NULL ? &part->info : NULL;
    bmi_api_unlock();
    return found;
}

esp_partition_iterator_t esp_partition_find(esp_partition_type_t type,
                                            esp_partition_subtype_t subtype, const char *label)
{
    esp_partition_iterator_t it = is_question(type, subtype) ? calloc(1, sizeof *it) : NULL;
    if (it == NULL) {
        return NULL;
    }
    it->type = type;
    it->subtype = subtype;
    it->label = label;
    return esp_partition_next(it);
}

esp_partition_iterator_t esp_partition_next(esp_partition_iterator_t iterator)
{
    if (iterator == NULL) {
        return NULL;
    }
    bmi_api_lock();
    const struct bmi_part *part =
        bmi_part_search(iterator->serial, iterator->type, iterator->subtype, iterator->label);
    if (part != NULL) {
        iterator->serial = part->serial;
        iterator->info = &part->info;
    }
    bmi_api_unlock();
    if (part == NULL) {
        esp_partition_iterator_release(iterator);
        return NULL;
    }
    return iterator;
}

const esp_partition_t *esp_partition_get(esp_partition_iterator_t iterator)
{
    return iterator != NULL ? iterator->info : NULL;
}

void esp_partition_iterator_release(esp_partition_iterator_t iterator)
{
    free(iterator);
}

struct bmi_part *bmi_partition_verify(const esp_partition_t *p)
{
    const char *label = p->label[0] != '\0' ? p->label : NULL;
    if (memchr(p->label, '\0', sizeof p->label) == NULL || !is_question(p->type, p->subtype)) {
        return NULL;
    }
    struct bmi_part *part = bmi_part_search(0, p->type, p->subtype, label);
    while (part != NULL &&
           (part->info.flash_chip != p->flash_chip || part->info.address != p->address ||
            part->info.size != p->size || part->info.encrypted != p->encrypted)) {
        part = bmi_part_search(part->serial, p->type, p->subtype, label);
    }
    return part;
}

const esp_partition_t *esp_partition_verify(const esp_partition_t *partition)
{
    if (partition == NULL) {
        return NULL;
    }
    bmi_api_lock();
    const struct bmi_part *part = bmi_partition_verify(partition);
    const esp_partition_t *found = part != NULL ? &part->info : NULL;
    bmi_api_unlock();
    return found;
}

/* Whether a stretch lies within a partition that lies within its flash. */
static esp_err_t check_range(const esp_partition_t *partition, size_t off, size_t size)
{
    if (!bmi_region_sound(partition) || off > partition->size) {
        return ESP_ERR_INVALID_ARG;
    }
    return size > partition->size - off ? ESP_ERR_INVALID_SIZE : ESP_OK;
}

esp_err_t esp_partition_read(const esp_partition_t *partition, size_t src_offset, void *dst,
                             size_t size)
{
    esp_err_t err = dst == NULL ? ESP_ERR_INVALID_ARG : check_range(partition, src_offset, size);
    if (err != ESP_OK) {
        return err;
    }
    const struct bm_flash *flash = partition->flash_chip;
    bmi_api_lock();
    err = bmi_chip_err(flash->ops->read(flash->ctx, partition->address + (uint32_t)src_offset, dst,
                                        (uint32_t)size));
    bmi_api_unlock();
    return err;
}

static esp_err_t check_write(const esp_partition_t *partition, size_t off, size_t size, size_t unit)
{
    if (partition == NULL || partition->flash_chip == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    if (!bmi_region_writable(partition)) {
        return ESP_ERR_NOT_ALLOWED;
    }
    const esp_err_t err = check_range(partition, off, size);
    if (err != ESP_OK) {
        return err;
    }
    if (size % unit != 0) {
        return ESP_ERR_INVALID_SIZE;
    }
    return off % unit != 0 ? ESP_ERR_INVALID_ARG : ESP_OK;
}

esp_err_t esp_partition_write(const esp_partition_t *partition, size_t dst_offset, const void *src,
                              size_t size)
{
    const size_t unit = partition != NULL && partition->encrypted ? CIPHER_BLOCK : 1;
    esp_err_t err =
        src == NULL ? ESP_ERR_INVALID_ARG : check_write(partition, dst_offset, size, unit);
    if (err != ESP_OK || size == 0) {
        return err;
    }
    const struct bm_flash *flash = partition->flash_chip;
    bmi_api_lock();
    err = bmi_chip_err(flash->ops->prog(flash->ctx, partition->address + (uint32_t)dst_offset, src,
                                        (uint32_t)size));
    bmi_api_unlock();
    return err;
}

esp_err_t esp_partition_read_raw(const esp_partition_t *partition, size_t src_offset, void *dst,
                                 size_t size)
{
    return esp_partition_read(partition, src_offset, dst, size);
}

esp_err_t esp_partition_write_raw(const esp_partition_t *partition, size_t dst_offset,
                                  const void *src, size_t size)
{
    return esp_partition_write(partition, dst_offset, src, size);
}

esp_err_t esp_partition_erase_range(const esp_partition_t *partition, size_t offset, size_t size)
{
    if (partition == NULL || partition->flash_chip == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    const struct bm_flash *flash = partition->flash_chip;
    const size_t unit = flash->erase_size != 0 ? flash->erase_size : 1;
    esp_err_t err = check_write(partition, offset, size, unit);
    if (err != ESP_OK || size == 0) {
        return err;
    }
    bmi_api_lock();
    err = bmi_chip_err(
        flash->ops->erase(flash->ctx, partition->address + (uint32_t)offset, (uint32_t)size));
    bmi_api_unlock();
    return err;
}

/* SHA-256 of a stretch of flash. */
static esp_err_t hash_range(struct bmi_chip *chip, const struct bm_flash *flash, uint32_t off,
                            uint32_t len, uint8_t *out)
{
    const struct bm_hash *h = chip->config.sha256;
    int rc = h->start(h->ctx);
    while (rc == BM_OK && len > 0) {
        const uint32_t n = len < sizeof chip->buf ? len : (uint32_t)sizeof chip->buf;
        rc = flash->ops->read(flash->ctx, off, chip->buf, n);
        rc = rc == BM_OK ? h->add(h->ctx, chip->buf, n) : rc;
        off += n;
        len -= n;
    }
    return bmi_chip_err(rc == BM_OK ? h->finish(h->ctx, out) : rc);
}

static esp_err_t hash_partition(struct bmi_chip *chip, const esp_partition_t *p, uint8_t *out)
{
    struct bm_app app;
    if (p->type != ESP_PARTITION_TYPE_APP) {
        return hash_range(chip, p->flash_chip, p->address, p->size, out);
    }
    const int rc = bm_app_verify(&app, p->flash_chip, p->address, p->size, chip->config.sha256,
                                 chip->buf, sizeof chip->buf, NULL);
    if (rc != BM_OK) {
        return rc == BM_E_IO ? ESP_ERR_FLASH_OP_FAIL : ESP_ERR_IMAGE_INVALID;
    }
    if (!app.has_hash) {
        return hash_range(chip, p->flash_chip, p->address, app.size, out);
    }
    memcpy(out, app.hash, sizeof app.hash);
    return ESP_OK;
}

esp_err_t esp_partition_get_sha256(const esp_partition_t *partition, uint8_t *sha_256)
{
    if (!bmi_region_sound(partition) || partition->size == 0 || sha_256 == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    bmi_api_lock();
    struct bmi_chip *chip = bmi_chip();
    const int able = chip != NULL && chip->config.sha256 != NULL;
    const esp_err_t err = able ? hash_partition(chip, partition, sha_256) : ESP_ERR_NOT_SUPPORTED;
    bmi_api_unlock();
    return err;
}

bool esp_partition_check_identity(const esp_partition_t *partition_1,
                                  const esp_partition_t *partition_2)
{
    uint8_t one[BM_SHA256_LEN];
    uint8_t two[BM_SHA256_LEN];
    return esp_partition_get_sha256(partition_1, one) == ESP_OK &&
           esp_partition_get_sha256(partition_2, two) == ESP_OK &&
           memcmp(one, two, sizeof one) == 0;
}
