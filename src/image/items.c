/* SPDX-License-Identifier: Apache-2.0 */
#include "image/items.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

enum { TABLE_START = 256, GROW_LEAST = 64 };

/* FNV-1a, 64 bit, folded. */
static uint32_t hash(uint8_t ns, const char *key, size_t len)
{
    uint64_t h = (0xcbf29ce484222325u ^ ns) * 0x100000001b3u;
    for (size_t i = 0; i < len; i++) {
        h = (h ^ (uint8_t)key[i]) * 0x100000001b3u;
    }
    return (uint32_t)(h ^ (h >> 32));
}

/* The place of a key: where it is, or the free place where it would go. The hash in the table
 * spares a look at most other items. */
static uint64_t *lookup(const struct bmi_items *items, uint32_t h, uint8_t ns, const char *key,
                        size_t len)
{
    size_t i = h & items->mask;
    while (items->table[i] != 0) {
        const struct bm_image_item *item = &items->list[(uint32_t)items->table[i] - 1];
        if (items->table[i] >> 32 == h && item->ns == ns && strncmp(item->key, key, len) == 0 &&
            item->key[len] == '\0') {
            break;
        }
        i = (i + 1) & items->mask;
    }
    return &items->table[i];
}

/* From now on this item is the one found by its key. */
static void enter(struct bmi_items *items, size_t index)
{
    const struct bm_image_item *item = &items->list[index];
    const size_t len = strlen(item->key);
    const uint32_t h = hash(item->ns, item->key, len);
    *lookup(items, h, item->ns, item->key, len) = (uint64_t)h << 32 | (uint32_t)(index + 1);
}

/* A table for so many items that is at most half full. */
static int make_table(struct bmi_items *items, size_t count)
{
    size_t size = TABLE_START;
    while (size / 2 < count) {
        size *= 2;
    }
    uint64_t *table = calloc(size, sizeof *table);
    if (table == NULL) {
        return BM_E_NOMEM;
    }
    free(items->table);
    items->table = table;
    items->mask = size - 1;
    for (size_t i = 0; i < items->count; i++) {
        if (!items->list[i].dropped) {
            enter(items, i);
        }
    }
    return BM_OK;
}

int bmi_items_reserve(struct bmi_items *items, size_t more)
{
    const size_t count = items->count + more;
    void *list = items->list;
    if (items->table != NULL && count <= items->cap && count <= items->mask / 2) {
        return BM_OK;
    }
    if (count >= UINT32_MAX ||
        bmi_reserve(&list, &items->cap, items->count, count, sizeof *items->list) != BM_OK) {
        return BM_E_NOMEM;
    }
    items->list = list;
    return make_table(items, items->cap);
}

struct bm_image_item *bmi_items_find(const struct bmi_items *items, uint8_t ns, const char *key,
                                     size_t len)
{
    if (items->table == NULL) {
        return NULL;
    }
    const uint32_t at = (uint32_t)*lookup(items, hash(ns, key, len), ns, key, len);
    return at == 0 ? NULL : &items->list[at - 1];
}

int bmi_items_add(struct bmi_items *items, const struct bm_image_item *item)
{
    if (items->count == items->cap &&
        bmi_items_reserve(items, items->count < GROW_LEAST ? GROW_LEAST : items->count) != BM_OK) {
        return BM_E_NOMEM;
    }
    items->list[items->count] = *item;
    enter(items, items->count++);
    return BM_OK;
}

void bmi_items_free(struct bmi_items *items)
{
    bmi_arena_free(&items->arena);
    if (items->list != NULL) {
        bm_wipe(items->list, items->count * sizeof *items->list);
    }
    free(items->list);
    free(items->table);
    free(items->slots);
    memset(items, 0, sizeof *items);
}
