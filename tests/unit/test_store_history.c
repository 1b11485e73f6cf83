/* SPDX-License-Identifier: Apache-2.0 */

/* Images that ESP-IDF's own library wrote, through long histories and power cuts, written on by
 * ours: nothing else changes, and what comes out is what ESP-IDF would mount without a repair. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/history.h"
#include "harness/image.h"
#include "harness/random.h"
#include "harness/store.h"

static void folder(char *out, size_t cap)
{
    test_shared_path(out, cap, "golden/nvs-history");
    if (!test_exists(out)) {
        print_message("SKIP: %s is not here\n", out);
        skip();
    }
}

static json_t *open_image(const char *name, uint32_t index, struct test_store *st)
{
    char dir[512];
    char path[600];
    struct test_image image;
    folder(dir, sizeof dir);
    (void)snprintf(path, sizeof path, "%s/%s/image.bin", dir, name);
    test_image_load(&image, path);
    test_store_open(st, (unsigned)(image.len / BM_NVS_PAGE_SIZE), index);
    memcpy(st->mem, image.data, image.len);
    test_image_free(&image);
    (void)snprintf(path, sizeof path, "%s/%s/expected.json", dir, name);
    return history_expected(path);
}

static void expect_clean(struct test_store *st, const char *name)
{
    char text[160];
    if (!test_store_clean(st, text, sizeof text)) {
        fail_msg("%s: %s", name, text);
    }
}

static void expect_values(struct test_store *st, const char *name, json_t *expected)
{
    json_t *got = history_read(&st->nvs);
    const int bad = history_compare(name, got, expected);
    json_decref(got);
    assert_int_equal(bad, 0);
}

/* Reading shows the same before and after the first change has cleared up. */
static void recover_one(const char *name, uint32_t index)
{
    struct test_store st;
    json_t *expected = open_image(name, index, &st);
    assert_int_equal(test_store_mount(&st, 1), BM_OK);
    json_t *before = history_read(&st.nvs);
    assert_int_equal(history_compare(name, before, expected), 0);
    assert_int_equal(st.ram.ops, 0);
    assert_int_equal(test_store_recover(&st), BM_OK);
    expect_clean(&st, name);
    for (int i = 0; i < 2; i++) {
        json_t *after = history_read(&st.nvs);
        assert_true(json_equal(before, after));
        json_decref(after);
        assert_int_equal(test_store_mount(&st, 1), BM_OK);
    }
    const uint64_t ops = st.ram.ops;
    assert_int_equal(test_store_recover(&st), BM_OK);
    assert_int_equal(st.ram.ops, ops);
    json_decref(before);
    json_decref(expected);
    test_store_free(&st);
}

static void test_cuts(void **state)
{
    (void)state;
    for (int i = 0; i < 24; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "cut-%02d", i);
        recover_one(name, 0);
        recover_one(name, 1000);
    }
}

/* A namespace of our own is written to at random; the others stay. */
static void edit_one(const char *name, uint32_t index, uint64_t seed)
{
    struct test_store st;
    json_t *expected = open_image(name, index, &st);
    uint64_t random = seed;
    uint8_t ns = 0;
    unsigned written = 0;
    assert_int_equal(test_store_mount(&st, 1), BM_OK);
    json_t *before = history_read(&st.nvs);
    int rc = bm_nvs_namespace_create(&st.nvs, "ours", &ns);
    for (int i = 0; i < 300 && rc == BM_OK; i++) {
        uint8_t data[700];
        char key[16];
        const size_t len = 1 + test_random(&random, sizeof data);
        memset(data, (int)test_random(&random, 256), len);
        (void)snprintf(key, sizeof key, "o%u", test_random(&random, 4));
        rc = bm_nvs_set_data(&st.nvs, ns, key, BM_NVS_BLOB, data, len);
        assert_true(rc == BM_OK || rc == BM_E_NOSPC);
        written += rc == BM_OK;
        rc = BM_OK;
        if (i % 50 == 0) {
            assert_int_equal(test_store_mount(&st, 1), BM_OK);
        }
    }
    assert_true(written > 0);
    expect_clean(&st, name);
    assert_int_equal(bm_nvs_erase_all(&st.nvs, ns), BM_OK);
    assert_int_equal(test_store_mount(&st, 0), BM_OK);
    expect_values(&st, name, expected);
    json_t *after = history_read(&st.nvs);
    assert_true(json_equal(before, after));
    json_decref(after);
    json_decref(before);
    json_decref(expected);
    test_store_free(&st);
}

static void test_edits(void **state)
{
    const uint64_t seed = test_seed(3);
    (void)state;
    print_message("BM_SEED=%llu\n", (unsigned long long)seed);
    for (int i = 0; i < 34; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, i < 10 ? "history-%02d" : "cut-%02d",
                       i < 10 ? i : i - 10);
        edit_one(name, i % 2 == 0 ? 1000 : 0, seed + (uint64_t)i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_edits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
