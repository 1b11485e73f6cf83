/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "image/dump_parts.h"
#include "image/show.h"

enum {
    HEX_SHOWN = 32,  /* bytes of a blob shown in a line of text; get has them all */
    CERT_INDENT = 15 /* columns left of the lines of a certificate */
};

static const char bold[] = "\x1b[1m";
static const char dim[] = "\x1b[2m";
static const char red[] = "\x1b[31m";
static const char yellow[] = "\x1b[33m";
static const char plain[] = "\x1b[0m";

/* Widths of the columns, from what the image holds. */
struct layout {
    size_t ns;
    size_t key;
};

static void color(const struct bmi_dump *d, const char *code)
{
    if (d->o->color) {
        (void)fputs(code, d->out);
    }
}

static void widen(size_t *width, const char *text)
{
    const size_t n = bmi_show_width(text, strlen(text));
    *width = n > *width ? n : *width;
}

static void measure(const struct bmi_dump *d, struct layout *l)
{
    char text[BM_NVS_KEY_SIZE];
    l->ns = strlen("namespace");
    l->key = strlen("key");
    for (unsigned i = 1; i < 256; i++) {
        widen(&l->ns, bmi_ns_name(d->s, (uint8_t)i, text));
    }
    for (size_t i = 0; i < d->s->row_count; i++) {
        if (bmi_has_header(&d->s->rows[i])) {
            bmi_row_key(bmi_row_raw(d->s, &d->s->rows[i]), text);
            widen(&l->key, text);
        }
    }
}

void bmi_text_value(FILE *out, const struct bm_stored *v, const struct bm_view *view, size_t max)
{
    if (v->data == NULL) {
        (void)fprintf(out, "<damaged>");
    } else if (view->redacted) {
        const uint32_t len = bmi_stored_length(v);
        (void)fprintf(out, "<redacted: %s, %" PRIu32 " byte%s%s%.16s%s>", v->type->value_name, len,
                      len == 1 ? "" : "s", view->sha256[0] != '\0' ? ", sha256 " : "", view->sha256,
                      view->sha256[0] != '\0' ? "..." : "");
    } else if (view->has_cert) {
        (void)fputs("certificate ", out);
        (void)bmi_show_text(out, view->cert.subject, strlen(view->cert.subject), 0);
    } else if (v->type->cls <= BM_CLASS_REAL) {
        bmi_stored_put_number(out, v);
    } else if (v->type->cls == BM_CLASS_STRING) {
        /* only the last NUL belongs to the form; one inside is shown as \x00 */
        (void)bmi_show_text(out, v->data, bmi_stored_length(v), max);
    } else {
        bmi_show_hex(out, v->data, v->size, max != 0 && max / 2 < HEX_SHOWN ? max / 2 : HEX_SHOWN);
    }
}

static void cert_lines(const struct bmi_dump *d, const struct bm_cert *c)
{
    const struct {
        const char *label;
        const char *text;
    } rows[] = {{"issuer", c->issuer}, {"key", c->key}, {"sha256", c->fingerprint}};
    (void)fprintf(d->out, "%*s%-8s%s to %s\n", CERT_INDENT, "", "valid", c->not_before,
                  c->not_after);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)fprintf(d->out, "%*s%-8s", CERT_INDENT, "", rows[i].label);
        (void)bmi_show_text(d->out, rows[i].text, strlen(rows[i].text), 0);
        (void)fputc('\n', d->out);
    }
}

/* The value of a row to the end of the line, and the lines of a certificate below. */
static int put_value(const struct bmi_dump *d, const struct bm_row *row, size_t column)
{
    char key[BM_NVS_KEY_SIZE];
    struct bm_stored v;
    struct bm_view view;
    const size_t most = d->o->columns;
    const int rc = bmi_stored_load(&v, d->s, row);
    if (rc == BM_E_NOMEM) {
        return rc;
    }
    bmi_row_key(bmi_row_raw(d->s, row), key);
    bmi_view(&view, key, &v, d->o->reveal);
    d->r->redacted += view.redacted ? 1 : 0;
    color(d, view.redacted ? yellow : v.data == NULL ? red : "");
    bmi_text_value(d->out, &v, &view, most == 0 ? 0 : most > column + 20 ? most - column - 4 : 16);
    color(d, view.redacted || v.data == NULL ? plain : "");
    (void)fputc('\n', d->out);
    if (view.has_cert && !view.redacted) {
        cert_lines(d, &view.cert);
    }
    bmi_stored_free(&v);
    return BM_OK;
}

static const char *type_name(const struct bm_scan *s, const struct bm_row *row)
{
    return bmi_is_name(s, row) ? "namespace" : bmi_type(bmi_row_raw(s, row)[BMI_EN_TYPE])->name;
}

/* What the checks and the newer copies say of a row. */
static const char *verdict(const struct bm_row *row)
{
    if (row->kind == BM_ROW_ERASED) {
        return "erased";
    }
    if (row->kind == BM_ROW_TORN) {
        return "torn";
    }
    if ((row->flags & BM_ROW_BAD_DATA) != 0) {
        return "BAD";
    }
    return (row->flags & (BM_ROW_LIVE | BM_ROW_GROUPED)) == BM_ROW_GROUPED ? "old" : "ok";
}

static const char *row_color(const struct bm_row *row)
{
    if (row->kind == BM_ROW_VALUE && (row->flags & BM_ROW_BAD_DATA) == 0) {
        return (row->flags & BM_ROW_LIVE) != 0 ? "" : dim;
    }
    return row->kind == BM_ROW_EMPTY || row->kind == BM_ROW_ERASED ? dim : red;
}

/* A row without a header to believe. Its bytes may be those of a secret: only on request. */
static void put_bare(const struct bmi_dump *d, const struct bm_row *row)
{
    const unsigned last = row->entry + row->count - 1u;
    color(d, row_color(row));
    (void)fprintf(d->out, "  %5u", row->entry);
    if (row->count > 1) {
        (void)fprintf(d->out, " to %u", last);
    }
    (void)fprintf(d->out, "  %s", bmi_row_kind_name(row));
    if (row->kind == BM_ROW_DAMAGED) {
        (void)fprintf(d->out, ": %s", bmi_fault_name(row->fault));
    }
    color(d, plain);
    if (d->o->reveal && row->kind != BM_ROW_EMPTY) {
        (void)fputs("  ", d->out);
        bmi_show_hex(d->out, bmi_row_raw(d->s, row), BMI_ENTRY_SIZE * (size_t)row->count,
                     BMI_ENTRY_SIZE);
    }
    (void)fputc('\n', d->out);
}

static int put_tail(const struct bmi_dump *d, const struct bm_row *row, size_t column)
{
    const uint8_t *raw = bmi_row_raw(d->s, row);
    if (bmi_is_name(d->s, row)) {
        (void)fprintf(d->out, "index %u\n", raw[BMI_EN_DATA]);
    } else if (raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_DATA) {
        (void)fprintf(d->out, "chunk 0x%02x\n", raw[BMI_EN_CHUNK]);
    } else if (raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_IDX && row->kind != BM_ROW_VALUE) {
        (void)fprintf(d->out, "%u chunks from 0x%02x\n", raw[BMI_EN_IDX_COUNT],
                      raw[BMI_EN_IDX_START]);
    } else {
        return put_value(d, row, column);
    }
    return BM_OK;
}

static int put_row(const struct bmi_dump *d, const struct bm_row *row, const struct layout *l)
{
    char name[BM_NVS_KEY_SIZE];
    char key[BM_NVS_KEY_SIZE];
    struct bmi_line line = {.len = 0};
    const uint8_t *raw = bmi_row_raw(d->s, row);
    bmi_row_key(raw, key);
    color(d, row_color(row));
    bmi_line_number(&line, row->entry, 7);
    bmi_line_number(&line, row->count, 6);
    bmi_line_text(&line, "", 2);
    bmi_line_shown(d->out, &line, bmi_ns_name(d->s, raw[BMI_EN_NS], name), l->ns + 2);
    bmi_line_shown(d->out, &line, key, l->key + 2);
    bmi_line_text(&line, type_name(d->s, row), 10);
    bmi_line_number(&line, bmi_row_size(d->s, row), 8);
    bmi_line_text(&line, "", 2);
    bmi_line_text(&line, verdict(row), 8);
    bmi_line_put(d->out, &line);
    color(d, row_color(row)[0] != '\0' ? plain : "");
    return put_tail(d, row, l->ns + l->key + 47);
}

static void put_page_head(const struct bmi_dump *d, uint32_t number, const struct layout *l)
{
    const struct bm_page *p = &d->s->pages[number];
    color(d, bold);
    (void)fprintf(d->out, "\nPage %" PRIu32 " at 0x%" PRIx32 ": %s", number, number * BMI_PAGE_SIZE,
                  bmi_page_kind_name(p));
    color(d, plain);
    if (p->kind == BM_PAGE_BLANK) {
        (void)fputc('\n', d->out);
        return;
    }
    if (p->kind == BM_PAGE_USED) {
        (void)fprintf(d->out, ", sequence %" PRIu32 ", version %d", p->seq,
                      p->version == BMI_VERSION_1 ? 1 : 2);
    }
    (void)fprintf(d->out, "; entries: %u written, %u erased, %u empty\n",
                  p->states[BMI_ENTRY_WRITTEN], p->states[BMI_ENTRY_ERASED],
                  p->states[BMI_ENTRY_EMPTY]);
    if (p->rows > 0) {
        color(d, dim);
        (void)fprintf(d->out, "  entry  span  %-*s  %-*s  %-10s  %6s  %-6s  value\n", (int)l->ns,
                      "namespace", (int)l->key, "key", "type", "size", "check");
        color(d, plain);
    }
}

static int wanted_in_view(const struct bmi_dump *d, const struct bm_row *row)
{
    if (d->o->show != BM_SHOW_ALL &&
        (row->kind == BM_ROW_EMPTY || row->kind == BM_ROW_ERASED || row->kind == BM_ROW_DIRTY)) {
        return 0;
    }
    return bmi_dump_wants(d, row);
}

static int put_page(const struct bmi_dump *d, uint32_t number, const struct layout *l)
{
    const struct bm_page *page = &d->s->pages[number];
    const int filtered = d->o->ns != NULL || d->o->key != NULL;
    int head = filtered; /* with a filter a page shows up only with its first match */
    int rc = BM_OK;
    if (!filtered) {
        put_page_head(d, number, l);
    }
    if (page->kind != BM_PAGE_USED && d->o->show != BM_SHOW_ALL) {
        return BM_OK;
    }
    for (uint32_t i = 0; rc == BM_OK && i < page->rows; i++) {
        const struct bm_row *row = &d->s->rows[page->row + i];
        if (!wanted_in_view(d, row)) {
            continue;
        }
        if (head) {
            put_page_head(d, number, l);
            head = 0;
        }
        d->r->shown++;
        if (bmi_has_header(row)) {
            rc = put_row(d, row, l);
        } else {
            put_bare(d, row);
        }
    }
    return rc;
}

/* Blank pages in a row take one line. */
static uint32_t put_blank_run(const struct bmi_dump *d, uint32_t first)
{
    uint32_t end = first;
    while (end < d->s->page_count && d->s->pages[end].kind == BM_PAGE_BLANK) {
        end++;
    }
    if (end - first > 1 && d->o->ns == NULL && d->o->key == NULL) {
        color(d, bold);
        (void)fprintf(d->out, "\nPages %" PRIu32 " to %" PRIu32 " at 0x%" PRIx32 ": blank\n", first,
                      end - 1, first * BMI_PAGE_SIZE);
        color(d, plain);
        return end;
    }
    return first;
}

static int put_pages(const struct bmi_dump *d)
{
    struct layout l;
    int rc = BM_OK;
    measure(d, &l);
    for (uint32_t i = 0; rc == BM_OK && i < d->s->page_count; i++) {
        i = put_blank_run(d, i);
        if (i < d->s->page_count) {
            rc = put_page(d, i, &l);
        }
    }
    return rc;
}

static int put_minimal(const struct bmi_dump *d)
{
    char name[BM_NVS_KEY_SIZE];
    char key[BM_NVS_KEY_SIZE];
    struct layout l;
    struct bmi_live it = {0, 0};
    struct bmi_line line = {.len = 0};
    const struct bm_row *row;
    int rc = BM_OK;
    measure(d, &l);
    color(d, dim);
    (void)fprintf(d->out, "%-*s  %-*s  %-6s  value\n", (int)l.ns, "namespace", (int)l.key, "key",
                  "type");
    color(d, plain);
    while (rc == BM_OK && (row = bmi_live_next(d->s, &it)) != NULL) {
        const uint8_t *raw = bmi_row_raw(d->s, row);
        if (bmi_is_name(d->s, row) || !bmi_dump_wants(d, row)) {
            continue;
        }
        bmi_row_key(raw, key);
        bmi_line_shown(d->out, &line, bmi_ns_name(d->s, raw[BMI_EN_NS], name), l.ns + 2);
        bmi_line_shown(d->out, &line, key, l.key + 2);
        bmi_line_text(&line, bmi_type(raw[BMI_EN_TYPE])->value_name, 8);
        bmi_line_put(d->out, &line);
        rc = put_value(d, row, l.ns + l.key + 12);
        d->r->shown++;
    }
    return rc;
}

static void put_title(const struct bmi_dump *d)
{
    uint32_t names = 0;
    uint32_t keys = 0;
    for (uint32_t i = 0; i < d->s->group_count; i++) {
        const struct bm_group *g = &d->s->groups[i];
        names += g->ns == 0 && g->live != BM_NO_ROW;
        keys += g->ns != 0 && g->live != BM_NO_ROW;
    }
    color(d, bold);
    (void)bmi_show_text(d->out, d->o->name, strlen(d->o->name), 0);
    color(d, plain);
    (void)fprintf(d->out,
                  ": %zu bytes, %" PRIu32 " page%s, %" PRIu32 " namespace%s, %" PRIu32 " key%s\n",
                  d->s->size, d->s->page_count, d->s->page_count == 1 ? "" : "s", names,
                  names == 1 ? "" : "s", keys, keys == 1 ? "" : "s");
    if (d->s->tail != 0) {
        (void)fprintf(d->out, "%" PRIu32 " bytes behind the last whole page\n", d->s->tail);
    }
}

int bmi_dump_text(struct bmi_dump *d)
{
    if (d->o->show == BM_SHOW_MINIMAL) {
        return put_minimal(d);
    }
    put_title(d);
    return put_pages(d);
}
