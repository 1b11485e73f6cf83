/* SPDX-License-Identifier: Apache-2.0 */

/* The model of an image: what kind of file it is, how entries fall into rows, and which copy of a
 * key counts. The fuzz target compares the last with the store of src/nvs on any bytes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/le.h"
#include "harness/image.h"
#include "image/scan.h"
#include "image/stored.h"

static const uint8_t none = BMI_CHUNK_NONE;

static struct test_image img;
static struct bm_scan s;

static void put(unsigned page, unsigned entry, uint8_t type, uint8_t chunk, const char *key,
                const char *data, uint32_t size)
{
    const struct test_entry e = {page, entry, 1, type, chunk, key, data, size};
    test_entry(&img, &e);
}

static void put_index(unsigned page, unsigned entry, const char *key, uint32_t size, uint8_t count,
                      uint8_t start)
{
    uint8_t data[8] = {0, 0, 0, 0, count, start, 0xff, 0xff};
    bm_put_le32(data, size);
    put(page, entry, BMI_TYPE_BLOB_IDX, none, key, (const char *)data, 8);
}

static void state(unsigned page, unsigned entry, enum bmi_entry_state to)
{
    bmi_bitmap_put(img.data + (size_t)page * BMI_PAGE_SIZE + BMI_OFF_BITMAP, entry, to);
}

static int setup(void **unused)
{
    (void)unused;
    const struct test_entry name = {0, 0, 0, BM_NVS_U8, none, "ns", "\1", 1};
    test_image_blank(&img, 3);
    test_page(&img, 0, BMI_PAGE_FULL, 4);
    test_page(&img, 1, BMI_PAGE_ACTIVE, 5);
    test_entry(&img, &name);
    return 0;
}

static int teardown(void **unused)
{
    (void)unused;
    bm_scan_free(&s);
    test_image_free(&img);
    return 0;
}

static void scan(void)
{
    bm_scan_free(&s);
    assert_int_equal(bm_scan(&s, img.data, img.len), BM_OK);
}

static const struct bm_row *row_at(unsigned page, unsigned entry)
{
    for (uint32_t i = 0; i < s.pages[page].rows; i++) {
        const struct bm_row *row = &s.rows[s.pages[page].row + i];
        if (row->entry == entry) {
            return row;
        }
    }
    fail_msg("no row starts at page %u entry %u", page, entry);
    return NULL;
}

static void expect_row(unsigned page, unsigned entry, enum bm_row_kind kind, unsigned count)
{
    const struct bm_row *row = row_at(page, entry);
    assert_int_equal(row->kind, kind);
    assert_int_equal(row->count, count);
}

static void expect_live(unsigned page, unsigned entry, const char *value, uint32_t size)
{
    const struct bm_row *row = row_at(page, entry);
    struct bm_stored v;
    assert_true((row->flags & BM_ROW_LIVE) != 0);
    assert_int_equal(bmi_stored_load(&v, &s, row), BM_OK);
    assert_int_equal(v.size, size);
    assert_memory_equal(v.data, value, size);
    bmi_stored_free(&v);
}

static void expect_not_live(unsigned page, unsigned entry)
{
    assert_int_equal(row_at(page, entry)->flags & BM_ROW_LIVE, 0);
}

static void entries_fall_into_rows(void **unused)
{
    (void)unused;
    put(0, 1, BM_NVS_STR, none, "s", "some text that takes two entries of data", 41);
    put(0, 4, BM_NVS_STR, none, "gone", "text", 5);
    state(0, 4, BMI_ENTRY_ERASED);
    state(0, 5, BMI_ENTRY_ERASED);
    state(0, 6, BMI_ENTRY_ERASED);
    put(0, 7, BM_NVS_STR, none, "torn", "text", 5);
    state(0, 8, BMI_ENTRY_ERASED);
    put(0, 9, BM_NVS_U8, none, "bad", "\1", 1);
    test_entry_at(&img, 0, 9)[0] = 9;
    state(0, 10, BMI_ENTRY_ILLEGAL);
    state(0, 11, BMI_ENTRY_ILLEGAL);
    test_entry_at(&img, 0, 14)[31] = 0;
    scan();
    expect_row(0, 0, BM_ROW_VALUE, 1);
    expect_row(0, 1, BM_ROW_VALUE, 3);
    expect_row(0, 4, BM_ROW_ERASED, 2);
    assert_true((row_at(0, 4)->flags & BM_ROW_HEADER) != 0);
    expect_row(0, 6, BM_ROW_ERASED, 1);
    assert_false((row_at(0, 6)->flags & BM_ROW_HEADER) != 0);
    expect_row(0, 7, BM_ROW_TORN, 2);
    expect_row(0, 9, BM_ROW_DAMAGED, 1);
    expect_row(0, 10, BM_ROW_ILLEGAL, 2);
    expect_row(0, 12, BM_ROW_EMPTY, 2);
    expect_row(0, 14, BM_ROW_DIRTY, 1);
    expect_row(0, 15, BM_ROW_EMPTY, 111);
    assert_int_equal(s.pages[0].states[BMI_ENTRY_WRITTEN], 6);
    assert_int_equal(s.pages[0].states[BMI_ENTRY_ERASED], 4);
}

static void newest_whole_copy_counts(void **unused)
{
    (void)unused;
    put(0, 1, BM_NVS_U8, none, "k", "\1", 1);
    put(1, 0, BM_NVS_U8, none, "k", "\2", 1);
    put(0, 2, BM_NVS_STR, none, "s", "old", 4);
    put(1, 1, BM_NVS_STR, none, "s", "new", 4);
    test_entry_at(&img, 1, 2)[0] = 'x';
    scan();
    expect_live(1, 0, "\2", 1);
    expect_not_live(0, 1);
    expect_live(0, 2, "old", 4); /* the newer one is damaged */
    expect_not_live(1, 1);
}

static void newest_page_is_not_the_last(void **unused)
{
    (void)unused;
    put(0, 1, BM_NVS_U8, none, "k", "\1", 1);
    put(1, 0, BM_NVS_U8, none, "k", "\2", 1);
    test_page(&img, 0, BMI_PAGE_ACTIVE, 9);
    scan();
    expect_live(0, 1, "\1", 1);
    expect_not_live(1, 0);
}

static void blob_of_the_new_half_counts_when_whole(void **unused)
{
    (void)unused;
    put(0, 1, BMI_TYPE_BLOB_DATA, 0x00, "b", "old1", 4);
    put(0, 3, BMI_TYPE_BLOB_DATA, 0x01, "b", "old2", 4);
    put_index(0, 5, "b", 8, 2, 0x00);
    put(1, 0, BMI_TYPE_BLOB_DATA, 0x80, "b", "new1", 4);
    put(1, 2, BMI_TYPE_BLOB_DATA, 0x81, "b", "new22", 5);
    scan();
    expect_live(0, 5, "old1old2", 8); /* the new one has no index yet */
    expect_not_live(1, 0);
    put_index(1, 4, "b", 9, 2, 0x80);
    scan();
    expect_live(1, 4, "new1new22", 9);
    expect_not_live(0, 5);
    expect_not_live(0, 1);
    assert_true((row_at(1, 0)->flags & BM_ROW_LIVE) != 0);
    test_entry_at(&img, 1, 3)[0] = 'x'; /* damage in the second chunk: the old one again */
    scan();
    expect_live(0, 5, "old1old2", 8);
    expect_not_live(1, 0);
}

static void blob_without_its_chunks_is_corrupt(void **unused)
{
    (void)unused;
    struct bm_stored v;
    put(0, 1, BMI_TYPE_BLOB_DATA, 0x00, "b", "data", 4);
    put_index(0, 3, "b", 8, 2, 0x00);
    scan();
    expect_not_live(0, 3);
    assert_int_equal(bmi_stored_load(&v, &s, row_at(0, 3)), BM_E_CORRUPT);
    assert_null(v.data);
    assert_int_equal(v.size, 8);
    bmi_stored_free(&v);
}

static void names_of_namespaces(void **unused)
{
    (void)unused;
    char buf[BM_NVS_KEY_SIZE];
    const struct test_entry alias = {1, 0, 0, BM_NVS_U8, none, "alias", "\1", 1};
    const struct test_entry all = {1, 1, 0, BM_NVS_U8, none, "all", "\xff", 1};
    test_entry(&img, &alias);
    test_entry(&img, &all);
    scan();
    assert_string_equal(bmi_ns_name(&s, 1, buf), "ns"); /* the older of two */
    assert_string_equal(bmi_ns_name(&s, 2, buf), "");
    assert_string_equal(bmi_ns_name(&s, 0, buf), "");
    assert_string_equal(bmi_ns_name(&s, 255, buf), "");
}

static void kinds_of_files(void **unused)
{
    (void)unused;
    uint32_t x = 7;
    scan();
    assert_int_equal(s.kind, BM_IMAGE_NVS);
    img.len = 4095;
    scan();
    assert_int_equal(s.kind, BM_IMAGE_EMPTY);
    assert_int_equal(s.tail, 4095);
    img.len = 3 * (size_t)BMI_PAGE_SIZE;
    memset(img.data, 0xff, img.len);
    scan();
    assert_int_equal(s.kind, BM_IMAGE_BLANK);
    memset(img.data, 0, img.len);
    scan();
    assert_int_equal(s.kind, BM_IMAGE_FOREIGN);
    for (size_t i = 0; i < img.len; i++) {
        x = x * 1664525u + 1013904223u;
        img.data[i] = (uint8_t)(x >> 24);
    }
    scan();
    assert_int_equal(s.kind, BM_IMAGE_FOREIGN);
}

/* Two random entries are enough to see encryption, but damage or lost headers are not taken for it.
 */
static void encryption_is_told_from_damage(void **unused)
{
    (void)unused;
    uint32_t x = 3;
    for (unsigned entry = 0; entry < 2; entry++) {
        for (unsigned i = 0; i < BMI_ENTRY_SIZE; i++) {
            x = x * 1664525u + 1013904223u;
            test_entry_at(&img, 0, entry)[i] = (uint8_t)(x >> 24);
        }
        state(0, entry, BMI_ENTRY_WRITTEN);
    }
    scan();
    assert_int_equal(s.kind, BM_IMAGE_ENCRYPTED);
    /* text whose header is lost */
    memset(test_entry_at(&img, 0, 0), 'A', 40 * (size_t)BMI_ENTRY_SIZE);
    for (unsigned i = 0; i < 40; i++) {
        state(0, i, BMI_ENTRY_WRITTEN);
    }
    scan();
    assert_int_equal(s.kind, BM_IMAGE_NVS);
    /* plain entries, each with a wrong bit */
    for (unsigned i = 0; i < 40; i++) {
        put(0, i, BM_NVS_U8, none, "key", "\1", 1);
        test_entry_at(&img, 0, i)[BMI_EN_DATA] ^= 2;
    }
    scan();
    assert_int_equal(s.kind, BM_IMAGE_NVS);
}

static void flash_dump_names_its_partition(void **unused)
{
    (void)unused;
    uint8_t *flash = malloc(0xa000);
    uint32_t off = 0;
    uint32_t size = 0;
    char label[17];
    struct bm_scan f;
    assert_non_null(flash);
    memset(flash, 0xff, 0xa000);
    static const uint8_t app[] = {0xaa, 0x50, 0, 0, 0, 0, 1, 0, 0, 0, 0x10, 0, 'a', 0};
    static const uint8_t nvs[] = {0xaa, 0x50, 1, 2, 0, 0x90, 0, 0, 0, 0x60, 0, 0, 'i', 'd', 0};
    memcpy(flash + 0x8000, app, sizeof app);
    memcpy(flash + 0x8020, nvs, sizeof nvs);
    assert_int_equal(bm_scan(&f, flash, 0xa000), BM_OK);
    assert_int_equal(f.kind, BM_IMAGE_FLASH);
    assert_int_equal(bmi_flash_nvs(&f, &off, &size, label), 1);
    assert_int_equal(off, 0x9000);
    assert_int_equal(size, 0x6000);
    assert_string_equal(label, "id");
    bm_scan_free(&f);
    free(flash);
}

static void integers_keep_their_sign(void **unused)
{
    (void)unused;
    struct bm_stored v;
    put(0, 1, BM_NVS_I8, none, "a", "\x80", 1);
    put(0, 2, BM_NVS_I64, none, "b", "\0\0\0\0\0\0\0\x80", 8);
    put(0, 3, BM_NVS_U64, none, "c", "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
    scan();
    assert_int_equal(bmi_stored_load(&v, &s, row_at(0, 1)), BM_OK);
    assert_true(bmi_stored_i64(&v) == -128);
    assert_int_equal(bmi_stored_load(&v, &s, row_at(0, 2)), BM_OK);
    assert_true(bmi_stored_i64(&v) == INT64_MIN);
    assert_int_equal(bmi_stored_load(&v, &s, row_at(0, 3)), BM_OK);
    assert_true(bmi_stored_u64(&v) == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(entries_fall_into_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(newest_whole_copy_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(newest_page_is_not_the_last, setup, teardown),
        cmocka_unit_test_setup_teardown(blob_of_the_new_half_counts_when_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(blob_without_its_chunks_is_corrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(names_of_namespaces, setup, teardown),
        cmocka_unit_test_setup_teardown(kinds_of_files, setup, teardown),
        cmocka_unit_test_setup_teardown(encryption_is_told_from_damage, setup, teardown),
        cmocka_unit_test(flash_dump_names_its_partition),
        cmocka_unit_test_setup_teardown(integers_keep_their_sign, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
