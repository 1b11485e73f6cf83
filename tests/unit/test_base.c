/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/le.h"

static void test_crc32(void **state)
{
    (void)state;
    /* The check value of CRC-32/ISO-HDLC, and the same by instalments. */
    assert_int_equal(bm_crc32(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(bm_crc32(bm_crc32(0, "1234", 4), "56789", 5), 0xcbf43926);
    assert_int_equal(bm_crc32(0xffffffff, "", 0), 0xffffffff);
}

static void test_le(void **state)
{
    (void)state;
    uint8_t b[9] = {0};
    bm_put_le64(b + 1, 0x1122334455667788u);
    assert_memory_equal(b, "\0\x88\x77\x66\x55\x44\x33\x22\x11", 9);
    assert_true(bm_get_le64(b + 1) == 0x1122334455667788u);
    assert_int_equal(bm_get_le32(b + 1), 0x55667788);
    assert_int_equal(bm_get_le16(b + 1), 0x7788);
}

static void test_hex(void **state)
{
    (void)state;
    char out[7];
    bm_hex_encode(out, "\x00\xab\xff", 3);
    assert_string_equal(out, "00abff");
    assert_int_equal(bm_hex_digit('f'), 15);
    assert_int_equal(bm_hex_digit('A'), 10);
    assert_int_equal(bm_hex_digit('g'), -1);
    assert_int_equal(bm_hex_digit('/'), -1);
}

static void test_text(void **state)
{
    (void)state;
    char buf[12];
    struct bm_text t;
    bm_text_init(&t, buf, sizeof buf);
    bm_text_str(&t, "at ");
    bm_text_hex(&t, 0x1040);
    assert_string_equal(buf, "at 0x1040");
    assert_int_equal(t.cut, 0);
    bm_text_u64(&t, 18446744073709551615u);
    assert_string_equal(buf, "at 0x104018");
    assert_int_equal(t.cut, 1);
}

static void test_diag_first_failure_wins(void **state)
{
    (void)state;
    struct bm_diag d = {0};
    assert_int_equal(bm_diag_set(&d, BM_E_IO, 64, "page header", "cannot be read"), BM_E_IO);
    assert_int_equal(bm_diag_set(&d, BM_E_ARG, 1, "x", "y"), BM_E_ARG);
    assert_int_equal(d.code, BM_E_IO);
    assert_int_equal(d.offset, 64);
    assert_string_equal(d.where, "page header");
    assert_string_equal(d.text, "cannot be read");
    assert_int_equal(bm_diag_set(NULL, BM_E_ARG, 0, NULL, NULL), BM_E_ARG);
}

static void test_err_rows(void **state)
{
    (void)state;
    assert_string_equal(bm_err_name(BM_E_NOENT), "BM_E_NOENT");
    assert_string_equal(bm_err_name(1), "BM_E_?");
    assert_non_null(bm_err_text(-999));
    for (int code = BM_E_INPUT; code <= BM_OK; code++) {
        assert_string_not_equal(bm_err_name(code), "BM_E_?");
    }
}

static void test_wipe(void **state)
{
    (void)state;
    char secret[8] = "secret";
    bm_wipe(secret, sizeof secret);
    assert_memory_equal(secret, "\0\0\0\0\0\0\0\0", 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc32),    cmocka_unit_test(test_le),
        cmocka_unit_test(test_hex),      cmocka_unit_test(test_text),
        cmocka_unit_test(test_err_rows), cmocka_unit_test(test_diag_first_failure_wins),
        cmocka_unit_test(test_wipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
