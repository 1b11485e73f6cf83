/* SPDX-License-Identifier: Apache-2.0 */

/* Free space is usable however it is scattered: stores filled to the last entry, thinned out at
 * random, take the longest value that their free entries can hold. BM_SEED=n repeats a run.
 * Merging them leaves no more behind than it must. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/le.h"
#include "harness/random.h"
#include "harness/store.h"
#include "nvs/fmt.h"

static uint64_t rnd_state;

static void key_of(char key[BM_NVS_KEY_SIZE], uint32_t n)
{
    (void)snprintf(key, BM_NVS_KEY_SIZE, "fill%u", (unsigned)n);
}

/* Fills with one-entry values, spreads garbage, and gives up some keys. Returns those left. */
static uint32_t scatter(struct test_store *st, uint8_t ns, uint32_t give_up)
{
    char key[BM_NVS_KEY_SIZE];
    const int filled = test_store_fill(st, ns);
    assert_int_equal(filled, (int)(st->size / BMI_PAGE_SIZE - 1) * BMI_PAGE_ENTRIES - 1);
    uint32_t left = (uint32_t)filled;
    while (give_up > 0) {
        key_of(key, test_random(&rnd_state, (uint32_t)filled));
        const int rc = bm_nvs_erase_key(&st->nvs, ns, key);
        assert_true(rc == BM_OK || rc == BM_E_NOENT);
        give_up -= rc == BM_OK;
        left -= rc == BM_OK;
    }
    for (int i = 0; i < 50; i++) { /* updates of what is left move the gaps about */
        struct bm_nvs_info info;
        key_of(key, test_random(&rnd_state, (uint32_t)filled));
        if (bm_nvs_find(&st->nvs, ns, key, &info) == BM_OK) {
            assert_int_equal(bm_nvs_set_bits(&st->nvs, ns, key, BM_NVS_U8, 2 + (unsigned)i), BM_OK);
        }
    }
    return left;
}

static void expect_left(struct test_store *st, uint8_t ns, uint32_t left)
{
    struct bm_nvs_iter it;
    struct bm_nvs_info info;
    uint32_t n = 0;
    char text[160];
    bm_nvs_iter_start(&it, ns, BM_NVS_U8);
    while (bm_nvs_iter_next(&st->nvs, &it, &info) == BM_OK) {
        n++;
    }
    assert_int_equal(n, left);
    if (!test_store_clean(st, text, sizeof text)) {
        fail_msg("%s", text);
    }
}

static void begin(struct test_store *st, unsigned pages, uint8_t *ns)
{
    test_store_open(st, pages, pages * 126);
    assert_int_equal(test_store_mount(st, 1), BM_OK);
    assert_int_equal(bm_nvs_namespace_create(&st->nvs, "a", ns), BM_OK);
}

/* A string of exactly the entries that are free. */
static void fit_string(unsigned pages, uint32_t span)
{
    struct test_store st;
    char text[BM_NVS_STR_MAX];
    uint8_t ns;
    const size_t len = ((size_t)span - 1) * BMI_ENTRY_SIZE;
    begin(&st, pages, &ns);
    const uint32_t left = scatter(&st, ns, span);
    memset(text, 'x', len);
    text[len - 1] = '\0';
    const int rc = bm_nvs_set_data(&st.nvs, ns, "text", BM_NVS_STR, text, len);
    if (rc != BM_OK) {
        fail_msg("%u pages, %u entries: %s", pages, (unsigned)span, bm_err_name(rc));
    }
    assert_int_equal(bm_nvs_set_bits(&st.nvs, ns, "more", BM_NVS_U8, 1), BM_E_NOSPC);
    expect_left(&st, ns, left);
    test_store_free(&st);
}

static void test_strings(void **state)
{
    static const uint32_t spans[] = {2, 3, 20, 55, 80, 125, 126};
    (void)state;
    rnd_state = test_seed(1);
    for (unsigned pages = 3; pages <= 16; pages = pages * 2 - 1) {
        for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
            fit_string(pages, spans[i]);
        }
    }
}

/* A blob needs a header for each page it touches, and an index. */
static void fit_blob(unsigned pages, uint32_t entries)
{
    struct test_store st;
    static uint8_t data[16 * 126 * 32];
    uint8_t ns;
    begin(&st, pages, &ns);
    const uint32_t left = scatter(&st, ns, entries);
    const uint32_t chunks = (entries + BMI_PAGE_ENTRIES - 1) / BMI_PAGE_ENTRIES + 1;
    const size_t len = (size_t)(entries - 1 - chunks) * BMI_ENTRY_SIZE;
    memset(data, 7, len);
    const int rc = bm_nvs_set_data(&st.nvs, ns, "blob", BM_NVS_BLOB, data, len);
    if (rc != BM_OK) {
        fail_msg("%u pages, %u entries: %s", pages, (unsigned)entries, bm_err_name(rc));
    }
    expect_left(&st, ns, left);
    test_store_free(&st);
}

static void test_blobs(void **state)
{
    (void)state;
    rnd_state = test_seed(2);
    for (unsigned pages = 3; pages <= 16; pages = pages * 2 - 1) {
        for (uint32_t entries = 4; entries < (pages - 1) * 126 - 10; entries = entries * 2 + 5) {
            fit_blob(pages, entries);
        }
    }
}

/* A store that is full says so without wearing the flash. */
static void test_full(void **state)
{
    struct test_store st;
    uint8_t ns;
    (void)state;
    begin(&st, 4, &ns);
    assert_true(test_store_fill(&st, ns) > 0);
    const uint64_t ops = st.ram.ops;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(bm_nvs_set_bits(&st.nvs, ns, "more", BM_NVS_U8, 1), BM_E_NOSPC);
        assert_int_equal(bm_nvs_set_data(&st.nvs, ns, "more", BM_NVS_STR, "a", 2), BM_E_NOSPC);
    }
    assert_true(st.ram.ops - ops <= 2);
    /* An update needs room for old and new at once; erasing makes some. */
    assert_int_equal(bm_nvs_set_bits(&st.nvs, ns, "fill0", BM_NVS_U8, 9), BM_E_NOSPC);
    assert_int_equal(bm_nvs_erase_key(&st.nvs, ns, "fill1"), BM_OK);
    assert_int_equal(bm_nvs_set_bits(&st.nvs, ns, "fill0", BM_NVS_U8, 9), BM_OK);
    assert_int_equal(bm_nvs_set_bits(&st.nvs, ns, "more", BM_NVS_U8, 1), BM_OK);
    test_store_free(&st);
}

/* Chunks that are written twice, or 0 where a page is FREEING: ESP-IDF's library sorts that out. */
static unsigned double_chunks(const struct test_store *st)
{
    const uint8_t *seen[512];
    unsigned n = 0, twice = 0;
    for (uint32_t page = 0; page < st->size; page += BMI_PAGE_SIZE) {
        const uint8_t *p = st->mem + page;
        const uint32_t state = bm_get_le32(p);
        if (state == BMI_PAGE_FREEING) {
            return 0;
        }
        for (unsigned i = 0; i < BMI_PAGE_ENTRIES && state != 0; i++) {
            const uint8_t *raw = p + (size_t)(2 + i) * BMI_ENTRY_SIZE;
            if (bmi_bitmap_get(p + BMI_ENTRY_SIZE, i) != BMI_ENTRY_WRITTEN || raw[0] != 1) {
                continue; /* data begin with another byte than the namespace */
            }
            for (unsigned k = 0; k < n && raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_DATA; k++) {
                twice += memcmp(raw, seen[k], BMI_ENTRY_SIZE) == 0;
            }
            assert_true(n < 512);
            seen[n++] = raw;
        }
    }
    return twice;
}

/* ESP-IDF's library erases a blob that has a chunk twice. Where pages are merged, the power can
 * only fail between one chunk's copy and its original. */
static void test_merging_cut(void **state)
{
    enum { BLOBS = 60, LONG = 3800 };
    static uint8_t data[LONG];
    char key[BM_NVS_KEY_SIZE];
    struct test_store st;
    uint8_t ns;
    int rc = BM_E_IO;
    (void)state;
    memset(data, 'x', sizeof data - 1);
    test_store_open(&st, 4, 400);
    assert_int_equal(test_store_mount(&st, 1), BM_OK);
    assert_int_equal(bm_nvs_namespace_create(&st.nvs, "app", &ns), BM_OK);
    for (unsigned i = 0; i < 2 * BLOBS; i++) {
        (void)snprintf(key, sizeof key, "%u", i);
        assert_int_equal(bm_nvs_set_data(&st.nvs, ns, key, i % 2 ? BM_NVS_STR : BM_NVS_BLOB,
                                         data + LONG - 30, 30),
                         BM_OK);
    }
    for (unsigned i = 1; i < 2 * BLOBS; i += 2) {
        (void)snprintf(key, sizeof key, "%u", i);
        assert_int_equal(bm_nvs_erase_key(&st.nvs, ns, key), BM_OK);
    }
    uint8_t *before = malloc(st.size);
    assert_non_null(before);
    memcpy(before, st.mem, st.size);
    uint64_t at;
    for (at = 1; rc != BM_OK; at++) {
        memcpy(st.mem, before, st.size);
        assert_int_equal(test_store_mount(&st, 1), BM_OK);
        st.ram.cut_at = st.ram.ops + at;
        st.ram.tear = BM_TEAR_NONE;
        rc = bm_nvs_set_data(&st.nvs, ns, "long", BM_NVS_STR, data, LONG);
        assert_true(double_chunks(&st) <= 1);
    }
    assert_true(at > 4 * BLOBS / 2); /* half of them or more were copied, in four steps each */
    free(before);
    test_store_free(&st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_blobs),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_merging_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
