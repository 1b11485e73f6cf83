/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "image/cells.h"
#include "image/dump_parts.h"
#include "image/map.h"
#include "image/show.h"

/* Measures in SVG units (pixels at scale 1). */
enum {
    MARGIN = 24,
    CELL = 14,
    GAP = 2,
    PITCH = CELL + GAP,
    PER_LINE = 42,
    LINES = BMI_PAGE_ENTRIES / PER_LINE,
    WIDTH = 2 * MARGIN + PER_LINE * PITCH - GAP,
    TITLE = 20,   /* height of the line with the file's name */
    CAPTION = 22, /* of a page's line */
    PAGE_GAP = 18,
    LETTER = 7 /* about the width of one, in the font of labels */
};

/* Text that grows; once memory is out it stays as it is. */
struct text {
    char *p;
    size_t len;
    size_t cap;
    int failed;
};

struct drawing {
    const struct bm_scan *s;
    struct text t;
    unsigned y;
};

static void put(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int reserve(struct text *t, size_t more)
{
    if (t->failed || t->cap - t->len > more) {
        return !t->failed;
    }
    const size_t cap = (t->cap + more) * 2 + 4096;
    char *p = realloc(t->p, cap);
    if (p == NULL) {
        t->failed = 1;
        return 0;
    }
    t->p = p;
    t->cap = cap;
    return 1;
}

static void put(struct text *t, const char *format, ...)
{
    va_list args;
    char line[1024];
    va_start(args, format);
    const int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (n > 0 && reserve(t, sizeof line)) {
        const size_t len = (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
        memcpy(t->p + t->len, line, len + 1);
        t->len += len;
    }
}

/* A name from the image or the command line, made printable and safe in XML. */
static void put_name(struct text *t, const char *name)
{
    char shown[512];
    for (const char *c = bmi_show_into(shown, sizeof shown, name); *c != '\0'; c++) {
        switch (*c) {
        case '&': put(t, "&amp;"); break;
        case '<': put(t, "&lt;"); break;
        case '>': put(t, "&gt;"); break;
        case '"': put(t, "&quot;"); break;
        default: put(t, "%c", *c); break;
        }
    }
}

static void put_style(struct text *t)
{
    put(t, "<style>\n.g{fill:#ffffff}\ntext{fill:#24292f;font:12px ui-sans-serif,system-ui,"
           "sans-serif}\n.h{font-size:15px;font-weight:600}\n.p{font-weight:600}\n"
           ".d{fill:#6b7480}\n.k{fill:#ffffff;font:11px ui-monospace,monospace;"
           "pointer-events:none}\n");
    for (unsigned i = 0; i < BMI_CELL_KINDS; i++) {
        put(t, ".c%u{fill:%s}\n", i, bmi_cell_styles[i].light);
    }
    put(t, "@media (prefers-color-scheme:dark){\n.g{fill:#0f1318}\ntext{fill:#e3e8ee}\n"
           ".d{fill:#98a3af}\n.k{fill:#0f1318}\n");
    for (unsigned i = 0; i < BMI_CELL_KINDS; i++) {
        put(t, ".c%u{fill:%s}\n", i, bmi_cell_styles[i].dark);
    }
    put(t, "}\n</style>\n");
}

static uint32_t kinds_seen(const struct bm_scan *s)
{
    uint32_t seen = 0;
    for (size_t i = 0; i < s->row_count; i++) {
        seen |= 1u << bmi_cell_kind(s, &s->rows[i]);
    }
    return seen;
}

static void put_legend(struct drawing *d)
{
    const uint32_t seen = kinds_seen(d->s);
    unsigned x = MARGIN;
    for (unsigned i = 0; i < BMI_CELL_KINDS; i++) {
        if ((seen & 1u << i) == 0) {
            continue;
        }
        const unsigned width = PITCH + 18 + LETTER * (unsigned)strlen(bmi_cell_styles[i].name);
        if (x + width > WIDTH - MARGIN) {
            x = MARGIN;
            d->y += PITCH + 4;
        }
        put(&d->t,
            "<rect class=\"c%u\" x=\"%u\" y=\"%u\" width=\"%d\" height=\"%d\" rx=\"3\"/>"
            "<text x=\"%u\" y=\"%u\">%s</text>\n",
            i, x, d->y, CELL, CELL, x + PITCH + 4, d->y + 11, bmi_cell_styles[i].name);
        x += width;
    }
    d->y += seen != 0 ? PITCH + PAGE_GAP : 0;
}

/* What a tooltip says: names, type and size; never a value. */
static void put_tooltip(struct drawing *d, const struct bm_row *row, enum bmi_cell_kind kind)
{
    char name[BM_NVS_KEY_SIZE];
    char key[BM_NVS_KEY_SIZE];
    const uint8_t *raw = bmi_row_raw(d->s, row);
    put(&d->t, "<title>");
    if (bmi_has_header(row)) {
        bmi_row_key(raw, key);
        put_name(&d->t, bmi_ns_name(d->s, raw[BMI_EN_NS], name));
        put(&d->t, raw[BMI_EN_NS] == 0 ? "" : "/");
        put_name(&d->t, key);
        put(&d->t, "\n%s, %" PRIu32 " bytes\n",
            bmi_is_name(d->s, row) ? "namespace" : bmi_type(raw[BMI_EN_TYPE])->name,
            bmi_row_size(d->s, row));
    }
    put(&d->t, "%s, entry %u", bmi_cell_styles[kind].name, row->entry);
    if (row->count > 1) {
        put(&d->t, " to %u", row->entry + row->count - 1u);
    }
    put(&d->t, "</title>");
}

/* The key, written into the shape from entry `at` on if it fits into so many cells. Returns 1 if it
 * did. */
static int put_label(struct drawing *d, const struct bm_row *row, unsigned at, unsigned cells)
{
    char key[BM_NVS_KEY_SIZE];
    bmi_row_key(bmi_row_raw(d->s, row), key);
    const size_t width = bmi_show_width(key, strlen(key)) * LETTER;
    if (width + PITCH > (size_t)cells * PITCH) {
        return 0;
    }
    put(&d->t, "<text class=\"k\" x=\"%u\" y=\"%u\">", MARGIN + at % PER_LINE * PITCH + 6,
        d->y + at / PER_LINE * PITCH + 11);
    put_name(&d->t, key);
    put(&d->t, "</text>");
    return 1;
}

/* A row is one shape, broken where a line of the page ends. */
static void put_row(struct drawing *d, const struct bm_row *row)
{
    const enum bmi_cell_kind kind = bmi_cell_kind(d->s, row);
    const int joined = kind != BMI_CELL_EMPTY && kind != BMI_CELL_ERASED;
    const unsigned end = row->entry + (unsigned)row->count;
    int labelled = row->kind != BM_ROW_VALUE;
    put(&d->t, "<g class=\"c%u\">", kind);
    put_tooltip(d, row, kind);
    for (unsigned i = row->entry; i < end;) {
        unsigned n = joined ? PER_LINE - i % PER_LINE : 1;
        n = n > end - i ? end - i : n;
        put(&d->t, "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%d\" rx=\"3\"/>",
            MARGIN + i % PER_LINE * PITCH, d->y + i / PER_LINE * PITCH, n * PITCH - GAP, CELL);
        if (!labelled) {
            labelled = put_label(d, row, i, n);
        }
        i += n;
    }
    put(&d->t, "</g>\n");
}

static void put_caption(struct drawing *d, const char *title, const char *detail)
{
    put(&d->t,
        "<text class=\"p\" x=\"%d\" y=\"%u\">%s</text>"
        "<text class=\"d\" x=\"%d\" y=\"%u\" text-anchor=\"end\">%s</text>\n",
        MARGIN, d->y + 12, title, WIDTH - MARGIN, d->y + 12, detail);
    d->y += CAPTION;
}

static void put_page(struct drawing *d, uint32_t number)
{
    const struct bm_page *page = &d->s->pages[number];
    char title[96];
    char detail[96];
    char seq[32] = "";
    if (page->kind == BM_PAGE_USED) {
        (void)snprintf(seq, sizeof seq, ", sequence %" PRIu32, page->seq);
    }
    (void)snprintf(title, sizeof title, "Page %" PRIu32 ": %s%s", number, bmi_page_kind_name(page),
                   seq);
    (void)snprintf(detail, sizeof detail, "%u written, %u erased, %u empty, at 0x%" PRIx32,
                   page->states[BMI_ENTRY_WRITTEN], page->states[BMI_ENTRY_ERASED],
                   page->states[BMI_ENTRY_EMPTY], number * BMI_PAGE_SIZE);
    put_caption(d, title, detail);
    for (uint32_t i = 0; i < page->rows; i++) {
        put_row(d, &d->s->rows[page->row + i]);
    }
    d->y += LINES * PITCH + PAGE_GAP;
}

static void put_blank(struct drawing *d, uint32_t first, uint32_t end)
{
    char title[64];
    char detail[32];
    if (end - first == 1) {
        (void)snprintf(title, sizeof title, "Page %" PRIu32 ": blank", first);
    } else {
        (void)snprintf(title, sizeof title, "Pages %" PRIu32 " to %" PRIu32 ": blank", first,
                       end - 1);
    }
    (void)snprintf(detail, sizeof detail, "at 0x%" PRIx32, first * BMI_PAGE_SIZE);
    put_caption(d, title, detail);
    d->y += PAGE_GAP / 2;
}

static void put_body(struct drawing *d, const char *name)
{
    d->y = MARGIN;
    put(&d->t, "<text class=\"h\" x=\"%d\" y=\"%u\">", MARGIN, d->y + 12);
    put_name(&d->t, name);
    put(&d->t,
        "</text><text class=\"d\" x=\"%d\" y=\"%u\" text-anchor=\"end\">%zu bytes, %" PRIu32
        " page%s</text>\n",
        WIDTH - MARGIN, d->y + 12, d->s->size, d->s->page_count, d->s->page_count == 1 ? "" : "s");
    d->y += TITLE + PAGE_GAP / 2;
    put_legend(d);
    for (uint32_t i = 0; i < d->s->page_count;) {
        const uint32_t end = bmi_blank_pages(d->s, i);
        if (end > i) {
            put_blank(d, i, end);
            i = end;
        } else {
            put_page(d, i++);
        }
    }
}

int bm_map_svg(const struct bm_scan *s, const char *name, char **svg, size_t *len)
{
    struct drawing body = {s, {NULL, 0, 0, 0}, 0};
    struct text all = {NULL, 0, 0, 0};
    put_body(&body, name); /* first: the head of the document needs its height */
    put(&all,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" "
        "viewBox=\"0 0 %d %u\">\n",
        WIDTH, body.y + MARGIN / 2, WIDTH, body.y + MARGIN / 2);
    put_style(&all);
    put(&all, "<rect class=\"g\" width=\"100%%\" height=\"100%%\"/>\n");
    if (reserve(&all, body.t.len + 16)) {
        memcpy(all.p + all.len, body.t.p, body.t.len);
        all.len += body.t.len;
        put(&all, "</svg>\n");
    }
    free(body.t.p);
    *svg = all.p;
    *len = all.len;
    if (all.failed || body.t.failed) {
        free(all.p);
        *svg = NULL;
        *len = 0;
        return BM_E_NOMEM;
    }
    return BM_OK;
}
