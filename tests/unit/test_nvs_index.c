/* SPDX-License-Identifier: Apache-2.0 */

/* Random pages, whole and damaged: a search by index and a search by scan must agree on every key,
 * and iteration must show each findable key once. BM_SEED=n repeats a run. */

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
#include "nvs/fmt.h"

enum { PAGES = 4, KEYS = 12, ROUNDS = 400 };

static uint64_t seed;

static uint32_t rnd(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

static const uint8_t kinds[] = {BM_NVS_U8,         BM_NVS_I64,         BM_NVS_STR,
                                BMI_TYPE_BLOB_V1,  BMI_TYPE_BLOB_DATA, BMI_TYPE_BLOB_DATA,
                                BMI_TYPE_BLOB_IDX, BMI_TYPE_BLOB_IDX};

/* Adds one random entry; returns the entries it takes. */
static unsigned add_entry(struct test_image *img, unsigned page, unsigned entry)
{
    uint8_t data[96];
    char key[8];
    (void)snprintf(key, sizeof key, "k%u", rnd(KEYS));
    for (unsigned i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)rnd(256);
    }
    struct test_entry e = {page, entry, (uint8_t)rnd(3), kinds[rnd(sizeof kinds)], 0xff,
                           key,  data,  rnd(sizeof data)};
    if (e.type == BMI_TYPE_BLOB_DATA) {
        e.chunk = (uint8_t)(rnd(2) * 0x80 + rnd(2));
    } else if (e.type == BMI_TYPE_BLOB_IDX) {
        bm_put_le32(data, rnd(120));
        data[4] = (uint8_t)rnd(3);
        data[5] = (uint8_t)(rnd(2) * 0x80);
        e.size = 8;
    } else if (!bmi_type_has_data(e.type)) {
        e.size = bmi_type_width(e.type);
    }
    const unsigned span = bmi_type_has_data(e.type) ? bmi_span(e.size) : 1;
    if (entry + span > BMI_PAGE_ENTRIES) {
        return 1;
    }
    test_entry(img, &e);
    return span;
}

static void damage(struct test_image *img)
{
    for (uint32_t n = rnd(20); n > 0; n--) {
        const uint32_t at = rnd((uint32_t)img->len);
        if (at % BMI_PAGE_SIZE >= BMI_OFF_BITMAP) {
            img->data[at] &= (uint8_t)rnd(256);
        }
    }
}

static void make_image(struct test_image *img)
{
    test_image_blank(img, PAGES);
    for (unsigned page = 0; page < PAGES; page++) {
        test_page(img, page, page == 0 ? BMI_PAGE_ACTIVE : BMI_PAGE_FULL, rnd(10));
        unsigned entry = 0;
        const unsigned end = rnd(BMI_PAGE_ENTRIES);
        while (entry < end) {
            entry += add_entry(img, page, entry);
        }
    }
    damage(img);
}

struct answer {
    int rc;
    struct bm_nvs_info info;
    uint8_t data[256];
    size_t len;
};

static void ask(struct test_image *img, uint8_t ns, const char *key, struct answer *a)
{
    memset(a, 0, sizeof *a);
    a->rc = bm_nvs_find(&img->nvs, ns, key, &a->info);
    if (a->rc != BM_OK) {
        memset(&a->info, 0, sizeof a->info); /* a failed search promises nothing here */
        return;
    }
    if (a->info.type == BM_NVS_STR || a->info.type == BM_NVS_BLOB) {
        a->len = sizeof a->data;
        assert_int_equal(bm_nvs_get_data(&img->nvs, ns, key, a->info.type, a->data, &a->len),
                         BM_OK);
        assert_int_equal(a->len, a->info.size);
    }
}

static unsigned ask_all(struct test_image *img, struct answer answers[3][KEYS])
{
    unsigned found = 0;
    for (unsigned ns = 0; ns < 3; ns++) {
        for (unsigned k = 0; k < KEYS; k++) {
            char key[8];
            (void)snprintf(key, sizeof key, "k%u", k);
            ask(img, (uint8_t)ns, key, &answers[ns][k]);
            found += ns > 0 && answers[ns][k].rc == BM_OK;
        }
    }
    return found;
}

static int same(struct answer a[3][KEYS], struct answer b[3][KEYS])
{
    for (unsigned i = 0; i < 3 * KEYS; i++) {
        const struct answer *x = &a[i / KEYS][i % KEYS];
        const struct answer *y = &b[i / KEYS][i % KEYS];
        if (x->rc != y->rc || x->info.location != y->info.location ||
            x->info.type != y->info.type || x->info.bits != y->info.bits || x->len != y->len ||
            memcmp(x->data, y->data, x->len) != 0) {
            return 0;
        }
    }
    return 1;
}

static unsigned iterate(struct test_image *img)
{
    struct bm_nvs_iter it;
    struct bm_nvs_info info;
    unsigned n = 0;
    bm_nvs_iter_start(&it, BM_NVS_NS_ANY, BM_NVS_ANY);
    while (bm_nvs_iter_next(&img->nvs, &it, &info) == BM_OK) {
        n++;
    }
    return n;
}

static void test_index_and_scan_agree(void **state)
{
    (void)state;
    static struct answer by_scan[3][KEYS];
    static struct answer by_index[3][KEYS];
    const char *given = getenv("BM_SEED");
    seed = given != NULL ? strtoull(given, NULL, 0) : 20261122;
    unsigned found = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct test_image img;
        const uint64_t start = seed;
        make_image(&img);
        test_image_mount(&img, 0);
        const unsigned n = ask_all(&img, by_scan);
        const unsigned seen = iterate(&img);
        test_image_mount(&img, PAGES * BMI_PAGE_ENTRIES);
        (void)ask_all(&img, by_index);
        if (seen != n || iterate(&img) != n || !same(by_scan, by_index)) {
            print_message("differs in round %u: BM_SEED=%llu\n", round, (unsigned long long)start);
            fail();
        }
        found += n;
        test_image_free(&img);
    }
    assert_true(found > ROUNDS); /* or the images hold nothing worth comparing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_index_and_scan_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
