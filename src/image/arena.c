/* SPDX-License-Identifier: Apache-2.0 */
#include "image/arena.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

enum { CHUNK_SIZE = 64 * 1024 - 32, GROW_START = 64 };

struct bmi_chunk {
    struct bmi_chunk *next;
    size_t used;
    size_t cap;
    uint8_t bytes[];
};

uint8_t *bmi_arena_alloc(struct bmi_arena *arena, size_t len)
{
    struct bmi_chunk *c = arena->head;
    if (c == NULL || c->cap - c->used < len) {
        const size_t cap = len > CHUNK_SIZE ? len : CHUNK_SIZE;
        if (cap > SIZE_MAX - sizeof *c) {
            return NULL;
        }
        c = malloc(sizeof *c + cap);
        if (c == NULL) {
            return NULL;
        }
        c->used = 0;
        c->cap = cap;
        /* a large piece goes behind the current chunk, which may still have room */
        if (len > CHUNK_SIZE && arena->head != NULL) {
            c->next = arena->head->next;
            arena->head->next = c;
        } else {
            c->next = arena->head;
            arena->head = c;
        }
    }
    uint8_t *piece = c->bytes + c->used;
    c->used += len;
    arena->total += len;
    return piece;
}

uint8_t *bmi_arena_copy(struct bmi_arena *arena, const void *data, size_t len)
{
    uint8_t *piece = bmi_arena_alloc(arena, len);
    if (piece != NULL && len > 0) {
        memcpy(piece, data, len);
    }
    return piece;
}

void bmi_arena_free(struct bmi_arena *arena)
{
    struct bmi_chunk *c = arena->head;
    while (c != NULL) {
        struct bmi_chunk *next = c->next;
        bm_wipe(c->bytes, c->used);
        free(c);
        c = next;
    }
    arena->head = NULL;
    arena->total = 0;
}

int bmi_reserve(void **data, size_t *cap, size_t count, size_t wanted, size_t size)
{
    if (wanted <= *cap) {
        return BM_OK;
    }
    if (wanted > SIZE_MAX / size) {
        return BM_E_NOMEM;
    }
    void *moved = malloc(wanted * size);
    if (moved == NULL) {
        return BM_E_NOMEM;
    }
    if (*data != NULL) {
        memcpy(moved, *data, count * size);
        bm_wipe(*data, count * size);
        free(*data);
    }
    *data = moved;
    *cap = wanted;
    return BM_OK;
}

int bmi_grow(void **data, size_t *cap, size_t count, size_t size)
{
    if (count < *cap) {
        return BM_OK;
    }
    return bmi_reserve(data, cap, count, *cap == 0 ? GROW_START : *cap * 2, size);
}
