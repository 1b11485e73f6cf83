/* SPDX-License-Identifier: Apache-2.0 */

/* Records of otadata, sequence numbers, and power cuts: every pair of records, every change, every
 * flash operation of it, every tear. What boots is what would have booted before, or after. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/le.h"
#include "birthmark/boot.h"
#include "birthmark/err.h"
#include "birthmark/ota.h"

enum { SECTOR = 0x1000, SLOTS = 3, RECORD = BM_OTADATA_RECORD_SIZE };

struct chip {
    uint8_t mem[BM_OTADATA_SIZE];
    struct bm_flash_ram ram;
    struct bm_flash flash;
};

static void chip_init(struct chip *c)
{
    memset(c->mem, 0xff, sizeof c->mem);
    assert_int_equal(bm_flash_ram_init(&c->flash, &c->ram, c->mem, sizeof c->mem), BM_OK);
}

/* A record in memory; damage is xored into the CRC. */
static void put(struct chip *c, unsigned at, uint32_t seq, uint32_t state, uint32_t damage)
{
    struct bm_ota_record r;
    bm_ota_record_make(&r, seq, state);
    r.crc ^= damage;
    bm_ota_record_format(c->mem + (size_t)at * SECTOR, &r);
}

static struct bm_otadata records(const struct chip *c)
{
    struct bm_otadata data;
    assert_int_equal(bm_otadata_read(&data, &c->flash), BM_OK);
    return data;
}

static void test_reference_bytes(void **unused)
{
    struct chip c;
    (void)unused;
    chip_init(&c);
    assert_int_equal(bm_otadata_select(&c.flash, 1, 2, BM_OTA_UNDEFINED), BM_OK);
    for (size_t i = 4; i < sizeof c.mem; i++) {
        assert_true(c.mem[i] == 0xff || (i >= 28 && i < 32));
    }
    assert_int_equal(bm_get_le32(c.mem), 2);
    assert_int_equal(bm_get_le32(c.mem + 28), 0x55f63774); /* what otatool writes */
}

static void test_next_seq(void **unused)
{
    uint32_t seq = 0;
    (void)unused;
    for (unsigned slots = 1; slots <= BM_OTA_SLOTS_MAX; slots++) {
        for (unsigned slot = 0; slot < slots; slot++) {
            for (uint32_t above = 0; above < 100; above++) {
                uint32_t count = above + 1;
                while ((count - 1) % slots != slot) {
                    count++;
                }
                assert_int_equal(bm_ota_next_seq(&seq, above, slot, slots), BM_OK);
                assert_int_equal(seq, count);
            }
            for (uint64_t above = 0xffffffdfu; above <= 0xffffffffu; above++) {
                uint64_t count = above + 1;
                while ((count - 1) % slots != slot) {
                    count++;
                }
                const int rc = bm_ota_next_seq(&seq, (uint32_t)above, slot, slots);
                assert_int_equal(rc, count < 0xffffffffu ? BM_OK : BM_E_NOSPC);
                assert_true(rc != BM_OK || seq == count);
            }
        }
    }
    assert_int_equal(bm_ota_next_seq(&seq, 0, 0, 0), BM_E_ARG);
    assert_int_equal(bm_ota_next_seq(&seq, 0, 2, 2), BM_E_ARG);
    assert_int_equal(bm_ota_next_seq(&seq, 0, 0, 17), BM_E_ARG);
}

static void test_active(void **unused)
{
    struct chip c;
    struct bm_otadata data;
    (void)unused;
    chip_init(&c);
    data = records(&c);
    assert_int_equal(bm_otadata_active(&data), -1);
    put(&c, 1, 3, BM_OTA_VALID, 0);
    data = records(&c);
    assert_int_equal(bm_otadata_active(&data), 1);
    put(&c, 0, 3, BM_OTA_PENDING_VERIFY, 0);
    data = records(&c);
    assert_int_equal(bm_otadata_active(&data), 0); /* equal numbers: the first */
    put(&c, 0, 2, BM_OTA_VALID, 0);
    data = records(&c);
    assert_int_equal(bm_otadata_active(&data), 1);
    put(&c, 1, 3, BM_OTA_ABORTED, 0);
    data = records(&c);
    assert_int_equal(bm_otadata_active(&data), 0);
    put(&c, 1, 3, BM_OTA_VALID, 1);
    data = records(&c);
    assert_int_equal(bm_otadata_active(&data), 0);
    assert_false(data.record[1].crc_ok);
    put(&c, 1, 3, 77, 0); /* a state that is none is followed */
    data = records(&c);
    assert_int_equal(bm_otadata_active(&data), 1);
}

/* The sector's old state does not come along (otatool keeps it: then the switch has no effect). */
static void test_old_state_is_gone(void **unused)
{
    struct chip c;
    (void)unused;
    chip_init(&c);
    put(&c, 0, 5, BM_OTA_VALID, 0);
    put(&c, 1, 6, BM_OTA_ABORTED, 0);
    assert_int_equal(bm_otadata_select(&c.flash, 1, 2, BM_OTA_UNDEFINED), BM_OK);
    const struct bm_otadata data = records(&c);
    assert_int_equal(bm_otadata_active(&data), 1);
    assert_int_equal(data.record[1].seq, 6);
    assert_int_equal(data.record[1].state, BM_OTA_UNDEFINED);
    assert_int_equal(data.record[0].seq, 5);
}

/* The slot that is active already: its state changes, the other record is kept. */
static void test_set_state_keeps_the_other(void **unused)
{
    struct chip c;
    (void)unused;
    for (unsigned own = 0; own < 2; own++) {
        chip_init(&c);
        put(&c, own, 8, BM_OTA_NEW, 0);
        put(&c, !own, 7, BM_OTA_VALID, 0);
        assert_int_equal(bm_otadata_set_state(&c.flash, BM_OTA_VALID), BM_OK);
        struct bm_otadata data = records(&c);
        const int active = bm_otadata_active(&data);
        assert_int_equal(active, !own);
        assert_int_equal(data.record[active].seq, 8);
        assert_int_equal(data.record[active].state, BM_OTA_VALID);
        assert_int_equal(data.record[!active].seq, 7);
        assert_int_equal(data.record[!active].state, BM_OTA_VALID);
        const uint64_t ops = c.ram.ops;
        assert_int_equal(bm_otadata_set_state(&c.flash, BM_OTA_VALID), BM_OK);
        assert_int_equal(bm_otadata_select(&c.flash, 1, 2, BM_OTA_VALID), BM_OK);
        assert_int_equal(c.ram.ops, ops);
        assert_int_equal(bm_otadata_set_state(&c.flash, BM_OTA_INVALID), BM_OK);
        data = records(&c);
        assert_int_equal(bm_otadata_active(&data), (int)own);
        assert_int_equal(data.record[active].state, BM_OTA_INVALID);
        assert_int_equal(data.record[active].seq, 8);
    }
}

static void test_refusals(void **unused)
{
    struct chip c;
    struct bm_flash view;
    struct bm_otadata data;
    (void)unused;
    chip_init(&c);
    assert_int_equal(bm_otadata_set_state(&c.flash, BM_OTA_VALID), BM_E_NOENT);
    assert_int_equal(bm_otadata_set_state(&c.flash, 5), BM_E_ARG);
    assert_int_equal(bm_otadata_set_state(&c.flash, BM_OTA_PENDING_VERIFY), BM_E_ARG);
    assert_int_equal(bm_otadata_select(&c.flash, 2, 2, BM_OTA_NEW), BM_E_ARG);
    assert_int_equal(bm_otadata_select(&c.flash, 0, 0, BM_OTA_NEW), BM_E_ARG);
    assert_int_equal(bm_otadata_select(&c.flash, 0, 2, BM_OTA_ABORTED), BM_E_ARG);
    put(&c, 0, 0xfffffffeu, BM_OTA_VALID, 0);
    assert_int_equal(bm_otadata_select(&c.flash, 0, 2, BM_OTA_NEW), BM_E_NOSPC);
    assert_int_equal(bm_flash_view(&view, c.mem, sizeof c.mem), BM_OK);
    assert_int_equal(bm_otadata_select(&view, 0, 2, BM_OTA_NEW), BM_E_READONLY);
    assert_int_equal(bm_otadata_erase(&view), BM_E_READONLY);
    assert_int_equal(bm_flash_view(&view, c.mem, sizeof c.mem - 1), BM_OK);
    assert_int_equal(bm_otadata_read(&data, &view), BM_E_ARG);
    c.ram.fail_at = c.ram.ops + 1;
    assert_int_equal(bm_otadata_erase(&c.flash), BM_E_IO);
    c.ram.fail_read = c.ram.reads + 1;
    assert_int_equal(bm_otadata_select(&c.flash, 0, 2, BM_OTA_NEW), BM_E_IO);
}

/* Power cuts. */

struct change {
    enum { SELECT, SET_STATE, ERASE } what;
    unsigned slot;
    uint32_t state;
};

static const struct change changes[] = {
    {SELECT, 0, BM_OTA_NEW},        {SELECT, 1, BM_OTA_NEW},        {SELECT, 1, BM_OTA_VALID},
    {SELECT, 2, BM_OTA_UNDEFINED},  {SET_STATE, 0, BM_OTA_NEW},     {SET_STATE, 0, BM_OTA_VALID},
    {SET_STATE, 0, BM_OTA_INVALID}, {SET_STATE, 0, BM_OTA_ABORTED}, {ERASE, 0, 0},
};
enum { CHANGES = sizeof changes / sizeof changes[0] };

static int make_change(struct chip *c, const struct change *ch)
{
    switch (ch->what) {
    case SELECT: return bm_otadata_select(&c->flash, ch->slot, SLOTS, ch->state);
    case SET_STATE: return bm_otadata_set_state(&c->flash, ch->state);
    default: return bm_otadata_erase(&c->flash);
    }
}

static int all_good(void *ctx, const struct bm_part *part, struct bm_boot_image *out)
{
    (void)ctx;
    (void)part;
    *out = (struct bm_boot_image){BM_BOOT_GOOD, 1, 0};
    return BM_OK;
}

/* What boots, with and without a factory app and rollback, as one number. */
static unsigned decision(const struct chip *c)
{
    static struct bm_part_table table = {
        .count = 5,
        .part =
            {
                {.type = BM_PART_DATA, .subtype = BM_PART_DATA_OTA, .offset = 1, .size = 0x2000},
                {.type = BM_PART_APP, .subtype = 0x10, .offset = 2, .size = 1},
                {.type = BM_PART_APP, .subtype = 0x11, .offset = 3, .size = 1},
                {.type = BM_PART_APP, .subtype = 0x12, .offset = 4, .size = 1},
                {.type = BM_PART_APP, .subtype = 0x00, .offset = 5, .size = 1},
            },
    };
    const struct bm_otadata data = records(c);
    unsigned all = 0;
    for (unsigned i = 0; i < 4; i++) {
        const struct bm_boot_config config = {.rollback = (uint8_t)(i & 1)};
        struct bm_boot b;
        table.count = 4 + (i >> 1);
        assert_int_equal(bm_boot_decide(&b, &table, &data, all_good, NULL, &config), BM_OK);
        all = all * 16 + (unsigned)(b.index + 1);
    }
    return all;
}

/* Each of the answers is the old or the new one. Pending records are made by bootloaders that roll
 * back: without, there is nothing to hold. */
static int either(unsigned seen, unsigned before, unsigned after, int pending)
{
    const unsigned count = pending ? 0x0f0f : 0xffff;
    for (unsigned mask = 0xf; mask <= 0xf000; mask <<= 4) {
        if ((mask & count) != 0 && (seen & mask) != (before & mask) &&
            (seen & mask) != (after & mask)) {
            return 0;
        }
    }
    return 1;
}

static unsigned cuts;

static void cut_everywhere(const struct chip *start, const struct change *ch, int pending)
{
    struct chip c = *start;
    c.flash.ctx = &c.ram;
    c.ram.mem = c.mem;
    const unsigned before = decision(&c);
    const int rc = make_change(&c, ch);
    if (rc != BM_OK) {
        assert_int_equal(rc, BM_E_NOENT);
        return;
    }
    const uint64_t ops = c.ram.ops;
    const unsigned after = decision(&c);
    for (uint64_t at = 1; at <= ops; at++) {
        for (int tear = 0; tear < BM_TEAR_COUNT; tear++) {
            memcpy(c.mem, start->mem, sizeof c.mem);
            c.ram.ops = 0;
            c.ram.cut_at = at;
            c.ram.tear = (enum bm_flash_tear)tear;
            c.ram.random += 77;
            assert_int_equal(make_change(&c, ch), BM_E_IO);
            c.ram.dead = 0;
            c.ram.cut_at = 0;
            cuts++;
            const unsigned seen = decision(&c);
            if (!either(seen, before, after, pending)) {
                fail_msg("change %d, cut at %u, tear %d: %x, was %x, should become %x",
                         (int)(ch - changes), (unsigned)at, tear, seen, before, after);
            }
            if (ch->what != SET_STATE) { /* once more: done */
                assert_int_equal(make_change(&c, ch), BM_OK);
                assert_int_equal(decision(&c), after);
            }
        }
    }
}

struct kind {
    uint32_t seq;
    uint32_t state;
    uint32_t damage;
};

static const struct kind kinds[] = {
    {0xffffffffu, 0xffffffffu, 0}, /* blank but for the CRC */
    {2, BM_OTA_VALID, 4},          /* damaged */
    {9, BM_OTA_ABORTED, 0x80},     /* damaged and refused */
    {1, BM_OTA_NEW, 0},
    {1, BM_OTA_VALID, 0},
    {1, BM_OTA_ABORTED, 0},
    {2, BM_OTA_NEW, 0},
    {2, BM_OTA_PENDING_VERIFY, 0},
    {2, BM_OTA_VALID, 0},
    {2, BM_OTA_INVALID, 0},
    {2, BM_OTA_ABORTED, 0},
    {2, BM_OTA_UNDEFINED, 0},
    {3, BM_OTA_PENDING_VERIFY, 0},
    {3, BM_OTA_VALID, 0},
    {6, BM_OTA_PENDING_VERIFY, 0},
    {6, BM_OTA_INVALID, 0},
    {6, BM_OTA_ABORTED, 0},
    {6, BM_OTA_UNDEFINED, 0},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static void test_power_cuts(void **unused)
{
    struct chip c;
    (void)unused;
    for (unsigned i = 0; i < 3 * KINDS * KINDS; i++) { /* thrice, with other tears */
        const struct kind *a = &kinds[i / KINDS % KINDS];
        const struct kind *b = &kinds[i % KINDS];
        const int pending = a->state == BM_OTA_PENDING_VERIFY || b->state == BM_OTA_PENDING_VERIFY;
        chip_init(&c);
        put(&c, 0, a->seq, a->state, a->damage);
        put(&c, 1, b->seq, b->state, b->damage);
        c.ram.random = i;
        c.flash.prog_size = i % 3 == 0 ? 4 : 1;
        for (unsigned j = 0; j < CHANGES; j++) {
            cut_everywhere(&c, &changes[j], pending);
        }
    }
    print_message("%u cuts\n", cuts);
    assert_true(cuts > 100000);
}

/* Flash that takes no less than 16 or 32 bytes at a time. */
static void test_large_programs(void **unused)
{
    struct chip c;
    (void)unused;
    for (uint32_t size = 16; size <= 32; size *= 2) {
        chip_init(&c);
        c.flash.prog_size = size;
        put(&c, 0, 5, BM_OTA_PENDING_VERIFY, 0);
        put(&c, 1, 6, BM_OTA_ABORTED, 0);
        assert_int_equal(bm_otadata_set_state(&c.flash, BM_OTA_VALID), BM_OK);
        assert_int_equal(bm_otadata_select(&c.flash, 1, 2, BM_OTA_NEW), BM_OK);
        const struct bm_otadata data = records(&c);
        assert_int_equal(bm_otadata_active(&data), 1);
        assert_int_equal(data.record[1].seq, 6);
        assert_int_equal(data.record[0].seq, 5);
        assert_int_equal(data.record[0].state, BM_OTA_VALID);
    }
    c.flash.prog_size = 3;
    assert_int_equal(bm_otadata_erase(&c.flash), BM_E_ARG);
}

/* The worst that a cut program could do to a record: all of it but the state is there. */
static int programs_left;

static int prog_but_state(void *ctx, uint32_t off, const void *buf, uint32_t len)
{
    uint8_t bytes[RECORD];
    struct bm_flash_ram *ram = ctx;
    if (programs_left-- != 0) {
        for (uint32_t i = 0; i < len; i++) {
            ram->mem[off + i] &= ((const uint8_t *)buf)[i];
        }
        return BM_OK;
    }
    memcpy(bytes, buf, len);
    for (uint32_t i = 0; i < len; i++) {
        if (off % SECTOR + i >= 24 && off % SECTOR + i < 28) {
            bytes[i] |= 1; /* valid becomes invalid */
        }
        ram->mem[off + i] &= bytes[i];
    }
    return BM_E_IO;
}

static void test_state_never_torn(void **unused)
{
    struct chip c;
    struct bm_flash_ops ops;
    (void)unused;
    for (int cut = 0; cut < 2; cut++) {
        chip_init(&c);
        ops = *c.flash.ops;
        ops.prog = prog_but_state;
        c.flash.ops = &ops;
        programs_left = cut;
        assert_int_equal(bm_otadata_select(&c.flash, 1, 2, BM_OTA_VALID), BM_E_IO);
        const struct bm_otadata data = records(&c);
        assert_true(!data.record[0].crc_ok || data.record[0].state == BM_OTA_VALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_bytes),
        cmocka_unit_test(test_next_seq),
        cmocka_unit_test(test_active),
        cmocka_unit_test(test_old_state_is_gone),
        cmocka_unit_test(test_set_state_keeps_the_other),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_power_cuts),
        cmocka_unit_test(test_state_never_torn),
        cmocka_unit_test(test_large_programs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
