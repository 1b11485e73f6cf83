/* SPDX-License-Identifier: Apache-2.0 */

/* Binary partition tables: bytes, round trips, damage, limits; and every fault of a layout. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "birthmark/part.h"
#include "crypto/crypto.h"

enum { ROW = BM_PART_ENTRY_SIZE, MAX = BM_PART_TABLE_MAX, ROUNDS = 2000, FINDINGS = 64 };

static struct bm_hash md5;

static int open_md5(void **state)
{
    (void)state;
    return bm_hash_openssl_md5(&md5);
}

static int close_md5(void **state)
{
    (void)state;
    bm_hash_openssl_close(&md5);
    return 0;
}

static void add(struct bm_part_table *t, const char *label, uint8_t type, uint8_t subtype,
                uint32_t offset, uint32_t size, uint32_t flags)
{
    struct bm_part *p = &t->part[t->count++];
    *p = (struct bm_part){
        .type = type, .subtype = subtype, .offset = offset, .size = size, .flags = flags};
    snprintf(p->label, sizeof p->label, "%s", label);
}

static void make(struct bm_part_table *t)
{
    memset(t, 0, sizeof *t);
    add(t, "nvs", 1, 2, 0x9000, 0x6000, 0);
    add(t, "sixteen_letters_", 1, 1, 0xf000, 0x1000, BM_PART_READONLY);
    add(t, "factory", 0, 0, 0x10000, 0x100000, BM_PART_ENCRYPTED);
}

static void test_bytes(void **state)
{
    /* The MD5 that gen_esp32part's own test expects for a row of these values. */
    static const uint8_t sum[] = {0x43, 0x03, 0x3f, 0x33, 0x40, 0x87, 0x57, 0x51,
                                  0x69, 0x83, 0x9b, 0x40, 0x61, 0xb1, 0x27, 0x26};
    static const uint8_t row[] = {0xaa, 0x50, 0x30, 0xee, 0x00, 0x04, 0x10, 0x00, 0x00, 0x00, 0x30,
                                  0x00, 'f',  'i',  'r',  's',  't',  0,    0,    0,    0,    0,
                                  0,    0,    0,    0,    0,    0,    0,    0,    0,    0};
    uint8_t out[MAX];
    struct bm_part_table t = {0};
    (void)state;
    add(&t, "first", 0x30, 0xee, 0x100400, 0x300000, 0);
    assert_int_equal(bm_part_table_format(out, &t, &md5, NULL), BM_OK);
    assert_memory_equal(out, row, ROW);
    assert_int_equal(out[ROW], 0xeb);
    assert_int_equal(out[ROW + 1], 0xeb);
    assert_int_equal(out[ROW + 15], 0xff);
    assert_memory_equal(out + ROW + 16, sum, sizeof sum);
    for (size_t i = (size_t)2 * ROW; i < MAX; i++) {
        assert_int_equal(out[i], 0xff);
    }
}

static void test_round_trips(void **state)
{
    const char *given = getenv("BM_SEED");
    const unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 0) : 20261122;
    (void)state;
    printf("BM_SEED=%u\n", seed);
    srand(seed);
    for (unsigned round = 0; round < ROUNDS; round++) {
        static struct bm_part_table t, back;
        uint8_t out[MAX];
        uint8_t again[MAX];
        memset(&t, 0, sizeof t);
        t.has_md5 = rand() % 2;
        t.count = (unsigned)rand() % (t.has_md5 ? BM_PART_MAX : BM_PART_MAX + 1u);
        if (t.count == 0 && !t.has_md5) {
            continue; /* that is no table */
        }
        for (unsigned i = 0; i < t.count; i++) {
            struct bm_part *p = &t.part[i];
            p->type = (uint8_t)rand();
            p->subtype = (uint8_t)rand();
            p->offset = (uint32_t)rand() * 2u + (uint32_t)(rand() & 1);
            p->size = (uint32_t)rand() * 2u + (uint32_t)(rand() & 1);
            p->flags = (uint32_t)rand();
            for (int k = 0, n = rand() % BM_PART_LABEL_SIZE; k < n; k++) {
                p->label[k] = (char)(1 + rand() % 255);
            }
        }
        const struct bm_hash *sum = t.has_md5 ? &md5 : NULL;
        assert_int_equal(bm_part_table_format(out, &t, sum, NULL), BM_OK);
        assert_int_equal(bm_part_table_parse(&back, out, sizeof out, &md5, NULL), BM_OK);
        assert_memory_equal(&t, &back, sizeof t);
        assert_int_equal(bm_part_table_format(again, &back, sum, NULL), BM_OK);
        assert_memory_equal(out, again, sizeof out);
        /* any byte of a row or of the sum */
        if (t.has_md5) {
            const size_t at = (size_t)rand() % ((size_t)t.count * ROW + 16);
            out[at >= (size_t)t.count * ROW ? at + 16 : at] ^= (uint8_t)(1 << rand() % 8);
            assert_int_equal(bm_part_table_parse(&back, out, sizeof out, &md5, NULL), BM_E_CORRUPT);
        }
    }
}

static void test_damage(void **state)
{
    struct bm_part_table t, back;
    uint8_t good[MAX];
    uint8_t bad[MAX];
    struct bm_diag diag = {0};
    (void)state;
    make(&t);
    assert_int_equal(bm_part_table_format(good, &t, &md5, NULL), BM_OK);

    memcpy(bad, good, MAX);
    bad[ROW] = 0;
    assert_int_equal(bm_part_table_parse(&back, bad, MAX, &md5, &diag), BM_E_CORRUPT);
    assert_int_equal(diag.offset, ROW);
    memcpy(bad, good, MAX);
    bad[20] ^= 1;
    assert_int_equal(bm_part_table_parse(&back, bad, MAX, &md5, NULL), BM_E_CORRUPT);
    /* without a hash the row is known, not checked */
    assert_int_equal(bm_part_table_parse(&back, bad, MAX, NULL, NULL), BM_OK);
    assert_int_equal(back.has_md5, 1);
    assert_int_equal(back.count, 3);

    /* cut off: only behind the MD5 row that is the whole table */
    for (size_t len = 0; len < (size_t)6 * ROW; len++) {
        const int whole = len == (size_t)4 * ROW || len >= (size_t)5 * ROW;
        assert_int_equal(bm_part_table_parse(&back, good, len, &md5, NULL),
                         whole ? BM_OK : BM_E_CORRUPT);
    }
    memset(bad, 0xff, MAX);
    memset(&diag, 0, sizeof diag);
    assert_int_equal(bm_part_table_parse(&back, bad, MAX, &md5, &diag), BM_E_CORRUPT);
    assert_non_null(strstr(diag.text, "blank"));
    assert_int_equal(bm_part_table_parse(&back, NULL, MAX, &md5, NULL), BM_E_ARG);
}

static void test_limits(void **state)
{
    static struct bm_part_table t, back;
    uint8_t out[MAX];
    (void)state;
    memset(&t, 0, sizeof t);
    for (unsigned i = 0; i < BM_PART_MAX; i++) {
        add(&t, "p", 1, 0x81, 0x9000 + i * 0x1000, 0x1000, 0);
    }
    assert_int_equal(bm_part_table_format(out, &t, &md5, NULL), BM_E_NOSPC);
    assert_int_equal(bm_part_table_format(out, &t, NULL, NULL), BM_OK);
    assert_int_equal(bm_part_table_parse(&back, out, MAX, &md5, NULL), BM_OK);
    assert_int_equal(back.count, BM_PART_MAX);
    /* a row more, where the end row should be */
    memcpy(out + (size_t)BM_PART_MAX * ROW, out, ROW);
    assert_int_equal(bm_part_table_parse(&back, out, MAX, &md5, NULL), BM_E_CORRUPT);
    t.count--;
    assert_int_equal(bm_part_table_format(out, &t, &md5, NULL), BM_OK);
    assert_int_equal(bm_part_table_parse(&back, out, MAX, &md5, NULL), BM_OK);
}

static void test_from_flash(void **state)
{
    static uint8_t chip[0xa000];
    struct bm_part_table t, back;
    struct bm_flash flash;
    struct bm_diag diag = {0};
    (void)state;
    make(&t);
    memset(chip, 0xff, sizeof chip);
    assert_int_equal(bm_part_table_format(chip + 0x8000, &t, &md5, NULL), BM_OK);
    assert_int_equal(bm_flash_view(&flash, chip, sizeof chip), BM_OK);
    assert_int_equal(bm_part_table_read(&back, &flash, 0x8000, &md5, NULL), BM_OK);
    assert_int_equal(back.count, 3);
    assert_non_null(bm_part_find(&back, BM_PART_DATA, BM_PART_DATA_NVS, NULL));
    assert_ptr_equal(bm_part_find(&back, -1, -1, "factory"), &back.part[2]);
    assert_null(bm_part_find(&back, -1, -1, "factor"));
    assert_int_equal(bm_part_table_read(&back, &flash, 0x9000, &md5, &diag), BM_E_CORRUPT);
    assert_int_equal(diag.offset, 0x9000);
    assert_int_equal(bm_part_table_read(&back, &flash, 0xfffffff0, &md5, NULL), BM_E_CORRUPT);
}

static void test_region(void **state)
{
    static uint8_t mem[0x12000];
    struct bm_flash chip, region;
    struct bm_flash_ram ram;
    struct bm_flash_window window;
    struct bm_part_table t;
    uint8_t byte = 0;
    (void)state;
    make(&t);
    assert_int_equal(bm_flash_ram_init(&chip, &ram, mem, sizeof mem), BM_OK);
    mem[0x9001] = 7;
    mem[0xf001] = 8;
    assert_int_equal(bm_part_region(&region, &window, &chip, &t.part[0]), BM_OK);
    assert_int_equal(region.size, 0x6000);
    assert_int_equal(region.ops->read(region.ctx, 1, &byte, 1), BM_OK);
    assert_int_equal(byte, 7);
    assert_non_null(region.ops->prog);
    assert_int_equal(bm_part_region(&region, &window, &chip, &t.part[1]), BM_OK);
    assert_int_equal(region.ops->read(region.ctx, 1, &byte, 1), BM_OK);
    assert_int_equal(byte, 8);
    assert_null(region.ops->prog); /* flagged readonly */
    assert_null(region.ops->erase);
    assert_int_equal(bm_part_region(&region, &window, &chip, &t.part[2]), BM_E_NOSPC);
}

/* 1 if the layout has this finding about these partitions. */
static int has(const struct bm_part_table *t, const struct bm_part_rules *rules,
               enum bm_part_fault fault, int part, int other, uint32_t value)
{
    struct bm_part_finding f[FINDINGS];
    const unsigned n = bm_part_table_check(t, rules, f, FINDINGS);
    assert_in_range(n, 0, FINDINGS);
    assert_int_equal(bm_part_table_check(t, rules, NULL, 0), n);
    for (unsigned i = 0; i < n; i++) {
        if (f[i].fault == fault && f[i].part == part && f[i].other == other &&
            f[i].value == value) {
            return 1;
        }
    }
    return 0;
}

/* One row: what a partition is changed to, and what that is. */
struct change {
    unsigned part;
    struct bm_part to;
    enum bm_part_fault fault;
    int other;
    uint32_t value;
};

static void test_faults_of_one(void **state)
{
    static const struct change changes[] = {
        {0, {1, 2, 0x9000, 0x6000, 0, ""}, BM_PART_NO_LABEL, -1, 0},
        {1, {1, 1, 0xf000, 0x1000, 0, "nvs"}, BM_PART_SAME_LABEL, 0, 0},
        {1, {1, 1, 0xf000, 0, 0, "x"}, BM_PART_NO_SIZE, -1, 0},
        {1, {1, 1, 0xf010, 0x1000, 0, "x"}, BM_PART_BAD_OFFSET, -1, 0x1000},
        {2, {0, 0, 0x11000, 0x1000, 0, "x"}, BM_PART_BAD_OFFSET, -1, 0x10000},
        {2, {0, 0, 0x10000, 0x1800, 0, "x"}, BM_PART_BAD_APP_SIZE, -1, 0x1000},
        {0, {1, 2, 0x8000, 0x6000, 0, "x"}, BM_PART_BELOW_TABLE, -1, 0x9000},
        {0, {2, 1, 0x1000, 0x6000, 0, "x"}, BM_PART_BELOW_TABLE, -1, 0x9000},
        {1, {1, 1, 0xe000, 0x1000, 0, "x"}, BM_PART_OVERLAP, 0, 0},
        {2, {0, 0, 0x10000, 0xffff0000, 0, "x"}, BM_PART_BEYOND_FLASH, -1, 0x200000},
        {1, {1, 0, 0xf000, 0x1000, 0, "x"}, BM_PART_OTADATA_SIZE, -1, 0x2000},
        {1, {1, 0x90, 0xf000, 0x1000, 0, "x"}, BM_PART_OTADATA_SIZE, -1, 0x2000},
        {1, {1, 0, 0xe000, 0x2000, 2, "x"}, BM_PART_READONLY_DATA, -1, 0},
        {1, {1, 3, 0xe000, 0x2000, 2, "x"}, BM_PART_READONLY_DATA, -1, 0},
        {0, {1, 2, 0x9000, 0x2000, 0, "x"}, BM_PART_NVS_SMALL, -1, 0x3000},
        {0, {1, 2, 0x9000, 0x800, 2, "x"}, BM_PART_NVS_SMALL, -1, 0x1000},
        {1, {0xff, 1, 0xf000, 0x1000, 0, "x"}, BM_PART_RESERVED, -1, 0xff},
        {1, {1, 0xff, 0xf000, 0x1000, 0, "x"}, BM_PART_RESERVED, -1, 0xff},
        {1, {1, 1, 0xf000, 0x1000, 7, "x"}, BM_PART_UNKNOWN_FLAGS, -1, 4},
        {1, {1, 1, 0xf000, 0x900, 0, "x"}, BM_PART_UNEVEN_SIZE, -1, 0x1000},
        {0, {1, 2, 0x9000, 0x6000, 1, "x"}, BM_PART_NVS_ENCRYPTED, -1, 0},
        {1, {1, 0, 0xf000, 0x2000, 0, "x"}, BM_PART_OTADATA_UNUSED, -1, 0},
    };
    const struct bm_part_rules rules = {0x8000, 0x200000, 0};
    struct bm_part_table t;
    (void)state;
    make(&t);
    t.part[1].flags = 0;
    assert_int_equal(bm_part_table_check(&t, &rules, NULL, 0), 0);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        const struct change *c = &changes[i];
        const struct bm_part was = t.part[c->part];
        assert_false(has(&t, &rules, c->fault, (int)c->part, c->other, c->value));
        t.part[c->part] = c->to;
        if (!has(&t, &rules, c->fault, (int)c->part, c->other, c->value)) {
            fail_msg("row %zu: no %s", i, bm_part_fault_name(c->fault));
        }
        t.part[c->part] = was;
    }
}

static void test_faults_of_all(void **state)
{
    const struct bm_part_rules rules = {0x8000, 0, 0};
    const struct bm_part_rules secure = {0x8000, 0, 1};
    struct bm_part_table t = {0};
    (void)state;
    assert_true(has(&t, &rules, BM_PART_EMPTY, -1, -1, 0));
    add(&t, "nvs", 1, 2, 0x9000, 0x6000, 0);
    assert_true(has(&t, &rules, BM_PART_NO_APP, -1, -1, 0));
    add(&t, "a", 0, 0x11, 0x10000, 0x21000, 0);
    assert_true(has(&t, &rules, BM_PART_SLOT_MISSING, -1, -1, 0));
    assert_true(has(&t, &rules, BM_PART_NO_OTADATA, -1, -1, 0));
    assert_false(has(&t, &rules, BM_PART_BAD_APP_SIZE, 1, -1, 0x10000));
    assert_true(has(&t, &secure, BM_PART_BAD_APP_SIZE, 1, -1, 0x10000));
    add(&t, "b", 0, 0x11, 0x40000, 0x10000, 0);
    assert_true(has(&t, &rules, BM_PART_SAME_APP, 2, 1, 0));
    t.part[1].subtype = 0x10;
    assert_false(has(&t, &rules, BM_PART_SLOT_MISSING, -1, -1, 0));
    t.count = 2;
    assert_true(has(&t, &rules, BM_PART_ONE_SLOT, -1, -1, 0));
    add(&t, "o", 1, 0, 0x50000, 0x2000, 0);
    assert_false(has(&t, &rules, BM_PART_NO_OTADATA, -1, -1, 0));
    add(&t, "p", 1, 0, 0x52000, 0x2000, 0);
    assert_true(has(&t, &rules, BM_PART_TWO_OTADATA, 3, 2, 0));
    /* order does not matter; the bootloader and the table may be listed */
    t.count = 0;
    add(&t, "app", 0, 0, 0x20000, 0x10000, 0);
    add(&t, "nvs", 1, 2, 0x9000, 0x1000, BM_PART_READONLY);
    add(&t, "boot", 2, 0, 0x1000, 0x7000, 0);
    add(&t, "table", 3, 0, 0x8000, 0x1000, 0);
    assert_int_equal(bm_part_table_check(&t, &rules, NULL, 0), 0);
    for (int f = 0; f < BM_PART_FAULT_COUNT; f++) {
        assert_string_not_equal(bm_part_fault_name((enum bm_part_fault)f), "?");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),         cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_damage),        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_from_flash),    cmocka_unit_test(test_region),
        cmocka_unit_test(test_faults_of_one), cmocka_unit_test(test_faults_of_all),
    };
    return cmocka_run_group_tests(tests, open_md5, close_md5);
}
