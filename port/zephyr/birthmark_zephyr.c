/* SPDX-License-Identifier: Apache-2.0 */
#include "birthmark_zephyr.h"

enum {
    SECTOR = 4096,
    PIECE_MAX = 4 /* the words of the page header are written one by one */
};

static int result(int rc)
{
    return rc == 0 ? BM_OK : BM_E_IO;
}

static int area_read(void *ctx, uint32_t off, void *buf, uint32_t len)
{
    return result(flash_area_read(ctx, (off_t)off, buf, len));
}

static int area_prog(void *ctx, uint32_t off, const void *buf, uint32_t len)
{
    return result(flash_area_write(ctx, (off_t)off, buf, len));
}

static int area_erase(void *ctx, uint32_t off, uint32_t len)
{
    return result(flash_area_erase(ctx, (off_t)off, len));
}

int bm_zephyr_area(struct bm_flash *out, const struct flash_area *area)
{
    static const struct bm_flash_ops ops = {area_read, area_prog, area_erase};
    if (area == NULL || flash_area_align(area) > PIECE_MAX) {
        return BM_E_ARG;
    }
    out->ops = &ops;
    out->ctx = (void *)(uintptr_t)area; /* only read through */
    out->size = (uint32_t)area->fa_size;
    out->erase_size = SECTOR;
    out->prog_size = flash_area_align(area);
    return BM_OK;
}
