/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_HEADER_H
#define BM_IMAGE_HEADER_H

/* The header row: which column holds what. */

#include <stddef.h>

#include "image/csv.h"
#include "image/problem.h"
#include "image/word.h"

enum bmi_column { BMI_COL_KEY, BMI_COL_TYPE, BMI_COL_ENCODING, BMI_COL_VALUE, BMI_COLUMNS };

struct bmi_header_map {
    size_t at[BMI_COLUMNS]; /* index of the cell */
    size_t count;           /* cells of the header */
};

/* A cell without the blanks and line ends around it. */
struct bmi_slice bmi_cell_trim(const struct bmi_csv_cell *cell);

/* Reads the header row: names in any order and case, others are passed over.
 * Returns BM_OK, or BM_E_INPUT with what is missing told in problems. */
int bmi_header_parse(struct bmi_header_map *out, const struct bmi_csv_row *row, const char *file,
                     struct bm_image_problems *problems);

#endif
