/* SPDX-License-Identifier: Apache-2.0 */

/* Random devices, moved to random layouts with random files written: where preflight says that this
 * is safe, it is done, and every key must be found again by its partition's name, with a page free
 * where the partition is written. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/le.h"
#include "birthmark/nvs.h"
#include "crypto/crypto.h"
#include "harness/random.h"
#include "layout/pack.h"
#include "layout/preflight.h"

enum {
    CASES = 6000,
    PAGE = 4096,
    SIZE = 256 * 1024,
    FIRST = 9, /* sectors that partitions may have: behind the table */
    LAST = 32, /* up to the app */
    PAGES = 7, /* of a partition at most, and one more for filling it up */
    VALUE = 300,
    WRITES = 4,
    WORK = 4096
};

struct device {
    uint64_t random;
    struct bm_part_table from;
    struct bm_part_table to;
    uint8_t flash[SIZE];
    uint8_t after[SIZE];
    uint8_t files[WRITES][PAGES * PAGE];
    struct bm_flash_part parts[WRITES];
    struct bm_flash_plan plan;
};

static struct {
    unsigned safe, unsafe, moved, shrunk, grown, writable, replaced, blind;
} seen;

static struct bm_hash sha256;
static uint8_t *app;
static size_t app_len;

static uint32_t pick(struct device *d, uint32_t below)
{
    return test_random(&d->random, below);
}

/* 1 in so many cases. */
static int one_in(struct device *d, uint32_t n)
{
    return pick(d, n) == 0;
}

static int is_nvs(const struct bm_part *p)
{
    return p->type == BM_PART_DATA && p->subtype == BM_PART_DATA_NVS;
}

/* A page that NVS takes for one in use: ESP-IDF's Page::load(). */
static int is_used(const uint8_t *page)
{
    const uint32_t state = bm_get_le32(page);
    return (state == 0xfffffffe || state == 0xfffffffc || state == 0xfffffff8) &&
           bm_get_le32(page + 28) == bm_crc32(UINT32_MAX, page + 4, 24);
}

static unsigned used_pages(const uint8_t *data, uint32_t size)
{
    unsigned n = 0;
    for (uint32_t at = 0; at + PAGE <= size; at += PAGE) {
        n += (unsigned)is_used(data + at);
    }
    return n;
}

static void mount(struct bm_nvs *nvs, struct bm_flash *flash, uint32_t *work, int writable)
{
    const struct bm_nvs_config config = {
        .flash = flash, .work = work, .work_len = WORK, .writable = writable};
    assert_int_equal(bm_nvs_mount_with(nvs, &config, NULL), BM_OK);
}

/* Some values, some of them changed again, so that pages are left behind. */
static void fill_store(struct device *d, uint8_t *mem, uint32_t size, unsigned most)
{
    static uint32_t work[WORK / 4];
    struct bm_flash flash;
    struct bm_flash_ram ram;
    struct bm_nvs nvs;
    uint8_t ns;
    uint8_t value[VALUE];
    char key[16];
    memset(mem, 0xff, size);
    assert_int_equal(bm_flash_ram_init(&flash, &ram, mem, size), BM_OK);
    mount(&nvs, &flash, work, 1);
    const unsigned count = pick(d, 90);
    for (unsigned i = 0; i < count && used_pages(mem, size) <= most; i++) {
        (void)snprintf(key, sizeof key, "key%u", pick(d, 40));
        if (bm_nvs_namespace_create(&nvs, one_in(d, 3) ? "other" : "certs", &ns) != BM_OK) {
            break;
        }
        for (size_t k = 0; k < sizeof value; k++) {
            value[k] = (uint8_t)pick(d, 256);
        }
        const int rc = one_in(d, 3)
                           ? bm_nvs_set_bits(&nvs, ns, key, BM_NVS_U32, pick(d, 1u << 30))
                           : bm_nvs_set_data(&nvs, ns, key, BM_NVS_BLOB, value, 1 + pick(d, VALUE));
        assert_true(rc == BM_OK || rc == BM_E_NOSPC);
    }
    bm_nvs_unmount(&nvs);
}

/* NVS of this size; without a free page if full. */
static void make_nvs(struct device *d, uint8_t *out, uint32_t size, int full)
{
    static uint8_t mem[(PAGES + 1) * PAGE];
    const uint32_t pages = size / PAGE;
    uint32_t at = 0;
    do {
        fill_store(d, mem, size + PAGE, full ? pages : pages - 1);
    } while (used_pages(mem, size + PAGE) > (full ? pages : pages - 1));
    memset(out, 0xff, size);
    for (uint32_t i = 0; i <= pages; i++) {
        if (is_used(mem + (size_t)i * PAGE)) {
            memcpy(out + at, mem + (size_t)i * PAGE, PAGE);
            at += PAGE;
        }
    }
}

static struct bm_part *add_part(struct bm_part_table *t, const char *label, uint8_t type,
                                uint8_t subtype, uint32_t sector, uint32_t pages)
{
    struct bm_part *p = &t->part[t->count++];
    *p = (struct bm_part){
        .type = type, .subtype = subtype, .offset = sector * PAGE, .size = pages * PAGE};
    (void)snprintf(p->label, sizeof p->label, "%s", label);
    return p;
}

/* Layouts of devices are good ones: one partition behind the other, with gaps. */
static void make_from(struct device *d)
{
    static const struct {
        const char *label;
        uint8_t type, subtype;
    } kinds[] = {{"nvs", BM_PART_DATA, BM_PART_DATA_NVS},
                 {"certs", BM_PART_DATA, BM_PART_DATA_NVS},
                 {"keys", BM_PART_DATA, BM_PART_DATA_NVS_KEYS},
                 {"esp_secure_cert", 0x3f, 6},
                 {"phy", BM_PART_DATA, BM_PART_DATA_PHY}};
    uint32_t sector = FIRST;
    d->from.count = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        sector += pick(d, 3);
        const int nvs = kinds[i].subtype == BM_PART_DATA_NVS;
        const int readonly = nvs && one_in(d, 4);
        const uint32_t pages = nvs ? (readonly ? 1 : 3) + pick(d, 4) : 1;
        if (sector + pages <= LAST && (i == 0 || !one_in(d, 2))) {
            add_part(&d->from, kinds[i].label, kinds[i].type, kinds[i].subtype, sector, pages)
                ->flags = readonly ? BM_PART_READONLY : 0;
            sector += pages;
        }
    }
    add_part(&d->from, "factory", BM_PART_APP, BM_PART_APP_FACTORY, LAST, 16);
}

static void fill_flash(struct device *d)
{
    memset(d->flash, 0xff, SIZE);
    for (uint32_t s = FIRST; s < LAST; s++) {
        if (one_in(d, 8)) {
            make_nvs(d, d->flash + (size_t)s * PAGE, PAGE, 1); /* left behind by something */
        } else if (one_in(d, 12)) {
            memset(d->flash + (size_t)s * PAGE, 0x42, 100);
        }
    }
    for (unsigned i = 0; i < d->from.count; i++) {
        const struct bm_part *p = &d->from.part[i];
        if (is_nvs(p)) {
            make_nvs(d, d->flash + p->offset, p->size, (p->flags & BM_PART_READONLY) != 0);
        } else if (p->type != BM_PART_APP) {
            memset(d->flash + p->offset, 0x33 + (int)i, p->size / 2);
        }
    }
    memcpy(d->flash + (size_t)LAST * PAGE, app, app_len);
}

static void change_part(struct device *d, struct bm_part *p)
{
    const uint32_t pages = p->size / PAGE;
    switch (pick(d, 12)) {
    case 0:
    case 1:
    case 2: p->offset = (FIRST + pick(d, LAST - FIRST)) * PAGE; break;
    case 3: p->offset = (FIRST + pick(d, LAST - FIRST)) * PAGE; /* fall through */
    case 4: p->size = (1 + pick(d, pages)) * PAGE; break;
    case 5: p->offset = (FIRST + pick(d, LAST - FIRST)) * PAGE; /* fall through */
    case 6: p->size = (pages + pick(d, PAGES - pages)) * PAGE; break;
    case 7: p->flags ^= BM_PART_READONLY; break;
    case 8: p->flags ^= one_in(d, 4) ? BM_PART_ENCRYPTED : 0; break;
    case 9: (void)snprintf(p->label, sizeof p->label, "%s", one_in(d, 3) ? "new" : p->label); break;
    default: break;
    }
}

static void make_to(struct device *d)
{
    d->to.count = 0;
    for (unsigned i = 0; i < d->from.count; i++) {
        const struct bm_part *p = &d->from.part[i];
        if (p->type == BM_PART_APP || !one_in(d, 12)) {
            d->to.part[d->to.count++] = *p;
        }
        if (p->type != BM_PART_APP && d->to.count > 0 && one_in(d, 2)) {
            change_part(d, &d->to.part[d->to.count - 1]);
        }
    }
    if (one_in(d, 6)) {
        add_part(&d->to, "more", BM_PART_DATA, one_in(d, 2) ? 0x82 : BM_PART_DATA_NVS,
                 FIRST + pick(d, LAST - FIRST), 3);
    }
}

/* A file for a partition: mostly what the device has in it, whole or cut, at times something else.
 */
static void make_write(struct device *d, const struct bm_part *n)
{
    struct bm_flash_part *w = &d->parts[d->plan.count];
    uint8_t *file = d->files[d->plan.count];
    const struct bm_part *p = bm_part_find(&d->from, n->type, n->subtype, n->label);
    const uint32_t pages = 1 + pick(d, PAGES - 1);
    *w = (struct bm_flash_part){.file = "file.bin", .offset = n->offset, .placed = 1, .data = file};
    w->len = (size_t)pages * PAGE;
    if (p != NULL && !one_in(d, 4)) {
        memset(file, 0xff, (size_t)PAGES * PAGE);
        memcpy(file, d->flash + p->offset, p->size);
        w->len = one_in(d, 3) ? w->len : one_in(d, 2) ? n->size : p->size;
    } else if (one_in(d, 3)) {
        memset(file, (int)pick(d, 256), w->len);
    } else {
        make_nvs(d, file, (uint32_t)w->len, one_in(d, 2));
    }
    if (one_in(d, 10)) {
        w->offset = (FIRST + pick(d, LAST - FIRST)) * PAGE;
    }
    d->plan.count++;
}

static void make_writes(struct device *d)
{
    d->plan = (struct bm_flash_plan){.parts = d->parts,
                                     .table = &d->to,
                                     .table_off = BM_PART_TABLE_OFFSET,
                                     .flash_size = SIZE,
                                     .chip = BM_CHIP_UNKNOWN,
                                     .sha256 = &sha256};
    for (unsigned i = 0; i < d->to.count && d->plan.count < WRITES; i++) {
        const struct bm_part *n = &d->to.part[i];
        const struct bm_part *p = bm_part_find(&d->from, n->type, n->subtype, n->label);
        const int changed = p == NULL || p->offset != n->offset || p->size != n->size;
        if (n->type != BM_PART_APP && one_in(d, changed ? 2 : 10)) {
            make_write(d, n);
        }
    }
}

static void apply(struct device *d)
{
    memcpy(d->after, d->flash, SIZE);
    for (size_t i = 0; i < d->plan.count; i++) {
        const struct bm_flash_part *w = &d->parts[i];
        memset(d->after + w->offset, 0xff, (w->len + PAGE - 1) / PAGE * PAGE);
        memcpy(d->after + w->offset, w->data, w->len);
    }
}

static int safe(const struct device *d, int with_flash)
{
    struct bm_layout_findings findings = {0};
    const struct bm_preflight in = {.from = &d->from,
                                    .to = &d->to,
                                    .from_off = BM_PART_TABLE_OFFSET,
                                    .to_off = BM_PART_TABLE_OFFSET,
                                    .plan = &d->plan,
                                    .flash = with_flash ? d->flash : NULL,
                                    .flash_len = SIZE,
                                    .sha256 = &sha256};
    assert_int_equal(bm_preflight(&in, &findings), BM_OK);
    const int is_safe = findings.errors == 0;
    bm_layout_findings_free(&findings);
    return is_safe;
}

/* Returns how many keys of a are not the same in b. */
static unsigned lost_keys(struct bm_nvs *a, struct bm_nvs *b, unsigned *keys)
{
    static uint8_t one[VALUE];
    static uint8_t two[VALUE];
    struct bm_nvs_iter it;
    struct bm_nvs_info info;
    struct bm_nvs_info other;
    char name[BM_NVS_KEY_SIZE];
    unsigned lost = 0;
    bm_nvs_iter_start(&it, BM_NVS_NS_ANY, BM_NVS_ANY);
    for (*keys = 0; bm_nvs_iter_next(a, &it, &info) == BM_OK; ++*keys) {
        uint8_t ns;
        size_t len_one = sizeof one;
        size_t len_two = sizeof two;
        assert_int_equal(bm_nvs_namespace_name(a, info.ns, name), BM_OK);
        if (bm_nvs_namespace(b, name, &ns) != BM_OK ||
            bm_nvs_find(b, ns, info.key, &other) != BM_OK || other.type != info.type) {
            lost++;
        } else if (info.type != BM_NVS_BLOB) {
            lost += other.bits != info.bits;
        } else {
            assert_int_equal(bm_nvs_get_data(a, info.ns, info.key, BM_NVS_BLOB, one, &len_one),
                             BM_OK);
            lost += bm_nvs_get_data(b, ns, info.key, BM_NVS_BLOB, two, &len_two) != BM_OK ||
                    len_one != len_two || memcmp(one, two, len_one) != 0;
        }
    }
    return lost;
}

static const char *check_nvs(struct device *d, const struct bm_part *p)
{
    static uint32_t work_a[WORK / 4];
    static uint32_t work_b[WORK / 4];
    struct bm_flash a;
    struct bm_flash b;
    struct bm_nvs old;
    struct bm_nvs now;
    unsigned keys;
    const struct bm_part *n = bm_part_find(&d->to, BM_PART_DATA, BM_PART_DATA_NVS, p->label);
    const uint8_t *place = n != NULL ? d->after + n->offset : (const uint8_t *)"";
    assert_int_equal(bm_flash_view(&a, d->flash + p->offset, p->size), BM_OK);
    assert_int_equal(bm_flash_view(&b, n != NULL ? place : d->flash, n != NULL ? n->size : PAGE),
                     BM_OK);
    mount(&old, &a, work_a, 0);
    mount(&now, &b, work_b, 0);
    const unsigned lost = lost_keys(&old, &now, &keys);
    bm_nvs_unmount(&old);
    bm_nvs_unmount(&now);
    if (keys == 0) {
        return NULL;
    }
    if (n == NULL || lost > 0) {
        return "keys are lost";
    }
    seen.moved += n->offset != p->offset;
    seen.shrunk += n->size < p->size;
    seen.grown += n->size > p->size;
    seen.writable += (n->flags & BM_PART_READONLY) < (p->flags & BM_PART_READONLY);
    seen.replaced += n->offset == p->offset && memcmp(place, d->flash + p->offset, n->size) != 0;
    if ((n->flags & BM_PART_READONLY) == 0 && used_pages(place, n->size) == n->size / PAGE) {
        return "there is no free page";
    }
    return ((n->flags ^ p->flags) & BM_PART_ENCRYPTED) != 0 ? "the flag encrypted changed" : NULL;
}

/* Partitions whose bytes count: by their name, or of NVS keys the first. */
static const char *check_bytes(struct device *d, const struct bm_part *p)
{
    const int keys = p->type == BM_PART_DATA;
    const struct bm_part *n = bm_part_find(&d->to, p->type, p->subtype, keys ? NULL : p->label);
    return n == NULL || memcmp(d->after + n->offset, d->flash + p->offset, p->size) != 0
               ? "other bytes are there"
               : NULL;
}

static void check_device(struct device *d, uint64_t seed, int with_flash)
{
    for (unsigned i = 0; i < d->from.count; i++) {
        const struct bm_part *p = &d->from.part[i];
        const char *wrong = NULL;
        if (is_nvs(p)) {
            wrong = check_nvs(d, p);
        } else if (p->type != BM_PART_APP && p->subtype != BM_PART_DATA_PHY) {
            wrong = check_bytes(d, p);
        }
        if (wrong != NULL) {
            fail_msg("BM_SEED=%llu: preflight %s says safe, but of %s %s", (unsigned long long)seed,
                     with_flash ? "with --flash" : "without --flash", p->label, wrong);
        }
    }
}

static void test_safe_is_safe(void **state)
{
    static struct device d;
    const uint64_t seed = test_seed(1);
    (void)state;
    for (unsigned i = 0; i < CASES; i++) {
        d.random = seed + i;
        (void)pick(&d, 2);
        make_from(&d);
        fill_flash(&d);
        make_to(&d);
        make_writes(&d);
        apply(&d);
        const int known = safe(&d, 1);
        const int blind = safe(&d, 0);
        seen.safe += (unsigned)known;
        seen.unsafe += (unsigned)!known;
        seen.blind += (unsigned)blind;
        if (known) {
            check_device(&d, seed + i, 1);
        }
        if (blind) {
            check_device(&d, seed + i, 0);
        }
    }
    print_message("%u safe (%u by tables alone), %u not; partitions kept though moved %u, shrunk "
                  "%u, grown %u, made writable %u, written %u\n",
                  seen.safe, seen.blind, seen.unsafe, seen.moved, seen.shrunk, seen.grown,
                  seen.writable, seen.replaced);
    if (getenv("BM_SEED") == NULL) { /* and it does not say "not safe" to everything */
        assert_true(seen.safe > CASES / 20 && seen.unsafe > CASES / 4 && seen.blind > CASES / 100);
        assert_true(seen.moved > 20 && seen.shrunk > 5 && seen.grown > 5 && seen.writable > 5);
    }
}

static int setup(void **state)
{
    static uint8_t code[64];
    uint8_t desc[256];
    struct bm_image_problems problems = {0};
    (void)state;
    bm_pack_blank_desc(desc, 0);
    const struct bm_pack_part parts[] = {
        {.name = "desc", .address = 0x3f400020, .data = desc, .size = sizeof desc},
        {.name = "code", .address = 0x40080400, .data = code, .size = sizeof code}};
    const struct bm_pack pack = {.parts = parts,
                                 .count = 2,
                                 .source = "test",
                                 .entry = 0x40080400,
                                 .max_chip_rev = 0xffff,
                                 .version = "1",
                                 .secure_version = -1};
    const int rc = bm_pack(&app, &app_len, &pack, &problems);
    bm_image_problems_free(&problems);
    return rc == BM_OK ? bm_hash_openssl_sha256(&sha256) : rc;
}

static int teardown(void **state)
{
    (void)state;
    bm_hash_openssl_close(&sha256);
    free(app);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_safe_is_safe)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
