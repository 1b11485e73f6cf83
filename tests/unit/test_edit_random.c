/* SPDX-License-Identifier: Apache-2.0 */

/* Random images, random edits: all that was not asked for is the same before and after, by the
 * store and by the scan; entries of unknown types stay to the byte; what was clean stays clean.
 * Images by ESP-IDF's library, with long histories and cut short, go through the same where they
 * are at hand. Prints its seeds; BM_SEED replays one. */

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
#include "image/check.h"
#include "image/diff.h"
#include "image/edit.h"
#include "image/stored.h"

enum {
    ROUNDS = 250,
    VALUES_MAX = 1200,
    UNKNOWN_MAX = 64,
    NAMES = 6,
    KEYS = 14,
    EDITS_MAX = 6,
    DATA_MAX = 9000,
    HISTORY_ROUNDS = 12
};

static uint64_t state_of_chance;

static uint32_t chance(uint32_t below)
{
    /* splitmix64 */
    uint64_t z = (state_of_chance += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return (uint32_t)((z ^ (z >> 31)) % below);
}

/* All that an image means. */
struct record {
    char ns[BM_NVS_KEY_SIZE];
    char key[BM_NVS_KEY_SIZE];
    uint8_t type;
    uint8_t legacy;
    uint32_t size;
    uint8_t *data; /* little-endian where it is a number */
};

struct content {
    struct record records[VALUES_MAX];
    size_t count;
};

static int by_name(const void *a, const void *b)
{
    const struct record *x = a;
    const struct record *y = b;
    const int order = strcmp(x->ns, y->ns);
    return order != 0 ? order : strcmp(x->key, y->key);
}

static void forget(struct content *c)
{
    for (size_t i = 0; i < c->count; i++) {
        free(c->records[i].data);
    }
    c->count = 0;
}

/* Names stand for themselves, as records of type 0; entries without one by their index. */
static void store_record(struct content *c, struct bm_nvs *nvs, const struct bm_nvs_info *info)
{
    assert_true(c->count < VALUES_MAX);
    struct record *r = &c->records[c->count++];
    memset(r, 0, sizeof *r);
    if (bm_nvs_namespace_name(nvs, info->ns, r->ns) != BM_OK) {
        (void)snprintf(r->ns, sizeof r->ns, "#%u", info->ns);
    }
    memcpy(r->key, info->key, sizeof r->key);
    r->type = info->type;
    r->legacy = info->legacy;
    r->size = info->size;
    r->data = malloc(info->size + 8u);
    assert_non_null(r->data);
    if (info->type == BM_NVS_STR || info->type == BM_NVS_BLOB) {
        size_t len = info->size;
        assert_int_equal(
            bm_nvs_get_data(nvs, info->ns, info->key, (enum bm_nvs_type)info->type, r->data, &len),
            BM_OK);
    } else {
        bm_put_le64(r->data, info->bits);
    }
}

static void read_by_store(struct content *c, const uint8_t *data, size_t len)
{
    struct test_image mounted = {.data = (uint8_t *)data, .len = len};
    struct bm_nvs_iter it;
    struct bm_nvs_info info;
    test_image_mount(&mounted, 512);
    c->count = 0;
    bm_nvs_iter_start(&it, 0, BM_NVS_U8);
    while (bm_nvs_iter_next(&mounted.nvs, &it, &info) == BM_OK) {
        struct record *r = &c->records[c->count++];
        memset(r, 0, sizeof *r);
        memcpy(r->ns, info.key, sizeof r->ns);
        r->size = 1;
        r->data = calloc(1, 8);
        assert_non_null(r->data);
        r->data[0] = (uint8_t)info.bits;
    }
    bm_nvs_iter_start(&it, BM_NVS_NS_ANY, BM_NVS_ANY);
    while (bm_nvs_iter_next(&mounted.nvs, &it, &info) == BM_OK) {
        store_record(c, &mounted.nvs, &info);
    }
    bm_nvs_unmount(&mounted.nvs);
    free(mounted.work);
    qsort(c->records, c->count, sizeof c->records[0], by_name);
}

/* The scan knows the same values, each of them. */
static void expect_scan_agrees(const struct content *c, const struct bm_scan *s)
{
    size_t seen = 0;
    for (uint32_t i = 0; i < s->group_count; i++) {
        const struct bm_group *g = &s->groups[i];
        struct record wanted;
        struct bm_stored v;
        if (g->live == BM_NO_ROW || g->ns == 0) {
            continue;
        }
        memset(&wanted, 0, sizeof wanted);
        bmi_ns_name(s, g->ns, wanted.ns);
        if (wanted.ns[0] == '\0') {
            (void)snprintf(wanted.ns, sizeof wanted.ns, "#%u", g->ns);
        }
        bmi_row_key(bmi_row_raw(s, &s->rows[g->live]), wanted.key);
        const struct record *r =
            bsearch(&wanted, c->records, c->count, sizeof c->records[0], by_name);
        assert_non_null(r);
        assert_int_equal(bmi_stored_load(&v, s, &s->rows[g->live]), BM_OK);
        assert_int_equal(v.size, r->size);
        if (v.size > 0) {
            assert_memory_equal(v.data, r->data, v.size);
        }
        bmi_stored_free(&v);
        seen++;
    }
    size_t values = 0;
    for (size_t i = 0; i < c->count; i++) {
        values += c->records[i].type != 0;
    }
    assert_int_equal(seen, values);
}

/* What an edit asked for. */
struct wish {
    char ns[BM_NVS_KEY_SIZE];
    char key[BM_NVS_KEY_SIZE]; /* "": all of the namespace */
    int gone;
};

static struct wish wishes[EDITS_MAX];
static unsigned wish_count;

static int wished(const struct record *r)
{
    for (unsigned i = 0; i < wish_count; i++) {
        if (strcmp(wishes[i].ns, r->ns) == 0 &&
            (r->type == 0 || wishes[i].key[0] == '\0' || strcmp(wishes[i].key, r->key) == 0)) {
            return 1;
        }
    }
    return 0;
}

static void expect_rest_same(const struct content *before, const struct content *after)
{
    size_t i = 0;
    size_t k = 0;
    for (;;) {
        while (i < before->count && wished(&before->records[i])) {
            i++;
        }
        while (k < after->count && wished(&after->records[k])) {
            k++;
        }
        if (i == before->count || k == after->count) {
            break;
        }
        const struct record *x = &before->records[i++];
        const struct record *y = &after->records[k++];
        assert_string_equal(x->ns, y->ns);
        assert_string_equal(x->key, y->key);
        assert_int_equal(x->type, y->type);
        assert_int_equal(x->legacy, y->legacy);
        assert_int_equal(x->size, y->size);
        if (x->size > 0) {
            assert_memory_equal(x->data, y->data, x->size);
        }
    }
    assert_int_equal(i, before->count);
    assert_int_equal(k, after->count);
}

/* Entries of unknown types, in any order. */
static void expect_unknown_same(const struct bm_scan *a, const struct bm_scan *b)
{
    const struct bm_row *left[UNKNOWN_MAX];
    size_t n = 0;
    for (size_t i = 0; i < b->row_count; i++) {
        if (bmi_unknown_span(b, &b->rows[i]) > 0) {
            assert_true(n < UNKNOWN_MAX);
            left[n++] = &b->rows[i];
        }
    }
    for (size_t i = 0; i < a->row_count; i++) {
        const unsigned span = bmi_unknown_span(a, &a->rows[i]);
        size_t k = 0;
        if (span == 0) {
            continue;
        }
        while (k < n && (bmi_unknown_span(b, left[k]) != span ||
                         memcmp(bmi_row_raw(a, &a->rows[i]), bmi_row_raw(b, left[k]),
                                span * (size_t)BMI_ENTRY_SIZE) != 0)) {
            k++;
        }
        if (k >= n) { /* not assert_true(): the analyzer does not know that it ends here */
            fail();
            return;
        }
        left[k] = left[--n];
    }
    assert_int_equal(n, 0);
}

static void no_finding(void *ctx, const struct bm_finding *f)
{
    (void)ctx;
    (void)f;
}

static size_t findings(const struct bm_scan *s)
{
    struct bm_check_result result;
    bm_check(s, no_finding, NULL, &result);
    return result.count[BM_ERROR] + result.count[BM_WARNING];
}

static uint8_t item_data[DATA_MAX];

static void make_item(struct bm_image_item *item)
{
    static const uint8_t types[] = {BM_NVS_U8,  BM_NVS_I16,   BM_NVS_U32,    BM_NVS_I64,
                                    BM_NVS_U64, BM_NVS_FLOAT, BM_NVS_DOUBLE, BM_NVS_STR,
                                    BM_NVS_STR, BM_NVS_BLOB,  BM_NVS_BLOB};
    static const uint32_t tops[] = {2, 33, 70, 400, 1900, DATA_MAX};
    memset(item, 0, sizeof *item);
    (void)snprintf(item->key, sizeof item->key, "key%u", chance(KEYS));
    item->type = types[chance(sizeof types)];
    item->size = bmi_type_width(item->type);
    if (item->size > 0) {
        for (unsigned i = 0; i < item->size; i++) {
            item->bits |= (uint64_t)chance(256) << (8 * i);
        }
        return;
    }
    item->size = chance(tops[chance(6)]);
    for (uint32_t i = 0; i < item->size; i++) {
        item_data[i] = (uint8_t)(1 + chance(255));
    }
    if (item->type == BM_NVS_STR) {
        item->size = item->size % BM_NVS_STR_MAX + 1;
        item_data[item->size - 1] = 0;
    }
    item->data = item_data;
}

/* A version 1 blob or an entry of an unknown type, put by hand into the newest page. */
static void put_odd(struct test_image *image)
{
    struct bm_scan s;
    assert_int_equal(bm_scan(&s, image->data, image->len), BM_OK);
    const uint32_t number = s.used > 0 ? s.order[s.used - 1] : 0;
    const struct bm_page *page = &s.pages[number];
    const struct bm_row *last = page->rows > 0 ? &s.rows[page->row + page->rows - 1] : NULL;
    const unsigned span = 2 + chance(3);
    if (s.used > 0 && last != NULL && last->kind == BM_ROW_EMPTY && last->count > span) {
        uint8_t bytes[200];
        char key[BM_NVS_KEY_SIZE];
        const struct test_entry v1 = {
            number, last->entry, (uint8_t)(1 + chance(3)),    BMI_TYPE_BLOB_V1, 0xff,
            key,    bytes,       (span - 1) * 32 - chance(31)};
        (void)snprintf(key, sizeof key, "odd%u", chance(1000));
        for (size_t i = 0; i < sizeof bytes; i++) {
            bytes[i] = (uint8_t)chance(256);
        }
        test_entry(image, &v1);
        if (chance(2) == 0) {
            uint8_t *raw = test_entry_at(image, number, last->entry);
            raw[BMI_EN_TYPE] = (uint8_t)(0x70 + chance(8));
            bm_put_le32(raw + BMI_EN_CRC, bmi_entry_crc(raw));
        }
    }
    bm_scan_free(&s);
}

static void replace_data(struct test_image *image, const struct bm_edit *e)
{
    assert_int_equal(image->len, e->size);
    memcpy(image->data, e->data, e->size);
}

/* Some values in any state of fragmentation. */
static void make_image(struct test_image *image)
{
    test_image_blank(image, 2 + chance(6));
    for (unsigned round = chance(40); round > 0; round--) {
        struct bm_edit e;
        struct bm_scan s;
        struct bm_image_item item;
        char ns[BM_NVS_KEY_SIZE];
        (void)snprintf(ns, sizeof ns, "ns%u", chance(NAMES));
        assert_int_equal(bm_scan(&s, image->data, image->len), BM_OK);
        assert_int_equal(bm_edit_open(&e, &s, NULL), BM_OK);
        bm_nvs_set_purge(&e.nvs, chance(2) == 0);
        int rc = BM_OK;
        for (unsigned i = chance(8); rc == BM_OK && i > 0; i--) {
            make_item(&item);
            rc = bm_edit_set(&e, ns, &item);
        }
        assert_true(rc == BM_OK || rc == BM_E_NOSPC);
        if (rc == BM_OK) {
            replace_data(image, &e);
        }
        bm_edit_close(&e);
        bm_scan_free(&s);
        if (chance(6) == 0) {
            put_odd(image);
        }
    }
}

/* One edit; what it did stands in the wishes. Returns its code. */
static int random_edit(struct bm_edit *e)
{
    struct wish *w = &wishes[wish_count++];
    memset(w, 0, sizeof *w);
    (void)snprintf(w->ns, sizeof w->ns, "ns%u", chance(NAMES + 1));
    (void)snprintf(w->key, sizeof w->key, "key%u", chance(KEYS));
    const unsigned which = chance(10);
    if (which == 0) {
        w->key[0] = '\0';
        return bm_edit_clear(e, w->ns);
    }
    if (which < 3) {
        w->gone = 1;
        return bm_edit_unset(e, w->ns, w->key);
    }
    struct bm_image_item item;
    make_item(&item);
    memcpy(w->key, item.key, sizeof w->key);
    const int rc = bm_edit_set(e, w->ns, &item);
    if (rc == BM_OK) {
        struct bm_nvs_info info;
        uint8_t ns;
        assert_int_equal(bm_nvs_namespace(&e->nvs, w->ns, &ns), BM_OK);
        assert_int_equal(bm_nvs_find(&e->nvs, ns, w->key, &info), BM_OK);
        assert_int_equal(info.type, item.type);
        assert_int_equal(info.size, item.size);
        assert_true(item.data != NULL || info.bits == item.bits);
    }
    return rc;
}

static struct content before;
static struct content after;
static unsigned edits_done;

static void judge(const struct bm_edit *e, const struct bm_scan *s)
{
    read_by_store(&after, e->data, e->size);
    expect_rest_same(&before, &after);
    if (e->changes == 0) {
        assert_memory_equal(e->data, s->data, e->size);
    } else {
        expect_scan_agrees(&after, &e->after);
        expect_unknown_same(s, &e->after);
        assert_true(findings(&e->after) <= findings(s));
        edits_done++;
    }
    forget(&after);
}

/* Some edits of an image, which becomes the result where they all succeeded. */
static void edit_image(struct test_image *image)
{
    struct bm_edit e;
    struct bm_scan s;
    struct bm_diag diag;
    uint8_t *copy = malloc(image->len);
    assert_non_null(copy);
    memcpy(copy, image->data, image->len);
    memset(&diag, 0, sizeof diag);
    assert_int_equal(bm_scan(&s, image->data, image->len), BM_OK);
    read_by_store(&before, image->data, image->len);
    expect_scan_agrees(&before, &s);
    wish_count = 0;
    int rc = bm_edit_open(&e, &s, &diag);
    assert_int_equal(rc, BM_OK);
    for (unsigned i = 1 + chance(EDITS_MAX - 1); i > 0 && (rc == BM_OK || rc == BM_E_NOENT); i--) {
        rc = random_edit(&e);
    }
    assert_true(rc == BM_OK || rc == BM_E_NOENT || rc == BM_E_NOSPC);
    if (rc != BM_E_NOSPC) {
        assert_int_equal(bm_edit_finish(&e, &diag), BM_OK);
        judge(&e, &s);
    } else {
        assert_true(e.needed > 0);
    }
    assert_memory_equal(copy, image->data, image->len);
    if (rc != BM_E_NOSPC) {
        replace_data(image, &e);
    }
    bm_edit_close(&e);
    bm_scan_free(&s);
    forget(&before);
    free(copy);
}

static uint64_t first_seed(void)
{
    const char *given = getenv("BM_SEED");
    return given != NULL ? strtoull(given, NULL, 0) : 20261122;
}

static void random_images(void **unused)
{
    (void)unused;
    const uint64_t seed = first_seed();
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct test_image image;
        state_of_chance = seed + i;
        printf("%sBM_SEED=%llu", i > 0 ? "\r" : "", (unsigned long long)state_of_chance);
        (void)fflush(stdout);
        make_image(&image);
        for (unsigned k = 0; k < 4; k++) {
            edit_image(&image);
        }
        test_image_free(&image);
    }
    printf("\n%u images, %u edits that changed something\n", ROUNDS, edits_done);
    assert_true(edits_done > ROUNDS);
}

static void history(const char *name)
{
    char path[1024];
    char file[64];
    struct test_image image;
    (void)snprintf(file, sizeof file, "golden/nvs-history/%s/image.bin", name);
    test_shared_path(path, sizeof path, file);
    test_image_load(&image, path);
    for (unsigned k = 0; k < HISTORY_ROUNDS; k++) {
        edit_image(&image);
    }
    struct bm_scan s;
    assert_int_equal(bm_scan(&s, image.data, image.len), BM_OK);
    assert_int_equal(findings(&s), 0);
    bm_scan_free(&s);
    test_image_free(&image);
}

/* Images by ESP-IDF's library itself, among them ones that a power cut stopped. */
static void histories(void **unused)
{
    (void)unused;
    char path[1024];
    char name[24];
    unsigned seen = 0;
    test_shared_path(path, sizeof path, "golden/nvs-history/cut-00/image.bin");
    if (!test_exists(path)) {
        printf("SKIP no golden histories here\n");
        return;
    }
    state_of_chance = first_seed();
    for (unsigned i = 0; i < 48; i++) {
        (void)snprintf(name, sizeof name, "%s-%02u", i < 24 ? "cut" : "history", i % 24);
        (void)snprintf(path, sizeof path, "%s", "");
        char file[64];
        (void)snprintf(file, sizeof file, "golden/nvs-history/%s/image.bin", name);
        test_shared_path(path, sizeof path, file);
        if (test_exists(path)) {
            history(name);
            seen++;
        }
    }
    assert_true(seen > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_images),
        cmocka_unit_test(histories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
