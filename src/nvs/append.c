/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

#include <string.h>

#include "base/base.h"
#include "base/le.h"

#define SEQ_LAST 0xfffffffeu /* one more would begin again at 0 and be the oldest page */

uint32_t bmi_room(const struct bm_nvs *nvs)
{
    return BMI_PAGE_ENTRIES - nvs->next;
}

/* Data in whole entries, the last one filled up with 0xff. */
static int prog_data(struct bm_nvs *nvs, uint32_t rank, unsigned entry, const uint8_t *data,
                     uint32_t size)
{
    const uint32_t off = BMI_OFF_ENTRIES + entry * BMI_ENTRY_SIZE;
    const uint32_t whole = size / BMI_ENTRY_SIZE * BMI_ENTRY_SIZE;
    uint8_t tail[BMI_ENTRY_SIZE];
    int rc = BM_OK;
    if (whole > 0) {
        rc = bmi_entries_prog(nvs, rank, off, data, whole);
    }
    if (rc == BM_OK && size > whole) {
        memset(tail, 0xff, sizeof tail);
        memcpy(tail, data + whole, size - whole);
        rc = bmi_entries_prog(nvs, rank, off + whole, tail, sizeof tail);
        bm_wipe(tail, sizeof tail);
    }
    return rc;
}

/* Header, its state, data, their states: an unfinished value shows by a span that is not all
 * written, in ESP-IDF's eyes as well. */
int bmi_append(struct bm_nvs *nvs, const uint8_t raw[BMI_ENTRY_SIZE], const uint8_t *data,
               uint32_t *location)
{
    const uint32_t rank = nvs->page_count - 1;
    const unsigned entry = nvs->next;
    const unsigned span = raw[BMI_EN_SPAN];
    const uint32_t at = rank * BMI_PAGE_ENTRIES + entry;
    nvs->next += span; /* also where this fails: what was begun is not written over */
    int rc =
        bmi_entries_prog(nvs, rank, BMI_OFF_ENTRIES + entry * BMI_ENTRY_SIZE, raw, BMI_ENTRY_SIZE);
    if (rc == BM_OK) {
        rc = bmi_states_set(nvs, at, 1, BMI_ENTRY_WRITTEN);
    }
    if (rc == BM_OK && span > 1) {
        rc = prog_data(nvs, rank, entry + 1, data, bm_get_le16(raw + BMI_EN_SIZE));
    }
    if (rc == BM_OK && span > 1) {
        rc = bmi_states_set(nvs, at + 1, span - 1, BMI_ENTRY_WRITTEN);
    }
    if (rc == BM_OK) {
        bmi_index_add(nvs, raw, at);
        *location = at;
    }
    return rc;
}

static int is_blank(const struct bm_nvs *nvs, uint32_t sector)
{
    uint8_t piece[64];
    for (uint32_t off = 0; off < BMI_PAGE_SIZE; off += sizeof piece) {
        if (nvs->flash->ops->read(nvs->flash->ctx, sector * BMI_PAGE_SIZE + off, piece,
                                  sizeof piece) != BM_OK) {
            return BM_E_IO;
        }
        for (unsigned i = 0; i < sizeof piece; i++) {
            if (piece[i] != 0xff) {
                return 0;
            }
        }
    }
    return 1;
}

int bmi_sector_blank(struct bm_nvs *nvs, uint32_t sector)
{
    const struct bm_flash *flash = nvs->flash;
    const int blank = is_blank(nvs, sector);
    if (blank != 0) {
        return blank < 0 ? blank : BM_OK;
    }
    return flash->ops->erase(flash->ctx, sector * BMI_PAGE_SIZE, BMI_PAGE_SIZE) == BM_OK ? BM_OK
                                                                                         : BM_E_IO;
}

/* The unused sector next behind the newest page, so that wear goes round. */
static uint32_t choose_sector(const struct bm_nvs *nvs)
{
    uint32_t sector = nvs->page_count > 0 ? nvs->order[nvs->page_count - 1] : nvs->sectors - 1;
    do {
        sector = sector + 1 == nvs->sectors ? 0 : sector + 1;
    } while (nvs->pages[sector].rank != BMI_UNUSED);
    return sector;
}

int bmi_page_open(struct bm_nvs *nvs)
{
    const struct bm_flash *flash = nvs->flash;
    uint8_t raw[BMI_ENTRY_SIZE];
    struct bmi_header h;
    if (nvs->page_count == nvs->sectors ||
        (nvs->page_count > 0 && nvs->pages[nvs->order[nvs->page_count - 1]].seq >= SEQ_LAST)) {
        return BM_E_NOSPC;
    }
    const uint32_t sector = choose_sector(nvs);
    const uint32_t seq =
        nvs->page_count > 0 ? nvs->pages[nvs->order[nvs->page_count - 1]].seq + 1 : 0;
    const int rc = bmi_sector_blank(nvs, sector);
    if (rc != BM_OK) {
        return rc;
    }
    bmi_header_put(raw, BMI_PAGE_ACTIVE, seq, BMI_VERSION_2);
    bmi_header_get(raw, &h);
    if (flash->ops->prog(flash->ctx, sector * BMI_PAGE_SIZE, raw, sizeof raw) != BM_OK) {
        return BM_E_IO;
    }
    bmi_pages_add(nvs, sector, &h);
    nvs->next = 0;
    return BM_OK;
}
