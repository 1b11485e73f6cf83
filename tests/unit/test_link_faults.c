/* SPDX-License-Identifier: Apache-2.0 */

/* The flasher on virtual boards where things go wrong, thousands of random ways: success may only
 * be said where the flash holds what was written, every failure has words, and the end comes in
 * bounded (virtual) time. BM_SEED gives another series, BM_RUNS another number. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "birthmark/err.h"
#include "harness/random.h"
#include "harness/virtual.h"
#include "link/link.h"
#include "link/stub.h"

enum { FLASH = 512 * 1024, MOST = 120 * 1024, SECTOR = 4096, RUNS = 3000, OLD = 0x5a };
enum { LONGEST_S = 600 };

struct run {
    uint64_t seed;
    struct virtual_board b;
    struct bm_link_config config;
    uint8_t *data;
    size_t len;
    uint32_t off;
    unsigned retries;
    int warned;
};

struct tally {
    unsigned ok, failed, retried, dirtied, by_code[17];
    unsigned read_ok, read_failed, erased;
    uint64_t longest_us;
};

static void progress(void *ctx, const struct bm_link_progress *p)
{
    struct run *r = ctx;
    r->retries += p->stage == BM_LINK_RETRY;
    r->warned |= p->text != NULL && strstr(p->text, "verify the rest");
}

static uint32_t one_of(struct run *r, const uint32_t *list, uint32_t count)
{
    return list[test_random(&r->seed, count)];
}

static int chance(struct run *r, uint32_t of)
{
    return test_random(&r->seed, of) == 0;
}

/* Each kind of fault in some of the runs, none of them in some. */
static struct bm_sim_faults random_faults(struct run *r)
{
    static const uint32_t bytes[] = {0, 0, 0, 5, 20, 100, 500, 3000};
    static const uint32_t replies[] = {0, 0, 0, 2000, 20000, 100000};
    static const uint32_t late[] = {50, 300, 2000, 3500, 9000};
    struct bm_sim_faults f = {0};
    f.lose = one_of(r, bytes, 8);
    f.insert = one_of(r, bytes, 8);
    f.corrupt = one_of(r, bytes, 8);
    f.late = one_of(r, replies, 6);
    f.late_ms = one_of(r, late, 5);
    f.mute = one_of(r, replies, 6);
    f.reset_after = chance(r, 4) ? 1 + test_random(&r->seed, 2 * (uint32_t)r->len) : 0;
    f.unplug_after = chance(r, 10) ? 1 + test_random(&r->seed, 2 * (uint32_t)r->len) : 0;
    f.bad_write = chance(r, 8) ? 20000 : 0;
    f.seed = (uint32_t)r->seed;
    return f;
}

static void prepare(struct run *r)
{
    static const char *const chips[] = {"esp32",   "esp32s2", "esp32s3",
                                        "esp32c3", "esp32c6", "esp32p4"};
    static const uint32_t speeds[] = {0, 115200, 460800, 921600, 2000000};
    virtual_init(&r->b, chips[test_random(&r->seed, 6)], FLASH);
    memset(r->b.mem, OLD, FLASH);
    r->len = 1 + test_random(&r->seed, MOST);
    r->off = test_random(&r->seed, (FLASH - MOST) / SECTOR) * SECTOR;
    r->data = malloc(r->len);
    assert_non_null(r->data);
    const int text = chance(r, 2);
    for (size_t i = 0; i < r->len; i++) {
        r->data[i] = text ? (uint8_t)("some text, over and over"[i % 24])
                          : (uint8_t)test_random(&r->seed, 256);
    }
    if (chance(r, 3)) { /* part of it is there already */
        memcpy(r->b.mem + r->off, r->data, test_random(&r->seed, (uint32_t)r->len));
    }
    r->b.config.realtime = chance(r, 2);
    r->b.config.revision = bm_sim_usual_revision(r->b.config.chip);
    r->b.config.faults = random_faults(r);
    if (chance(r, 5)) { /* nobody at the lines: the board was put into download mode by hand */
        r->b.config.hold_boot = 1;
        r->config.before = BM_BEFORE_NONE;
    }
    r->config.baud = one_of(r, speeds, 5);
    r->config.serial = &r->b.serial;
    r->config.progress = progress;
    r->config.ctx = r;
}

static int is_dirtied(const struct run *r)
{
    const size_t end = r->off + (r->len + SECTOR - 1) / SECTOR * SECTOR;
    for (size_t i = 0; i < FLASH; i++) {
        if ((i < r->off || i >= end) && r->b.mem[i] != OLD) {
            return 1;
        }
    }
    return 0;
}

static void check_read(struct run *r, struct bm_link *link, struct tally *t)
{
    static uint8_t back[MOST];
    struct bm_diag diag = {0};
    const size_t most = (size_t)3 * SECTOR;
    const size_t len = r->len < most ? r->len : most;
    const int rc = bm_link_read(link, r->off, back, len, &diag);
    if (rc == BM_OK) {
        assert_int_equal(diag.code, BM_OK);
        assert_memory_equal(back, r->b.mem + r->off, len);
        t->read_ok++;
    } else {
        assert_true(diag.code != 0 && diag.text[0] != '\0');
        t->read_failed++;
    }
}

/* Erasing under the same faults. */
static void check_erase(struct run *r, struct bm_link *link, struct tally *t)
{
    struct bm_diag diag = {0};
    const uint32_t len = (1 + test_random(&r->seed, 20)) * SECTOR;
    const int rc = bm_link_erase(link, r->off, len, &diag);
    for (uint32_t i = 0; rc == BM_OK && i < len; i++) {
        assert_int_equal(r->b.mem[r->off + i], 0xff);
    }
    assert_int_equal(diag.code, rc);
    t->erased += rc == BM_OK;
}

static void one(uint64_t seed, const struct bm_link_stub *stub, struct tally *t)
{
    struct run r = {.seed = seed * 7919 + 1};
    struct bm_diag diag = {0};
    struct bm_link *link = NULL;
    (void)test_random(&r.seed, 2);
    prepare(&r);
    r.config.stub = chance(&r, 4) && r.b.config.chip->image_id == 5 ? stub : NULL;
    virtual_open(&r.b);
    const uint64_t began = r.b.now_us;
    int rc = bm_link_open(&link, &r.config, &diag);
    if (rc == BM_OK) {
        rc = bm_link_write(link, r.off, r.data, r.len, 0, &diag);
    }
    const int right = memcmp(r.b.mem + r.off, r.data, r.len) == 0;
    if (rc == BM_OK && !right) {
        fail_msg("run %llu: success, but the flash is wrong", (unsigned long long)seed);
    }
    if (rc == BM_OK && diag.code != BM_OK) {
        fail_msg("run %llu: success, and words for a failure", (unsigned long long)seed);
    }
    if (rc != BM_OK && (diag.code != rc || diag.text[0] == '\0')) {
        fail_msg("run %llu: %s without words", (unsigned long long)seed, bm_err_name(rc));
    }
    if (rc == BM_OK && is_dirtied(&r)) {
        t->dirtied++;
        if (!r.warned) {
            fail_msg("run %llu: a neighbour was changed in silence", (unsigned long long)seed);
        }
    }
    if (getenv("BM_VERBOSE") != NULL) {
        const struct bm_sim_faults *f = &r.b.config.faults;
        printf("run %llu: %s stub %d none %d: lose %u insert %u corrupt %u late %u (%u ms) mute %u "
               "reset %d "
               "unplug %d bad %u: %s, %s at 0x%llx, %u retries, %.1f s\n",
               (unsigned long long)seed, r.b.config.chip->id_name, r.config.stub != NULL,
               r.config.before == BM_BEFORE_NONE, f->lose, f->insert, f->corrupt, f->late,
               f->late_ms, f->mute, f->reset_after != 0, f->unplug_after != 0, f->bad_write,
               bm_err_name(rc), diag.text, (unsigned long long)diag.offset, r.retries,
               (double)(r.b.now_us - began) / 1e6);
    }
    t->ok += rc == BM_OK;
    t->failed += rc != BM_OK;
    t->retried += rc == BM_OK && r.retries > 0;
    t->by_code[-rc]++;
    if (rc == BM_OK) {
        check_read(&r, link, t);
        check_erase(&r, link, t);
    }
    bm_link_close(link, BM_AFTER_HARD_RESET);
    const uint64_t took = r.b.now_us - began;
    t->longest_us = took > t->longest_us ? took : t->longest_us;
    if (took > LONGEST_S * 1000000ull) {
        fail_msg("run %llu took %llu s", (unsigned long long)seed,
                 (unsigned long long)took / 1000000);
    }
    virtual_close(&r.b);
    free(r.data);
}

static const char stub_json[] =
    "{\"entry\": 1077413380, \"text\": \"AAECAwQFBgc=\", \"text_start\": 1077413376}";

static void test_random_faults(void **state)
{
    (void)state;
    const uint64_t first = test_seed(1);
    const char *given = getenv("BM_RUNS");
    const char *sanitized = getenv("BM_SANITIZE");
    const unsigned usual = sanitized != NULL && sanitized[0] != 0 ? RUNS / 6 : RUNS;
    const unsigned runs = given != NULL ? (unsigned)strtoul(given, NULL, 0) : usual;
    struct tally t = {0};
    struct bm_link_stub *stub = NULL;
    assert_int_equal(bm_link_stub_load(&stub, stub_json, sizeof stub_json - 1, NULL), BM_OK);
    printf("seed %llu\n", (unsigned long long)first);
    for (unsigned i = 0; i < runs; i++) {
        one(first + i, stub, &t);
    }
    bm_link_stub_free(stub);
    printf("%u written (%u after retries), %u given up, longest %.0f s; read back %u, not %u, "
           "erased %u\n",
           t.ok, t.retried, t.failed, (double)t.longest_us / 1e6, t.read_ok, t.read_failed,
           t.erased);
    for (int code = 1; code < 17; code++) {
        if (t.by_code[code] > 0) {
            printf("  %-14s %u\n", bm_err_name(-code), t.by_code[code]);
        }
    }
    printf("  neighbours changed by damaged messages: %u\n", t.dirtied);
    if (given == NULL) {
        assert_true(t.ok > runs / 2 && t.retried > runs / 10 && t.failed > runs / 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_faults)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
