/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

#include <string.h>

/* An open-addressed table of 32-bit slots: location + 1 in the low bits, as many hash bits as there
 * is room for above them, 0 for an empty slot. It is a filter: what it names is read and compared.
 */

static const uint32_t empty = 0;

size_t bmi_index_size(uint32_t keys)
{
    if (keys == 0) {
        return 0;
    }
    size_t slots = 8;
    while (slots < keys + (size_t)keys / 3 + 1) {
        slots *= 2;
    }
    return slots * sizeof(uint32_t);
}

/* FNV-1a over what tells entries apart, with a last mix because the low bits choose the slot. */
static uint32_t hash(uint8_t ns, uint8_t chunk, const char *key)
{
    uint32_t h = 2166136261u;
    h = (h ^ ns) * 16777619u;
    h = (h ^ chunk) * 16777619u;
    for (unsigned i = 0; i < BMI_KEY_MAX && key[i] != '\0'; i++) {
        h = (h ^ (uint8_t)key[i]) * 16777619u;
    }
    return h ^ (h >> 15);
}

/* Bits that a location + 1 may take. */
static uint32_t location_mask(const struct bm_nvs *nvs)
{
    const uint32_t most = nvs->page_count * BMI_PAGE_ENTRIES;
    uint32_t mask = 1;
    while (mask < most) {
        mask = mask * 2 + 1;
    }
    return mask;
}

static int insert(struct bm_nvs *nvs, uint32_t h, uint32_t slot)
{
    for (uint32_t i = 0; i <= nvs->slot_mask; i++) {
        uint32_t *place = &nvs->slots[(h + i) & nvs->slot_mask];
        if (*place == empty) {
            *place = slot;
            return BM_OK;
        }
    }
    return BM_E_NOMEM;
}

static int add_page(struct bm_nvs *nvs, uint32_t rank, uint32_t *count)
{
    const uint32_t mask = location_mask(nvs);
    uint8_t bitmap[BMI_BITMAP_SIZE];
    uint8_t raw[BMI_ENTRY_SIZE];
    struct bmi_walk walk = {rank, 0, bitmap};
    unsigned entry;
    int rc = bmi_page_read(nvs, rank, BMI_OFF_BITMAP, bitmap, sizeof bitmap);
    while (rc == BM_OK && (rc = bmi_walk_next(nvs, &walk, raw, &entry)) == BM_OK) {
        const int is_data = raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_DATA;
        const uint8_t chunk = is_data ? raw[BMI_EN_CHUNK] : BMI_CHUNK_NONE;
        const uint32_t h = hash(raw[BMI_EN_NS], chunk, (const char *)raw + BMI_EN_KEY);
        const uint32_t location = rank * BMI_PAGE_ENTRIES + entry;
        /* A full table would make every miss walk all of it. */
        if (++*count > nvs->slot_mask - nvs->slot_mask / 8 ||
            insert(nvs, h, (h & ~mask) | (location + 1)) != BM_OK) {
            return BM_E_NOMEM;
        }
    }
    return rc == BM_E_NOENT ? BM_OK : rc;
}

int bmi_index_prepare(struct bm_nvs *nvs)
{
    uint32_t count = 0;
    if (nvs->slots == NULL || nvs->slots_ready) {
        return BM_OK;
    }
    memset(nvs->slots, 0, (nvs->slot_mask + (size_t)1) * sizeof *nvs->slots);
    for (uint32_t rank = 0; rank < nvs->page_count; rank++) {
        const int rc = add_page(nvs, rank, &count);
        if (rc == BM_E_NOMEM) {
            nvs->slots = NULL; /* too small for this partition: search the flash instead */
            return BM_OK;
        }
        if (rc != BM_OK) {
            return rc;
        }
    }
    nvs->slots_ready = 1;
    return BM_OK;
}

int bmi_index_find(struct bm_nvs *nvs, const struct bmi_match *match, uint32_t bound,
                   uint8_t raw[BMI_ENTRY_SIZE], uint32_t *location)
{
    const uint32_t mask = location_mask(nvs);
    const uint32_t h = hash(match->ns, match->chunk, match->key);
    uint32_t best = 0; /* location + 1 */
    for (uint32_t i = 0; i <= nvs->slot_mask; i++) {
        const uint32_t slot = nvs->slots[(h + i) & nvs->slot_mask];
        const uint32_t at = (slot & mask) - 1;
        uint8_t entry[BMI_ENTRY_SIZE];
        if (slot == empty) {
            break;
        }
        if ((slot & ~mask) != (h & ~mask) || at >= bound || at < best) {
            continue;
        }
        if (bmi_page_read(nvs, at / BMI_PAGE_ENTRIES,
                          BMI_OFF_ENTRIES + at % BMI_PAGE_ENTRIES * BMI_ENTRY_SIZE, entry,
                          sizeof entry) != BM_OK) {
            return BM_E_IO;
        }
        if (bmi_matches(match, entry)) {
            memcpy(raw, entry, sizeof entry);
            best = at + 1;
        }
    }
    *location = best - 1;
    return best != 0 ? BM_OK : BM_E_NOENT;
}
