/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "image/show.h"
#include "layout/spans.h"

enum {
    LABEL_TEXT = 80,
    SIZE_TEXT = 24,
    LABEL_COLUMNS = 17,
    FIXED = 42,
    BAR_MIN = 20,
    BAR_MAX = 100
};

/* How a span is drawn. */
struct look {
    const char *glyph;
    const char *ascii;
    const char *ansi;
    const char *light; /* colour in SVG, on a light ground and on a dark one */
    const char *dark;
    const char *legend;
};

enum { LOOK_BOOT, LOOK_APP, LOOK_OTADATA, LOOK_NVS, LOOK_DATA, LOOK_FREE, LOOKS };

static const struct look looks[LOOKS] = {
    [LOOK_BOOT] = {"▒", "%", "\033[90m", "#8a94a0", "#6b7480", "bootloader and table"},
    [LOOK_APP] = {"█", "#", "\033[34m", "#2f6fb5", "#6ca6e6", "app"},
    [LOOK_OTADATA] = {"█", "o", "\033[33m", "#b07c17", "#e0b354", "OTA data"},
    [LOOK_NVS] = {"█", "n", "\033[32m", "#2c8a57", "#63c28d", "NVS and its keys"},
    [LOOK_DATA] = {"▓", "d", "\033[35m", "#8a5aa8", "#bd93d8", "other data"},
    [LOOK_FREE] = {"·", ".", "\033[90m", "#e4e8ed", "#262d36", "free"},
};

static unsigned look_of(const struct bm_spans *s, const struct bm_span *span)
{
    if (span->kind == BM_SPAN_FREE) {
        return LOOK_FREE;
    }
    const struct bm_part *p = span->kind == BM_SPAN_PART ? &s->table->part[span->part] : NULL;
    if (p == NULL || p->type == BM_PART_BOOTLOADER || p->type == BM_PART_PARTITION_TABLE) {
        return LOOK_BOOT;
    }
    if (p->type == BM_PART_APP) {
        return LOOK_APP;
    }
    const int data = p->type == BM_PART_DATA;
    if (data && (p->subtype == BM_PART_DATA_NVS || p->subtype == BM_PART_DATA_NVS_KEYS)) {
        return LOOK_NVS;
    }
    return data && p->subtype == BM_PART_DATA_OTA ? LOOK_OTADATA : LOOK_DATA;
}

static void draw_bar(FILE *out, const struct bm_spans *s, const struct bm_span *span,
                     unsigned columns, const struct bm_spans_draw *how)
{
    const struct look *look = &looks[look_of(s, span)];
    const char *wall = how->ascii ? "|" : "│";
    const uint64_t size = s->size > 0 ? s->size : 1;
    uint64_t from = span->begin * columns / size;
    uint64_t to = (span->end * columns + size / 2) / size;
    from = from >= columns ? columns - 1 : from;
    to = to <= from ? from + 1 : to > columns ? columns : to; /* the smallest is seen, too */
    fputs(wall, out);
    for (uint64_t i = 0; i < columns; i++) {
        if (how->color && i == from) {
            fputs(look->ansi, out);
        }
        fputs(i < from || i >= to ? " " : how->ascii ? look->ascii : look->glyph, out);
        if (how->color && i + 1 == to) {
            fputs("\033[0m", out);
        }
    }
    fprintf(out, "%s\n", wall);
}

void bm_spans_draw(FILE *out, const struct bm_spans *s, const struct bm_spans_draw *how)
{
    char label[LABEL_TEXT];
    char size[SIZE_TEXT];
    unsigned columns = how->columns > FIXED + BAR_MIN ? how->columns - FIXED : BAR_MIN;
    columns = columns > BAR_MAX ? BAR_MAX : columns;
    for (unsigned i = 0; i < s->count; i++) {
        const struct bm_span *span = &s->list[i];
        fprintf(out, "0x%-8" PRIx64 " ", span->begin);
        const char *text = bm_span_label(label, s, span);
        const size_t width = bmi_show_width(text, strlen(text));
        fprintf(out, "%s%*s", text, (int)(width < LABEL_COLUMNS ? LABEL_COLUMNS - width : 0), "");
        fprintf(out, " %9s ", bm_span_size(size, span->end - span->begin));
        draw_bar(out, s, span, columns, how);
    }
}

/* Measures in SVG units (pixels at scale 1). */
enum {
    MARGIN = 24,
    TITLE = 22,
    STRIP = 34, /* height of the flash as a whole */
    ROW = 22,
    BAR = 14,
    LABEL_X = 96, /* of labels, sizes and bars, from the left */
    SIZE_X = 300,
    BAR_X = 316,
    BAR_WIDTH = 480,
    WIDTH = BAR_X + BAR_WIDTH + MARGIN,
    LEGEND = 34,
    LEGEND_STEP = 124
};

static void put_xml(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&': fputs("&amp;", out); break;
        case '<': fputs("&lt;", out); break;
        case '>': fputs("&gt;", out); break;
        case '"': fputs("&quot;", out); break;
        default: fputc(*text, out); break;
        }
    }
}

static void put_style(FILE *out)
{
    fputs("<style>\n.g{fill:#ffffff}\ntext{fill:#24292f;font:12px ui-sans-serif,system-ui,"
          "sans-serif}\n.h{font-size:15px;font-weight:600}\n.m{font-family:ui-monospace,"
          "monospace}\n.w{fill:#f4f6f8}\n",
          out);
    for (unsigned i = 0; i < LOOKS; i++) {
        fprintf(out, ".c%u{fill:%s}\n", i, looks[i].light);
    }
    fputs("@media (prefers-color-scheme:dark){\n.g{fill:#0f1318}\ntext{fill:#e3e8ee}\n"
          ".w{fill:#171c22}\n",
          out);
    for (unsigned i = 0; i < LOOKS; i++) {
        fprintf(out, ".c%u{fill:%s}\n", i, looks[i].dark);
    }
    fputs("}\n</style>\n", out);
}

/* A span as a box to scale between x and x + width, with a tooltip. */
static void put_box(FILE *out, const struct bm_spans *s, const struct bm_span *span, unsigned x,
                    unsigned width, unsigned y, unsigned height)
{
    char label[LABEL_TEXT];
    char size[SIZE_TEXT];
    const double scale = (double)width / (double)(s->size > 0 ? s->size : 1);
    double from = (double)span->begin * scale;
    double wide = (double)(span->end - span->begin) * scale;
    wide = wide < 1.5 ? 1.5 : wide;
    from = from > width - 1.5 ? width - 1.5 : from;
    wide = wide > width - from ? width - from : wide;
    fprintf(out, "<rect class=\"c%u\" x=\"%.1f\" y=\"%u\" width=\"%.1f\" height=\"%u\"><title>",
            look_of(s, span), x + from, y, wide, height);
    put_xml(out, bm_span_label(label, s, span));
    fprintf(out, " 0x%" PRIx64 " to 0x%" PRIx64 ", %s</title></rect>\n", span->begin, span->end,
            bm_span_size(size, span->end - span->begin));
}

static void put_row(FILE *out, const struct bm_spans *s, const struct bm_span *span, unsigned y)
{
    char label[LABEL_TEXT];
    char size[SIZE_TEXT];
    fprintf(out,
            "<rect class=\"w\" x=\"%d\" y=\"%u\" width=\"%d\" height=\"%d\"/>\n"
            "<text class=\"m\" x=\"%d\" y=\"%u\">0x%" PRIx64 "</text>\n<text x=\"%d\" y=\"%u\">",
            BAR_X, y, BAR_WIDTH, BAR, MARGIN, y + BAR - 2, span->begin, LABEL_X, y + BAR - 2);
    put_xml(out, bm_span_label(label, s, span));
    fprintf(out, "</text>\n<text x=\"%d\" y=\"%u\" text-anchor=\"end\">%s</text>\n", SIZE_X,
            y + BAR - 2, bm_span_size(size, span->end - span->begin));
    put_box(out, s, span, BAR_X, BAR_WIDTH, y, BAR);
}

static void put_legend(FILE *out, const struct bm_spans *s, unsigned y)
{
    unsigned seen = 0;
    unsigned x = MARGIN;
    for (unsigned i = 0; i < s->count; i++) {
        seen |= 1u << look_of(s, &s->list[i]);
    }
    for (unsigned i = 0; i < LOOKS; i++) {
        if ((seen & 1u << i) != 0) {
            fprintf(out,
                    "<rect class=\"c%u\" x=\"%u\" y=\"%u\" width=\"%d\" height=\"%d\"/>\n"
                    "<text x=\"%u\" y=\"%u\">%s</text>\n",
                    i, x, y, BAR, BAR, x + BAR + 6, y + BAR - 2, looks[i].legend);
            x += i == LOOK_BOOT ? LEGEND_STEP + 30U : LEGEND_STEP;
        }
    }
}

void bm_spans_svg(FILE *out, const struct bm_spans *s, const char *title)
{
    char shown[256];
    unsigned y = MARGIN;
    const unsigned height = 2 * MARGIN + TITLE + STRIP + s->count * ROW + LEGEND;
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" "
            "viewBox=\"0 0 %d %u\" role=\"img\">\n<title>",
            WIDTH, height, WIDTH, height);
    (void)bmi_show_into(shown, sizeof shown, title);
    put_xml(out, shown);
    fputs("</title>\n", out);
    put_style(out);
    fprintf(out,
            "<rect class=\"g\" width=\"%d\" height=\"%u\"/>\n<text class=\"h\" x=\"%d\" "
            "y=\"%u\">",
            WIDTH, height, MARGIN, y + BAR);
    put_xml(out, shown);
    fputs("</text>\n", out);
    y += TITLE;
    for (unsigned i = 0; i < s->count; i++) {
        put_box(out, s, &s->list[i], MARGIN, WIDTH - 2 * MARGIN, y, STRIP - 10);
    }
    y += STRIP;
    for (unsigned i = 0; i < s->count; i++, y += ROW) {
        put_row(out, s, &s->list[i], y);
    }
    put_legend(out, s, y + LEGEND - BAR - 6);
    fputs("</svg>\n", out);
}
