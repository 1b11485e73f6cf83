/* SPDX-License-Identifier: Apache-2.0 */

/* What ESP-IDF's library gets wrong behind its API, one test each, and ours does not. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "harness/espidf.h"
#include "harness/image.h"
#include "nvs/fmt.h"
#include "nvs_flash.h"

/* The real library's get, find and erase act on the first 15 characters of a longer key. */
static void test_over_long_names_touch_nothing(void **state)
{
    (void)state;
    const char *key = "fifteen_bytes_x";
    const nvs_handle_t h = espidf_open("fifteen_bytes_n", NVS_READWRITE);
    assert_int_equal(nvs_set_u8(h, key, 1), ESP_OK);
    assert_int_equal(nvs_set_u8(h, "fifteen_bytes_xyz", 1), ESP_ERR_NVS_KEY_TOO_LONG);
    assert_int_equal(nvs_erase_key(h, "fifteen_bytes_xyz"), ESP_ERR_NVS_KEY_TOO_LONG);
    assert_int_equal(nvs_find_key(h, "fifteen_bytes_xyz", NULL), ESP_ERR_NVS_KEY_TOO_LONG);
    nvs_handle_t other = 0;
    assert_int_equal(nvs_open("fifteen_bytes_name", NVS_READWRITE, &other),
                     ESP_ERR_NVS_KEY_TOO_LONG);
    assert_int_equal(nvs_open("fifteen_bytes_name", NVS_READONLY, &other),
                     ESP_ERR_NVS_KEY_TOO_LONG);
    assert_int_equal(nvs_open("", NVS_READWRITE, &other), ESP_ERR_NVS_INVALID_NAME);
    uint8_t v = 0;
    assert_true(nvs_get_u8(h, key, &v) == ESP_OK && v == 1);
    assert_int_equal(nvs_erase_key(h, key), ESP_OK);
}

/* The real library writes an empty key if asked to. */
static void test_empty_keys_can_go(void **state)
{
    (void)state;
    struct test_image img;
    const struct test_entry space = {0, 0, 0, BM_NVS_U8, 0xff, "app", "\1", 1};
    const struct test_entry value = {0, 1, 1, BM_NVS_U8, 0xff, "", "\7", 1};
    uint8_t v = 0;
    for (int all = 0; all < 2; all++) {
        test_image_blank(&img, ESPIDF_PAGES);
        test_page(&img, 0, BMI_PAGE_ACTIVE, 0);
        test_entry(&img, &space);
        test_entry(&img, &value);
        memcpy(espidf_mem, img.data, sizeof espidf_mem);
        test_image_free(&img);
        const nvs_handle_t h = espidf_open("app", NVS_READWRITE);
        assert_true(nvs_get_u8(h, "", &v) == ESP_OK && v == 7);
        assert_int_equal(all ? nvs_erase_all(h) : nvs_erase_key(h, ""), ESP_OK);
        assert_int_equal(nvs_get_u8(h, "", &v), ESP_ERR_NVS_NOT_FOUND);
        assert_int_equal(nvs_flash_deinit(), ESP_OK);
    }
}

static void test_a_change_of_type_leaves_one(void **state)
{
    (void)state;
    const nvs_handle_t h = espidf_open("app", NVS_READWRITE);
    nvs_type_t type = NVS_TYPE_ANY;
    uint8_t v = 42;
    char text[8];
    size_t len = sizeof text;
    assert_int_equal(nvs_set_u8(h, "k", 1), ESP_OK);
    assert_int_equal(nvs_set_str(h, "k", "now"), ESP_OK);
    assert_int_equal(nvs_get_u8(h, "k", &v), ESP_ERR_NVS_NOT_FOUND);
    assert_int_equal(v, 42);
    assert_int_equal(espidf_count(h), 1);
    espidf_restart();
    nvs_handle_t again = espidf_open("app", NVS_READWRITE);
    assert_int_equal(nvs_get_str(again, "k", text, &len), ESP_OK);
    assert_string_equal(text, "now");
    assert_int_equal(nvs_set_blob(again, "k", "b", 1), ESP_OK);
    assert_int_equal(nvs_set_i64(again, "k", -1), ESP_OK);
    assert_int_equal(nvs_find_key(again, "k", &type), ESP_OK);
    assert_int_equal(type, NVS_TYPE_I64);
    assert_int_equal(espidf_count(again), 1);
    assert_int_equal(nvs_erase_key(again, "k"), ESP_OK);
    assert_int_equal(espidf_count(again), 0);
}

/* The real library takes these two for one key at the next start, for their hashes have the same 24
 * bits, and erases the first. */
static void test_colliding_keys_stay(void **state)
{
    (void)state;
    uint8_t v = 0;
    nvs_handle_t h = espidf_open("app", NVS_READWRITE);
    assert_int_equal(nvs_set_u8(h, "host_id", 1), ESP_OK);
    assert_int_equal(nvs_set_u8(h, "name_zone1", 2), ESP_OK);
    espidf_restart();
    h = espidf_open("app", NVS_READWRITE);
    assert_true(nvs_get_u8(h, "host_id", &v) == ESP_OK && v == 1);
    assert_true(nvs_get_u8(h, "name_zone1", &v) == ESP_OK && v == 2);
    assert_int_equal(nvs_set_u8(h, "new", 3), ESP_OK);
    assert_int_equal(espidf_count(h), 3);
}

static void test_equal_values_are_not_written(void **state)
{
    (void)state;
    static uint8_t big[6000];
    const nvs_handle_t h = espidf_open("app", NVS_READWRITE);
    assert_int_equal(nvs_set_blob(h, "big", big, sizeof big), ESP_OK);
    assert_int_equal(nvs_set_blob(h, "none", NULL, 0), ESP_OK);
    assert_int_equal(nvs_set_float(h, "zero", 0.0F), ESP_OK);
    const uint64_t ops = espidf_ram.ops;
    assert_int_equal(nvs_set_blob(h, "big", big, sizeof big), ESP_OK);
    assert_int_equal(nvs_set_blob(h, "none", NULL, 0), ESP_OK);
    assert_int_equal(nvs_set_float(h, "zero", 0.0F), ESP_OK);
    assert_true(espidf_ram.ops == ops);
    assert_int_equal(nvs_set_float(h, "zero", -0.0F), ESP_OK); /* other bits */
    assert_true(espidf_ram.ops > ops);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ESPIDF_CASE(test_over_long_names_touch_nothing), ESPIDF_CASE(test_empty_keys_can_go),
        ESPIDF_CASE(test_a_change_of_type_leaves_one),   ESPIDF_CASE(test_colliding_keys_stay),
        ESPIDF_CASE(test_equal_values_are_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
