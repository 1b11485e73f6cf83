/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

#include <string.h>

#include "base/base.h"
#include "base/le.h"

#define SEQ_LAST 0xfffffffeu /* one more would begin again at 0 and be the oldest page */

int bmi_newest_is_active(const struct bm_nvs *nvs)
{
    return nvs->page_count > 0 &&
           bmi_page_at(nvs, nvs->page_count - 1)->state == (BMI_PAGE_ACTIVE & 0xff);
}

/* Data in whole entries, the last one filled up with 0xff. */
static int prog_data(const struct bm_nvs *nvs, uint32_t location, const uint8_t *data,
                     uint32_t size)
{
    const uint32_t whole = size / BMI_ENTRY_SIZE * BMI_ENTRY_SIZE;
    uint8_t tail[BMI_ENTRY_SIZE];
    int rc = BM_OK;
    if (whole > 0) {
        rc = bmi_entries_prog(nvs, location, data, whole);
    }
    if (rc == BM_OK && size > whole) {
        memset(tail, 0xff, sizeof tail);
        memcpy(tail, data + whole, size - whole);
        rc = bmi_entries_prog(nvs, location + whole / BMI_ENTRY_SIZE, tail, sizeof tail);
        bm_wipe(tail, sizeof tail);
    }
    return rc;
}

/* In pieces: no buffer holds a whole page. */
static int copy_data(const struct bm_nvs *nvs, uint32_t to, uint32_t from, unsigned count)
{
    uint8_t piece[BMI_ENTRY_SIZE];
    int rc = BM_OK;
    while (rc == BM_OK && count-- > 0) {
        rc = bmi_entries_read(nvs, from++, piece, sizeof piece);
        if (rc == BM_OK) {
            rc = bmi_entries_prog(nvs, to++, piece, sizeof piece);
        }
    }
    return rc;
}

/* Header, its state, data, their states: an unfinished value shows by a span that is not all
 * written, in ESP-IDF's eyes as well. */
int bmi_append(struct bm_nvs *nvs, const uint8_t raw[BMI_ENTRY_SIZE], const uint8_t *data,
               uint32_t from)
{
    const uint32_t at = bmi_append_point(nvs);
    const unsigned behind = raw[BMI_EN_SPAN] - 1u;
    nvs->room -= 1 + behind; /* also where this fails: what was begun is not written over */
    int rc = bmi_entries_prog(nvs, at, raw, BMI_ENTRY_SIZE);
    if (rc == BM_OK) {
        rc = bmi_states_set(nvs, at, 1, BMI_ENTRY_WRITTEN);
    }
    if (rc == BM_OK && behind > 0) {
        rc = data != NULL ? prog_data(nvs, at + 1, data, bm_get_le16(raw + BMI_EN_SIZE))
                          : copy_data(nvs, at + 1, from + 1, behind);
    }
    if (rc == BM_OK && behind > 0) {
        rc = bmi_states_set(nvs, at + 1, behind, BMI_ENTRY_WRITTEN);
    }
    if (rc == BM_OK && bmi_type_known(raw[BMI_EN_TYPE])) {
        bmi_index_add(nvs, raw, at); /* what is of an unknown type is no copy of its key */
    }
    return rc;
}

static int is_blank(const struct bm_nvs *nvs, uint32_t sector)
{
    uint8_t piece[64];
    for (uint32_t off = 0; off < BMI_PAGE_SIZE; off += sizeof piece) {
        const int rc = bmi_flash_read(nvs, sector * BMI_PAGE_SIZE + off, piece, sizeof piece);
        if (rc != BM_OK) {
            return rc;
        }
        if (!bmi_all(piece, sizeof piece, 0xff)) {
            return 0;
        }
    }
    return 1;
}

int bmi_sector_blank(struct bm_nvs *nvs, uint32_t sector)
{
    const int blank = is_blank(nvs, sector);
    if (blank != 0) {
        return blank < 0 ? blank : BM_OK;
    }
    return bmi_sector_erase(nvs, sector);
}

/* In the unused sector next behind the newest page, so that wear goes round. */
int bmi_page_open(struct bm_nvs *nvs)
{
    uint8_t raw[BMI_ENTRY_SIZE];
    uint32_t sector = nvs->sectors - 1;
    uint32_t seq = 0;
    if (nvs->page_count == nvs->sectors) {
        return BM_E_NOSPC;
    }
    if (nvs->page_count > 0) {
        sector = nvs->order[nvs->page_count - 1];
        seq = nvs->pages[sector].seq + 1;
        if (seq - 1 >= SEQ_LAST) {
            return BM_E_NOSPC;
        }
    }
    do {
        sector = sector + 1 == nvs->sectors ? 0 : sector + 1;
    } while (nvs->pages[sector].rank != BMI_UNUSED);
    int rc = bmi_sector_blank(nvs, sector);
    if (rc == BM_OK) {
        bmi_header_put(raw, BMI_PAGE_ACTIVE, seq, BMI_VERSION_2);
        rc = bmi_flash_prog(nvs, sector * BMI_PAGE_SIZE, raw, sizeof raw);
    }
    if (rc == BM_OK) {
        bmi_pages_add(nvs, sector, seq, raw[BMI_PH_STATE]);
        nvs->room = BMI_PAGE_ENTRIES;
    }
    return rc;
}
