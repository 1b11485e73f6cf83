/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

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

static int read_named(const char *path, struct bm_diag *diag)
{
    uint8_t *data = NULL;
    size_t len = 0;
    memset(diag, 0, sizeof *diag);
    const int rc = bm_port_read_named(path, LONG, &data, &len, diag);
    assert_int_equal(data != NULL, rc == BM_OK);
    bm_port_free(data, len);
    return rc;
}

/* Nothing that is named in a file may keep the program waiting. */
static void test_read_named(void **state)
{
    (void)state;
    struct bm_diag diag;
    assert_int_equal(bm_port_write("e.bin", "12345", 5, 0600, NULL), BM_OK);
    assert_int_equal(read_named("e.bin", &diag), BM_OK);
    assert_int_equal(read_named("/dev/null", &diag), BM_OK);
    assert_int_equal(read_named("none", &diag), BM_E_NOENT);
    assert_int_equal(read_named("-", &diag), BM_E_NOENT); /* a name like others */
    assert_int_equal(read_named(".", &diag), BM_E_IO);
    assert_int_equal(diag.os_errno, EISDIR);
    alarm(120);
    assert_int_equal(mkfifo("q", 0600), 0);
    assert_int_equal(read_named("q", &diag), BM_E_INPUT);
    assert_string_not_equal(diag.text, "");
    alarm(0);
}

static void test_same_file(void **state)
{
    (void)state;
    assert_int_equal(bm_port_write("f.bin", "1", 1, 0600, NULL), BM_OK);
    assert_int_equal(bm_port_write("g.bin", "1", 1, 0600, NULL), BM_OK);
    assert_int_equal(link("f.bin", "hard"), 0);
    assert_int_equal(symlink("f.bin", "soft"), 0);
    assert_true(bm_port_same_file("f.bin", "./f.bin"));
    assert_true(bm_port_same_file("f.bin", "hard"));
    assert_true(bm_port_same_file("soft", "hard"));
    assert_false(bm_port_same_file("f.bin", "g.bin"));
    assert_false(bm_port_same_file("none", "none"));
    assert_false(bm_port_same_file("/dev/null", "/dev/null"));
    assert_false(bm_port_same_file(".", "."));
}

static volatile sig_atomic_t signals_seen;
static volatile sig_atomic_t files_seen;
static char temporary[64];

static void on_signal(int number)
{
    const int saved = errno; /* what it interrupts may be about to look at it */
    (void)number;
    signals_seen++;
    files_seen += access(temporary, F_OK) == 0;
    errno = saved;
}

/* A signal that ends the program must not find a half written file. */
static void test_signals(void **state)
{
    (void)state;
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    static uint8_t text[LONG];
    snprintf(temporary, sizeof temporary, ".birthmark-%ld-0.tmp", (long)getpid());
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct sigaction action = {.sa_handler = on_signal};
        struct sigaction before;
        struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = numbers[i]};
        const struct itimerspec often = {{0, 50000}, {0, 50000}};
        timer_t timer;
        signals_seen = 0;
        files_seen = 0;
        assert_int_equal(sigaction(numbers[i], &action, &before), 0);
        assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
        assert_int_equal(timer_settime(timer, 0, &often, NULL), 0);
        for (int k = 0; k < 10 || signals_seen == 0; k++) {
            assert_int_equal(bm_port_write("h.bin", text, sizeof text, 0600, NULL), BM_OK);
        }
        timer_delete(timer);
        assert_int_equal(sigaction(numbers[i], &before, NULL), 0);
        assert_int_equal(files_seen, 0);
    }
}

/* Over the file size limit: an error, not the end of the program, and nothing left behind. */
static void test_file_limit(void **state)
{
    (void)state;
    static uint8_t text[LONG];
    struct bm_diag diag = {0};
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit low = {LONG / 2, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    const int rc = bm_port_write("i.bin", text, sizeof text, 0600, &diag);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(rc, BM_E_IO);
    assert_int_equal(diag.os_errno, EFBIG);
    assert_int_equal(access("i.bin", F_OK), -1);
    snprintf(temporary, sizeof temporary, ".birthmark-%ld-0.tmp", (long)getpid());
    assert_int_equal(access(temporary, F_OK), -1);
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
        cmocka_unit_test(test_terminal),       cmocka_unit_test(test_read_named),
        cmocka_unit_test(test_same_file),      cmocka_unit_test(test_signals),
        cmocka_unit_test(test_file_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
