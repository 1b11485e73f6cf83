/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

#include <string.h>

#include "base/le.h"

enum { PER_WORD = 16 }; /* entries whose states share a 4-byte word */

int bmi_flash_prog(const struct bm_nvs *nvs, uint32_t off, const void *buf, uint32_t len)
{
    const struct bm_flash *flash = nvs->flash;
    return flash->ops->prog(flash->ctx, off, buf, len) == BM_OK ? BM_OK : BM_E_IO;
}

int bmi_sector_erase(const struct bm_nvs *nvs, uint32_t sector)
{
    const struct bm_flash *flash = nvs->flash;
    return flash->ops->erase(flash->ctx, sector * BMI_PAGE_SIZE, BMI_PAGE_SIZE) == BM_OK ? BM_OK
                                                                                         : BM_E_IO;
}

int bmi_entries_prog(const struct bm_nvs *nvs, uint32_t location, const uint8_t *data, uint32_t len)
{
    const struct bm_nvs_crypto *crypto = nvs->crypto;
    const uint32_t off = bmi_offset(nvs, location);
    const uint32_t part = crypto == NULL ? len : BMI_ENTRY_SIZE;
    int rc = BM_OK;
    for (uint32_t done = 0; done < len && rc == BM_OK; done += part) {
        uint8_t piece[BMI_ENTRY_SIZE];
        const uint8_t *from = data + done;
        if (crypto != NULL) {
            memcpy(piece, from, sizeof piece);
            if (crypto->encrypt(crypto->ctx, off + done, piece, sizeof piece) != BM_OK) {
                return BM_E_IO;
            }
            from = piece;
        }
        rc = bmi_flash_prog(nvs, off + done, from, part);
    }
    return rc;
}

int bmi_entries_zero(const struct bm_nvs *nvs, uint32_t location, unsigned count)
{
    const uint8_t zeros[BMI_ENTRY_SIZE] = {0}; /* not static: code is smaller than they are */
    int rc = BM_OK;
    while (rc == BM_OK && count-- > 0) {
        rc = bmi_flash_prog(nvs, bmi_offset(nvs, location++), zeros, sizeof zeros);
    }
    return rc;
}

/* The highest word first: a header's state is the last of its span to change, and until it does the
 * span counts as unfinished, or as given up. */
int bmi_states_set(const struct bm_nvs *nvs, uint32_t location, unsigned count,
                   enum bmi_entry_state state)
{
    const unsigned first = location % BMI_PAGE_STEPS - BMI_STEP_ENTRIES;
    const uint32_t at = location - location % BMI_PAGE_STEPS + BMI_STEP_BITMAP;
    uint8_t bitmap[BMI_BITMAP_SIZE];
    unsigned i = first + count;
    int changed = 0;
    int rc = bmi_read(nvs, at, bitmap, sizeof bitmap);
    while (rc == BM_OK && i-- > first) {
        if (bmi_bitmap_get(bitmap, i) != state) {
            bmi_bitmap_put(bitmap, i, state);
            changed = 1;
        }
        if (changed && (i == first || i % PER_WORD == 0)) {
            const uint32_t word = i / PER_WORD * (uint32_t)sizeof(uint32_t);
            rc = bmi_flash_prog(nvs, bmi_offset(nvs, at) + word, bitmap + word, sizeof(uint32_t));
            changed = 0;
        }
    }
    return rc;
}

int bmi_page_state_set(struct bm_nvs *nvs, uint32_t rank, uint32_t state)
{
    uint8_t word[4];
    bmi_put32(word, state);
    bmi_page_at(nvs, rank)->state = word[0];
    return bmi_flash_prog(nvs, bmi_offset(nvs, rank * BMI_PAGE_STEPS), word, sizeof word);
}

int bmi_entry_erase(struct bm_nvs *nvs, const struct bmi_found *entry)
{
    const unsigned span = entry->raw[BMI_EN_SPAN];
    int rc = bmi_states_set(nvs, entry->location, span, BMI_ENTRY_ERASED);
    if (rc == BM_OK) {
        bmi_index_remove(nvs, entry);
    }
    if (rc == BM_OK && nvs->purge) {
        rc = bmi_entries_zero(nvs, entry->location, span);
    }
    return rc;
}
