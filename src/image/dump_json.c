/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/base.h"
#include "base/le.h"
#include "image/dump_parts.h"
#include "image/json.h"
#include "image/utf8.h"

/* Each entry is built with jansson and written at once; only the brackets around them are put by
 * hand, so that a large image needs no large tree. */
enum { LINE_SIZE = 1024 }; /* an entry of usual length */

struct list {
    FILE *out;
    int any;
};

static int put_item(struct list *l, json_t *item)
{
    if (item == NULL) {
        return BM_E_NOMEM;
    }
    (void)fputs(l->any ? ",\n  " : "\n  ", l->out);
    l->any = 1;
    /* ASCII only: nothing in an image gets to a terminal as a control character */
    const size_t flags = JSON_COMPACT | JSON_ENSURE_ASCII;
    char line[LINE_SIZE];
    const size_t len = json_dumpb(item, line, sizeof line, flags);
    int rc = len > 0 ? 0 : -1;
    if (len > 0 && len <= sizeof line) {
        (void)fwrite(line, 1, len, l->out); /* much faster than piece by piece */
        bm_wipe(line, len);
    } else if (len > 0) {
        rc = json_dumpf(item, l->out, flags);
    }
    json_decref(item);
    return rc == 0 || ferror(l->out) ? BM_OK : BM_E_NOMEM;
}

static int set_value(const struct bmi_dump *d, json_t *o, const char *key, const struct bm_row *row)
{
    struct bm_stored v;
    const int rc = bmi_stored_load(&v, d->s, row);
    if (rc == BM_E_NOMEM) {
        return rc;
    }
    d->r->redacted += bmi_json_value(o, key, &v, d->o->reveal) ? 1 : 0;
    bmi_stored_free(&v);
    return BM_OK;
}

static void set_key(const struct bmi_dump *d, json_t *o, const struct bm_row *row, char *key)
{
    char name[BM_NVS_KEY_SIZE];
    const uint8_t *raw = bmi_row_raw(d->s, row);
    bmi_row_key(raw, key);
    if (!bmi_is_name(d->s, row)) {
        bmi_json_name(o, "namespace", bmi_ns_name(d->s, raw[BMI_EN_NS], name));
    }
    (void)json_object_set_new(o, "namespace_index", json_integer(raw[BMI_EN_NS]));
    bmi_json_name(o, "key", key);
}

static const char *data_check(const struct bm_row *row)
{
    return row->kind == BM_ROW_TORN ? "torn" : ((row->flags & BM_ROW_BAD_DATA) != 0 ? "bad" : "ok");
}

static int set_header(const struct bmi_dump *d, json_t *o, const struct bm_row *row)
{
    char key[BM_NVS_KEY_SIZE];
    const uint8_t *raw = bmi_row_raw(d->s, row);
    set_key(d, o, row, key);
    (void)json_object_set_new(
        o, "type",
        json_string(bmi_is_name(d->s, row) ? "namespace" : bmi_type(raw[BMI_EN_TYPE])->name));
    (void)json_object_set_new(o, "data_check", json_string(data_check(row)));
    if (row->kind == BM_ROW_VALUE) {
        (void)json_object_set_new(o, "counts", json_boolean((row->flags & BM_ROW_LIVE) != 0));
    }
    if (raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_DATA) {
        (void)json_object_set_new(o, "chunk", json_integer(raw[BMI_EN_CHUNK]));
        (void)json_object_set_new(o, "size", json_integer(bmi_row_size(d->s, row)));
        return BM_OK;
    }
    if (raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_IDX) {
        (void)json_object_set_new(o, "chunks", json_integer(raw[BMI_EN_IDX_COUNT]));
        (void)json_object_set_new(o, "first_chunk", json_integer(raw[BMI_EN_IDX_START]));
    }
    return set_value(d, o, key, row);
}

/* An entry of the raw views. */
static int put_entry(const struct bmi_dump *d, struct list *l, const struct bm_row *row)
{
    json_t *o = json_pack("{s:i, s:i, s:i, s:I, s:s}", "page", (int)row->page, "entry",
                          (int)row->entry, "span", (int)row->count, "offset",
                          (json_int_t)bmi_row_offset(row), "state", bmi_row_kind_name(row));
    int rc = BM_OK;
    if (o == NULL) {
        return BM_E_NOMEM;
    }
    if (bmi_has_header(row)) {
        rc = set_header(d, o, row);
    } else if (row->kind == BM_ROW_DAMAGED) {
        (void)json_object_set_new(o, "fault", json_string(bmi_fault_name(row->fault)));
    }
    if (d->o->reveal && !bmi_has_header(row) && row->kind != BM_ROW_EMPTY) {
        bmi_json_hex(o, "hex", bmi_row_raw(d->s, row), (size_t)row->count * BMI_ENTRY_SIZE);
    }
    if (rc != BM_OK) {
        json_decref(o);
        return rc;
    }
    d->r->shown++;
    return put_item(l, o);
}

static int put_entries(const struct bmi_dump *d, struct list *l)
{
    int rc = BM_OK;
    for (size_t i = 0; rc == BM_OK && i < d->s->row_count; i++) {
        const struct bm_row *row = &d->s->rows[i];
        const int quiet = row->kind == BM_ROW_EMPTY || row->kind == BM_ROW_DIRTY ||
                          row->kind == BM_ROW_ERASED || d->s->pages[row->page].kind != BM_PAGE_USED;
        if ((!quiet || d->o->show == BM_SHOW_ALL) && bmi_dump_wants(d, row)) {
            rc = put_entry(d, l, row);
        }
    }
    return rc;
}

static int put_chunk(const struct bmi_dump *d, json_t *array, const struct bm_row *row)
{
    return json_array_append_new(array, json_pack("{s:i, s:i, s:i, s:I, s:I}", "chunk",
                                                  (int)bmi_row_raw(d->s, row)[BMI_EN_CHUNK], "page",
                                                  (int)row->page, "entry", (int)row->entry,
                                                  "offset", (json_int_t)bmi_row_offset(row), "size",
                                                  (json_int_t)bmi_row_size(d->s, row)));
}

static void set_chunks(const struct bmi_dump *d, json_t *o, const struct bm_row *index)
{
    uint32_t chunks[BMI_CHUNK_NONE];
    unsigned budget = BMI_CHUNK_NONE + 1;
    json_t *array = json_array();
    const int count = bmi_row_raw(d->s, index)[BMI_EN_TYPE] == BMI_TYPE_BLOB_IDX
                          ? bmi_blob_chunks(d->s, index, chunks, &budget)
                          : 0;
    for (int i = 0; i < count; i++) {
        (void)put_chunk(d, array, &d->s->rows[chunks[i]]);
    }
    (void)json_object_set_new(o, "chunks", array);
}

/* The values that count; blobs only, with their chunks, for that view. */
static int put_values(const struct bmi_dump *d, struct list *l)
{
    char key[BM_NVS_KEY_SIZE];
    struct bmi_live it = {0, 0};
    const struct bm_row *row;
    int rc = BM_OK;
    while (rc == BM_OK && (row = bmi_live_next(d->s, &it)) != NULL) {
        const struct bm_type *type = bmi_type(bmi_row_raw(d->s, row)[BMI_EN_TYPE]);
        const int blobs = d->o->show == BM_SHOW_BLOBS;
        if (bmi_is_name(d->s, row) || !bmi_dump_wants(d, row) ||
            (blobs && type->cls != BM_CLASS_BLOB)) {
            continue;
        }
        json_t *o = json_object();
        set_key(d, o, row, key);
        (void)json_object_set_new(o, "type", json_string(type->value_name));
        rc = o != NULL ? set_value(d, o, key, row) : BM_E_NOMEM;
        if (rc == BM_OK && blobs) {
            set_chunks(d, o, row);
        }
        if (rc == BM_OK) {
            rc = put_item(l, json_incref(o));
        }
        json_decref(o);
        d->r->shown++;
    }
    return rc;
}

static int put_namespaces(const struct bmi_dump *d, struct list *l)
{
    char name[BM_NVS_KEY_SIZE];
    struct bmi_ns_sum sums[256];
    int rc = BM_OK;
    bmi_ns_sums(d->s, sums);
    for (unsigned i = 1; rc == BM_OK && i < 256; i++) {
        const int named = d->s->names[i] != BM_NO_ROW;
        bmi_ns_name(d->s, (uint8_t)i, name);
        if ((!named && sums[i].entries == 0) || (d->o->ns != NULL && strcmp(d->o->ns, name) != 0)) {
            continue;
        }
        json_t *o = json_pack("{s:i}", "index", (int)i);
        if (o == NULL) {
            return BM_E_NOMEM;
        }
        if (named) {
            bmi_json_name(o, "name", name);
        }
        (void)json_object_set_new(o, "keys", json_integer(sums[i].keys));
        (void)json_object_set_new(o, "entries", json_integer(sums[i].entries));
        (void)json_object_set_new(o, "bytes", json_integer((json_int_t)sums[i].bytes));
        rc = put_item(l, o);
        d->r->shown++;
    }
    return rc;
}

static json_t *page_object(const struct bm_scan *s, uint32_t number)
{
    const struct bm_page *p = &s->pages[number];
    json_t *o = json_pack("{s:I, s:I, s:s}", "page", (json_int_t)number, "offset",
                          (json_int_t)number * BMI_PAGE_SIZE, "state", bmi_page_kind_name(p));
    if (o != NULL && p->kind == BM_PAGE_USED) {
        (void)json_object_set_new(o, "sequence", json_integer(p->seq));
        (void)json_object_set_new(o, "version", json_integer(p->version == BMI_VERSION_1 ? 1 : 2));
    }
    return o;
}

static int put_storage(const struct bmi_dump *d, struct list *l)
{
    int rc = BM_OK;
    for (uint32_t i = 0; rc == BM_OK && i < d->s->page_count; i++) {
        const struct bm_page *p = &d->s->pages[i];
        struct bmi_page_sum sum;
        bmi_page_sum(d->s, p, &sum);
        const struct {
            const char *name;
            uint64_t value;
        } rows[] = {{"written", p->states[BMI_ENTRY_WRITTEN]},
                    {"erased", p->states[BMI_ENTRY_ERASED]},
                    {"empty", p->states[BMI_ENTRY_EMPTY]},
                    {"names", sum.names},
                    {"numbers", sum.numbers},
                    {"strings", sum.strings},
                    {"blobs", sum.blobs},
                    {"stale", sum.stale},
                    {"damaged", sum.damaged},
                    {"bytes", sum.bytes}};
        json_t *o = page_object(d->s, i);
        for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
            (void)json_object_set_new(o, rows[k].name, json_integer((json_int_t)rows[k].value));
        }
        rc = put_item(l, o);
        d->r->shown++;
    }
    return rc;
}

static int put_pages(const struct bmi_dump *d, struct list *l)
{
    int rc = BM_OK;
    for (uint32_t i = 0; rc == BM_OK && i < d->s->page_count; i++) {
        rc = put_item(l, page_object(d->s, i));
    }
    return rc;
}

static int put_list(const struct bmi_dump *d, const char *name,
                    int (*put)(const struct bmi_dump *, struct list *))
{
    struct list l = {d->out, 0};
    (void)fprintf(d->out, ",\n\"%s\": [", name);
    const int rc = put(d, &l);
    (void)fputs(l.any ? "\n]" : "]", d->out);
    return rc;
}

/* The head of the document: which image this is. */
static int put_image(const struct bmi_dump *d)
{
    json_t *o =
        json_pack("{s:o, s:I, s:I, s:I, s:s}", "name", bmi_json_text(d->o->name), "size",
                  (json_int_t)d->s->size, "pages", (json_int_t)d->s->page_count, "trailing_bytes",
                  (json_int_t)d->s->tail, "kind", bmi_image_kind_name(d->s->kind));
    if (o == NULL) {
        return BM_E_NOMEM;
    }
    (void)fputs("{\"image\": ", d->out);
    const int rc = json_dumpf(o, d->out, JSON_ENSURE_ASCII);
    json_decref(o);
    return rc == 0 || ferror(d->out) ? BM_OK : BM_E_NOMEM;
}

int bmi_dump_json(struct bmi_dump *d)
{
    static const struct {
        const char *name;
        int (*put)(const struct bmi_dump *, struct list *);
    } views[] = {
        [BM_SHOW_WRITTEN] = {"entries", put_entries},
        [BM_SHOW_ALL] = {"entries", put_entries},
        [BM_SHOW_MINIMAL] = {"values", put_values},
        [BM_SHOW_NAMESPACES] = {"namespaces", put_namespaces},
        [BM_SHOW_BLOBS] = {"blobs", put_values},
        [BM_SHOW_STORAGE] = {"pages", put_storage},
    };
    int rc = put_image(d);
    if (rc == BM_OK && (d->o->show == BM_SHOW_WRITTEN || d->o->show == BM_SHOW_ALL)) {
        rc = put_list(d, "pages", put_pages);
    }
    if (rc == BM_OK) {
        rc = put_list(d, views[d->o->show].name, views[d->o->show].put);
    }
    (void)fputs("}\n", d->out);
    return rc;
}
