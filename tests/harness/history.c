/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <inttypes.h>

#include "base/base.h"
#include "harness/history.h"
#include "harness/image.h"

static const struct {
    const char *name;
    uint8_t type;
} types[] = {
    {"u8", BM_NVS_U8},   {"i8", BM_NVS_I8},       {"u16", BM_NVS_U16},   {"i16", BM_NVS_I16},
    {"u32", BM_NVS_U32}, {"i32", BM_NVS_I32},     {"u64", BM_NVS_U64},   {"i64", BM_NVS_I64},
    {"str", BM_NVS_STR}, {"float", BM_NVS_FLOAT}, {"blob", BM_NVS_BLOB}, {"double", BM_NVS_DOUBLE},
};

static const char *type_name(uint8_t type)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (types[i].type == type) {
            return types[i].name;
        }
    }
    return "?";
}

static json_t *value_json(struct bm_nvs *nvs, const struct bm_nvs_info *info)
{
    static uint8_t buf[130000];
    static char hex[2 * sizeof buf + 1];
    if (info->type != BM_NVS_STR && info->type != BM_NVS_BLOB) {
        const unsigned shift = 64 - 8 * info->size;
        const int64_t s = (int64_t)(info->bits << shift) >> shift;
        const int is_signed = (info->type & 0xf0) == 0x10;
        return is_signed ? json_sprintf("%" PRId64, s) : json_sprintf("%" PRIu64, info->bits);
    }
    size_t len = sizeof buf;
    assert_int_equal(bm_nvs_get_data(nvs, info->ns, info->key, info->type, buf, &len), BM_OK);
    assert_int_equal(len, info->size);
    bm_hex_encode(hex, buf, len);
    return json_string(hex);
}

json_t *history_read(struct bm_nvs *nvs)
{
    json_t *all = json_object();
    struct bm_nvs_iter it;
    struct bm_nvs_info info;
    int rc;
    bm_nvs_iter_start(&it, BM_NVS_NS_ANY, BM_NVS_ANY);
    while ((rc = bm_nvs_iter_next(nvs, &it, &info)) == BM_OK) {
        char path[64];
        char ns[BM_NVS_KEY_SIZE];
        struct bm_nvs_info found;
        assert_int_equal(bm_nvs_namespace_name(nvs, info.ns, ns), BM_OK);
        (void)snprintf(path, sizeof path, "%s/%s", ns, info.key);
        assert_null(json_object_get(all, path));
        assert_int_equal(bm_nvs_find(nvs, info.ns, info.key, &found), BM_OK);
        assert_int_equal(found.type, info.type);
        json_t *pair = json_pack("[so]", type_name(info.type), value_json(nvs, &info));
        json_object_set_new(all, path, pair);
    }
    assert_int_equal(rc, BM_E_NOENT);
    return all;
}

static int equal_or_say(const char *dir, const char *key, json_t *got, json_t *want)
{
    if (json_equal(got, want) || (got == NULL && (want == NULL || json_is_null(want)))) {
        return 1;
    }
    char *g = got != NULL ? json_dumps(got, JSON_ENCODE_ANY) : NULL;
    char *w = want != NULL ? json_dumps(want, JSON_ENCODE_ANY) : NULL;
    print_message("%s: %s: got %.60s want %.60s\n", dir, key, g ? g : "nothing", w ? w : "nothing");
    free(g);
    free(w);
    return 0;
}

int history_compare(const char *dir, json_t *got, json_t *expected)
{
    json_t *committed = json_object_get(expected, "committed");
    json_t *also = json_object_get(json_object_get(expected, "interrupted"), "may_also_be");
    const char *key;
    json_t *value;
    int bad = 0;
    json_object_foreach(committed, key, value)
    {
        json_t *alternative = json_object_get(also, key);
        json_t *have = json_object_get(got, key);
        const int other = alternative != NULL && (json_equal(have, alternative) ||
                                                  (have == NULL && json_is_null(alternative)));
        bad += !other && !equal_or_say(dir, key, have, value);
    }
    json_object_foreach(got, key, value)
    {
        if (json_object_get(committed, key) == NULL) {
            bad += !equal_or_say(dir, key, value, json_object_get(also, key));
        }
    }
    return bad;
}

/* Integers are turned into strings: those of a u64 do not fit jansson's. */
json_t *history_expected(const char *path)
{
    struct test_image file;
    test_image_load(&file, path);
    char *text = malloc(2 * file.len + 1);
    assert_non_null(text);
    size_t n = 0;
    int quoted = 0, number = 0;
    for (size_t i = 0; i < file.len; i++) {
        const char c = (char)file.data[i];
        const int digit = !quoted && (c == '-' || (c >= '0' && c <= '9'));
        quoted ^= c == '"';
        if (digit != number) {
            text[n++] = '"';
        }
        number = digit;
        text[n++] = c;
    }
    json_t *json = json_loadb(text, n, 0, NULL);
    free(text);
    test_image_free(&file);
    assert_non_null(json);
    return json;
}
