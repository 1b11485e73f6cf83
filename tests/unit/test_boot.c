/* SPDX-License-Identifier: Apache-2.0 */

/* The boot decision against a second description of it, over all pairs of records, tables and
 * images; and single cases from ESP-IDF's documents and sources. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "birthmark/boot.h"
#include "birthmark/err.h"

enum { FACTORY_BIT = 16, TEST_BIT = 17 };

/* A table of slots 0 to n - 1 with what else is asked for, and images that a mask calls good. */
struct world {
    struct bm_part_table table;
    uint32_t good; /* bit n: slot n */
    uint32_t unsound;
    uint32_t secure[32];
    uint32_t no_desc;
    unsigned asked;
};

static void add(struct world *w, uint8_t type, uint8_t subtype, uint32_t size)
{
    struct bm_part *p = &w->table.part[w->table.count++];
    memset(p, 0, sizeof *p);
    p->type = type;
    p->subtype = subtype;
    p->offset = 0x10000 * w->table.count;
    p->size = size;
}

static void make_world(struct world *w, unsigned slots, int factory, int test)
{
    memset(w, 0, sizeof *w);
    add(w, BM_PART_DATA, BM_PART_DATA_NVS, 0x4000);
    add(w, BM_PART_DATA, BM_PART_DATA_OTA, BM_OTADATA_SIZE);
    for (unsigned i = 0; i < slots; i++) {
        add(w, BM_PART_APP, (uint8_t)(BM_PART_APP_OTA_0 + i), 0x10000);
    }
    if (factory) {
        add(w, BM_PART_APP, BM_PART_APP_FACTORY, 0x10000);
    }
    if (test) {
        add(w, BM_PART_APP, BM_PART_APP_TEST, 0x10000);
    }
    w->good = 0xffffffffu;
}

static int ask(void *ctx, const struct bm_part *part, struct bm_boot_image *out)
{
    struct world *w = ctx;
    const unsigned bit = part->subtype == BM_PART_APP_FACTORY ? FACTORY_BIT
                         : part->subtype == BM_PART_APP_TEST  ? TEST_BIT
                                                              : part->subtype & 15u;
    assert_int_equal(part->type, BM_PART_APP);
    w->asked++;
    out->verdict = (w->good >> bit & 1) != 0      ? BM_BOOT_GOOD
                   : (w->unsound >> bit & 1) != 0 ? BM_BOOT_UNSOUND
                                                  : BM_BOOT_BAD;
    out->has_desc = (w->no_desc >> bit & 1) == 0;
    out->secure_version = w->secure[bit];
    return BM_OK;
}

static struct bm_ota_record record(uint32_t seq, uint32_t state, int damaged)
{
    struct bm_ota_record r;
    bm_ota_record_make(&r, seq, state);
    if (damaged) {
        r.crc ^= 1;
        r.crc_ok = 0;
    }
    return r;
}

static const struct bm_otadata blank = {
    {{.seq = 0xffffffffu, .state = 0xffffffffu, .crc = 0xffffffffu},
     {.seq = 0xffffffffu, .state = 0xffffffffu, .crc = 0xffffffffu}}};

static struct bm_otadata pair(struct bm_ota_record a, struct bm_ota_record b)
{
    const struct bm_otadata data = {{a, b}};
    return data;
}

static void decide(struct bm_boot *b, struct world *w, const struct bm_otadata *data,
                   const struct bm_boot_config *config)
{
    assert_int_equal(bm_boot_decide(b, &w->table, data, ask, w, config), BM_OK);
    assert_true(b->steps > 0 && b->steps < BM_BOOT_STEPS_MAX);
    assert_true((b->part == NULL) == (b->index == BM_BOOT_NONE));
    assert_true(b->part == NULL || b->part == bm_boot_part(&w->table, b->index));
}

static int has_step(const struct bm_boot *b, enum bm_boot_code code)
{
    for (unsigned i = 0; i < b->steps; i++) {
        if (b->step[i].code == code) {
            return 1;
        }
    }
    return 0;
}

/* The second description. A record is of one of five classes, a pair of classes says what is
 * selected, and every place has a rank in the order of trying. */

enum class { BLANK, REFUSED_DAMAGED, REFUSED, DAMAGED, GOOD, CLASSES };
enum pick { DEF, BAD, ONE, TWO, MAX };

static const enum pick picks[CLASSES][CLASSES] = {
    [BLANK] = {DEF, DEF, DEF, BAD, TWO},   [REFUSED_DAMAGED] = {DEF, DEF, DEF, BAD, TWO},
    [REFUSED] = {DEF, DEF, DEF, BAD, TWO}, [DAMAGED] = {BAD, BAD, BAD, BAD, TWO},
    [GOOD] = {ONE, ONE, ONE, ONE, MAX},
};

static enum class class_of(const struct bm_ota_record *r, int rollback) {
    const int gone = r->state == BM_OTA_INVALID || r->state == BM_OTA_ABORTED ||
                     (rollback && r->state == BM_OTA_PENDING_VERIFY);
    if (r->seq == 0xffffffffu){return BLANK;}
return gone ? (r->crc_ok ? REFUSED : REFUSED_DAMAGED) : (r->crc_ok ? GOOD : DAMAGED);
}

struct wanted {
    int index;
    struct bm_ota_record after[2];
};

static int rank(int place, int selected)
{
    return place == BM_BOOT_TEST ? 1000 : place <= selected ? selected - place : 100 + place;
}

static void model(struct wanted *want, const struct bm_otadata *data, int slots, int factory,
                  int test, uint32_t good, int rollback)
{
    const enum class a = class_of(&data->record[0], rollback);
    const enum class b = class_of(&data->record[1], rollback);
    enum pick pick = slots == 0 ? DEF : picks[a][b];
    int selected = BM_BOOT_FACTORY;
    int followed = -1;
    if (pick == MAX) {
        pick = data->record[1].seq > data->record[0].seq ? TWO : ONE;
    }
    if (pick == ONE || pick == TWO) {
        followed = pick == TWO;
        selected = (int)((data->record[followed].seq - 1u) % (unsigned)slots);
    } else if (pick == DEF && !factory) {
        selected = 0;
    }
    const int never_good =
        (a == BLANK || !data->record[0].crc_ok) && (b == BLANK || !data->record[1].crc_ok);
    const int fresh = pick == DEF && !factory && never_good;

    memcpy(want->after, data->record, sizeof want->after);
    for (int i = 0; i < 2 && rollback; i++) {
        if (want->after[i].state == BM_OTA_PENDING_VERIFY) {
            want->after[i].state = BM_OTA_ABORTED;
        }
        if (i == followed && want->after[i].state == BM_OTA_NEW) {
            want->after[i].state = BM_OTA_PENDING_VERIFY;
        }
    }
    want->index = BM_BOOT_NONE;
    int best = 10000;
    for (int place = BM_BOOT_TEST; place < slots; place++) {
        const int there = place >= 0 || (place == BM_BOOT_TEST ? test : factory);
        const int bit = place == BM_BOOT_FACTORY ? FACTORY_BIT
                        : place == BM_BOOT_TEST  ? TEST_BIT
                                                 : place;
        if (there && (good >> bit & 1) != 0 && rank(place, selected) < best) {
            best = rank(place, selected);
            want->index = place;
        }
    }
    if (fresh && want->index >= 0) {
        want->after[0] = record((uint32_t)want->index + 1, BM_OTA_VALID, 0);
    }
}

static void apply(struct bm_ota_record after[2], const struct bm_boot *b)
{
    for (unsigned i = 0; i < b->writes; i++) {
        assert_false(b->write[i].erase_all);
        after[b->write[i].index] = b->write[i].record;
    }
}

static void compare(struct world *w, const struct bm_otadata *data, int slots, int factory,
                    int test, int rollback)
{
    const struct bm_boot_config config = {.rollback = (uint8_t)rollback};
    struct bm_ota_record after[2];
    struct wanted want;
    struct bm_boot b;
    uint8_t x[BM_OTADATA_RECORD_SIZE];
    uint8_t y[BM_OTADATA_RECORD_SIZE];
    model(&want, data, slots, factory, test, w->good, rollback);
    w->asked = 0;
    decide(&b, w, data, &config);
    memcpy(after, data->record, sizeof after);
    assert_in_range(w->asked, 0, (unsigned)(slots + factory + test)); /* each is tried once */
    apply(after, &b);
    for (int i = 0; i < 2; i++) {
        bm_ota_record_format(x, &after[i]);
        bm_ota_record_format(y, &want.after[i]);
        if (memcmp(x, y, sizeof x) != 0 || b.index != want.index) {
            fail_msg("records %u/%u and %u/%u, %d slots, factory %d, images %x, rollback %d: "
                     "boots %d, should boot %d; record %d",
                     data->record[0].seq, data->record[0].state, data->record[1].seq,
                     data->record[1].state, slots, factory, w->good, rollback, b.index, want.index,
                     i);
        }
    }
}

/* All records that matter: blank (also with a state), damaged, and four numbers in seven states. */
static unsigned all_records(struct bm_ota_record *out)
{
    static const uint32_t seqs[] = {1, 2, 3, 0xfffffffeu};
    static const uint32_t states[] = {0, 1, 2, 3, 4, 9, BM_OTA_UNDEFINED};
    unsigned n = 0;
    out[n++] = blank.record[0];
    out[n++] = record(0xffffffffu, BM_OTA_PENDING_VERIFY, 0);
    for (unsigned s = 0; s < 7; s++) {
        out[n++] = record(2, states[s], 1);
        for (unsigned q = 0; q < 4; q++) {
            out[n++] = record(seqs[q], states[s], 0);
        }
    }
    return n;
}

static void test_model(void **unused)
{
    struct bm_ota_record all[64];
    struct world w;
    unsigned decisions = 0;
    (void)unused;
    const unsigned n = all_records(all);
    for (unsigned layout = 0; layout < 16; layout++) {
        const unsigned slots = layout % 4;
        const int factory = (layout & 4) != 0;
        const int test = (layout & 8) != 0;
        make_world(&w, slots, factory, test);
        for (unsigned i = 0; i < n * n; i++) {
            const struct bm_otadata data = pair(all[i / n], all[i % n]);
            for (unsigned good = 0; good < 1u << (slots + 2); good++) {
                if (((good & 1) != 0 && !factory) || ((good & 2) != 0 && !test)) {
                    continue;
                }
                w.good = good >> 2 | (good & 1) << FACTORY_BIT | (good >> 1 & 1) << TEST_BIT;
                compare(&w, &data, (int)slots, factory, test, 0);
                compare(&w, &data, (int)slots, factory, test, 1);
                decisions += 2;
            }
        }
    }
    print_message("%u decisions\n", decisions);
    assert_true(decisions > 300000);
}

/* Single cases. */

static void test_tables(void **unused)
{
    struct bm_boot b;
    struct world w;
    (void)unused;
    make_world(&w, 0, 1, 0); /* a table without otadata */
    w.table.part[1].subtype = BM_PART_DATA_PHY;
    decide(&b, &w, NULL, NULL);
    assert_int_equal(b.index, BM_BOOT_FACTORY);
    assert_true(has_step(&b, BM_BOOT_NO_OTADATA));

    make_world(&w, 2, 0, 0); /* no otadata, no factory: the slots in order */
    w.table.part[1].subtype = BM_PART_DATA_PHY;
    decide(&b, &w, NULL, NULL);
    assert_int_equal(b.index, 0);
    assert_int_equal(b.writes, 0);

    make_world(&w, 2, 1, 0); /* an otadata partition of one sector */
    w.table.part[1].size = 0x1000;
    decide(&b, &w, NULL, NULL);
    assert_int_equal(b.index, BM_BOOT_NONE);
    assert_int_equal(w.asked, 0);
    assert_true(has_step(&b, BM_BOOT_OTADATA_SMALL));

    make_world(&w, 3, 0, 0); /* ota_1 left out: two slots are counted, and ota_2 never boots */
    w.table.part[3] = w.table.part[4];
    w.table.count = 4;
    const struct bm_otadata second = pair(record(2, BM_OTA_VALID, 0), blank.record[1]);
    decide(&b, &w, &second, NULL);
    assert_int_equal(b.slots, 2);
    assert_int_equal(b.selected, 1);
    assert_int_equal(b.index, 0);
    assert_true(has_step(&b, BM_BOOT_SLOT_MISSING));
    assert_null(bm_boot_part(&w.table, 2));

    make_world(&w, 1, 0, 0); /* of two factory apps the last counts */
    add(&w, BM_PART_APP, BM_PART_APP_FACTORY, 0x10000);
    add(&w, BM_PART_APP, BM_PART_APP_FACTORY, 0x10000);
    decide(&b, &w, &blank, NULL);
    assert_ptr_equal(b.part, &w.table.part[4]);

    make_world(&w, 1, 0, 0); /* of two for otadata, too, be it of use or not */
    assert_ptr_equal(bm_boot_otadata(&w.table), &w.table.part[1]);
    add(&w, BM_PART_DATA, BM_PART_DATA_OTA, BM_OTADATA_SIZE - 1);
    assert_ptr_equal(bm_boot_otadata(&w.table), &w.table.part[3]);
    decide(&b, &w, &blank, NULL);
    assert_true(has_step(&b, BM_BOOT_OTADATA_SMALL));
    w.table.count = 1;
    assert_null(bm_boot_otadata(&w.table));

    make_world(&w, 1, 0, 0);
    add(&w, BM_PART_APP, BM_PART_APP_FACTORY, 0x10000);
    add(&w, BM_PART_APP, BM_PART_APP_FACTORY, 0x10000);
    w.table.part[4].offset = 0; /* and one at offset 0 is none */
    decide(&b, &w, &blank, NULL);
    assert_int_equal(b.selected, 0);

    memset(&w, 0, sizeof w); /* nothing at all */
    decide(&b, &w, NULL, NULL);
    assert_int_equal(b.index, BM_BOOT_NONE);
    w.table.count = BM_PART_MAX + 1;
    assert_int_equal(bm_boot_decide(&b, &w.table, NULL, ask, &w, NULL), BM_E_ARG);
    assert_int_equal(bm_boot_decide(&b, &w.table, NULL, NULL, &w, NULL), BM_E_ARG);
}

/* The life of an update: new, on trial, not confirmed, taken back. */
static void test_rollback(void **unused)
{
    const struct bm_boot_config config = {.rollback = 1};
    uint8_t mem[BM_OTADATA_SIZE];
    struct bm_flash_ram ram;
    struct bm_flash flash;
    struct bm_otadata data;
    struct bm_boot b;
    struct world w;
    (void)unused;
    memset(mem, 0xff, sizeof mem);
    assert_int_equal(bm_flash_ram_init(&flash, &ram, mem, sizeof mem), BM_OK);
    make_world(&w, 2, 0, 0);
    static const struct {
        int select; /* before the start: this slot, as new; -1: nothing; -2: mark valid */
        int boots;
        uint32_t state; /* of the record followed, afterwards */
    } starts[] = {
        {-1, 0, BM_OTA_VALID}, /* a fresh chip: ota_0, and it is valid from the start */
        {-1, 0, BM_OTA_VALID},         {1, 1, BM_OTA_PENDING_VERIFY},
        {-1, 0, BM_OTA_VALID}, /* not confirmed: back */
        {-1, 0, BM_OTA_VALID},         {1, 1, BM_OTA_PENDING_VERIFY},
        {-2, 1, BM_OTA_VALID}, /* confirmed: stays */
        {0, 0, BM_OTA_PENDING_VERIFY}, {-2, 0, BM_OTA_VALID},
    };
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        int rc = BM_OK;
        if (starts[i].select >= 0) {
            rc = bm_otadata_select(&flash, (unsigned)starts[i].select, 2, BM_OTA_NEW);
        } else if (starts[i].select == -2) {
            rc = bm_otadata_set_state(&flash, BM_OTA_VALID);
        }
        assert_int_equal(rc, BM_OK);
        assert_int_equal(bm_otadata_read(&data, &flash), BM_OK);
        decide(&b, &w, &data, &config);
        assert_int_equal(b.index, starts[i].boots);
        assert_int_equal(bm_boot_apply(&b, &flash), BM_OK);
        assert_int_equal(bm_otadata_read(&data, &flash), BM_OK);
        const int active = bm_otadata_active(&data);
        assert_true(active >= 0);
        assert_int_equal(data.record[active].state, starts[i].state);
    }
}

static void test_pins(void **unused)
{
    struct bm_boot_config config = {.factory_reset = 1, .reset_erases_otadata = 1};
    struct bm_otadata data = pair(record(2, BM_OTA_VALID, 0), blank.record[1]);
    uint8_t mem[BM_OTADATA_SIZE];
    struct bm_flash_ram ram;
    struct bm_flash flash;
    struct bm_boot b;
    struct world w;
    (void)unused;
    make_world(&w, 2, 1, 0);
    decide(&b, &w, &data, &config);
    assert_int_equal(b.index, BM_BOOT_FACTORY);
    assert_int_equal(b.writes, 1);
    memset(mem, 0, sizeof mem);
    assert_int_equal(bm_flash_ram_init(&flash, &ram, mem, sizeof mem), BM_OK);
    assert_int_equal(bm_boot_apply(&b, &flash), BM_OK);
    assert_true(mem[0] == 0xff && mem[0x1000] == 0xff && mem[0x1fff] == 0xff);

    config.deep_sleep = 1; /* no pin is looked at */
    decide(&b, &w, &data, &config);
    assert_int_equal(b.index, 1);

    /* without erasing: the new app is taken back before its first start, as the choice is made
     * twice */
    config = (struct bm_boot_config){.factory_reset = 1, .rollback = 1};
    data.record[0].state = BM_OTA_NEW;
    decide(&b, &w, &data, &config);
    assert_int_equal(b.index, BM_BOOT_FACTORY);
    assert_int_equal(b.writes, 2);
    assert_int_equal(b.write[1].record.state, BM_OTA_ABORTED);

    config = (struct bm_boot_config){.test_pin = 1};
    decide(&b, &w, &data, &config); /* no test app: it restarts */
    assert_int_equal(b.index, BM_BOOT_NONE);
    assert_true(has_step(&b, BM_BOOT_TEST_MISSING));
    make_world(&w, 2, 1, 1);
    decide(&b, &w, &data, &config);
    assert_int_equal(b.index, BM_BOOT_TEST);
    w.good = ~(1u << TEST_BIT); /* nothing else is tried */
    decide(&b, &w, &data, &config);
    assert_int_equal(b.index, BM_BOOT_NONE);
}

static void test_anti_rollback(void **unused)
{
    const struct bm_boot_config config = {.rollback = 1, .anti_rollback = 1, .secure_version = 2};
    struct bm_otadata data = pair(record(1, BM_OTA_VALID, 0), record(2, BM_OTA_UNDEFINED, 0));
    struct bm_boot b;
    struct world w;
    (void)unused;
    make_world(&w, 2, 0, 0);
    w.secure[0] = 3;
    w.secure[1] = 1;
    decide(&b, &w, &data, &config); /* slot 1 has the newer record and the older app */
    assert_int_equal(b.index, 0);
    assert_int_equal(b.record, 0);
    assert_true(has_step(&b, BM_BOOT_RECORD_OLD));
    assert_int_equal(b.secure_version, 3); /* valid: the fuses follow */

    w.secure[0] = 1; /* none may start */
    decide(&b, &w, &data, &config);
    assert_int_equal(b.index, BM_BOOT_NONE);
    assert_int_equal(b.selected, BM_BOOT_FACTORY);
    assert_int_equal(b.secure_version, 2);
    assert_true(has_step(&b, BM_BOOT_IMAGE_OLD));

    w.secure[1] = 5; /* on trial: the fuses stay as they are */
    data.record[1].state = BM_OTA_NEW;
    decide(&b, &w, &data, &config);
    assert_int_equal(b.index, 1);
    assert_int_equal(b.secure_version, 2);
    w.no_desc = 2; /* no description: no secure version */
    decide(&b, &w, &data, &config);
    assert_int_equal(b.index, BM_BOOT_NONE);

    w.no_desc = 0; /* a fresh chip: the first app that may start, and the fuses follow */
    decide(&b, &w, &blank, &config);
    assert_int_equal(b.index, 1);
    assert_int_equal(b.writes, 1);
    assert_int_equal(b.write[0].record.seq, 2);
    assert_int_equal(b.secure_version, 5);

    make_world(&w, 0, 1, 0); /* records, but no slots: a division by zero there */
    w.secure[FACTORY_BIT] = 2;
    decide(&b, &w, &data, &config);
    assert_int_equal(b.index, BM_BOOT_NONE);
    data = pair(record(1, BM_OTA_INVALID, 0), blank.record[1]); /* but not by one nobody follows */
    decide(&b, &w, &data, &config);
    assert_int_equal(b.index, BM_BOOT_FACTORY);

    make_world(&w, 2, 0, 0); /* the slot of the record has no size: its app counts all the same */
    w.table.part[2].size = 0;
    w.secure[0] = 7;
    w.secure[1] = 7;
    data = pair(record(1, BM_OTA_VALID, 0), blank.record[1]);
    decide(&b, &w, &data, &config);
    assert_int_equal(b.selected, 0);
    assert_int_equal(b.index, 1);
    assert_int_equal(b.secure_version, 7);
}

static void test_unsound(void **unused)
{
    struct bm_boot_config config = {.skip_validate = 0};
    const struct bm_otadata data = pair(record(1, BM_OTA_VALID, 0), blank.record[1]);
    struct bm_boot b;
    struct world w;
    (void)unused;
    make_world(&w, 2, 0, 0);
    w.good = 2;
    w.unsound = 1;
    decide(&b, &w, &data, &config);
    assert_int_equal(b.index, 1);
    config.skip_validate = 1;
    decide(&b, &w, &data, &config);
    assert_int_equal(b.index, 0);
    w.unsound = 0;
    decide(&b, &w, &data, &config);
    assert_int_equal(b.index, 1);
}

static int broken(void *ctx, const struct bm_part *part, struct bm_boot_image *out)
{
    (void)ctx;
    (void)part;
    (void)out;
    return BM_E_IO;
}

/* A table that ends beyond the flash is refused as a whole, before anything is read. */
static void test_table_refused(void **unused)
{
    struct bm_boot_config config = {.rollback = 1};
    const struct bm_otadata data = pair(record(1, BM_OTA_PENDING_VERIFY, 0), blank.record[1]);
    struct bm_boot b;
    struct world w;
    (void)unused;
    make_world(&w, 2, 1, 0);
    config.flash_size = (uint32_t)bm_part_table_end(&w.table);
    decide(&b, &w, &data, &config);
    assert_non_null(b.part);
    make_world(&w, 2, 1, 0);
    config.flash_size--;
    decide(&b, &w, &data, &config);
    assert_null(b.part);
    assert_int_equal(b.index, BM_BOOT_NONE);
    assert_int_equal(b.record, -1);
    assert_int_equal(b.writes, 0);
    assert_int_equal(w.asked, 0);
    assert_true(has_step(&b, BM_BOOT_TABLE_REFUSED));
    assert_true(has_step(&b, BM_BOOT_NOTHING));
}

static void test_errors(void **unused)
{
    const uint8_t bytes[BM_OTADATA_SIZE] = {0};
    struct bm_flash view;
    struct bm_boot b;
    struct world w;
    (void)unused;
    make_world(&w, 2, 1, 1);
    assert_int_equal(bm_boot_decide(&b, &w.table, &blank, broken, NULL, NULL), BM_E_IO);
    assert_null(b.part);
    make_world(&w, 2, 0, 0);
    decide(&b, &w, &blank, NULL);
    assert_int_equal(b.writes, 1);
    assert_int_equal(bm_flash_view(&view, bytes, sizeof bytes), BM_OK);
    assert_int_equal(bm_boot_apply(&b, &view), BM_E_READONLY);
    view.size = 4096;
    assert_int_equal(bm_boot_apply(&b, &view), BM_E_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model),         cmocka_unit_test(test_tables),
        cmocka_unit_test(test_rollback),      cmocka_unit_test(test_pins),
        cmocka_unit_test(test_anti_rollback), cmocka_unit_test(test_unsound),
        cmocka_unit_test(test_errors),        cmocka_unit_test(test_table_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
