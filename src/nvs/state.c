/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

#include <string.h>

#include "base/le.h"

enum { PER_WORD = 16 }; /* entries whose states share a 4-byte word */

int bmi_page_prog(const struct bm_nvs *nvs, uint32_t rank, uint32_t off, const void *buf,
                  uint32_t len)
{
    const struct bm_flash *flash = nvs->flash;
    return flash->ops->prog(flash->ctx, bmi_page_offset(nvs, rank) + off, buf, len) == BM_OK
               ? BM_OK
               : BM_E_IO;
}

int bmi_entries_prog(const struct bm_nvs *nvs, uint32_t rank, uint32_t off, const void *buf,
                     uint32_t len)
{
    const struct bm_nvs_crypto *crypto = nvs->crypto;
    const uint8_t *in = buf;
    if (crypto == NULL) {
        return bmi_page_prog(nvs, rank, off, buf, len);
    }
    for (uint32_t done = 0; done < len; done += BMI_ENTRY_SIZE) {
        uint8_t piece[BMI_ENTRY_SIZE];
        memcpy(piece, in + done, sizeof piece);
        if (crypto->encrypt(crypto->ctx, bmi_page_offset(nvs, rank) + off + done, piece,
                            sizeof piece) != BM_OK ||
            bmi_page_prog(nvs, rank, off + done, piece, sizeof piece) != BM_OK) {
            return BM_E_IO;
        }
    }
    return BM_OK;
}

int bmi_entries_zero(const struct bm_nvs *nvs, uint32_t location, unsigned count)
{
    static const uint8_t zeros[BMI_ENTRY_SIZE] = {0};
    const uint32_t rank = location / BMI_PAGE_ENTRIES;
    uint32_t off = BMI_OFF_ENTRIES + location % BMI_PAGE_ENTRIES * BMI_ENTRY_SIZE;
    for (unsigned i = 0; i < count; i++, off += BMI_ENTRY_SIZE) {
        if (bmi_page_prog(nvs, rank, off, zeros, sizeof zeros) != BM_OK) {
            return BM_E_IO;
        }
    }
    return BM_OK;
}

/* The highest word first: a header's state is the last of its span to change, and until it does the
 * span counts as unfinished, or as given up. */
int bmi_states_set(const struct bm_nvs *nvs, uint32_t location, unsigned count,
                   enum bmi_entry_state state)
{
    const uint32_t rank = location / BMI_PAGE_ENTRIES;
    const unsigned first = location % BMI_PAGE_ENTRIES;
    uint8_t bitmap[BMI_BITMAP_SIZE];
    uint8_t before[BMI_BITMAP_SIZE];
    if (bmi_page_read(nvs, rank, BMI_OFF_BITMAP, bitmap, sizeof bitmap) != BM_OK) {
        return BM_E_IO;
    }
    memcpy(before, bitmap, sizeof before);
    for (unsigned i = 0; i < count; i++) {
        bmi_bitmap_put(bitmap, first + i, state);
    }
    for (unsigned word = (first + count - 1) / PER_WORD + 1; word-- > first / PER_WORD;) {
        const size_t at = word * sizeof(uint32_t);
        if (memcmp(bitmap + at, before + at, sizeof(uint32_t)) != 0 &&
            bmi_page_prog(nvs, rank, (uint32_t)(BMI_OFF_BITMAP + at), bitmap + at,
                          sizeof(uint32_t)) != BM_OK) {
            return BM_E_IO;
        }
    }
    return BM_OK;
}

int bmi_page_state_set(struct bm_nvs *nvs, uint32_t rank, uint32_t state)
{
    uint8_t word[4];
    bm_put_le32(word, state);
    const int rc = bmi_page_prog(nvs, rank, BMI_PH_STATE, word, sizeof word);
    if (rc == BM_OK) {
        nvs->pages[nvs->order[rank]].state = (uint8_t)state;
    }
    return rc;
}

int bmi_entry_erase(struct bm_nvs *nvs, uint32_t location, const uint8_t raw[BMI_ENTRY_SIZE])
{
    int rc = bmi_states_set(nvs, location, raw[BMI_EN_SPAN], BMI_ENTRY_ERASED);
    if (rc == BM_OK) {
        bmi_index_remove(nvs, raw, location);
    }
    if (rc == BM_OK && nvs->purge) {
        rc = bmi_entries_zero(nvs, location, raw[BMI_EN_SPAN]);
    }
    return rc;
}
