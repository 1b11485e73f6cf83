/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "port/file.h"
#include "port/hold.h"

enum { MOMENT = 20 }; /* milliseconds */

/* In front of the C library's: a file system that has no locks answers like this. */
static int no_locks;

/* What somebody else does between our opening the file and our getting the lock. */
static void (*meanwhile)(void);

int flock(int fd, int operation);
int flock(int fd, int operation)
{
    if (meanwhile != NULL) {
        void (*const act)(void) = meanwhile;
        meanwhile = NULL;
        act();
    }
    if (no_locks != 0) {
        errno = no_locks;
        return -1;
    }
    return (int)syscall(SYS_flock, fd, operation);
}

static void make(const char *path, const char *text)
{
    const struct timespec long_ago[2] = {{1000, 0}, {1000, 0}};
    assert_int_equal(bm_port_write(path, text, strlen(text), 0600, NULL), BM_OK);
    assert_int_equal(utimensat(AT_FDCWD, path, long_ago, 0), 0);
}

static void expect_file(const char *path, const char *text)
{
    uint8_t *data = NULL;
    size_t len = 0;
    assert_int_equal(bm_port_read(path, 100, &data, &len, NULL), BM_OK);
    assert_string_equal((const char *)data, text);
    bm_port_free(data, len);
}

static void write_over(const char *path, const char *text)
{
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* One at a time; then it is free again, also for another name of the file. */
static void test_lock(void **state)
{
    (void)state;
    struct bm_port_hold a;
    struct bm_port_hold b;
    make("lock.bin", "one");
    (void)unlink("lock.link");
    assert_int_equal(symlink("lock.bin", "lock.link"), 0);
    assert_int_equal(bm_port_hold(&a, "lock.bin", 0), BM_OK);
    assert_int_equal(bm_port_hold(&b, "lock.bin", 0), BM_E_TIMEOUT);
    assert_int_equal(bm_port_hold(&b, "lock.link", MOMENT), BM_E_TIMEOUT);
    bm_port_hold_end(&b);
    bm_port_hold_end(&a);
    bm_port_hold_end(&a);
    assert_int_equal(bm_port_hold(&b, "lock.link", 0), BM_OK);
    bm_port_hold_end(&b);
}

/* The lock goes with the file; whoever replaced it had it, and what came in its place is free. */
static void test_replaced(void **state)
{
    (void)state;
    struct bm_port_hold a;
    struct bm_port_hold b;
    make("place.bin", "one");
    assert_int_equal(bm_port_hold(&a, "place.bin", 0), BM_OK);
    assert_int_equal(bm_port_write_held(&a, "place.bin", "two", 3, 0600, NULL), BM_OK);
    assert_int_equal(bm_port_hold(&b, "place.bin", 0), BM_OK);
    assert_int_equal(bm_port_write_held(&b, "place.bin", "three", 5, 0600, NULL), BM_OK);
    bm_port_hold_end(&b);
    bm_port_hold_end(&a);
    expect_file("place.bin", "three");
}

static void same_size(void)
{
    write_over("seen.bin", "TWO");
}

static void other_size(void)
{
    const struct timespec long_ago[2] = {{1000, 0}, {1000, 0}};
    write_over("seen.bin", "longer");
    assert_int_equal(utimensat(AT_FDCWD, "seen.bin", long_ago, 0), 0);
}

static void other_file(void)
{
    make("new.bin", "TWO"); /* same size, same time */
    assert_int_equal(rename("new.bin", "seen.bin"), 0);
}

/* A lock on what was replaced just then is worth nothing: it takes the new one's. */
static void test_replaced_meanwhile(void **state)
{
    (void)state;
    struct bm_port_hold a;
    struct bm_port_hold b;
    make("seen.bin", "one");
    meanwhile = other_file;
    assert_int_equal(bm_port_hold(&a, "seen.bin", MOMENT), BM_OK);
    assert_null(meanwhile);
    assert_true(bm_port_hold_good(&a, "seen.bin"));
    assert_int_equal(bm_port_hold(&b, "seen.bin", 0), BM_E_TIMEOUT);
    bm_port_hold_end(&a);
}

/* What somebody without the lock did is not lost. */
static void test_changed(void **state)
{
    (void)state;
    void (*const ways[])(void) = {same_size, other_size, other_file};
    static const char *const then[] = {"TWO", "longer", "TWO"};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct bm_port_hold hold;
        struct bm_diag diag = {0};
        make("seen.bin", "one");
        assert_int_equal(bm_port_hold(&hold, "seen.bin", 0), BM_OK);
        assert_true(bm_port_hold_good(&hold, "seen.bin"));
        ways[i]();
        assert_false(bm_port_hold_good(&hold, "seen.bin"));
        assert_int_equal(bm_port_write_held(&hold, "seen.bin", "mine", 4, 0600, &diag), BM_E_INPUT);
        assert_non_null(strstr(diag.text, "another program"));
        assert_int_equal(diag.os_errno, 0);
        expect_file("seen.bin", then[i]);
        bm_port_hold_end(&hold);
    }
}

static void test_gone(void **state)
{
    (void)state;
    struct bm_port_hold hold;
    make("gone.bin", "one");
    assert_int_equal(bm_port_hold(&hold, "gone.bin", 0), BM_OK);
    assert_int_equal(unlink("gone.bin"), 0);
    assert_int_equal(bm_port_write_held(&hold, "gone.bin", "mine", 4, 0600, NULL), BM_E_INPUT);
    assert_int_not_equal(access("gone.bin", F_OK), 0);
    bm_port_hold_end(&hold);
}

/* Without locks changes are seen all the same; other errors are no reason to wait either. */
static void test_no_locks(void **state)
{
    (void)state;
    static const int answers[] = {ENOTSUP, ENOLCK, EBADF, EINVAL, ENOSYS};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct bm_port_hold a;
        struct bm_port_hold b;
        no_locks = answers[i];
        make("free.bin", "one");
        assert_int_equal(bm_port_hold(&a, "free.bin", 0), BM_OK);
        assert_int_equal(bm_port_hold(&b, "free.bin", 0), BM_OK);
        assert_int_equal(bm_port_write_held(&a, "free.bin", "two", 3, 0600, NULL), BM_OK);
        assert_int_equal(bm_port_write_held(&b, "free.bin", "six", 3, 0600, NULL), BM_E_INPUT);
        expect_file("free.bin", "two");
        bm_port_hold_end(&a);
        bm_port_hold_end(&b);
        no_locks = 0;
    }
}

/* What is not there, or no file, is for the reader to say. */
static void test_no_file(void **state)
{
    (void)state;
    static const char *const paths[] = {"none.bin", ".", "/dev/null", "no/such/folder"};
    struct bm_port_hold hold;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        assert_int_equal(bm_port_hold(&hold, paths[i], 0), BM_OK);
        assert_true(bm_port_hold_good(&hold, paths[i]));
        bm_port_hold_end(&hold);
    }
    memset(&hold, 0, sizeof hold);
    bm_port_hold_end(&hold);
    assert_int_equal(fcntl(0, F_GETFD) < 0 && errno == EBADF, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lock),
        cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_replaced_meanwhile),
        cmocka_unit_test(test_changed),
        cmocka_unit_test(test_gone),
        cmocka_unit_test(test_no_locks),
        cmocka_unit_test(test_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
