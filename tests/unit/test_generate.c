/* SPDX-License-Identifier: Apache-2.0 */

/* bm_image_generate() as a library: its options, its reader of files, its limits, its layout. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "image/generate.h"
#include "nvs/fmt.h"

static int generate(struct bm_image_result *result, const char *csv, size_t len,
                    const struct bm_image_options *options)
{
    const struct bm_image_input input = {"in.csv", (const uint8_t *)csv, len};
    return bm_image_generate(result, &input, 1, options, NULL);
}

static void test_options(void **state)
{
    (void)state;
    const struct bm_image_options bad[] = {
        {.size = 4095},       {.size = 12289},
        {.size = 0x20000000}, {.size = 0x10000000}, /* 65536 pages */
        {.max_size = 0x1000}, {.version = 3}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct bm_diag diag = {0};
        struct bm_image_result result;
        assert_int_equal(bm_image_generate(&result, NULL, 0, &bad[i], &diag), BM_E_ARG);
        assert_int_equal(diag.code, BM_E_ARG);
        assert_string_not_equal(diag.text, "");
        bm_image_result_free(&result);
    }
    struct bm_image_result blank = {0};
    bm_image_result_free(&blank);
}

static void test_no_inputs(void **state)
{
    (void)state;
    const struct bm_image_options options = {0};
    static const char header[] = "key,type,encoding,value\n";
    const struct bm_image_input nothing = {"in.csv", (const uint8_t *)header, sizeof header - 1};
    for (size_t n = 0; n < 2; n++) {
        struct bm_image_result result;
        assert_int_equal(bm_image_generate(&result, &nothing, n, &options, NULL), BM_OK);
        assert_int_equal(result.size, 0x3000);
        assert_int_equal(result.pages_used, 1);
        assert_int_equal(result.problems.warnings, n);
        assert_int_equal(result.entries_used, 0);
        assert_int_equal(result.image[BMI_PH_STATE], 0xfe); /* ACTIVE, with no entries */
        for (size_t at = BMI_OFF_BITMAP; at < result.size; at++) {
            assert_int_equal(result.image[at], 0xff);
        }
        bm_image_result_free(&result);
    }
}

/* An input that is empty, or that the caller could not read: the others are looked at all the same.
 */
static void test_bad_inputs(void **state)
{
    (void)state;
    static const char more[] = "key,type,encoding,value\nk,data,u8,1\nl,data,u8,x\n";
    const struct bm_image_options options = {0};
    for (size_t i = 0; i < 2; i++) {
        const struct bm_image_input inputs[] = {{"none.csv", NULL, i == 0 ? BM_IMAGE_UNREAD : 0},
                                                {"in.csv", (const uint8_t *)more, sizeof more - 1}};
        struct bm_image_result result;
        assert_int_equal(bm_image_generate(&result, inputs, 1, &options, NULL), BM_E_INPUT);
        assert_int_equal(result.problems.errors, i); /* the caller knows what it could not read */
        assert_null(result.image);
        bm_image_result_free(&result);
        assert_int_equal(bm_image_generate(&result, inputs, 2, &options, NULL), BM_E_INPUT);
        assert_int_equal(result.problems.errors, i + 1);
        assert_int_equal(result.problems.list[i].place.line, 3);
        bm_image_result_free(&result);
    }
}

static const char ns[] = "key,type,encoding,value\nn,namespace,,\n";

static void test_no_reader(void **state)
{
    (void)state;
    char csv[128];
    const struct bm_image_options options = {0};
    struct bm_image_result result;
    const int len = snprintf(csv, sizeof csv, "%sa,file,u8,x\n", ns);
    assert_int_equal(generate(&result, csv, (size_t)len, &options), BM_E_INPUT);
    assert_int_equal(result.problems.errors, 1);
    assert_non_null(strstr(result.problems.list[0].text, "files are not read here"));
    assert_null(result.image);
    bm_image_result_free(&result);
}

struct reader {
    unsigned opened, released;
    int rc;
};

static int fake_read(void *ctx, const char *path, size_t max, uint8_t **data, size_t *len,
                     struct bm_diag *diag)
{
    struct reader *r = ctx;
    assert_string_equal(path, "../a b.pem");
    assert_true(max >= 1000000);
    if (r->rc != BM_OK) {
        return bm_diag_set(diag, r->rc, 0, NULL, "no");
    }
    r->opened++;
    *data = malloc(3);
    assert_non_null(*data);
    memcpy(*data, "x\ny", 3);
    *len = 3;
    return BM_OK;
}

static void fake_release(void *ctx, uint8_t *data, size_t len)
{
    struct reader *r = ctx;
    assert_int_equal(len, 3);
    r->released++;
    free(data);
}

static void test_reader(void **state)
{
    (void)state;
    char csv[256];
    struct reader reader = {0};
    const struct bm_image_options options = {
        .read = fake_read, .release = fake_release, .ctx = &reader};
    struct bm_image_result result;
    const int len = snprintf(csv, sizeof csv,
                             "%sa,file,string, ../a b.pem \nb,file,u8,../a b.pem\n"
                             "a,file,binary,../a b.pem\n",
                             ns);
    assert_int_equal(generate(&result, csv, (size_t)len, &options), BM_E_INPUT);
    assert_int_equal(result.problems.errors, 2); /* b is no number, a is there twice */
    assert_int_equal(reader.opened, 3);
    assert_int_equal(reader.released, 3);
    bm_image_result_free(&result);
    reader.rc = BM_E_NOMEM; /* ends the run: it is not a fault of the row */
    assert_int_equal(generate(&result, csv, (size_t)len, &options), BM_E_NOMEM);
    bm_image_result_free(&result);
    const int codes[] = {BM_E_NOENT, BM_E_IO, BM_E_NOSPC};
    for (size_t i = 0; i < 3; i++) {
        reader.rc = codes[i];
        assert_int_equal(generate(&result, csv, (size_t)len, &options), BM_E_INPUT);
        assert_int_equal(result.problems.errors, 3);
        bm_image_result_free(&result);
    }
}

static void test_budget(void **state)
{
    (void)state;
    static char csv[64 * 1024];
    size_t len = (size_t)snprintf(csv, sizeof csv, "%s", ns);
    for (int i = 0; i < 1000; i++) {
        len +=
            (size_t)snprintf(csv + len, sizeof csv - len, "k%d,data,blob_fill(508000;0x00),\n", i);
    }
    const struct bm_image_options options = {.max_size = 0x100000};
    struct bm_image_result result;
    assert_int_equal(generate(&result, csv, len, &options), BM_E_INPUT);
    assert_int_equal(result.problems.errors, 1); /* stops where it is too much */
    assert_int_equal(result.problems.list[0].place.line, 5);
    bm_image_result_free(&result);
}

/* A hundred thousand keys: nothing may grow with the square of them. */
static void test_many_keys(void **state)
{
    (void)state;
    enum { KEYS = 100000 };
    char *csv = malloc((size_t)KEYS * 32);
    assert_non_null(csv);
    size_t len = (size_t)snprintf(csv, 128, "%s", ns);
    for (int i = 0; i < KEYS; i++) {
        len += (size_t)snprintf(csv + len, 32, "key%d,data,u32,%d\n", i, i);
    }
    len += (size_t)snprintf(csv + len, 32, "key7,data,u32,1\n");
    const struct bm_image_options options = {0};
    struct bm_image_result result;
    assert_int_equal(generate(&result, csv, len, &options), BM_E_INPUT);
    assert_int_equal(result.problems.errors, 1);
    assert_non_null(strstr(result.problems.list[0].text, "in.csv:10;"));
    bm_image_result_free(&result);
    len -= strlen("key7,data,u32,1\n");
    assert_int_equal(generate(&result, csv, len, &options), BM_OK);
    assert_int_equal(result.keys, KEYS);
    assert_int_equal(result.pages_used, (KEYS + 1 + 125) / 126);
    bm_image_result_free(&result);
    free(csv);
}

static void test_layout(void **state)
{
    (void)state;
    char csv[256];
    const struct bm_image_options options = {0};
    struct bm_image_result result;
    const int len = snprintf(csv, sizeof csv, "%sa,data,blob_fill(4000;0x11),\nb,data,u8,1\n", ns);
    assert_int_equal(generate(&result, csv, (size_t)len, &options), BM_OK);
    assert_int_equal(result.slot_count, 5);
    const struct bm_image_slot want[] = {
        {.item = 0, .page = 0, .size = 1, .entry = 0, .span = 1, .type = 0x01, .chunk = 0xff},
        {.item = 1, .page = 0, .size = 3968, .entry = 1, .span = 125, .type = 0x42, .chunk = 0},
        {.item = 1,
         .page = 1,
         .offset = 3968,
         .size = 32,
         .entry = 0,
         .span = 2,
         .type = 0x42,
         .chunk = 1},
        {.item = 1, .page = 1, .size = 4000, .entry = 2, .span = 1, .type = 0x48, .chunk = 2},
        {.item = 2, .page = 1, .size = 1, .entry = 3, .span = 1, .type = 0x01, .chunk = 0xff}};
    for (size_t i = 0; i < 5; i++) {
        const struct bm_image_slot *s = &result.slots[i];
        assert_int_equal(s->item, want[i].item);
        assert_int_equal(s->page, want[i].page);
        assert_int_equal(s->offset, want[i].offset);
        assert_int_equal(s->size, want[i].size);
        assert_int_equal(s->entry, want[i].entry);
        assert_int_equal(s->span, want[i].span);
        assert_int_equal(s->type, want[i].type);
        assert_int_equal(s->chunk, want[i].chunk);
    }
    assert_string_equal(bm_image_namespace(&result, &result.items[0]), "");
    assert_string_equal(bm_image_namespace(&result, &result.items[1]), "n");
    assert_int_equal(result.items[1].place.line, 3);
    bm_image_result_free(&result);
}

/* The first page as bytes, worked out by hand from docs/format/nvs.md. */
static void test_bytes(void **state)
{
    (void)state;
    char csv[256];
    const struct bm_image_options options = {.size = 0x3000};
    struct bm_image_result result;
    const int len = snprintf(csv, sizeof csv, "%sf,data,float,-1.5\nd,data,double,0.1\n", ns);
    assert_int_equal(generate(&result, csv, (size_t)len, &options), BM_OK);
    const uint8_t *p = result.image + BMI_OFF_ENTRIES;
    static const uint8_t f[] = {0x00, 0x00, 0xc0, 0xbf, 0xff, 0xff, 0xff, 0xff};
    static const uint8_t d[] = {0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0x3f};
    assert_memory_equal(p + 32, "\x01\x24\x01\xff", 4);
    assert_memory_equal(p + 32 + 24, f, 8);
    assert_memory_equal(p + 64, "\x01\x28\x01\xff", 4);
    assert_memory_equal(p + 64 + 24, d, 8);
    assert_int_equal(result.image[BMI_OFF_BITMAP], 0xea); /* three times 10, one 11 */
    bm_image_result_free(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),    cmocka_unit_test(test_no_inputs),
        cmocka_unit_test(test_no_reader),  cmocka_unit_test(test_reader),
        cmocka_unit_test(test_budget),     cmocka_unit_test(test_many_keys),
        cmocka_unit_test(test_bad_inputs), cmocka_unit_test(test_layout),
        cmocka_unit_test(test_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
