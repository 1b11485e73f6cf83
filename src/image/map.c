/* SPDX-License-Identifier: Apache-2.0 */
#include "image/map.h"

#include <inttypes.h>
#include <string.h>

#include "image/cells.h"
#include "image/show.h"
#include "image/types.h"

enum {
    GUTTER = 6,  /* columns left of the cells: the number of the first entry */
    LABEL_AT = 2 /* cells of a value left of its key */
};

struct picture {
    const struct bm_scan *s;
    const struct bm_map_opts *o;
    FILE *out;
    unsigned per_line; /* cells */
    uint32_t seen;     /* bit per enum bmi_cell_kind, for the legend */
};

static void color(const struct picture *p, const char *code)
{
    if (p->o->color) {
        (void)fputs(code, p->out);
    }
}

/* A divisor of 126, so that all lines of a page are full. */
static unsigned cells_per_line(unsigned columns)
{
    static const unsigned widths[] = {126, 63, 42, 21, 14};
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        if (widths[i] + GUTTER <= columns) {
            return widths[i];
        }
    }
    return 7;
}

static const char *glyph(const struct picture *p, enum bmi_cell_kind kind, int head)
{
    const struct bmi_cell_style *style = &bmi_cell_styles[kind];
    if (p->o->ascii) {
        return head ? style->ascii_head : style->ascii_body;
    }
    return head ? style->head : style->body;
}

/* Where a value's key is written into its cells: in the first line of them with enough room. Keys
 * of plain ASCII only, everything else takes more care than a cell has room for. len: letters of
 * the key, 0 where it is not written. Returns the entry of the first one. */
static unsigned place_label(const struct picture *p, const struct bm_row *row, const char *key,
                            size_t *len)
{
    const unsigned end = row->entry + (unsigned)row->count;
    const size_t letters = strlen(key);
    unsigned line_end;
    *len = 0;
    for (size_t i = 0; i < letters; i++) {
        if (key[i] <= 0x20 || key[i] >= 0x7f) {
            return 0;
        }
    }
    for (unsigned at = row->entry; at < end; at = line_end) {
        line_end = at + p->per_line - at % p->per_line;
        if (at + LABEL_AT + letters < (end < line_end ? end : line_end)) {
            *len = letters;
            return at + LABEL_AT;
        }
    }
    return 0;
}

/* The cells of a row from entry `from` on, to the end of the line or of the row; returns the next.
 */
static unsigned put_run(struct picture *p, const struct bm_row *row, unsigned from)
{
    const enum bmi_cell_kind kind = bmi_cell_kind(p->s, row);
    const unsigned end = row->entry + (unsigned)row->count;
    char key[BM_NVS_KEY_SIZE] = "";
    size_t len;
    if (row->kind == BM_ROW_VALUE && !p->o->ascii) {
        bmi_row_key(bmi_row_raw(p->s, row), key);
    }
    const unsigned at = place_label(p, row, key, &len);
    unsigned i = from;
    p->seen |= 1u << kind;
    color(p, bmi_cell_styles[kind].ansi);
    do {
        if (i >= at && i - at < len) {
            (void)fputc(key[i - at], p->out);
        } else {
            (void)fputs(glyph(p, kind, i == row->entry), p->out);
        }
        i++;
    } while (i < end && i % p->per_line != 0);
    color(p, "\x1b[0m");
    return i;
}

static void put_cells(struct picture *p, const struct bm_page *page)
{
    unsigned i = 0;
    for (uint32_t r = 0; r < page->rows; r++) {
        const struct bm_row *row = &p->s->rows[page->row + r];
        while (i < row->entry + (unsigned)row->count) {
            if (i % p->per_line == 0) {
                color(p, "\x1b[2m");
                (void)fprintf(p->out, "%*u  ", GUTTER - 2, i);
                color(p, "\x1b[0m");
            }
            i = put_run(p, row, i);
            if (i % p->per_line == 0) {
                (void)fputc('\n', p->out);
            }
        }
    }
}

static void put_page(struct picture *p, uint32_t number)
{
    const struct bm_page *page = &p->s->pages[number];
    color(p, "\x1b[1m");
    (void)fprintf(p->out, "page %" PRIu32 "  %s", number, bmi_page_kind_name(page));
    color(p, "\x1b[0m");
    if (page->kind == BM_PAGE_USED) {
        (void)fprintf(p->out, "  sequence %" PRIu32, page->seq);
    }
    (void)fprintf(p->out, "  %u written  %u erased  %u empty", page->states[BMI_ENTRY_WRITTEN],
                  page->states[BMI_ENTRY_ERASED], page->states[BMI_ENTRY_EMPTY]);
    color(p, "\x1b[2m");
    (void)fprintf(p->out, "  0x%" PRIx32 "\n", number * BMI_PAGE_SIZE);
    color(p, "\x1b[0m");
    put_cells(p, page);
    (void)fputc('\n', p->out);
}

static void put_blank(const struct picture *p, uint32_t first, uint32_t end)
{
    color(p, "\x1b[1m");
    if (end - first == 1) {
        (void)fprintf(p->out, "page %" PRIu32 "  blank", first);
    } else {
        (void)fprintf(p->out, "pages %" PRIu32 " to %" PRIu32 "  blank", first, end - 1);
    }
    color(p, "\x1b[0m\x1b[2m");
    (void)fprintf(p->out, "  0x%" PRIx32 "\n", first * BMI_PAGE_SIZE);
    color(p, "\x1b[0m");
    (void)fputc('\n', p->out);
}

/* Only what the picture has. */
static void put_legend(const struct picture *p)
{
    unsigned column = 0;
    for (unsigned i = 0; i < BMI_CELL_KINDS; i++) {
        const struct bmi_cell_style *style = &bmi_cell_styles[i];
        if ((p->seen & 1u << i) == 0) {
            continue;
        }
        const unsigned width = (unsigned)strlen(style->name) + 4;
        if (column > 0 && column + width > p->o->columns) {
            (void)fputc('\n', p->out);
            column = 0;
        }
        color(p, style->ansi);
        (void)fputs(glyph(p, (enum bmi_cell_kind)i, 1), p->out);
        color(p, "\x1b[0m");
        (void)fprintf(p->out, " %s  ", style->name);
        column += width;
    }
    if (column > 0) {
        (void)fputc('\n', p->out);
    }
}

int bm_map_text(const struct bm_scan *s, const struct bm_map_opts *o, FILE *out)
{
    struct picture p = {s, o, out, cells_per_line(o->columns), 0};
    color(&p, "\x1b[1m");
    (void)bmi_show_text(out, o->name, strlen(o->name), 0);
    color(&p, "\x1b[0m");
    (void)fprintf(out, "  %zu bytes, %" PRIu32 " page%s\n\n", s->size, s->page_count,
                  s->page_count == 1 ? "" : "s");
    for (uint32_t i = 0; i < s->page_count;) {
        const uint32_t end = bmi_blank_pages(s, i);
        if (end > i) {
            put_blank(&p, i, end);
            i = end;
        } else {
            put_page(&p, i++);
        }
    }
    if (s->tail != 0) {
        (void)fprintf(out, "%" PRIu32 " bytes behind the last whole page\n\n", s->tail);
    }
    put_legend(&p);
    return ferror(out) ? BM_E_IO : BM_OK;
}
