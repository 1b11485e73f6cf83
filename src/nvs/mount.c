/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

#include <string.h>

#include "base/base.h"

static const uint32_t sectors_max = 0xffff; /* struct bmi_page counts sectors in 16 bits */

size_t bm_nvs_work_size(const struct bm_flash *flash, uint32_t keys)
{
    return (size_t)(flash->size / BMI_PAGE_SIZE) * sizeof(struct bmi_page) + bmi_index_size(keys);
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

/* Keeps pages[] sorted by sequence number, so that a page's rank tells its age. */
static void insert_page(struct bm_nvs *nvs, const struct bmi_page *page)
{
    uint32_t at = nvs->page_count++;
    while (at > 0 && nvs->pages[at - 1].seq > page->seq) {
        nvs->pages[at] = nvs->pages[at - 1];
        at--;
    }
    nvs->pages[at] = *page;
}

static int is_used_state(uint32_t state)
{
    return state == BMI_PAGE_ACTIVE || state == BMI_PAGE_FULL || state == BMI_PAGE_FREEING;
}

static int load_page(struct bm_nvs *nvs, uint32_t sector, struct bm_diag *diag)
{
    const uint32_t off = sector * BMI_PAGE_SIZE;
    uint8_t raw[BMI_ENTRY_SIZE];
    struct bmi_header h;
    if (nvs->flash->ops->read(nvs->flash->ctx, off, raw, sizeof raw) != BM_OK) {
        return bm_diag_set(diag, BM_E_IO, off, "page header", "the flash cannot be read");
    }
    bmi_header_get(raw, &h);
    if (!h.crc_ok || !is_used_state(h.state)) {
        return BM_OK; /* blank or damaged: nothing in it can be trusted */
    }
    if (h.version < BMI_VERSION_2) {
        return bm_diag_set(diag, BM_E_VERSION, off, "page header", NULL);
    }
    const struct bmi_page page = {h.seq, (uint16_t)sector, (uint8_t)h.state, h.version};
    insert_page(nvs, &page);
    return BM_OK;
}

int bm_nvs_mount(struct bm_nvs *nvs, const struct bm_flash *flash, void *work, size_t work_len,
                 struct bm_diag *diag)
{
    const size_t least = bm_nvs_work_size(flash, 0);
    memset(nvs, 0, sizeof *nvs);
    const int rc = check_geometry(flash, diag);
    if (rc != BM_OK) {
        return rc;
    }
    if (work_len < least) {
        return bm_diag_set(diag, BM_E_NOMEM, least, "work memory", "smaller than the minimum");
    }
    nvs->flash = flash;
    nvs->pages = work;
    nvs->sectors = flash->size / BMI_PAGE_SIZE;
    for (uint32_t sector = 0; sector < nvs->sectors; sector++) {
        const int loaded = load_page(nvs, sector, diag);
        if (loaded != BM_OK) {
            memset(nvs, 0, sizeof *nvs);
            return loaded;
        }
    }
    uint32_t slots = 1;
    while (slots <= (work_len - least) / sizeof(uint32_t) / 2) {
        slots *= 2;
    }
    if (slots >= 8) {
        nvs->slots = (uint32_t *)(void *)(nvs->pages + nvs->sectors);
        nvs->slot_mask = slots - 1;
    }
    return BM_OK;
}

void bm_nvs_unmount(struct bm_nvs *nvs)
{
    memset(nvs, 0, sizeof *nvs);
}
