/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/base.h"
#include "image/diff.h"
#include "image/dump_parts.h"
#include "image/json.h"
#include "image/show.h"

enum {
    HEX_SHOWN = 32, /* bytes of a blob that bmi_text_value() shows */
    VALUE_LEAST = 16
};

/* Where what is shown of a value does not tell it from others, its fingerprint does. */
static void put_fingerprint(FILE *out, const struct bm_stored *v, const struct bm_view *view,
                            size_t max)
{
    uint8_t digest[BM_SHA256_SIZE];
    char hex[2 * BM_SHA256_SIZE + 1];
    const int cut = (v->type->cls == BM_CLASS_BLOB && v->size > HEX_SHOWN) ||
                    (max != 0 && v->type->cls >= BM_CLASS_STRING && v->size > max / 2);
    if (view->redacted || !(cut || view->has_cert) ||
        bm_crypto_sha256(digest, v->data, v->size) != BM_OK) {
        return;
    }
    bm_hex_encode(hex, digest, sizeof digest);
    (void)fprintf(out, " (%u bytes, sha256 %.16s...)", (unsigned)v->size, hex);
}

static void put_value(FILE *out, const struct bm_diff_change *c, const struct bm_diff_side *side,
                      int reveal, size_t max)
{
    struct bm_view view;
    bmi_view(&view, c->key, &side->value, reveal);
    bmi_text_value(out, &side->value, &view, max);
    if (side->value.data != NULL) {
        put_fingerprint(out, &side->value, &view, max);
    }
}

static const char *type_of(const struct bm_diff_side *side)
{
    return side->value.type->value_name;
}

static void put_values(FILE *out, const struct bm_diff_change *c, int reveal, size_t max)
{
    const struct bm_diff_side *one = c->old.there ? &c->old : &c->new;
    (void)fprintf(out, " %s ", type_of(one));
    put_value(out, c, one, reveal, max);
    if (c->old.there && c->new.there) {
        (void)fputs(" -> ", out);
        if (strcmp(type_of(&c->old), type_of(&c->new)) != 0) {
            (void)fprintf(out, "%s ", type_of(&c->new));
        }
        put_value(out, c, &c->new, reveal, max);
    }
}

static void put_names(FILE *out, const struct bm_diff_change *c)
{
    if (c->ns[0] == '\0') {
        (void)fprintf(out, "(namespace %u)", c->index);
    } else {
        (void)bmi_show_text(out, c->ns, strlen(c->ns), 0);
    }
    (void)fputc('/', out);
    (void)bmi_show_text(out, c->key, strlen(c->key), 0);
}

void bm_diff_text(FILE *out, const struct bm_diff_change *change, int reveal, unsigned columns)
{
    const int both = change->old.there && change->new.there;
    const size_t used = strlen(change->ns) + strlen(change->key) + 16;
    size_t max = columns == 0 ? 0 : columns > used ? (columns - used) / (both ? 2 : 1) : 1;
    max = max != 0 && max < VALUE_LEAST ? VALUE_LEAST : max;
    (void)fputs(both ? "~ " : change->old.there ? "- " : "+ ", out);
    put_names(out, change);
    switch (change->what) {
    case BM_DIFF_NAMESPACE: (void)fputs(" namespace", out); break;
    case BM_DIFF_UNKNOWN: {
        const struct bm_diff_side *side = change->old.there ? &change->old : &change->new;
        (void)fprintf(out, " unknown type 0x%02x, %u entr%s", side->code, side->entries,
                      side->entries == 1 ? "y" : "ies");
        break;
    }
    case BM_DIFF_VALUE:
    default: put_values(out, change, reveal, max); break;
    }
    (void)fputc('\n', out);
}

static json_t *side_json(const struct bm_diff_change *c, const struct bm_diff_side *side,
                         int reveal)
{
    if (!side->there) {
        return json_null();
    }
    if (c->what == BM_DIFF_UNKNOWN) {
        return json_pack("{s:i, s:i}", "type_code", side->code, "entries", side->entries);
    }
    json_t *o = json_object();
    if (o != NULL && c->what == BM_DIFF_VALUE) {
        (void)json_object_set_new(o, "type", json_string(type_of(side)));
        (void)bmi_json_value(o, c->key, &side->value, reveal);
    }
    return o;
}

int bm_diff_json(FILE *out, const struct bm_diff_change *change, int reveal)
{
    const int both = change->old.there && change->new.there;
    json_t *o = json_pack("{s:s}", "change",
                          both                ? "changed"
                          : change->old.there ? "removed"
                                              : "added");
    int rc = o != NULL ? BM_OK : BM_E_NOMEM;
    if (rc == BM_OK && change->ns[0] != '\0') {
        bmi_json_name(o, "namespace", change->ns);
    } else if (rc == BM_OK) {
        (void)json_object_set_new(o, "namespace_index", json_integer(change->index));
    }
    if (rc == BM_OK && change->what != BM_DIFF_NAMESPACE) {
        bmi_json_name(o, "key", change->key);
        rc = json_object_set_new(o, "old", side_json(change, &change->old, reveal)) != 0 ||
                     json_object_set_new(o, "new", side_json(change, &change->new, reveal)) != 0
                 ? BM_E_NOMEM
                 : BM_OK;
    }
    if (rc == BM_OK && json_dumpf(o, out, JSON_COMPACT | JSON_ENSURE_ASCII) != 0 && !ferror(out)) {
        rc = BM_E_NOMEM;
    }
    json_decref(o);
    return rc;
}
