/* SPDX-License-Identifier: Apache-2.0 */

/* The bytes of pages and entries, held to bytes that ESP-IDF's generator wrote. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/le.h"
#include "nvs/fmt.h"

/* First page header and first entry ("certs" = namespace 1) of the reference's image for the post's
 * CSV. */
static const uint8_t header[32] = {
    0xfe, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x84, 0x2d, 0xba, 0xb9,
};
static const uint8_t certs[32] = {
    0x00, 0x01, 0x01, 0xff, 0x82, 0x41, 0xb1, 0x47, 'c',  'e',  'r',  't',  's',  0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
};

static void test_header(void **state)
{
    (void)state;
    uint8_t raw[32];
    struct bmi_header h;
    bmi_header_put(raw, BMI_PAGE_ACTIVE, 0, BMI_VERSION_2);
    assert_memory_equal(raw, header, sizeof raw);
    bmi_header_get(raw, &h);
    assert_int_equal(h.state, BMI_PAGE_ACTIVE);
    assert_int_equal(h.version, BMI_VERSION_2);
    assert_int_equal(h.crc_ok, 1);
    raw[4] ^= 1;
    bmi_header_get(raw, &h);
    assert_int_equal(h.crc_ok, 0);
    raw[4] ^= 1;
    raw[0] = 0xfc; /* the state may change without a new CRC */
    bmi_header_get(raw, &h);
    assert_int_equal(h.crc_ok, 1);
}

static void test_entry_bytes(void **state)
{
    (void)state;
    struct bmi_entry e = {
        0, BM_NVS_U8, 1, 0xff, 0, "certs", {1, 255, 255, 255, 255, 255, 255, 255}};
    uint8_t raw[32];
    bmi_entry_put(raw, &e);
    assert_memory_equal(raw, certs, sizeof raw);
    memset(&e, 0, sizeof e);
    bmi_entry_get(certs, &e);
    assert_string_equal(e.key, "certs");
    assert_int_equal(e.crc, 0x47b14182);
    assert_int_equal(bmi_entry_check(raw, 0), BMI_BAD_NOTHING);
}

static void test_bitmap(void **state)
{
    (void)state;
    uint8_t bitmap[BMI_BITMAP_SIZE];
    memset(bitmap, 0xff, sizeof bitmap);
    bmi_bitmap_put(bitmap, 5, BMI_ENTRY_WRITTEN);
    bmi_bitmap_put(bitmap, 125, BMI_ENTRY_ERASED);
    assert_int_equal(bitmap[1], 0xfb);
    assert_int_equal(bmi_bitmap_get(bitmap, 4), BMI_ENTRY_EMPTY);
    assert_int_equal(bmi_bitmap_get(bitmap, 5), BMI_ENTRY_WRITTEN);
    assert_int_equal(bmi_bitmap_get(bitmap, 125), BMI_ENTRY_ERASED);
}

/* A header with the right CRC whatever else is in it. */
static enum bmi_entry_fault check(uint8_t type, uint8_t span, uint8_t chunk, uint16_t size,
                                  unsigned index)
{
    struct bmi_entry e = {1, type, span, chunk, 0, "k", {0, 0, 0xff, 0xff, 0, 0, 0, 0}};
    uint8_t raw[32];
    bm_put_le16(e.data, size);
    if (type == BMI_TYPE_BLOB_IDX) {
        bm_put_le32(e.data, size * 100u);
    }
    bmi_entry_put(raw, &e);
    return bmi_entry_check(raw, index);
}

static void test_entry_faults(void **state)
{
    (void)state;
    assert_int_equal(check(BM_NVS_STR, 3, 0xff, 64, 0), BMI_BAD_NOTHING);
    assert_int_equal(check(BM_NVS_STR, 3, 0xff, 65, 0), BMI_BAD_SPAN);
    assert_int_equal(check(BM_NVS_STR, 3, 0xff, 32, 0), BMI_BAD_SPAN);
    assert_int_equal(check(BM_NVS_STR, 0, 0xff, 0, 0), BMI_BAD_SPAN);
    assert_int_equal(check(BM_NVS_STR, 3, 0xff, 64, 123), BMI_BAD_NOTHING);
    assert_int_equal(check(BM_NVS_STR, 3, 0xff, 64, 124), BMI_BAD_SPAN);
    assert_int_equal(check(BM_NVS_STR, 126, 0xff, 4000, 0), BMI_BAD_NOTHING);
    assert_int_equal(check(BM_NVS_STR, 126, 0xff, 4001, 0), BMI_BAD_SIZE);
    assert_int_equal(check(BMI_TYPE_BLOB_DATA, 1, 0xff, 0, 0), BMI_BAD_CHUNK);
    assert_int_equal(check(BMI_TYPE_BLOB_DATA, 1, 0xfe, 0, 0), BMI_BAD_NOTHING);
    assert_int_equal(check(BMI_TYPE_BLOB_IDX, 1, 0x00, 0, 0), BMI_BAD_CHUNK);
    assert_int_equal(check(BMI_TYPE_BLOB_IDX, 2, 0xff, 0, 0), BMI_BAD_SPAN);
    assert_int_equal(check(BMI_TYPE_BLOB_IDX, 1, 0xff, 5081, 0), BMI_BAD_SIZE);
    assert_int_equal(check(BMI_TYPE_BLOB_IDX, 1, 0xff, 5080, 0), BMI_BAD_NOTHING);
    assert_int_equal(check(BM_NVS_U32, 2, 0xff, 0, 0), BMI_BAD_SPAN);
    assert_int_equal(check(0x31, 1, 0xff, 0, 0), BMI_BAD_TYPE);
    uint8_t raw[32];
    memcpy(raw, certs, sizeof raw);
    raw[9] ^= 4;
    assert_int_equal(bmi_entry_check(raw, 0), BMI_BAD_CRC);
}

static void test_widths(void **state)
{
    (void)state;
    assert_int_equal(bmi_type_width(BM_NVS_I8), 1);
    assert_int_equal(bmi_type_width(BM_NVS_U16), 2);
    assert_int_equal(bmi_type_width(BM_NVS_FLOAT), 4);
    assert_int_equal(bmi_type_width(BM_NVS_DOUBLE), 8);
    assert_int_equal(bmi_type_width(BM_NVS_STR), 0);
    assert_int_equal(bmi_span(0), 1);
    assert_int_equal(bmi_span(32), 2);
    assert_int_equal(bmi_span(33), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header),       cmocka_unit_test(test_entry_bytes),
        cmocka_unit_test(test_bitmap),       cmocka_unit_test(test_widths),
        cmocka_unit_test(test_entry_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
