/* SPDX-License-Identifier: Apache-2.0 */
#include "image/layout.h"

#include <string.h>

#include "base/le.h"
#include "image/lookup.h"
#include "nvs/fmt.h"

enum {
    SLOTS_SPARE = 16, /* beyond one a value: blobs take more */
    SHOWN = 100       /* bytes of a path in a message */
};

struct plan {
    struct bmi_items *items;
    uint32_t page;
    unsigned entry; /* next free one of the page, 126: none */
    unsigned version;
};

/* A page is opened only when something needs it: the last one stays ACTIVE, however full. */
static void next_page(struct plan *p)
{
    p->page++;
    p->entry = 0;
}

static int put(struct plan *p, struct bm_image_slot slot)
{
    struct bmi_items *items = p->items;
    void *slots = items->slots;
    if (bmi_grow(&slots, &items->slot_cap, items->slot_count, sizeof slot) != BM_OK) {
        return BM_E_NOMEM;
    }
    items->slots = slots;
    slot.page = p->page;
    slot.entry = (uint8_t)p->entry;
    items->slots[items->slot_count++] = slot;
    p->entry += slot.span;
    return BM_OK;
}

static int place_primitive(struct plan *p, uint32_t index, const struct bm_image_item *item)
{
    const struct bm_image_slot slot = {
        .item = index, .size = item->size, .span = 1, .type = item->type, .chunk = BMI_CHUNK_NONE};
    if (p->entry >= BMI_PAGE_ENTRIES) {
        next_page(p);
    }
    return put(p, slot);
}

/* A string, or a blob of version 1: whole in one page. */
static int place_whole(struct plan *p, uint32_t index, const struct bm_image_item *item)
{
    const unsigned span = bmi_span(item->size);
    const struct bm_image_slot slot = {.item = index,
                                       .size = item->size,
                                       .span = (uint8_t)span,
                                       .type =
                                           item->type == BM_NVS_STR ? BM_NVS_STR : BMI_TYPE_BLOB_V1,
                                       .chunk = BMI_CHUNK_NONE};
    /* The reference generator does not fill a page to its last entry here (its test is one too
     * strict), and the same bytes matter more than the entry. A fresh page must do, though: a
     * string of 3968 to 3999 characters needs all of it. */
    if (p->entry > 0 && p->entry + span >= BMI_PAGE_ENTRIES) {
        next_page(p);
    }
    return put(p, slot);
}

/* A blob of version 2: chunks to the end of each page, then the index. A page with one entry left
 * takes a chunk of no bytes, as the reference generator has it. */
static int place_chunks(struct plan *p, uint32_t index, const struct bm_image_item *item,
                        unsigned *count)
{
    uint32_t left = item->size;
    unsigned chunk = 0;
    if (p->entry >= BMI_PAGE_ENTRIES) {
        next_page(p);
    }
    do {
        const uint32_t room = (BMI_PAGE_ENTRIES - p->entry - 1) * BMI_ENTRY_SIZE;
        const uint32_t size = left < room ? left : room;
        const struct bm_image_slot slot = {.item = index,
                                           .offset = item->size - left,
                                           .size = size,
                                           .span = (uint8_t)bmi_span(size),
                                           .type = BMI_TYPE_BLOB_DATA,
                                           .chunk = (uint8_t)chunk};
        if (put(p, slot) != BM_OK) {
            return BM_E_NOMEM;
        }
        chunk++;
        left -= size;
        if (left > 0 || room - size < BMI_ENTRY_SIZE) {
            next_page(p);
        }
    } while (left > 0);
    *count = chunk;
    const struct bm_image_slot slot = {.item = index,
                                       .size = item->size,
                                       .span = 1,
                                       .type = BMI_TYPE_BLOB_IDX,
                                       .chunk = (uint8_t)chunk};
    return put(p, slot);
}

static int place_blob(struct plan *p, uint32_t index, const struct bm_image_item *item,
                      struct bm_image_problems *problems)
{
    unsigned chunks = 0;
    const int rc = place_chunks(p, index, item, &chunks);
    if (rc == BM_OK && chunks > BMI_BLOB_CHUNKS_MAX) {
        bmi_problem_add(problems, BM_IMAGE_ERROR, &item->place, item->key, strlen(item->key),
                        "the value would take %u chunks from where it starts in its page, %d are "
                        "the most; shorten it by a page (4000 bytes), or put it first",
                        chunks, BMI_BLOB_CHUNKS_MAX);
        return BM_E_INPUT;
    }
    return rc;
}

int bmi_layout_plan(struct bmi_items *items, unsigned version, uint32_t *pages,
                    struct bm_image_problems *problems)
{
    struct plan p = {.items = items, .version = version};
    void *slots = items->slots;
    int result = BM_OK;
    if (bmi_reserve(&slots, &items->slot_cap, items->slot_count, items->count + SLOTS_SPARE,
                    sizeof *items->slots) != BM_OK) {
        return BM_E_NOMEM;
    }
    items->slots = slots;
    for (uint32_t i = 0; i < items->count; i++) {
        const struct bm_image_item *item = &items->list[i];
        int rc = BM_OK;
        if (item->dropped) {
            continue;
        }
        if (bmi_type_width(item->type) > 0) {
            rc = place_primitive(&p, i, item);
        } else if (item->type == BM_NVS_STR || version == 1) {
            rc = place_whole(&p, i, item);
        } else {
            rc = place_blob(&p, i, item, problems);
        }
        if (rc == BM_E_NOMEM) {
            return rc;
        }
        result = result == BM_OK ? rc : result;
    }
    *pages = p.page + 1;
    return result;
}

/* The eight bytes at the end of an entry header. */
static void entry_data(uint8_t out[8], const struct bm_image_slot *slot,
                       const struct bm_image_item *item)
{
    uint8_t bits[8];
    memset(out, 0xff, 8);
    if (slot->type == BMI_TYPE_BLOB_IDX) {
        bm_put_le32(out, slot->size);
        out[BMI_EN_IDX_COUNT - BMI_EN_DATA] = slot->chunk;
        out[BMI_EN_IDX_START - BMI_EN_DATA] = 0;
    } else if (bmi_type_has_data(slot->type)) {
        bm_put_le16(out, (uint16_t)slot->size);
        bm_put_le32(out + BMI_EN_DATA_CRC - BMI_EN_DATA,
                    bmi_data_crc(item->data + slot->offset, slot->size));
    } else {
        bm_put_le64(bits, item->bits);
        memcpy(out, bits, slot->size);
    }
}

/* The chunk byte of an entry header. */
static uint8_t stored_chunk(const struct bm_image_slot *slot)
{
    return slot->type == BMI_TYPE_BLOB_DATA ? slot->chunk : BMI_CHUNK_NONE;
}

static void write_slot(uint8_t *page, const struct bm_image_slot *slot,
                       const struct bm_image_item *item)
{
    uint8_t *raw = page + BMI_OFF_ENTRIES + (size_t)slot->entry * BMI_ENTRY_SIZE;
    struct bmi_entry entry = {.ns = item->ns, .type = slot->type, .span = slot->span};
    entry.chunk = stored_chunk(slot);
    memcpy(entry.key, item->key, sizeof entry.key);
    entry_data(entry.data, slot, item);
    bmi_entry_put(raw, &entry);
    if (bmi_type_has_data(slot->type) && slot->size > 0) {
        memcpy(raw + BMI_ENTRY_SIZE, item->data + slot->offset, slot->size);
    }
    for (unsigned i = 0; i < slot->span; i++) {
        bmi_bitmap_put(page + BMI_OFF_BITMAP, slot->entry + i, BMI_ENTRY_WRITTEN);
    }
}

void bmi_layout_write(uint8_t *image, const struct bmi_items *items, unsigned version,
                      uint32_t pages)
{
    const uint8_t page_version = version == 1 ? BMI_VERSION_1 : BMI_VERSION_2;
    for (uint32_t i = 0; i < pages; i++) {
        bmi_header_put(image + (size_t)i * BMI_PAGE_SIZE,
                       i + 1 < pages ? BMI_PAGE_FULL : BMI_PAGE_ACTIVE, i, page_version);
    }
    for (size_t i = 0; i < items->slot_count; i++) {
        const struct bm_image_slot *slot = &items->slots[i];
        write_slot(image + (size_t)slot->page * BMI_PAGE_SIZE, slot, &items->list[slot->item]);
    }
}

static void tell_collision(const struct bm_image_item *earlier, const struct bm_image_item *later,
                           struct bm_image_problems *problems)
{
    bmi_problem_add(
        problems, BM_IMAGE_WARNING, &later->place, later->key, strlen(later->key),
        "ESP-IDF's library takes this key for '%s' (%.*s:%u): both have the same 24-bit "
        "hash in the last page, and '%s' is erased at the next start; rename one of them",
        earlier->key, SHOWN, earlier->place.file, earlier->place.line, earlier->key);
}

void bmi_layout_collisions(const struct bmi_items *items, uint32_t pages,
                           struct bm_image_problems *problems)
{
    uint32_t hashes[BMI_PAGE_ENTRIES];
    size_t first = items->slot_count;
    while (first > 0 && items->slots[first - 1].page + 1 == pages) {
        first--;
    }
    for (size_t i = first; i < items->slot_count; i++) {
        const struct bm_image_item *item = &items->list[items->slots[i].item];
        hashes[i - first] = bmi_lookup_hash(item->ns, item->key, stored_chunk(&items->slots[i]));
        for (size_t k = first; k < i; k++) {
            if (hashes[k - first] == hashes[i - first]) {
                tell_collision(&items->list[items->slots[k].item], item, problems);
            }
        }
    }
}
