/* SPDX-License-Identifier: Apache-2.0 */

/* Defects seen in ESP-IDF's library, one test each: what it does there, and that ours does not. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/le.h"
#include "harness/image.h"
#include "harness/random.h"
#include "harness/store.h"
#include "nvs/fmt.h"

static struct test_store st;
static uint8_t ns;

static void open_store(unsigned pages, uint32_t index)
{
    test_store_open(&st, pages, index);
    assert_int_equal(test_store_mount(&st, 1), BM_OK);
    assert_int_equal(bm_nvs_namespace_create(&st.nvs, "app", &ns), BM_OK);
}

static void mount(int writable)
{
    assert_int_equal(test_store_mount(&st, writable), BM_OK);
}

static void expect_clean(void)
{
    char text[160];
    if (!test_store_clean(&st, text, sizeof text)) {
        fail_msg("%s", text);
    }
}

static int set_blob(const char *key, const void *data, size_t len)
{
    return bm_nvs_set_data(&st.nvs, ns, key, BM_NVS_BLOB, data, len);
}

static void expect_blob(const char *key, const void *data, size_t len)
{
    static uint8_t buf[20000];
    size_t got = sizeof buf;
    assert_int_equal(bm_nvs_get_data(&st.nvs, ns, key, BM_NVS_BLOB, buf, &got), BM_OK);
    assert_int_equal(got, len);
    assert_memory_equal(buf, data, len);
}

static unsigned count_keys(void)
{
    struct bm_nvs_iter it;
    struct bm_nvs_info info;
    unsigned n = 0;
    bm_nvs_iter_start(&it, BM_NVS_NS_ANY, BM_NVS_ANY);
    while (bm_nvs_iter_next(&st.nvs, &it, &info) == BM_OK) {
        n++;
    }
    return n;
}

/* An update of a blob, cut between its chunk and its index, loses the old and the new value. */
static void test_blob_update_cut(void **state)
{
    (void)state;
    open_store(3, 100);
    assert_int_equal(set_blob("b", "\1\2", 2), BM_OK);
    uint8_t *before = malloc(st.size);
    assert_non_null(before);
    memcpy(before, st.mem, st.size);
    int olds = 0, news = 0;
    for (uint64_t at = 1;; at++) {
        uint8_t buf[2];
        size_t len = sizeof buf;
        memcpy(st.mem, before, st.size);
        mount(1);
        st.ram.cut_at = st.ram.ops + at;
        if (set_blob("b", "\3\4", 2) == BM_OK) {
            break;
        }
        for (int n = 0; n < 2; n++) {
            mount(1);
            assert_int_equal(bm_nvs_get_data(&st.nvs, ns, "b", BM_NVS_BLOB, buf, &len), BM_OK);
            assert_true(memcmp(buf, "\1\2", 2) == 0 || memcmp(buf, "\3\4", 2) == 0);
            assert_int_equal(test_store_recover(&st), BM_OK);
        }
        olds += buf[0] == 1;
        news += buf[0] == 3;
        expect_clean();
    }
    assert_true(olds >= 5 && news >= 1);
    expect_blob("b", "\3\4", 2);
    free(before);
    test_store_free(&st);
}

/* Two keys with the same 24-bit hash on the active page: the earlier is erased at the next start.
 */
static void test_colliding_keys(void **state)
{
    uint64_t bits;
    (void)state;
    open_store(3, 100);
    assert_int_equal(ns, 1);
    assert_int_equal(bm_nvs_set_bits(&st.nvs, ns, "host_id", BM_NVS_U32, 7), BM_OK);
    assert_int_equal(bm_nvs_set_bits(&st.nvs, ns, "name_zone1", BM_NVS_U32, 8), BM_OK);
    for (uint32_t i = 0; i < 300; i++) {
        mount(1);
        assert_int_equal(bm_nvs_get_bits(&st.nvs, ns, "host_id", BM_NVS_U32, &bits), BM_OK);
        assert_int_equal(bits, 7);
        assert_int_equal(bm_nvs_get_bits(&st.nvs, ns, "name_zone1", BM_NVS_U32, &bits), BM_OK);
        assert_int_equal(bits, 8);
        assert_int_equal(bm_nvs_set_bits(&st.nvs, ns, "other", BM_NVS_U32, i), BM_OK);
    }
    assert_int_equal(bm_nvs_erase_key(&st.nvs, ns, "host_id"), BM_OK);
    assert_int_equal(bm_nvs_get_bits(&st.nvs, ns, "name_zone1", BM_NVS_U32, &bits), BM_OK);
    test_store_free(&st);
}

/* A cipher good enough to make entries unreadable. */
static int toy(void *ctx, uint32_t off, uint8_t *data, uint32_t len)
{
    uint64_t random = *(const uint32_t *)ctx + (uint64_t)off * 977;
    for (uint32_t i = 0; i < len; i++) {
        data[i] ^= (uint8_t)test_random(&random, 256);
    }
    return BM_OK;
}

static int mount_keyed(uint32_t *key)
{
    const struct bm_nvs_crypto crypto = {toy, toy, key};
    static struct bm_nvs_crypto kept;
    kept = crypto;
    const struct bm_nvs_config config = {.flash = &st.flash,
                                         .work = st.work,
                                         .work_len = st.work_len,
                                         .writable = 1,
                                         .crypto = key != NULL ? &kept : NULL};
    return bm_nvs_mount_with(&st.nvs, &config, NULL);
}

/* Started with a wrong key or none, the partition is erased entry by entry, and init says OK. */
static void test_wrong_keys(void **state)
{
    uint32_t right = 1, wrong = 2;
    uint64_t bits;
    (void)state;
    test_store_open(&st, 4, 100);
    assert_int_equal(mount_keyed(&right), BM_OK);
    assert_int_equal(bm_nvs_namespace_create(&st.nvs, "app", &ns), BM_OK);
    for (uint32_t i = 0; i < 200; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "k%u", (unsigned)i);
        assert_int_equal(bm_nvs_set_bits(&st.nvs, ns, key, BM_NVS_U32, i), BM_OK);
    }
    uint8_t *copy = malloc(st.size);
    assert_non_null(copy);
    memcpy(copy, st.mem, st.size);
    const uint64_t ops = st.ram.ops;
    assert_int_equal(mount_keyed(NULL), BM_E_KEYS);
    assert_int_equal(mount_keyed(&wrong), BM_E_KEYS);
    assert_int_equal(st.ram.ops, ops);
    assert_memory_equal(st.mem, copy, st.size);
    assert_int_equal(mount_keyed(&right), BM_OK);
    for (uint32_t i = 0; i < 200; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "k%u", (unsigned)i);
        assert_int_equal(bm_nvs_get_bits(&st.nvs, ns, key, BM_NVS_U32, &bits), BM_OK);
        assert_int_equal(bits, i);
    }
    free(copy);
    test_store_free(&st);
}

/* Garbage collection moves one page to one fresh page and never merges two: a string is refused
 * for good although more than its room is free, and each try costs an erase. */
static void test_collection_merges(void **state)
{
    uint64_t random = 1;
    char pem[1701];
    (void)state;
    open_store(16, 2000);
    memset(pem, 'a', sizeof pem - 1);
    pem[sizeof pem - 1] = '\0';
    assert_int_equal(bm_nvs_set_data(&st.nvs, ns, "pem", BM_NVS_STR, pem, sizeof pem), BM_OK);
    for (uint32_t i = 0; i < 8000; i++) {
        char key[16];
        const uint32_t n = i < 1700 ? i : test_random(&random, 1700);
        (void)snprintf(key, sizeof key, "key%u", (unsigned)n);
        assert_int_equal(bm_nvs_set_bits(&st.nvs, ns, key, BM_NVS_I32, i), BM_OK);
    }
    for (int i = 0; i < 40; i++) {
        char key[16];
        memset(pem, 'b' + i % 20, sizeof pem - 1);
        assert_int_equal(bm_nvs_set_data(&st.nvs, ns, "pem", BM_NVS_STR, pem, sizeof pem), BM_OK);
        (void)snprintf(key, sizeof key, "key%u", (unsigned)test_random(&random, 1700));
        assert_int_equal(bm_nvs_set_bits(&st.nvs, ns, key, BM_NVS_I32, (uint64_t)i), BM_OK);
    }
    assert_int_equal(count_keys(), 1701);
    test_store_free(&st);
}

/* After an error of the flash every key of its page is hidden, and calls fail, until the next
 * start. */
static void test_flash_error(void **state)
{
    uint64_t bits;
    (void)state;
    for (uint64_t at = 1; at <= 3; at++) {
        open_store(3, 100);
        assert_int_equal(bm_nvs_set_bits(&st.nvs, ns, "a", BM_NVS_U8, 1), BM_OK);
        assert_int_equal(bm_nvs_set_bits(&st.nvs, ns, "b", BM_NVS_U8, 2), BM_OK);
        st.ram.fail_at = st.ram.ops + at;
        assert_int_equal(bm_nvs_set_bits(&st.nvs, ns, "a", BM_NVS_U8, 3), BM_E_IO);
        assert_int_equal(bm_nvs_get_bits(&st.nvs, ns, "b", BM_NVS_U8, &bits), BM_OK);
        assert_int_equal(bits, 2);
        assert_int_equal(bm_nvs_get_bits(&st.nvs, ns, "a", BM_NVS_U8, &bits), BM_OK);
        assert_true(bits == 1 || bits == 3);
        assert_int_equal(bm_nvs_set_bits(&st.nvs, ns, "a", BM_NVS_U8, 4), BM_OK);
        assert_int_equal(bm_nvs_get_bits(&st.nvs, ns, "a", BM_NVS_U8, &bits), BM_OK);
        assert_int_equal(bits, 4);
        expect_clean();
        test_store_free(&st);
    }
}

/* A change of type, cut before the old value is erased and when it lies on another page, leaves
 * both for ever; reading finds the old one. */
static void test_type_change(void **state)
{
    uint8_t *before;
    (void)state;
    open_store(3, 200);
    assert_int_equal(bm_nvs_set_bits(&st.nvs, ns, "k", BM_NVS_U8, 9), BM_OK);
    for (uint32_t i = 0; i < 124; i++) { /* the page is full */
        char key[16];
        (void)snprintf(key, sizeof key, "f%u", (unsigned)i);
        assert_int_equal(bm_nvs_set_bits(&st.nvs, ns, key, BM_NVS_U8, i), BM_OK);
    }
    before = malloc(st.size);
    assert_non_null(before);
    memcpy(before, st.mem, st.size);
    for (uint64_t at = 1;; at++) {
        struct bm_nvs_info info;
        memcpy(st.mem, before, st.size);
        mount(1);
        st.ram.cut_at = st.ram.ops + at;
        const int rc = bm_nvs_set_data(&st.nvs, ns, "k", BM_NVS_STR, "text", 5);
        mount(0);
        assert_int_equal(count_keys(), 125);
        assert_int_equal(bm_nvs_find(&st.nvs, ns, "k", &info), BM_OK);
        assert_true(info.type == BM_NVS_STR || (rc != BM_OK && info.type == BM_NVS_U8));
        mount(1);
        assert_int_equal(test_store_recover(&st), BM_OK);
        expect_clean();
        if (rc == BM_OK) {
            break;
        }
    }
    free(before);
    test_store_free(&st);
}

/* One chunk too many in a blob's half of the numbers, and the start erases the whole blob. */
static void test_stale_chunk(void **state)
{
    struct test_image img;
    const uint8_t index[8] = {5, 0, 0, 0, 1, 0, 0xff, 0xff};
    const uint8_t one = 1;
    (void)state;
    test_image_blank(&img, 3);
    test_page(&img, 0, BMI_PAGE_ACTIVE, 0);
    test_entry(&img, &(struct test_entry){0, 0, 0, BM_NVS_U8, 0xff, "app", &one, 1});
    test_entry(&img, &(struct test_entry){0, 1, 1, BMI_TYPE_BLOB_DATA, 1, "b", "stale", 5});
    test_entry(&img, &(struct test_entry){0, 3, 1, BMI_TYPE_BLOB_DATA, 0, "b", "value", 5});
    test_entry(&img, &(struct test_entry){0, 5, 1, BMI_TYPE_BLOB_IDX, 0xff, "b", index, 8});
    test_store_open(&st, 3, 100);
    memcpy(st.mem, img.data, st.size);
    ns = 1;
    mount(1);
    expect_blob("b", "value", 5);
    assert_int_equal(test_store_recover(&st), BM_OK);
    expect_clean();
    expect_blob("b", "value", 5);
    assert_int_equal(set_blob("b", "other", 5), BM_OK);
    mount(1);
    expect_blob("b", "other", 5);
    test_image_free(&img);
    test_store_free(&st);
}

/* A partition that cannot be written, stopped in the middle of a collection or an update, shows
 * values twice or fails to start. */
static void test_read_only(void **state)
{
    (void)state;
    for (uint64_t at = 1;; at++) {
        open_store(3, 200);
        for (uint32_t i = 0; i < 251; i++) {
            char key[16];
            (void)snprintf(key, sizeof key, "f%u", (unsigned)(i % 200));
            assert_int_equal(bm_nvs_set_bits(&st.nvs, ns, key, BM_NVS_U32, i), BM_OK);
        }
        st.ram.cut_at = st.ram.ops + at; /* this one begins a collection */
        const int rc = bm_nvs_set_bits(&st.nvs, ns, "f0", BM_NVS_U32, 1000);
        struct bm_flash view;
        assert_int_equal(bm_flash_view(&view, st.mem, st.size), BM_OK);
        const struct bm_nvs_config config = {
            .flash = &view, .work = st.work, .work_len = st.work_len};
        assert_int_equal(bm_nvs_mount_with(&st.nvs, &config, NULL), BM_OK);
        assert_int_equal(count_keys(), 200);
        assert_int_equal(bm_nvs_set_bits(&st.nvs, ns, "x", BM_NVS_U8, 1), BM_E_READONLY);
        test_store_free(&st);
        if (rc == BM_OK) {
            assert_true(at > 150);
            break;
        }
    }
}

/* A key of 16 characters or more acts on the key of its first 15. */
static void test_long_keys(void **state)
{
    static const char too_long[] = "exactly15chars.x";
    uint64_t bits = 0;
    uint8_t other;
    struct bm_nvs_info info;
    (void)state;
    open_store(3, 100);
    assert_int_equal(bm_nvs_set_bits(&st.nvs, ns, "exactly15chars.", BM_NVS_U8, 5), BM_OK);
    const uint64_t ops = st.ram.ops;
    assert_int_equal(bm_nvs_get_bits(&st.nvs, ns, too_long, BM_NVS_U8, &bits), BM_E_ARG);
    assert_int_equal(bm_nvs_find(&st.nvs, ns, too_long, &info), BM_E_ARG);
    assert_int_equal(bm_nvs_erase_key(&st.nvs, ns, too_long), BM_E_ARG);
    assert_int_equal(bm_nvs_set_bits(&st.nvs, ns, too_long, BM_NVS_U8, 5), BM_E_ARG);
    assert_int_equal(bm_nvs_set_bits(&st.nvs, ns, too_long, BM_NVS_U8, 6), BM_E_ARG);
    assert_int_equal(bm_nvs_set_data(&st.nvs, ns, too_long, BM_NVS_STR, "x", 2), BM_E_ARG);
    assert_int_equal(bm_nvs_namespace_create(&st.nvs, too_long, &other), BM_E_ARG);
    assert_int_equal(bm_nvs_namespace(&st.nvs, too_long, &other), BM_E_ARG);
    assert_int_equal(st.ram.ops, ops);
    assert_int_equal(bm_nvs_get_bits(&st.nvs, ns, "exactly15chars.", BM_NVS_U8, &bits), BM_OK);
    assert_int_equal(bits, 5);
    test_store_free(&st);
}

/* The heap grows with updates. Ours is the caller's memory, and nothing beyond; guard/freestanding
 * shows that the objects know no malloc. */
static void test_memory(void **state)
{
    enum { CANARY = 64 };
    uint64_t random = 3;
    (void)state;
    open_store(16, 150);
    uint8_t *work = malloc(st.work_len + CANARY);
    assert_non_null(work);
    memset(work, 0xa5, st.work_len + CANARY);
    free(st.work);
    st.work = work;
    mount(1);
    for (uint32_t i = 0; i < 30000; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "k%u", (unsigned)test_random(&random, 100));
        assert_int_equal(bm_nvs_set_bits(&st.nvs, ns, key, BM_NVS_U32, i), BM_OK);
    }
    for (int i = 0; i < CANARY; i++) {
        assert_int_equal(work[st.work_len + (size_t)i], 0xa5);
    }
    test_store_free(&st);
}

/* Setting what is there already writes a blob of several chunks, or of none, again. */
static void test_equal_blob(void **state)
{
    static uint8_t data[6000];
    (void)state;
    open_store(5, 100);
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 7);
    }
    assert_int_equal(set_blob("big", data, sizeof data), BM_OK);
    assert_int_equal(set_blob("none", data, 0), BM_OK);
    const uint64_t ops = st.ram.ops;
    assert_int_equal(set_blob("big", data, sizeof data), BM_OK);
    assert_int_equal(set_blob("none", data, 0), BM_OK);
    assert_int_equal(st.ram.ops, ops);
    expect_blob("big", data, sizeof data);
    expect_blob("none", data, 0);
    test_store_free(&st);
}

/* NO_FREE_PAGES at a partition whose data are all readable: programs then erase it. */
static void test_no_free_page(void **state)
{
    const uint8_t one = 1;
    struct test_image img;
    uint64_t bits;
    (void)state;
    test_image_blank(&img, 3);
    for (uint32_t page = 0; page < 3; page++) {
        char key[16];
        test_page(&img, page, page < 2 ? BMI_PAGE_FULL : BMI_PAGE_ACTIVE, page);
        (void)snprintf(key, sizeof key, "k%u", (unsigned)page);
        test_entry(&img, &(struct test_entry){page, 0, 1, BM_NVS_U8, 0xff, key, &one, 1});
    }
    test_entry(&img, &(struct test_entry){0, 1, 0, BM_NVS_U8, 0xff, "app", &one, 1});
    test_store_open(&st, 3, 100);
    memcpy(st.mem, img.data, st.size);
    mount(1);
    assert_int_equal(count_keys(), 3);
    assert_int_equal(bm_nvs_set_bits(&st.nvs, 1, "new", BM_NVS_U8, 7), BM_OK);
    expect_clean();
    mount(1);
    assert_int_equal(count_keys(), 4);
    assert_int_equal(bm_nvs_get_bits(&st.nvs, 1, "k0", BM_NVS_U8, &bits), BM_OK);
    test_image_free(&img);
    test_store_free(&st);
}

/* Bytes behind four blank ones, in an entry marked empty, are written over: the set succeeds, the
 * value is not there. */
static void test_hidden_bytes(void **state)
{
    uint64_t bits;
    (void)state;
    open_store(3, 100);
    memset(st.mem + BMI_OFF_ENTRIES + BMI_ENTRY_SIZE + 8, 0, 6); /* entry 1, its key */
    mount(1);
    assert_int_equal(bm_nvs_set_bits(&st.nvs, ns, "k", BM_NVS_U32, 77), BM_OK);
    mount(1);
    assert_int_equal(bm_nvs_get_bits(&st.nvs, ns, "k", BM_NVS_U32, &bits), BM_OK);
    assert_int_equal(bits, 77);
    expect_clean();
    test_store_free(&st);
}

/* Erasing a namespace takes its damaged values, too: iteration passes them over, flash does not. */
static void test_erase_all_takes_the_damaged(void **state)
{
    size_t used = 0;
    (void)state;
    open_store(3, 100);
    assert_int_equal(bm_nvs_set_data(&st.nvs, ns, "pw", BM_NVS_STR, "secret", 7), BM_OK);
    mount(1);
    st.mem[BMI_OFF_ENTRIES + 2 * BMI_ENTRY_SIZE] &= 0x0f; /* its data */
    assert_int_equal(bm_nvs_set_bits(&st.nvs, ns, "k", BM_NVS_U8, 1), BM_OK);
    assert_int_equal(bm_nvs_erase_all(&st.nvs, ns), BM_OK);
    assert_int_equal(bm_nvs_used_entries(&st.nvs, ns, &used), BM_OK);
    assert_int_equal(used, 0);
    expect_clean();
    test_store_free(&st);
}

/* A foreign image may have the last sequence number: a next page would be the oldest. */
static void test_last_sequence_number(void **state)
{
    int rc = BM_OK;
    (void)state;
    open_store(3, 100);
    bmi_header_put(st.mem, BMI_PAGE_ACTIVE, 0xfffffffe, BMI_VERSION_2);
    mount(1);
    for (unsigned i = 0; i < 400 && rc == BM_OK; i++) {
        rc = bm_nvs_set_bits(&st.nvs, ns, "k", BM_NVS_U32, i);
    }
    assert_int_equal(rc, BM_E_NOSPC);
    test_store_free(&st);
}

/* Its library wants all chunks of an index, and repairs where one is missing: as after a cut while
 * it erased a namespace, chunk by chunk. Damaged data it leaves, and so do we. */
static void test_index_without_chunk(void **state)
{
    uint8_t blob[5000] = {1};
    size_t used = 0;
    (void)state;
    open_store(4, 100);
    assert_int_equal(set_blob("lost", blob, sizeof blob), BM_OK);
    assert_int_equal(set_blob("damaged", "abc", 3), BM_OK);
    uint8_t *const chunk = st.mem + 64 + 32; /* behind the namespace */
    assert_int_equal(chunk[BMI_EN_TYPE], BMI_TYPE_BLOB_DATA);
    const unsigned span = chunk[BMI_EN_SPAN];
    for (unsigned i = 1; i <= span; i++) {
        st.mem[32 + i / 4] &= (uint8_t) ~(3u << i % 4 * 2);
    }
    for (size_t i = 0; i + 32 < st.size; i += 32) {
        if (memcmp(st.mem + i, "abc\xff", 4) == 0) {
            st.mem[i] = 0;
        }
    }
    mount(1);
    assert_int_equal(bm_nvs_set_bits(&st.nvs, ns, "k", BM_NVS_U8, 1), BM_OK);
    assert_int_equal(bm_nvs_used_entries(&st.nvs, ns, &used), BM_OK);
    assert_int_equal(used, 3 + 1); /* the damaged blob and this number */
    test_store_free(&st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_erase_all_takes_the_damaged),
        cmocka_unit_test(test_last_sequence_number),
        cmocka_unit_test(test_blob_update_cut),
        cmocka_unit_test(test_colliding_keys),
        cmocka_unit_test(test_wrong_keys),
        cmocka_unit_test(test_collection_merges),
        cmocka_unit_test(test_flash_error),
        cmocka_unit_test(test_type_change),
        cmocka_unit_test(test_stale_chunk),
        cmocka_unit_test(test_index_without_chunk),
        cmocka_unit_test(test_read_only),
        cmocka_unit_test(test_long_keys),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_equal_blob),
        cmocka_unit_test(test_no_free_page),
        cmocka_unit_test(test_hidden_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
