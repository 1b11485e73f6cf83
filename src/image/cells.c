/* SPDX-License-Identifier: Apache-2.0 */
#include "image/cells.h"

#include "image/types.h"

/* Light fills carry dark letters and the other way round, in 16-colour terminals too. */
const struct bmi_cell_style bmi_cell_styles[BMI_CELL_KINDS] = {
    [BMI_CELL_NAME] = {"namespace", "N", "N", "N", "N", "\x1b[30;45m", "#8e44ad", "#b983d6"},
    [BMI_CELL_NUMBER] = {"number", "#", "#", "#", "#", "\x1b[30;46m", "#1788a6", "#4cc3dd"},
    [BMI_CELL_STRING] = {"string", "S", "─", "S", "s", "\x1b[30;42m", "#2e8b46", "#5fca7b"},
    [BMI_CELL_BLOB] = {"blob data", "B", "═", "B", "b", "\x1b[30;43m", "#d08a15", "#eeb54d"},
    [BMI_CELL_INDEX] = {"blob index", "I", "I", "I", "I", "\x1b[30;43;1m", "#9a5b00", "#ffd892"},
    [BMI_CELL_OLD] = {"old copy", "o", "╌", "o", "o", "\x1b[30;47m", "#8f99a3", "#87919c"},
    [BMI_CELL_ERASED] = {"erased", "×", "×", "x", "x", "\x1b[90m", "#d5dae0", "#3a424c"},
    [BMI_CELL_EMPTY] = {"empty", "·", "·", ".", ".", "\x1b[90m", "#f1f3f5", "#1d232b"},
    [BMI_CELL_DAMAGED] = {"damaged", "!", "!", "!", "!", "\x1b[97;41m", "#d62828", "#ff6b6b"},
    [BMI_CELL_SEALED] = {"encrypted", "▒", "▒", "%", "%", "\x1b[34m", "#3d5a98", "#7f9fe0"},
};

static enum bmi_cell_kind value_kind(const struct bm_scan *s, const struct bm_row *row)
{
    const uint8_t *raw = bmi_row_raw(s, row);
    if ((row->flags & BM_ROW_LIVE) == 0) {
        return BMI_CELL_OLD;
    }
    if (raw[BMI_EN_NS] == 0) {
        return BMI_CELL_NAME;
    }
    switch (bmi_type(raw[BMI_EN_TYPE])->cls) {
    case BM_CLASS_STRING: return BMI_CELL_STRING;
    case BM_CLASS_CHUNK: return BMI_CELL_BLOB;
    case BM_CLASS_BLOB:
        return raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_IDX ? BMI_CELL_INDEX : BMI_CELL_BLOB;
    default: return BMI_CELL_NUMBER;
    }
}

enum bmi_cell_kind bmi_cell_kind(const struct bm_scan *s, const struct bm_row *row)
{
    if (row->kind == BM_ROW_EMPTY) {
        return BMI_CELL_EMPTY;
    }
    if (row->kind == BM_ROW_ERASED) {
        return BMI_CELL_ERASED;
    }
    if (s->pages[row->page].kind != BM_PAGE_USED) {
        return BMI_CELL_DAMAGED;
    }
    if (row->kind == BM_ROW_VALUE && (row->flags & BM_ROW_BAD_DATA) == 0) {
        return value_kind(s, row);
    }
    return s->kind == BM_IMAGE_ENCRYPTED && row->kind == BM_ROW_DAMAGED ? BMI_CELL_SEALED
                                                                        : BMI_CELL_DAMAGED;
}

uint32_t bmi_blank_pages(const struct bm_scan *s, uint32_t page)
{
    while (page < s->page_count && s->pages[page].kind == BM_PAGE_BLANK) {
        page++;
    }
    return page;
}
