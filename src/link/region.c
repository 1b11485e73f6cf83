/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "link/session.h"

/* The board's flash as a region. */

struct bm_link_flash {
    struct bm_link *link;
    uint8_t **sector; /* NULL: not read yet */
    uint8_t *changed;
    size_t count;
    struct bm_diag diag; /* of the last failure */
};

static int fetch(struct bm_link_flash *f, size_t i, int fill)
{
    if (f->sector[i] != NULL) {
        return BM_OK;
    }
    uint8_t *buf = malloc(LINK_SECTOR);
    if (buf == NULL) {
        return BM_E_NOMEM;
    }
    memset(buf, 0xff, LINK_SECTOR);
    memset(&f->diag, 0, sizeof f->diag);
    const int rc =
        fill ? bm_link_read(f->link, (uint32_t)i * LINK_SECTOR, buf, LINK_SECTOR, &f->diag) : BM_OK;
    if (rc != BM_OK) {
        free(buf);
        return rc;
    }
    f->sector[i] = buf;
    return BM_OK;
}

static int is_inside(const struct bm_link_flash *f, uint32_t off, uint32_t len)
{
    const uint64_t size = (uint64_t)f->count * LINK_SECTOR;
    return off <= size && len <= size - off;
}

static int read_region(void *ctx, uint32_t off, void *buf, uint32_t len)
{
    struct bm_link_flash *f = ctx;
    uint8_t *out = buf;
    int rc = is_inside(f, off, len) ? BM_OK : BM_E_ARG;
    while (rc == BM_OK && len > 0) {
        const uint32_t in = off % LINK_SECTOR;
        const uint32_t n = len < LINK_SECTOR - in ? len : LINK_SECTOR - in;
        rc = fetch(f, off / LINK_SECTOR, 1);
        if (rc == BM_OK) {
            memcpy(out, f->sector[off / LINK_SECTOR] + in, n);
        }
        out += n;
        off += n;
        len -= n;
    }
    return rc;
}

static int prog_region(void *ctx, uint32_t off, const void *buf, uint32_t len)
{
    struct bm_link_flash *f = ctx;
    const uint8_t *in = buf;
    int rc = is_inside(f, off, len) ? BM_OK : BM_E_ARG;
    for (; rc == BM_OK && len > 0; off++, len--, in++) {
        const size_t i = off / LINK_SECTOR;
        rc = fetch(f, i, 1);
        if (rc == BM_OK) { /* NOR: bits are only cleared */
            f->sector[i][off % LINK_SECTOR] &= *in;
            f->changed[i] = 1;
        }
    }
    return rc;
}

static int erase_region(void *ctx, uint32_t off, uint32_t len)
{
    struct bm_link_flash *f = ctx;
    if (off % LINK_SECTOR != 0 || len % LINK_SECTOR != 0 || !is_inside(f, off, len)) {
        return BM_E_ARG;
    }
    int rc = BM_OK;
    for (size_t i = off / LINK_SECTOR; rc == BM_OK && len > 0; i++, len -= LINK_SECTOR) {
        rc = fetch(f, i, 0);
        if (rc == BM_OK) {
            memset(f->sector[i], 0xff, LINK_SECTOR);
            f->changed[i] = 1;
        }
    }
    return rc;
}

static const struct bm_flash_ops ops = {read_region, prog_region, erase_region};

int bm_link_flash_open(struct bm_link_flash **out, struct bm_flash *flash, struct bm_link *link,
                       struct bm_diag *diag)
{
    *out = NULL;
    memset(flash, 0, sizeof *flash);
    if (link->info.flash_size == 0) {
        return bm_diag_set(diag, BM_E_ARG, 0, "board", "the flash's size is not known: give it");
    }
    struct bm_link_flash *f = calloc(1, sizeof *f);
    if (f != NULL) {
        f->link = link;
        f->count = link->info.flash_size / LINK_SECTOR;
        f->sector = calloc(f->count, sizeof *f->sector);
        f->changed = calloc(f->count, 1);
    }
    if (f == NULL || f->sector == NULL || f->changed == NULL) {
        bm_link_flash_close(f);
        return bm_diag_set(diag, BM_E_NOMEM, 0, NULL, NULL);
    }
    flash->ops = &ops;
    flash->ctx = f;
    flash->size = link->info.flash_size;
    flash->erase_size = LINK_SECTOR;
    flash->prog_size = 1;
    *out = f;
    return BM_OK;
}

/* Neighbours in one go. */
static int write_run(struct bm_link_flash *f, size_t from, size_t to, struct bm_diag *diag)
{
    uint8_t *buf = malloc((to - from) * LINK_SECTOR);
    if (buf == NULL) {
        return bm_diag_set(diag, BM_E_NOMEM, 0, NULL, NULL);
    }
    for (size_t i = from; i < to; i++) {
        memcpy(buf + (i - from) * LINK_SECTOR, f->sector[i], LINK_SECTOR);
    }
    const int rc = bm_link_write(f->link, (uint32_t)from * LINK_SECTOR, buf,
                                 (to - from) * LINK_SECTOR, 0, diag);
    if (rc == BM_OK) {
        memset(f->changed + from, 0, to - from);
    }
    bm_wipe(buf, (to - from) * LINK_SECTOR);
    free(buf);
    return rc;
}

int bm_link_flash_sync(struct bm_link_flash *f, struct bm_diag *diag)
{
    int rc = BM_OK;
    for (size_t i = 0; rc == BM_OK && i < f->count;) {
        size_t end = i;
        while (end < f->count && f->changed[end]) {
            end++;
        }
        rc = end > i ? write_run(f, i, end, diag) : BM_OK;
        i = end + 1;
    }
    return rc;
}

const struct bm_diag *bm_link_flash_diag(const struct bm_link_flash *f)
{
    return &f->diag;
}

void bm_link_flash_close(struct bm_link_flash *f)
{
    if (f == NULL) {
        return;
    }
    for (size_t i = 0; f->sector != NULL && i < f->count; i++) {
        if (f->sector[i] != NULL) { /* keys may be among them */
            bm_wipe(f->sector[i], LINK_SECTOR);
            free(f->sector[i]);
        }
    }
    free(f->sector);
    free(f->changed);
    free(f);
}
