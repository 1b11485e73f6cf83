/* SPDX-License-Identifier: Apache-2.0 */

/* The pictures: cells where they belong, lines that fit, well-formed SVG, and no value in either.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/le.h"
#include "harness/capture.h"
#include "harness/image.h"
#include "image/map.h"

static const uint8_t none = BMI_CHUNK_NONE;

static struct test_image img;

static void put(unsigned entry, uint8_t ns, uint8_t type, uint8_t chunk, const char *key,
                const char *data, uint32_t size)
{
    const struct test_entry e = {0, entry, ns, type, chunk, key, data, size};
    test_entry(&img, &e);
}

static int setup(void **unused)
{
    (void)unused;
    char text[400];
    uint8_t index[8] = {10, 0, 0, 0, 1, 0, 0xff, 0xff};
    uint8_t *bitmap;
    memset(text, 'V', sizeof text);
    test_image_blank(&img, 6);
    bitmap = img.data + BMI_OFF_BITMAP;
    test_page(&img, 0, BMI_PAGE_ACTIVE, 0);
    put(0, 0, BM_NVS_U8, none, "ns", "\1", 1);
    put(1, 1, BM_NVS_U8, none, "n", "\1", 1);
    put(2, 1, BM_NVS_U8, none, "n", "\2", 1);
    put(3, 1, BM_NVS_STR, none, "text<&>\"\x1b", text, sizeof text);
    put(17, 1, BMI_TYPE_BLOB_DATA, 0, "b", "0123456789", 10);
    put(19, 1, BMI_TYPE_BLOB_IDX, none, "b", (const char *)index, 8);
    put(20, 1, BM_NVS_STR, none, "label", text, 200);
    bmi_bitmap_put(bitmap, 30, BMI_ENTRY_ERASED);
    bmi_bitmap_put(bitmap, 31, BMI_ENTRY_ILLEGAL);
    test_page(&img, 3, BMI_PAGE_FULL, 1);
    return 0;
}

static int teardown(void **unused)
{
    (void)unused;
    test_image_free(&img);
    return 0;
}

static char *draw(int color, int ascii, unsigned columns)
{
    const struct bm_map_opts o = {"x.bin", color, ascii, columns};
    struct bm_scan s;
    FILE *f = capture_open();
    assert_int_equal(bm_scan(&s, img.data, img.len), BM_OK);
    assert_int_equal(bm_map_text(&s, &o, f), BM_OK);
    bm_scan_free(&s);
    return capture_close(f, NULL);
}

static void ascii_cells(void **unused)
{
    (void)unused;
    char *text = draw(0, 1, 80);
    static const char *const wanted[] = {
        "x.bin  24576 bytes, 6 pages\n\n",
        "page 0  active  sequence 0  28 written  1 erased  96 empty  0x0\n"
        "   0  No#SsssssssssssssBbISsssssss..x!...............................\n"
        "  63  ...............................................................\n\n",
        "pages 1 to 2  blank  0x1000\n\n",
        "page 3  full  sequence 1  0 written",
        "pages 4 to 5  blank  0x4000\n",
        "N namespace  # number  S string  B blob data  I blob index  o old copy",
        "! damaged",
        NULL,
    };
    for (size_t i = 0; wanted[i] != NULL; i++) {
        if (strstr(text, wanted[i]) == NULL) {
            print_error("lacks %s in\n%s", wanted[i], text);
        }
        assert_non_null(strstr(text, wanted[i]));
    }
    for (const char *p = text; *p != '\0'; p++) {
        assert_true(((unsigned char)*p >= 0x20 && (unsigned char)*p < 0x7f) || *p == '\n');
    }
    free(text);
}

static void keys_are_written_where_they_fit(void **unused)
{
    (void)unused;
    char *text = draw(0, 0, 80);
    assert_non_null(strstr(text, "S─label─"));
    assert_null(strstr(text, "text<"));
    assert_null(strstr(text, "VVV"));
    free(text);
    text = draw(0, 0, 20); /* lines of 14 cells: entry 20 has eight left, label needs more than 7 */
    assert_non_null(strstr(text, "S─label─\n"));
    free(text);
}

static size_t longest_line(const char *text)
{
    size_t longest = 0;
    size_t columns = 0;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\n') {
            columns = 0;
        } else if (((unsigned char)*p & 0xc0) != 0x80) {
            columns++;
        }
        longest = columns > longest ? columns : longest;
    }
    return longest;
}

static void lines_keep_to_the_width(void **unused)
{
    (void)unused;
    for (unsigned columns = 70; columns < 140; columns += 3) {
        char *text = draw(0, 0, columns);
        assert_in_range(longest_line(text), 1, columns);
        free(text);
    }
}

static void colour_ends_with_each_line(void **unused)
{
    (void)unused;
    char *text = draw(1, 0, 80);
    const char *last = NULL;
    assert_non_null(strstr(text, "\x1b[30;42mS"));
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\x1b') {
            last = p;
        } else if (*p == '\n' && last != NULL) {
            /* the 0x... behind a page is dim up to the end of its line */
            assert_true(strncmp(last, "\x1b[0m", 4) == 0 || strncmp(last, "\x1b[2m", 4) == 0);
        }
    }
    assert_true(strncmp(last, "\x1b[0m", 4) == 0);
    free(text);
}

/* Enough of XML to see that tags close, and that text holds no bare markup. */
static void expect_well_formed(const char *svg)
{
    char open[16][16];
    size_t depth = 0;
    for (const char *p = svg; (p = strchr(p, '<')) != NULL; p++) {
        const char *end = strchr(p, '>');
        assert_non_null(end);
        if (p[1] == '/') {
            assert_true(depth > 0);
            depth--;
            assert_memory_equal(p + 2, open[depth], strlen(open[depth]));
        } else if (end[-1] != '/') {
            assert_true(depth < 16);
            (void)snprintf(open[depth], sizeof open[depth], "%.*s", (int)strcspn(p + 1, " >"),
                           p + 1);
            depth++;
        }
        p = end;
    }
    assert_int_equal(depth, 0);
}

static void svg_is_whole(void **unused)
{
    (void)unused;
    struct bm_scan s;
    char *svg = NULL;
    size_t len = 0;
    assert_int_equal(bm_scan(&s, img.data, img.len), BM_OK);
    assert_int_equal(bm_map_svg(&s, "a<b>&\"\x1b.bin", &svg, &len), BM_OK);
    assert_int_equal(strlen(svg), len);
    assert_memory_equal(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\"", 39);
    assert_string_equal(svg + len - 7, "</svg>\n");
    expect_well_formed(svg);
    assert_non_null(strstr(svg, "a&lt;b&gt;&amp;&quot;\\x1b.bin"));
    assert_non_null(strstr(svg, "<title>ns/text&lt;&amp;&gt;&quot;\\x1b\nstring, 400 bytes\n"
                                "string, entry 3 to 16</title>"));
    assert_non_null(strstr(svg, ">label</text>"));
    assert_non_null(strstr(svg, "prefers-color-scheme:dark"));
    assert_null(strstr(svg, "VVV"));
    assert_null(strstr(svg, "http://www.w3.org/2000/svg\" href"));
    free(svg);
    bm_scan_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ascii_cells, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_are_written_where_they_fit, setup, teardown),
        cmocka_unit_test_setup_teardown(lines_keep_to_the_width, setup, teardown),
        cmocka_unit_test_setup_teardown(colour_ends_with_each_line, setup, teardown),
        cmocka_unit_test_setup_teardown(svg_is_whole, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
