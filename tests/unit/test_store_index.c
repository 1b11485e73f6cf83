/* SPDX-License-Identifier: Apache-2.0 */

/* The index: it holds each entry once and nothing else, whatever came and went; it stays while the
 * store grows, and where it cannot, the store works without. BM_SEED=n repeats the random runs. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/image.h"
#include "harness/random.h"
#include "harness/store.h"
#include "nvs/fmt.h"

enum { KEYS_MOST = 1900, NS = 1, ABSENT = 100000 };

static struct test_store st;
static uint64_t values[KEYS_MOST]; /* value + 1 of each key, 0: not stored */

static void open_store(unsigned pages, size_t work_len)
{
    uint8_t ns;
    memset(values, 0, sizeof values);
    test_store_open(&st, pages, 0);
    free(st.work);
    st.work_len = work_len;
    st.work = malloc(work_len);
    assert_non_null(st.work);
    assert_int_equal(test_store_mount(&st, 1), BM_OK);
    assert_int_equal(bm_nvs_namespace_create(&st.nvs, "index", &ns), BM_OK);
    assert_int_equal(ns, NS);
}

static void key_of(char key[BM_NVS_KEY_SIZE], uint32_t n)
{
    (void)snprintf(key, BM_NVS_KEY_SIZE, "key%u", (unsigned)n);
}

static void set(uint32_t n, uint32_t value)
{
    char key[BM_NVS_KEY_SIZE];
    key_of(key, n);
    assert_int_equal(bm_nvs_set_bits(&st.nvs, NS, key, BM_NVS_U32, value), BM_OK);
    values[n] = (uint64_t)value + 1;
}

static void erase(uint32_t n)
{
    char key[BM_NVS_KEY_SIZE];
    key_of(key, n);
    assert_int_equal(bm_nvs_erase_key(&st.nvs, NS, key), values[n] != 0 ? BM_OK : BM_E_NOENT);
    values[n] = 0;
}

static int get(uint32_t n, uint64_t *bits)
{
    char key[BM_NVS_KEY_SIZE];
    key_of(key, n);
    return bm_nvs_get_bits(&st.nvs, NS, key, BM_NVS_U32, bits);
}

static void expect_all(uint32_t keys)
{
    for (uint32_t n = 0; n < keys; n++) {
        uint64_t bits;
        assert_int_equal(get(n, &bits), values[n] != 0 ? BM_OK : BM_E_NOENT);
        assert_true(values[n] == 0 || bits + 1 == values[n]);
    }
}

/* Reads of 10,000 absent keys. */
static unsigned absent_reads(void)
{
    const uint64_t before = st.ram.reads;
    for (uint32_t i = 0; i < 10000; i++) {
        uint64_t bits;
        assert_int_equal(get(ABSENT + i, &bits), BM_E_NOENT);
    }
    return (unsigned)(st.ram.reads - before);
}

/* Slots in use. */
static uint32_t slots_taken(const struct bm_nvs *nvs)
{
    uint32_t taken = 0;
    for (uint32_t bit = 0; bit < nvs->buckets * 4 * nvs->slot_bits; bit += nvs->slot_bits) {
        uint32_t any = 0;
        for (uint32_t k = bit; k < bit + nvs->slot_bits; k++) {
            any |= nvs->slots[k / 32] >> k % 32 & 1;
        }
        taken += any;
    }
    return taken;
}

/* The table holds as many entries as there are, all of one step here. */
static void expect_exact(void)
{
    struct bm_nvs_stats stats;
    assert_int_equal(bm_nvs_get_stats(&st.nvs, &stats), BM_OK);
    assert_true(st.nvs.slots_ready);
    assert_int_equal(slots_taken(&st.nvs), stats.used);
}

/* Keys come, change and go, with collections all the time; the table is three quarters to fully
 * used, or far too small. */
static void run_random(unsigned pages, uint32_t keys, size_t work_len, int holds)
{
    const uint64_t seed = test_seed(7 + keys);
    uint64_t random = seed;
    open_store(pages, work_len);
    for (unsigned round = 0; round < 40; round++) {
        for (unsigned i = 0; i < 500; i++) {
            const uint32_t n = test_random(&random, keys);
            if (test_random(&random, 4) == 0) {
                erase(n);
            } else {
                set(n, test_random(&random, 1000000));
            }
        }
        if ((st.nvs.slots != NULL) < holds) {
            fail_msg("the index is gone in round %u: BM_SEED=%llu", round,
                     (unsigned long long)seed);
        }
        expect_all(keys);
        if (holds) {
            expect_exact();
        }
    }
    test_store_free(&st);
}

static void test_random_changes(void **state)
{
    (void)state;
    run_random(3, 150, 1000, 1);
    run_random(3, 150, 480, 1);
    run_random(16, 1500, 3160, 1);
    run_random(3, 150, 130, 0);
    run_random(3, 150, 30, 0);
}

/* From a blank partition to a nearly full one: with half of what ESP-IDF takes the index is there
 * all the time, gives up bits of its tags as it fills, and is still exact. */
static void test_growth(void **state)
{
    enum { LAST = 1700, HALF = 10284 / 2 };
    (void)state;
    unsigned widths = 0;
    open_store(16, HALF);
    uint32_t width = st.nvs.slot_bits;
    for (uint32_t n = 0; n < LAST; n++) {
        set(n, n);
        assert_non_null(st.nvs.slots);
        assert_true(st.nvs.slot_bits <= width);
        widths += st.nvs.slot_bits != width;
        width = st.nvs.slot_bits;
    }
    expect_all(LAST);
    expect_exact();
    print_message("%u widths, the last %u bits; ", widths, (unsigned)width);
    const unsigned reads = absent_reads();
    print_message("10000 absent keys: %u reads\n", reads);
    assert_true(widths > 0 && widths < 8);
    assert_true(reads < 50);
    test_store_free(&st);
}

/* The memory that bm_nvs_work_size() asks for is enough, for any number of keys. */
static void test_work_size(void **state)
{
    (void)state;
    for (uint32_t keys = 1; keys <= 1800; keys += keys < 20 ? 1 : 97) {
        const struct bm_flash flash = {.size = 16 * BMI_PAGE_SIZE};
        open_store(16, bm_nvs_work_size(&flash, keys + 1)); /* and the namespace */
        for (uint32_t n = 0; n < keys; n++) {
            set(n, n);
        }
        assert_int_equal(test_store_mount(&st, 0), BM_OK);
        expect_all(keys);
        expect_exact();
        assert_true(absent_reads() < 100);
        assert_true(st.nvs.slot_bits >= st.nvs.place_bits + 11); /* of the tag */
        test_store_free(&st);
    }
}

/* Far more keys than the memory is for: tags get shorter, then the index goes, values stay. */
static void test_too_many(void **state)
{
    enum { ROOM = 160 + 1000 };
    (void)state;
    unsigned last_bits = 32;
    uint32_t gone_at = 0;
    open_store(16, ROOM);
    for (uint32_t n = 0; n < 1200; n++) {
        set(n, n);
        if (st.nvs.slots != NULL) {
            last_bits = st.nvs.slot_bits;
        } else if (gone_at == 0) {
            gone_at = n;
        }
    }
    expect_all(1200);
    print_message("gone at %u keys, with slots of %u bits\n", (unsigned)gone_at, last_bits);
    assert_true(gone_at > 400 && last_bits < 18);
    assert_int_equal(test_store_mount(&st, 0), BM_OK);
    expect_all(1200);
    assert_null(st.nvs.slots);
    test_store_free(&st);
}

static void mount_copies(struct test_image *img, unsigned copies)
{
    test_image_blank(img, 1);
    test_page(img, 0, BMI_PAGE_ACTIVE, 0);
    for (unsigned i = 0; i < 60; i++) {
        const uint32_t value = i;
        char key[BM_NVS_KEY_SIZE];
        key_of(key, i);
        const struct test_entry e = {0,      i, NS, BM_NVS_U32, 0xff, i < copies ? "same" : key,
                                     &value, 4};
        test_entry(img, &e);
    }
    test_image_mount(img, 200);
}

/* Copies of one key have the same two buckets: eight can be there, of more no table can be made.
 * The newest counts in any case. */
static void test_equal_keys(void **state)
{
    (void)state;
    for (unsigned copies = 1; copies <= 20; copies++) {
        struct test_image img;
        uint64_t bits;
        mount_copies(&img, copies);
        assert_int_equal(bm_nvs_get_bits(&img.nvs, NS, "same", BM_NVS_U32, &bits), BM_OK);
        assert_int_equal(bits, copies - 1);
        assert_int_equal(bm_nvs_get_bits(&img.nvs, NS, "key59", BM_NVS_U32, &bits), BM_OK);
        assert_int_equal(bits, 59);
        assert_int_equal(bm_nvs_get_bits(&img.nvs, NS, "key60", BM_NVS_U32, &bits), BM_E_NOENT);
        assert_int_equal(img.nvs.slots != NULL, copies <= 8);
        assert_true(img.nvs.slot_bits >= 16); /* given up at once, not with less and less bits */
        test_image_free(&img);
    }
}

/* The flash fails a read while the index is built again, in the middle of a change. */
static void test_read_error(void **state)
{
    (void)state;
    unsigned lost = 0;
    for (unsigned fail_at = 1; fail_at < 400; fail_at += 3) {
        uint32_t n = 0;
        open_store(16, 160 + 1000);
        for (; n < 200; n++) {
            set(n, n);
        }
        const uint32_t width = st.nvs.slot_bits;
        char key[BM_NVS_KEY_SIZE];
        int rc = BM_OK;
        while (rc == BM_OK && st.nvs.slots != NULL && st.nvs.slot_bits == width) {
            st.ram.fail_read = st.ram.reads + fail_at;
            key_of(key, n);
            rc = bm_nvs_set_bits(&st.nvs, NS, key, BM_NVS_U32, n);
            if (rc == BM_OK) {
                values[n] = (uint64_t)n + 1;
                n++;
            }
        }
        st.ram.fail_read = 0;
        lost += st.nvs.slots == NULL;
        assert_true(rc == BM_OK || rc == BM_E_IO);
        for (uint32_t i = 0; i < n; i++) {
            uint64_t bits;
            assert_int_equal(get(i, &bits), BM_OK);
            assert_int_equal(bits + 1, values[i]);
        }
        set(n, n);
        expect_all(n + 1);
        test_store_free(&st);
    }
    assert_true(lost > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_changes), cmocka_unit_test(test_growth),
        cmocka_unit_test(test_work_size),      cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_equal_keys),     cmocka_unit_test(test_read_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
