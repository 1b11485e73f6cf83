/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "birthmark/part.h"

const struct bm_part *bm_part_find(const struct bm_part_table *table, int type, int subtype,
                                   const char *label)
{
    for (unsigned i = 0; i < table->count; i++) {
        const struct bm_part *p = &table->part[i];
        if ((type < 0 || p->type == type) && (subtype < 0 || p->subtype == subtype) &&
            (label == NULL || strcmp(p->label, label) == 0)) {
            return p;
        }
    }
    return NULL;
}

uint64_t bm_part_table_end(const struct bm_part_table *table)
{
    uint64_t end = 0;
    for (unsigned i = 0; i < table->count; i++) {
        const uint64_t stop = (uint64_t)table->part[i].offset + table->part[i].size;
        end = stop > end ? stop : end;
    }
    return end;
}

int bm_part_table_fits(const struct bm_part_table *table, uint32_t flash_size)
{
    return flash_size == 0 || bm_part_table_end(table) <= flash_size;
}

int bm_part_region(struct bm_flash *out, struct bm_flash_window *window,
                   const struct bm_flash *chip, const struct bm_part *part)
{
    if (part->offset > chip->size || part->size > chip->size - part->offset) {
        return BM_E_NOSPC;
    }
    return (part->flags & BM_PART_READONLY) != 0
               ? bm_flash_window_readonly(out, window, chip, part->offset, part->size)
               : bm_flash_window(out, window, chip, part->offset, part->size);
}
