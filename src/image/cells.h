/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_CELLS_H
#define BM_IMAGE_CELLS_H

/* What each entry of a page is, for the pictures. */

#include "image/scan.h"

enum bmi_cell_kind {
    BMI_CELL_NAME = 0,
    BMI_CELL_NUMBER,
    BMI_CELL_STRING,
    BMI_CELL_BLOB,
    BMI_CELL_INDEX,
    BMI_CELL_OLD, /* whole, but a newer copy counts, or its blob is not whole */
    BMI_CELL_ERASED,
    BMI_CELL_EMPTY,
    BMI_CELL_DAMAGED,
    BMI_CELL_SEALED, /* written and encrypted */
    BMI_CELL_KINDS
};

struct bmi_cell_style {
    const char *name;
    const char *head; /* glyph of the first entry of a value */
    const char *body; /* glyph of those behind it */
    const char *ascii_head;
    const char *ascii_body;
    const char *ansi;  /* colours in a terminal */
    const char *light; /* colour of the SVG on a light ground, and on a dark one */
    const char *dark;
};
extern const struct bmi_cell_style bmi_cell_styles[BMI_CELL_KINDS];

/* The kind of all entries of a row. */
enum bmi_cell_kind bmi_cell_kind(const struct bm_scan *s, const struct bm_row *row);

/* End of the run of blank pages that starts at page; page itself where it is not blank. */
uint32_t bmi_blank_pages(const struct bm_scan *s, uint32_t page);

#endif
