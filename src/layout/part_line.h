/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LAYOUT_PART_LINE_H
#define BM_LAYOUT_PART_LINE_H

/* One line of partition CSV, taken apart: variables in, comment out, fields with their columns. */

#include "layout/table_file.h"

enum { BM_PART_LINE_MAX = 1024, BM_PART_FIELDS = 6 };

struct bm_part_field {
    const char *p; /* without the blanks around it */
    size_t len;
    uint32_t column; /* counts from 1, in characters */
};

struct bm_part_line {
    char text[BM_PART_LINE_MAX];
    uint32_t column[BM_PART_LINE_MAX]; /* where each byte came from */
    size_t len;
    struct bm_part_field field[BM_PART_FIELDS]; /* those not there are empty */
    size_t fields;
    struct bm_image_place place;
    struct bm_image_problems *problems;
};

/* Takes a line apart; out->place and out->problems are set by the caller.
 * Returns 1 where there is a partition in it, 0 where not: blank, a comment, or wrong (told). */
int bm_part_line_split(struct bm_part_line *out, const char *text, size_t len,
                       const struct bm_table_options *o);

/* Tells what is wrong at a column of the line. */
void bm_part_line_tell(const struct bm_part_line *line, enum bm_image_level level, uint32_t column,
                       const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
