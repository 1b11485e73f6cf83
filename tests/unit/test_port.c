/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "port/file.h"

enum { LONG = 300 * 1000 };

static void fill(uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        data[i] = (uint8_t)(i * 7 + i / 251);
    }
}

static void expect_file(const char *path, const uint8_t *want, size_t want_len)
{
    uint8_t *data = NULL;
    size_t len = 0;
    assert_int_equal(bm_port_read(path, LONG, &data, &len, NULL), BM_OK);
    assert_int_equal(len, want_len);
    assert_memory_equal(data, want, len);
    assert_int_equal(data[len], 0);
    bm_port_free(data, len);
}

static void test_write_and_read(void **state)
{
    (void)state;
    static uint8_t text[LONG];
    static const size_t sizes[] = {0, 1, 4096, 65536, 65537, LONG};
    fill(text, sizeof text);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(bm_port_write("a.bin", text, sizes[i], 0600, NULL), BM_OK);
        expect_file("a.bin", text, sizes[i]);
    }
}

static void test_read_limit(void **state)
{
    (void)state;
    struct bm_diag diag = {0};
    uint8_t *data = NULL;
    size_t len = 1;
    assert_int_equal(bm_port_write("b.bin", "12345", 5, 0600, NULL), BM_OK);
    assert_int_equal(bm_port_read("b.bin", 5, &data, &len, NULL), BM_OK);
    assert_int_equal(len, 5);
    bm_port_free(data, len);
    assert_int_equal(bm_port_read("b.bin", 4, &data, &len, &diag), BM_E_NOSPC);
    assert_int_equal(diag.code, BM_E_NOSPC);
    assert_null(data);
    assert_int_equal(len, 0);
    /* a device has no size: it is read until it is too much */
    assert_int_equal(bm_port_read("/dev/zero", LONG, &data, &len, NULL), BM_E_NOSPC);
    assert_int_equal(bm_port_read("/dev/null", 0, &data, &len, NULL), BM_OK);
    assert_int_equal(len, 0);
    bm_port_free(data, len);
    bm_port_free(NULL, 0);
}

/* What comes through a pipe grows as it comes. */
static void test_read_pipe(void **state)
{
    (void)state;
    static uint8_t text[LONG];
    fill(text, sizeof text);
    assert_int_equal(bm_port_write("c.bin", text, sizeof text, 0600, NULL), BM_OK);
    assert_int_equal(system("mkfifo p; cat c.bin >p &"), 0); /* NOLINT(cert-env33-c) */
    expect_file("p", text, sizeof text);
}

static void test_read_failures(void **state)
{
    (void)state;
    struct bm_diag none = {0};
    struct bm_diag folder = {0};
    uint8_t *data = NULL;
    size_t len = 0;
    assert_int_equal(bm_port_read("none", 10, &data, &len, &none), BM_E_NOENT);
    assert_int_equal(none.os_errno, ENOENT);
    assert_int_equal(bm_port_read(".", 10, &data, &len, &folder), BM_E_IO);
    assert_int_equal(folder.os_errno, EISDIR);
    assert_null(data);
}

static void test_write_failures(void **state)
{
    (void)state;
    struct bm_diag diag = {0};
    assert_int_equal(bm_port_write("none/d.bin", "x", 1, 0600, &diag), BM_E_IO);
    assert_int_equal(diag.os_errno, ENOENT);
    assert_int_equal(bm_port_write(".", "x", 1, 0600, NULL), BM_E_IO);
    memset(&diag, 0, sizeof diag);
    assert_int_equal(bm_port_write("/dev/full", "x", 1, 0600, &diag), BM_E_IO);
    assert_int_equal(diag.os_errno, ENOSPC);
}

static void test_mkdirs(void **state)
{
    (void)state;
    struct bm_diag diag = {0};
    assert_int_equal(bm_port_mkdirs("m/n//o/", NULL), BM_OK);
    assert_int_equal(bm_port_mkdirs("m/n/o", NULL), BM_OK);
    assert_int_equal(bm_port_mkdirs("", NULL), BM_OK);
    assert_int_equal(bm_port_mkdirs("/", NULL), BM_OK);
    assert_int_equal(bm_port_write("m/n/o/file", "x", 1, 0600, NULL), BM_OK);
    assert_int_equal(bm_port_mkdirs("m/n/o/file/p", &diag), BM_E_IO);
    assert_int_equal(diag.os_errno, ENOTDIR);
}

static void test_terminal(void **state)
{
    (void)state;
    assert_int_equal(bm_port_is_terminal(-1), 0);
    assert_int_equal(bm_port_columns(-1, 77), 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write_and_read), cmocka_unit_test(test_read_limit),
        cmocka_unit_test(test_read_pipe),      cmocka_unit_test(test_read_failures),
        cmocka_unit_test(test_write_failures), cmocka_unit_test(test_mkdirs),
        cmocka_unit_test(test_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
