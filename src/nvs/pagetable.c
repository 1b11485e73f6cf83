/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

static void number(struct bm_nvs *nvs, uint32_t from)
{
    for (uint32_t rank = from; rank < nvs->page_count; rank++) {
        nvs->pages[nvs->order[rank]].rank = (uint16_t)rank;
    }
}

void bmi_pages_add(struct bm_nvs *nvs, uint32_t sector, const struct bmi_header *h)
{
    uint32_t at = nvs->page_count++;
    while (at > 0 && nvs->pages[nvs->order[at - 1]].seq > h->seq) {
        nvs->order[at] = nvs->order[at - 1];
        at--;
    }
    nvs->order[at] = (uint16_t)sector;
    nvs->pages[sector].seq = h->seq;
    nvs->pages[sector].state = (uint8_t)h->state;
    nvs->pages[sector].version = h->version;
    number(nvs, at);
}

void bmi_pages_remove(struct bm_nvs *nvs, uint32_t rank)
{
    nvs->pages[nvs->order[rank]].rank = BMI_UNUSED;
    nvs->page_count--;
    for (uint32_t i = rank; i < nvs->page_count; i++) {
        nvs->order[i] = nvs->order[i + 1];
    }
    number(nvs, rank);
}
