/* SPDX-License-Identifier: Apache-2.0 */
#include "birthmark_esp.h"

enum { SECTOR = 4096 };

static int result(esp_err_t rc)
{
    return rc == ESP_OK ? BM_OK : BM_E_IO;
}

static int part_read(void *ctx, uint32_t off, void *buf, uint32_t len)
{
    return result(esp_partition_read(ctx, off, buf, len));
}

static int part_prog(void *ctx, uint32_t off, const void *buf, uint32_t len)
{
    return result(esp_partition_write(ctx, off, buf, len));
}

static int part_erase(void *ctx, uint32_t off, uint32_t len)
{
    return result(esp_partition_erase_range(ctx, off, len));
}

int bm_esp_partition(struct bm_flash *out, const esp_partition_t *partition)
{
    static const struct bm_flash_ops ops = {part_read, part_prog, part_erase};
    if (partition == NULL) {
        return BM_E_ARG;
    }
    out->ops = &ops;
    out->ctx = (void *)(uintptr_t)partition; /* only read through */
    out->size = partition->size;
    out->erase_size = SECTOR;
    out->prog_size = 1;
    return BM_OK;
}
