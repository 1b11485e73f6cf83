/* SPDX-License-Identifier: Apache-2.0 */

/* Flash that fails while the power stays: at each read and at each program and erase of random
 * changes. The call says so; no other key is hurt, in this mount and in the next. */

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

enum { STEPS = 90, KEYS = 6, READS_TRIED = 40 };

struct trial {
    struct test_store st;
    struct model model;
    struct model after;
    struct model_step step;
    uint8_t *before;
    uint8_t *done;
    char text[160];
    unsigned failures;
};

static void compare(struct trial *t, const struct model *one, const struct model *other,
                    struct model *seen, const char *when)
{
    if (!model_compare(&t->st.nvs, one, other, seen, 0, t->text, sizeof t->text)) {
        fail_msg("%s: %s", when, t->text);
    }
}

/* What must hold after a failed call: old or new here, and the same after mounting and clearing up;
 * the next call works. */
static void aftermath(struct trial *t)
{
    struct model seen;
    struct model then;
    struct model_step erase = t->step;
    compare(t, &t->model, &t->after, NULL, "after the error");
    assert_int_equal(test_store_mount(&t->st, 0), BM_OK);
    compare(t, &t->model, &t->after, &seen, "mounted again");
    assert_int_equal(test_store_mount(&t->st, 1), BM_OK);
    assert_int_equal(test_store_recover(&t->st), BM_OK);
    compare(t, &seen, &seen, NULL, "cleared up");
    assert_true(test_store_clean(&t->st, t->text, sizeof t->text));
    erase.kind = seen.ns[t->step.ns] != 0 ? MODEL_ERASE : MODEL_NAMESPACE;
    assert_int_equal(model_apply(&t->st.nvs, &seen, &erase, &then), BM_OK);
    compare(t, &then, &then, NULL, "the next call");
}

/* The same mount is gone on with, whatever state the failure left it in. */
static void go_on(struct trial *t)
{
    struct model seen;
    struct model then;
    compare(t, &t->model, &t->after, &seen, "after the error");
    const int rc = model_apply(&t->st.nvs, &seen, &t->step, &then);
    if (rc != BM_OK && rc != BM_E_NOSPC) {
        fail_msg("the call again: %s", bm_err_name(rc));
    }
    compare(t, &then, &then, NULL, "the call again");
    if (!test_store_clean(&t->st, t->text, sizeof t->text)) {
        fail_msg("the call again: %s", t->text);
    }
    assert_int_equal(test_store_mount(&t->st, 0), BM_OK);
    compare(t, &then, &then, NULL, "mounted again");
}

static void rewind_to_before(struct trial *t)
{
    memcpy(t->st.mem, t->before, t->st.size);
    t->st.ram.fail_at = 0;
    t->st.ram.fail_read = 0;
    assert_int_equal(test_store_mount(&t->st, 1), BM_OK);
}

static void fail_programs(struct trial *t, uint64_t count)
{
    struct model unused;
    for (uint64_t at = 1; at <= count; at++) {
        for (unsigned tear = 0; tear < BM_TEAR_COUNT * 2; tear++) {
            rewind_to_before(t);
            t->st.ram.tear = (enum bm_flash_tear)(tear / 2);
            t->st.ram.fail_at = t->st.ram.ops + at;
            assert_int_equal(model_apply(&t->st.nvs, &t->model, &t->step, &unused), BM_E_IO);
            t->failures++;
            if (tear % 2 == 0) {
                aftermath(t);
            } else {
                go_on(t);
            }
        }
    }
}

static void fail_reads(struct trial *t, uint64_t count, uint64_t *random)
{
    struct model unused;
    const uint64_t stride = 1 + count / READS_TRIED;
    for (uint64_t at = 1 + test_random(random, (uint32_t)stride); at <= count; at += stride) {
        rewind_to_before(t);
        t->st.ram.fail_read = t->st.ram.reads + at;
        assert_int_equal(model_apply(&t->st.nvs, &t->model, &t->step, &unused), BM_E_IO);
        t->failures++;
        if (at % 2 == 0) {
            aftermath(t);
        } else {
            go_on(t);
        }
    }
}

static void run(unsigned pages, uint32_t index, uint64_t seed)
{
    struct trial t = {.model = {.keys = KEYS}};
    uint64_t random = seed;
    test_store_open(&t.st, pages, index);
    t.before = malloc(t.st.size);
    t.done = malloc(t.st.size);
    assert_true(t.before != NULL && t.done != NULL);
    for (int i = 0; i < STEPS; i++) {
        model_choose(&t.model, &random, 3000, &t.step);
        memcpy(t.before, t.st.mem, t.st.size);
        rewind_to_before(&t);
        const uint64_t ops = t.st.ram.ops;
        const uint64_t reads = t.st.ram.reads;
        const int rc = model_apply(&t.st.nvs, &t.model, &t.step, &t.after);
        const uint64_t writes_made = t.st.ram.ops - ops;
        const uint64_t reads_made = t.st.ram.reads - reads;
        assert_true(rc == BM_OK || rc == BM_E_NOSPC);
        memcpy(t.done, t.st.mem, t.st.size);
        if (i % 3 == 0) {
            fail_programs(&t, writes_made);
            fail_reads(&t, reads_made, &random);
        }
        memcpy(t.st.mem, t.done, t.st.size);
        t.model = t.after;
    }
    print_message("%u pages, index for %u, BM_SEED=%llu: %u failures\n", pages, index,
                  (unsigned long long)seed, t.failures);
    free(t.before);
    free(t.done);
    test_store_free(&t.st);
}

static void test_errors(void **state)
{
    const uint64_t seed = test_seed(11);
    (void)state;
    run(3, 300, seed);
    run(3, 0, seed);
    run(4, 400, seed);
}

/* A read that fails costs the call it falls into, nothing else. */
static void test_reading(void **state)
{
    struct test_store st;
    uint8_t ns;
    uint64_t bits;
    (void)state;
    test_store_open(&st, 3, 0);
    assert_int_equal(test_store_mount(&st, 1), BM_OK);
    assert_int_equal(bm_nvs_namespace_create(&st.nvs, "a", &ns), BM_OK);
    assert_int_equal(bm_nvs_set_bits(&st.nvs, ns, "k", BM_NVS_U32, 5), BM_OK);
    for (int at = 1; at < 4; at++) {
        st.ram.fail_read = st.ram.reads + (uint64_t)at;
        const int rc = bm_nvs_get_bits(&st.nvs, ns, "k", BM_NVS_U32, &bits);
        assert_true(rc == BM_E_IO || st.ram.reads < st.ram.fail_read);
        st.ram.fail_read = 0;
        assert_int_equal(bm_nvs_get_bits(&st.nvs, ns, "k", BM_NVS_U32, &bits), BM_OK);
        assert_int_equal(bits, 5);
    }
    st.ram.fail_read = st.ram.reads + 2;
    assert_int_equal(test_store_mount(&st, 1), BM_E_IO);
    test_store_free(&st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
