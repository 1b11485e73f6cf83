/* SPDX-License-Identifier: Apache-2.0 */

/* Random values through bm_image_generate(), read back by a walker of our own that knows only the
 * format (nvs/fmt.h): the same values, and pages as they must be. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/le.h"
#include "image/generate.h"
#include "nvs/fmt.h"

enum {
    RUNS = 60,
    VALUES_MAX = 400,
    NAMESPACES_MAX = 20,
    BLOB_MAX = 9000,
    TEXT_MAX = 8 * 1024 * 1024
};

/* --- a generator of numbers that is the same everywhere (xorshift64*) */

static uint64_t next(uint64_t *r)
{
    *r ^= *r >> 12;
    *r ^= *r << 25;
    *r ^= *r >> 27;
    return *r * 0x2545f4914f6cdd1du;
}

static uint32_t below(uint64_t *r, uint32_t n)
{
    return (uint32_t)(next(r) >> 33) % n;
}

/* --- values and the CSV that says the same */

struct value {
    uint8_t ns;
    uint8_t type; /* enum bm_nvs_type */
    char key[16];
    uint64_t bits;
    uint8_t *data;
    uint32_t size;
};

struct world {
    struct value values[VALUES_MAX];
    size_t count;
    unsigned namespaces;
    char *csv;
    size_t len;
};

static void say(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct world *w, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    w->len += (size_t)vsnprintf(w->csv + w->len, TEXT_MAX - w->len, format, args);
    va_end(args);
    assert_true(w->len < TEXT_MAX);
}

static const struct {
    uint8_t type;
    const char *name;
} integers[] = {{BM_NVS_U8, "u8"},   {BM_NVS_I8, "I8"},   {BM_NVS_U16, "u16"}, {BM_NVS_I16, "i16"},
                {BM_NVS_U32, "U32"}, {BM_NVS_I32, "i32"}, {BM_NVS_U64, "u64"}, {BM_NVS_I64, "i64"}};

static void say_integer(struct world *w, struct value *v, uint64_t *r)
{
    const size_t i = below(r, sizeof integers / sizeof integers[0]);
    const unsigned width = bmi_type_width(integers[i].type) * 8;
    const uint64_t mask = UINT64_MAX >> (64 - width);
    v->type = integers[i].type;
    v->size = width / 8;
    v->bits = next(r) >> below(r, 64) & mask;
    if (below(r, 3) == 0) {
        v->bits = below(r, 2) ? mask : mask >> 1;
    }
    const int negative = (v->type & 0x10) != 0 && (v->bits >> (width - 1)) != 0;
    const uint64_t magnitude = negative ? (0 - v->bits) & mask : v->bits;
    say(w, "data,%s,%s%s%s", integers[i].name, below(r, 2) ? " " : "", negative ? "-" : "",
        below(r, 2) ? "0x" : "");
    /* the prefix says which: look at what was written */
    say(w, w->csv[w->len - 1] == 'x' ? "%llx\n" : "%llu\n", (unsigned long long)magnitude);
}

static void say_real(struct world *w, struct value *v, uint64_t *r)
{
    const double d = (double)(int64_t)next(r) / (double)(1 + below(r, 1000000));
    const float f = (float)d;
    if (below(r, 2)) {
        uint32_t word;
        memcpy(&word, &f, sizeof word);
        v->type = BM_NVS_FLOAT;
        v->bits = word;
        v->size = 4;
        say(w, "data,float,%.9g\n", (double)f);
    } else {
        memcpy(&v->bits, &d, sizeof v->bits);
        v->type = BM_NVS_DOUBLE;
        v->size = 8;
        say(w, "data,double,%.17g\n", d);
    }
}

static void say_string(struct world *w, struct value *v, uint64_t *r, unsigned version)
{
    static const char letters[] = "abc XYZ,09#\"\n'\t\xc3\xa9";
    const uint32_t max = version == 1 ? 1983 : 3999;
    uint32_t len = below(r, 4) == 0 ? below(r, max + 1) : below(r, 70);
    len = below(r, 20) == 0 ? max : len;
    v->data = malloc(len + 1);
    assert_non_null(v->data);
    say(w, "data,string,\"");
    for (uint32_t i = 0; i < len; i++) {
        const uint32_t k = below(r, sizeof letters - 2);
        if (k == sizeof letters - 3 && i + 1 < len) { /* two bytes make one letter */
            v->data[i++] = 0xc3;
            v->data[i] = 0xa9;
            say(w, "\xc3\xa9");
            continue;
        }
        v->data[i] = (uint8_t)letters[k < sizeof letters - 3 ? k : 0];
        say(w, v->data[i] == '"' ? "\"%c" : "%c", v->data[i]);
    }
    say(w, "\"\n");
    v->data[len] = '\0';
    v->size = len + 1;
    v->type = BM_NVS_STR;
}

static void say_base64(struct world *w, const uint8_t *p, uint32_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (uint32_t i = 0; i < len; i += 3) {
        const uint32_t n = len - i < 3 ? len - i : 3;
        const uint32_t word =
            (uint32_t)p[i] << 16 | (n > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (n > 2 ? p[i + 2] : 0);
        say(w, "%c%c%c%c", digits[word >> 18], digits[word >> 12 & 63],
            n > 1 ? digits[word >> 6 & 63] : '=', n > 2 ? digits[word & 63] : '=');
    }
}

static void say_blob(struct world *w, struct value *v, uint64_t *r, unsigned version)
{
    const uint32_t max = version == 1 ? 1984 : BLOB_MAX;
    uint32_t len = below(r, 4) == 0 ? below(r, max + 1) : below(r, 100);
    len -= below(r, 3) == 0 ? len % 32 : 0;
    v->type = BM_NVS_BLOB;
    v->size = len;
    v->data = malloc(len + 1);
    assert_non_null(v->data);
    if (below(r, 4) == 0) {
        memset(v->data, 0xa5, len);
        say(w, "data,blob_fill(%u;0xA5),\n", len);
        return;
    }
    for (uint32_t i = 0; i < len; i++) {
        v->data[i] = (uint8_t)next(r);
    }
    if (below(r, 2)) {
        say(w, "data,base64,");
        say_base64(w, v->data, len);
    } else {
        say(w, "data,hex2bin,");
        for (uint32_t i = 0; i < len; i++) {
            say(w, below(r, 2) ? "%02x" : "%02X", v->data[i]);
        }
    }
    say(w, "\n");
}

static void make_world(struct world *w, uint64_t *r, unsigned version)
{
    const size_t count = 1 + below(r, VALUES_MAX);
    uint8_t ns = 0;
    say(w, "key,type,encoding,value\n");
    for (; w->count < count; w->count++) {
        struct value *v = &w->values[w->count];
        if (ns == 0 || below(r, 10) == 0) { /* a new one, or one of the earlier ones again */
            ns = (uint8_t)(1 + below(r, w->namespaces + 1));
            ns = w->namespaces == NAMESPACES_MAX && ns > NAMESPACES_MAX ? 1 : ns;
            w->namespaces = ns > w->namespaces ? ns : w->namespaces;
            say(w, "space-%u,namespace,,\n", ns);
        }
        v->ns = ns;
        snprintf(v->key, sizeof v->key, "k%zu", w->count);
        say(w, "%s,", v->key);
        switch (below(r, 5)) {
        case 0:
        case 1: say_integer(w, v, r); break;
        case 2: say_real(w, v, r); break;
        case 3: say_string(w, v, r, version); break;
        default: say_blob(w, v, r, version); break;
        }
    }
}

/* --- the walker */

struct walk {
    const uint8_t *image;
    const struct world *world;
    unsigned version;
    size_t found;        /* values met, in order */
    unsigned namespaces; /* entries of namespace 0 met */
    uint32_t blob_done;  /* bytes of the blob under way */
    unsigned chunks;
    uint32_t used;
};

static void meet_namespace(struct walk *k, const struct bmi_entry *e)
{
    char want[16];
    k->namespaces++;
    snprintf(want, sizeof want, "space-%u", k->namespaces);
    assert_string_equal(e->key, want);
    assert_int_equal(e->type, BM_NVS_U8);
    assert_int_equal(e->data[0], k->namespaces);
}

/* One header and what is behind it; returns 1 when its value is complete. */
static int meet_data(struct walk *k, const uint8_t *raw, const struct bmi_entry *e,
                     const struct value *v)
{
    const uint8_t *data = raw + BMI_ENTRY_SIZE;
    const uint32_t size = bm_get_le16(e->data);
    if (e->type == BMI_TYPE_BLOB_IDX) {
        assert_int_equal(bm_get_le32(e->data), v->size);
        assert_int_equal(k->blob_done, v->size);
        assert_int_equal(e->data[4], k->chunks);
        assert_int_equal(e->data[5], 0);
        k->chunks = 0;
        k->blob_done = 0;
        return 1;
    }
    assert_int_equal(bmi_data_crc(data, size), bm_get_le32(e->data + 4));
    assert_int_equal(bm_get_le16(e->data + 2), 0xffff);
    for (uint32_t i = size; i % BMI_ENTRY_SIZE != 0; i++) {
        assert_int_equal(data[i], 0xff);
    }
    if (e->type == BMI_TYPE_BLOB_DATA) {
        assert_int_equal(k->version, 2);
        assert_int_equal(e->chunk, k->chunks++);
        assert_true(k->blob_done + size <= v->size);
        assert_memory_equal(data, v->data + k->blob_done, size);
        k->blob_done += size;
        return 0;
    }
    assert_int_equal(e->type, v->type == BM_NVS_STR ? BM_NVS_STR : BMI_TYPE_BLOB_V1);
    assert_int_equal(size, v->size);
    assert_memory_equal(data, v->data, size);
    return 1;
}

static void meet(struct walk *k, const uint8_t *raw, unsigned index)
{
    struct bmi_entry e;
    assert_int_equal(bmi_entry_check(raw, index), BMI_BAD_NOTHING);
    bmi_entry_get(raw, &e);
    if (e.ns == 0) {
        meet_namespace(k, &e);
        return;
    }
    assert_true(k->found < k->world->count);
    const struct value *v = &k->world->values[k->found];
    assert_int_equal(e.ns, v->ns);
    assert_string_equal(e.key, v->key);
    if (bmi_type_width(e.type) == 0) {
        k->found += (size_t)meet_data(k, raw, &e, v);
        return;
    }
    assert_int_equal(e.type, v->type);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(e.data[i], i < v->size ? (uint8_t)(v->bits >> (8 * i)) : 0xff);
    }
    k->found++;
}

static void walk_page(struct walk *k, uint32_t page, uint32_t pages)
{
    const uint8_t *p = k->image + (size_t)page * BMI_PAGE_SIZE;
    struct bmi_header h;
    bmi_header_get(p, &h);
    assert_true(h.crc_ok);
    assert_int_equal(h.seq, page);
    assert_int_equal(h.version, k->version == 1 ? BMI_VERSION_1 : BMI_VERSION_2);
    assert_int_equal(h.state, page + 1 < pages ? BMI_PAGE_FULL : BMI_PAGE_ACTIVE);
    unsigned i = 0;
    while (i < BMI_PAGE_ENTRIES && bmi_bitmap_get(p + BMI_OFF_BITMAP, i) == BMI_ENTRY_WRITTEN) {
        const uint8_t *raw = p + BMI_OFF_ENTRIES + (size_t)i * BMI_ENTRY_SIZE;
        meet(k, raw, i);
        for (unsigned n = raw[BMI_EN_SPAN]; n > 0; n--) {
            assert_int_equal(bmi_bitmap_get(p + BMI_OFF_BITMAP, i++), BMI_ENTRY_WRITTEN);
        }
    }
    k->used += i;
    assert_true(i > 0 || k->world->count == 0);
    for (size_t at = BMI_OFF_ENTRIES + (size_t)i * BMI_ENTRY_SIZE; at < BMI_PAGE_SIZE; at++) {
        assert_int_equal(p[at], 0xff);
    }
    for (; i < 128; i++) {
        assert_int_equal(bmi_bitmap_get(p + BMI_OFF_BITMAP, i), BMI_ENTRY_EMPTY);
    }
}

static void check_image(const struct bm_image_result *result, const struct world *w)
{
    struct walk k = {.image = result->image, .world = w, .version = result->version};
    for (uint32_t page = 0; page < result->pages_used; page++) {
        walk_page(&k, page, result->pages_used);
    }
    for (size_t at = (size_t)result->pages_used * BMI_PAGE_SIZE; at < result->size; at++) {
        assert_int_equal(result->image[at], 0xff);
    }
    assert_int_equal(k.found, w->count);
    assert_int_equal(k.namespaces, w->namespaces);
    assert_int_equal(k.used, result->entries_used);
    assert_int_equal(w->count, result->keys);
    assert_int_equal(w->namespaces, result->namespaces);
}

static int generate(struct bm_image_result *result, const char *csv, size_t len,
                    const struct bm_image_options *options)
{
    const struct bm_image_input input = {"in.csv", (const uint8_t *)csv, len};
    return bm_image_generate(result, &input, 1, options, NULL);
}

static void one_run(uint64_t seed)
{
    uint64_t r = seed * 0x9e3779b97f4a7c15u | 1;
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->csv = malloc(TEXT_MAX);
    assert_non_null(w->csv);
    struct bm_image_options options = {.version = 1 + below(&r, 2)};
    struct bm_image_result result;
    struct bm_image_result again;
    make_world(w, &r, options.version);
    assert_int_equal(generate(&result, w->csv, w->len, &options), BM_OK);
    assert_int_equal(result.problems.count, 0);
    assert_int_equal(result.size, result.smallest);
    check_image(&result, w);
    options.size = result.smallest + BMI_PAGE_SIZE;
    assert_int_equal(generate(&again, w->csv, w->len, &options), BM_OK);
    assert_memory_equal(again.image, result.image, result.size);
    assert_int_equal(again.smallest, result.smallest);
    bm_image_result_free(&again);
    options.size = result.smallest - BMI_PAGE_SIZE;
    if (options.size >= BM_IMAGE_WRITABLE_MIN) {
        assert_int_equal(generate(&again, w->csv, w->len, &options), BM_E_NOSPC);
        assert_int_equal(again.smallest, result.smallest);
        assert_null(again.image);
        bm_image_result_free(&again);
    }
    bm_image_result_free(&result);
    for (size_t i = 0; i < w->count; i++) {
        free(w->values[i].data);
    }
    free(w->csv);
    free(w);
}

static void test_random(void **state)
{
    (void)state;
    const char *given = getenv("BM_SEED");
    const uint64_t first = given != NULL ? strtoull(given, NULL, 0) : 1;
    const uint64_t runs = given != NULL ? 1 : RUNS;
    for (uint64_t seed = first; seed < first + runs; seed++) {
        print_message("BM_SEED=%llu\n", (unsigned long long)seed);
        one_run(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
