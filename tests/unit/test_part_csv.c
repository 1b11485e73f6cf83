/* SPDX-License-Identifier: Apache-2.0 */

/* Partition CSV and the files a table may come from, as the library sees them: numbers, names,
 * places of problems, kinds of files. What each bad line is told is in cli/partitions. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "layout/part_number.h"
#include "layout/preset.h"
#include "layout/spans.h"

enum { ROUNDS = 500, FLASH = 0x10000 };

static void test_numbers(void **state)
{
    static const struct {
        const char *text;
        uint64_t value;
    } good[] = {
        {"0", 0},
        {"00", 0},
        {"65536", 65536},
        {"0x10000", 0x10000},
        {"0X1f", 0x1f},
        {"64K", 65536},
        {"1m", 1048576},
        {"0x10k", 16384},
        {"0b101", 5},
        {"0o17", 15},
        {"1_000", 1000},
        {"0x_1", 1},
        {" 7 ", 7},
        {"2 M", 2097152},
        {"0xFF", 255},
        {"99999999999999999999", UINT64_MAX},
        {"0xffffffffffffffffM", UINT64_MAX},
    };
    static const char *const bad[] = {"",   "x",    "010", "0x",  "0b2", "0o8",  "1__0",
                                      "_1", "1_",   "K",   "1kk", "1G",  "1.5M", "-1",
                                      "+1", "0x 1", "1 0", "0xg", "1e3", "0x1_"};
    uint64_t v;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(bm_part_number(&v, good[i].text, strlen(good[i].text)), BM_OK);
        assert_true(v == good[i].value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(bm_part_number(&v, bad[i], strlen(bad[i])), BM_E_INPUT);
    }
}

static void test_names(void **state)
{
    static struct bm_part_subtypes extra;
    char buf[BM_PART_NAME_SIZE];
    char why[160];
    (void)state;
    for (unsigned type = 0; type < 6; type++) {
        for (unsigned n = 0; n < 256; n++) { /* every name is that of its number */
            const char *name = bm_part_subtype_name(NULL, (uint8_t)type, (uint8_t)n);
            if (name != NULL) {
                assert_int_equal(bm_part_subtype_by_name(NULL, (uint8_t)type, name, strlen(name)),
                                 n);
            }
        }
    }
    assert_string_equal(bm_part_subtype_name(NULL, 0, 0x1f), "ota_15");
    assert_string_equal(bm_part_subtype_text(buf, NULL, 1, 0x15), "21");
    assert_int_equal(bm_part_subtype_by_name(NULL, 1, "ota_0", 5), -1);
    memset(&extra, 0, sizeof extra);
    assert_int_equal(bm_part_subtypes_add(&extra, " data , My_rom , 0x77 ", why), BM_OK);
    assert_int_equal(bm_part_subtype_by_name(&extra, 1, "my_ROM", 6), 0x77);
    assert_string_equal(bm_part_subtype_name(&extra, 1, 0x77), "my_rom");
    static const char *const bad[] = {
        "", "data", "data,x", "data,x,1,2", "data,,1", "data,x,0xff", "blob,x,1", "data,a b,1",
        "data,9,1", "data,x,-1", "data,x,one",
        /* a number or name that is there already */
        "data,x,0x02", "data,x,77", "data,nvs,0x50", "data,MY_ROM,0x78", "app,x,1f", "data,x,100",
        "data,x,0x", "data,x,1K"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(bm_part_subtypes_add(&extra, bad[i], why), BM_E_INPUT);
    }
    assert_int_equal(extra.count, 1);
    assert_string_equal(bm_part_subtype_name(&extra, 1, 0x77), "my_rom");
    /* digits are hex, as gen_esp32part reads them; said where it could be meant otherwise */
    assert_int_equal(bm_part_subtypes_add(&extra, "data,b,9", why), BM_OK);
    assert_string_equal(why, "");
    assert_int_equal(bm_part_subtypes_add(&extra, "data,c,65", why), BM_OK);
    assert_int_equal(bm_part_subtype_by_name(&extra, 1, "c", 1), 0x65);
    assert_non_null(strstr(why, "read as 0x65"));
    assert_int_equal(bm_part_subtypes_add(&extra, "data,d,fE", why), BM_OK);
    assert_int_equal(bm_part_subtype_by_name(&extra, 1, "d", 1), 0xfe);
    while (extra.count < BM_PART_SUBTYPES_MAX) {
        (void)snprintf(buf, sizeof buf, "app,more_%zu,0x%zx", extra.count, 0x40 + extra.count);
        assert_int_equal(bm_part_subtypes_add(&extra, buf, why), BM_OK);
        assert_string_equal(why, "");
    }
    assert_int_equal(bm_part_subtypes_add(&extra, "app,more,1", why), BM_E_INPUT);
}

static int load(struct bm_table_file *f, const void *data, size_t len,
                struct bm_image_problems *problems)
{
    memset(problems, 0, sizeof *problems);
    return bm_table_load(f, "f", data, len, NULL, problems);
}

static void test_kinds(void **state)
{
    static uint8_t flash[FLASH];
    static struct bm_table_file f;
    struct bm_image_problems problems;
    struct bm_hash md5;
    (void)state;
    assert_int_equal(bm_hash_openssl_md5(&md5), BM_OK);
    for (const struct bm_preset *p = bm_presets; p->name != NULL; p++) {
        assert_int_equal(load(&f, p->csv, strlen(p->csv), &problems), BM_OK);
        assert_int_equal(problems.warnings, 0);
        assert_int_equal(f.kind, BM_TABLE_CSV);
        assert_int_equal(f.line[1], 2);
        const struct bm_part_table table = f.table;

        memset(flash, 0xff, sizeof flash);
        assert_int_equal(bm_part_table_format(flash, &table, &md5, NULL), BM_OK);
        assert_int_equal(load(&f, flash, BM_PART_TABLE_MAX, &problems), BM_OK);
        assert_int_equal(f.kind, BM_TABLE_BINARY);
        assert_memory_equal(f.table.part, table.part, sizeof table.part);

        memmove(flash + 0x8000, flash, BM_PART_TABLE_MAX);
        memset(flash, 0xff, BM_PART_TABLE_MAX);
        assert_int_equal(load(&f, flash, sizeof flash, &problems), BM_OK);
        assert_int_equal(f.kind, BM_TABLE_FLASH);
        assert_int_equal(f.flash_size, FLASH);
        assert_memory_equal(f.table.part, table.part, sizeof table.part);
    }
    bm_hash_openssl_close(&md5);
    /* an NVS image begins as UTF-16 would */
    memset(flash, 0xff, sizeof flash);
    flash[0] = 0xfe;
    assert_int_equal(load(&f, flash, 0x3000, &problems), BM_E_INPUT);
    assert_non_null(strstr(problems.list[0].text, "neither partition CSV"));
    bm_image_problems_free(&problems);
}

static void test_places(void **state)
{
    /* columns count characters, and an expanded variable stands where its name does */
    static const char text[] = "ä,data,nvs,0x9000,0x6000\r\n"
                               "\r"
                               "éé,data,xyzzy,,4K\n"
                               "b,data,fat,zero,4K\n";
    static struct bm_table_file f;
    struct bm_image_problems problems;
    (void)state;
    assert_int_equal(load(&f, text, sizeof text - 1, &problems), BM_E_INPUT);
    assert_int_equal(problems.errors, 2);
    assert_int_equal(problems.list[0].place.line, 3);
    assert_int_equal(problems.list[0].place.column, 9);
    assert_int_equal(problems.list[1].place.line, 4);
    assert_int_equal(problems.list[1].place.column, 12);
    assert_int_equal(f.table.count, 1);
    bm_image_problems_free(&problems);
}

/* Random tables without overlap, in CSV as gen_esp32part writes it. */
static void test_round_trips(void **state)
{
    const char *given = getenv("BM_SEED");
    const unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 0) : 20261123;
    static struct bm_part_table t;
    static struct bm_table_file f;
    static const char letters[] = "abcxyz_-.# 0189AZ";
    (void)state;
    printf("BM_SEED=%u\n", seed);
    srand(seed);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct bm_image_problems problems = {0};
        char *text = NULL;
        size_t len = 0;
        uint32_t at = 0x9000;
        memset(&t, 0, sizeof t);
        t.count = 1 + (unsigned)rand() % BM_PART_MAX;
        for (unsigned i = 0; i < t.count; i++) {
            struct bm_part *p = &t.part[i];
            const int n = 1 + rand() % (BM_PART_LABEL_SIZE - 1);
            p->type = (uint8_t)(rand() % 4 > 1 ? rand() % 2 : 4 + rand() % 252);
            p->subtype = (uint8_t)rand();
            p->flags = (uint32_t)rand() % 4;
            p->offset = at + (uint32_t)rand() % 0x10000;
            p->size = (uint32_t)rand() % 0x100000;
            at = p->offset + p->size;
            for (int k = 0; k < BM_PART_LABEL_SIZE - 1 && k < n; k++) {
                /* no blank or '#' at either end, and no variable */
                const char c = letters[(unsigned)rand() % (sizeof letters - 1)];
                p->label[k] = k == 0 || k == n - 1 ? 'q' : c;
            }
        }
        assert_int_equal(bm_table_csv(&text, &len, &t, NULL, "t", &problems), BM_OK);
        assert_int_equal(bm_table_load(&f, "t", (uint8_t *)text, len, NULL, &problems), BM_OK);
        assert_int_equal(f.table.count, t.count);
        assert_memory_equal(f.table.part, t.part, sizeof t.part);
        free(text);
        bm_image_problems_free(&problems);
    }
}

static void test_spans(void **state)
{
    static struct bm_table_file f;
    static struct bm_spans s;
    struct bm_image_problems problems;
    char size[24];
    const struct bm_preset *p = bm_preset_find("identity");
    (void)state;
    assert_non_null(p);
    assert_int_equal(load(&f, p->csv, strlen(p->csv), &problems), BM_OK);
    bm_spans_make(&s, &f.table, NULL, f.offset, 0);
    assert_int_equal(s.size, 4 * 1024 * 1024);
    assert_int_equal(s.guessed, 1);
    assert_int_equal(s.used, 0x3a0000);
    assert_int_equal(s.free, 0xc000 + 0x60000);
    assert_int_equal(s.count, 10);
    assert_int_equal(s.list[0].kind, BM_SPAN_BOOT);
    assert_int_equal(s.list[1].kind, BM_SPAN_TABLE);
    assert_int_equal(s.list[6].kind, BM_SPAN_FREE);
    bm_spans_make(&s, &f.table, NULL, f.offset, UINT64_C(8) << 20);
    assert_int_equal(s.free, 0xc000 + 0x460000);
    assert_string_equal(bm_span_size(size, 0), "0");
    assert_string_equal(bm_span_size(size, 24576), "24K");
    assert_string_equal(bm_span_size(size, 1048576), "1M");
    assert_string_equal(bm_span_size(size, 1025), "1025");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),     cmocka_unit_test(test_names),
        cmocka_unit_test(test_kinds),       cmocka_unit_test(test_places),
        cmocka_unit_test(test_round_trips), cmocka_unit_test(test_spans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
