/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "birthmark/err.h"
#include "image/csv.h"
#include "image/header.h"
#include "image/utf8.h"

#define TEXT(s) s, sizeof(s) - 1

/* All records as text: "line:column=cell" for each cell, '|' between cells, '/' between records;
 * then what was wrong, as "!line:column". */
static void read_all(char *out, size_t cap, const char *text, size_t len)
{
    struct bm_image_problems problems = {0};
    const struct bmi_csv_row *row = NULL;
    struct bmi_csv *csv = NULL;
    size_t n = 0;
    out[0] = '\0';
    if (bmi_csv_open(&csv, "t.csv", (const uint8_t *)text, len, &problems) == BM_OK) {
        while (bmi_csv_next(csv, &row) == BM_OK) {
            for (size_t i = 0; i < row->count; i++) {
                const struct bmi_csv_cell *c = &row->cells[i];
                assert_int_equal(c->text[c->len], '\0');
                n += (size_t)snprintf(out + n, cap - n, "%s%u:%u=%.*s%s", i > 0 ? "|" : "", c->line,
                                      c->column, (int)c->len, c->text, c->stripped ? "~" : "");
            }
            n += (size_t)snprintf(out + n, cap - n, "/");
        }
    }
    bmi_csv_close(csv);
    for (size_t i = 0; i < problems.count; i++) {
        n += (size_t)snprintf(out + n, cap - n, "!%u:%u", problems.list[i].place.line,
                              problems.list[i].place.column);
    }
    bm_image_problems_free(&problems);
}

static const struct {
    const char *text;
    size_t len;
    const char *want;
} records[] = {
    {TEXT(""), ""},
    {TEXT("a,b\nc,d\n"), "1:1=a|1:3=b/2:1=c|2:3=d/"},
    {TEXT("a,b"), "1:1=a|1:3=b/"},
    {TEXT("a,\n,b\n"), "1:1=a|1:3=/2:1=|2:2=b/"},
    {TEXT("a,b\r\nc,d\r\n"), "1:1=a|1:3=b/2:1=c|2:3=d/"},
    {TEXT("a\rb\r"), "1:1=a/2:1=b/"},
    /* blanks belong to unquoted cells */
    {TEXT(" a , b \n"), "1:1= a |1:5= b /"},
    {TEXT("\ta\t,b\n"), "1:1=\ta\t|1:5=b/"},
    /* quotes */
    {TEXT("\"a,b\",c\n"), "1:1=a,b|1:7=c/"},
    {TEXT("\"say \"\"hi\"\"\"\n"), "1:1=say \"hi\"/"},
    {TEXT("\"\"\n"), "1:1=/"},
    {TEXT("a\"b\"c\n"), "1:1=a\"b\"c/"},
    {TEXT(" \"a\" ,b\n"), "1:2=a~|1:7=b/"},
    {TEXT("\"a\"\t\n"), "1:1=a~/"},
    {TEXT("\"a\""), "1:1=a/"},
    {TEXT("\"\"\"\""), "1:1=\"/"},
    /* line ends in quotes, and the lines behind them */
    {TEXT("\"a\nb\",c\nd\n"), "1:1=a\nb|2:4=c/3:1=d/"},
    {TEXT("h\n\"a\r\nb\rc\"\nd\n"), "1:1=h/2:1=a\r\nb\rc/4:1=d/"},
    {TEXT("h\r\n\"a\r\nb\rc\"\r\nd\r\n"), "1:1=h/2:1=a\nb\nc/5:1=d/!2:0"},
    {TEXT("h\r\"a\rb\"\rd\r"), "1:1=h/2:1=a\nb/4:1=d/!2:0"},
    /* comments and blank lines, between records only */
    {TEXT("# c\na\n#b\n\n  \t\nc\n"), "2:1=a/6:1=c/"},
    {TEXT("# \"c\na\n"), "2:1=a/"},
    {TEXT("\"a\n#b\n\nc\"\n"), "1:1=a\n#b\n\nc/"},
    {TEXT(" #a\n\"#b\"\n"), "1:1= #a/2:1=#b/"},
    {TEXT("# only"), ""},
    /* marks, characters and bytes */
    {TEXT("\xef\xbb\xbf"
          "a,b\n"),
     "1:1=a|1:3=b/"},
    {TEXT("\xef\xbb\xbf# c\na\n"), "2:1=a/"},
    {TEXT("\xc3\xa9\xe6\x97\xa5,b\n"), "1:1=\xc3\xa9\xe6\x97\xa5|1:4=b/"},
    {TEXT("a\x00"
          "b,c\n"),
     "!1:1"}, /* the second byte is NUL: UTF-16 */
    /* what cannot be read; the records around it can */
    {TEXT("a\nb,\"c\nd\n"), "1:1=a/!2:3"},
    {TEXT("a\n\"b\"c,d\ne\n"), "1:1=a/3:1=e/!2:4"},
    {TEXT("a\n\"b\" c\ne\n"), "1:1=a/3:1=e/!2:5"},
    {TEXT("a\nb,\xff\nc\n"), "1:1=a/3:1=c/!2:3"},
    {TEXT("a\n\"\xc3\xa9\n\xc3\xa9\xe9\"\nc\n"), "1:1=a/4:1=c/!3:2"},
    {TEXT("# \xff\na\n"), "2:1=a/"},
};

static void test_records(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        char got[512];
        read_all(got, sizeof got, records[i].text, records[i].len);
        if (strcmp(got, records[i].want) != 0) {
            fail_msg("case %zu: got <%s>, want <%s>", i, got, records[i].want);
        }
    }
}

static void test_many_cells(void **state)
{
    (void)state;
    char text[512];
    char got[2048];
    memset(text, ',', sizeof text);
    read_all(got, sizeof got, text, BMI_CSV_CELLS_MAX - 1);
    assert_null(strchr(got, '!'));
    read_all(got, sizeof got, text, BMI_CSV_CELLS_MAX);
    assert_string_equal(got, "!1:1");
}

/* A cell far longer than any buffer along the way. */
static void test_long_cell(void **state)
{
    (void)state;
    enum { LONG = 300 * 1000 };
    static char text[LONG + 16];
    struct bm_image_problems problems = {0};
    const struct bmi_csv_row *row = NULL;
    struct bmi_csv *csv = NULL;
    memset(text, 'x', LONG);
    memcpy(text + LONG, ",y\n", sizeof ",y\n");
    assert_int_equal(bmi_csv_open(&csv, "t", (uint8_t *)text, LONG + 3, &problems), BM_OK);
    assert_int_equal(bmi_csv_next(csv, &row), BM_OK);
    assert_int_equal(row->count, 2);
    assert_int_equal(row->cells[0].len, LONG);
    assert_memory_equal(row->cells[0].text, text, LONG);
    assert_int_equal(row->cells[1].column, LONG + 2);
    assert_int_equal(bmi_csv_next(csv, &row), BM_E_NOENT);
    assert_int_equal(bmi_csv_next(csv, &row), BM_E_NOENT);
    bmi_csv_close(csv);
    bm_image_problems_free(&problems);
}

static int read_header(struct bmi_header_map *map, const char *text,
                       struct bm_image_problems *problems)
{
    const struct bmi_csv_row *row = NULL;
    struct bmi_csv *csv = NULL;
    assert_int_equal(bmi_csv_open(&csv, "t", (const uint8_t *)text, strlen(text), problems), BM_OK);
    assert_int_equal(bmi_csv_next(csv, &row), BM_OK);
    const int rc = bmi_header_parse(map, row, "t", problems);
    bmi_csv_close(csv);
    return rc;
}

static void test_header(void **state)
{
    (void)state;
    struct bm_image_problems problems = {0};
    struct bmi_header_map map;
    assert_int_equal(read_header(&map, "key,type,encoding,value\n", &problems), BM_OK);
    assert_int_equal(map.at[BMI_COL_KEY], 0);
    assert_int_equal(map.at[BMI_COL_VALUE], 3);
    assert_int_equal(map.count, 4);
    assert_int_equal(read_header(&map, " Value ,x,\"TYPE\",note,eNcoding,KEY\t\n", &problems),
                     BM_OK);
    assert_int_equal(map.at[BMI_COL_KEY], 5);
    assert_int_equal(map.at[BMI_COL_TYPE], 2);
    assert_int_equal(map.at[BMI_COL_ENCODING], 4);
    assert_int_equal(map.at[BMI_COL_VALUE], 0);
    assert_int_equal(problems.warnings + problems.errors, 0);
    assert_int_equal(read_header(&map, "key,key,type,encoding,value\n", &problems), BM_OK);
    assert_int_equal(map.at[BMI_COL_KEY], 1);
    assert_int_equal(problems.warnings, 1);
    assert_int_equal(read_header(&map, "keys,type,encoding,value\n", &problems), BM_E_INPUT);
    assert_int_equal(problems.errors, 1);
    assert_int_equal(read_header(&map, "a,b\n", &problems), BM_E_INPUT);
    assert_int_equal(problems.errors, 2);
    bm_image_problems_free(&problems);
}

static void test_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len, good;
    } cases[] = {
        {TEXT(""), 0},
        {TEXT("abc"), 3},
        {TEXT("a\x7f"), 2},
        {TEXT("\xc2\x80\xdf\xbf"), 4},
        {TEXT("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"), 12},
        {TEXT("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), 8},
        {TEXT("ab\x80"), 2},   /* no first byte */
        {TEXT("\xc0\x80"), 0}, /* overlong */
        {TEXT("\xc1\xbf"), 0},
        {TEXT("\xe0\x9f\xbf"), 0},
        {TEXT("\xf0\x8f\xbf\xbf"), 0},
        {TEXT("a\xed\xa0\x80"), 1},    /* surrogate */
        {TEXT("\xf4\x90\x80\x80"), 0}, /* above U+10FFFF */
        {TEXT("\xf5\x80\x80\x80"), 0},
        {TEXT("\xff"), 0},
        {TEXT("ab\xc3"), 2}, /* cut */
        {TEXT("ab\xe6\x97"), 2},
        {TEXT("12345678\xf0\x9f\x9a"), 8},
        {TEXT("1234567\xc3\xa9"
              "12345678\x80"),
         17},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (bmi_utf8_good((const uint8_t *)cases[i].text, cases[i].len) != cases[i].good) {
            fail_msg("case %zu", i);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),   cmocka_unit_test(test_many_cells),
        cmocka_unit_test(test_long_cell), cmocka_unit_test(test_header),
        cmocka_unit_test(test_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
