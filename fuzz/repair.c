/* SPDX-License-Identifier: Apache-2.0 */
#include "repair.h"

#include <string.h>

#include "base/le.h"
#include "nvs/fmt.h"

/* Returns how many entries of data follow, up to the next header. */
static unsigned repair_entry(uint8_t *raw, unsigned entry, int foreign)
{
    const size_t size = bm_get_le16(raw + BMI_EN_SIZE);
    const size_t room = (size_t)(BMI_PAGE_ENTRIES - entry - 1) * BMI_ENTRY_SIZE;
    if (bmi_type_has_data(raw[BMI_EN_TYPE]) && size <= room) {
        bm_put_le32(raw + BMI_EN_DATA_CRC, bmi_data_crc(raw + BMI_ENTRY_SIZE, size));
    }
    bm_put_le32(raw + BMI_EN_CRC, bmi_entry_crc(raw));
    const enum bmi_entry_fault fault = bmi_entry_check(raw, entry);
    const int spans = fault == BMI_BAD_NOTHING || (foreign && fault == BMI_BAD_TYPE);
    return spans && raw[BMI_EN_SPAN] > 0 ? raw[BMI_EN_SPAN] - 1u : 0;
}

void fuzz_repair(uint8_t *data, size_t size, int foreign)
{
    for (size_t at = 0; at + BMI_PAGE_SIZE <= size; at += BMI_PAGE_SIZE) {
        uint8_t *page = data + at;
        uint8_t good[BMI_ENTRY_SIZE];
        bmi_header_put(good, bm_get_le32(page), bm_get_le32(page + BMI_PH_SEQ),
                       page[BMI_PH_VERSION]);
        memcpy(page, good, sizeof good);
        unsigned data_left = 0;
        for (unsigned i = 0; i < BMI_PAGE_ENTRIES; i++) {
            uint8_t *raw = page + BMI_OFF_ENTRIES + (size_t)i * BMI_ENTRY_SIZE;
            if (data_left > 0) {
                data_left--;
            } else if (bmi_bitmap_get(page + BMI_OFF_BITMAP, i) == BMI_ENTRY_WRITTEN) {
                data_left = repair_entry(raw, i, foreign);
            }
        }
    }
}
