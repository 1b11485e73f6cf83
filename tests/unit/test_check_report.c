/* SPDX-License-Identifier: Apache-2.0 */

/* What check says of its findings: where they are, no bytes of secrets, and the report. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/capture.h"
#include "harness/check.h"
#include "image/check.h"
#include "nvs/fmt.h"

static struct test_image img;

static void place_and_key(void *ctx, const struct bm_finding *f)
{
    assert_int_equal(f->offset, BMI_PAGE_SIZE + BMI_OFF_ENTRIES + BMI_ENTRY_SIZE);
    assert_int_equal(f->page, 1);
    assert_int_equal(f->entry, 1);
    assert_string_equal(f->ns, "ns");
    assert_string_equal(f->key, "k");
    assert_non_null(strstr(f->text, "page 0 entry 1"));
    ++*(int *)ctx;
}

static void finding_says_where(void **unused)
{
    (void)unused;
    struct bm_check_result result;
    struct bm_scan s;
    int n = 0;
    check_image_clean(&img);
    check_put_u8(&img, 1, 1, 1, "k", 8);
    assert_int_equal(bm_scan(&s, img.data, img.len), BM_OK);
    bm_check(&s, place_and_key, &n, &result);
    assert_int_equal(n, 1);
    assert_int_equal(result.count[BM_ERROR], 1);
    assert_int_equal(result.count[BM_WARNING], 0);
    bm_scan_free(&s);
    test_image_free(&img);
}

/* What stands where a key should be may be part of a secret. */
static void no_bytes_of_damaged_entries(void *ctx, const struct bm_finding *f)
{
    assert_null(f->key);
    assert_null(strstr(f->text, "SECRET"));
    ++*(int *)ctx;
}

static void damage_shows_no_bytes(void **unused)
{
    (void)unused;
    struct bm_check_result result;
    struct bm_scan s;
    int n = 0;
    check_image_clean(&img);
    check_put(&img, 1, 1, 1, BM_NVS_STR, BMI_CHUNK_NONE, "SECRETKEYPART",
              "SECRET SECRET SECRET SECRET SECRET SECRET", 42);
    test_entry_at(&img, 1, 1)[BMI_EN_CRC] ^= 1;
    assert_int_equal(bm_scan(&s, img.data, img.len), BM_OK);
    bm_check(&s, no_bytes_of_damaged_entries, &n, &result);
    assert_int_equal(n, 1);
    bm_scan_free(&s);
    test_image_free(&img);
}

static char *report(int json, struct bm_check_result *result)
{
    const struct bm_check_opts o = {"a\x1b.bin", json, 0};
    struct bm_scan s;
    FILE *f = capture_open();
    assert_int_equal(bm_scan(&s, img.data, img.len), BM_OK);
    assert_int_equal(bm_check_report(&s, &o, f, result), BM_OK);
    bm_scan_free(&s);
    return capture_close(f, NULL);
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, what)) != NULL; p++) {
        n++;
    }
    return n;
}

static void text_is_capped_and_json_is_not(void **unused)
{
    (void)unused;
    struct bm_check_result result;
    check_image_clean(&img);
    for (unsigned i = 1; i < 60; i += 2) {
        check_put_u8(&img, 1, i, 1, "x", 1);
        test_entry_at(&img, 1, i)[BMI_EN_CRC] ^= 1;
        check_put_state(&img, 1, i + 1, BMI_ENTRY_ERASED);
    }
    char *text = report(0, &result);
    assert_int_equal(result.count[BM_ERROR], 30);
    assert_int_equal(count(text, "error entry-crc"), 10);
    assert_int_equal(count(text, "device:"), 1);
    assert_int_equal(count(text, "... and 20 more of entry-crc"), 1);
    assert_null(strchr(text, '\x1b'));
    free(text);
    text = report(1, &result);
    assert_int_equal(count(text, "\"id\":\"entry-crc\""), 30);
    assert_int_equal(count(text, "\"device\":"), 30);
    assert_null(strchr(text, '\x1b'));
    free(text);
    test_image_free(&img);
}

static void clean_is_one_line(void **unused)
{
    (void)unused;
    struct bm_check_result result;
    check_image_clean(&img);
    char *text = report(0, &result);
    assert_string_equal(text, "a\\x1b.bin: clean; 4 pages, 1 namespace, 4 keys, 10 of 504 entries "
                              "written\n");
    free(text);
    test_image_free(&img);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finding_says_where),
        cmocka_unit_test(damage_shows_no_bytes),
        cmocka_unit_test(text_is_capped_and_json_is_not),
        cmocka_unit_test(clean_is_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
