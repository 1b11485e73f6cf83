/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_CSV_H
#define BM_IMAGE_CSV_H

/* CSV as rows of cells that know where they stand. libcsv takes the cells apart; this adds what it
 * does not have: line and column, comments and blank lines between records, and a word on quotes
 * that do not pair. docs/compatibility.md says how the reference generator reads the same bytes. */

#include <stddef.h>
#include <stdint.h>

#include "image/problem.h"

enum { BMI_CSV_CELLS_MAX = 64 };

/* A cell without its quotes; text has a NUL behind its len bytes, and may hold NULs. */
struct bmi_csv_cell {
    const char *text;
    size_t len;
    uint32_t line;
    uint32_t column;
    uint8_t stripped; /* blanks outside its quotes were dropped */
};

struct bmi_csv_row {
    struct bmi_csv_cell cells[BMI_CSV_CELLS_MAX];
    size_t count; /* at least 1 */
};

struct bmi_csv;

/* Starts reading. name, data and problems are kept; all must outlive the reader.
 * Returns BM_OK, BM_E_NOMEM, or BM_E_INPUT (UTF-16; told in problems). */
int bmi_csv_open(struct bmi_csv **out, const char *name, const uint8_t *data, size_t len,
                 struct bm_image_problems *problems);

/* The next record: good until the following call. Records that cannot be read (a quote that never
 * closes, text behind a closing quote, bytes that are not UTF-8) are told in problems and passed
 * over. Returns BM_OK, BM_E_NOENT at the end, or BM_E_NOMEM. */
int bmi_csv_next(struct bmi_csv *csv, const struct bmi_csv_row **row);

/* From now on, problems of a record carry the text of this cell as their key. */
void bmi_csv_name_by(struct bmi_csv *csv, size_t cell);

/* Wipes and frees; NULL is left alone. */
void bmi_csv_close(struct bmi_csv *csv);

#endif
