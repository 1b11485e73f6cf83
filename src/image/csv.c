/* SPDX-License-Identifier: Apache-2.0 */
#include "image/csv.h"

#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "image/arena.h"
#include "image/utf8.h"

enum { ROW_START = 4096, HEAD_SIZE = 16, LIBCSV_STEP = 16 * 1024 };

struct bmi_csv {
    struct csv_parser parser;
    struct bm_image_problems *problems;
    const char *name;
    const uint8_t *p; /* next byte */
    const uint8_t *end;
    uint32_t line;
    uint32_t column;     /* of mark */
    const uint8_t *mark; /* a byte of this line whose column is known */
    int text_mode;       /* 1: line ends inside quotes become LF; -1: not known before the header */
    uint32_t joined;     /* first line whose line end was changed so, 0: none */
    int failed;          /* memory was short in a callback */
    char *buf;           /* text of the row's cells */
    size_t used;
    size_t cap;
    size_t offsets[BMI_CSV_CELLS_MAX];
    size_t cells; /* seen in the row, kept or not */
    size_t key;   /* cell that names the record in messages; SIZE_MAX: none */
    struct bmi_csv_row row;
};

/* libcsv's buffer holds values: it is wiped whenever it moves. Its length stands in front of it. */
static void *buffer_move(void *old, size_t size)
{
    uint8_t *head = size > SIZE_MAX - HEAD_SIZE ? NULL : malloc(size + HEAD_SIZE);
    if (head == NULL) {
        return NULL;
    }
    memcpy(head, &size, sizeof size);
    if (old != NULL) {
        uint8_t *old_head = (uint8_t *)old - HEAD_SIZE;
        size_t old_size;
        memcpy(&old_size, old_head, sizeof old_size);
        memcpy(head + HEAD_SIZE, old, old_size < size ? old_size : size);
        bm_wipe(old, old_size);
        free(old_head);
    }
    return head + HEAD_SIZE;
}

static void buffer_free(void *old)
{
    if (old != NULL) {
        uint8_t *head = (uint8_t *)old - HEAD_SIZE;
        size_t size;
        memcpy(&size, head, sizeof size);
        bm_wipe(old, size);
        free(head);
    }
}

/* Blanks belong to a value: nothing is space to libcsv. */
static int no_space(unsigned char c)
{
    (void)c;
    return 0;
}

static int is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static int is_newline(uint8_t c)
{
    return c == '\n' || c == '\r';
}

static int reserve(struct bmi_csv *s, size_t len)
{
    while (s->cap - s->used < len) {
        void *moved = s->buf;
        /* full as far as bmi_grow() is told, so that it doubles */
        if (bmi_grow(&moved, &s->cap, s->cap, 1) != BM_OK) {
            return BM_E_NOMEM;
        }
        s->buf = moved;
    }
    return BM_OK;
}

static void on_cell(void *text, size_t len, void *ctx)
{
    struct bmi_csv *s = ctx;
    if (s->cells++ >= BMI_CSV_CELLS_MAX || s->failed) {
        return;
    }
    if (len == SIZE_MAX || reserve(s, len + 1) != BM_OK) {
        s->failed = 1;
        return;
    }
    s->offsets[s->cells - 1] = s->used;
    s->row.cells[s->cells - 1].len = len;
    memcpy(s->buf + s->used, text, len);
    s->buf[s->used + len] = '\0';
    s->used += len + 1;
}

static int feed(struct bmi_csv *s, const void *bytes, size_t len)
{
    if (csv_parse(&s->parser, bytes, len, on_cell, NULL, s) != len) {
        s->failed = 1;
    }
    return s->failed ? BM_E_NOMEM : BM_OK;
}

/* Column of a byte of this line, in characters; each byte is counted once. */
static uint32_t column_of(struct bmi_csv *s, const uint8_t *at)
{
    while (s->mark < at) {
        s->column += (*s->mark & 0xc0) != 0x80;
        s->mark++;
    }
    return s->column;
}

/* Goes behind the line end at p. */
static void next_line(struct bmi_csv *s, const uint8_t *p)
{
    s->p = p + (*p == '\r' && p + 1 < s->end && p[1] == '\n' ? 2 : 1);
    s->line++;
    s->mark = s->p;
    s->column = 1;
}

static struct bm_image_place place(struct bmi_csv *s, const uint8_t *at)
{
    return (struct bm_image_place){s->name, s->line, column_of(s, at)};
}

/* Tells a problem of the record being read, with its key where that is known already. */
static void tell(struct bmi_csv *s, const struct bm_image_place *at, const char *text)
{
    const char *key = NULL;
    size_t len = 0;
    if (s->key < s->cells && s->key < BMI_CSV_CELLS_MAX) {
        key = s->buf + s->offsets[s->key];
        len = bmi_utf8_good((const uint8_t *)key, s->row.cells[s->key].len);
    }
    bmi_problem_add(s->problems, BM_IMAGE_ERROR, at, key, len, "%s", text);
}

static void skip_line(struct bmi_csv *s)
{
    while (s->p < s->end && !is_newline(*s->p)) {
        s->p++;
    }
    if (s->p < s->end) {
        next_line(s, s->p);
    }
}

/* Passes over comments, empty lines and lines of blanks. */
static void skip_between(struct bmi_csv *s)
{
    while (s->p < s->end) {
        const uint8_t *q = s->p;
        while (q < s->end && is_blank(*q)) {
            q++;
        }
        if (q < s->end && !is_newline(*q) && *s->p != '#') {
            return;
        }
        skip_line(s);
    }
}

/* A line end inside quotes, at q: keeps or changes it, and counts the line. Returns what is behind.
 */
static int quoted_newline(struct bmi_csv *s, const uint8_t **run, const uint8_t **q)
{
    const uint8_t *at = *q;
    const int pair = *at == '\r' && at + 1 < s->end && at[1] == '\n';
    int rc = BM_OK;
    if (*at == '\r' && s->text_mode == 1) {
        rc = feed(s, *run, (size_t)(at - *run));
        if (rc == BM_OK) {
            rc = feed(s, "\n", 1);
        }
        *run = at + (pair ? 2 : 1);
        s->joined = s->joined == 0 ? s->line : s->joined;
    } else if (*at == '\r' && !pair) {
        *q = at + 1; /* a lone CR in a file of LF lines is no line end */
        return rc;
    }
    next_line(s, at);
    *q = s->p;
    return rc;
}

/* A cell that opens with the quote at `open`; s->p ends at the comma or line end behind it. */
static int quoted_cell(struct bmi_csv *s, const uint8_t *open, struct bmi_csv_cell *cell)
{
    const struct bm_image_place start = place(s, open);
    const uint8_t *run = open;
    const uint8_t *q = open + 1;
    for (;;) {
        if (q == s->end) {
            tell(s, &start,
                 "this quote is never closed; close it, or double a quote that belongs "
                 "to the value");
            s->p = s->end;
            return BM_E_INPUT;
        }
        if (*q == '"' && (q + 1 == s->end || q[1] != '"')) {
            break;
        }
        if (*q == '"') {
            q += 2;
        } else if (!is_newline(*q)) {
            q++;
        } else if (quoted_newline(s, &run, &q) != BM_OK) {
            return BM_E_NOMEM;
        }
    }
    q++;
    if (feed(s, run, (size_t)(q - run)) != BM_OK) {
        return BM_E_NOMEM;
    }
    s->p = q;
    while (s->p < s->end && is_blank(*s->p)) {
        s->p++;
    }
    cell->stripped = cell->stripped || s->p != q;
    if (s->p < s->end && *s->p != ',' && !is_newline(*s->p)) {
        const struct bm_image_place after = place(s, s->p);
        tell(s, &after,
             "text behind a closing quote; put all of the value into the quotes, and "
             "double a quote that belongs to it");
        return BM_E_INPUT;
    }
    return BM_OK;
}

/* Bytes behind an unquoted cell: by table, since every byte of every cell is asked. */
static const uint8_t ends_cell[256] = {[','] = 1, ['\n'] = 1, ['\r'] = 1};

static int read_cell(struct bmi_csv *s)
{
    struct bmi_csv_cell spare;
    struct bmi_csv_cell *cell = s->cells < BMI_CSV_CELLS_MAX ? &s->row.cells[s->cells] : &spare;
    cell->line = s->line;
    cell->column = column_of(s, s->p);
    cell->stripped = 0;
    const uint8_t *q = s->p;
    while (q < s->end && is_blank(*q)) {
        q++;
    }
    if (q < s->end && *q == '"') {
        cell->stripped = q != s->p;
        cell->column = column_of(s, q);
        return quoted_cell(s, q, cell);
    }
    while (q < s->end && !ends_cell[*q]) {
        q++;
    }
    const int rc = feed(s, s->p, (size_t)(q - s->p));
    s->p = q;
    return rc;
}

/* Looks for bytes that are not UTF-8 in a record that starts on this line. */
static int check_text(struct bmi_csv *s, const uint8_t *start, uint32_t line)
{
    const size_t len = (size_t)(s->p - start);
    const size_t good = bmi_utf8_good(start, len);
    if (good == len) {
        return BM_OK;
    }
    struct bm_image_place at = {s->name, line, 1};
    for (size_t i = 0; i < good; i++) {
        if (start[i] == '\n') {
            at.line++;
            at.column = 0;
        }
        at.column += (start[i] & 0xc0) != 0x80;
    }
    char text[64];
    snprintf(text, sizeof text, "byte 0x%02x is not UTF-8; save the file as UTF-8", start[good]);
    tell(s, &at, text);
    return BM_E_INPUT;
}

static int read_record(struct bmi_csv *s)
{
    const uint8_t *start = s->p;
    const uint32_t line = s->line;
    s->cells = 0;
    s->used = 0;
    int rc = read_cell(s);
    while (rc == BM_OK && s->p < s->end && *s->p == ',') {
        rc = feed(s, ",", 1);
        s->p++;
        rc = rc == BM_OK ? read_cell(s) : rc;
    }
    if (rc == BM_E_INPUT) {
        csv_fini(&s->parser, NULL, NULL, NULL); /* forgets the half read record */
    } else if (rc == BM_OK) {
        rc = feed(s, "\n", 1);
    }
    if (rc == BM_OK) {
        rc = check_text(s, start, line);
    }
    if (s->text_mode < 0) {
        s->text_mode = s->p < s->end && *s->p == '\r';
    }
    skip_line(s);
    if (rc == BM_OK && s->cells > BMI_CSV_CELLS_MAX) {
        const struct bm_image_place at = {s->name, line, 1};
        bmi_problem_add(s->problems, BM_IMAGE_ERROR, &at, NULL, 0,
                        "%zu cells in one row, %d are the most; is a line end missing?", s->cells,
                        BMI_CSV_CELLS_MAX);
        rc = BM_E_INPUT;
    }
    return rc;
}

int bmi_csv_next(struct bmi_csv *csv, const struct bmi_csv_row **row)
{
    for (;;) {
        skip_between(csv);
        if (csv->p == csv->end) {
            return BM_E_NOENT;
        }
        const int rc = read_record(csv);
        if (rc == BM_OK) {
            break;
        }
        if (rc != BM_E_INPUT) {
            return rc;
        }
    }
    csv->row.count = csv->cells;
    for (size_t i = 0; i < csv->cells; i++) {
        csv->row.cells[i].text = csv->buf + csv->offsets[i];
    }
    *row = &csv->row;
    return BM_OK;
}

static int is_utf16(const uint8_t *data, size_t len)
{
    return len >= 2 && ((data[0] == 0xff && data[1] == 0xfe) ||
                        (data[0] == 0xfe && data[1] == 0xff) || data[0] == 0 || data[1] == 0);
}

int bmi_csv_open(struct bmi_csv **out, const char *name, const uint8_t *data, size_t len,
                 struct bm_image_problems *problems)
{
    *out = NULL;
    if (is_utf16(data, len)) {
        const struct bm_image_place at = {name, 1, 1};
        bmi_problem_add(problems, BM_IMAGE_ERROR, &at, NULL, 0,
                        "this looks like UTF-16; save the file as UTF-8");
        return BM_E_INPUT;
    }
    struct bmi_csv *s = calloc(1, sizeof *s);
    if (s == NULL || csv_init(&s->parser, 0) != 0) {
        free(s);
        return BM_E_NOMEM;
    }
    csv_set_space_func(&s->parser, no_space);
    csv_set_realloc_func(&s->parser, buffer_move);
    csv_set_free_func(&s->parser, buffer_free);
    csv_set_blk_size(&s->parser, LIBCSV_STEP);
    s->problems = problems;
    s->name = name;
    const int bom = len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0;
    s->p = data + (bom ? 3 : 0);
    s->end = data + len;
    s->mark = s->p;
    s->line = 1;
    s->column = 1;
    s->text_mode = -1;
    s->key = SIZE_MAX;
    *out = s;
    return BM_OK;
}

void bmi_csv_name_by(struct bmi_csv *csv, size_t cell)
{
    csv->key = cell;
}

void bmi_csv_close(struct bmi_csv *csv)
{
    if (csv == NULL) {
        return;
    }
    if (csv->joined != 0) {
        const struct bm_image_place at = {csv->name, csv->joined, 0};
        bmi_problem_add(csv->problems, BM_IMAGE_NOTE, &at, NULL, 0,
                        "the file has CR LF or CR line ends: those inside quoted values become LF");
    }
    csv_free(&csv->parser);
    if (csv->buf != NULL) {
        bm_wipe(csv->buf, csv->cap);
    }
    free(csv->buf);
    free(csv);
}
