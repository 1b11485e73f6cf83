/* SPDX-License-Identifier: Apache-2.0 */

/* Random entries -> generate -> image: read back through the store they are the same values, and
 * dumped as CSV and generated again they are the same image. Prints its seed; BM_SEED replays one.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/capture.h"
#include "harness/image.h"
#include "image/check.h"
#include "image/dump.h"
#include "image/generate.h"

enum { ROUNDS = 150, VALUES_MAX = 120, NAMESPACES_MAX = 12 };

static uint64_t state_of_chance;

static uint32_t chance(uint32_t below)
{
    /* splitmix64 */
    uint64_t z = (state_of_chance += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return (uint32_t)((z ^ (z >> 31)) % below);
}

static uint64_t chance64(void)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < 8; i++) {
        v = v << 8 | chance(256);
    }
    return v;
}

/* What was put in. */
struct value {
    uint8_t ns;
    char key[BM_NVS_KEY_SIZE];
    uint8_t type;
    uint64_t bits;
    uint8_t *data;
    uint32_t size;
};

static struct value values[VALUES_MAX];
static unsigned value_count;

static void forget(void)
{
    for (unsigned i = 0; i < value_count; i++) {
        free(values[i].data);
    }
    value_count = 0;
}

/* Names of all sorts that a CSV can carry; the number at the end keeps them apart. */
static void make_name(char out[BM_NVS_KEY_SIZE], unsigned number)
{
    static const char *const starts[] = {"k",   "key.",     "a b", "#", "x,y",
                                         "q\"", "\xc3\xa4", "_-",  "UP"};
    (void)snprintf(out, BM_NVS_KEY_SIZE, "%s%u", starts[chance(9)], number);
}

static uint32_t pick_size(void)
{
    static const uint32_t tops[] = {2, 40, 70, 400, 1900};
    return chance(tops[chance(5)]);
}

static void make_string(struct value *v)
{
    static const char *const pieces[] = {"a",
                                         "B7",
                                         " ",
                                         ",",
                                         "\"",
                                         "\n",
                                         "\r\n",
                                         "\r",
                                         "#",
                                         "'",
                                         "\t",
                                         "\\",
                                         ";",
                                         "=",
                                         "\x01",
                                         "\x7f",
                                         "\xc3\xa9",
                                         "\xe6\x97\xa5",
                                         "\xf0\x9f\x9a\x80",
                                         "xyz"};
    const uint32_t want = pick_size();
    v->data = malloc(want + 8);
    assert_non_null(v->data);
    v->size = 0;
    while (v->size < want) {
        const char *piece = pieces[chance(20)];
        memcpy(v->data + v->size, piece, strlen(piece));
        v->size += (uint32_t)strlen(piece);
    }
    v->data[v->size++] = 0;
}

static void make_blob(struct value *v, unsigned version)
{
    v->size = version == 2 && chance(8) == 0 ? chance(14000) : pick_size();
    v->data = malloc(v->size + 1);
    assert_non_null(v->data);
    for (uint32_t i = 0; i < v->size; i++) {
        v->data[i] = (uint8_t)chance(256);
    }
}

static void put_quoted(FILE *f, const char *text, size_t len)
{
    (void)fputc('"', f);
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"') {
            (void)fputc('"', f);
        }
        (void)fputc(text[i], f);
    }
    (void)fputc('"', f);
}

static void put_integer(FILE *f, struct value *v)
{
    static const struct {
        uint8_t type;
        const char *name;
    } types[] = {{BM_NVS_U8, "u8"},   {BM_NVS_I8, "i8"},   {BM_NVS_U16, "u16"},
                 {BM_NVS_I16, "i16"}, {BM_NVS_U32, "u32"}, {BM_NVS_I32, "i32"},
                 {BM_NVS_U64, "u64"}, {BM_NVS_I64, "i64"}};
    const unsigned t = chance(8);
    const unsigned width = types[t].type & 0x0f;
    const uint64_t mask = width == 8 ? UINT64_MAX : (1ull << (8 * width)) - 1;
    v->type = types[t].type;
    v->bits = (chance(4) == 0 ? (chance(2) ? mask : mask / 2 + 1) : chance64()) & mask;
    if ((v->type & 0x10) != 0) {
        const uint64_t sign = 1ull << (8 * width - 1);
        (void)fprintf(f, ",data,%s,%lld\n", types[t].name,
                      (long long)(int64_t)((v->bits ^ sign) - sign));
    } else {
        (void)fprintf(f, ",data,%s,%llu\n", types[t].name, (unsigned long long)v->bits);
    }
}

static void put_real(FILE *f, struct value *v)
{
    double d = ((double)chance(1u << 30) - (1 << 29)) / (1 + chance(100000));
    v->type = chance(2) ? BM_NVS_DOUBLE : BM_NVS_FLOAT;
    if (v->type == BM_NVS_DOUBLE) {
        memcpy(&v->bits, &d, sizeof d);
        (void)fprintf(f, ",data,double,%.17g\n", d);
    } else {
        const float x = (float)d;
        uint32_t bits;
        memcpy(&bits, &x, sizeof bits);
        v->bits = bits;
        (void)fprintf(f, ",data,float,%.9g\n", (double)x);
    }
}

static void put_value(FILE *f, uint8_t ns, unsigned version)
{
    struct value *v = &values[value_count];
    memset(v, 0, sizeof *v);
    v->ns = ns;
    make_name(v->key, value_count++);
    put_quoted(f, v->key, strlen(v->key));
    switch (chance(6)) {
    case 0:
    case 1:
        v->type = BM_NVS_STR;
        make_string(v);
        (void)fputs(",data,string,", f);
        put_quoted(f, (const char *)v->data, v->size - 1);
        (void)fputc('\n', f);
        break;
    case 2:
        v->type = BM_NVS_BLOB;
        make_blob(v, version);
        (void)fputs(",data,hex2bin,", f);
        for (uint32_t i = 0; i < v->size; i++) {
            (void)fprintf(f, "%02x", v->data[i]);
        }
        (void)fputc('\n', f);
        break;
    case 3: put_real(f, v); break;
    default: put_integer(f, v); break;
    }
}

/* A CSV with namespaces in any order, some opened again. */
static char *make_csv(size_t *len, unsigned version)
{
    FILE *f = capture_open();
    const unsigned wanted = 1 + chance(VALUES_MAX - 1);
    unsigned names = 0;
    (void)fputs("key,type,encoding,value\n", f);
    while (value_count < wanted) {
        unsigned ns = chance(names + 1);
        if (ns == names && names < NAMESPACES_MAX) {
            names++;
        } else if (ns == names) {
            ns--;
        }
        (void)fprintf(f, "ns%u,namespace,,\n", ns);
        for (unsigned i = chance(9); i > 0 && value_count < wanted; i--) {
            put_value(f, (uint8_t)(ns + 1), version);
        }
    }
    return capture_close(f, len);
}

static void generate(struct bm_image_result *out, const char *csv, size_t len, unsigned version,
                     uint32_t size)
{
    const struct bm_image_input input = {"random.csv", (const uint8_t *)csv, len};
    struct bm_image_options options;
    struct bm_diag diag;
    memset(&options, 0, sizeof options);
    memset(&diag, 0, sizeof diag);
    options.version = version;
    options.size = size;
    const int rc = bm_image_generate(out, &input, 1, &options, &diag);
    if (rc != BM_OK) {
        char line[600] = "";
        if (out->problems.count > 0) {
            bm_image_problem_format(line, sizeof line, &out->problems.list[0]);
        }
        print_error("generate: %s %s\n%s\n", diag.text, line, csv);
    }
    assert_int_equal(rc, BM_OK);
}

static void no_finding(void *ctx, const struct bm_finding *f)
{
    (void)ctx;
    if (f->kind->severity != BM_NOTE) {
        print_error("%s: %s\n", f->kind->id, f->text);
    }
    assert_int_equal(f->kind->severity, BM_NOTE);
}

static char *dump_csv(const struct bm_image_result *image, size_t *len)
{
    const struct bm_dump_opts o = {.format = BM_DUMP_CSV, .name = "random", .reveal = 1};
    struct bm_dump_result dumped;
    struct bm_check_result checked;
    struct bm_scan s;
    FILE *f = capture_open();
    assert_int_equal(bm_scan(&s, image->image, image->size), BM_OK);
    bm_check(&s, no_finding, NULL, &checked);
    assert_int_equal(bm_dump(&s, &o, f, &dumped), BM_OK);
    assert_int_equal(dumped.shown, value_count);
    assert_int_equal(dumped.left_out, 0);
    bm_scan_free(&s);
    return capture_close(f, len);
}

static void expect_stored(struct bm_nvs *nvs, const struct value *v)
{
    uint64_t bits = 0;
    if (v->data == NULL) {
        assert_int_equal(bm_nvs_get_bits(nvs, v->ns, v->key, (enum bm_nvs_type)v->type, &bits),
                         BM_OK);
        assert_true(bits == v->bits);
        return;
    }
    uint8_t *data = malloc(v->size + 1);
    size_t len = v->size;
    assert_non_null(data);
    assert_int_equal(bm_nvs_get_data(nvs, v->ns, v->key, (enum bm_nvs_type)v->type, data, &len),
                     BM_OK);
    assert_int_equal(len, v->size);
    assert_memory_equal(data, v->data, len);
    free(data);
}

static void expect_stored_values(const struct bm_image_result *image)
{
    struct test_image mounted = {.data = image->image, .len = image->size};
    struct bm_nvs_iter it;
    struct bm_nvs_info info;
    unsigned seen = 0;
    test_image_mount(&mounted, chance(2) ? 0 : 256);
    for (unsigned i = 0; i < value_count; i++) {
        expect_stored(&mounted.nvs, &values[i]);
    }
    bm_nvs_iter_start(&it, BM_NVS_NS_ANY, BM_NVS_ANY);
    while (bm_nvs_iter_next(&mounted.nvs, &it, &info) == BM_OK) {
        seen++;
    }
    assert_int_equal(seen, value_count);
    bm_nvs_unmount(&mounted.nvs);
    free(mounted.work);
}

static void one_round(unsigned version)
{
    struct bm_image_result first;
    struct bm_image_result second;
    size_t len = 0;
    char *csv = make_csv(&len, version);
    generate(&first, csv, len, version, 0);
    expect_stored_values(&first);
    free(csv);
    csv = dump_csv(&first, &len);
    generate(&second, csv, len, version, first.size);
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.image, second.image, first.size);
    free(csv);
    bm_image_result_free(&first);
    bm_image_result_free(&second);
    forget();
}

static void random_images(void **unused)
{
    (void)unused;
    const char *given = getenv("BM_SEED");
    const uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : 20261122;
    for (unsigned i = 0; i < ROUNDS; i++) {
        /* each round starts from its own number, so that a failing one is replayed alone */
        state_of_chance = seed + i;
        printf("%sBM_SEED=%llu", i > 0 ? "\r" : "", (unsigned long long)state_of_chance);
        (void)fflush(stdout);
        one_round(i % 3 == 2 ? 1 : 2);
    }
    printf("\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_images),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
