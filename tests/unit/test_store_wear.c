/* SPDX-License-Identifier: Apache-2.0 */

/* What mounting, lookups and updates cost in reads, writes and erases, held to the figures measured
 * of ESP-IDF's library, and how evenly the sectors wear. The counts are the same on every machine;
 * bench/store.c prints more of them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/random.h"
#include "harness/store.h"

enum { PEM = 1701, UPDATES = 10000 };

/* ESP-IDF's figures for a partition of so many pages with so many i32 keys and one PEM. */
static const struct {
    unsigned pages;
    uint32_t keys, heap, init_reads, init_bytes, set_bytes_x10, set_erases;
} figures[] = {
    {4, 100, 1212, 582, 26000, 501, 101},       {16, 100, 2220, 690, 76000, 403, 80},
    {16, 1000, 6700, 5159, 192000, 549, 111},   {16, 1700, 10284, 8589, 279000, 2768, 596},
    {256, 1000, 26860, 7319, 1180000, 403, 79}, {256, 10000, 72684, 51779, 2330000, 403, 80},
};

static struct test_store st;
static uint8_t ns;

static void set_i32(uint32_t n, uint32_t value)
{
    char key[BM_NVS_KEY_SIZE];
    (void)snprintf(key, sizeof key, "key%u", (unsigned)n);
    assert_int_equal(bm_nvs_set_bits(&st.nvs, ns, key, BM_NVS_I32, value), BM_OK);
}

static void prepare(unsigned pages, uint32_t keys, size_t work_len)
{
    static char pem[PEM];
    memset(pem, 'p', sizeof pem - 1);
    test_store_open(&st, pages, 0);
    free(st.work);
    st.work_len = work_len;
    st.work = malloc(work_len);
    assert_non_null(st.work);
    assert_int_equal(test_store_mount(&st, 1), BM_OK);
    assert_int_equal(bm_nvs_namespace_create(&st.nvs, "bench", &ns), BM_OK);
    assert_int_equal(bm_nvs_set_data(&st.nvs, ns, "pem", BM_NVS_STR, pem, sizeof pem), BM_OK);
    for (uint32_t i = 0; i < keys; i++) {
        set_i32(i, i);
    }
}

/* With half of ESP-IDF's memory. ESP-IDF reads twice for a key, and for absent ones as good as
 * never: its hashes have 24 bits. */
static void expect_lookups(uint32_t keys)
{
    const unsigned count = 10000;
    uint64_t random = 1;
    uint64_t bits;
    char key[BM_NVS_KEY_SIZE];
    uint64_t reads = st.ram.reads;
    for (unsigned i = 0; i < count; i++) {
        (void)snprintf(key, sizeof key, "key%u", (unsigned)test_random(&random, keys));
        assert_int_equal(bm_nvs_get_bits(&st.nvs, ns, key, BM_NVS_I32, &bits), BM_OK);
    }
    const unsigned there = (unsigned)(st.ram.reads - reads);
    reads = st.ram.reads;
    for (unsigned i = 0; i < count; i++) {
        (void)snprintf(key, sizeof key, "absent%u", i);
        assert_int_equal(bm_nvs_get_bits(&st.nvs, ns, key, BM_NVS_I32, &bits), BM_E_NOENT);
    }
    const unsigned absent = (unsigned)(st.ram.reads - reads);
    print_message("  keys: %.3f reads each, absent ones %.4f\n", (double)there / count,
                  (double)absent / count);
    assert_true(there <= count + count / 100);
    assert_true(absent <= count / 200);
}

static void test_figures(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        uint64_t random = 1;
        uint64_t bits;
        prepare(figures[i].pages, figures[i].keys, figures[i].heap / 2);
        print_message("%u pages, %u keys\n", figures[i].pages, (unsigned)figures[i].keys);
        const uint64_t reads = st.ram.reads;
        const uint64_t read_bytes = st.ram.read_bytes;
        assert_int_equal(test_store_mount(&st, 1), BM_OK);
        assert_true(st.ram.reads - reads <= figures[i].init_reads / 10);
        assert_true(st.ram.read_bytes - read_bytes <= figures[i].init_bytes / 10);
        (void)bm_nvs_get_bits(&st.nvs, ns, "key0", BM_NVS_I32, &bits);
        expect_lookups(figures[i].keys);
        const uint64_t bytes = st.ram.prog_bytes;
        const uint64_t erases = st.ram.erases;
        for (uint32_t n = 0; n < UPDATES; n++) {
            set_i32(test_random(&random, figures[i].keys), 100000 + n);
        }
        const uint64_t x10 = (st.ram.prog_bytes - bytes) * 10 / UPDATES;
        print_message("  updates: %.1f bytes each, %u erases\n", (double)x10 / 10,
                      (unsigned)(st.ram.erases - erases));
        assert_true(x10 <= figures[i].set_bytes_x10);
        assert_true(st.ram.erases - erases <= figures[i].set_erases);
        test_store_free(&st);
    }
}

/* Five keys take nine of ten updates, and still the sectors wear alike. */
static void test_even_wear(void **state)
{
    enum { PAGES = 16, ROUNDS = 60 };
    uint32_t wear[PAGES] = {0};
    uint32_t most = 0;
    uint64_t random = test_seed(1);
    const uint32_t updates = ROUNDS * 126 * PAGES;
    (void)state;
    prepare(PAGES, 1000, 6700 / 2);
    st.ram.wear = wear;
    const uint64_t bytes = st.ram.prog_bytes;
    for (uint32_t n = 0; n < updates; n++) {
        set_i32(test_random(&random, test_random(&random, 10) ? 5 : 1000), 100000 + n);
    }
    uint32_t all = 0;
    for (int i = 0; i < PAGES; i++) {
        most = wear[i] > most ? wear[i] : most;
        all += wear[i];
    }
    print_message("%u updates: %u erases, most of one sector %u, most / mean %.2f, %.1f bytes "
                  "written per byte of value\n",
                  (unsigned)updates, (unsigned)all, (unsigned)most, (double)most * PAGES / all,
                  (double)(st.ram.prog_bytes - bytes) / (4.0 * updates));
    assert_true(most * PAGES <= all * 3 / 2);
    test_store_free(&st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures),
        cmocka_unit_test(test_even_wear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
