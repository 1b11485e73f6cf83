/* SPDX-License-Identifier: Apache-2.0 */

/* Edits of images built by hand: what is refused, what stays, what is proven. And what a
 * difference looks like. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/le.h"
#include "harness/capture.h"
#include "harness/image.h"
#include "image/diff.h"
#include "image/edit.h"

static const uint8_t seven[1] = {7};

static void put_u8(struct test_image *image, unsigned page, unsigned entry, uint8_t ns,
                   const char *key, uint8_t value)
{
    const struct test_entry e = {page, entry, ns, BM_NVS_U8, 0xff, key, &value, 1};
    test_entry(image, &e);
}

/* A namespace "ns" of index 1 with a key, in page 0. */
static void start(struct test_image *image, unsigned pages)
{
    test_image_blank(image, pages);
    test_page(image, 0, BMI_PAGE_ACTIVE, 0);
    put_u8(image, 0, 0, 0, "ns", 1);
    put_u8(image, 0, 1, 1, "kept", 7);
}

static struct bm_image_item number(const char *key, uint8_t value)
{
    struct bm_image_item item;
    memset(&item, 0, sizeof item);
    (void)snprintf(item.key, sizeof item.key, "%s", key);
    item.type = BM_NVS_U8;
    item.size = 1;
    item.bits = value;
    return item;
}

static struct bm_image_item blob(const char *key, const uint8_t *data, uint32_t size)
{
    struct bm_image_item item = number(key, 0);
    item.type = BM_NVS_BLOB;
    item.size = size;
    item.data = data;
    return item;
}

static void open_edit(struct bm_edit *e, struct bm_scan *s, const struct test_image *image)
{
    assert_int_equal(bm_scan(s, image->data, image->len), BM_OK);
    assert_int_equal(bm_edit_open(e, s, NULL), BM_OK);
}

static void close_edit(struct bm_edit *e, struct bm_scan *s)
{
    bm_edit_close(e);
    bm_scan_free(s);
}

static void expect_refused(struct test_image *image, int code)
{
    struct bm_edit e;
    struct bm_scan s;
    struct bm_diag diag;
    memset(&diag, 0, sizeof diag);
    assert_int_equal(bm_scan(&s, image->data, image->len), BM_OK);
    assert_int_equal(bm_edit_open(&e, &s, &diag), code);
    assert_int_equal(diag.code, code);
    close_edit(&e, &s);
    test_image_free(image);
}

static void no_reserve(void **unused)
{
    struct test_image image;
    (void)unused;
    start(&image, 1);
    expect_refused(&image, BM_E_READONLY);
    start(&image, 2);
    test_page(&image, 0, BMI_PAGE_FULL, 0);
    test_page(&image, 1, BMI_PAGE_ACTIVE, 1);
    expect_refused(&image, BM_E_READONLY);
}

static void a_stopped_collection_is_no_lack_of_reserve(void **unused)
{
    struct test_image image;
    struct bm_edit e;
    struct bm_scan s;
    (void)unused;
    start(&image, 2);
    test_page(&image, 0, BMI_PAGE_FREEING, 0);
    test_page(&image, 1, BMI_PAGE_ACTIVE, 1);
    put_u8(&image, 1, 0, 0, "ns", 1);
    open_edit(&e, &s, &image);
    const struct bm_image_item item = number("new", 1);
    assert_int_equal(bm_edit_set(&e, "ns", &item), BM_OK);
    assert_int_equal(bm_edit_finish(&e, NULL), BM_OK);
    assert_int_equal(e.cleared, 1); /* the older copy of the name */
    close_edit(&e, &s);
    test_image_free(&image);
}

static void newer_format(void **unused)
{
    struct test_image image;
    (void)unused;
    start(&image, 3);
    bmi_header_put(image.data, BMI_PAGE_ACTIVE, 0, 0xfd);
    expect_refused(&image, BM_E_VERSION);
}

static void nothing_changes(void **unused)
{
    struct test_image image;
    struct bm_edit e;
    struct bm_scan s;
    (void)unused;
    start(&image, 3);
    put_u8(&image, 0, 2, 1, "kept", 7); /* an older copy, which stays where nothing is written */
    open_edit(&e, &s, &image);
    const struct bm_image_item item = number("kept", 7);
    assert_int_equal(bm_edit_set(&e, "ns", &item), BM_OK);
    assert_int_equal(bm_edit_unset(&e, "ns", "absent"), BM_E_NOENT);
    assert_int_equal(bm_edit_unset(&e, "absent", "kept"), BM_E_NOENT);
    assert_int_equal(bm_edit_clear(&e, "absent"), BM_E_NOENT);
    assert_int_equal(bm_edit_finish(&e, NULL), BM_OK);
    assert_int_equal(e.changes, 0);
    assert_memory_equal(e.data, image.data, image.len);
    close_edit(&e, &s);
    test_image_free(&image);
}

static void names(void **unused)
{
    struct test_image image;
    struct bm_edit e;
    struct bm_scan s;
    (void)unused;
    start(&image, 3);
    open_edit(&e, &s, &image);
    struct bm_image_item item = number("k", 1);
    assert_int_equal(bm_edit_set(&e, "", &item), BM_E_ARG);
    assert_int_equal(bm_edit_set(&e, "sixteen_bytes_ns", &item), BM_E_ARG);
    item.key[0] = '\0';
    assert_int_equal(bm_edit_set(&e, "ns", &item), BM_E_ARG);
    assert_int_equal(bm_edit_unset(&e, "ns", "a_key_of_16bytes"), BM_E_NOENT);
    close_edit(&e, &s);
    test_image_free(&image);
}

/* Where the old value and the new one do not fit together, the new one alone may. */
static void old_value_makes_room(void **unused)
{
    static uint8_t data[3800];
    struct test_image image;
    struct bm_edit e;
    struct bm_scan s;
    (void)unused;
    start(&image, 2);
    open_edit(&e, &s, &image);
    memset(data, 0x55, sizeof data);
    struct bm_image_item item = blob("big", data, 3800);
    assert_int_equal(bm_edit_set(&e, "ns", &item), BM_OK);
    memset(data, 0x66, sizeof data);
    assert_int_equal(bm_edit_set(&e, "ns", &item), BM_OK);
    assert_int_equal(bm_edit_finish(&e, NULL), BM_OK);
    item.key[0] = 'x';
    assert_int_equal(bm_edit_set(&e, "ns", &item), BM_E_NOSPC);
    assert_int_equal(e.needed, 121); /* 119 of data, a header, an index */
    assert_int_equal(e.free, 3);
    close_edit(&e, &s);
    test_image_free(&image);
}

static void replaced_bytes_are_gone(void **unused)
{
    static const uint8_t secret[] = "a secret that must not stay in the image";
    struct test_image image;
    struct bm_edit e;
    struct bm_scan s;
    (void)unused;
    start(&image, 3);
    const struct test_entry old = {0, 2, 1, BM_NVS_STR, 0xff, "psk", secret, sizeof secret};
    test_entry(&image, &old);
    open_edit(&e, &s, &image);
    const struct bm_image_item item = number("psk", 1);
    assert_int_equal(bm_edit_set(&e, "ns", &item), BM_OK);
    assert_int_equal(bm_edit_finish(&e, NULL), BM_OK);
    for (size_t i = 0; i + 16 < e.size; i++) {
        assert_true(memcmp(e.data + i, secret, 16) != 0);
    }
    close_edit(&e, &s);
    test_image_free(&image);
}

static void put_unknown(struct test_image *image, unsigned entry, const char *key, unsigned span,
                        unsigned written)
{
    uint8_t *raw = test_entry_at(image, 0, entry);
    uint8_t bytes[8 * 32];
    memset(bytes, 0xa5, sizeof bytes);
    const struct test_entry e = {0, entry, 1, BMI_TYPE_BLOB_V1, 0xff, key, bytes, (span - 1) * 32};
    test_entry(image, &e);
    raw[BMI_EN_TYPE] = 0x77;
    bm_put_le32(raw + BMI_EN_CRC, bmi_entry_crc(raw));
    for (unsigned i = written; i < span; i++) {
        bmi_bitmap_put(image->data + BMI_OFF_BITMAP, entry + i, BMI_ENTRY_EMPTY);
        memset(raw + i * (size_t)BMI_ENTRY_SIZE, 0xff, BMI_ENTRY_SIZE);
    }
}

/* Writes the same key over and over, so that every page is collected. */
static void churn(struct bm_edit *e)
{
    for (unsigned i = 0; i < 600; i++) {
        const struct bm_image_item item = number("busy", (uint8_t)i);
        assert_int_equal(bm_edit_set(e, "ns", &item), BM_OK);
    }
}

/* An unknown type under the key of a value we know is no copy of it. */
static void unknown_types_stay(void **unused)
{
    struct test_image image;
    struct bm_edit e;
    struct bm_scan s;
    (void)unused;
    start(&image, 3);
    put_unknown(&image, 2, "kept", 4, 4);
    open_edit(&e, &s, &image);
    churn(&e);
    assert_int_equal(bm_edit_finish(&e, NULL), BM_OK); /* it would tell of either being lost */
    struct bm_nvs_info info;
    assert_int_equal(bm_nvs_find(&e.nvs, 1, "kept", &info), BM_OK);
    assert_int_equal(info.bits, 7);
    close_edit(&e, &s);
    test_image_free(&image);
}

/* One that a power cut stopped must not hide what comes behind it. */
static void torn_unknown_type(void **unused)
{
    struct test_image image;
    struct bm_edit e;
    struct bm_scan s;
    (void)unused;
    start(&image, 3);
    put_unknown(&image, 2, "torn", 8, 2);
    open_edit(&e, &s, &image);
    const struct bm_image_item item = number("behind", 9);
    assert_int_equal(bm_edit_set(&e, "ns", &item), BM_OK);
    churn(&e);
    assert_int_equal(bm_edit_finish(&e, NULL), BM_OK);
    struct bm_nvs_info info;
    assert_int_equal(bm_nvs_find(&e.nvs, 1, "behind", &info), BM_OK);
    assert_int_equal(info.bits, 9);
    close_edit(&e, &s);
    test_image_free(&image);
}

/* The proof at the end is one: a change behind its back is found. */
static void other_changes_are_found(void **unused)
{
    struct test_image image;
    struct bm_edit e;
    struct bm_scan s;
    struct bm_diag diag;
    (void)unused;
    memset(&diag, 0, sizeof diag);
    start(&image, 3);
    open_edit(&e, &s, &image);
    const struct bm_image_item item = number("new", 1);
    assert_int_equal(bm_edit_set(&e, "ns", &item), BM_OK);
    assert_int_equal(bm_nvs_set_bits(&e.nvs, 1, "kept", BM_NVS_U8, 8), BM_OK);
    assert_int_equal(bm_edit_finish(&e, &diag), BM_E_VERIFY);
    assert_int_equal(diag.code, BM_E_VERIFY);
    close_edit(&e, &s);
    test_image_free(&image);
}

static void print_change(void *ctx, const struct bm_diff_change *change)
{
    bm_diff_text(ctx, change, 0, 0);
}

static void expect_diff(struct test_image *a, struct test_image *b, const char *wanted)
{
    struct bm_scan x;
    struct bm_scan y;
    struct bm_diff_result result;
    FILE *f = capture_open();
    const struct bm_diff_opts o = {.emit = print_change, .ctx = f};
    assert_int_equal(bm_scan(&x, a->data, a->len), BM_OK);
    assert_int_equal(bm_scan(&y, b->data, b->len), BM_OK);
    assert_int_equal(bm_diff(&x, &y, &o, &result), BM_OK);
    char *text = capture_close(f, NULL);
    assert_string_equal(text, wanted);
    free(text);
    bm_scan_free(&x);
    bm_scan_free(&y);
}

static void differences(void **unused)
{
    struct test_image a;
    struct test_image b;
    (void)unused;
    start(&a, 3);
    start(&b, 4);
    expect_diff(&a, &b, "");
    put_u8(&b, 0, 2, 1, "kept", 8);
    put_u8(&b, 0, 3, 9, "bare", 1);
    put_u8(&b, 0, 4, 0, "aa", 2);
    put_u8(&b, 0, 5, 2, "x", 1);
    put_unknown(&b, 6, "odd", 3, 3);
    expect_diff(&a, &b,
                "+ aa/ namespace\n+ aa/x u8 1\n~ ns/kept u8 7 -> 8\n"
                "+ ns/odd unknown type 0x77, 3 entries\n+ (namespace 9)/bare u8 1\n");
    expect_diff(&b, &a,
                "- aa/ namespace\n- aa/x u8 1\n~ ns/kept u8 8 -> 7\n"
                "- ns/odd unknown type 0x77, 3 entries\n- (namespace 9)/bare u8 1\n");
    test_image_free(&a);
    test_image_free(&b);
}

/* A version 1 blob and one of version 2 with the same bytes are the same value; a damaged one is
 * not; another type of the same bytes is not. */
static void values_of_blobs(void **unused)
{
    static const uint8_t index[8] = {1, 0, 0, 0, 1, 0, 0xff, 0xff};
    struct test_image a;
    struct test_image b;
    (void)unused;
    start(&a, 3);
    start(&b, 3);
    const struct test_entry v1 = {0, 2, 1, BMI_TYPE_BLOB_V1, 0xff, "b", seven, 1};
    const struct test_entry data = {0, 2, 1, BMI_TYPE_BLOB_DATA, 0, "b", seven, 1};
    const struct test_entry idx = {0, 4, 1, BMI_TYPE_BLOB_IDX, 0xff, "b", index, 8};
    test_entry(&a, &v1);
    test_entry(&b, &data);
    test_entry(&b, &idx);
    expect_diff(&a, &b, "");
    test_entry_at(&b, 0, 3)[0] = 8;
    expect_diff(&a, &b, "~ ns/b blob 07 -> <damaged>\n");
    put_u8(&b, 0, 5, 1, "b", 7);
    expect_diff(&a, &b, "~ ns/b blob 07 -> u8 7\n");
    test_image_free(&a);
    test_image_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_reserve),
        cmocka_unit_test(a_stopped_collection_is_no_lack_of_reserve),
        cmocka_unit_test(newer_format),
        cmocka_unit_test(nothing_changes),
        cmocka_unit_test(names),
        cmocka_unit_test(old_value_makes_room),
        cmocka_unit_test(replaced_bytes_are_gone),
        cmocka_unit_test(unknown_types_stay),
        cmocka_unit_test(torn_unknown_type),
        cmocka_unit_test(other_changes_are_found),
        cmocka_unit_test(differences),
        cmocka_unit_test(values_of_blobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
