/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

static void put(struct bm_nvs *nvs, uint32_t rank, uint32_t sector)
{
    nvs->order[rank] = (uint16_t)sector;
    nvs->pages[sector].rank = (uint16_t)rank;
}

void bmi_pages_add(struct bm_nvs *nvs, uint32_t sector, uint32_t seq, uint8_t state)
{
    struct bmi_page *page = &nvs->pages[sector];
    uint32_t at = nvs->page_count++;
    for (; at > 0 && nvs->pages[nvs->order[at - 1]].seq > seq; at--) {
        put(nvs, at, nvs->order[at - 1]);
    }
    put(nvs, at, sector);
    page->seq = seq;
    page->state = state;
}

void bmi_pages_remove(struct bm_nvs *nvs, uint32_t rank)
{
    nvs->pages[nvs->order[rank]].rank = BMI_UNUSED;
    nvs->page_count--;
    for (uint32_t i = rank; i < nvs->page_count; i++) {
        put(nvs, i, nvs->order[i + 1]);
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
        bmi_pages_add(nvs, sector, h.seq, raw[BMI_PH_STATE]);
    }
    page->state = raw[BMI_PH_STATE];
    return BM_OK;
}
