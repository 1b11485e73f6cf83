/* SPDX-License-Identifier: Apache-2.0 */

/* The writing side of ESP-IDF's API: every call, and the code of each situation. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "birthmark/espidf.h"
#include "harness/espidf.h"
#include "nvs_flash.h"

static void test_every_type(void **state)
{
    (void)state;
    nvs_handle_t h = espidf_open("app", NVS_READWRITE);
    assert_int_equal(nvs_set_i8(h, "i8", INT8_MIN), ESP_OK);
    assert_int_equal(nvs_set_u8(h, "u8", UINT8_MAX), ESP_OK);
    assert_int_equal(nvs_set_i16(h, "i16", INT16_MIN), ESP_OK);
    assert_int_equal(nvs_set_u16(h, "u16", UINT16_MAX), ESP_OK);
    assert_int_equal(nvs_set_i32(h, "i32", INT32_MIN), ESP_OK);
    assert_int_equal(nvs_set_u32(h, "u32", UINT32_MAX), ESP_OK);
    assert_int_equal(nvs_set_i64(h, "i64", INT64_MIN), ESP_OK);
    assert_int_equal(nvs_set_u64(h, "u64", UINT64_MAX), ESP_OK);
    assert_int_equal(nvs_set_float(h, "float", -0.5F), ESP_OK);
    assert_int_equal(nvs_set_double(h, "double", 1e300), ESP_OK);
    assert_int_equal(nvs_set_str(h, "str", "text"), ESP_OK);
    assert_int_equal(nvs_set_blob(h, "blob", "\0\1\2", 3), ESP_OK);
    assert_int_equal(nvs_commit(h), ESP_OK);
    espidf_restart();
    assert_int_equal(nvs_commit(h), ESP_ERR_NVS_INVALID_HANDLE);
    h = espidf_open("app", NVS_READONLY);
    assert_int_equal(nvs_commit(h), ESP_OK);
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
    char text[8];
    size_t len = sizeof text;
    assert_true(nvs_get_i8(h, "i8", &i8) == ESP_OK && i8 == INT8_MIN);
    assert_true(nvs_get_u8(h, "u8", &u8) == ESP_OK && u8 == UINT8_MAX);
    assert_true(nvs_get_i16(h, "i16", &i16) == ESP_OK && i16 == INT16_MIN);
    assert_true(nvs_get_u16(h, "u16", &u16) == ESP_OK && u16 == UINT16_MAX);
    assert_true(nvs_get_i32(h, "i32", &i32) == ESP_OK && i32 == INT32_MIN);
    assert_true(nvs_get_u32(h, "u32", &u32) == ESP_OK && u32 == UINT32_MAX);
    assert_true(nvs_get_i64(h, "i64", &i64) == ESP_OK && i64 == INT64_MIN);
    assert_true(nvs_get_u64(h, "u64", &u64) == ESP_OK && u64 == UINT64_MAX);
    assert_true(nvs_get_float(h, "float", &f) == ESP_OK && f == -0.5F);
    assert_true(nvs_get_double(h, "double", &d) == ESP_OK && d == 1e300);
    assert_int_equal(nvs_get_str(h, "str", text, &len), ESP_OK);
    assert_string_equal(text, "text");
    len = sizeof text;
    assert_int_equal(nvs_get_blob(h, "blob", text, &len), ESP_OK);
    assert_int_equal(len, 3);
    assert_memory_equal(text, "\0\1\2", 3);
}

/* What each setting call answers for this handle and key. */
static void expect_sets(nvs_handle_t h, const char *key, esp_err_t code)
{
    assert_int_equal(nvs_set_i8(h, key, 1), code);
    assert_int_equal(nvs_set_u8(h, key, 1), code);
    assert_int_equal(nvs_set_i16(h, key, 1), code);
    assert_int_equal(nvs_set_u16(h, key, 1), code);
    assert_int_equal(nvs_set_i32(h, key, 1), code);
    assert_int_equal(nvs_set_u32(h, key, 1), code);
    assert_int_equal(nvs_set_i64(h, key, 1), code);
    assert_int_equal(nvs_set_u64(h, key, 1), code);
    assert_int_equal(nvs_set_float(h, key, 1), code);
    assert_int_equal(nvs_set_double(h, key, 1), code);
    assert_int_equal(nvs_set_str(h, key, "1"), code);
    assert_int_equal(nvs_set_blob(h, key, "1", 1), code);
}

static void expect_all(nvs_handle_t h, const char *key, esp_err_t code)
{
    expect_sets(h, key, code);
    assert_int_equal(nvs_erase_key(h, key), code);
}

static void test_codes_of_handles(void **state)
{
    (void)state;
    const nvs_handle_t rw = espidf_open("app", NVS_READWRITE);
    const nvs_handle_t ro = espidf_open("app", NVS_READONLY);
    assert_int_equal(nvs_set_u8(rw, "k", 7), ESP_OK);
    expect_all(ro, "k", ESP_ERR_NVS_READ_ONLY);
    assert_int_equal(nvs_erase_all(ro), ESP_ERR_NVS_READ_ONLY);
    assert_int_equal(nvs_purge_all(ro), ESP_ERR_NVS_READ_ONLY);
    nvs_close(rw);
    expect_all(rw, "k", ESP_ERR_NVS_INVALID_HANDLE);
    expect_all(0, "k", ESP_ERR_NVS_INVALID_HANDLE);
    assert_int_equal(nvs_erase_all(rw), ESP_ERR_NVS_INVALID_HANDLE);
    assert_int_equal(nvs_purge_all(rw), ESP_ERR_NVS_INVALID_HANDLE);
    assert_int_equal(nvs_commit(rw), ESP_ERR_NVS_INVALID_HANDLE);
    uint8_t v = 0;
    assert_true(nvs_get_u8(ro, "k", &v) == ESP_OK && v == 7);
}

static void test_codes_of_arguments(void **state)
{
    (void)state;
    const nvs_handle_t h = espidf_open("app", NVS_READWRITE);
    const uint64_t ops = espidf_ram.ops;
    expect_all(h, NULL, ESP_ERR_INVALID_ARG);
    expect_all(h, "sixteen_bytes_16", ESP_ERR_NVS_KEY_TOO_LONG);
    expect_sets(h, "", ESP_ERR_NVS_INVALID_NAME);
    assert_int_equal(nvs_erase_key(h, ""), ESP_ERR_NVS_NOT_FOUND);
    assert_int_equal(nvs_set_str(h, "k", NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_set_blob(h, "k", NULL, 1), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_set_float(h, "k", NAN), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_set_double(h, "k", NAN), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_erase_key(h, "absent"), ESP_ERR_NVS_NOT_FOUND);
    assert_true(espidf_ram.ops == ops);
    assert_int_equal(nvs_set_float(h, "inf", INFINITY), ESP_OK);
    assert_int_equal(nvs_set_blob(h, "empty", NULL, 0), ESP_OK);
    size_t len = 9;
    assert_int_equal(nvs_get_blob(h, "empty", NULL, &len), ESP_OK);
    assert_int_equal(len, 0);
    assert_int_equal(nvs_erase_key(h, "empty"), ESP_OK);
    assert_int_equal(nvs_erase_key(h, "empty"), ESP_ERR_NVS_NOT_FOUND);
}

/* A loop that erases what it meets: nothing is met twice or passed over. */
static void test_erasing_while_iterating(void **state)
{
    (void)state;
    const nvs_handle_t h = espidf_open("app", NVS_READWRITE);
    char key[16];
    for (unsigned i = 0; i < 300; i++) {
        (void)snprintf(key, sizeof key, "%s%u", i % 3 == 0 ? "keep" : "drop", i);
        assert_int_equal(nvs_set_u32(h, key, i), ESP_OK);
    }
    nvs_iterator_t it = NULL;
    unsigned met = 0;
    esp_err_t err = nvs_entry_find_in_handle(h, NVS_TYPE_ANY, &it);
    for (; err == ESP_OK; met++) {
        nvs_entry_info_t info;
        assert_int_equal(nvs_entry_info(it, &info), ESP_OK);
        if (strncmp(info.key, "drop", 4) == 0) {
            assert_int_equal(nvs_erase_key(h, info.key), ESP_OK);
        }
        err = nvs_entry_next(&it);
    }
    assert_int_equal(met, 300);
    assert_int_equal(espidf_count(h), 100);
}

static void test_namespaces(void **state)
{
    (void)state;
    char name[NVS_NS_NAME_MAX_SIZE];
    nvs_handle_t h = 0;
    nvs_stats_t stats;
    assert_int_equal(nvs_flash_init(), ESP_OK);
    assert_int_equal(nvs_open("n1", NVS_READONLY, &h), ESP_ERR_NVS_NOT_FOUND);
    for (int i = 1; i <= 254; i++) {
        (void)snprintf(name, sizeof name, "n%d", i);
        assert_int_equal(nvs_open(name, NVS_READWRITE, &h), ESP_OK);
        nvs_close(h);
    }
    assert_int_equal(nvs_open("n255", NVS_READWRITE, &h), ESP_ERR_NVS_NOT_ENOUGH_SPACE);
    espidf_restart();
    assert_int_equal(nvs_open("n254", NVS_READONLY, &h), ESP_OK);
    assert_int_equal(nvs_open("n1", NVS_READWRITE_PURGE, &h), ESP_OK);
    assert_int_equal(nvs_get_stats(NULL, &stats), ESP_OK);
    assert_int_equal(stats.namespace_count, 254);
    assert_int_equal(stats.used_entries, 254);
    assert_int_equal(nvs_erase_all(h), ESP_OK);
    assert_int_equal(nvs_get_stats(NULL, &stats), ESP_OK);
    assert_int_equal(stats.namespace_count, 254);
}

static void test_erase_all_spares_the_neighbours(void **state)
{
    (void)state;
    const nvs_handle_t a = espidf_open("a", NVS_READWRITE);
    const nvs_handle_t b = espidf_open("b", NVS_READWRITE);
    static uint8_t big[9000];
    size_t used = 99;
    memset(big, 7, sizeof big);
    assert_int_equal(nvs_set_u8(a, "k", 1), ESP_OK);
    assert_int_equal(nvs_set_blob(a, "big", big, sizeof big), ESP_OK);
    assert_int_equal(nvs_set_u8(b, "k", 2), ESP_OK);
    assert_int_equal(nvs_set_str(b, "s", "stays"), ESP_OK);
    assert_int_equal(nvs_erase_all(a), ESP_OK);
    assert_int_equal(nvs_get_used_entry_count(a, &used), ESP_OK);
    assert_int_equal(used, 0);
    assert_int_equal(nvs_get_used_entry_count(b, &used), ESP_OK);
    assert_int_equal(used, 3);
    assert_int_equal(espidf_count(a), 0);
    assert_int_equal(espidf_count(b), 2);
    assert_int_equal(nvs_erase_all(a), ESP_OK);
}

static void test_lengths(void **state)
{
    (void)state;
    static char text[4001];
    static uint8_t blob[ESPIDF_PAGES * ESPIDF_PAGE];
    const nvs_handle_t h = espidf_open("app", NVS_READWRITE);
    memset(text, 'x', 4000);
    assert_int_equal(nvs_set_str(h, "s", text), ESP_ERR_NVS_VALUE_TOO_LONG);
    text[3999] = '\0';
    assert_int_equal(nvs_set_str(h, "s", text), ESP_OK);
    assert_int_equal(nvs_erase_key(h, "s"), ESP_OK);
    assert_int_equal(nvs_set_blob(h, "b", blob, (size_t)(ESPIDF_PAGES - 1) * 4000 + 1),
                     ESP_ERR_NVS_VALUE_TOO_LONG);
    assert_int_equal(nvs_set_blob(h, "b", blob, (size_t)(ESPIDF_PAGES - 1) * 4000),
                     ESP_ERR_NVS_NOT_ENOUGH_SPACE);
    assert_int_equal(nvs_set_blob(h, "b", blob, (size_t)(ESPIDF_PAGES - 2) * 4000), ESP_OK);
    assert_int_equal(nvs_set_blob(h, "b", blob, SIZE_MAX), ESP_ERR_NVS_VALUE_TOO_LONG);
    size_t len = 0;
    assert_int_equal(nvs_get_blob(h, "b", NULL, &len), ESP_OK);
    assert_int_equal(len, (size_t)(ESPIDF_PAGES - 2) * 4000);
}

/* In a partition with more than 127 pages for data it is the number of chunks that ends a blob. */
static void test_longest_blob(void **state)
{
    (void)state;
    enum { MANY = 140, MOST = 127 * 4000 };
    struct bm_flash big;
    struct bm_flash_ram big_ram;
    nvs_handle_t h = 0;
    uint8_t *cells = malloc(MANY * ESPIDF_PAGE);
    uint8_t *blob = calloc(1, MOST + 1);
    assert_true(cells != NULL && blob != NULL);
    memset(cells, 0xff, MANY * ESPIDF_PAGE);
    assert_int_equal(bm_flash_ram_init(&big, &big_ram, cells, (uint32_t)(MANY * ESPIDF_PAGE)),
                     BM_OK);
    assert_int_equal(bm_espidf_attach_flash("big", &big), BM_OK);
    assert_int_equal(nvs_flash_init_partition("big"), ESP_OK);
    assert_int_equal(nvs_open_from_partition("big", "app", NVS_READWRITE, &h), ESP_OK);
    assert_int_equal(nvs_set_blob(h, "b", blob, MOST + 1), ESP_ERR_NVS_VALUE_TOO_LONG);
    assert_int_equal(nvs_set_blob(h, "b", blob, MOST - 4000), ESP_OK);
    assert_int_equal(bm_espidf_detach("big"), BM_OK);
    free(cells);
    free(blob);
}

static void test_full(void **state)
{
    (void)state;
    const nvs_handle_t h = espidf_open("app", NVS_READWRITE);
    char key[16];
    esp_err_t err = ESP_OK;
    uint32_t n = 0;
    for (; err == ESP_OK; n++) {
        (void)snprintf(key, sizeof key, "k%u", (unsigned)n);
        err = nvs_set_u32(h, key, n);
    }
    assert_int_equal(err, ESP_ERR_NVS_NOT_ENOUGH_SPACE);
    assert_true(n - 1 >= (ESPIDF_PAGES - 1) * 126 - 2);
    /* A full partition keeps what it has, over a restart, too; erasing makes room. */
    espidf_restart();
    const nvs_handle_t again = espidf_open("app", NVS_READWRITE);
    uint32_t v = 0;
    for (uint32_t i = 0; i < n - 1; i++) {
        (void)snprintf(key, sizeof key, "k%u", (unsigned)i);
        assert_true(nvs_get_u32(again, key, &v) == ESP_OK && v == i);
    }
    assert_int_equal(nvs_erase_key(again, "k0"), ESP_OK);
    assert_int_equal(nvs_erase_key(again, "k1"), ESP_OK);
    assert_int_equal(nvs_set_u32(again, "new", 1), ESP_OK);
}

/* One value that does not fit leaves the old one. */
static void test_no_space_keeps_the_old_value(void **state)
{
    (void)state;
    static uint8_t big[(ESPIDF_PAGES - 1) * 2000];
    const nvs_handle_t h = espidf_open("app", NVS_READWRITE);
    memset(big, 1, sizeof big);
    assert_int_equal(nvs_set_blob(h, "b", big, sizeof big), ESP_OK);
    memset(big, 2, sizeof big);
    big[0] = 3;
    assert_int_equal(nvs_set_blob(h, "c", big, sizeof big), ESP_ERR_NVS_NOT_ENOUGH_SPACE);
    assert_int_equal(nvs_set_blob(h, "b", big, sizeof big), ESP_ERR_NVS_NOT_ENOUGH_SPACE);
    size_t len = sizeof big;
    assert_int_equal(nvs_get_blob(h, "b", big, &len), ESP_OK);
    assert_true(len == sizeof big && big[0] == 1 && big[len - 1] == 1);
    assert_int_equal(espidf_count(h), 1);
}

static int in_flash(const char *text)
{
    const size_t len = strlen(text);
    for (size_t i = 0; i + len <= sizeof espidf_mem; i++) {
        if (memcmp(espidf_mem + i, text, len) == 0) {
            return 1;
        }
    }
    return 0;
}

static void test_purging(void **state)
{
    (void)state;
    const nvs_handle_t plain = espidf_open("app", NVS_READWRITE);
    const nvs_handle_t purging = espidf_open("app", NVS_READWRITE_PURGE);
    assert_int_equal(nvs_set_str(plain, "a", "SECRET-A"), ESP_OK);
    assert_int_equal(nvs_set_str(plain, "b", "SECRET-B"), ESP_OK);
    assert_int_equal(nvs_set_str(plain, "c", "SECRET-C"), ESP_OK);
    assert_int_equal(nvs_erase_key(plain, "a"), ESP_OK);
    assert_true(in_flash("SECRET-A"));
    assert_int_equal(nvs_set_str(purging, "b", "other"), ESP_OK);
    assert_false(in_flash("SECRET-B"));
    assert_int_equal(nvs_erase_key(plain, "c"), ESP_OK); /* the other handle's mode is its own */
    assert_true(in_flash("SECRET-C"));
    assert_int_equal(nvs_purge_all(plain), ESP_OK);
    assert_false(in_flash("SECRET-"));
    char text[8];
    size_t len = sizeof text;
    assert_int_equal(nvs_get_str(plain, "b", text, &len), ESP_OK);
    assert_string_equal(text, "other");
}

/* After a failed write every key is still there, and the partition goes on. */
static void test_flash_failures(void **state)
{
    (void)state;
    const nvs_handle_t h = espidf_open("app", NVS_READWRITE);
    uint32_t v = 0;
    assert_int_equal(nvs_set_u32(h, "a", 1), ESP_OK);
    assert_int_equal(nvs_set_u32(h, "b", 1), ESP_OK);
    for (unsigned at = 1; at <= 3; at++) {
        espidf_ram.fail_at = espidf_ram.ops + at;
        assert_int_equal(nvs_set_u32(h, "a", 100 + at), ESP_ERR_FLASH_OP_FAIL);
        espidf_ram.fail_at = 0;
        assert_true(nvs_get_u32(h, "b", &v) == ESP_OK && v == 1);
        assert_int_equal(nvs_get_u32(h, "a", &v), ESP_OK);
        assert_true(v == 1 || v == 100 + at);
        assert_int_equal(nvs_set_u32(h, "a", 1), ESP_OK);
    }
    nvs_stats_t stats;
    assert_int_equal(nvs_get_stats(NULL, &stats), ESP_OK);
    assert_int_equal(stats.used_entries, 3);
}

static void test_stats(void **state)
{
    (void)state;
    nvs_stats_t s;
    assert_int_equal(nvs_flash_init(), ESP_OK);
    assert_int_equal(nvs_get_stats("nvs", &s), ESP_OK);
    assert_int_equal(s.used_entries, 0);
    assert_int_equal(s.free_entries, ESPIDF_PAGES * 126);
    const nvs_handle_t h = espidf_open("app", NVS_READWRITE);
    assert_int_equal(nvs_set_u8(h, "k", 1), ESP_OK);
    assert_int_equal(nvs_set_u8(h, "k", 2), ESP_OK);
    assert_int_equal(nvs_set_str(h, "s", "a string of 33 bytes, NUL inside"), ESP_OK);
    assert_int_equal(nvs_set_blob(h, "b", "x", 1), ESP_OK);
    assert_int_equal(nvs_get_stats("nvs", &s), ESP_OK);
    assert_int_equal(s.used_entries, 1 + 1 + 3 + 3);
    assert_int_equal(s.total_entries, ESPIDF_PAGES * 126);
    assert_int_equal(s.free_entries, ESPIDF_PAGES * 126 - 8);
    assert_int_equal(s.available_entries, (ESPIDF_PAGES - 1) * 126 - 8);
    assert_int_equal(s.namespace_count, 1);
    size_t used = 0;
    assert_int_equal(nvs_get_used_entry_count(h, &used), ESP_OK);
    assert_int_equal(used, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ESPIDF_CASE(test_every_type),
        ESPIDF_CASE(test_codes_of_handles),
        ESPIDF_CASE(test_codes_of_arguments),
        ESPIDF_CASE(test_erasing_while_iterating),
        ESPIDF_CASE(test_namespaces),
        ESPIDF_CASE(test_erase_all_spares_the_neighbours),
        ESPIDF_CASE(test_lengths),
        ESPIDF_CASE(test_longest_blob),
        ESPIDF_CASE(test_full),
        ESPIDF_CASE(test_no_space_keeps_the_old_value),
        ESPIDF_CASE(test_purging),
        ESPIDF_CASE(test_flash_failures),
        ESPIDF_CASE(test_stats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
