/* SPDX-License-Identifier: Apache-2.0 */

/* The writing side of ESP-IDF's API: every call, and the code of each situation. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

#include <cmocka.h>
#include <math.h>

#include "birthmark/espidf.h"
#include "harness/image.h"
#include "nvs/fmt.h"
#include "nvs_flash.h"

enum { PAGES = 6 };
#define PAGE ((size_t)4096)

static uint8_t mem[PAGES * PAGE];
static struct bm_flash flash;
static struct bm_flash_ram ram;

static void attach_pages(unsigned pages)
{
    memset(mem, 0xff, sizeof mem);
    assert_int_equal(bm_flash_ram_init(&flash, &ram, mem, (uint32_t)(pages * PAGE)), BM_OK);
    assert_int_equal(bm_espidf_attach_flash("nvs", &flash), BM_OK);
}

static int attach(void **state)
{
    (void)state;
    attach_pages(PAGES);
    return 0;
}

static int detach(void **state)
{
    (void)state;
    assert_int_equal(bm_espidf_detach("nvs"), BM_OK);
    return 0;
}

static nvs_handle_t open_as(const char *name, nvs_open_mode_t mode)
{
    nvs_handle_t h = 0;
    assert_int_equal(nvs_flash_init(), ESP_OK);
    assert_int_equal(nvs_open(name, mode, &h), ESP_OK);
    return h;
}

static void restart(void)
{
    assert_int_equal(nvs_flash_deinit(), ESP_OK);
    assert_int_equal(nvs_flash_init(), ESP_OK);
}

static void test_every_type(void **state)
{
    (void)state;
    nvs_handle_t h = open_as("app", NVS_READWRITE);
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
    restart();
    assert_int_equal(nvs_commit(h), ESP_ERR_NVS_INVALID_HANDLE);
    h = open_as("app", NVS_READONLY);
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
    const nvs_handle_t rw = open_as("app", NVS_READWRITE);
    const nvs_handle_t ro = open_as("app", NVS_READONLY);
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
    const nvs_handle_t h = open_as("app", NVS_READWRITE);
    const uint64_t ops = ram.ops;
    expect_all(h, NULL, ESP_ERR_INVALID_ARG);
    expect_all(h, "sixteen_bytes_16", ESP_ERR_NVS_KEY_TOO_LONG);
    expect_sets(h, "", ESP_ERR_NVS_INVALID_NAME);
    assert_int_equal(nvs_erase_key(h, ""), ESP_ERR_NVS_NOT_FOUND);
    assert_int_equal(nvs_set_str(h, "k", NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_set_blob(h, "k", NULL, 1), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_set_float(h, "k", NAN), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_set_double(h, "k", NAN), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_erase_key(h, "absent"), ESP_ERR_NVS_NOT_FOUND);
    assert_true(ram.ops == ops);
    assert_int_equal(nvs_set_float(h, "inf", INFINITY), ESP_OK);
    assert_int_equal(nvs_set_blob(h, "empty", NULL, 0), ESP_OK);
    size_t len = 9;
    assert_int_equal(nvs_get_blob(h, "empty", NULL, &len), ESP_OK);
    assert_int_equal(len, 0);
    assert_int_equal(nvs_erase_key(h, "empty"), ESP_OK);
    assert_int_equal(nvs_erase_key(h, "empty"), ESP_ERR_NVS_NOT_FOUND);
}

/* The real library's get, find and erase act on the first 15 characters of a longer key. */
static void test_over_long_names_touch_nothing(void **state)
{
    (void)state;
    const char *key = "fifteen_bytes_x";
    const nvs_handle_t h = open_as("fifteen_bytes_n", NVS_READWRITE);
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
        test_image_blank(&img, PAGES);
        test_page(&img, 0, BMI_PAGE_ACTIVE, 0);
        test_entry(&img, &space);
        test_entry(&img, &value);
        memcpy(mem, img.data, sizeof mem);
        test_image_free(&img);
        const nvs_handle_t h = open_as("app", NVS_READWRITE);
        assert_true(nvs_get_u8(h, "", &v) == ESP_OK && v == 7);
        assert_int_equal(all ? nvs_erase_all(h) : nvs_erase_key(h, ""), ESP_OK);
        assert_int_equal(nvs_get_u8(h, "", &v), ESP_ERR_NVS_NOT_FOUND);
        assert_int_equal(nvs_flash_deinit(), ESP_OK);
    }
}

static unsigned count(nvs_handle_t h)
{
    unsigned n = 0;
    nvs_iterator_t it = NULL;
    esp_err_t err = nvs_entry_find_in_handle(h, NVS_TYPE_ANY, &it);
    for (; err == ESP_OK; n++) {
        err = nvs_entry_next(&it);
    }
    assert_int_equal(err, ESP_ERR_NVS_NOT_FOUND);
    return n;
}

static void test_a_change_of_type_leaves_one(void **state)
{
    (void)state;
    const nvs_handle_t h = open_as("app", NVS_READWRITE);
    nvs_type_t type = NVS_TYPE_ANY;
    uint8_t v = 42;
    char text[8];
    size_t len = sizeof text;
    assert_int_equal(nvs_set_u8(h, "k", 1), ESP_OK);
    assert_int_equal(nvs_set_str(h, "k", "now"), ESP_OK);
    assert_int_equal(nvs_get_u8(h, "k", &v), ESP_ERR_NVS_NOT_FOUND);
    assert_int_equal(v, 42);
    assert_int_equal(count(h), 1);
    restart();
    nvs_handle_t again = open_as("app", NVS_READWRITE);
    assert_int_equal(nvs_get_str(again, "k", text, &len), ESP_OK);
    assert_string_equal(text, "now");
    assert_int_equal(nvs_set_blob(again, "k", "b", 1), ESP_OK);
    assert_int_equal(nvs_set_i64(again, "k", -1), ESP_OK);
    assert_int_equal(nvs_find_key(again, "k", &type), ESP_OK);
    assert_int_equal(type, NVS_TYPE_I64);
    assert_int_equal(count(again), 1);
    assert_int_equal(nvs_erase_key(again, "k"), ESP_OK);
    assert_int_equal(count(again), 0);
}

/* The real library takes these two for one key at the next start, for their hashes have the same 24
 * bits, and erases the first. */
static void test_colliding_keys_stay(void **state)
{
    (void)state;
    uint8_t v = 0;
    nvs_handle_t h = open_as("app", NVS_READWRITE);
    assert_int_equal(nvs_set_u8(h, "host_id", 1), ESP_OK);
    assert_int_equal(nvs_set_u8(h, "name_zone1", 2), ESP_OK);
    restart();
    h = open_as("app", NVS_READWRITE);
    assert_true(nvs_get_u8(h, "host_id", &v) == ESP_OK && v == 1);
    assert_true(nvs_get_u8(h, "name_zone1", &v) == ESP_OK && v == 2);
    assert_int_equal(nvs_set_u8(h, "new", 3), ESP_OK);
    assert_int_equal(count(h), 3);
}

/* A loop that erases what it meets: nothing is met twice or passed over. */
static void test_erasing_while_iterating(void **state)
{
    (void)state;
    const nvs_handle_t h = open_as("app", NVS_READWRITE);
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
    assert_int_equal(count(h), 100);
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
    restart();
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
    const nvs_handle_t a = open_as("a", NVS_READWRITE);
    const nvs_handle_t b = open_as("b", NVS_READWRITE);
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
    assert_int_equal(count(a), 0);
    assert_int_equal(count(b), 2);
    assert_int_equal(nvs_erase_all(a), ESP_OK);
}

static void test_lengths(void **state)
{
    (void)state;
    static char text[4001];
    static uint8_t blob[PAGES * PAGE];
    const nvs_handle_t h = open_as("app", NVS_READWRITE);
    memset(text, 'x', 4000);
    assert_int_equal(nvs_set_str(h, "s", text), ESP_ERR_NVS_VALUE_TOO_LONG);
    text[3999] = '\0';
    assert_int_equal(nvs_set_str(h, "s", text), ESP_OK);
    assert_int_equal(nvs_erase_key(h, "s"), ESP_OK);
    assert_int_equal(nvs_set_blob(h, "b", blob, (size_t)(PAGES - 1) * 4000 + 1),
                     ESP_ERR_NVS_VALUE_TOO_LONG);
    assert_int_equal(nvs_set_blob(h, "b", blob, (size_t)(PAGES - 1) * 4000),
                     ESP_ERR_NVS_NOT_ENOUGH_SPACE);
    assert_int_equal(nvs_set_blob(h, "b", blob, (size_t)(PAGES - 2) * 4000), ESP_OK);
    assert_int_equal(nvs_set_blob(h, "b", blob, SIZE_MAX), ESP_ERR_NVS_VALUE_TOO_LONG);
    size_t len = 0;
    assert_int_equal(nvs_get_blob(h, "b", NULL, &len), ESP_OK);
    assert_int_equal(len, (size_t)(PAGES - 2) * 4000);
}

/* In a partition with more than 127 pages for data it is the number of chunks that ends a blob. */
static void test_longest_blob(void **state)
{
    (void)state;
    enum { MANY = 140, MOST = 127 * 4000 };
    struct bm_flash big;
    struct bm_flash_ram big_ram;
    nvs_handle_t h = 0;
    uint8_t *cells = malloc(MANY * PAGE);
    uint8_t *blob = calloc(1, MOST + 1);
    assert_true(cells != NULL && blob != NULL);
    memset(cells, 0xff, MANY * PAGE);
    assert_int_equal(bm_flash_ram_init(&big, &big_ram, cells, (uint32_t)(MANY * PAGE)), BM_OK);
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
    const nvs_handle_t h = open_as("app", NVS_READWRITE);
    char key[16];
    esp_err_t err = ESP_OK;
    uint32_t n = 0;
    for (; err == ESP_OK; n++) {
        (void)snprintf(key, sizeof key, "k%u", (unsigned)n);
        err = nvs_set_u32(h, key, n);
    }
    assert_int_equal(err, ESP_ERR_NVS_NOT_ENOUGH_SPACE);
    assert_true(n - 1 >= (PAGES - 1) * 126 - 2);
    /* A full partition keeps what it has, over a restart, too; erasing makes room. */
    restart();
    const nvs_handle_t again = open_as("app", NVS_READWRITE);
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
    static uint8_t big[(PAGES - 1) * 2000];
    const nvs_handle_t h = open_as("app", NVS_READWRITE);
    memset(big, 1, sizeof big);
    assert_int_equal(nvs_set_blob(h, "b", big, sizeof big), ESP_OK);
    memset(big, 2, sizeof big);
    big[0] = 3;
    assert_int_equal(nvs_set_blob(h, "c", big, sizeof big), ESP_ERR_NVS_NOT_ENOUGH_SPACE);
    assert_int_equal(nvs_set_blob(h, "b", big, sizeof big), ESP_ERR_NVS_NOT_ENOUGH_SPACE);
    size_t len = sizeof big;
    assert_int_equal(nvs_get_blob(h, "b", big, &len), ESP_OK);
    assert_true(len == sizeof big && big[0] == 1 && big[len - 1] == 1);
    assert_int_equal(count(h), 1);
}

static void test_equal_values_are_not_written(void **state)
{
    (void)state;
    static uint8_t big[6000];
    const nvs_handle_t h = open_as("app", NVS_READWRITE);
    assert_int_equal(nvs_set_blob(h, "big", big, sizeof big), ESP_OK);
    assert_int_equal(nvs_set_blob(h, "none", NULL, 0), ESP_OK);
    assert_int_equal(nvs_set_float(h, "zero", 0.0F), ESP_OK);
    const uint64_t ops = ram.ops;
    assert_int_equal(nvs_set_blob(h, "big", big, sizeof big), ESP_OK);
    assert_int_equal(nvs_set_blob(h, "none", NULL, 0), ESP_OK);
    assert_int_equal(nvs_set_float(h, "zero", 0.0F), ESP_OK);
    assert_true(ram.ops == ops);
    assert_int_equal(nvs_set_float(h, "zero", -0.0F), ESP_OK); /* other bits */
    assert_true(ram.ops > ops);
}

static int in_flash(const char *text)
{
    const size_t len = strlen(text);
    for (size_t i = 0; i + len <= sizeof mem; i++) {
        if (memcmp(mem + i, text, len) == 0) {
            return 1;
        }
    }
    return 0;
}

static void test_purging(void **state)
{
    (void)state;
    const nvs_handle_t plain = open_as("app", NVS_READWRITE);
    const nvs_handle_t purging = open_as("app", NVS_READWRITE_PURGE);
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

static void test_erase(void **state)
{
    (void)state;
    const nvs_handle_t h = open_as("app", NVS_READWRITE);
    nvs_handle_t other = 0;
    assert_int_equal(nvs_set_u8(h, "k", 1), ESP_OK);
    assert_int_equal(nvs_flash_erase(), ESP_OK);
    assert_int_equal(nvs_set_u8(h, "k", 1), ESP_ERR_NVS_INVALID_HANDLE);
    assert_int_equal(nvs_open("app", NVS_READWRITE, &other), ESP_ERR_NVS_NOT_INITIALIZED);
    for (size_t i = 0; i < sizeof mem; i++) {
        assert_int_equal(mem[i], 0xff);
    }
    assert_int_equal(nvs_flash_init(), ESP_OK);
    assert_int_equal(nvs_open("app", NVS_READONLY, &other), ESP_ERR_NVS_NOT_FOUND);
    assert_int_equal(nvs_flash_deinit(), ESP_OK);
    assert_int_equal(nvs_flash_erase(), ESP_OK);
    assert_int_equal(nvs_flash_erase_partition("nvs"), ESP_OK);
    assert_int_equal(nvs_flash_erase_partition("absent"), ESP_ERR_NOT_FOUND);
    assert_int_equal(nvs_flash_erase_partition(NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_flash_erase_partition_ptr(NULL), ESP_ERR_INVALID_ARG);
    ram.fail_at = ram.ops + 1;
    assert_int_equal(nvs_flash_erase(), ESP_ERR_FLASH_OP_FAIL);
}

static void test_read_only_partition(void **state)
{
    (void)state;
    struct bm_flash view;
    nvs_handle_t h = open_as("app", NVS_READWRITE);
    uint8_t v = 0;
    assert_int_equal(nvs_set_u8(h, "k", 5), ESP_OK);
    assert_int_equal(bm_flash_view(&view, mem, sizeof mem), BM_OK);
    assert_int_equal(bm_espidf_attach_flash("ro", &view), BM_OK);
    assert_int_equal(nvs_flash_init_partition("ro"), ESP_OK);
    assert_int_equal(nvs_open_from_partition("ro", "app", NVS_READWRITE, &h), ESP_ERR_NOT_ALLOWED);
    assert_int_equal(nvs_open_from_partition("ro", "x", NVS_READWRITE_PURGE, &h),
                     ESP_ERR_NOT_ALLOWED);
    assert_int_equal(nvs_open_from_partition("ro", "x", NVS_READONLY, &h), ESP_ERR_NVS_NOT_FOUND);
    assert_int_equal(nvs_open_from_partition("ro", "app", NVS_READONLY, &h), ESP_OK);
    assert_true(nvs_get_u8(h, "k", &v) == ESP_OK && v == 5);
    assert_int_equal(nvs_flash_erase_partition("ro"), ESP_ERR_NOT_ALLOWED);
    assert_int_equal(bm_espidf_detach("ro"), BM_OK);
}

/* After a failed write every key is still there, and the partition goes on. */
static void test_flash_failures(void **state)
{
    (void)state;
    const nvs_handle_t h = open_as("app", NVS_READWRITE);
    uint32_t v = 0;
    assert_int_equal(nvs_set_u32(h, "a", 1), ESP_OK);
    assert_int_equal(nvs_set_u32(h, "b", 1), ESP_OK);
    for (unsigned at = 1; at <= 3; at++) {
        ram.fail_at = ram.ops + at;
        assert_int_equal(nvs_set_u32(h, "a", 100 + at), ESP_ERR_FLASH_OP_FAIL);
        ram.fail_at = 0;
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
    assert_int_equal(s.free_entries, PAGES * 126);
    const nvs_handle_t h = open_as("app", NVS_READWRITE);
    assert_int_equal(nvs_set_u8(h, "k", 1), ESP_OK);
    assert_int_equal(nvs_set_u8(h, "k", 2), ESP_OK);
    assert_int_equal(nvs_set_str(h, "s", "a string of 33 bytes, NUL inside"), ESP_OK);
    assert_int_equal(nvs_set_blob(h, "b", "x", 1), ESP_OK);
    assert_int_equal(nvs_get_stats("nvs", &s), ESP_OK);
    assert_int_equal(s.used_entries, 1 + 1 + 3 + 3);
    assert_int_equal(s.total_entries, PAGES * 126);
    assert_int_equal(s.free_entries, PAGES * 126 - 8);
    assert_int_equal(s.available_entries, (PAGES - 1) * 126 - 8);
    assert_int_equal(s.namespace_count, 1);
    size_t used = 0;
    assert_int_equal(nvs_get_used_entry_count(h, &used), ESP_OK);
    assert_int_equal(used, 7);
}

static void test_partition_pointers(void **state)
{
    (void)state;
    esp_partition_t part = {0};
    nvs_handle_t h = 0;
    uint8_t v = 0;
    assert_int_equal(nvs_flash_init_partition_ptr(NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_flash_init_partition_ptr(&part), ESP_ERR_INVALID_ARG);
    part.flash_chip = &flash;
    part.address = 2 * PAGE;
    part.size = 3 * PAGE;
    assert_int_equal(nvs_flash_init_partition_ptr(&part), ESP_ERR_INVALID_ARG); /* no label */
    memset(part.label, 'x', sizeof part.label - 1);
    assert_int_equal(nvs_flash_init_partition_ptr(&part), ESP_ERR_INVALID_ARG);
    (void)snprintf(part.label, sizeof part.label, "nvs");
    assert_int_equal(nvs_flash_init_partition_ptr(&part), ESP_ERR_INVALID_ARG); /* another's */
    (void)snprintf(part.label, sizeof part.label, "inner");
    part.size = 5 * PAGE;
    assert_int_equal(nvs_flash_init_partition_ptr(&part), ESP_ERR_INVALID_ARG);
    part.size = 3 * PAGE;
    assert_int_equal(nvs_flash_init_partition_ptr(&part), ESP_OK);
    assert_int_equal(nvs_flash_init_partition_ptr(&part), ESP_OK);
    assert_int_equal(nvs_open_from_partition("inner", "app", NVS_READWRITE, &h), ESP_OK);
    assert_int_equal(nvs_set_u8(h, "k", 3), ESP_OK);
    assert_true(nvs_get_u8(h, "k", &v) == ESP_OK && v == 3);
    assert_int_equal(mem[0], 0xff);
    assert_int_not_equal(mem[2 * PAGE], 0xff);
    assert_null(
        esp_partition_find_first(ESP_PARTITION_TYPE_ANY, ESP_PARTITION_SUBTYPE_ANY, "inner"));
    assert_int_equal(nvs_flash_deinit_partition("inner"), ESP_OK);
    assert_int_equal(nvs_flash_init_partition("inner"), ESP_ERR_NOT_FOUND);
    part.readonly = true;
    assert_int_equal(nvs_flash_init_partition_ptr(&part), ESP_OK);
    assert_int_equal(nvs_open_from_partition("inner", "app", NVS_READWRITE, &h),
                     ESP_ERR_NOT_ALLOWED);
    assert_int_equal(nvs_flash_erase_partition_ptr(&part), ESP_ERR_NOT_ALLOWED);
    part.readonly = false;
    assert_int_equal(nvs_flash_erase_partition_ptr(&part), ESP_OK);
    assert_int_equal(mem[2 * PAGE], 0xff);
    part.size = 100;
    assert_int_equal(nvs_flash_erase_partition_ptr(&part), ESP_ERR_INVALID_SIZE);
    assert_int_equal(nvs_flash_init_partition_ptr(&part), ESP_ERR_INVALID_SIZE);
    assert_int_equal(nvs_flash_deinit_partition("inner"), ESP_ERR_NVS_NOT_INITIALIZED);
}

static void test_find_partitions(void **state)
{
    (void)state;
    const esp_partition_t *nvs =
        esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_NVS, NULL);
    assert_non_null(nvs);
    assert_string_equal(nvs->label, "nvs");
    assert_int_equal(nvs->size, sizeof mem);
    assert_false(nvs->readonly);
    assert_null(esp_partition_find_first(ESP_PARTITION_TYPE_APP, ESP_PARTITION_SUBTYPE_ANY, NULL));
    assert_null(esp_partition_find_first(ESP_PARTITION_TYPE_DATA,
                                         ESP_PARTITION_SUBTYPE_DATA_NVS_KEYS, NULL));
    const esp_partition_t copy = *nvs;
    assert_int_equal(nvs_flash_init_partition_ptr(nvs), ESP_OK);
    assert_int_equal(nvs_flash_init_partition_ptr(&copy), ESP_OK);
    (void)open_as("app", NVS_READWRITE);
    assert_int_equal(nvs_flash_erase_partition_ptr(nvs), ESP_OK);
    assert_int_equal(nvs_flash_deinit(), ESP_ERR_NVS_NOT_INITIALIZED);
}

static void page_header(unsigned page, uint32_t state, uint32_t seq, uint8_t version)
{
    bmi_header_put(mem + page * PAGE, state, seq, version);
}

/* "erase and init again" is what programs do at two codes: neither is given for readable data. */
static void test_the_erase_trap(void **state)
{
    (void)state;
    nvs_handle_t h = open_as("app", NVS_READWRITE);
    uint8_t v = 0;
    assert_int_equal(nvs_set_u8(h, "id", 9), ESP_OK);
    assert_int_equal(nvs_flash_deinit(), ESP_OK);
    for (unsigned page = 1; page < PAGES; page++) { /* no page is free */
        page_header(page, BMI_PAGE_FULL, page, BMI_VERSION_2);
    }
    h = open_as("app", NVS_READONLY);
    assert_true(nvs_get_u8(h, "id", &v) == ESP_OK && v == 9);
    assert_int_equal(nvs_flash_deinit(), ESP_OK);
    memset(mem + PAGE, 0xff, PAGE);
    page_header(1, BMI_PAGE_ACTIVE, 7, 0xfd);
    assert_int_equal(nvs_flash_init(), ESP_ERR_INVALID_VERSION);
    memset(mem, 0xff, sizeof mem);
    page_header(1, BMI_PAGE_ACTIVE, 7, 0xfd);
    assert_int_equal(nvs_flash_init(), ESP_ERR_NVS_NEW_VERSION_FOUND);
}

/* One page has no room for a collection; what was written stays readable. */
static void test_tiny_partitions(void **state)
{
    (void)state;
    for (unsigned pages = 1; pages <= 2; pages++) {
        nvs_handle_t h = 0;
        assert_int_equal(bm_espidf_detach("nvs"), BM_OK);
        attach_pages(pages);
        assert_int_equal(nvs_flash_init(), ESP_OK);
        const esp_err_t err = nvs_open("app", NVS_READWRITE, &h);
        if (pages == 1) {
            assert_int_equal(err, ESP_ERR_NVS_NOT_ENOUGH_SPACE);
            continue;
        }
        assert_int_equal(err, ESP_OK);
        for (unsigned i = 0; i < 500; i++) {
            assert_int_equal(nvs_set_u32(h, "k", i), ESP_OK);
        }
        restart();
    }
}

static const char file_name[] = "test_espidf_write.bin";

static void make_file(size_t size)
{
    FILE *f = fopen(file_name, "wb");
    assert_non_null(f);
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(fputc(0xff, f), 0xff);
    }
    assert_int_equal(fclose(f), 0);
}

/* The file changes in place; mounting and reading leave it alone. */
static void test_file(void **state)
{
    (void)state;
    nvs_handle_t h = 0;
    uint8_t v = 0;
    make_file(3 * PAGE);
    assert_int_equal(bm_espidf_attach("file", file_name), BM_OK);
    assert_int_equal(nvs_flash_init_partition("file"), ESP_OK);
    assert_int_equal(nvs_open_from_partition("file", "app", NVS_READWRITE, &h), ESP_OK);
    for (unsigned i = 0; i < 600; i++) {
        assert_int_equal(nvs_set_u8(h, "k", (uint8_t)i), ESP_OK);
    }
    /* It is in the file now, with the partition still in use. */
    assert_int_equal(bm_espidf_attach_readonly("second", file_name), BM_OK);
    assert_int_equal(nvs_flash_init_partition("second"), ESP_OK);
    assert_int_equal(nvs_open_from_partition("second", "app", NVS_READWRITE, &h),
                     ESP_ERR_NOT_ALLOWED);
    assert_int_equal(nvs_open_from_partition("second", "app", NVS_READONLY, &h), ESP_OK);
    assert_true(nvs_get_u8(h, "k", &v) == ESP_OK && v == (uint8_t)599);
    assert_int_equal(bm_espidf_detach("second"), BM_OK);
    assert_int_equal(nvs_flash_erase_partition("file"), ESP_OK);
    assert_int_equal(bm_espidf_detach("file"), BM_OK);
    FILE *f = fopen(file_name, "rb");
    assert_non_null(f);
    long n = 0;
    for (int c = fgetc(f); c != EOF; c = fgetc(f), n++) {
        assert_int_equal(c, 0xff);
    }
    assert_int_equal(n, 3 * PAGE);
    (void)fclose(f);
    assert_int_equal(remove(file_name), 0);
}

static void test_file_region(void **state)
{
    (void)state;
    struct bm_flash region;
    struct bm_flash_file file;
    static uint8_t out[PAGE];
    static uint8_t in[600];
    make_file(2 * PAGE);
    assert_int_equal(bm_flash_file_open_rw(&region, &file, NULL), BM_E_ARG);
    assert_int_equal(bm_flash_file_open_rw(&region, &file, "no/such/file"), BM_E_IO);
    assert_int_equal(bm_flash_file_open_rw(&region, &file, file_name), BM_OK);
    assert_int_equal(region.size, 2 * PAGE);
    memset(in, 0xf0, sizeof in);
    assert_int_equal(region.ops->prog(region.ctx, 100, in, sizeof in), BM_OK);
    memset(in, 0x3c, sizeof in);
    assert_int_equal(region.ops->prog(region.ctx, 100, in, sizeof in), BM_OK);
    assert_int_equal(region.ops->read(region.ctx, 0, out, sizeof out), BM_OK);
    assert_int_equal(out[99], 0xff);
    assert_int_equal(out[100], 0x30);
    assert_int_equal(out[699], 0x30);
    assert_int_equal(out[700], 0xff);
    assert_int_equal(region.ops->prog(region.ctx, 2 * PAGE - 1, in, 2), BM_E_IO);
    assert_int_equal(region.ops->erase(region.ctx, 0, 2 * PAGE + PAGE), BM_E_IO);
    assert_int_equal(region.ops->erase(region.ctx, 1, PAGE), BM_E_IO);
    assert_int_equal(region.ops->erase(region.ctx, 0, PAGE), BM_OK);
    assert_int_equal(region.ops->read(region.ctx, 100, out, 600), BM_OK);
    assert_int_equal(out[0], 0xff);
    bm_flash_file_close(&file);
    bm_flash_file_close(&file);
    assert_int_equal(bm_flash_file_open(&region, &file, file_name), BM_OK);
    assert_null(region.ops->prog);
    bm_flash_file_close(&file);
    assert_int_equal(remove(file_name), 0);
}

struct worker {
    int id;
    int failures;
};

/* Each in its own namespace, some keys in a shared one. */
static int work(void *arg)
{
    struct worker *w = arg;
    char name[16];
    nvs_handle_t own = 0;
    nvs_handle_t shared = 0;
    (void)snprintf(name, sizeof name, "w%d", w->id);
    w->failures += nvs_open(name, NVS_READWRITE, &own) != ESP_OK;
    w->failures += nvs_open("shared", NVS_READWRITE_PURGE, &shared) != ESP_OK;
    for (uint32_t i = 0; i < 300; i++) {
        uint32_t v = 0;
        char text[16];
        w->failures += nvs_set_u32(own, "n", i) != ESP_OK;
        w->failures += nvs_get_u32(own, "n", &v) != ESP_OK || v != i;
        (void)snprintf(text, sizeof text, "%u", (unsigned)i);
        w->failures += nvs_set_str(shared, name, text) != ESP_OK;
        size_t len = sizeof text;
        w->failures +=
            nvs_get_str(shared, name, text, &len) != ESP_OK || strtoul(text, NULL, 10) != i;
        w->failures += nvs_commit(own) != ESP_OK;
    }
    w->failures += nvs_erase_key(own, "n") != ESP_OK;
    nvs_close(own);
    nvs_close(shared);
    return 0;
}

static void test_threads(void **state)
{
    (void)state;
    enum { COUNT = 4 };
    struct worker workers[COUNT];
    thrd_t threads[COUNT];
    assert_int_equal(nvs_flash_init(), ESP_OK);
    for (int i = 0; i < COUNT; i++) {
        workers[i] = (struct worker){i, 0};
        assert_int_equal(thrd_create(&threads[i], work, &workers[i]), thrd_success);
    }
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(thrd_join(threads[i], NULL), thrd_success);
        assert_int_equal(workers[i].failures, 0);
    }
    assert_int_equal(count(open_as("shared", NVS_READONLY)), COUNT);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, attach, detach)
    const struct CMUnitTest tests[] = {
        CASE(test_every_type),
        CASE(test_codes_of_handles),
        CASE(test_codes_of_arguments),
        CASE(test_over_long_names_touch_nothing),
        CASE(test_empty_keys_can_go),
        CASE(test_a_change_of_type_leaves_one),
        CASE(test_colliding_keys_stay),
        CASE(test_erasing_while_iterating),
        CASE(test_namespaces),
        CASE(test_erase_all_spares_the_neighbours),
        CASE(test_lengths),
        CASE(test_longest_blob),
        CASE(test_full),
        CASE(test_no_space_keeps_the_old_value),
        CASE(test_equal_values_are_not_written),
        CASE(test_purging),
        CASE(test_erase),
        CASE(test_read_only_partition),
        CASE(test_flash_failures),
        CASE(test_stats),
        CASE(test_partition_pointers),
        CASE(test_find_partitions),
        CASE(test_the_erase_trap),
        CASE(test_tiny_partitions),
        CASE(test_file),
        CASE(test_file_region),
        CASE(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
