/* SPDX-License-Identifier: Apache-2.0 */

/* Writing into an OTA slot never changes what boots: the cases in which it would, one by one. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "birthmark/update.h"
#include "crypto/crypto.h"
#include "harness/board.h"

static struct board board;
static struct board_image good;
static struct board_image newer;
static uint8_t scratch[512];

static void open_board(int factory, unsigned slots)
{
    const struct board_app one = {.version = 1, .fill = 1000};
    const struct board_app two = {.version = 2, .secure_version = 4, .fill = 9000};
    board_open(&board, factory, slots);
    board_image_make(&good, &one);
    board_image_make(&newer, &two);
}

static int teardown(void **state)
{
    (void)state;
    board_close(&board);
    return 0;
}

static const struct bm_part *row(const char *label)
{
    return label != NULL ? board_row(&board, label) : NULL;
}

static struct bm_update_config config_for(const char *running, const char *target)
{
    const struct bm_update_config config = {.chip = &board.flash,
                                            .table = &board.table,
                                            .running = row(running),
                                            .target = row(target),
                                            .size = BM_UPDATE_SEQUENTIAL,
                                            .rollback = 1};
    return config;
}

/* What boots now. */
static const char *boots(void)
{
    const struct bm_part *part = board_boots(&board, 1);
    return part != NULL ? part->label : "nothing";
}

/* Writes a whole good image: what boots stays, to the last byte. Then it is selected. */
static void write_all(const char *running, const char *target)
{
    struct bm_update u;
    struct bm_app app;
    struct bm_update_config config = config_for(running, target);
    const struct bm_update_check check = {&board.sha256, 0, 0, scratch, sizeof scratch};
    assert_int_equal(bm_update_begin(&u, &config, NULL), BM_OK);
    for (uint32_t at = 0; at < newer.len; at += 1000) {
        const uint32_t n = newer.len - at < 1000 ? newer.len - at : 1000;
        assert_string_equal(boots(), running);
        assert_int_equal(bm_update_write(&u, newer.data + at, n), BM_OK);
    }
    assert_string_equal(boots(), running);
    assert_int_equal(bm_update_end(&u, &check, &app, NULL), BM_OK);
    assert_string_equal(app.desc.version, "2.0");
    assert_string_equal(boots(), running);
    assert_int_equal(bm_update_select(&board.flash, &board.table, row(target), 1), BM_OK);
    assert_string_equal(boots(), target);
}

static void use(const char *label)
{
    assert_int_equal(bm_update_select(&board.flash, &board.table, row(label), 0), BM_OK);
}

static void test_plain(void **state)
{
    (void)state;
    open_board(1, 2);
    board_put(&board, "factory", &good);
    write_all("factory", "ota_0");
}

static void test_target_was_selected(void **state)
{
    (void)state;
    open_board(1, 2);
    board_put(&board, "factory", &good);
    board_put(&board, "ota_0", &good);
    use("ota_0");
    write_all("factory", "ota_0");
}

static void test_selected_image_is_bad(void **state)
{
    (void)state;
    open_board(1, 3);
    board_put(&board, "factory", &good);
    use("ota_1"); /* blank: the bootloader falls to ota_0, blank, then to factory */
    assert_string_equal(boots(), "factory");
    write_all("factory", "ota_0"); /* is not selected, and yet would come first */
}

static void test_falls_upwards(void **state)
{
    (void)state;
    open_board(0, 3);
    board_put(&board, "ota_2", &good);
    use("ota_0");
    assert_string_equal(boots(), "ota_2");
    write_all("ota_2", "ota_1");
}

static void test_no_record_at_all(void **state)
{
    (void)state;
    open_board(0, 2);
    board_put(&board, "ota_1", &good);
    write_all("ota_1", "ota_0"); /* the first to be tried */
}

static void test_other_choice_stays(void **state)
{
    (void)state;
    struct bm_update u;
    open_board(0, 3);
    board_put(&board, "ota_0", &good);
    board_put(&board, "ota_1", &newer);
    use("ota_1"); /* while ota_0 runs; ota_2 comes after both */
    struct bm_update_config config = config_for("ota_0", "ota_2");
    assert_int_equal(bm_update_begin(&u, &config, NULL), BM_OK);
    bm_update_abort(&u);
    assert_string_equal(boots(), "ota_1");
}

static void test_test_app(void **state)
{
    (void)state;
    struct bm_update u;
    open_board(1, 2);
    board_put(&board, "factory", &good);
    struct bm_update_config config = config_for(NULL, "ota_0");
    assert_int_equal(bm_update_begin(&u, &config, NULL), BM_OK);
    bm_update_abort(&u);
    assert_string_equal(boots(), "factory");
}

static void test_refusals(void **state)
{
    (void)state;
    struct bm_update u = {0};
    struct bm_app app;
    struct bm_diag diag = {0};
    open_board(1, 2);
    board_put(&board, "factory", &good);
    struct bm_update_check check = {&board.sha256, 0, 5, scratch, sizeof scratch};
    struct bm_update_config config = config_for("factory", "ota_0");
    assert_int_equal(bm_update_begin(NULL, &config, NULL), BM_E_ARG);
    assert_int_equal(bm_update_begin(&u, NULL, NULL), BM_E_ARG);
    config.target = NULL;
    assert_int_equal(bm_update_begin(&u, &config, NULL), BM_E_ARG);
    config = config_for("ota_0", "ota_0");
    assert_int_equal(bm_update_begin(&u, &config, &diag), BM_E_ARG);
    assert_string_equal(diag.text, "the app that runs cannot be overwritten");
    config = config_for("factory", "ota_0");
    config.size = BOARD_SLOT + 1;
    assert_int_equal(bm_update_begin(&u, &config, NULL), BM_E_NOSPC);
    config.size = BM_UPDATE_SEQUENTIAL;
    config.unit = 16;
    config.offset = 8;
    assert_int_equal(bm_update_begin(&u, &config, NULL), BM_E_ARG);
    config.unit = 64;
    config.offset = 0;
    assert_int_equal(bm_update_begin(&u, &config, NULL), BM_E_ARG);
    config.unit = 0;
    board.table.part[4].flags = BM_PART_READONLY;
    assert_int_equal(bm_update_begin(&u, &config, NULL), BM_E_READONLY);
    board.table.part[4].flags = 0;
    assert_int_equal(bm_update_write(&u, newer.data, 1), BM_E_ARG);
    assert_int_equal(bm_update_end(&u, &check, &app, NULL), BM_E_ARG);
    bm_update_abort(NULL);
    assert_int_equal(bm_update_begin(&u, &config, NULL), BM_OK);
    assert_int_equal(bm_update_write(&u, newer.data, newer.len), BM_OK);
    assert_int_equal(bm_update_end(&u, &check, &app, NULL), BM_E_VERSION);
    config.offset = newer.len; /* all is there: only the end is missing */
    assert_int_equal(bm_update_begin(&u, &config, NULL), BM_OK);
    check.secure_version = 4;
    check.chip = 9;
    assert_int_equal(bm_update_end(&u, &check, &app, NULL), BM_E_TYPE);
    assert_int_equal(bm_update_begin(&u, &config, NULL), BM_OK);
    check.chip = BM_UPDATE_ANY_CHIP;
    assert_int_equal(bm_update_end(&u, &check, &app, NULL), BM_OK);
    assert_int_equal(bm_update_end(&u, &check, &app, NULL), BM_E_ARG);
    assert_int_equal(bm_update_select(&board.flash, &board.table, row("nvs"), 1), BM_E_ARG);
    assert_int_equal(bm_update_forget(&board.flash, &board.table, row("factory")), BM_E_ARG);
}

static void test_no_otadata(void **state)
{
    (void)state;
    struct bm_update u;
    open_board(1, 1);
    board_put(&board, "factory", &good);
    board.table.part[1].subtype = BM_PART_DATA_PHY;
    struct bm_update_config config = config_for("factory", "ota_0");
    assert_int_equal(bm_update_begin(&u, &config, NULL), BM_OK);
    bm_update_abort(&u);
    assert_int_equal(bm_update_select(&board.flash, &board.table, row("ota_0"), 1), BM_E_NOENT);
}

/* ota_1 and ota_2 without ota_0: no slot counts, so no record of one does. */
static void test_slots_missing(void **state)
{
    (void)state;
    open_board(0, 3);
    board_put(&board, "ota_1", &good);
    use("ota_1");
    struct bm_part_table table = board.table;
    for (unsigned i = 0; i < table.count; i++) {
        table.part[i].subtype =
            (uint8_t)(strcmp(table.part[i].label, "ota_0") == 0 ? 0x30 : table.part[i].subtype);
    }
    struct bm_update u;
    struct bm_update_config config = config_for("ota_1", "ota_2");
    config.table = &table;
    assert_int_equal(bm_update_slots(&table), 0);
    assert_int_equal(bm_update_begin(&u, &config, NULL), BM_OK);
    bm_update_abort(&u);
}

/* bm_update_write() behind bm_update_write_at(). */
static void test_mixed(void **state)
{
    struct bm_update u;
    struct bm_app app;
    const struct bm_update_check check = {&board.sha256, 0, 0, scratch, sizeof scratch};
    (void)state;
    open_board(1, 2);
    struct bm_update_config config = config_for("factory", "ota_0");
    config.size = BM_UPDATE_SIZE_UNKNOWN;
    assert_int_equal(bm_update_begin(&u, &config, NULL), BM_OK);
    assert_int_equal(bm_update_write_at(&u, 0, newer.data, 1000), BM_OK);
    assert_int_equal(bm_update_write(&u, newer.data + 1000, newer.len - 1000), BM_OK);
    assert_int_equal(bm_update_end(&u, &check, &app, NULL), BM_OK);
    assert_string_equal(app.desc.version, "2.0");

    assert_int_equal(bm_update_begin(&u, &config, NULL), BM_OK);
    for (uint32_t i = 0; i < 3; i++) { /* more than the slot holds, if it were one behind another */
        assert_int_equal(bm_update_write_at(&u, 0, newer.data, newer.len), BM_OK);
    }
    assert_int_equal(bm_update_write(&u, newer.data, 1), BM_E_NOSPC);
    assert_int_equal(bm_update_end(&u, &check, &app, NULL), BM_OK);

    assert_int_equal(bm_update_begin(&u, &config, NULL), BM_OK); /* no bytes are nothing written */
    assert_int_equal(bm_update_write_at(&u, 1000, newer.data, 0), BM_OK);
    assert_int_equal(bm_update_end(&u, &check, &app, NULL), BM_E_ARG);
}

static void test_next(void **state)
{
    (void)state;
    open_board(1, 3);
    assert_int_equal(bm_update_slots(&board.table), 3);
    assert_ptr_equal(bm_update_next(&board.table, NULL), row("ota_0"));
    assert_ptr_equal(bm_update_next(&board.table, row("factory")), row("ota_0"));
    assert_ptr_equal(bm_update_next(&board.table, row("ota_2")), row("ota_0"));
    board.table.part[5].subtype = BM_PART_APP_OTA_0 + 7; /* a gap */
    assert_ptr_equal(bm_update_next(&board.table, row("ota_0")), row("ota_2"));
    assert_int_equal(bm_update_slots(&board.table), 1);
    board.table.count = 5;
    assert_null(bm_update_next(&board.table, row("ota_0")));
}

/* Hashes of both archives agree. */
static void test_hashes(void **state)
{
    (void)state;
    static uint64_t memory[64];
    struct bm_hash h;
    uint8_t one[BM_SHA256_LEN];
    uint8_t two[BM_SHA256_LEN];
    open_board(1, 1);
    assert_true(bm_hash_mbedtls_size() <= sizeof memory);
    assert_int_equal(bm_hash_mbedtls_sha256(&h, memory, 1), BM_E_NOMEM);
    bm_hash_mbedtls_close(&h);
    assert_int_equal(bm_hash_mbedtls_sha256(&h, memory, sizeof memory), BM_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(h.start(h.ctx), BM_OK);
        assert_int_equal(h.add(h.ctx, "ab", 2), BM_OK);
        assert_int_equal(h.add(h.ctx, "c", 1), BM_OK);
        assert_int_equal(h.finish(h.ctx, one), BM_OK);
    }
    bm_hash_mbedtls_close(&h);
    assert_int_equal(bm_crypto_sha256(two, "abc", 3), BM_OK);
    assert_memory_equal(one, two, sizeof one);
    assert_int_equal(bm_hash_mbedtls_md5(&h, memory, sizeof memory), BM_OK);
    assert_true(h.start(h.ctx) == BM_OK && h.finish(h.ctx, one) == BM_OK);
    bm_hash_mbedtls_close(&h);
    assert_true(board.md5.start(board.md5.ctx) == BM_OK &&
                board.md5.finish(board.md5.ctx, two) == BM_OK);
    assert_memory_equal(one, two, BM_MD5_LEN);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_teardown(f, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_plain),
        CASE(test_target_was_selected),
        CASE(test_selected_image_is_bad),
        CASE(test_falls_upwards),
        CASE(test_no_record_at_all),
        CASE(test_other_choice_stays),
        CASE(test_test_app),
        CASE(test_refusals),
        CASE(test_no_otadata),
        CASE(test_slots_missing),
        CASE(test_mixed),
        CASE(test_next),
        CASE(test_hashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
