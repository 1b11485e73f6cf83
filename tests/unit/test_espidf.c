/* SPDX-License-Identifier: Apache-2.0 */

/* ESP-IDF's API over files and regions: the codes a program gets in each situation. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

#include <cmocka.h>

#include "birthmark/espidf.h"
#include "harness/image.h"
#include "nvs/fmt.h"
#include "nvs_flash.h"
#include "nvs_sync.h"

static const uint8_t none = BMI_CHUNK_NONE;
static const char file_name[] = "test_espidf.bin";

static void put(struct test_image *img, unsigned entry, uint8_t ns, uint8_t type, const char *key,
                const void *data, uint32_t size)
{
    const struct test_entry e = {0, entry, ns, type, none, key, data, size};
    test_entry(img, &e);
}

/* A file with two namespaces and a value of every type. */
static int make_file(void **state)
{
    struct test_image img;
    const float f = 1.5F;
    const double d = -2.25;
    (void)state;
    test_image_blank(&img, 3);
    test_page(&img, 0, BMI_PAGE_ACTIVE, 0);
    put(&img, 0, 0, BM_NVS_U8, "certs", "\x01", 1);
    put(&img, 1, 0, BM_NVS_U8, "other", "\x02", 1);
    put(&img, 2, 1, BM_NVS_U8, "u8", "\xff", 1);
    put(&img, 3, 1, BM_NVS_I8, "i8", "\xff", 1);
    put(&img, 4, 1, BM_NVS_U16, "u16", "\xfe\xff", 2);
    put(&img, 5, 1, BM_NVS_I16, "i16", "\xfe\xff", 2);
    put(&img, 6, 1, BM_NVS_U32, "u32", "\x01\x02\x03\xff", 4);
    put(&img, 7, 1, BM_NVS_I32, "i32", "\x00\x00\x00\x80", 4);
    put(&img, 8, 1, BM_NVS_U64, "u64", "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
    put(&img, 9, 1, BM_NVS_I64, "i64", "\x00\x00\x00\x00\x00\x00\x00\x80", 8);
    put(&img, 10, 1, BM_NVS_FLOAT, "float", &f, 4);
    put(&img, 11, 1, BM_NVS_DOUBLE, "double", &d, 8);
    put(&img, 12, 1, BM_NVS_STR, "str", "hello", 6);
    put(&img, 14, 1, BMI_TYPE_BLOB_V1, "blob", "\x00\x01\x02", 3);
    put(&img, 16, 2, BM_NVS_U8, "u8", "\x07", 1);
    put(&img, 17, 1, BM_NVS_STR, "bad", "damaged", 8);
    test_entry_at(&img, 0, 18)[0] ^= 1;
    FILE *out = fopen(file_name, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(img.data, 1, img.len, out), img.len);
    assert_int_equal(fclose(out), 0);
    test_image_free(&img);
    return 0;
}

static int drop_file(void **state)
{
    (void)state;
    return remove(file_name);
}

static int attach(void **state)
{
    (void)state;
    assert_int_equal(bm_espidf_attach_readonly("nvs", file_name), BM_OK);
    return 0;
}

static int detach(void **state)
{
    (void)state;
    assert_int_equal(bm_espidf_detach("nvs"), BM_OK);
    return 0;
}

static nvs_handle_t open_certs(void)
{
    nvs_handle_t h = 0;
    assert_int_equal(nvs_flash_init(), ESP_OK);
    assert_int_equal(nvs_open("certs", NVS_READONLY, &h), ESP_OK);
    return h;
}

static void test_attach_codes(void **state)
{
    (void)state;
    assert_int_equal(bm_espidf_attach("nvs", file_name), BM_E_EXIST);
    assert_int_equal(bm_espidf_attach("2", "no/such/file"), BM_E_IO);
    assert_int_equal(bm_espidf_attach("", file_name), BM_E_ARG);
    assert_int_equal(bm_espidf_attach("0123456789abcdef", file_name), BM_E_ARG);
    assert_int_equal(bm_espidf_attach(NULL, file_name), BM_E_ARG);
    assert_int_equal(bm_espidf_attach("x", NULL), BM_E_ARG);
    assert_int_equal(bm_espidf_attach("x", "."), BM_E_IO);
    assert_int_equal(bm_espidf_attach_readonly("nvs", file_name), BM_E_EXIST);
    assert_int_equal(bm_espidf_attach_readonly("2", "no/such/file"), BM_E_IO);
    assert_int_equal(bm_espidf_attach_readonly(NULL, file_name), BM_E_ARG);
    assert_int_equal(bm_espidf_attach_readonly("x", NULL), BM_E_ARG);
    assert_int_equal(bm_espidf_attach_flash("x", NULL), BM_E_ARG);
    assert_int_equal(bm_espidf_detach("x"), BM_E_NOENT);
    assert_int_equal(bm_espidf_detach(NULL), BM_E_NOENT);
}

static void test_init_and_open_codes(void **state)
{
    (void)state;
    nvs_handle_t h = 0;
    assert_int_equal(nvs_open("certs", NVS_READONLY, &h), ESP_ERR_NVS_NOT_INITIALIZED);
    assert_int_equal(nvs_flash_deinit(), ESP_ERR_NVS_NOT_INITIALIZED);
    assert_int_equal(nvs_flash_init_partition("elsewhere"), ESP_ERR_NOT_FOUND);
    assert_int_equal(nvs_flash_init_partition(NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_flash_init(), ESP_OK);
    assert_int_equal(nvs_flash_init(), ESP_OK);
    assert_int_equal(nvs_open_from_partition("elsewhere", "certs", NVS_READONLY, &h),
                     ESP_ERR_NVS_PART_NOT_FOUND);
    assert_int_equal(nvs_open("absent", NVS_READONLY, &h), ESP_ERR_NVS_NOT_FOUND);
    assert_int_equal(nvs_open("certs", NVS_READWRITE, &h), ESP_ERR_NOT_ALLOWED);
    assert_int_equal(nvs_open("certs", NVS_READWRITE_PURGE, &h), ESP_ERR_NOT_ALLOWED);
    assert_int_equal(nvs_open("certs", (nvs_open_mode_t)3, &h), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_open("0123456789abcdef", NVS_READONLY, &h), ESP_ERR_NVS_KEY_TOO_LONG);
    assert_int_equal(nvs_open(NULL, NVS_READONLY, &h), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_open("certs", NVS_READONLY, NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(h, 0);
}

static void test_handles_end_with_their_partition(void **state)
{
    (void)state;
    const nvs_handle_t a = open_certs();
    const nvs_handle_t b = open_certs();
    uint8_t v = 0;
    assert_int_not_equal(a, b);
    nvs_close(a);
    nvs_close(a);
    assert_int_equal(nvs_get_u8(a, "u8", &v), ESP_ERR_NVS_INVALID_HANDLE);
    assert_int_equal(nvs_get_u8(b, "u8", &v), ESP_OK);
    assert_int_equal(nvs_flash_deinit(), ESP_OK);
    assert_int_equal(nvs_get_u8(b, "u8", &v), ESP_ERR_NVS_INVALID_HANDLE);
    assert_true(open_certs() > b);
}

static void test_every_type(void **state)
{
    (void)state;
    const nvs_handle h = open_certs();
    int8_t i8;
    uint8_t u8;
    int16_t i16;
    uint16_t u16;
    int32_t i32;
    uint32_t u32;
    int64_t i64;
    uint64_t u64;
    float f;
    double d;
    assert_true(nvs_get_i8(h, "i8", &i8) == ESP_OK && i8 == -1);
    assert_true(nvs_get_u8(h, "u8", &u8) == ESP_OK && u8 == 255);
    assert_true(nvs_get_i16(h, "i16", &i16) == ESP_OK && i16 == -2);
    assert_true(nvs_get_u16(h, "u16", &u16) == ESP_OK && u16 == 65534);
    assert_true(nvs_get_i32(h, "i32", &i32) == ESP_OK && i32 == INT32_MIN);
    assert_true(nvs_get_u32(h, "u32", &u32) == ESP_OK && u32 == 0xff030201);
    assert_true(nvs_get_i64(h, "i64", &i64) == ESP_OK && i64 == INT64_MIN);
    assert_true(nvs_get_u64(h, "u64", &u64) == ESP_OK && u64 == UINT64_MAX);
    assert_true(nvs_get_float(h, "float", &f) == ESP_OK && f == 1.5F);
    assert_true(nvs_get_double(h, "double", &d) == ESP_OK && d == -2.25);
    u8 = 42;
    assert_int_equal(nvs_get_u8(h, "i8", &u8), ESP_ERR_NVS_NOT_FOUND);
    assert_int_equal(nvs_get_u8(h, "str", &u8), ESP_ERR_NVS_NOT_FOUND);
    assert_int_equal(nvs_get_u8(h, "absent", &u8), ESP_ERR_NVS_NOT_FOUND);
    assert_int_equal(nvs_get_u8(h, "0123456789abcdef", &u8), ESP_ERR_NVS_KEY_TOO_LONG);
    assert_int_equal(nvs_get_u8(h, NULL, &u8), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_get_u8(h, "u8", NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_get_u8(99999, "u8", &u8), ESP_ERR_NVS_INVALID_HANDLE);
    assert_int_equal(u8, 42);
}

static void test_strings_and_blobs(void **state)
{
    (void)state;
    const nvs_handle_t h = open_certs();
    char buf[16] = "";
    size_t len = 3;
    assert_int_equal(nvs_get_str(h, "str", NULL, &len), ESP_OK);
    assert_int_equal(len, 6);
    len = 5;
    assert_int_equal(nvs_get_str(h, "str", buf, &len), ESP_ERR_NVS_INVALID_LENGTH);
    assert_int_equal(len, 6);
    assert_int_equal(nvs_get_str(h, "str", buf, &len), ESP_OK);
    assert_string_equal(buf, "hello");
    assert_int_equal(nvs_get_str(h, "str", buf, NULL), ESP_ERR_NVS_INVALID_LENGTH);
    assert_int_equal(nvs_get_str(h, "absent", buf, NULL), ESP_ERR_NVS_NOT_FOUND);
    assert_int_equal(nvs_get_str(h, "blob", buf, &len), ESP_ERR_NVS_NOT_FOUND);
    assert_int_equal(nvs_get_blob(h, "str", buf, &len), ESP_ERR_NVS_NOT_FOUND);
    assert_int_equal(nvs_get_str(h, "bad", buf, &len), ESP_ERR_NVS_NOT_FOUND);
    assert_int_equal(nvs_get_str(h, NULL, buf, &len), ESP_ERR_INVALID_ARG);
    len = sizeof buf;
    assert_int_equal(nvs_get_blob(h, "blob", buf, &len), ESP_OK);
    assert_int_equal(len, 3);
    assert_memory_equal(buf, "\x00\x01\x02", 3);
    nvs_type_t type = NVS_TYPE_ANY;
    assert_int_equal(nvs_find_key(h, "blob", &type), ESP_OK);
    assert_int_equal(type, NVS_TYPE_BLOB);
    assert_int_equal(nvs_find_key(h, "u8", NULL), ESP_OK);
    assert_int_equal(nvs_find_key(h, "absent", &type), ESP_ERR_NVS_NOT_FOUND);
    assert_int_equal(nvs_find_key(h, NULL, &type), ESP_ERR_INVALID_ARG);
}

static void test_counts(void **state)
{
    (void)state;
    nvs_stats_t s;
    size_t used = 9;
    assert_int_equal(nvs_get_stats(NULL, &s), ESP_ERR_NVS_NOT_INITIALIZED);
    assert_int_equal(s.total_entries, 0);
    const nvs_handle_t h = open_certs();
    assert_int_equal(nvs_get_stats("nvs", &s), ESP_OK);
    assert_int_equal(s.used_entries, 19);
    assert_int_equal(s.total_entries, 378);
    assert_int_equal(s.free_entries, 359);
    assert_int_equal(s.available_entries, 233);
    assert_int_equal(s.namespace_count, 2);
    assert_int_equal(nvs_get_stats(NULL, NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_get_used_entry_count(h, &used), ESP_OK);
    assert_int_equal(used, 16);
    assert_int_equal(nvs_get_used_entry_count(0, &used), ESP_ERR_NVS_INVALID_HANDLE);
    assert_int_equal(used, 0);
    assert_int_equal(nvs_get_used_entry_count(h, NULL), ESP_ERR_INVALID_ARG);
}

static unsigned walk(nvs_iterator_t it, esp_err_t err)
{
    unsigned n = 0;
    while (err == ESP_OK) {
        nvs_entry_info_t info;
        assert_int_equal(nvs_entry_info(it, &info), ESP_OK);
        n += strcmp(info.namespace_name, "certs") == 0 ? 1 : 100;
        err = nvs_entry_next(&it);
    }
    assert_int_equal(err, ESP_ERR_NVS_NOT_FOUND);
    assert_null(it);
    return n;
}

static void test_iterators(void **state)
{
    (void)state;
    nvs_iterator_t it = NULL;
    assert_int_equal(nvs_entry_find("nvs", NULL, NVS_TYPE_ANY, &it), ESP_ERR_NVS_NOT_FOUND);
    const nvs_handle_t h = open_certs();
    esp_err_t err = nvs_entry_find("nvs", NULL, NVS_TYPE_ANY, &it);
    assert_int_equal(walk(it, err), 112); /* 12 whole values in certs, 1 in other */
    err = nvs_entry_find("nvs", "other", NVS_TYPE_ANY, &it);
    assert_int_equal(walk(it, err), 100);
    err = nvs_entry_find("nvs", NULL, NVS_TYPE_U8, &it);
    assert_int_equal(walk(it, err), 101);
    err = nvs_entry_find_in_handle(h, NVS_TYPE_STR, &it);
    assert_int_equal(walk(it, err), 1);
    assert_int_equal(nvs_entry_find("nvs", "absent", NVS_TYPE_ANY, &it), ESP_ERR_NVS_NOT_FOUND);
    assert_null(it);
    assert_int_equal(nvs_entry_find_in_handle(0, NVS_TYPE_ANY, &it), ESP_ERR_NVS_INVALID_HANDLE);
    assert_int_equal(nvs_entry_find(NULL, NULL, NVS_TYPE_ANY, &it), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_entry_find("nvs", NULL, NVS_TYPE_ANY, NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_entry_next(NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_entry_info(NULL, NULL), ESP_ERR_INVALID_ARG);
    nvs_release_iterator(NULL);
}

static void test_iterator_outlives_its_partition(void **state)
{
    (void)state;
    nvs_iterator_t it = NULL;
    (void)open_certs();
    assert_int_equal(nvs_entry_find("nvs", NULL, NVS_TYPE_ANY, &it), ESP_OK);
    assert_int_equal(nvs_flash_deinit(), ESP_OK);
    assert_int_equal(nvs_flash_init(), ESP_OK);
    assert_int_equal(nvs_entry_next(&it), ESP_ERR_NVS_NOT_INITIALIZED);
    assert_null(it);
    assert_int_equal(nvs_entry_find("nvs", NULL, NVS_TYPE_ANY, &it), ESP_OK);
    assert_int_equal(bm_espidf_detach("nvs"), BM_OK);
    assert_int_equal(bm_espidf_attach("nvs", file_name), BM_OK);
    assert_int_equal(nvs_flash_init(), ESP_OK);
    assert_int_equal(nvs_entry_next(&it), ESP_ERR_NVS_NOT_INITIALIZED);
    assert_null(it);
}

static void test_partitions_side_by_side(void **state)
{
    (void)state;
    struct test_image img;
    nvs_handle_t h = 0;
    uint8_t v = 0;
    test_image_blank(&img, 1);
    test_page(&img, 0, BMI_PAGE_ACTIVE, 0);
    put(&img, 0, 0, BM_NVS_U8, "certs", "\x05", 1);
    put(&img, 1, 5, BM_NVS_U8, "u8", "\x2a", 1);
    assert_int_equal(bm_flash_view(&img.flash, img.data, img.len), BM_OK);
    assert_int_equal(bm_espidf_attach_flash("fctry", &img.flash), BM_OK);
    assert_int_equal(nvs_flash_init_partition("fctry"), ESP_OK);
    const nvs_handle_t in_nvs = open_certs();
    assert_int_equal(nvs_open_from_partition("fctry", "certs", NVS_READONLY, &h), ESP_OK);
    assert_true(nvs_get_u8(h, "u8", &v) == ESP_OK && v == 42);
    assert_true(nvs_get_u8(in_nvs, "u8", &v) == ESP_OK && v == 255);
    assert_int_equal(bm_espidf_detach("fctry"), BM_OK);
    assert_int_equal(nvs_get_u8(h, "u8", &v), ESP_ERR_NVS_INVALID_HANDLE);
    assert_true(nvs_get_u8(in_nvs, "u8", &v) == ESP_OK && v == 255);
    bm_flash_view(&img.flash, img.data, 1000);
    assert_int_equal(bm_espidf_attach_flash("odd", &img.flash), BM_OK);
    assert_int_equal(nvs_flash_init_partition("odd"), ESP_ERR_INVALID_SIZE);
    assert_int_equal(bm_espidf_detach("odd"), BM_OK);
    test_image_free(&img);
}

static void test_error_names(void **state)
{
    (void)state;
    char buf[32];
    assert_string_equal(esp_err_to_name(0x1102), "ESP_ERR_NVS_NOT_FOUND");
    assert_string_equal(esp_err_to_name(ESP_ERR_NOT_ALLOWED), "ESP_ERR_NOT_ALLOWED");
    assert_string_equal(esp_err_to_name(0xf001), "ESP_ERR_NVS_SEC_HMAC_KEY_NOT_FOUND");
    assert_string_equal(esp_err_to_name(12345), "UNKNOWN ERROR");
    assert_string_equal(esp_err_to_name_r(ESP_FAIL, buf, sizeof buf), "ESP_FAIL");
    assert_string_equal(esp_err_to_name_r(0x7777, buf, sizeof buf), "UNKNOWN ERROR 0x7777(30583)");
    assert_string_equal(esp_err_to_name_r(ESP_FAIL, buf, 4), "ESP");
}

static int other_thread(void *held)
{
    const bool got = nvs_sync_lock(2);
    if (got) {
        nvs_sync_unlock();
    }
    *(bool *)held = got;
    return 0;
}

static bool other_gets_it(void)
{
    thrd_t t;
    bool got = false;
    assert_int_equal(thrd_create(&t, other_thread, &got), thrd_success);
    assert_int_equal(thrd_join(t, NULL), thrd_success);
    return got;
}

static void test_sync(void **state)
{
    (void)state;
    assert_false(nvs_sync_lock(0));
    assert_int_equal(nvs_sync_create(), ESP_OK);
    assert_int_equal(nvs_sync_create(), ESP_OK);
    assert_true(nvs_sync_lock(1000 / portTICK_PERIOD_MS));
    assert_false(other_gets_it());
    nvs_sync_unlock();
    assert_true(other_gets_it());
    assert_true(nvs_sync_lock(portMAX_DELAY));
    assert_false(other_gets_it());
    nvs_sync_unlock();
    nvs_sync_free();
    nvs_sync_free();
    assert_false(nvs_sync_lock(1));
}

static int reader(void *failures)
{
    for (int i = 0; i < 300; i++) {
        nvs_handle_t h = 0;
        char buf[8];
        size_t len = sizeof buf;
        if (nvs_open("certs", NVS_READONLY, &h) != ESP_OK ||
            nvs_get_str(h, "str", buf, &len) != ESP_OK || strcmp(buf, "hello") != 0) {
            ++*(int *)failures;
        }
        nvs_close(h);
    }
    return 0;
}

static void test_threads(void **state)
{
    (void)state;
    thrd_t t[4];
    int failures[4] = {0};
    (void)open_certs();
    for (int i = 0; i < 4; i++) {
        assert_int_equal(thrd_create(&t[i], reader, &failures[i]), thrd_success);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(thrd_join(t[i], NULL), thrd_success);
        assert_int_equal(failures[i], 0);
    }
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, attach, detach)
    const struct CMUnitTest tests[] = {
        CASE(test_attach_codes),
        CASE(test_init_and_open_codes),
        CASE(test_handles_end_with_their_partition),
        CASE(test_every_type),
        CASE(test_strings_and_blobs),
        CASE(test_counts),
        CASE(test_iterators),
        CASE(test_iterator_outlives_its_partition),
        CASE(test_partitions_side_by_side),
        CASE(test_threads),
        cmocka_unit_test(test_error_names),
        cmocka_unit_test(test_sync),
    };
    return cmocka_run_group_tests(tests, make_file, drop_file);
}
