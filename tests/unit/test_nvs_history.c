/* SPDX-License-Identifier: Apache-2.0 */

/* Images that ESP-IDF's own library wrote, through long histories and power cuts, read back whole:
 * every value by key and by iteration, with the smallest mount and with an index. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/history.h"
#include "harness/image.h"
#include <cmocka.h>

static int check_one(const char *dir, const char *name, uint32_t index_keys)
{
    struct test_image image;
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s/image.bin", dir, name);
    test_image_load(&image, path);
    test_image_mount(&image, index_keys);
    (void)snprintf(path, sizeof path, "%s/%s/expected.json", dir, name);
    json_t *expected = history_expected(path);
    json_t *got = history_read(&image.nvs);
    const int bad = history_compare(name, got, expected);
    json_decref(got);
    json_decref(expected);
    test_image_free(&image);
    return bad;
}

/* Reads the images prefix-00 ... prefix-NN that are in a folder; returns how many. */
static int check_series(const char *dir, const char *prefix, int count)
{
    int seen = 0;
    int bad = 0;
    for (int i = 0; i < count; i++) {
        char path[600];
        char name[32];
        (void)snprintf(name, sizeof name, "%s-%02d", prefix, i);
        (void)snprintf(path, sizeof path, "%s/%s", dir, name);
        if (!test_exists(path)) {
            continue;
        }
        seen++;
        bad += check_one(dir, name, 0);
        bad += check_one(dir, name, 1000);
        bad += check_one(dir, name, 4); /* an index too small for the partition is not used */
    }
    assert_int_equal(bad, 0);
    return seen;
}

enum { HISTORIES = 10, CUTS = 24 };

static void test_images_of_the_project(void **state)
{
    (void)state;
    static const char dir[] = BM_SOURCE_DIR "/tests/golden/history";
    assert_int_equal(check_series(dir, "history", HISTORIES), 3);
    assert_int_equal(check_series(dir, "cut", CUTS), 3);
}

static void test_shared_images(void **state)
{
    (void)state;
    char dir[512];
    test_shared_path(dir, sizeof dir, "golden/nvs-history");
    if (!test_exists(dir)) {
        print_message("%s is not here: only the images of the project were read\n", dir);
        return;
    }
    assert_int_equal(check_series(dir, "history", HISTORIES), HISTORIES);
    assert_int_equal(check_series(dir, "cut", CUTS), CUTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_images_of_the_project),
        cmocka_unit_test(test_shared_images),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
