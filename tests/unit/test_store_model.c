/* SPDX-License-Identifier: Apache-2.0 */

/* Long random workloads against a plain model in memory, over several geometries, in purge mode and
 * not. BM_SEED=n repeats a run, BM_OPS=n sets the number of operations. */

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

#ifdef __SANITIZE_ADDRESS__
static const uint64_t ops_usual = 300000;
#else
static const uint64_t ops_usual = 4000000; /* reads and changes together */
#endif

enum {
    READS = 7,         /* for each change */
    COMPARE_ALL = 512, /* changes between full comparisons */
    REMOUNT = 100
};

static const struct {
    unsigned pages, index, keys, blob_max;
    int purge;
} runs[] = {
    {3, 300, 12, 2500, 0},    {3, 0, 6, 900, 1},     {5, 600, 32, 5000, 0},   {8, 30, 6, 9000, 0},
    {16, 2000, 32, 16000, 1}, {4, 500, 24, 3000, 1}, {32, 4200, 32, 9000, 0},
};

static uint64_t operations;

static void one_change(struct test_store *st, struct model *m, uint64_t *random, uint32_t blob_max)
{
    struct model_step step;
    struct model after;
    char text[160];
    model_choose(m, random, blob_max, &step);
    const int rc = model_apply(&st->nvs, m, &step, &after);
    if (rc != BM_OK && rc != BM_E_NOSPC) {
        fail_msg("%s", bm_err_name(rc));
    }
    *m = after;
    if (m->ns[step.ns] != 0 && !model_key_equals(&st->nvs, m, step.ns, step.key)) {
        fail_msg("key %u of namespace %u is wrong after the change", step.key, step.ns);
    }
    if (test_random(random, REMOUNT) == 0) {
        assert_int_equal(test_store_mount(st, 1), BM_OK);
    }
    if (test_random(random, COMPARE_ALL) == 0) {
        if (!model_compare(&st->nvs, m, m, NULL, 1, text, sizeof text) ||
            !test_store_clean(st, text, sizeof text)) {
            fail_msg("%s", text);
        }
        if (st->purge) {
            assert_true(test_store_purged(st));
        }
    }
}

static void run(size_t i, uint64_t seed, uint64_t ops)
{
    struct test_store st;
    struct model m = {.keys = runs[i].keys};
    uint64_t random = seed;
    char text[160];
    test_store_open(&st, runs[i].pages, runs[i].index);
    st.purge = runs[i].purge;
    print_message("%u pages, index for %u, %s: BM_SEED=%llu\n", runs[i].pages, runs[i].index,
                  st.purge ? "purging" : "not purging", (unsigned long long)seed);
    assert_int_equal(test_store_mount(&st, 1), BM_OK);
    for (uint64_t done = 0; done < ops; done += 1 + READS) {
        one_change(&st, &m, &random, runs[i].blob_max);
        for (int n = 0; n < READS; n++) {
            const unsigned ns = test_random(&random, MODEL_NS);
            const unsigned key = test_random(&random, m.keys);
            if (m.ns[ns] != 0 && !model_key_equals(&st.nvs, &m, ns, key)) {
                fail_msg("key %u of namespace %u is wrong", key, ns);
            }
        }
        operations += 1 + READS;
    }
    if (!model_compare(&st.nvs, &m, &m, NULL, 1, text, sizeof text)) {
        fail_msg("%s", text);
    }
    test_store_free(&st);
}

static void test_against_model(void **state)
{
    const char *text = getenv("BM_OPS");
    const uint64_t ops = text != NULL ? strtoull(text, NULL, 10) : ops_usual;
    const uint64_t seed = test_seed(7);
    const size_t count = sizeof runs / sizeof runs[0];
    (void)state;
    for (size_t i = 0; i < count; i++) {
        run(i, seed, ops / count);
    }
    print_message("%llu operations\n", (unsigned long long)operations);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_model)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
