/* SPDX-License-Identifier: Apache-2.0 */
#include "image/header.h"

#include <string.h>

#include "birthmark/err.h"

static const char *const names[BMI_COLUMNS] = {"key", "type", "encoding", "value"};

struct bmi_slice bmi_cell_trim(const struct bmi_csv_cell *cell)
{
    return bmi_trim(cell->text, cell->len);
}

/* What a file without a header probably is. */
static const char *guess(const struct bmi_csv_row *row)
{
    if (row->count == 1 && memchr(row->cells[0].text, ';', row->cells[0].len) != NULL) {
        return "cells are separated by ';'; use commas";
    }
    if (row->count == 1 && memchr(row->cells[0].text, '\t', row->cells[0].len) != NULL) {
        return "cells are separated by tabs; use commas";
    }
    return "the header is missing; the first row must be key,type,encoding,value";
}

static int tell_missing(const struct bmi_csv_row *row, const size_t seen[BMI_COLUMNS],
                        const char *file, struct bm_image_problems *problems)
{
    const struct bm_image_place at = {file, row->cells[0].line, row->cells[0].column};
    size_t missing = 0;
    for (size_t k = 0; k < BMI_COLUMNS; k++) {
        missing += seen[k] == 0;
    }
    if (missing == BMI_COLUMNS) {
        bmi_problem_add(problems, BM_IMAGE_ERROR, &at, NULL, 0, "%s", guess(row));
        return BM_E_INPUT;
    }
    for (size_t k = 0; k < BMI_COLUMNS; k++) {
        if (seen[k] == 0) {
            bmi_problem_add(
                problems, BM_IMAGE_ERROR, &at, NULL, 0,
                "column '%s' is missing; the first row must name key,type,encoding,value",
                names[k]);
        }
    }
    return missing == 0 ? BM_OK : BM_E_INPUT;
}

int bmi_header_parse(struct bmi_header_map *out, const struct bmi_csv_row *row, const char *file,
                     struct bm_image_problems *problems)
{
    size_t seen[BMI_COLUMNS] = {0}; /* index + 1 */
    for (size_t i = 0; i < row->count; i++) {
        const struct bmi_slice text = bmi_cell_trim(&row->cells[i]);
        for (size_t k = 0; k < BMI_COLUMNS; k++) {
            if (!bmi_is_word(text.p, text.len, names[k])) {
                continue;
            }
            if (seen[k] != 0) {
                const struct bm_image_place at = {file, row->cells[i].line, row->cells[i].column};
                bmi_problem_add(problems, BM_IMAGE_WARNING, &at, NULL, 0,
                                "column '%s' is there twice; the last one counts", names[k]);
            }
            seen[k] = i + 1;
        }
    }
    for (size_t k = 0; k < BMI_COLUMNS; k++) {
        out->at[k] = seen[k] == 0 ? 0 : seen[k] - 1;
    }
    out->count = row->count;
    return tell_missing(row, seen, file, problems);
}
