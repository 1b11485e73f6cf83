/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

#include <string.h>

#include "base/base.h"

int bmi_flash_read(const struct bm_nvs *nvs, uint32_t off, void *buf, uint32_t len)
{
    const struct bm_flash *flash = nvs->flash;
    return flash->ops->read(flash->ctx, off, buf, len) == BM_OK ? BM_OK : BM_E_IO;
}

uint32_t bmi_offset(const struct bm_nvs *nvs, uint32_t location)
{
    return (uint32_t)nvs->order[location / BMI_PAGE_STEPS] * BMI_PAGE_SIZE +
           location % BMI_PAGE_STEPS * BMI_ENTRY_SIZE;
}

int bmi_read(const struct bm_nvs *nvs, uint32_t location, void *buf, uint32_t len)
{
    return bmi_flash_read(nvs, bmi_offset(nvs, location), buf, len);
}

int bmi_bitmap_read(const struct bm_nvs *nvs, uint32_t rank, uint8_t bitmap[BMI_BITMAP_SIZE])
{
    return bmi_read(nvs, rank * BMI_PAGE_STEPS + BMI_STEP_BITMAP, bitmap, BMI_BITMAP_SIZE);
}

/* Entry by entry where there are keys: each is encrypted by itself, and buf may end within one. */
int bmi_entries_read(const struct bm_nvs *nvs, uint32_t location, void *buf, uint32_t len)
{
    const struct bm_nvs_crypto *crypto = nvs->crypto;
    uint32_t off = bmi_offset(nvs, location);
    uint8_t *out = buf;
    if (crypto == NULL) {
        return bmi_flash_read(nvs, off, buf, len);
    }
    while (len > 0) {
        uint8_t piece[BMI_ENTRY_SIZE];
        const uint32_t part = len < sizeof piece ? len : sizeof piece;
        if (bmi_flash_read(nvs, off, piece, sizeof piece) != BM_OK ||
            crypto->decrypt(crypto->ctx, off, piece, sizeof piece) != BM_OK) {
            return BM_E_IO;
        }
        memcpy(out, piece, part);
        bm_wipe(piece, sizeof piece);
        out += part;
        off += part;
        len -= part;
    }
    return BM_OK;
}

int bmi_all(const uint8_t *data, size_t len, uint8_t value)
{
    for (size_t i = 0; i < len; i++) {
        if (data[i] != value) {
            return 0;
        }
    }
    return 1;
}

struct bmi_page *bmi_page_at(const struct bm_nvs *nvs, uint32_t rank)
{
    return &nvs->pages[nvs->order[rank]];
}

int bmi_written_entries(const struct bm_nvs *nvs, uint32_t rank)
{
    uint8_t bitmap[BMI_BITMAP_SIZE];
    int n = 0;
    const int rc = bmi_bitmap_read(nvs, rank, bitmap);
    for (unsigned i = 0; i < BMI_PAGE_ENTRIES && rc == BM_OK; i++) {
        n += bmi_bitmap_get(bitmap, i) == BMI_ENTRY_WRITTEN;
    }
    return rc == BM_OK ? n : rc;
}

/* A power cut in the middle of writing or erasing a value leaves part of its span unwritten: such a
 * value was never completed, or is already given up. A header of an unknown type whose span is not
 * whole says nothing of what is behind it. */
enum bmi_worth bmi_judge(const uint8_t raw[BMI_ENTRY_SIZE], uint32_t location,
                         const uint8_t bitmap[BMI_BITMAP_SIZE])
{
    const unsigned entry = location % BMI_PAGE_STEPS - BMI_STEP_ENTRIES;
    const unsigned end = entry + raw[BMI_EN_SPAN];
    const enum bmi_entry_fault fault = bmi_entry_check(raw, entry);
    if ((fault != BMI_BAD_NOTHING && fault != BMI_BAD_TYPE) || end == entry ||
        end > BMI_PAGE_ENTRIES) {
        return BMI_NO_HEADER;
    }
    for (unsigned i = entry + 1; i < end; i++) {
        if (bmi_bitmap_get(bitmap, i) != BMI_ENTRY_WRITTEN) {
            return fault == BMI_BAD_TYPE ? BMI_NO_HEADER : BMI_UNFINISHED;
        }
    }
    return fault == BMI_BAD_TYPE ? BMI_FOREIGN : BMI_WHOLE;
}

int bmi_walk_next(const struct bm_nvs *nvs, struct bmi_walk *walk, struct bmi_found *found)
{
    while (walk->next < walk->end && walk->next < nvs->page_count * BMI_PAGE_STEPS) {
        const uint32_t at = walk->next;
        const uint32_t step = at % BMI_PAGE_STEPS;
        enum bmi_worth worth = BMI_NO_HEADER;
        if (step == 0) {
            if (bmi_read(nvs, at + BMI_STEP_BITMAP, walk->bitmap, BMI_BITMAP_SIZE) != BM_OK) {
                return BM_E_IO;
            }
            walk->next += BMI_STEP_ENTRIES;
            continue;
        }
        walk->next++;
        if (bmi_bitmap_get(walk->bitmap, step - BMI_STEP_ENTRIES) == BMI_ENTRY_WRITTEN) {
            if (bmi_entries_read(nvs, at, found->raw, BMI_ENTRY_SIZE) != BM_OK) {
                return BM_E_IO;
            }
            worth = bmi_judge(found->raw, at, walk->bitmap);
        }
        if (worth == BMI_NO_HEADER || (worth == BMI_FOREIGN && !walk->foreign)) {
            continue;
        }
        if (worth != BMI_FOREIGN || walk->foreign == 1) {
            walk->next = at + found->raw[BMI_EN_SPAN];
        }
        if (worth != BMI_UNFINISHED) {
            found->location = at;
            return 1;
        }
    }
    return 0;
}
