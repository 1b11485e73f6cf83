/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

#include <string.h>

/* An open-addressed table of slots, packed bit by bit: an entry's place + 2, and above it 8 bits of
 * its key's hash. 0 is an empty slot, 1 one that was given up. It is a filter: what it names is
 * read and compared, so 8 bits, and a table nearly full, are enough: of the slots that a search for
 * an absent key passes, 1 in 256 costs a look at the flash. */

enum { EMPTY = 0, GIVEN_UP = 1, FIRST_PLACE = 2, TAG_BITS = 8, SLOTS_LEAST = 8 };

static unsigned place_bits(uint32_t sectors)
{
    const uint32_t most = sectors * BMI_PAGE_ENTRIES + FIRST_PLACE;
    unsigned bits = 2;
    while (((uint32_t)1 << bits) < most) {
        bits++;
    }
    return bits;
}

/* Room for an eighth more than the keys: fuller tables work, but searches get long. */
size_t bmi_index_size(const struct bm_flash *flash, uint32_t keys)
{
    const unsigned width = place_bits(flash->size / BMI_PAGE_SIZE) + TAG_BITS;
    const size_t slots = keys == 0 ? 0 : (size_t)keys + keys / 8 + SLOTS_LEAST;
    return (slots * width + 7) / 8;
}

void bmi_index_init(struct bm_nvs *nvs, uint8_t *memory, size_t len)
{
    nvs->slot_bits = (uint8_t)(place_bits(nvs->sectors) + TAG_BITS);
    nvs->slot_count =
        (uint32_t)(len / nvs->slot_bits * 8 + len % nvs->slot_bits * 8 / nvs->slot_bits);
    nvs->slots = nvs->slot_count >= SLOTS_LEAST ? memory : NULL;
}

/* The bits of a slot that lie in byte k, where the slot begins at bit `shift` of byte 0. */
static uint32_t in_byte(uint32_t v, unsigned k, unsigned shift)
{
    return (k * 8 >= shift ? v >> (k * 8 - shift) : v << (shift - k * 8)) & 0xff;
}

static uint8_t *slot_at(const struct bm_nvs *nvs, uint32_t i, unsigned *shift)
{
    const size_t bit = (size_t)i * nvs->slot_bits;
    *shift = bit % 8;
    return nvs->slots + bit / 8;
}

static uint32_t get(const struct bm_nvs *nvs, uint32_t i)
{
    unsigned shift;
    const uint8_t *p = slot_at(nvs, i, &shift);
    uint32_t v = (uint32_t)p[0] >> shift;
    for (unsigned k = 1; k * 8 < shift + nvs->slot_bits; k++) {
        v |= (uint32_t)p[k] << (k * 8 - shift);
    }
    return v & ((1u << nvs->slot_bits) - 1);
}

static void put(struct bm_nvs *nvs, uint32_t i, uint32_t value)
{
    unsigned shift;
    uint8_t *p = slot_at(nvs, i, &shift);
    const uint32_t mask = (1u << nvs->slot_bits) - 1;
    for (unsigned k = 0; k * 8 < shift + nvs->slot_bits; k++) {
        p[k] = (uint8_t)((p[k] & ~in_byte(mask, k, shift)) | in_byte(value, k, shift));
    }
}

/* FNV-1a over what tells entries apart, and a last mix so that every bit counts. */
static uint32_t hash(uint8_t ns, uint8_t chunk, const char *key)
{
    uint32_t h = 2166136261u;
    h = (h ^ ns) * 16777619u;
    h = (h ^ chunk) * 16777619u;
    for (unsigned i = 0; i < BMI_KEY_MAX && key[i] != '\0'; i++) {
        h = (h ^ (uint8_t)key[i]) * 16777619u;
    }
    h = (h ^ (h >> 15)) * 0x2c1b3c6du;
    return h ^ (h >> 13);
}

static uint32_t entry_hash(const uint8_t raw[BMI_ENTRY_SIZE])
{
    const int is_data = raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_DATA;
    return hash(raw[BMI_EN_NS], is_data ? raw[BMI_EN_CHUNK] : BMI_CHUNK_NONE,
                (const char *)raw + BMI_EN_KEY);
}

static uint32_t home(const struct bm_nvs *nvs, uint32_t h)
{
    return (uint32_t)(((uint64_t)h * nvs->slot_count) >> 32);
}

/* The tag of a slot comes from the low end of the hash, its home from the high end. */
static uint32_t slot_of(const struct bm_nvs *nvs, uint32_t h, uint32_t place)
{
    const uint32_t tag = h & ((1u << TAG_BITS) - 1);
    return tag << (nvs->slot_bits - TAG_BITS) | (place + FIRST_PLACE);
}

static uint32_t place_of(const struct bm_nvs *nvs, uint32_t location)
{
    return nvs->order[location / BMI_PAGE_ENTRIES] * (uint32_t)BMI_PAGE_ENTRIES +
           location % BMI_PAGE_ENTRIES;
}

static uint32_t step(const struct bm_nvs *nvs, uint32_t i)
{
    return i + 1 == nvs->slot_count ? 0 : i + 1;
}

void bmi_index_add(struct bm_nvs *nvs, const uint8_t raw[BMI_ENTRY_SIZE], uint32_t location)
{
    if (!nvs->slots_ready) {
        return;
    }
    const uint32_t h = entry_hash(raw);
    uint32_t i = home(nvs, h);
    for (uint32_t n = 0; n < nvs->slot_count; n++, i = step(nvs, i)) {
        if (get(nvs, i) < FIRST_PLACE) {
            put(nvs, i, slot_of(nvs, h, place_of(nvs, location)));
            return;
        }
    }
    nvs->slots_ready = 0; /* too small for what is stored: search the flash instead */
    nvs->slots = NULL;
}

void bmi_index_remove(struct bm_nvs *nvs, const uint8_t raw[BMI_ENTRY_SIZE], uint32_t location)
{
    if (!nvs->slots_ready) {
        return;
    }
    const uint32_t h = entry_hash(raw);
    const uint32_t slot = slot_of(nvs, h, place_of(nvs, location));
    uint32_t i = home(nvs, h);
    for (uint32_t n = 0; n < nvs->slot_count; n++, i = step(nvs, i)) {
        const uint32_t v = get(nvs, i);
        if (v == EMPTY) {
            return;
        }
        if (v == slot) {
            put(nvs, i, get(nvs, step(nvs, i)) == EMPTY ? EMPTY : GIVEN_UP);
            return;
        }
    }
}

static int add_page(struct bm_nvs *nvs, uint32_t rank)
{
    uint8_t bitmap[BMI_BITMAP_SIZE];
    uint8_t raw[BMI_ENTRY_SIZE];
    struct bmi_walk walk = {rank, 0, bitmap, 0};
    unsigned entry;
    int rc = bmi_page_read(nvs, rank, BMI_OFF_BITMAP, bitmap, sizeof bitmap);
    while (rc == BM_OK && (rc = bmi_walk_next(nvs, &walk, raw, &entry)) == BM_OK) {
        bmi_index_add(nvs, raw, rank * BMI_PAGE_ENTRIES + entry);
    }
    return rc == BM_E_NOENT ? BM_OK : rc;
}

int bmi_index_prepare(struct bm_nvs *nvs)
{
    if (nvs->slots == NULL || nvs->slots_ready) {
        return BM_OK;
    }
    memset(nvs->slots, 0, ((size_t)nvs->slot_count * nvs->slot_bits + 7) / 8);
    nvs->slots_ready = 1;
    for (uint32_t rank = 0; rank < nvs->page_count && nvs->slots_ready; rank++) {
        const int rc = add_page(nvs, rank);
        if (rc != BM_OK) {
            nvs->slots_ready = 0;
            return rc;
        }
    }
    return BM_OK;
}

int bmi_index_find(struct bm_nvs *nvs, const struct bmi_match *match, uint32_t bound,
                   uint8_t raw[BMI_ENTRY_SIZE], uint32_t *location)
{
    const uint32_t mask = (1u << (nvs->slot_bits - TAG_BITS)) - 1;
    const uint32_t h = hash(match->ns, match->chunk, match->key);
    const uint32_t tag = slot_of(nvs, h, 0) & ~mask;
    uint32_t best = 0; /* location + 1 */
    uint32_t i = home(nvs, h);
    for (uint32_t n = 0; n < nvs->slot_count; n++, i = step(nvs, i)) {
        const uint32_t slot = get(nvs, i);
        uint8_t entry[BMI_ENTRY_SIZE];
        if (slot == EMPTY) {
            break;
        }
        if (slot == GIVEN_UP || (slot & ~mask) != tag) {
            continue;
        }
        const uint32_t place = (slot & mask) - FIRST_PLACE;
        const uint32_t at = nvs->pages[place / BMI_PAGE_ENTRIES].rank * (uint32_t)BMI_PAGE_ENTRIES +
                            place % BMI_PAGE_ENTRIES;
        if (at >= bound || at < best || nvs->pages[place / BMI_PAGE_ENTRIES].rank == BMI_UNUSED) {
            continue;
        }
        if (bmi_entry_read(nvs, at, entry) != BM_OK) {
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
