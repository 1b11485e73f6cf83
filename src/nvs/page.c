/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

#include <string.h>

#include "base/base.h"

uint32_t bmi_page_offset(const struct bm_nvs *nvs, uint32_t rank)
{
    return (uint32_t)nvs->order[rank] * BMI_PAGE_SIZE;
}

int bmi_page_read(const struct bm_nvs *nvs, uint32_t rank, uint32_t off, void *buf, uint32_t len)
{
    const struct bm_flash *flash = nvs->flash;
    return flash->ops->read(flash->ctx, bmi_page_offset(nvs, rank) + off, buf, len) == BM_OK
               ? BM_OK
               : BM_E_IO;
}

/* Entry by entry where there are keys: each is encrypted by itself, and buf may end within one. */
int bmi_entries_read(const struct bm_nvs *nvs, uint32_t rank, uint32_t off, void *buf, uint32_t len)
{
    const struct bm_nvs_crypto *crypto = nvs->crypto;
    uint8_t *out = buf;
    if (crypto == NULL) {
        return bmi_page_read(nvs, rank, off, buf, len);
    }
    for (uint32_t done = 0; done < len; done += BMI_ENTRY_SIZE) {
        uint8_t piece[BMI_ENTRY_SIZE];
        const uint32_t part = len - done < BMI_ENTRY_SIZE ? len - done : BMI_ENTRY_SIZE;
        if (bmi_page_read(nvs, rank, off + done, piece, sizeof piece) != BM_OK ||
            crypto->decrypt(crypto->ctx, bmi_page_offset(nvs, rank) + off + done, piece,
                            sizeof piece) != BM_OK) {
            return BM_E_IO;
        }
        memcpy(out + done, piece, part);
        bm_wipe(piece, sizeof piece);
    }
    return BM_OK;
}

int bmi_entry_read(const struct bm_nvs *nvs, uint32_t location, uint8_t raw[BMI_ENTRY_SIZE])
{
    return bmi_entries_read(nvs, location / BMI_PAGE_ENTRIES,
                            BMI_OFF_ENTRIES + location % BMI_PAGE_ENTRIES * BMI_ENTRY_SIZE, raw,
                            BMI_ENTRY_SIZE);
}

/* A power cut in the middle of writing or erasing a value leaves part of its span unwritten: such a
 * value was never completed, or is already given up. */
int bmi_span_written(const uint8_t *bitmap, unsigned entry, unsigned span)
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
        if (bmi_entry_read(nvs, walk->rank * BMI_PAGE_ENTRIES + at, raw) != BM_OK) {
            return BM_E_IO;
        }
        const enum bmi_entry_fault fault = bmi_entry_check(raw, at);
        const unsigned span = raw[BMI_EN_SPAN];
        /* a header of an unknown type whose span is not whole says nothing of what is behind it */
        const int foreign = walk->foreign && fault == BMI_BAD_TYPE && span > 0 &&
                            at + span <= BMI_PAGE_ENTRIES &&
                            bmi_span_written(walk->bitmap, at, span);
        if (fault != BMI_BAD_NOTHING && !foreign) {
            continue;
        }
        walk->next = at + span;
        if (bmi_span_written(walk->bitmap, at, span)) {
            *entry = at;
            return BM_OK;
        }
    }
    return BM_E_NOENT;
}
