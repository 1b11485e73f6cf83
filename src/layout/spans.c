/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/spans.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "image/show.h"

enum { MEGABYTE = 1024 * 1024, SIZE_TEXT = 24, LABEL_TEXT = 80 };

static void add(struct bm_spans *s, enum bm_span_kind kind, uint64_t begin, uint64_t end, int part)
{
    if (s->count < BM_SPANS_MAX) {
        s->list[s->count++] = (struct bm_span){kind, begin, end, part};
    }
}

/* By begin; of two that begin together, the one earlier in the table first. */
static int compare(const void *a, const void *b)
{
    const struct bm_span *x = a;
    const struct bm_span *y = b;
    if (x->begin != y->begin) {
        return x->begin < y->begin ? -1 : 1;
    }
    return x->part < y->part ? -1 : x->part > y->part;
}

/* What is listed in the table is not listed a second time. */
static int lists(const struct bm_part_table *table, enum bm_part_type type)
{
    return bm_part_find(table, (int)type, 0, NULL) != NULL;
}

void bm_spans_make(struct bm_spans *out, const struct bm_part_table *table,
                   const struct bm_part_subtypes *extra, uint32_t table_offset, uint64_t flash_size)
{
    const uint64_t table_end = (uint64_t)table_offset + BM_PART_TABLE_SECTOR;
    const uint64_t end = bm_part_table_end(table);
    const uint64_t used = end > table_end ? end : table_end;
    *out = (struct bm_spans){.table = table, .extra = extra, .size = flash_size, .used = used};
    if (flash_size == 0) {
        out->guessed = 1;
        for (out->size = MEGABYTE; out->size < used;) {
            out->size *= 2;
        }
    }
    if (table_offset > 0 && !lists(table, BM_PART_BOOTLOADER)) {
        add(out, BM_SPAN_BOOT, 0, table_offset, -1);
    }
    if (!lists(table, BM_PART_PARTITION_TABLE)) {
        add(out, BM_SPAN_TABLE, table_offset, table_end, -1);
    }
    for (unsigned i = 0; i < table->count; i++) {
        const struct bm_part *p = &table->part[i];
        add(out, BM_SPAN_PART, p->offset, (uint64_t)p->offset + p->size, (int)i);
    }
    const unsigned taken = out->count;
    qsort(out->list, taken, sizeof out->list[0], compare);
    uint64_t at = 0;
    for (unsigned i = 0; i < taken; i++) {
        if (out->list[i].begin > at) {
            add(out, BM_SPAN_FREE, at, out->list[i].begin, -1);
            out->free += out->list[i].begin - at;
        }
        at = out->list[i].end > at ? out->list[i].end : at;
    }
    if (at < out->size) {
        add(out, BM_SPAN_FREE, at, out->size, -1);
        out->free += out->size - at;
    }
    qsort(out->list, out->count, sizeof out->list[0], compare);
}

const char *bm_span_size(char *out, uint64_t size)
{
    const char *const format = size == 0              ? "%" PRIu64
                               : size % MEGABYTE == 0 ? "%" PRIu64 "M"
                               : size % 1024 == 0     ? "%" PRIu64 "K"
                                                      : "%" PRIu64;
    const uint64_t unit = size == 0              ? 1
                          : size % MEGABYTE == 0 ? MEGABYTE
                          : size % 1024 == 0     ? 1024
                                                 : 1;
    snprintf(out, SIZE_TEXT, format, size / unit);
    return out;
}

const char *bm_span_label(char *buf, const struct bm_spans *s, const struct bm_span *span)
{
    static const char *const fixed[] = {
        [BM_SPAN_BOOT] = "(bootloader)",
        [BM_SPAN_TABLE] = "(partition table)",
        [BM_SPAN_FREE] = "(free)",
    };
    return span->kind == BM_SPAN_PART
               ? bmi_show_into(buf, LABEL_TEXT, s->table->part[span->part].label)
               : fixed[span->kind];
}

static size_t label_width(const struct bm_spans *s)
{
    char buf[LABEL_TEXT];
    size_t width = 5;
    for (unsigned i = 0; i < s->count; i++) {
        const char *label = bm_span_label(buf, s, &s->list[i]);
        const size_t w = bmi_show_width(label, strlen(label));
        width = w > width ? w : width;
    }
    return width;
}

static void print_row(FILE *out, const struct bm_spans *s, const struct bm_span *span, size_t width)
{
    char buf[LABEL_TEXT];
    char size[SIZE_TEXT];
    char type[BM_PART_NAME_SIZE];
    char subtype[BM_PART_NAME_SIZE];
    fprintf(out, "0x%-8" PRIx64 " 0x%-8" PRIx64 " %8s  ", span->begin, span->end,
            bm_span_size(size, span->end - span->begin));
    if (span->kind != BM_SPAN_PART) {
        fprintf(out, "%s\n", bm_span_label(buf, s, span));
        return;
    }
    const struct bm_part *p = &s->table->part[span->part];
    const char *type_text = bm_part_type_text(type, p->type);
    const char *subtype_text = bm_part_subtype_text(subtype, s->extra, p->type, p->subtype);
    char flags[BM_PART_NAME_SIZE];
    (void)bm_part_flags_text(flags, p->flags);
    bmi_show_padded(out, p->label, width + 2);
    fprintf(out, flags[0] != '\0' ? "%-15s  %-9s  %s\n" : "%-15s  %s\n", type_text, subtype_text,
            flags);
}

void bm_spans_print(FILE *out, const struct bm_spans *s)
{
    char size[SIZE_TEXT];
    char whole[SIZE_TEXT];
    const size_t width = label_width(s);
    fputs("offset     end            size  ", out);
    bmi_show_padded(out, "label", width + 2);
    fputs("type             subtype    flags\n", out);
    for (unsigned i = 0; i < s->count; i++) {
        print_row(out, s, &s->list[i], width);
    }
    fprintf(out, "%u partition%s, %s free of %s%s\n", s->table->count,
            s->table->count == 1 ? "" : "s", bm_span_size(size, s->free),
            bm_span_size(whole, s->size), s->guessed ? ", the smallest flash that holds them" : "");
}
