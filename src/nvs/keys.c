/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

enum { FEW = 4 }; /* written entries that are enough to tell damage from encryption */

/* 1 if an entry as it lies in flash could once have been a plain header: a known type, and the NUL
 * that ends every key. One encrypted entry in some thousands looks like that. */
static int looks_plain(const uint8_t raw[BMI_ENTRY_SIZE])
{
    return bmi_type_known(raw[BMI_EN_TYPE]) && raw[BMI_EN_KEY + BMI_KEY_MAX] == 0;
}

/* Counts the written entries of a page, and those of them that look plain. Entries are overwritten
 * with plain zeros before they are given up; a torn state word can make one of them look written.
 */
static int survey(const struct bm_nvs *nvs, uint32_t rank, const uint8_t *bitmap, uint32_t *written,
                  uint32_t *plain)
{
    uint8_t raw[BMI_ENTRY_SIZE];
    for (unsigned i = 0; i < BMI_PAGE_ENTRIES && *written < FEW; i++) {
        if (bmi_bitmap_get(bitmap, i) != BMI_ENTRY_WRITTEN) {
            continue;
        }
        if (bmi_read(nvs, rank * BMI_PAGE_STEPS + BMI_STEP_ENTRIES + i, raw, sizeof raw) != BM_OK) {
            return BM_E_IO;
        }
        *written += bmi_all(raw, sizeof raw, 0) ? 0 : 1;
        *plain += looks_plain(raw) ? 1 : 0;
    }
    return BM_OK;
}

/* Without the right keys no header can be read at all. A plain partition with a handful of entries,
 * all damaged, is told from that by what is left of its headers. Where keys were given, and read
 * nothing, it is better to ask than to take the entries for rubbish, however few. */
int bmi_keys_fit(struct bm_nvs *nvs)
{
    uint32_t written = 0;
    uint32_t plain = 0;
    for (uint32_t rank = nvs->page_count; rank-- > 0;) {
        struct bmi_walk walk;
        struct bmi_found found;
        bmi_walk_page(&walk, rank, 1);
        const int rc = bmi_walk_next(nvs, &walk, &found);
        if (rc != 0) {
            return rc > 0 ? BM_OK : rc;
        }
        if (survey(nvs, rank, walk.bitmap, &written, &plain) != BM_OK) {
            return BM_E_IO;
        }
    }
    if (written == 0) {
        return BM_OK;
    }
    return nvs->crypto != NULL || written >= FEW || plain == 0 ? BM_E_KEYS : BM_OK;
}
