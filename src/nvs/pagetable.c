/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

void bmi_pages_add(struct bm_nvs *nvs, uint32_t sector, const struct bmi_header *h)
{
    struct bmi_page *page = &nvs->pages[sector];
    struct bmi_page *older;
    uint32_t at = nvs->page_count++;
    while (at > 0 && (older = bmi_page_at(nvs, at - 1))->seq > h->seq) {
        nvs->order[at] = nvs->order[at - 1];
        older->rank = (uint16_t)at--;
    }
    nvs->order[at] = (uint16_t)sector;
    page->seq = h->seq;
    page->rank = (uint16_t)at;
    page->state = (uint8_t)h->state;
}

void bmi_pages_remove(struct bm_nvs *nvs, uint32_t rank)
{
    bmi_page_at(nvs, rank)->rank = BMI_UNUSED;
    nvs->page_count--;
    for (uint32_t i = rank; i < nvs->page_count; i++) {
        nvs->order[i] = nvs->order[i + 1];
        bmi_page_at(nvs, i)->rank = (uint16_t)i;
    }
}

int bmi_page_load(struct bm_nvs *nvs, uint32_t sector)
{
    struct bmi_page *page = &nvs->pages[sector];
    uint8_t raw[BMI_ENTRY_SIZE];
    struct bmi_header h;
    const int rc = bmi_flash_read(nvs, sector * BMI_PAGE_SIZE, raw, sizeof raw);
    if (rc != BM_OK) {
        return rc;
    }
    bmi_header_get(raw, &h);
    const int used = h.crc_ok && (h.state == BMI_PAGE_ACTIVE || h.state == BMI_PAGE_FULL ||
                                  h.state == BMI_PAGE_FREEING);
    if (used && h.version < BMI_VERSION_2) {
        return BM_E_VERSION;
    }
    if (page->rank != BMI_UNUSED && (!used || page->seq != h.seq)) {
        bmi_pages_remove(nvs, page->rank);
    }
    if (used && page->rank == BMI_UNUSED) {
        bmi_pages_add(nvs, sector, &h);
    }
    page->state = (uint8_t)h.state;
    return BM_OK;
}
