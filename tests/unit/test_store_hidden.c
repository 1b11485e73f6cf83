/* SPDX-License-Identifier: Apache-2.0 */

/* A whole entry of namespace 2, which has no name, within the span of an entry of an unknown type:
 * a new namespace must not get index 2 and inherit it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "harness/store.h"
#include "nvs/fmt.h"

static void put(struct test_store *st, unsigned i, const struct bmi_entry *e)
{
    bmi_entry_put(st->mem + BMI_OFF_ENTRIES + (size_t)i * BMI_ENTRY_SIZE, e);
    bmi_bitmap_put(st->mem + BMI_OFF_BITMAP, i, BMI_ENTRY_WRITTEN);
}

static void test_hidden_index(void **state)
{
    (void)state;
    for (unsigned index = 0; index <= 100; index += 100) {
        struct test_store st;
        struct bm_nvs_info info;
        uint8_t ns = 0;
        test_store_open(&st, 3, index);
        assert_int_equal(test_store_mount(&st, 1), BM_OK);
        assert_int_equal(bm_nvs_namespace_create(&st.nvs, "a", &ns), BM_OK);
        assert_int_equal(ns, 1);
        const struct bmi_entry unknown = {1, 0x77, 3, 0xff, 0, "odd", {0}};
        const struct bmi_entry inner = {2, BM_NVS_U8, 1, 0xff, 0, "x", {9}};
        const struct bmi_entry second = {2, BM_NVS_U8, 1, 0xff, 0, "y", {9}};
        put(&st, 1, &unknown);
        put(&st, 2, &inner);
        put(&st, 3, &second);
        assert_int_equal(test_store_mount(&st, 1), BM_OK);
        assert_int_equal(bm_nvs_find(&st.nvs, 2, "x", &info), BM_OK);
        assert_int_equal(bm_nvs_namespace_create(&st.nvs, "fresh", &ns), BM_OK);
        print_message("index %u: fresh got %u, x is %s\n", index, ns,
                      bm_nvs_find(&st.nvs, ns, "x", &info) == BM_OK ? "there" : "not there");
        assert_int_equal(bm_nvs_find(&st.nvs, ns, "x", &info), BM_E_NOENT);
        test_store_free(&st);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_hidden_index)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
