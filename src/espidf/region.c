/* SPDX-License-Identifier: Apache-2.0 */
#include "espidf/registry.h"
#include "nvs/fmt.h"

/* What a partition is in its region: a stretch of it, with the same operations, further on. */

static int window_read(void *ctx, uint32_t off, void *buf, uint32_t len)
{
    const struct bmi_part *part = ctx;
    return part->chip->ops->read(part->chip->ctx, part->info.address + off, buf, len);
}

static int window_prog(void *ctx, uint32_t off, const void *buf, uint32_t len)
{
    const struct bmi_part *part = ctx;
    return part->chip->ops->prog(part->chip->ctx, part->info.address + off, buf, len);
}

static int window_erase(void *ctx, uint32_t off, uint32_t len)
{
    const struct bmi_part *part = ctx;
    return part->chip->ops->erase(part->chip->ctx, part->info.address + off, len);
}

static const struct bm_flash_ops read_only = {window_read, NULL, NULL};
static const struct bm_flash_ops read_write = {window_read, window_prog, window_erase};

int bmi_region_writable(const esp_partition_t *partition)
{
    const struct bm_flash_ops *ops = partition->flash_chip->ops;
    return !partition->readonly && ops->prog != NULL && ops->erase != NULL;
}

int bmi_region_sound(const esp_partition_t *partition)
{
    if (partition == NULL || partition->flash_chip == NULL) {
        return 0;
    }
    const uint32_t size = partition->flash_chip->size;
    return partition->address % BMI_PAGE_SIZE == 0 && partition->address <= size &&
           partition->size <= size - partition->address;
}

void bmi_region_open(struct bmi_part *part)
{
    part->flash.ops = bmi_region_writable(&part->info) ? &read_write : &read_only;
    part->flash.ctx = part;
    part->flash.size = part->info.size;
    part->flash.erase_size = part->chip->erase_size;
    part->flash.prog_size = part->chip->prog_size;
}

esp_err_t bmi_region_erase(const esp_partition_t *partition)
{
    const struct bm_flash *flash = partition->flash_chip;
    if (!bmi_region_writable(partition)) {
        return ESP_ERR_NOT_ALLOWED;
    }
    if (partition->size % BMI_PAGE_SIZE != 0) {
        return ESP_ERR_INVALID_SIZE;
    }
    return bmi_esp_err(flash->ops->erase(flash->ctx, partition->address, partition->size));
}
