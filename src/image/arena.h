/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_ARENA_H
#define BM_IMAGE_ARENA_H

/* Memory for values: many small pieces, given back and wiped all at once. */

#include <stddef.h>
#include <stdint.h>

struct bmi_arena {
    struct bmi_chunk *head; /* private */
    size_t total;           /* bytes handed out */
};

/* len bytes, not cleared, alignment 1; NULL if memory is short. They live until bmi_arena_free().
 */
uint8_t *bmi_arena_alloc(struct bmi_arena *arena, size_t len);

/* A copy of len bytes; NULL if memory is short. */
uint8_t *bmi_arena_copy(struct bmi_arena *arena, const void *data, size_t len);

/* Wipes and frees everything; a zeroed arena is left alone. */
void bmi_arena_free(struct bmi_arena *arena);

/* An array moved to where it has room for `wanted` elements, the old place wiped.
 * data, cap: changed on success. count: elements in it. size: of an element. Returns BM_OK or
 * BM_E_NOMEM. */
int bmi_reserve(void **data, size_t *cap, size_t count, size_t wanted, size_t size);

/* The same for at least one more element; grows by doubling. */
int bmi_grow(void **data, size_t *cap, size_t count, size_t size);

#endif
