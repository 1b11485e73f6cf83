/* SPDX-License-Identifier: Apache-2.0 */
#include "birthmark/err.h"
#include "birthmark/flash.h"

static int window_read(void *ctx, uint32_t off, void *buf, uint32_t len)
{
    const struct bm_flash_window *w = ctx;
    return w->parent->ops->read(w->parent->ctx, w->off + off, buf, len);
}

static int window_prog(void *ctx, uint32_t off, const void *buf, uint32_t len)
{
    const struct bm_flash_window *w = ctx;
    return w->parent->ops->prog(w->parent->ctx, w->off + off, buf, len);
}

static int window_erase(void *ctx, uint32_t off, uint32_t len)
{
    const struct bm_flash_window *w = ctx;
    return w->parent->ops->erase(w->parent->ctx, w->off + off, len);
}

static const struct bm_flash_ops writable = {window_read, window_prog, window_erase};
static const struct bm_flash_ops readable = {window_read, NULL, NULL};

int bm_flash_window(struct bm_flash *out, struct bm_flash_window *window,
                    const struct bm_flash *parent, uint32_t off, uint32_t size)
{
    if (out == NULL || window == NULL || parent == NULL || off > parent->size ||
        size > parent->size - off) {
        return BM_E_ARG;
    }
    const int whole_sectors = parent->erase_size != 0 && off % parent->erase_size == 0;
    const int can_write = whole_sectors && parent->ops->prog != NULL && parent->ops->erase != NULL;
    window->parent = parent;
    window->off = off;
    out->ops = can_write ? &writable : &readable;
    out->ctx = window;
    out->size = size;
    out->erase_size = parent->erase_size;
    out->prog_size = parent->prog_size;
    return BM_OK;
}

int bm_flash_window_readonly(struct bm_flash *out, struct bm_flash_window *window,
                             const struct bm_flash *parent, uint32_t off, uint32_t size)
{
    const int rc = bm_flash_window(out, window, parent, off, size);
    if (rc == BM_OK) {
        out->ops = &readable;
    }
    return rc;
}
