/* SPDX-License-Identifier: Apache-2.0 */

/* What is no good image: noise, flipped bits, missing and foreign pages. A store mounts it or says
 * why not, ends every call in bounded time, keeps what it says it has stored, and a damaged entry
 * costs only its own value. BM_SEED=n repeats a run. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/model.h"
#include "harness/random.h"
#include "harness/store.h"
#include "image/scan.h"

enum { PAGES = 5, CHANGES = 25, ROUNDS = 250, FLIPS = 1500 };

static const uint64_t reads_max = 3000000; /* of one call: more is taken for a loop */

static uint64_t rnd_state;

static uint32_t rnd(uint32_t below)
{
    return test_random(&rnd_state, below);
}

/* A store with a random history; m says what is in it. */
static void make_good(struct test_store *st, struct model *m, uint32_t index, int changes)
{
    memset(m, 0, sizeof *m);
    m->keys = 10;
    test_store_open(st, PAGES, index);
    assert_int_equal(test_store_mount(st, 1), BM_OK);
    for (int i = 0; i < changes; i++) {
        struct model_step step;
        struct model after;
        model_choose(m, &rnd_state, 4500, &step);
        (void)model_apply(&st->nvs, m, &step, &after);
        *m = after;
    }
}

static void expect_bounded(struct test_store *st, uint64_t reads)
{
    if (st->ram.reads - reads > reads_max) {
        fail_msg("one call made %llu reads", (unsigned long long)(st->ram.reads - reads));
    }
}

/* Reads and writes at random; what a call says it stored must be there. */
static void use(struct test_store *st)
{
    struct model m = {.keys = 6};
    struct bm_nvs_stats stats;
    struct bm_nvs_iter it;
    struct bm_nvs_info info;
    uint64_t reads = st->ram.reads;
    bm_nvs_iter_start(&it, BM_NVS_NS_ANY, BM_NVS_ANY);
    for (int i = 0; bm_nvs_iter_next(&st->nvs, &it, &info) == BM_OK; i++) {
        assert_true(i < PAGES * 126);
    }
    expect_bounded(st, reads);
    (void)bm_nvs_get_stats(&st->nvs, &stats);
    for (int i = 0; i < CHANGES; i++) {
        struct model_step step;
        struct model after;
        model_choose(&m, &rnd_state, 3000, &step);
        reads = st->ram.reads;
        const int rc = model_apply(&st->nvs, &m, &step, &after);
        expect_bounded(st, reads);
        m = after;
        if (rc == BM_OK && (step.kind == MODEL_SET || step.kind == MODEL_ERASE) &&
            !model_key_equals(&st->nvs, &m, step.ns, step.key)) {
            fail_msg("key %u is not what was stored", step.key);
        }
    }
}

static void mount_and_use(struct test_store *st)
{
    const int rc = test_store_mount(st, 1);
    if (rc == BM_OK) {
        use(st);
        assert_int_equal(test_store_mount(st, 0), BM_OK);
    } else {
        assert_true(rc == BM_E_VERSION || rc == BM_E_KEYS);
    }
}

static uint8_t *page_of(struct test_store *st, uint32_t page)
{
    return st->mem + (size_t)page * BM_NVS_PAGE_SIZE;
}

static void spoil_noise(struct test_store *st)
{
    for (uint32_t i = 0; i < st->size; i++) {
        st->mem[i] = (uint8_t)rnd(256);
    }
}

static void spoil_zero(struct test_store *st)
{
    memset(st->mem, 0, st->size);
}

/* Good page headers, noise behind them. */
static void spoil_entries(struct test_store *st)
{
    for (uint32_t i = 0; i < st->size; i++) {
        if (i % BM_NVS_PAGE_SIZE >= 32 && rnd(3) == 0) {
            st->mem[i] = (uint8_t)rnd(256);
        }
    }
}

static void spoil_bits(struct test_store *st)
{
    for (uint32_t n = 1 + rnd(200); n > 0; n--) {
        st->mem[rnd(st->size)] ^= (uint8_t)(1u << rnd(8));
    }
}

/* Only in states of pages and entries. */
static void spoil_states(struct test_store *st)
{
    for (uint32_t n = 1 + rnd(40); n > 0; n--) {
        const uint32_t at = rnd(4) == 0 ? rnd(4) : 32 + rnd(32);
        st->mem[rnd(PAGES) * BM_NVS_PAGE_SIZE + at] ^= (uint8_t)(1u << rnd(8));
    }
}

/* One page is another's copy: the same sequence number twice. */
static void spoil_copy(struct test_store *st)
{
    memmove(page_of(st, rnd(PAGES)), page_of(st, rnd(PAGES)), BM_NVS_PAGE_SIZE);
}

/* Pages of another store between ours. */
static void spoil_foreign(struct test_store *st)
{
    struct test_store other;
    struct model m;
    make_good(&other, &m, 0, 40);
    for (uint32_t i = 0; i < PAGES; i++) {
        if (rnd(2) == 0) {
            memcpy(page_of(st, i), page_of(&other, rnd(PAGES)), BM_NVS_PAGE_SIZE);
        }
    }
    test_store_free(&other);
}

static void spoil_pages_gone(struct test_store *st)
{
    st->flash.size = (1 + rnd(PAGES)) * BM_NVS_PAGE_SIZE;
}

/* Entries are cut out of one place and put down elsewhere. */
static void spoil_move(struct test_store *st)
{
    for (uint32_t n = 1 + rnd(20); n > 0; n--) {
        const uint32_t to = rnd(PAGES) * 128 + 2 + rnd(126);
        const uint32_t from = rnd(PAGES) * 128 + 2 + rnd(126);
        memmove(st->mem + (size_t)to * 32, st->mem + (size_t)from * 32, 32);
    }
}

static void (*const spoilers[])(struct test_store *) = {
    spoil_noise, spoil_zero,    spoil_entries,    spoil_bits, spoil_states,
    spoil_copy,  spoil_foreign, spoil_pages_gone, spoil_move,
};

static void test_garbage(void **state)
{
    (void)state;
    rnd_state = test_seed(5);
    print_message("BM_SEED=%llu\n", (unsigned long long)rnd_state);
    for (int i = 0; i < ROUNDS; i++) {
        for (size_t k = 0; k < sizeof spoilers / sizeof spoilers[0]; k++) {
            struct test_store st;
            struct model m;
            make_good(&st, &m, i % 3 == 0 ? 0 : 700, 60);
            spoilers[k](&st);
            mount_and_use(&st);
            test_store_free(&st);
        }
    }
}

/* A size that is no number of pages is refused. */
static void test_truncated(void **state)
{
    struct test_store st;
    struct model m;
    (void)state;
    make_good(&st, &m, 0, 20);
    for (uint32_t size = 0; size < 3 * BM_NVS_PAGE_SIZE; size += 511) {
        st.flash.size = size;
        const int rc = test_store_mount(&st, 1);
        assert_int_equal(rc, size % BM_NVS_PAGE_SIZE == 0 && size > 0 ? BM_OK : BM_E_ARG);
    }
    test_store_free(&st);
}

/* The row an entry belongs to; NULL where nothing is written, or the list of namespaces is. */
static const struct bm_row *row_at(const struct bm_scan *scan, uint32_t page, uint32_t entry)
{
    for (size_t i = 0; i < scan->row_count; i++) {
        const struct bm_row *row = &scan->rows[i];
        if (row->page == page && entry >= row->entry && entry < row->entry + row->count) {
            return row->kind == BM_ROW_VALUE && bmi_row_raw(scan, row)[BMI_EN_NS] != 0 ? row : NULL;
        }
    }
    return NULL;
}

static void expect_others(struct test_store *st, const struct model *m, unsigned ns, unsigned key,
                          const char *when)
{
    for (unsigned n = 0; n < MODEL_NS; n++) {
        for (unsigned k = 0; m->ns[n] != 0 && k < m->keys; k++) {
            if ((n != ns || k != key) && !model_key_equals(&st->nvs, m, n, k)) {
                fail_msg("%s: key %u of namespace %u suffers from key %u of %u", when, k, n, key,
                         ns);
            }
        }
    }
}

/* The damaged key is gone, or as it was: the bit was not part of it. Never anything else. */
static void expect_own(struct test_store *st, const struct model *m, unsigned ns, unsigned key)
{
    char name[BM_NVS_KEY_SIZE];
    struct bm_nvs_info info;
    (void)snprintf(name, sizeof name, "k%u", key);
    const int rc = bm_nvs_find(&st->nvs, m->ns[ns], name, &info);
    assert_true(rc == BM_E_NOENT || rc == BM_E_CORRUPT || model_key_equals(&st->nvs, m, ns, key));
}

static void one_flip(struct test_store *st, const struct model *m, const struct bm_scan *scan,
                     const uint8_t *good)
{
    const uint32_t page = rnd(PAGES);
    const uint32_t entry = rnd(BMI_PAGE_ENTRIES);
    const struct bm_row *row = row_at(scan, page, entry);
    struct model now = *m;
    char name[BM_NVS_KEY_SIZE];
    unsigned ns = 0;
    if (row == NULL) {
        return;
    }
    bmi_row_key(bmi_row_raw(scan, row), name);
    while (m->ns[ns] != bmi_row_raw(scan, row)[BMI_EN_NS]) {
        ns++;
    }
    const unsigned key = (unsigned)strtoul(name + 1, NULL, 10);
    memcpy(st->mem, good, st->size);
    page_of(st, page)[BMI_OFF_ENTRIES + entry * 32 + rnd(32)] ^= (uint8_t)(1u << rnd(8));
    assert_int_equal(test_store_mount(st, 1), BM_OK);
    expect_others(st, &now, ns, key, "reading");
    expect_own(st, &now, ns, key);
    for (int i = 0; i < 6; i++) {
        struct model_step step;
        struct model after;
        model_choose(&now, &rnd_state, 900, &step);
        if (step.kind != MODEL_ERASE_ALL && (step.ns != ns || step.key != key)) {
            (void)model_apply(&st->nvs, &now, &step, &after);
            now = after;
        }
    }
    expect_others(st, &now, ns, key, "after writing");
    expect_own(st, &now, ns, key);
    assert_int_equal(test_store_mount(st, 1), BM_OK);
    expect_others(st, &now, ns, key, "mounted again");
}

static void test_one_entry(void **state)
{
    (void)state;
    rnd_state = test_seed(6);
    print_message("BM_SEED=%llu\n", (unsigned long long)rnd_state);
    for (int i = 0; i < 10; i++) {
        struct test_store st;
        struct model m;
        struct bm_scan scan;
        make_good(&st, &m, 700, 70);
        uint8_t *good = malloc(st.size);
        assert_non_null(good);
        memcpy(good, st.mem, st.size);
        assert_int_equal(bm_scan(&scan, good, st.size), BM_OK);
        for (int n = 0; n < FLIPS / 10; n++) {
            one_flip(&st, &m, &scan, good);
        }
        bm_scan_free(&scan);
        free(good);
        test_store_free(&st);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_one_entry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
