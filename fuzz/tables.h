/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_FUZZ_TABLES_H
#define BM_FUZZ_TABLES_H

/* What the two fuzzers of partition tables share. */

#include <stdlib.h>
#include <string.h>

#include "birthmark/part.h"

static inline void must(int good)
{
    if (!good) {
        abort();
    }
}

/* 1 if both have the same rows. */
static inline int same(const struct bm_part_table *a, const struct bm_part_table *b)
{
    uint8_t x[BM_PART_TABLE_MAX];
    uint8_t y[BM_PART_TABLE_MAX];
    must(bm_part_table_format(x, a, NULL, NULL) == BM_OK);
    must(bm_part_table_format(y, b, NULL, NULL) == BM_OK);
    return a->count == b->count && memcmp(x, y, sizeof x) == 0;
}

#endif
