/* SPDX-License-Identifier: Apache-2.0 */

/* Power cuts at every flash operation of long random workloads, each torn in four ways, and a
 * second cut while the first is being cleared up.
 *
 *   test_powercut             the usual run
 *   test_powercut --cuts N    as many cuts
 *   test_powercut ID          one cut again: seed:pages:index:op:cut:tear, as a failure prints it;
 *                             if it fails, the flash before and after is in cut.bin and failed.bin
 *
 * BM_SEED=n gives other workloads. An odd seed is in purge mode, one divisible by 7 is encrypted,
 * where there is OpenSSL. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "birthmark/nvs_crypto.h"
#include "harness/model.h"
#include "harness/random.h"
#include "harness/store.h"
#include "image/seal.h"
#include "nvs/fmt.h"

enum {
    CUTS = 110000,    /* of the usual run */
    STEPS = 60,       /* of one workload */
    SEALED = 7,       /* one workload in so many is encrypted */
    ALL_SECOND = 200, /* one cut in so many gets every second cut, the others one */
    FILL = 400,       /* one in so many is filled up afterwards */
    AGAIN = 4,        /* after one in so many the call is made again */
    LOSE_NOTHING = 0, /* plants: */
    LOSE_A_PAGE,      /* a page is gone after the cut */
    LEAVE_A_LEFTOVER  /* a chunk that no index names is there after recovery */
};

struct id {
    uint64_t seed;
    unsigned pages;
    unsigned index;
    unsigned op;
    unsigned cut;
    unsigned tear;
};

struct run {
    struct id id; /* where it stands */
    struct test_store st;
    struct model model; /* before the step */
    struct model after;
    struct model seen; /* what the first mount after the cut shows */
    struct model_step step;
    int result; /* of the step without a cut */
    uint8_t *before;
    uint8_t *torn;
    uint8_t *done;
    uint64_t random; /* for what is tried after a cut; follows from the id */
    int plant;
    int save;       /* the flash, at a failure */
    char text[160]; /* the failure */
};

struct count {
    uint64_t first, second, steps, filled, again, no_space;
    uint64_t sealed, sealed_second; /* of first and second: on encrypted mounts */
};

static struct bm_nvs_crypto crypto;

/* Decrypted where it is encrypted, in place: after a failure nobody needs it any more. */
static void save(const struct run *r, const char *path, uint8_t *data)
{
    const size_t len = r->st.size;
    if (r->st.crypto != NULL && bm_seal_decrypt(data, len, r->st.crypto) != BM_OK) {
        abort();
    }
    FILE *f = fopen(path, "wb");
    if (f != NULL) {
        (void)fwrite(data, 1, len, f);
        (void)fclose(f);
    }
}

static int failed(struct run *r, const char *when)
{
    if (r->save) {
        save(r, "cut.bin", r->torn);
        save(r, "failed.bin", r->st.mem);
    }
    printf("%" PRIu64 ":%u:%u:%u:%u:%u: %s: %s\n", r->id.seed, r->id.pages, r->id.index, r->id.op,
           r->id.cut, r->id.tear, when, r->text);
    return 0;
}

static int failed_with(struct run *r, const char *when, int rc)
{
    (void)snprintf(r->text, sizeof r->text, "%s", bm_err_name(rc));
    return failed(r, when);
}

/* Mounts and compares; a mount that only reads must not write. */
static int look(struct run *r, const struct model *one, const struct model *other,
                struct model *seen, int writable, const char *when)
{
    const uint64_t ops = r->st.ram.ops;
    const int rc = test_store_mount(&r->st, writable);
    if (rc != BM_OK) {
        return failed_with(r, when, rc);
    }
    if (!model_compare(&r->st.nvs, one, other, seen, !writable, r->text, sizeof r->text)) {
        return failed(r, when);
    }
    if (r->st.ram.ops != ops) {
        (void)snprintf(r->text, sizeof r->text, "reading wrote");
        return failed(r, when);
    }
    return 1;
}

/* An entry behind the newest one that nothing refers to. */
static void plant_leftover(struct run *r)
{
    uint8_t *page = r->st.mem;
    struct bmi_entry e = {1, BMI_TYPE_BLOB_DATA, 1, 0, 0, "stray", {0}};
    memset(e.data, 0xff, sizeof e.data);
    memset(e.data, 0, 2);
    for (unsigned i = 0; i < BMI_PAGE_ENTRIES; i++) {
        if (bmi_bitmap_get(page + BMI_OFF_BITMAP, i) == BMI_ENTRY_EMPTY) {
            const uint32_t off = BMI_OFF_ENTRIES + i * BMI_ENTRY_SIZE;
            bmi_entry_put(page + off, &e);
            if (r->st.crypto != NULL &&
                crypto.encrypt(crypto.ctx, off, page + off, BMI_ENTRY_SIZE) != BM_OK) {
                abort();
            }
            bmi_bitmap_put(page + BMI_OFF_BITMAP, i, BMI_ENTRY_WRITTEN);
            return;
        }
    }
}

/* Clears up; afterwards ESP-IDF would find nothing to repair, all values are as first seen, and
 * clearing up once more does nothing. */
static int recover(struct run *r, const char *when)
{
    if (test_store_mount(&r->st, 1) != BM_OK) {
        return failed_with(r, when, BM_E_IO);
    }
    int rc = test_store_recover(&r->st);
    if (rc != BM_OK) {
        return failed_with(r, when, rc);
    }
    if (r->plant == LEAVE_A_LEFTOVER) {
        plant_leftover(r);
    }
    if (!test_store_clean(&r->st, r->text, sizeof r->text)) {
        return failed(r, when);
    }
    if (!look(r, &r->seen, &r->seen, NULL, 1, when)) {
        return 0;
    }
    const uint64_t ops = r->st.ram.ops;
    rc = test_store_recover(&r->st);
    if (rc != BM_OK || r->st.ram.ops != ops) {
        (void)snprintf(r->text, sizeof r->text, "clearing up twice: %s, %" PRIu64 " operations",
                       bm_err_name(rc), r->st.ram.ops - ops);
        return failed(r, when);
    }
    return 1;
}

static int second_cut(struct run *r, uint64_t at, enum bm_flash_tear tear, struct count *c)
{
    memcpy(r->st.mem, r->torn, r->st.size);
    if (test_store_mount(&r->st, 1) != BM_OK) {
        return failed_with(r, "second cut", BM_E_IO);
    }
    r->st.ram.tear = tear;
    r->st.ram.cut_at = r->st.ram.ops + at;
    const int rc = test_store_recover(&r->st);
    c->second++;
    c->sealed_second += r->st.crypto != NULL;
    if (rc == BM_OK || !r->st.ram.dead) {
        (void)snprintf(r->text, sizeof r->text, "operation %" PRIu64 ": %s", at, bm_err_name(rc));
        return failed(r, "second cut");
    }
    return look(r, &r->seen, &r->seen, NULL, 0, "after the second cut") &&
           recover(r, "recovery from the second cut");
}

static int second_cuts(struct run *r, uint64_t ops, struct count *c)
{
    if (ops > 0 && test_random(&r->random, ALL_SECOND) != 0) {
        return second_cut(r, 1 + test_random(&r->random, (uint32_t)ops),
                          (enum bm_flash_tear)test_random(&r->random, BM_TEAR_COUNT), c);
    }
    for (uint64_t at = 1; at <= ops; at++) {
        for (unsigned tear = 0; tear < BM_TEAR_COUNT; tear++) {
            if (!second_cut(r, at, (enum bm_flash_tear)tear, c)) {
                return 0;
            }
        }
    }
    return 1;
}

/* All the room that a fresh store would have is there. */
static int fill(struct run *r)
{
    struct bm_nvs_stats stats;
    int rc = bm_nvs_get_stats(&r->st.nvs, &stats);
    if (rc == BM_OK) {
        rc = test_store_fill(&r->st, 1);
    }
    if (rc < 0 || (uint32_t)rc != stats.available) {
        (void)snprintf(r->text, sizeof r->text, "%d values fitted, not %u", rc,
                       (unsigned)stats.available);
        return failed(r, "filling up");
    }
    return 1;
}

/* What was given up can be overwritten; the call that was cut off, made again, does what it did
 * without a cut. */
static int again(struct run *r)
{
    struct model then;
    if (test_store_mount(&r->st, 1) != BM_OK) {
        return failed_with(r, "again", BM_E_IO);
    }
    if (r->st.purge && (bm_nvs_purge_all(&r->st.nvs) != BM_OK || !test_store_purged(&r->st))) {
        (void)snprintf(r->text, sizeof r->text, "an erased entry is not all zeros");
        return failed(r, "purging");
    }
    const int rc = model_apply(&r->st.nvs, &r->seen, &r->step, &then);
    if (rc != r->result) {
        return failed_with(r, "again", rc);
    }
    return look(r, &then, &then, NULL, 0, "again") &&
           (test_store_clean(&r->st, r->text, sizeof r->text) || failed(r, "again"));
}

/* One cut and all that is tried on what it left. */
static int cut(struct run *r, struct count *c)
{
    struct model unused;
    memcpy(r->st.mem, r->before, r->st.size);
    if (test_store_mount(&r->st, 1) != BM_OK) {
        return failed_with(r, "mount", BM_E_IO);
    }
    r->random = r->id.seed ^ ((uint64_t)r->id.op << 40) ^ ((uint64_t)r->id.cut << 8) ^ r->id.tear;
    r->st.ram.random = test_random(&r->random, UINT32_MAX);
    r->st.ram.tear = (enum bm_flash_tear)r->id.tear;
    r->st.ram.cut_at = r->st.ram.ops + r->id.cut;
    const int rc = model_apply(&r->st.nvs, &r->model, &r->step, &unused);
    c->first++;
    c->sealed += r->st.crypto != NULL;
    if (rc == BM_OK || !r->st.ram.dead) {
        return failed_with(r, "the call with a cut", rc);
    }
    if (r->plant == LOSE_A_PAGE) {
        memset(r->st.mem + r->st.nvs.order[0] * (size_t)BMI_PAGE_SIZE, 0xff, BMI_PAGE_SIZE);
    }
    memcpy(r->torn, r->st.mem, r->st.size);
    if (!look(r, &r->model, &r->after, &r->seen, 0, "after the cut")) {
        return 0;
    }
    const uint64_t ops = r->st.ram.ops;
    if (!recover(r, "recovery")) {
        return 0;
    }
    const uint64_t took = r->st.ram.ops - ops;
    if (test_random(&r->random, FILL) == 0) {
        c->filled++;
        if (!fill(r)) {
            return 0;
        }
    } else if (test_random(&r->random, AGAIN) == 0) {
        c->again++;
        if (!again(r)) {
            return 0;
        }
    }
    return second_cuts(r, took, c);
}

/* The step without a cut. Gives the number of its flash operations, or a negative number. */
static int whole(struct run *r, struct count *c)
{
    memcpy(r->before, r->st.mem, r->st.size);
    if (test_store_mount(&r->st, 1) != BM_OK) {
        (void)failed_with(r, "mount", BM_E_IO);
        return -1;
    }
    const uint64_t ops = r->st.ram.ops;
    r->result = model_apply(&r->st.nvs, &r->model, &r->step, &r->after);
    const int took = (int)(r->st.ram.ops - ops);
    c->steps++;
    c->no_space += r->result == BM_E_NOSPC;
    if (r->result != BM_OK && r->result != BM_E_NOSPC) {
        (void)failed_with(r, "the call", r->result);
        return -1;
    }
    if (!look(r, &r->after, &r->after, NULL, 0, "without a cut")) {
        return -1;
    }
    if (!test_store_clean(&r->st, r->text, sizeof r->text)) {
        (void)failed(r, "without a cut");
        return -1;
    }
    memcpy(r->done, r->st.mem, r->st.size);
    return took;
}

/* Cuts one step at every operation in every way; or, where the id of r says, in one. */
static int cut_step(struct run *r, int ops, const struct id *only, struct count *c)
{
    for (r->id.cut = 1; r->id.cut <= (unsigned)ops; r->id.cut++) {
        for (r->id.tear = 0; r->id.tear < BM_TEAR_COUNT; r->id.tear++) {
            const int wanted = only == NULL || (only->cut == r->id.cut && only->tear == r->id.tear);
            if (wanted && !cut(r, c)) {
                return 0;
            }
        }
    }
    return 1;
}

/* A workload. only: NULL, or the one cut to make. Returns 1, or 0 for a failure. */
static int workload(struct id id, const struct id *only, int plant, uint64_t limit, struct count *c)
{
    struct run r = {.id = id, .plant = plant, .save = only != NULL};
    uint64_t random = id.seed * 0x9e3779b97f4a7c15u + id.pages;
    int good = 1;
    test_store_open(&r.st, id.pages, id.index);
    r.st.purge = (int)(id.seed & 1);
    r.st.crypto = id.seed % SEALED == 0 && crypto.encrypt != NULL ? &crypto : NULL;
    r.before = malloc(r.st.size);
    r.torn = malloc(r.st.size);
    r.done = malloc(r.st.size);
    if (r.before == NULL || r.torn == NULL || r.done == NULL) {
        abort();
    }
    r.model.keys = id.index == 0 ? 5 : 8;
    for (r.id.op = 0; r.id.op < STEPS && good && c->first < limit; r.id.op++) {
        model_choose(&r.model, &random, id.pages > 3 ? 7000 : 2500, &r.step);
        r.id.cut = 0;
        const int ops = whole(&r, c);
        good = ops >= 0;
        if (good && (only == NULL || only->op == r.id.op)) {
            good = cut_step(&r, ops, only, c);
        }
        if (only != NULL && only->op == r.id.op) {
            break;
        }
        memcpy(r.st.mem, r.done, r.st.size);
        r.model = r.after;
    }
    free(r.before);
    free(r.torn);
    free(r.done);
    test_store_free(&r.st);
    return good;
}

static int parse(const char *text, struct id *id)
{
    uint64_t field[6];
    for (int i = 0; i < 6; i++) {
        char *end;
        field[i] = strtoull(text, &end, 10);
        if (end == text || *end != (i < 5 ? ':' : '\0')) {
            return 0;
        }
        text = end + 1;
    }
    *id = (struct id){field[0],           (unsigned)field[1], (unsigned)field[2],
                      (unsigned)field[3], (unsigned)field[4], (unsigned)field[5]};
    return id->pages >= 3 && id->pages <= 64 && id->tear < BM_TEAR_COUNT;
}

static int replay(const char *text)
{
    struct count c = {0};
    struct id only;
    if (!parse(text, &only)) {
        fprintf(stderr, "not an id: %s\n", text);
        return 2;
    }
    const struct id id = {only.seed, only.pages, only.index, 0, 0, 0};
    const int good = workload(id, &only, LOSE_NOTHING, UINT64_MAX, &c);
    if (good) {
        printf("%" PRIu64 " cut, %" PRIu64 " second ones: good\n", c.first, c.second);
    }
    return good && c.first == 1 ? 0 : 1;
}

/* What the test is there to find, it finds; in a plain store and in an encrypted one. */
static int planted_are_seen(void)
{
    static const struct id ids[] = {{2, 4, 200, 0, 0, 0}, {SEALED, 4, 200, 0, 0, 0}};
    struct count c = {0};
    printf("four planted failures:\n");
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        if (workload(ids[i], NULL, LOSE_A_PAGE, UINT64_MAX, &c) ||
            workload(ids[i], NULL, LEAVE_A_LEFTOVER, UINT64_MAX, &c)) {
            printf("a planted failure was not seen\n");
            return 0;
        }
    }
    return 1;
}

/* Without OpenSSL all workloads are plain. */
static void open_crypto(void)
{
    uint8_t keys[BM_NVS_KEYS_SIZE];
    for (unsigned i = 0; i < sizeof keys; i++) {
        keys[i] = (uint8_t)(i * 3 + 1);
    }
    if (bm_nvs_crypto_openssl.open != NULL && bm_nvs_crypto_openssl.open(&crypto, keys) != BM_OK) {
        abort();
    }
}

/* Pages and entries in the index. */
static const struct {
    unsigned pages, index;
} geometries[] = {{3, 200}, {4, 400}, {3, 0}, {5, 400}, {4, 20}, {8, 900}, {3, 300}, {6, 600}};

static int run_all(uint64_t limit)
{
    const size_t kinds = sizeof geometries / sizeof geometries[0];
    const uint64_t seed = test_seed(1);
    struct count c = {0};
    if (!planted_are_seen()) {
        return 1;
    }
    /* Bounded by steps as well: a workload that writes nothing must not go on for ever. */
    for (uint64_t n = 0; c.first < limit && n < limit; n++) {
        const struct id id = {
            seed + n, geometries[n % kinds].pages, geometries[n % kinds].index, 0, 0, 0};
        if (!workload(id, NULL, LOSE_NOTHING, limit, &c)) {
            return 1;
        }
    }
    printf("seed %" PRIu64 ": %" PRIu64 " power cuts and %" PRIu64 " second ones in %" PRIu64
           " calls (%" PRIu64 " without space), %" PRIu64 " filled up, %" PRIu64 " made again\n",
           seed, c.first, c.second, c.steps, c.no_space, c.filled, c.again);
    printf("%" PRIu64 " of the cuts and %" PRIu64 " of the second ones on encrypted mounts\n",
           c.sealed, c.sealed_second);
    return c.first >= limit ? 0 : 1;
}

int main(int argc, char **argv)
{
    int status;
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    open_crypto();
    if (argc == 3 && strcmp(argv[1], "--cuts") == 0) {
        status = run_all(strtoull(argv[2], NULL, 10));
    } else if (argc == 2) {
        status = replay(argv[1]);
    } else {
        status = run_all(CUTS);
    }
    if (crypto.ctx != NULL) {
        bm_nvs_crypto_openssl.close(&crypto);
    }
    return status;
}
