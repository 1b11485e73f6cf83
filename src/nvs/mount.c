/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

#include <string.h>

#include "base/base.h"

static const uint32_t sectors_max = 0xffff; /* struct bmi_page counts sectors in 16 bits */

size_t bm_nvs_work_size(const struct bm_flash *flash, uint32_t keys)
{
    const size_t sectors = flash->size / BMI_PAGE_SIZE;
    return sectors * (sizeof(struct bmi_page) + sizeof(uint16_t)) + bmi_index_size(flash, keys);
}

static int check_geometry(const struct bm_flash *flash, struct bm_diag *diag)
{
    if (flash->size % BMI_PAGE_SIZE != 0 || flash->size == 0 ||
        flash->size / BMI_PAGE_SIZE > sectors_max) {
        return bm_diag_set(diag, BM_E_ARG, flash->size, "region size",
                           "not a multiple of 4096 bytes from 4 KiB to 255 MiB");
    }
    return BM_OK;
}

int bm_nvs_mount(struct bm_nvs *nvs, const struct bm_flash *flash, void *work, size_t work_len,
                 struct bm_diag *diag)
{
    const size_t least = bm_nvs_work_size(flash, 0);
    bm_nvs_unmount(nvs);
    int rc = check_geometry(flash, diag);
    if (rc != BM_OK) {
        return rc;
    }
    if (work_len < least) {
        return bm_diag_set(diag, BM_E_NOMEM, least, "work memory", "smaller than the minimum");
    }
    nvs->flash = flash;
    nvs->pages = work;
    nvs->sectors = flash->size / BMI_PAGE_SIZE;
    const size_t words = (work_len - least) / sizeof(uint32_t);
    uint32_t *const slots = (uint32_t *)(void *)(nvs->pages + nvs->sectors);
    nvs->order = (uint16_t *)(void *)(slots + words); /* behind what is to be aligned */
    for (uint32_t sector = 0; sector < nvs->sectors; sector++) {
        nvs->pages[sector].rank = BMI_UNUSED;
        rc = bmi_page_load(nvs, sector);
        if (rc != BM_OK) {
            const uint32_t off = sector * BMI_PAGE_SIZE;
            bm_nvs_unmount(nvs);
            return bm_diag_set(diag, rc, off, "page header", NULL);
        }
    }
    bmi_index_init(nvs, slots, words);
    return BM_OK;
}

int bm_nvs_mount_with(struct bm_nvs *nvs, const struct bm_nvs_config *config, struct bm_diag *diag)
{
    const struct bm_flash_ops *ops = config->flash->ops;
    const char *where = "region";
    int rc = BM_E_READONLY;
    if (!config->writable || (ops->prog != NULL && ops->erase != NULL)) {
        rc = bm_nvs_mount(nvs, config->flash, config->work, config->work_len, diag);
    }
    if (rc == BM_OK) {
        nvs->writable = config->writable != 0;
        nvs->crypto = config->crypto;
        nvs->lock = config->lock;
        nvs->unlock = config->unlock;
        nvs->lock_ctx = config->lock_ctx;
        where = "entries";
        rc = bmi_keys_fit(nvs);
    }
    if (rc != BM_OK) {
        bm_nvs_unmount(nvs);
        return bm_diag_set(diag, rc, 0, where, NULL); /* what bm_nvs_mount() told stays */
    }
    return BM_OK;
}

void bm_nvs_unmount(struct bm_nvs *nvs)
{
    memset(nvs, 0, sizeof *nvs);
}
