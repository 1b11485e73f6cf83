/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_TESTS_MINI_CMOCKA_H
#define BM_TESTS_MINI_CMOCKA_H

/* The part of cmocka's interface that the tests of the store use, for machines that Debian has no
 * cmocka for (tests/cli/bigendian.sh). A failure ends its test; the program's status counts them.
 */

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CMUnitTest {
    const char *name;
    void (*test)(void **state);
    int (*setup)(void **state);
    int (*teardown)(void **state);
};

struct mini_run {
    jmp_buf out;
    int failed;
    int skipped;
};

extern struct mini_run mini_run; /* mini.c */

static inline void mini_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    mini_run.failed = 1;
    longjmp(mini_run.out, 1);
}

static inline void mini_int(const char *file, int line, uint64_t a, uint64_t b, int equal)
{
    char text[80];
    if ((a == b) != equal) {
        (void)snprintf(text, sizeof text, "0x%" PRIx64 " %s 0x%" PRIx64, a, equal ? "!=" : "==", b);
        mini_fail(file, line, text);
    }
}

static inline void mini_true(const char *file, int line, const char *what, int holds)
{
    if (!holds) {
        mini_fail(file, line, what);
    }
}

static inline void mini_skip(void)
{
    mini_run.skipped = 1;
    longjmp(mini_run.out, 1);
}

#define print_message(...) printf(__VA_ARGS__)
#define print_error(...)   fprintf(stderr, __VA_ARGS__)
#define fail()             mini_fail(__FILE__, __LINE__, "failed")
#define fail_msg(...)      (print_error(__VA_ARGS__), mini_fail(__FILE__, __LINE__, ""))
#define skip()             mini_skip()

#define assert_int_equal(a, b)     mini_int(__FILE__, __LINE__, (uint64_t)(a), (uint64_t)(b), 1)
#define assert_int_not_equal(a, b) mini_int(__FILE__, __LINE__, (uint64_t)(a), (uint64_t)(b), 0)
#define assert_true(x)             mini_true(__FILE__, __LINE__, #x, (x) ? 1 : 0)
#define assert_false(x)            mini_true(__FILE__, __LINE__, "not " #x, (x) ? 0 : 1)
#define assert_null(p)             mini_true(__FILE__, __LINE__, #p " is not NULL", (p) == NULL)
#define assert_non_null(p)         mini_true(__FILE__, __LINE__, #p " is NULL", (p) != NULL)
#define assert_in_range(x, low, high)                    \
    mini_true(__FILE__, __LINE__, #x " is out of range", \
              (uint64_t)(x) >= (uint64_t)(low) && (uint64_t)(x) <= (uint64_t)(high))
#define assert_string_equal(a, b)     mini_true(__FILE__, __LINE__, #a " is not " #b, strcmp(a, b) == 0)
#define assert_string_not_equal(a, b) mini_true(__FILE__, __LINE__, #a " is " #b, strcmp(a, b) != 0)
#define assert_memory_equal(a, b, n) \
    mini_true(__FILE__, __LINE__, #a " is not " #b, memcmp(a, b, n) == 0)
#define assert_memory_not_equal(a, b, n) \
    mini_true(__FILE__, __LINE__, #a " is " #b, memcmp(a, b, n) != 0)

#define cmocka_unit_test(f) \
    {                       \
#f, f, NULL, NULL   \
    }
#define cmocka_unit_test_setup(f, s) \
    {                                \
#f, f, s, NULL               \
    }
#define cmocka_unit_test_teardown(f, t) \
    {                                   \
#f, f, NULL, t                  \
    }
#define cmocka_unit_test_setup_teardown(f, s, t) \
    {                                            \
#f, f, s, t                              \
    }

/* 1: the test has failed. */
static inline int mini_one(const struct CMUnitTest *test)
{
    void *state = NULL;
    mini_run.failed = 0;
    mini_run.skipped = 0;
    if (setjmp(mini_run.out) == 0) {
        mini_true(test->name, 0, "setup", test->setup == NULL || test->setup(&state) == 0);
        test->test(&state);
    }
    if (test->teardown != NULL && setjmp(mini_run.out) == 0) {
        mini_true(test->name, 0, "teardown", test->teardown(&state) == 0);
    }
    printf("%s %s\n", mini_run.failed ? "FAILED" : mini_run.skipped ? "skipped" : "ok", test->name);
    return mini_run.failed;
}

static inline int mini_all(const struct CMUnitTest *tests, size_t count)
{
    int failed = 0;
    for (size_t i = 0; i < count; i++) {
        failed += mini_one(&tests[i]);
    }
    return failed;
}

#define cmocka_run_group_tests(tests, setup, teardown) \
    ((void)(setup), (void)(teardown), mini_all(tests, sizeof(tests) / sizeof((tests)[0])))

#endif
