/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LAYOUT_SPANS_H
#define BM_LAYOUT_SPANS_H

/* The whole flash as a table divides it: what lies where, and what is free. */

#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "layout/table_judge.h"

enum bm_span_kind { BM_SPAN_BOOT, BM_SPAN_TABLE, BM_SPAN_PART, BM_SPAN_FREE };

enum { BM_SPANS_MAX = 2 * BM_PART_MAX + 4 };

struct bm_span {
    enum bm_span_kind kind;
    uint64_t begin; /* bytes from the start of flash */
    uint64_t end;
    int part; /* index in the table for BM_SPAN_PART, otherwise -1 */
};

struct bm_spans {
    const struct bm_part_table *table;
    const struct bm_part_subtypes *extra;
    struct bm_span list[BM_SPANS_MAX]; /* by begin */
    unsigned count;
    uint64_t size; /* of the flash */
    uint64_t used; /* where the last partition ends */
    uint64_t free; /* bytes in no partition */
    int guessed;   /* 1: size is the smallest flash that holds the table */
};

/* Lays out a table. flash_size: bytes, or 0 to guess. The table is kept. */
void bm_spans_make(struct bm_spans *out, const struct bm_part_table *table,
                   const struct bm_part_subtypes *extra, uint32_t table_offset,
                   uint64_t flash_size);

/* "24K", "1.7M" where that is exact, otherwise bytes. out: 24 bytes. Returns out. */
const char *bm_span_size(char *out, uint64_t size);

/* Label of a span, as people may see it. buf: 80 bytes. Returns buf or a static text. */
const char *bm_span_label(char *buf, const struct bm_spans *s, const struct bm_span *span);

/* Prints the table with offsets, ends, sizes and what is free. name: of the file. */
void bm_spans_print(FILE *out, const struct bm_spans *s);

/* How to draw in a terminal. */
struct bm_spans_draw {
    unsigned columns;
    int ascii;
    int color;
};

/* Draws a row for each span, with a bar where it lies, to scale. */
void bm_spans_draw(FILE *out, const struct bm_spans *s, const struct bm_spans_draw *how);

/* Writes an SVG document. title: a line above the picture. */
void bm_spans_svg(FILE *out, const struct bm_spans *s, const char *title);

/* The table as JSON; findings may be NULL. Returns NULL where memory is out. */
json_t *bm_spans_json(const struct bm_spans *s, const struct bm_table_file *file,
                      const struct bm_table_findings *findings);

#endif
