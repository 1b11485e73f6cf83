/* SPDX-License-Identifier: Apache-2.0 */

/* The store on images built by hand: what interrupted writes and damage leave, and which value a
 * reader gets from them. Each case runs without and with an index. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/le.h"
#include "harness/image.h"
#include "nvs/fmt.h"

static const uint8_t none = BMI_CHUNK_NONE;

static struct test_image img;

static void put_u8(unsigned page, unsigned entry, uint8_t ns, const char *key, uint8_t value)
{
    const struct test_entry e = {page, entry, ns, BM_NVS_U8, none, key, &value, 1};
    test_entry(&img, &e);
}

static void put_data(unsigned page, unsigned entry, uint8_t type, uint8_t chunk, const char *key,
                     const char *data)
{
    const struct test_entry e = {page, entry, 1, type, chunk, key, data, (uint32_t)strlen(data)};
    test_entry(&img, &e);
}

static void put_index(unsigned page, unsigned entry, const char *key, uint32_t size, uint8_t count,
                      uint8_t start)
{
    uint8_t data[8] = {0, 0, 0, 0, count, start, 0xff, 0xff};
    bm_put_le32(data, size);
    const struct test_entry e = {page, entry, 1, BMI_TYPE_BLOB_IDX, none, key, data, 8};
    test_entry(&img, &e);
}

/* Three pages, the first in use, with namespace "ns" = 1. */
static int setup(void **state)
{
    (void)state;
    test_image_blank(&img, 3);
    test_page(&img, 0, BMI_PAGE_ACTIVE, 0);
    put_u8(0, 0, 0, "ns", 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_image_free(&img);
    return 0;
}

/* Reads k as this type by both ways of searching and compares; want NULL: not found. */
static void expect(enum bm_nvs_type type, const char *want, int code)
{
    for (uint32_t keys = 0; keys <= 100; keys += 100) {
        char buf[300];
        size_t len = sizeof buf;
        test_image_mount(&img, keys);
        assert_int_equal(bm_nvs_get_data(&img.nvs, 1, "k", type, buf, &len), code);
        if (code == BM_OK) {
            assert_int_equal(len, strlen(want));
            assert_memory_equal(buf, want, len);
        }
    }
}

static void expect_u8(uint8_t want)
{
    for (uint32_t keys = 0; keys <= 100; keys += 100) {
        uint64_t bits = 999;
        test_image_mount(&img, keys);
        assert_int_equal(bm_nvs_get_bits(&img.nvs, 1, "k", BM_NVS_U8, &bits), BM_OK);
        assert_int_equal(bits, want);
    }
}

static unsigned count_values(void)
{
    struct bm_nvs_iter it;
    struct bm_nvs_info info;
    unsigned n = 0;
    bm_nvs_iter_start(&it, BM_NVS_NS_ANY, BM_NVS_ANY);
    while (bm_nvs_iter_next(&img.nvs, &it, &info) == BM_OK) {
        n++;
    }
    return n;
}

static void test_new_value_written_old_not_yet_erased(void **state)
{
    (void)state;
    put_u8(0, 1, 1, "k", 7);
    put_u8(0, 2, 1, "k", 8);
    expect_u8(8);
    assert_int_equal(count_values(), 1);
}

static void test_duplicates_over_pages_by_sequence_not_by_place(void **state)
{
    (void)state;
    test_page(&img, 0, BMI_PAGE_FULL, 5);
    test_page(&img, 2, BMI_PAGE_ACTIVE, 6);
    test_page(&img, 1, BMI_PAGE_FULL, 4);
    put_u8(2, 0, 1, "k", 6);
    put_u8(0, 1, 1, "k", 5);
    put_u8(1, 0, 1, "k", 4);
    expect_u8(6);
    assert_int_equal(count_values(), 1);
}

static void test_type_change_cut_before_old_is_erased(void **state)
{
    (void)state;
    put_u8(0, 1, 1, "k", 7);
    put_data(0, 2, BM_NVS_STR, none, "k", "new");
    expect(BM_NVS_STR, "new", BM_OK);
    uint64_t bits;
    assert_int_equal(bm_nvs_get_bits(&img.nvs, 1, "k", BM_NVS_U8, &bits), BM_E_TYPE);
}

static void test_string_cut_in_the_middle_leaves_the_old_one(void **state)
{
    (void)state;
    put_data(0, 1, BM_NVS_STR, none, "k", "old value that is over one entry long, by far");
    put_data(0, 4, BM_NVS_STR, none, "k", "new value that is over one entry long, as well");
    bmi_bitmap_put(img.data + BMI_OFF_BITMAP, 6, BMI_ENTRY_EMPTY);
    expect(BM_NVS_STR, "old value that is over one entry long, by far", BM_OK);
}

static void test_damaged_new_string_falls_back(void **state)
{
    (void)state;
    put_data(0, 1, BM_NVS_STR, none, "k", "old");
    put_data(0, 3, BM_NVS_STR, none, "k", "new");
    test_entry_at(&img, 0, 4)[1] ^= 0x10;
    expect(BM_NVS_STR, "old", BM_OK);
    test_entry_at(&img, 0, 2)[1] ^= 0x10;
    expect(BM_NVS_STR, NULL, BM_E_CORRUPT);
    assert_int_equal(count_values(), 0);
}

static void test_damaged_header_costs_only_itself(void **state)
{
    (void)state;
    put_data(0, 1, BM_NVS_STR, none, "gone", "this string's header is damaged, its data are not");
    test_entry_at(&img, 0, 1)[BMI_EN_KEY] ^= 1;
    put_u8(0, 4, 1, "k", 3);
    expect_u8(3);
    assert_int_equal(count_values(), 1);
}

static void test_blob_chunks_written_but_no_index_yet(void **state)
{
    (void)state;
    put_data(0, 1, BMI_TYPE_BLOB_DATA, 0x00, "k", "old");
    put_index(0, 3, "k", 3, 1, 0x00);
    put_data(0, 4, BMI_TYPE_BLOB_DATA, 0x80, "k", "newer");
    expect(BM_NVS_BLOB, "old", BM_OK);
    put_index(0, 6, "k", 5, 1, 0x80);
    expect(BM_NVS_BLOB, "newer", BM_OK);
    assert_int_equal(count_values(), 1);
}

static void test_stale_chunk_does_no_harm(void **state)
{
    (void)state;
    put_data(0, 1, BMI_TYPE_BLOB_DATA, 0x00, "k", "one ");
    put_data(0, 3, BMI_TYPE_BLOB_DATA, 0x01, "k", "two");
    put_data(0, 5, BMI_TYPE_BLOB_DATA, 0x02, "k", "stale");
    put_index(0, 7, "k", 7, 2, 0x00);
    expect(BM_NVS_BLOB, "one two", BM_OK);
}

static void test_damaged_chunk_copy_falls_back_to_the_other(void **state)
{
    (void)state;
    put_data(0, 1, BMI_TYPE_BLOB_DATA, 0x00, "k", "text");
    put_index(0, 3, "k", 4, 1, 0x00);
    put_data(0, 4, BMI_TYPE_BLOB_DATA, 0x00, "k", "text"); /* a copy, as collection makes them */
    test_entry_at(&img, 0, 5)[0] ^= 1;
    expect(BM_NVS_BLOB, "text", BM_OK);
    test_entry_at(&img, 0, 2)[0] ^= 1;
    expect(BM_NVS_BLOB, NULL, BM_E_CORRUPT);
}

static void test_blob_sizes_that_do_not_add_up(void **state)
{
    (void)state;
    put_data(0, 1, BMI_TYPE_BLOB_DATA, 0x00, "k", "text");
    put_index(0, 3, "k", 5, 1, 0x00);
    expect(BM_NVS_BLOB, NULL, BM_E_CORRUPT);
    put_index(0, 4, "k", 4, 2, 0x00);
    expect(BM_NVS_BLOB, NULL, BM_E_CORRUPT);
    put_index(0, 5, "k", 4, 255, 0x01); /* counts past the last chunk number */
    expect(BM_NVS_BLOB, NULL, BM_E_CORRUPT);
}

static void test_zero_length_blob(void **state)
{
    (void)state;
    put_data(0, 1, BMI_TYPE_BLOB_DATA, 0x00, "k", "");
    put_index(0, 2, "k", 0, 1, 0x00);
    expect(BM_NVS_BLOB, "", BM_OK);
}

static void test_old_blob_format(void **state)
{
    (void)state;
    put_data(0, 1, BMI_TYPE_BLOB_V1, none, "k", "version 1");
    expect(BM_NVS_BLOB, "version 1", BM_OK);
    struct bm_nvs_info info;
    assert_int_equal(bm_nvs_find(&img.nvs, 1, "k", &info), BM_OK);
    assert_int_equal(info.legacy, 1);
    assert_int_equal(info.type, BM_NVS_BLOB);
}

static void test_interrupted_collection(void **state)
{
    (void)state;
    test_page(&img, 0, BMI_PAGE_FREEING, 0);
    put_u8(0, 1, 1, "k", 7);
    put_u8(0, 2, 1, "rest", 9);
    test_page(&img, 1, BMI_PAGE_ACTIVE, 1);
    put_u8(1, 0, 0, "ns", 1);
    put_u8(1, 1, 1, "k", 7);
    expect_u8(7);
    assert_int_equal(count_values(), 2);
    struct bm_nvs_stats stats;
    assert_int_equal(bm_nvs_get_stats(&img.nvs, &stats), BM_OK);
    assert_int_equal(stats.namespaces, 1);
}

static void test_damaged_and_foreign_pages_are_passed_over(void **state)
{
    (void)state;
    put_u8(0, 1, 1, "k", 7);
    memset(img.data + BMI_PAGE_SIZE, 0x00, BMI_PAGE_SIZE);
    memset(img.data + (size_t)2 * BMI_PAGE_SIZE, 0xa5, BMI_PAGE_SIZE);
    expect_u8(7);
    test_page(&img, 1, BMI_PAGE_CORRUPT, 9);
    expect_u8(7);
}

static void test_newer_format_is_refused(void **state)
{
    (void)state;
    bmi_header_put(img.data + BMI_PAGE_SIZE, BMI_PAGE_ACTIVE, 3, 0xfd);
    struct bm_diag diag = {0};
    uint32_t work[16];
    assert_int_equal(bm_flash_view(&img.flash, img.data, img.len), BM_OK);
    assert_int_equal(bm_nvs_mount(&img.nvs, &img.flash, work, sizeof work, &diag), BM_E_VERSION);
    assert_int_equal(diag.offset, BMI_PAGE_SIZE);
}

static void test_geometry_and_memory(void **state)
{
    (void)state;
    uint32_t work[16];
    struct bm_nvs nvs;
    assert_int_equal(bm_flash_view(&img.flash, img.data, 4095), BM_OK);
    assert_int_equal(bm_nvs_mount(&nvs, &img.flash, work, sizeof work, NULL), BM_E_ARG);
    assert_int_equal(bm_flash_view(&img.flash, img.data, 0), BM_OK);
    assert_int_equal(bm_nvs_mount(&nvs, &img.flash, work, sizeof work, NULL), BM_E_ARG);
    assert_int_equal(bm_flash_view(&img.flash, img.data, img.len), BM_OK);
    const size_t least = bm_nvs_work_size(&img.flash, 0);
    assert_int_equal(least, 3 * 10);
    assert_int_equal(bm_nvs_mount(&nvs, &img.flash, work, least - 1, NULL), BM_E_NOMEM);
    assert_int_equal(bm_nvs_mount(&nvs, &img.flash, work, least, NULL), BM_OK);
    assert_int_equal(bm_flash_view(&img.flash, NULL, 4096), BM_E_ARG);
    bm_nvs_unmount(&nvs);
    bm_nvs_unmount(&nvs);
}

static void test_blank_region(void **state)
{
    (void)state;
    memset(img.data, 0xff, img.len);
    expect(BM_NVS_STR, NULL, BM_E_NOENT);
    assert_int_equal(count_values(), 0);
    struct bm_nvs_stats stats;
    assert_int_equal(bm_nvs_get_stats(&img.nvs, &stats), BM_OK);
    assert_int_equal(stats.used, 0);
    assert_int_equal(stats.total, 378);
    assert_int_equal(stats.free, 378);
    assert_int_equal(stats.available, 252);
}

static void test_lengths(void **state)
{
    (void)state;
    put_data(0, 1, BM_NVS_STR, none, "k", "12345");
    test_image_mount(&img, 0);
    char buf[8] = "untouch";
    size_t len = 4;
    assert_int_equal(bm_nvs_get_data(&img.nvs, 1, "k", BM_NVS_STR, buf, &len), BM_E_LENGTH);
    assert_int_equal(len, 5);
    assert_string_equal(buf, "untouch");
    assert_int_equal(bm_nvs_get_data(&img.nvs, 1, "k", BM_NVS_BLOB, buf, &len), BM_E_TYPE);
    assert_int_equal(bm_nvs_get_data(&img.nvs, 2, "k", BM_NVS_STR, buf, &len), BM_E_NOENT);
    assert_int_equal(bm_nvs_get_data(&img.nvs, 1, "0123456789abcdef", BM_NVS_STR, buf, &len),
                     BM_E_ARG);
    len = 99;
    assert_int_equal(bm_nvs_get_data(&img.nvs, 1, "k", BM_NVS_STR, NULL, &len), BM_OK);
    assert_int_equal(len, 5);
}

static void test_namespaces(void **state)
{
    (void)state;
    put_u8(0, 1, 0, "zero", 0);
    put_u8(0, 2, 0, "any", 255);
    put_data(0, 3, BM_NVS_STR, none, "k", "x");
    test_image_mount(&img, 0);
    uint8_t ns = 0;
    char name[BM_NVS_KEY_SIZE];
    assert_int_equal(bm_nvs_namespace(&img.nvs, "ns", &ns), BM_OK);
    assert_int_equal(ns, 1);
    assert_int_equal(bm_nvs_namespace(&img.nvs, "zero", &ns), BM_E_NOENT);
    assert_int_equal(bm_nvs_namespace(&img.nvs, "any", &ns), BM_E_NOENT);
    assert_int_equal(bm_nvs_namespace(&img.nvs, "k", &ns), BM_E_NOENT);
    assert_int_equal(bm_nvs_namespace_name(&img.nvs, 1, name), BM_OK);
    assert_string_equal(name, "ns");
    assert_int_equal(bm_nvs_namespace_name(&img.nvs, 7, name), BM_E_NOENT);
    assert_string_equal(name, "");
    size_t used = 0;
    assert_int_equal(bm_nvs_used_entries(&img.nvs, 1, &used), BM_OK);
    assert_int_equal(used, 2);
}

static int failing_read(void *ctx, uint32_t off, void *buf, uint32_t len)
{
    int *left = ctx;
    (void)off;
    memcpy(buf, img.data + off, len);
    return (*left)-- > 0 ? BM_OK : BM_E_IO;
}

/* Every read that can fail does so once: the error is passed on, nothing is made up. */
static void test_read_errors(void **state)
{
    (void)state;
    static const struct bm_flash_ops ops = {failing_read, NULL, NULL};
    put_data(0, 1, BMI_TYPE_BLOB_DATA, 0x00, "k", "text");
    put_index(0, 3, "k", 4, 1, 0x00);
    for (int keys = 0; keys <= 16; keys += 16) {
        int rc = BM_E_IO;
        for (int fail_at = 0; rc == BM_E_IO; fail_at++) {
            int left = fail_at;
            const struct bm_flash flash = {&ops, &left, (uint32_t)img.len, 4096, 4};
            uint32_t work[64];
            char buf[8];
            size_t len = sizeof buf;
            struct bm_nvs nvs;
            const size_t work_len = bm_nvs_work_size(&flash, (uint32_t)keys);
            rc = bm_nvs_mount(&nvs, &flash, work, work_len, NULL);
            if (rc == BM_OK) {
                rc = bm_nvs_get_data(&nvs, 1, "k", BM_NVS_BLOB, buf, &len);
            }
            assert_true(fail_at < 100 && (rc == BM_OK || rc == BM_E_IO));
        }
        assert_int_equal(rc, BM_OK);
    }
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_new_value_written_old_not_yet_erased),
        CASE(test_duplicates_over_pages_by_sequence_not_by_place),
        CASE(test_type_change_cut_before_old_is_erased),
        CASE(test_string_cut_in_the_middle_leaves_the_old_one),
        CASE(test_damaged_new_string_falls_back),
        CASE(test_damaged_header_costs_only_itself),
        CASE(test_blob_chunks_written_but_no_index_yet),
        CASE(test_stale_chunk_does_no_harm),
        CASE(test_damaged_chunk_copy_falls_back_to_the_other),
        CASE(test_blob_sizes_that_do_not_add_up),
        CASE(test_zero_length_blob),
        CASE(test_old_blob_format),
        CASE(test_interrupted_collection),
        CASE(test_damaged_and_foreign_pages_are_passed_over),
        CASE(test_newer_format_is_refused),
        CASE(test_geometry_and_memory),
        CASE(test_blank_region),
        CASE(test_lengths),
        CASE(test_namespaces),
        CASE(test_read_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
