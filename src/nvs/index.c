/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

#include <string.h>

/* A cuckoo table: buckets of four slots, packed bit by bit, and two buckets for each entry. A slot
 * is an entry's place, its offset in units of 32 bytes (0, a page header: empty), and above it some
 * bits of its key's hash, the tag: as many as the memory has room for. It is a filter: what it
 * names is read and compared, so an absent key costs a look at the flash once in 2^bits / 8. The
 * second bucket follows from the first and the tag, so entries give way to others without a look at
 * the flash, and the table works until it is nearly full. Then it is built again with fewer bits.
 */

enum {
    BUCKET = 4,
    SLOT_MOST = 32, /* bits */
    TAG_USUAL = 11, /* bits, where there is room: an absent key costs one look in 256 */
    TAG_LEAST = 4,  /* fewer are not worth it */
    WORDS_LEAST = 9,
    MOVES_MOST = 2000 /* of others for one entry; after that the table counts as full */
};

#define MIX 0x2c1b3c6du

static uint32_t place_bits(const struct bm_flash *flash)
{
    uint32_t bits = 1;
    while ((flash->size - 1) / BMI_ENTRY_SIZE >> bits != 0) {
        bits++;
    }
    return bits;
}

/* Fuller than this, tables may not work. A few slots more for small ones, and a word at the end. */
size_t bmi_index_size(const struct bm_flash *flash, uint32_t keys)
{
    const size_t width = place_bits(flash) + TAG_USUAL;
    const size_t slots = (size_t)keys + keys / 28 + 16;
    return keys == 0 ? 0 : (slots * width / 32 + 2) * sizeof(uint32_t);
}

void bmi_index_init(struct bm_nvs *nvs, uint32_t *memory, size_t words)
{
    nvs->place_bits = place_bits(nvs->flash);
    nvs->slot_bits = SLOT_MOST;
    nvs->slot_words = words;
    nvs->slots = words >= WORDS_LEAST ? memory : NULL;
}

/* Returns a slot of a bucket as it was, and changes these bits of it. */
static uint32_t flip(const struct bm_nvs *nvs, uint32_t bucket, unsigned i, uint32_t bits)
{
    const size_t bit = ((size_t)bucket * BUCKET + i % BUCKET) * nvs->slot_bits;
    uint32_t *word = nvs->slots + bit / 32;
    const uint32_t both = word[0] >> bit % 32 | word[1] << 1 << (31 - bit % 32);
    word[0] ^= bits << bit % 32;
    word[1] ^= bits >> 1 >> (31 - bit % 32);
    return both & nvs->slot_mask;
}

/* 0 to buckets - 1, by the high end of a hash. */
static uint32_t scale(const struct bm_nvs *nvs, uint32_t h)
{
    return (uint32_t)(((uint64_t)h * nvs->buckets) >> 32);
}

/* The two buckets of a slot add up to a number that its tag gives. */
static uint32_t other(const struct bm_nvs *nvs, uint32_t slot, uint32_t bucket)
{
    const uint32_t sum = scale(nvs, (slot >> nvs->place_bits) * MIX) - bucket;
    return sum < nvs->buckets ? sum : sum + nvs->buckets;
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
    h = (h ^ (h >> 15)) * MIX;
    return h ^ (h >> 13);
}

/* The tag is from the low end of the hash. */
static uint32_t slot_of(const struct bm_nvs *nvs, uint32_t h, uint32_t place)
{
    return (h << nvs->place_bits | place) & nvs->slot_mask;
}

/* Removes an entry, or adds it: where both buckets are full, another slot gives way and goes to its
 * own second bucket, and so on. When that finds no end one slot is left over, and the table is of
 * no use any more. */
static void change(struct bm_nvs *nvs, const uint8_t raw[BMI_ENTRY_SIZE], uint32_t location,
                   int add)
{
    const int is_data = raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_DATA;
    uint32_t h = hash(raw[BMI_EN_NS], is_data ? raw[BMI_EN_CHUNK] : BMI_CHUNK_NONE,
                      (const char *)raw + BMI_EN_KEY);
    const uint32_t place = bmi_offset(nvs, location) / BMI_ENTRY_SIZE;
    uint32_t slot = slot_of(nvs, h, place);
    uint32_t bucket = scale(nvs, h);
    for (unsigned moves = 0; moves < MOVES_MOST; moves++) {
        for (unsigned i = 0; i < BUCKET; i++) {
            if (flip(nvs, bucket, i, 0) == (add ? 0 : slot)) {
                (void)flip(nvs, bucket, i, slot);
                return;
            }
        }
        if (moves > 0) {
            if (!add) {
                return;
            }
            h = h * MIX + 1;
            const uint32_t out = flip(nvs, bucket, h >> 24, 0);
            (void)flip(nvs, bucket, h >> 24, out ^ slot);
            slot = out;
        }
        bucket = other(nvs, slot, bucket);
    }
    nvs->slots_ready = 0;
    if (--nvs->slot_bits < nvs->place_bits + TAG_LEAST) {
        nvs->slots = NULL;
    }
}

/* Enters all entries, as long as there is room, and counts them. */
static int build(struct bm_nvs *nvs, uint32_t *count)
{
    struct bmi_walk walk;
    struct bmi_found found;
    int rc;
    nvs->slot_mask = UINT32_MAX >> (SLOT_MOST - nvs->slot_bits);
    nvs->buckets = (uint32_t)((nvs->slot_words - 1) * (32 / BUCKET) / nvs->slot_bits);
    memset(nvs->slots, 0, nvs->slot_words * sizeof *nvs->slots);
    nvs->slots_ready = 1;
    *count = 0;
    bmi_walk_start(&walk, 0, BMI_NO_BOUND, 0);
    while ((rc = bmi_walk_next(nvs, &walk, &found)) > 0) {
        ++*count;
        if (nvs->slots_ready) {
            change(nvs, found.raw, found.location, 1);
        }
    }
    nvs->slots_ready &= rc == 0;
    return rc;
}

/* How many entries there are shows only at the end of a first try. Bits once given up are not tried
 * again. A table that is full with a quarter of it free has many copies of one key, and would not
 * work with fewer bits either. */
int bmi_index_prepare(struct bm_nvs *nvs)
{
    uint32_t count = nvs->page_count * BMI_PAGE_ENTRIES;
    uint32_t least = nvs->place_bits + TAG_USUAL;
    int rc = BM_OK;
    while (nvs->slots != NULL && !nvs->slots_ready && rc == BM_OK) {
        const size_t fit = nvs->slot_words * 30 / (count + 1);
        const size_t bits = fit > least ? fit : least;
        if (bits < nvs->slot_bits) {
            nvs->slot_bits = (uint32_t)bits;
        }
        rc = build(nvs, &count);
        if (!nvs->slots_ready && rc == BM_OK && count < nvs->buckets * 3) {
            nvs->slots = NULL;
        }
        least = nvs->place_bits + TAG_LEAST;
    }
    return rc;
}

void bmi_index_add(struct bm_nvs *nvs, const uint8_t raw[BMI_ENTRY_SIZE], uint32_t location)
{
    if (nvs->slots_ready) {
        change(nvs, raw, location, 1);
        if (bmi_index_prepare(nvs) != BM_OK) { /* at once: not in the middle of a collection */
            nvs->slots = NULL;
        }
    }
}

void bmi_index_remove(struct bm_nvs *nvs, const struct bmi_found *entry)
{
    if (nvs->slots_ready) {
        change(nvs, entry->raw, entry->location, 0);
    }
}

int bmi_index_find(struct bm_nvs *nvs, const struct bmi_match *match, struct bmi_found *found)
{
    uint32_t best = 0;
    const uint32_t h = hash(match->ns, match->chunk, match->key);
    const uint32_t tag = slot_of(nvs, h, 0);
    uint32_t bucket = scale(nvs, h);
    for (unsigned n = 0; n < 2 * BUCKET; n++) {
        uint8_t entry[BMI_ENTRY_SIZE];
        if (n == BUCKET) {
            bucket = other(nvs, tag, bucket);
        }
        const uint32_t place = flip(nvs, bucket, n, 0) ^ tag;
        if (place == 0 || place >> nvs->place_bits != 0) {
            continue; /* empty, or another tag */
        }
        const uint32_t rank = nvs->pages[place / BMI_PAGE_STEPS].rank;
        const uint32_t at = rank * BMI_PAGE_STEPS + place % BMI_PAGE_STEPS;
        if (rank == BMI_UNUSED || at <= best || at >= found->location) {
            continue;
        }
        if (bmi_entries_read(nvs, at, entry, sizeof entry) != BM_OK) {
            return BM_E_IO;
        }
        if (bmi_matches(match, entry)) {
            memcpy(found->raw, entry, sizeof entry);
            best = at;
        }
    }
    found->location = best;
    return best != 0;
}
