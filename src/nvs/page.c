/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

#include <string.h>

uint32_t bmi_page_offset(const struct bm_nvs *nvs, uint32_t rank)
{
    return (uint32_t)nvs->pages[rank].sector * BMI_PAGE_SIZE;
}

int bmi_page_read(const struct bm_nvs *nvs, uint32_t rank, uint32_t off, void *buf, uint32_t len)
{
    const struct bm_flash *flash = nvs->flash;
    return flash->ops->read(flash->ctx, bmi_page_offset(nvs, rank) + off, buf, len) == BM_OK
               ? BM_OK
               : BM_E_IO;
}

/* A power cut in the middle of writing or erasing a value leaves part of its span unwritten: such a
 * value was never completed, or is already given up. */
static int span_written(const uint8_t *bitmap, unsigned entry, unsigned span)
{
    for (unsigned i = 1; i < span; i++) {
        if (bmi_bitmap_get(bitmap, entry + i) != BMI_ENTRY_WRITTEN) {
            return 0;
        }
    }
    return 1;
}

int bmi_walk_next(const struct bm_nvs *nvs, struct bmi_walk *walk, uint8_t raw[BMI_ENTRY_SIZE],
                  unsigned *entry)
{
    while (walk->next < BMI_PAGE_ENTRIES) {
        const unsigned at = walk->next++;
        if (bmi_bitmap_get(walk->bitmap, at) != BMI_ENTRY_WRITTEN) {
            continue;
        }
        if (bmi_page_read(nvs, walk->rank, BMI_OFF_ENTRIES + at * BMI_ENTRY_SIZE, raw,
                          BMI_ENTRY_SIZE) != BM_OK) {
            return BM_E_IO;
        }
        if (bmi_entry_check(raw, at) != BMI_BAD_NOTHING) {
            continue;
        }
        const unsigned span = raw[BMI_EN_SPAN];
        walk->next = at + span;
        if (span_written(walk->bitmap, at, span)) {
            *entry = at;
            return BM_OK;
        }
    }
    return BM_E_NOENT;
}
