/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <csv.h>

#include "base/base.h"
#include "image/dump_parts.h"
#include "image/show.h"
#include "image/utf8.h"

/* Blobs up to here stand as hex, which people can read; longer ones as base64. */
enum { HEX_MOST = 64 };

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static char *to_base64(const uint8_t *data, size_t len)
{
    char *text = malloc((len + 2) / 3 * 4 + 1);
    char *out = text;
    for (size_t i = 0; text != NULL && i < len; i += 3) {
        const size_t n = len - i < 3 ? len - i : 3;
        const uint32_t bits = (uint32_t)data[i] << 16 | (n > 1 ? (uint32_t)data[i + 1] << 8 : 0) |
                              (n > 2 ? data[i + 2] : 0);
        *out++ = base64_digits[bits >> 18];
        *out++ = base64_digits[bits >> 12 & 63];
        *out++ = n > 1 ? base64_digits[bits >> 6 & 63] : '=';
        *out++ = n > 2 ? base64_digits[bits & 63] : '=';
    }
    if (out != NULL) {
        *out = '\0';
    }
    return text;
}

/* Bare where nothing in the name could be taken for CSV, a comment or padding. */
static void put_name(FILE *out, const char *name)
{
    static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    if (name[0] != '\0' && strspn(name, safe) == strlen(name)) {
        (void)fputs(name, out);
    } else {
        (void)csv_fwrite(out, name, strlen(name));
    }
}

/* Why a name cannot stand in the CSV, or NULL. */
static const char *name_trouble(const char *name)
{
    if (name[0] == '\0') {
        return "the name is empty";
    }
    return bmi_utf8_good((const uint8_t *)name, strlen(name)) == strlen(name)
               ? NULL
               : "the name is not UTF-8";
}

static const char *value_trouble(const struct bm_stored *v)
{
    if (v->data == NULL) {
        return "the value is damaged";
    }
    if (v->type->cls == BM_CLASS_REAL && !isfinite(bmi_stored_real(v))) {
        return "not a finite number";
    }
    if (v->type->cls != BM_CLASS_STRING) {
        return NULL;
    }
    const size_t len = bmi_stored_text_len(v);
    if (len == v->size) {
        return "the string has no NUL";
    }
    if (len + 1 != v->size) {
        return "the string has a NUL inside";
    }
    return bmi_utf8_good(v->data, len) == len ? NULL : "the string is not UTF-8";
}

/* A comment in place of a value, and a word to the caller. */
static void leave_out(const struct bmi_dump *d, const char *ns, const char *key, const char *why)
{
    char a[4 * BM_NVS_KEY_SIZE];
    char b[4 * BM_NVS_KEY_SIZE];
    char text[256];
    (void)snprintf(text, sizeof text, "%s/%s left out: %s", bmi_show_into(a, sizeof a, ns),
                   bmi_show_into(b, sizeof b, key), why);
    (void)fprintf(d->out, "# %s\n", text);
    d->r->left_out++;
    if (d->o->warn != NULL) {
        d->o->warn(d->o->ctx, text);
    }
}

static void put_redacted(const struct bmi_dump *d, const char *ns, const char *key,
                         const struct bm_stored *v, const struct bm_view *view)
{
    (void)fputs("# ", d->out);
    (void)bmi_show_text(d->out, ns, strlen(ns), 0);
    (void)fputc('/', d->out);
    (void)bmi_show_text(d->out, key, strlen(key), 0);
    (void)fputs(" left out: ", d->out);
    bmi_text_value(d->out, v, view, 0);
    (void)fputc('\n', d->out);
    d->r->redacted++;
}

static int put_blob(FILE *out, const struct bm_stored *v)
{
    if (v->size <= HEX_MOST) {
        (void)fputs("hex2bin,", out);
        bmi_show_hex(out, v->data, v->size, 0);
        return BM_OK;
    }
    char *text = to_base64(v->data, v->size);
    if (text == NULL) {
        return BM_E_NOMEM;
    }
    (void)fputs("base64,", out);
    (void)fputs(text, out);
    bm_wipe(text, strlen(text));
    free(text);
    return BM_OK;
}

static int put_value(FILE *out, const struct bm_stored *v)
{
    if (v->type->cls > BM_CLASS_STRING) {
        return put_blob(out, v);
    }
    (void)fprintf(out, "%s,", v->type->name);
    if (v->type->cls == BM_CLASS_STRING) {
        /* always quoted: blanks at the ends, a leading # and an empty one must survive */
        (void)csv_fwrite(out, (const char *)v->data, bmi_stored_length(v));
    } else {
        bmi_stored_put_number(out, v);
    }
    return BM_OK;
}

static int put_row(const struct bmi_dump *d, int named, const char *ns, const char *key,
                   const struct bm_stored *v)
{
    struct bm_view view;
    const char *trouble = name_trouble(ns);
    if (!named) {
        trouble = "its namespace has no name";
    }
    if (trouble != NULL) {
        leave_out(d, ns, key, trouble);
        return BM_OK;
    }
    trouble = name_trouble(key);
    trouble = trouble != NULL ? trouble : value_trouble(v);
    if (trouble != NULL) {
        leave_out(d, ns, key, trouble);
        return BM_OK;
    }
    bmi_view(&view, key, v, d->o->reveal);
    if (view.redacted) {
        put_redacted(d, ns, key, v, &view);
        return BM_OK;
    }
    put_name(d->out, key);
    (void)fputs(",data,", d->out);
    const int rc = put_value(d->out, v);
    (void)fputc('\n', d->out);
    d->r->shown++;
    return rc;
}

static void put_namespace(const struct bmi_dump *d, const char *name)
{
    if (name_trouble(name) == NULL) {
        put_name(d->out, name);
        (void)fputs(",namespace,,\n", d->out);
    }
}

/* The entry that names a namespace opens it; returns its index. */
static unsigned open_namespace(const struct bmi_dump *d, const uint8_t *raw, const char *name)
{
    const unsigned index = raw[BMI_EN_DATA];
    if (index == 0 || index == BM_NVS_NS_ANY) {
        leave_out(d, "", name, "a namespace cannot have this index");
    } else {
        put_namespace(d, name);
    }
    return index;
}

int bmi_dump_csv(struct bmi_dump *d)
{
    char name[BM_NVS_KEY_SIZE];
    char key[BM_NVS_KEY_SIZE];
    struct bmi_live it = {0, 0};
    const struct bm_row *row;
    unsigned open = 0; /* namespace index of the rows that follow */
    int rc = BM_OK;
    (void)fputs("key,type,encoding,value\n", d->out);
    while (rc == BM_OK && (row = bmi_live_next(d->s, &it)) != NULL) {
        const uint8_t *raw = bmi_row_raw(d->s, row);
        struct bm_stored v;
        if (!bmi_dump_wants(d, row)) {
            continue;
        }
        bmi_row_key(raw, key);
        if (bmi_is_name(d->s, row)) {
            open = open_namespace(d, raw, key);
            continue;
        }
        bmi_ns_name(d->s, raw[BMI_EN_NS], name);
        if (raw[BMI_EN_NS] != open) {
            put_namespace(d, name);
            open = raw[BMI_EN_NS];
        }
        rc = bmi_stored_load(&v, d->s, row);
        if (rc != BM_E_NOMEM) {
            rc = put_row(d, d->s->names[raw[BMI_EN_NS]] != BM_NO_ROW, name, key, &v);
        }
        bmi_stored_free(&v);
    }
    return rc;
}
