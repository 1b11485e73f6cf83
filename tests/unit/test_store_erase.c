/* SPDX-License-Identifier: Apache-2.0 */

/* A power cut left an old and a new copy of a key; then the key is erased, and the power fails
 * again, in every operation: it reads as new or is gone, never as old. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/store.h"
#include "nvs/fmt.h"

enum { PAGES = 3, SMALL = 40, LARGE = 6000, MOST_OPS = 2000 };

static uint8_t bytes[2][LARGE];

struct value {
    enum bm_nvs_type type;
    size_t len; /* 0: a number */
};

/* What the key was and what it was to be. */
static const struct {
    struct value before, after;
} cases[] = {
    {{BM_NVS_U32, 0}, {BM_NVS_U32, 0}},
    {{BM_NVS_STR, SMALL}, {BM_NVS_STR, SMALL}},
    {{BM_NVS_BLOB, SMALL}, {BM_NVS_BLOB, SMALL}},
    {{BM_NVS_BLOB, SMALL}, {BM_NVS_BLOB, LARGE}}, /* over two pages */
    {{BM_NVS_U8, 0}, {BM_NVS_BLOB, SMALL}},
    {{BM_NVS_BLOB, SMALL}, {BM_NVS_STR, SMALL}},
};

static void fill_bytes(void)
{
    memset(bytes[0], 'o', LARGE);
    memset(bytes[1], 'n', LARGE);
    bytes[0][SMALL - 1] = bytes[1][SMALL - 1] = '\0'; /* the end of the strings */
}

static int put(struct test_store *st, const struct value *v, int is_new)
{
    return v->len > 0 ? bm_nvs_set_data(&st->nvs, 1, "k", v->type, bytes[is_new], v->len)
                      : bm_nvs_set_bits(&st->nvs, 1, "k", v->type, 10u + (unsigned)is_new);
}

static int holds(struct test_store *st, const struct value *v, int is_new)
{
    static uint8_t data[LARGE];
    uint64_t bits = 0;
    size_t len = sizeof data;
    if (v->len > 0) {
        return bm_nvs_get_data(&st->nvs, 1, "k", v->type, data, &len) == BM_OK && len == v->len &&
               memcmp(data, bytes[is_new], len) == 0;
    }
    return bm_nvs_get_bits(&st->nvs, 1, "k", v->type, &bits) == BM_OK &&
           bits == 10u + (unsigned)is_new;
}

/* Entries of the key, written and with a good header, that are no chunks. */
static unsigned copies(const struct test_store *st)
{
    unsigned n = 0;
    for (const uint8_t *page = st->mem; page < st->mem + st->size; page += BMI_PAGE_SIZE) {
        for (unsigned i = 0; i < BMI_PAGE_ENTRIES; i++) {
            const uint8_t *raw = page + BMI_OFF_ENTRIES + (size_t)i * BMI_ENTRY_SIZE;
            n += bmi_bitmap_get(page + BMI_OFF_BITMAP, i) == BMI_ENTRY_WRITTEN &&
                 bmi_entry_check(raw, i) == BMI_BAD_NOTHING && raw[BMI_EN_NS] == 1 &&
                 raw[BMI_EN_TYPE] != BMI_TYPE_BLOB_DATA && raw[BMI_EN_KEY] == 'k';
        }
    }
    return n;
}

/* Erases the key of an image in every way to be cut. Returns the number of cuts. */
static unsigned erase_cut(struct test_store *st, const uint8_t *image, const struct value *v)
{
    unsigned cuts = 0;
    for (unsigned at = 1; at < MOST_OPS; at++) {
        for (unsigned tear = 0; tear < BM_TEAR_COUNT; tear++) {
            memcpy(st->mem, image, st->size);
            assert_int_equal(test_store_mount(st, 1), BM_OK);
            st->ram.tear = (enum bm_flash_tear)tear;
            st->ram.cut_at = st->ram.ops + at;
            const int rc = bm_nvs_erase_key(&st->nvs, 1, "k");
            if (rc == BM_OK) {
                return cuts;
            }
            assert_true(st->ram.dead);
            cuts++;
            struct bm_nvs_info info;
            assert_int_equal(test_store_mount(st, 0), BM_OK);
            assert_true(bm_nvs_find(&st->nvs, 1, "k", &info) == BM_E_NOENT || holds(st, v, 1));
        }
    }
    fail_msg("erasing has no end");
    return 0;
}

/* Cuts the update in every way; what has both copies is erased. Returns the number of those. */
static unsigned update_cut(struct test_store *st, const struct value *before,
                           const struct value *after)
{
    unsigned both = 0;
    uint8_t *start = malloc(st->size);
    uint8_t *image = malloc(st->size);
    assert_true(start != NULL && image != NULL);
    memset(st->mem, 0xff, st->size);
    assert_int_equal(test_store_mount(st, 1), BM_OK);
    assert_int_equal(bm_nvs_set_bits(&st->nvs, 1, "other", BM_NVS_U8, 1), BM_OK);
    assert_int_equal(put(st, before, 0), BM_OK);
    memcpy(start, st->mem, st->size);
    for (unsigned at = 1, done = 0; !done; at++) {
        for (unsigned tear = 0; tear < BM_TEAR_COUNT && !done; tear++) {
            memcpy(st->mem, start, st->size);
            assert_int_equal(test_store_mount(st, 1), BM_OK);
            st->ram.tear = (enum bm_flash_tear)tear;
            st->ram.cut_at = st->ram.ops + at;
            done = put(st, after, 1) == BM_OK;
            memcpy(image, st->mem, st->size);
            assert_int_equal(test_store_mount(st, 0), BM_OK);
            if (!done && copies(st) == 2 && holds(st, after, 1)) {
                both++;
                assert_true(erase_cut(st, image, after) > 0);
            }
        }
    }
    free(start);
    free(image);
    return both;
}

static void test_old_copy_stays_gone(void **state)
{
    (void)state;
    struct test_store st;
    for (unsigned index = 0; index <= 200; index += 200) {
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            test_store_open(&st, PAGES, index);
            assert_true(update_cut(&st, &cases[i].before, &cases[i].after) > 0);
            test_store_free(&st);
        }
    }
}

int main(void)
{
    fill_bytes();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_old_copy_stays_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
