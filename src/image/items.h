/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_ITEMS_H
#define BM_IMAGE_ITEMS_H

/* The values of an image in order, found by namespace and key. */

#include <stddef.h>
#include <stdint.h>

#include "image/arena.h"
#include "image/generate.h"

/* Zeroed to start with. */
struct bmi_items {
    struct bm_image_item *list;
    size_t count;
    size_t cap;
    uint64_t *table; /* open hash: index + 1, the key's hash above it; private */
    size_t mask;
    uint32_t namespaces[BM_NVS_NS_MAX + 1]; /* item of each namespace, by its number from 1 */
    unsigned namespace_count;
    struct bmi_arena arena; /* data of the items */
    struct bm_image_slot *slots;
    size_t slot_count;
    size_t slot_cap;
};

/* Makes room for so many more items at once. Returns BM_OK or BM_E_NOMEM. */
int bmi_items_reserve(struct bmi_items *items, size_t more);

/* The item of this namespace and key that counts, or NULL. key: len bytes, at most 15. The pointer
 * is good until the next bmi_items_add(). */
struct bm_image_item *bmi_items_find(const struct bmi_items *items, uint8_t ns, const char *key,
                                     size_t len);

/* Appends a copy of an item; from now on it is the one found by its key. Returns BM_OK or
 * BM_E_NOMEM. */
int bmi_items_add(struct bmi_items *items, const struct bm_image_item *item);

/* Wipes and frees what it holds. */
void bmi_items_free(struct bmi_items *items);

#endif
