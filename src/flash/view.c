/* SPDX-License-Identifier: Apache-2.0 */
#include "birthmark/flash.h"

#include <string.h>

#include "birthmark/err.h"

static int view_read(void *ctx, uint32_t off, void *buf, uint32_t len)
{
    memcpy(buf, (const uint8_t *)ctx + off, len);
    return BM_OK;
}

static const struct bm_flash_ops view_ops = {view_read, NULL, NULL};

int bm_flash_view(struct bm_flash *out, const void *data, size_t size)
{
    if (data == NULL || size > UINT32_MAX) {
        return BM_E_ARG;
    }
    out->ops = &view_ops;
    out->ctx = (void *)data; /* never written: the region has no prog */
    out->size = (uint32_t)size;
    out->erase_size = 4096;
    out->prog_size = 4;
    return BM_OK;
}
