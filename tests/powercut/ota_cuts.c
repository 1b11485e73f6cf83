/* SPDX-License-Identifier: Apache-2.0 */

/* Power cuts at every flash operation of whole updates over the air, each torn in four ways, and
 * second cuts while the board recovers from the first.
 *
 *   test_ota_cuts             the usual run
 *   test_ota_cuts --cuts N    at least as many cuts
 *   test_ota_cuts --table     the usual run, as the tables of docs/ota-proof.md
 *   test_ota_cuts ID          one cut again: scenario:round:op:tear[:op:tear], as a failure prints
 * it
 *
 * BM_SEED=n tears in other places. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/random.h"
#include "powercut/ota_world.h"

enum { CUTS = 8000, LIVES_MAX = 64, SECOND = 3, ALL_SECOND = 150 };

static const struct scenario scenarios[] = {
    {.name = "factory and two slots, three updates", .slots = 2, .updates = 3},
    {.name = "two slots, no factory", .slots = 2, .start = FIRST_SLOT, .updates = 3},
    {.name = "size known", .slots = 2, .updates = 1, .how = SIZE_KNOWN},
    {.name = "whole slot erased at once",
     .slots = 2,
     .start = FIRST_SLOT,
     .updates = 2,
     .how = WHOLE_SLOT},
    {.name = "pieces out of order", .slots = 2, .updates = 2, .how = WITH_OFFSETS},
    {.name = "download resumed after a cut", .slots = 2, .updates = 2, .how = RESUMED},
    {.name = "new app rejects itself", .slots = 2, .updates = 1, .verdict = REJECTS},
    {.name = "rejects itself, no factory",
     .slots = 2,
     .start = FIRST_SLOT,
     .updates = 1,
     .verdict = REJECTS},
    {.name = "new app never confirms", .slots = 2, .updates = 1, .verdict = SAYS_NOTHING},
    {.name = "never confirms, no factory",
     .slots = 2,
     .start = FIRST_SLOT,
     .updates = 1,
     .verdict = SAYS_NOTHING},
    {.name = "bad byte in the download", .slots = 2, .updates = 1, .download = BAD_BYTE},
    {.name = "download too short", .slots = 2, .updates = 1, .download = TOO_SHORT},
    {.name = "download given up",
     .slots = 2,
     .start = FIRST_SLOT,
     .updates = 1,
     .download = GIVEN_UP},
    {.name = "encrypted NVS", .slots = 2, .updates = 2, .nvs_encryption = 1},
    {.name = "flash encryption (blocks of 16)", .slots = 2, .updates = 2, .flash_encryption = 1},
    {.name = "rollback off", .slots = 2, .updates = 3, .no_rollback = 1},
    {.name = "rollback off, no factory",
     .slots = 2,
     .start = FIRST_SLOT,
     .updates = 2,
     .no_rollback = 1},
    {.name = "anti-rollback", .slots = 2, .start = FIRST_SLOT, .updates = 3, .anti_rollback = 1},
    {.name = "selected slot damaged before", .slots = 2, .start = FALLEN_BACK, .updates = 2},
    {.name = "selected, then downloaded again", .slots = 2, .updates = 1, .second_thoughts = 1},
    {.name = "one slot beside factory", .slots = 1, .updates = 3},
    {.name = "three slots, four updates", .slots = 3, .start = FIRST_SLOT, .updates = 4},
};
enum { SCENARIOS = sizeof scenarios / sizeof scenarios[0] };

static const char *const phase_names[PHASES] = {
    "the bootloader's records",
    "boot counter in NVS",
    "`esp_ota_begin`, `esp_ota_resume`",
    "`esp_ota_write`",
    "progress in NVS",
    "`esp_ota_end`",
    "`esp_ota_set_boot_partition`",
    "`esp_ota_mark_app_valid_cancel_rollback`",
    "`esp_ota_mark_app_invalid_rollback_and_reboot`",
};

enum plant { NO_PLANT, LOSE_THE_KEY, SELECT_UNCHECKED, FORGET_A_BOOT };

struct id {
    unsigned scenario, round;
    uint64_t op;
    unsigned tear;
    uint64_t op2; /* 0: no second cut */
    unsigned tear2;
};

struct count {
    uint64_t first[PHASES][BM_TEAR_COUNT];
    uint64_t second[PHASES];
    uint64_t of[SCENARIOS];
    uint64_t all, all_second, again, odd;
};

/* The start of a life, to go on from. */
struct life {
    uint8_t *mem;
    struct state s;
    uint64_t ops; /* before it */
};

struct run {
    struct world w;
    struct id id;
    struct life life[LIVES_MAX];
    unsigned lives;
    uint64_t ops; /* of the scenario without a cut */
    uint8_t *torn;
    struct state torn_state;
    uint64_t seed;
    enum plant plant;
    struct count *count;
};

static uint8_t *copy_of(const uint8_t *mem)
{
    uint8_t *copy = malloc(BOARD_SIZE);
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, mem, BOARD_SIZE);
    return copy;
}

static int bad(const struct run *r, const char *when)
{
    printf("%u:%u:%" PRIu64 ":%u", r->id.scenario, r->id.round, r->id.op, r->id.tear);
    if (r->id.op2 != 0) {
        printf(":%" PRIu64 ":%u", r->id.op2, r->id.tear2);
    }
    printf(": %s: %s: %s\n", scenarios[r->id.scenario].name, when, r->w.fault);
    return 0;
}

/* Lives the scenario without a cut, and keeps where each life begins. */
static int rehearse(struct run *r)
{
    enum outcome out = RESTARTS;
    while (out == RESTARTS && r->lives < LIVES_MAX) {
        struct life *life = &r->life[r->lives++];
        life->mem = copy_of(r->w.board.mem);
        life->s = r->w.s;
        life->ops = r->w.board.ram.ops;
        out = world_power_on(&r->w);
    }
    r->ops = r->w.board.ram.ops;
    return out == CONTENT || bad(r, "without a cut");
}

static void go_back(struct run *r, const uint8_t *mem, const struct state *s, uint64_t ops)
{
    memcpy(r->w.board.mem, mem, BOARD_SIZE);
    r->w.s = *s;
    r->w.board.ram.ops = ops;
    r->w.board.ram.dead = 0;
    r->w.board.ram.cut_at = 0;
}

/* What was not to be touched is as it was. */
static int untouched(struct run *r)
{
    const uint8_t *before = r->life[0].mem;
    if (memcmp(before, r->w.board.mem, BOARD_NVS) != 0) {
        (void)snprintf(r->w.fault, sizeof r->w.fault, "bootloader or table were changed");
        return 0;
    }
    return 1;
}

/* Where the scenario ends. */
static unsigned last_version(const struct run *r)
{
    const struct scenario *sc = r->w.sc;
    return sc->verdict == CONFIRMS && sc->download == GOOD ? 1u + sc->updates : 1;
}

/* The board lives on to the end of the scenario, and then takes another update. */
static int recover(struct run *r, int again, const char *when)
{
    unsigned may;
    if (world_live(&r->w) != CONTENT || !untouched(r)) {
        return bad(r, when);
    }
    may = 1u << last_version(r);
    may |= r->w.s.odd ? 1u << r->w.s.new
                      : 0; /* a bootloader that does not know can roll back nothing */
    if ((r->w.s.may & may) == 0) {
        (void)snprintf(r->w.fault, sizeof r->w.fault, "it came to rest at %x", r->w.s.may);
        return bad(r, when);
    }
    r->count->odd += r->w.s.odd != 0;
    if (!again) {
        return 1;
    }
    const unsigned goal = last_version(r) + 1 < VERSIONS ? last_version(r) + 1 : last_version(r);
    r->w.s.goal = goal;
    r->w.s.careful = 1;
    r->count->again++;
    may = 1u << goal;
    if (world_live(&r->w) != CONTENT || r->w.s.may != may || !untouched(r)) {
        return bad(r, "another update");
    }
    return 1;
}

/* Lives until the power fails. */
static int live_to_the_cut(struct run *r, uint64_t op, unsigned tear, uint64_t random)
{
    r->w.board.ram.tear = (enum bm_flash_tear)tear;
    r->w.board.ram.random = (uint32_t)random;
    r->w.board.ram.cut_at = op;
    const enum outcome out = world_live(&r->w);
    if (out == DEAD) {
        return 1;
    }
    if (out == CONTENT) {
        (void)snprintf(r->w.fault, sizeof r->w.fault, "the cut was not noticed");
    }
    return bad(r, "up to the cut");
}

static uint64_t random_of(const struct run *r, uint64_t op, unsigned tear)
{
    uint64_t random = r->seed * 1000003 + r->id.scenario * UINT64_C(7919) +
                      r->id.round * UINT64_C(104729) + op * 31u + tear;
    (void)test_random(&random, 2);
    return random >> 20;
}

/* op: of the recovery, from 1. */
static int cut_again(struct run *r, uint64_t op, unsigned tear)
{
    r->id.op2 = op;
    r->id.tear2 = tear;
    go_back(r, r->torn, &r->torn_state, 0);
    if (!live_to_the_cut(r, op, tear, random_of(r, op ^ (r->id.op << 20), tear))) {
        return 0;
    }
    r->count->second[r->w.s.phase]++;
    r->count->all_second++;
    const int good = recover(r, op % 8 == 0, "after the second cut");
    r->id.op2 = 0;
    return good;
}

static int second_cuts(struct run *r, uint64_t ops, const struct id *only)
{
    uint64_t random = random_of(r, r->id.op, 9);
    const int all = only == NULL && test_random(&random, ALL_SECOND) == 0;
    if (only != NULL) {
        return only->op2 == 0 || cut_again(r, only->op2, only->tear2);
    }
    if (!all) {
        return ops == 0 || test_random(&random, SECOND) != 0 ||
               cut_again(r, 1 + test_random(&random, (uint32_t)ops),
                         test_random(&random, BM_TEAR_COUNT));
    }
    for (uint64_t op = 1; op <= ops; op++) {
        if (!cut_again(r, op, test_random(&random, BM_TEAR_COUNT))) {
            return 0;
        }
    }
    return 1;
}

static void plant(struct run *r)
{
    if (r->plant == LOSE_THE_KEY) {
        memset(r->w.board.mem + BOARD_NVS, 0xff, 4096);
    } else if (r->plant == FORGET_A_BOOT && r->w.s.boots > 0) {
        r->w.s.boots++;
        r->w.s.boots_max++;
    }
}

static int cut(struct run *r, const struct id *only)
{
    unsigned n = r->lives - 1;
    while (r->life[n].ops >= r->id.op) {
        n--;
    }
    go_back(r, r->life[n].mem, &r->life[n].s, r->life[n].ops);
    if (!live_to_the_cut(r, r->id.op, r->id.tear, random_of(r, r->id.op, r->id.tear))) {
        return 0;
    }
    r->count->first[r->w.s.phase][r->id.tear]++;
    r->count->of[r->id.scenario]++;
    r->count->all++;
    plant(r);
    memcpy(r->torn, r->w.board.mem, BOARD_SIZE);
    r->torn_state = r->w.s;
    r->w.board.ram.ops = 0;
    r->w.board.ram.cut_at = 0;
    if (!recover(r, 0, "after the cut")) {
        return 0;
    }
    const uint64_t took = r->w.board.ram.ops;
    if (r->id.op % 4 == 0 && !recover(r, 1, "after the cut")) {
        return 0;
    }
    return second_cuts(r, took, only);
}

static int scenario(unsigned index, unsigned round, const struct id *only, enum plant planted,
                    uint64_t seed, struct count *c)
{
    struct run *r = calloc(1, sizeof *r);
    if (r == NULL) {
        abort();
    }
    r->id.scenario = index;
    r->id.round = round;
    r->seed = seed;
    r->plant = planted;
    r->count = c;
    world_open(&r->w, &scenarios[index]);
    r->w.careless = planted == SELECT_UNCHECKED;
    r->torn = copy_of(r->w.board.mem);
    int good = rehearse(r);
    for (r->id.op = 1; good && r->id.op <= r->ops; r->id.op++) {
        for (r->id.tear = 0; good && r->id.tear < BM_TEAR_COUNT; r->id.tear++) {
            const int same = round > 0 && (r->id.tear == BM_TEAR_NONE || r->id.tear == BM_TEAR_ALL);
            if (only != NULL ? only->op == r->id.op && only->tear == r->id.tear : !same) {
                good = cut(r, only);
            }
        }
    }
    for (unsigned i = 0; i < r->lives; i++) {
        free(r->life[i].mem);
    }
    free(r->torn);
    world_close(&r->w);
    free(r);
    return good;
}

static int parse(const char *text, struct id *id)
{
    uint64_t field[6] = {0};
    int n = 0;
    for (int more = 1; more && n < 6; n++) {
        char *end;
        field[n] = strtoull(text, &end, 10);
        if (end == text || (*end != ':' && *end != '\0')) {
            return 0;
        }
        more = *end == ':';
        text = end + 1;
    }
    *id = (struct id){(unsigned)field[0], (unsigned)field[1], field[2],
                      (unsigned)field[3], field[4],           (unsigned)field[5]};
    return (n == 4 || n == 6) && id->scenario < SCENARIOS && id->tear < BM_TEAR_COUNT &&
           id->tear2 < BM_TEAR_COUNT;
}

static int replay(const char *text, uint64_t seed)
{
    struct count c = {0};
    struct id only;
    if (!parse(text, &only)) {
        fprintf(stderr, "not an id: %s\n", text);
        return 2;
    }
    const int good = scenario(only.scenario, only.round, &only, NO_PLANT, seed, &c);
    if (good) {
        printf("%" PRIu64 " cut, %" PRIu64 " second ones: good\n", c.all, c.all_second);
    }
    return good && c.all == 1 ? 0 : 1;
}

static uint64_t sum(const uint64_t *of, size_t n)
{
    uint64_t all = 0;
    for (size_t i = 0; i < n; i++) {
        all += of[i];
    }
    return all;
}

static void print_tables(const struct count *c)
{
    printf("| flash operations of | nothing done | begun | done, not reported | any bits | "
           "second cuts |\n|---|---|---|---|---|---|\n");
    for (int p = 0; p < PHASES; p++) {
        printf("| %s | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " |\n",
               phase_names[p], c->first[p][BM_TEAR_NONE], c->first[p][BM_TEAR_PART],
               c->first[p][BM_TEAR_ALL], c->first[p][BM_TEAR_BITS], c->second[p]);
    }
    printf("\n| scenario | cuts |\n|---|---|\n");
    for (int i = 0; i < SCENARIOS; i++) {
        printf("| %s | %" PRIu64 " |\n", scenarios[i].name, c->of[i]);
    }
}

static void print_counts(const struct count *c)
{
    for (int p = 0; p < PHASES; p++) {
        printf("  %-50s %6" PRIu64 " %6" PRIu64 "\n", phase_names[p],
               sum(c->first[p], BM_TEAR_COUNT), c->second[p]);
    }
}

/* What the test is there to find, it finds. */
static int planted_are_seen(uint64_t seed)
{
    static const struct {
        enum plant plant;
        unsigned scenario;
    } plants[] = {{LOSE_THE_KEY, 0}, {FORGET_A_BOOT, 0}, {SELECT_UNCHECKED, 10}};
    printf("three planted failures:\n");
    for (size_t i = 0; i < sizeof plants / sizeof plants[0]; i++) {
        struct count c = {0};
        if (scenario(plants[i].scenario, 0, NULL, plants[i].plant, seed, &c)) {
            printf("planted failure %zu was not seen\n", i);
            return 0;
        }
    }
    return 1;
}

int main(int argc, char **argv)
{
    const uint64_t seed = test_seed(1);
    uint64_t limit = CUTS;
    struct count c = {0};
    const int table = argc == 2 && strcmp(argv[1], "--table") == 0;
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 3 && strcmp(argv[1], "--cuts") == 0) {
        limit = strtoull(argv[2], NULL, 10);
    } else if (argc == 2 && !table) {
        return replay(argv[1], seed);
    }
    if (!table && !planted_are_seen(seed)) {
        return 1;
    }
    for (unsigned round = 0; c.all < limit && round < limit; round++) {
        for (unsigned i = 0; i < SCENARIOS; i++) {
            if (!scenario(i, round, NULL, NO_PLANT, seed, &c)) {
                return 1;
            }
        }
    }
    if (table) {
        print_tables(&c);
        printf("\n");
    } else {
        printf("first and second cuts in flash operations of\n");
        print_counts(&c);
    }
    printf("seed %" PRIu64 ": %" PRIu64 " power cuts and %" PRIu64
           " second ones in %d scenarios, %" PRIu64 " boards updated again; %" PRIu64
           " times a torn record was in an unknown state\n",
           seed, c.all, c.all_second, SCENARIOS, c.again, c.odd);
    return 0;
}
