/* SPDX-License-Identifier: Apache-2.0 */
#include "image/input.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "image/csv.h"
#include "image/header.h"
#include "image/secret.h"
#include "image/value.h"
#include "nvs/fmt.h"

enum {
    FILE_MAX = 2 * 1024 * 1024, /* longest value in hex or base64, with room for line ends */
    ROW_LEAST = 11,             /* bytes of the shortest row with a value */
    STATE_LEAST = 0xf0,         /* first byte of a page header with any state */
    SHOWN = 100                 /* bytes of a path in a message */
};

enum row_type { TYPE_DATA, TYPE_FILE, TYPE_NAMESPACE, TYPES };

static const char *const type_names[TYPES + 1] = {"data", "file", "namespace", NULL};

/* One row on its way to an item. */
struct row {
    struct bmi_input *in;
    const struct bmi_csv_row *csv;
    const struct bmi_header_map *map;
    const char *file;
    struct bmi_slice key;
    enum row_type type;
    struct bmi_encoding encoding;
};

static const struct bmi_csv_cell *cell(const struct row *r, enum bmi_column column)
{
    const size_t i = r->map->at[column];
    return i < r->csv->count ? &r->csv->cells[i] : NULL;
}

static struct bmi_slice trimmed(const struct row *r, enum bmi_column column)
{
    const struct bmi_csv_cell *c = cell(r, column);
    return c != NULL ? bmi_cell_trim(c) : (struct bmi_slice){"", 0, 0};
}

static struct bm_image_place place(const struct row *r, enum bmi_column column)
{
    const struct bmi_csv_cell *c = cell(r, column);
    c = c != NULL ? c : &r->csv->cells[0];
    return (struct bm_image_place){r->file, c->line, c->column};
}

static int refuse(const struct row *r, enum bmi_column column, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int refuse(const struct row *r, enum bmi_column column, const char *format, ...)
{
    char text[512];
    const struct bm_image_place at = place(r, column);
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    bmi_problem_add(r->in->problems, BM_IMAGE_ERROR, &at, r->key.p, r->key.len, "%s", text);
    return BM_E_INPUT;
}

/* Cells that the header does not name must be blank: else a comma has cut a value in two. */
static int check_width(const struct row *r)
{
    for (size_t i = r->map->count; i < r->csv->count; i++) {
        const struct bmi_csv_cell *c = &r->csv->cells[i];
        if (bmi_cell_trim(c).len > 0) {
            const struct bm_image_place at = {r->file, c->line, c->column};
            bmi_problem_add(r->in->problems, BM_IMAGE_ERROR, &at, r->key.p, r->key.len,
                            "more cells than the header has; put a value with a comma in quotes");
            return BM_E_INPUT;
        }
    }
    return BM_OK;
}

/* The program that made the CSV should know, and other tools do not take it away. */
static void warn_hard(const struct row *r, enum bmi_column column)
{
    if (trimmed(r, column).hard) {
        const struct bm_image_place at = place(r, column);
        bmi_problem_add(r->in->problems, BM_IMAGE_WARNING, &at, r->key.p, r->key.len,
                        "a no-break space (U+00A0) beside the text of this cell is passed over");
    }
}

/* 1 if the key says that its value is a secret: no other cell may reach a message. A key that is
 * too long to be looked at whole is taken for such. */
static int is_secret(const struct row *r)
{
    char name[BM_NVS_KEY_SIZE];
    if (r->key.len > BMI_KEY_MAX) {
        return 1;
    }
    memcpy(name, r->key.p, r->key.len);
    name[r->key.len] = '\0';
    return bmi_secret_name(name);
}

static int read_type(struct row *r)
{
    const struct bmi_slice t = trimmed(r, BMI_COL_TYPE);
    if (t.len == 0) {
        return refuse(r, BMI_COL_TYPE, "the type is empty; write %s",
                      r->key.len > 0 && r->key.p[0] == '#'
                          ? "'#' in the first column to make this a comment"
                          : "data, file or namespace");
    }
    for (size_t i = 0; i < TYPES; i++) {
        /* In capitals the reference takes any type for data: right for this one alone. */
        if ((i == TYPE_DATA && bmi_is_word(t.p, t.len, type_names[i])) ||
            (t.len == strlen(type_names[i]) && memcmp(t.p, type_names[i], t.len) == 0)) {
            r->type = (enum row_type)i;
            return BM_OK;
        }
    }
    char why[BMI_WHY_SIZE] = "";
    const struct bmi_word word = {"type", t.p, t.len, !is_secret(r)};
    bmi_unknown_word(why, &word, type_names, "write data, file or namespace");
    return refuse(r, BMI_COL_TYPE, "%s", why);
}

static int check_key(const struct row *r)
{
    const char *what = r->type == TYPE_NAMESPACE ? "namespace" : "key";
    if (r->key.len == 0) {
        return refuse(r, BMI_COL_KEY, "the %s is empty; give it a name of 1 to %d bytes", what,
                      BMI_KEY_MAX);
    }
    if (r->key.len > BMI_KEY_MAX) {
        return refuse(r, BMI_COL_KEY, "the %s has %zu bytes, %d are the most; shorten it", what,
                      r->key.len, BMI_KEY_MAX);
    }
    for (size_t i = 0; i < r->key.len; i++) {
        const unsigned char c = (unsigned char)r->key.p[i];
        if (c < 0x20 || c == 0x7f) {
            return refuse(r, BMI_COL_KEY, "the %s has a control character (0x%02x); remove it",
                          what, c);
        }
    }
    return BM_OK;
}

static void fill_item(struct bm_image_item *item, const struct row *r, uint8_t ns)
{
    memset(item, 0, sizeof *item);
    memcpy(item->key, r->key.p, r->key.len);
    item->place = place(r, BMI_COL_KEY);
    item->ns = ns;
}

static int open_namespace(struct row *r)
{
    struct bmi_items *items = r->in->items;
    const struct bm_image_item *known = bmi_items_find(items, 0, r->key.p, r->key.len);
    if (known != NULL) {
        r->in->ns = (int)known->bits;
        return BM_OK;
    }
    r->in->ns = BMI_NS_BAD;
    if (items->namespace_count == BM_NVS_NS_MAX) {
        return refuse(r, BMI_COL_KEY,
                      "there are %d namespaces already, and no more can be; use fewer",
                      BM_NVS_NS_MAX);
    }
    struct bm_image_item item;
    fill_item(&item, r, 0);
    item.type = BM_NVS_U8;
    item.size = 1;
    item.bits = items->namespace_count + 1;
    const int rc = bmi_items_add(items, &item);
    if (rc == BM_OK) {
        items->namespace_count++;
        items->namespaces[items->namespace_count] = (uint32_t)(items->count - 1);
        r->in->ns = (int)items->namespace_count;
    }
    return rc;
}

/* The file of the value cell, as messages name it. out: SHOWN + 16 bytes. */
static const char *file_name(const struct row *r, char out[SHOWN + 16])
{
    const struct bmi_slice path = trimmed(r, BMI_COL_VALUE);
    if (is_secret(r)) {
        return "file of the name in this column";
    }
    snprintf(out, SHOWN + 16, "file '%.*s'", path.len < SHOWN ? (int)path.len : SHOWN, path.p);
    return out;
}

/* Reads the file that the value cell names. */
static int read_file(const struct row *r, uint8_t **data, size_t *len)
{
    const struct bm_image_options *o = r->in->options;
    const struct bmi_slice path = trimmed(r, BMI_COL_VALUE);
    char name[4096];
    char shown[SHOWN + 16];
    struct bm_diag diag = {0};
    if (path.len == 0) {
        return refuse(r, BMI_COL_VALUE, "the file name is empty; write a path");
    }
    if (path.len >= sizeof name || memchr(path.p, '\0', path.len) != NULL) {
        return refuse(r, BMI_COL_VALUE, "this is no file name; write a path");
    }
    memcpy(name, path.p, path.len);
    name[path.len] = '\0';
    if (o->read == NULL) {
        return refuse(r, BMI_COL_VALUE, "files are not read here; write the value as data");
    }
    const int rc = o->read(o->ctx, name, FILE_MAX, data, len, &diag);
    switch (rc) {
    case BM_OK:
    case BM_E_NOMEM: return rc;
    case BM_E_NOENT:
        return refuse(r, BMI_COL_VALUE, "there is no %s; paths are relative to %s%s",
                      file_name(r, shown), o->folder != NULL ? o->folder : "the current folder",
                      is_secret(r) ? ", and a value itself has the type data" : "");
    case BM_E_NOSPC:
        return refuse(r, BMI_COL_VALUE, "%s is over %d bytes, too long for any value",
                      file_name(r, shown), FILE_MAX);
    default: break;
    }
    const char *reason = diag.os_errno != 0  ? strerror(diag.os_errno)
                         : diag.text[0] != 0 ? diag.text
                                             : bm_err_text(rc);
    return refuse(r, BMI_COL_VALUE, "cannot read %s: %s", file_name(r, shown), reason);
}

static int check_duplicate(const struct row *r)
{
    const struct bmi_items *items = r->in->items;
    struct bm_image_item *first = bmi_items_find(items, (uint8_t)r->in->ns, r->key.p, r->key.len);
    if (first == NULL) {
        return BM_OK;
    }
    if (first->derived) {
        first->dropped = 1; /* what the inputs say goes before what is derived */
        return BM_OK;
    }
    return refuse(r, BMI_COL_KEY, "namespace '%s' has this key already, see %.*s:%u; remove one",
                  items->list[items->namespaces[r->in->ns]].key, SHOWN, first->place.file,
                  first->place.line);
}

/* Adds the item, and what the Wi-Fi driver wants around it. */
static int add_item(const struct row *r, const struct bm_image_item *item, const char *text,
                    size_t len)
{
    const struct bmi_wifi_row wifi_row = {item, &r->encoding, text, len};
    int rc = bmi_wifi_before(&r->in->wifi, r->in->items, &wifi_row, r->in->problems);
    if (rc == BM_OK) {
        rc = bmi_items_add(r->in->items, item);
    }
    if (rc == BM_OK) {
        rc = bmi_wifi_after(&r->in->wifi, r->in->items, &wifi_row);
    }
    if (rc == BM_OK && r->in->items->arena.total > r->in->budget) {
        refuse(r, BMI_COL_VALUE, "the values up to here take more than %zu bytes; use fewer",
               r->in->budget);
        rc = BM_E_NOSPC;
    }
    return rc;
}

static int store_value(const struct row *r, const char *text, size_t len)
{
    char why[BMI_WHY_SIZE] = "";
    struct bm_image_item item;
    fill_item(&item, r, r->in->ns > 0 ? (uint8_t)r->in->ns : 0);
    const int rc =
        bmi_value_make(&item, &r->encoding, r->in->version, text, len, &r->in->items->arena, why);
    if (rc == BM_E_INPUT && r->type == TYPE_FILE) {
        char shown[SHOWN + 16];
        return refuse(r, BMI_COL_VALUE, "in %s: %s", file_name(r, shown), why);
    }
    if (rc == BM_E_INPUT) {
        return refuse(r, BMI_COL_VALUE, "%s", why);
    }
    if (rc != BM_OK || r->in->ns <= 0) {
        return rc;
    }
    const int unique = check_duplicate(r);
    return unique != BM_OK ? unique : add_item(r, &item, text, len);
}

static int data_value(const struct row *r)
{
    const struct bmi_csv_cell *value = cell(r, BMI_COL_VALUE);
    const enum bmi_encoding_kind kind = r->encoding.kind;
    const int fills = kind == BMI_ENC_FILL || kind == BMI_ENC_SIZED_FILL;
    if (value == NULL && !fills) {
        return refuse(r, BMI_COL_VALUE,
                      "the row has no value cell; end it with a comma for an empty value");
    }
    if (value != NULL && value->stripped && (kind == BMI_ENC_STRING || kind == BMI_ENC_BINARY)) {
        const struct bm_image_place at = place(r, BMI_COL_VALUE);
        bmi_problem_add(r->in->problems, BM_IMAGE_WARNING, &at, r->key.p, r->key.len,
                        "blanks outside the quotes are not part of the value");
    }
    if (kind <= BMI_ENC_REAL || kind == BMI_ENC_HEX) {
        warn_hard(r, BMI_COL_VALUE);
    }
    return store_value(r, value != NULL ? value->text : "", value != NULL ? value->len : 0);
}

static int file_value(const struct row *r)
{
    uint8_t *data = NULL;
    size_t len = 0;
    int rc = read_file(r, &data, &len);
    warn_hard(r, BMI_COL_VALUE);
    if (rc == BM_OK) {
        rc = store_value(r, len > 0 ? (const char *)data : "", len);
        r->in->options->release(r->in->options->ctx, data, len);
    }
    return rc;
}

static int value_row(struct row *r, int good)
{
    char why[BMI_WHY_SIZE] = "";
    const struct bmi_slice encoding = trimmed(r, BMI_COL_ENCODING);
    if (r->in->ns == BMI_NS_NONE) {
        (void)refuse(r, BMI_COL_KEY, "no namespace is open yet; put a row NAME,namespace,, first");
        r->in->ns = BMI_NS_BAD; /* once is enough; the value is still looked at */
    }
    warn_hard(r, BMI_COL_ENCODING);
    int rc = bmi_encoding_parse(&r->encoding, encoding.p, encoding.len, why);
    if (rc == BM_E_NOENT) {
        rc = bmi_encoding_unknown(why, encoding.p, encoding.len, !is_secret(r));
    }
    if (rc != BM_OK) {
        return refuse(r, BMI_COL_ENCODING, "%s", why);
    }
    if (good != BM_OK) {
        return good;
    }
    return r->type == TYPE_FILE ? file_value(r) : data_value(r);
}

/* Returns BM_OK, BM_E_INPUT (told), BM_E_NOSPC (told) or BM_E_NOMEM. */
static int read_row(struct row *r)
{
    r->key = trimmed(r, BMI_COL_KEY);
    warn_hard(r, BMI_COL_KEY);
    warn_hard(r, BMI_COL_TYPE);
    if (check_width(r) != BM_OK || read_type(r) != BM_OK) {
        return BM_E_INPUT;
    }
    const int good = check_key(r);
    if (r->type != TYPE_NAMESPACE) {
        return value_row(r, good);
    }
    if (good != BM_OK) {
        r->in->ns = BMI_NS_BAD;
        return good;
    }
    return open_namespace(r);
}

/* The next record that is more than commas: spreadsheets write rows of blank cells. */
static int next_row(struct bmi_csv *csv, const struct bmi_csv_row **row)
{
    for (;;) {
        const int rc = bmi_csv_next(csv, row);
        size_t i = 0;
        while (rc == BM_OK && i < (*row)->count && bmi_cell_trim(&(*row)->cells[i]).len == 0) {
            i++;
        }
        if (rc != BM_OK || i < (*row)->count) {
            return rc;
        }
    }
}

static int read_rows(struct bmi_input *in, struct bmi_csv *csv, const char *file)
{
    const struct bmi_csv_row *csv_row = NULL;
    const size_t errors = in->problems->errors;
    struct bmi_header_map map;
    size_t rows = 0;
    int rc = next_row(csv, &csv_row);
    if (rc == BM_OK) {
        if (bmi_header_parse(&map, csv_row, file, in->problems) != BM_OK) {
            return BM_E_INPUT;
        }
        bmi_csv_name_by(csv, map.at[BMI_COL_KEY]);
        for (rc = next_row(csv, &csv_row); rc == BM_OK; rc = next_row(csv, &csv_row)) {
            struct row row = {.in = in, .csv = csv_row, .map = &map, .file = file};
            const int row_rc = read_row(&row);
            if (row_rc != BM_OK && row_rc != BM_E_INPUT) {
                return row_rc;
            }
            rows++;
        }
    }
    if (rc != BM_E_NOENT) {
        return rc;
    }
    if (rows == 0 && in->problems->errors == errors) {
        const struct bm_image_place at = {file, 0, 0};
        bmi_problem_add(in->problems, BM_IMAGE_WARNING, &at, NULL, 0, "the file has no rows");
    }
    return BM_OK;
}

/* Rows that the text can hold at the most: its lines, none shorter than "k,data,u8,1". */
static size_t rows_at_most(const struct bm_image_input *file)
{
    const uint8_t *p = file->data;
    const uint8_t *end = p + file->len;
    size_t lines = 0;
    while (file->len > 0 && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
        lines++;
        p++;
    }
    return lines < file->len / ROW_LEAST ? lines : file->len / ROW_LEAST;
}

/* A page with a good header: no such bytes begin a CSV. */
static int is_image(const struct bm_image_input *file)
{
    struct bmi_header header;
    for (size_t at = 0; at + BMI_ENTRY_SIZE <= file->len; at += BMI_PAGE_SIZE) {
        if (file->data[at] >= STATE_LEAST) {
            bmi_header_get(file->data + at, &header);
            if (header.crc_ok) {
                return 1;
            }
        }
    }
    return 0;
}

/* Says of a file at once that it is no CSV. Returns BM_OK or BM_E_INPUT (told). */
static int check_file(struct bmi_input *in, const struct bm_image_input *file)
{
    const struct bm_image_place at = {file->name, 0, 0};
    if (file->len == 0) {
        bmi_problem_add(in->problems, BM_IMAGE_ERROR, &at, NULL, 0,
                        "the file is empty, without a header even; did what should write it fail?");
        return BM_E_INPUT;
    }
    if (is_image(file)) {
        bmi_problem_add(in->problems, BM_IMAGE_ERROR, &at, NULL, 0,
                        "this is an NVS image, not a CSV; are the arguments in their order?");
        return BM_E_INPUT;
    }
    return BM_OK;
}

int bmi_input_read(struct bmi_input *in, const struct bm_image_input *file)
{
    struct bmi_csv *csv = NULL;
    int rc = file->len == BM_IMAGE_UNREAD ? BM_E_INPUT : check_file(in, file);
    if (rc == BM_OK) {
        rc = bmi_csv_open(&csv, file->name, file->data, file->len, in->problems);
    }
    if (rc == BM_OK) {
        rc = bmi_items_reserve(in->items, rows_at_most(file));
    }
    if (rc == BM_OK) {
        rc = read_rows(in, csv, file->name);
    }
    bmi_csv_close(csv);
    if (rc == BM_E_INPUT) {
        in->ns = BMI_NS_BAD; /* which namespace the next input goes on in is not known */
        rc = BM_OK;
    }
    return rc;
}
