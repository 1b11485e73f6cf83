/* SPDX-License-Identifier: Apache-2.0 */
#include "image/json.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "image/secret.h"
#include "image/show.h"
#include "image/utf8.h"

void bmi_json_hex(json_t *o, const char *name, const uint8_t *data, size_t len)
{
    char *hex = malloc(2 * len + 1);
    if (hex != NULL) {
        bm_hex_encode(hex, data, len);
        (void)json_object_set_new(o, name, json_string(hex));
        bm_wipe(hex, 2 * len);
    }
    free(hex);
}

/* A name as text, and its bytes where it is not text. */
void bmi_json_name(json_t *o, const char *field, const char *name)
{
    char hex_field[32];
    const size_t len = strlen(name);
    (void)json_object_set_new(o, field, bmi_json_text(name));
    if (bmi_utf8_good((const uint8_t *)name, len) != len) {
        (void)snprintf(hex_field, sizeof hex_field, "%s_hex", field);
        bmi_json_hex(o, hex_field, (const uint8_t *)name, len);
    }
}

static void set_string(json_t *o, const struct bm_stored *v)
{
    const size_t text = bmi_stored_text_len(v);
    const size_t len = bmi_stored_length(v);
    if (bmi_utf8_good(v->data, len) == len) {
        (void)json_object_set_new(o, "value", json_stringn_nocheck((const char *)v->data, len));
    } else {
        bmi_json_hex(o, "hex", v->data, v->size);
    }
    if (text + 1 != v->size) {
        (void)json_object_set_new(o, "nul", json_string(text == v->size ? "missing" : "inside"));
    }
}

/* JSON readers keep 64-bit integers as doubles or as int64: larger ones go out as strings. */
static json_t *unsigned_value(uint64_t value)
{
    char digits[24];
    if (value <= INT64_MAX) {
        return json_integer((json_int_t)value);
    }
    (void)snprintf(digits, sizeof digits, "%" PRIu64, value);
    return json_string(digits);
}

static void set_cert(json_t *o, const struct bm_cert *c)
{
    (void)json_object_set_new(o, "certificate",
                              json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "subject", c->subject,
                                        "issuer", c->issuer, "not_before", c->not_before,
                                        "not_after", c->not_after, "key", c->key, "sha256",
                                        c->fingerprint));
}

static void set_plain(json_t *o, const struct bm_stored *v)
{
    switch (v->type->cls) {
    case BM_CLASS_UNSIGNED:
        (void)json_object_set_new(o, "value", unsigned_value(bmi_stored_u64(v)));
        break;
    case BM_CLASS_SIGNED:
        (void)json_object_set_new(o, "value", json_integer((json_int_t)bmi_stored_i64(v)));
        break;
    case BM_CLASS_REAL:
        if (isfinite(bmi_stored_real(v))) {
            (void)json_object_set_new(o, "value", json_real(bmi_stored_real(v)));
        } else {
            bmi_json_hex(o, "hex", v->data, v->size);
        }
        break;
    case BM_CLASS_STRING: set_string(o, v); break;
    default: bmi_json_hex(o, "hex", v->data, v->size); break;
    }
}

int bmi_json_value(json_t *o, const char *key, const struct bm_stored *v, int reveal)
{
    struct bm_view view;
    (void)json_object_set_new(o, "size", json_integer(v->size));
    if (v->data != NULL && v->type->cls == BM_CLASS_STRING) {
        (void)json_object_set_new(o, "length", json_integer(bmi_stored_length(v)));
    }
    bmi_view(&view, key, v, reveal);
    if (v->data == NULL) {
        (void)json_object_set_new(o, "damaged", json_true());
    } else if (view.redacted) {
        (void)json_object_set_new(o, "redacted", json_true());
        if (view.sha256[0] != '\0') {
            (void)json_object_set_new(o, "sha256", json_string(view.sha256));
        }
    } else {
        set_plain(o, v);
    }
    if (view.has_cert && !view.redacted) {
        set_cert(o, &view.cert);
    }
    return v->data != NULL && view.redacted;
}

json_t *bmi_json_text(const char *text)
{
    char shown[512];
    const size_t len = strlen(text);
    if (bmi_utf8_good((const uint8_t *)text, len) == len) {
        return json_stringn_nocheck(text, len);
    }
    return json_string(bmi_show_into(shown, sizeof shown, text));
}

/* In front of each allocation, for jansson does not say how much it frees. */
union head {
    size_t len;
    max_align_t align;
};

static void *allocate(size_t len)
{
    union head *h = len <= SIZE_MAX - sizeof *h ? malloc(sizeof *h + len) : NULL;
    if (h == NULL) {
        return NULL;
    }
    h->len = len;
    return h + 1;
}

static void wipe_and_free(void *p)
{
    if (p != NULL) {
        union head *h = (union head *)p - 1;
        bm_wipe(p, h->len);
        free(h);
    }
}

void bmi_json_wipe_frees(void)
{
    json_set_alloc_funcs(allocate, wipe_and_free);
}
