/* SPDX-License-Identifier: Apache-2.0 */

/* The flasher and chips that do not tell all of themselves: each register that a session asks for
 * is refused, reads 0, or is never answered. The rest of the work goes on without it. And how a
 * board is started over a port without lines. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/le.h"
#include "birthmark/err.h"
#include "harness/flasher.h"
#include "proto/rom.h"
#include "proto/slip.h"

enum odd { REFUSED, ZERO, SILENT, IGNORED, KINDS = 3 };
enum { SEEN = 64 };

struct odd_chip {
    struct virtual_board board;
    struct bm_serial_ops plain, ops;
    enum odd how;
    uint32_t from, to;   /* the registers meant; none: all are noted in seen */
    uint32_t seen[SEEN]; /* but the one that tells the chip */
    size_t seens;
    struct bm_slip slip;
    uint8_t frame[BM_ROM_HEADER + 0x2000];
    uint8_t out[64]; /* our own reply */
    size_t out_len;
    unsigned refuses; /* so many blocks of data */
    size_t block;     /* the last one's length */
};

static struct odd_chip *odd_of(void *ctx)
{
    return (struct odd_chip *)((char *)ctx - offsetof(struct odd_chip, board));
}

static void note(struct odd_chip *o, uint32_t addr)
{
    size_t i = 0;
    while (i < o->seens && o->seen[i] != addr) {
        i++;
    }
    if (i == o->seens && addr != BM_CHIP_MAGIC_REG) {
        assert_true(o->seens < SEEN);
        o->seen[o->seens++] = addr;
    }
}

static void reply(struct odd_chip *o, uint8_t op)
{
    const uint8_t status[4] = {o->how == REFUSED, o->how == REFUSED ? BM_ROM_E_INVALID : 0, 0, 0};
    uint8_t frame[BM_ROM_HEADER + 4];
    const size_t len = bm_rom_format(frame, sizeof frame, 1, op, 0, status, sizeof status);
    o->out_len = bm_slip_encode(o->out, sizeof o->out, frame, len);
}

/* 1: the request was for us. */
static int take(struct odd_chip *o, const uint8_t *frame, size_t len)
{
    const uint8_t op = frame[1];
    if (op == BM_ROM_FLASH_DATA) {
        o->block = len - BM_ROM_HEADER - BM_ROM_DATA_HEADER;
        if (o->refuses == 0) {
            return 0;
        }
        o->refuses--;
        o->how = REFUSED;
        reply(o, op);
        return 1;
    }
    if (len < BM_ROM_HEADER + 4 || (op != BM_ROM_READ_REG && op != BM_ROM_WRITE_REG)) {
        return 0;
    }
    const uint32_t addr = bm_get_le32(frame + BM_ROM_HEADER);
    note(o, addr);
    if (addr < o->from || addr >= o->to) {
        return 0;
    }
    if (o->how != SILENT) {
        reply(o, op);
    }
    return 1;
}

/* A request is one write. */
static int odd_write(void *ctx, const void *data, size_t len, unsigned timeout_ms)
{
    struct odd_chip *o = odd_of(ctx);
    int ours = 0;
    bm_slip_init(&o->slip, o->frame, sizeof o->frame);
    for (size_t i = 0; i < len; i++) {
        if (bm_slip_push(&o->slip, ((const uint8_t *)data)[i]) == BM_SLIP_FRAME) {
            ours = take(o, o->frame, o->slip.len);
        }
    }
    return ours ? BM_OK : o->plain.write(ctx, data, len, timeout_ms);
}

static int odd_read(void *ctx, void *buf, size_t cap, unsigned timeout_ms)
{
    struct odd_chip *o = odd_of(ctx);
    const size_t n = o->out_len;
    assert_true(n <= cap);
    memcpy(buf, o->out, n);
    o->out_len = 0;
    return n > 0 ? (int)n : o->plain.read(ctx, buf, cap, timeout_ms);
}

/* As a socket is: no lines, no speed. */
static void odd_open(struct odd_chip *o, const char *chip)
{
    memset(o, 0, sizeof *o);
    virtual_init(&o->board, chip, MB);
    o->board.config.hold_boot = 1;
    virtual_open(&o->board);
    o->plain = *o->board.serial.ops;
    o->ops = o->plain;
    o->ops.read = odd_read;
    o->ops.write = odd_write;
    o->ops.set_baud = NULL;
    o->ops.set_lines = NULL;
    o->board.serial.ops = &o->ops;
}

/* What a session asks for. */
static size_t registers_of(const char *chip, uint32_t seen[SEEN])
{
    struct odd_chip *o = malloc(sizeof *o);
    struct bm_link_config config = {0};
    assert_non_null(o);
    odd_open(o, chip);
    bm_link_close(must_open(&o->board, &config), BM_AFTER_HARD_RESET);
    const size_t n = o->seens;
    memcpy(seen, o->seen, sizeof o->seen);
    virtual_close(&o->board);
    free(o);
    return n;
}

static void check_without(const char *chip, uint32_t addr, enum odd how)
{
    struct odd_chip *o = malloc(sizeof *o);
    struct bm_link_config config = {.flash_size = addr % 8 == 0 ? MB : 0};
    struct bm_link *link = NULL;
    struct bm_diag diag = {0};
    assert_non_null(o);
    odd_open(o, chip);
    o->from = addr;
    o->to = addr + 1;
    o->how = how;
    config.serial = &o->board.serial;
    const int rc = bm_link_open(&link, &config, &diag);
    if (rc != BM_OK) {
        fail_msg("%s without register 0x%x (%d): %s", chip, (unsigned)addr, (int)how, diag.text);
    }
    assert_true(o->board.now_us < 120 * UINT64_C(1000000));
    check_write(&o->board, link, 0x10000, 9000, 1, 0);
    bm_link_close(link, BM_AFTER_NONE);
    virtual_close(&o->board);
    free(o);
}

static void test_registers(void **state)
{
    (void)state;
    static const char *const chips[] = {"esp32", "esp32c3", "esp32s3"};
    for (size_t c = 0; c < sizeof chips / sizeof chips[0]; c++) {
        uint32_t seen[SEEN];
        const size_t n = registers_of(chips[c], seen);
        assert_true(n > 8);
        for (size_t i = 0; i < n; i++) {
            for (int how = 0; how < KINDS; how++) {
                check_without(chips[c], seen[i], (enum odd)how);
            }
        }
    }
}

/* All of the efuses, and all of the flash's controller. */
static void test_unknowns(void **state)
{
    (void)state;
    struct odd_chip *o = malloc(sizeof *o);
    struct heard heard = {0};
    struct bm_link_config config = {.progress = progress, .ctx = &heard};
    struct bm_link_info info = {0};
    static const uint8_t none[6];
    assert_non_null(o);
    odd_open(o, "esp32");
    o->from = 0x3ff40000;
    o->to = 0x3ff70000;
    o->how = REFUSED;
    struct bm_link *link = must_open(&o->board, &config);
    assert_int_equal(bm_link_get_info(link, &info, NULL), BM_OK);
    assert_string_equal(info.chip->name, "ESP32");
    assert_memory_equal(info.mac, none, sizeof none);
    assert_true(info.revision_unknown && info.crystal_mhz == 0 && info.flash_id == 0);
    assert_true(info.secure_boot == -1 && info.flash_encryption == -1 && info.flash_size == 0);
    assert_non_null(strstr(heard.note, "taken for 4 MB"));
    check_write(&o->board, link, 0, 5000, 0, 0);
    bm_link_close(link, BM_AFTER_NONE);
    virtual_close(&o->board);
    free(o);
}

/* Starts a board, whose registers from..to take what is written and do nothing. */
static int start_on(const char *chip, uint32_t from, uint32_t to, int *loading)
{
    struct odd_chip *o = malloc(sizeof *o);
    struct bm_link_config config = {0};
    struct bm_diag diag = {0};
    assert_non_null(o);
    odd_open(o, chip);
    o->board.config.hold_boot = 0;
    struct bm_link *link = must_open(&o->board, &config);
    bm_sim_hold_boot(o->board.sim, 0);
    o->from = from;
    o->to = to;
    o->how = IGNORED;
    const int rc = bm_link_start(link, &diag);
    bm_link_close(link, BM_AFTER_NONE);
    *loading = bm_sim_state(o->board.sim) == BM_SIM_ROM;
    virtual_close(&o->board);
    free(o);
    return rc;
}

static void test_start(void **state)
{
    (void)state;
    int loading = 0;
    assert_int_equal(start_on("esp32", 0, 0, &loading), BM_OK);
    assert_false(loading);
    assert_int_equal(start_on("esp32c3", 0, 0, &loading), BM_OK);
    assert_false(loading);
    assert_int_equal(start_on("esp32c3", 0x60008000, 0x60009000, &loading), BM_E_VERIFY);
    assert_true(loading);
    assert_int_equal(start_on("esp32c6", 0, 0, &loading), BM_E_ARG);
    assert_true(loading);
}

/* A block refused once, as after a lost one, is not taken for a matter of its size for ever. */
static void test_blocks(void **state)
{
    (void)state;
    struct odd_chip *o = malloc(sizeof *o);
    struct bm_link_config config = {0};
    struct bm_diag diag = {0};
    uint8_t *data = fill(MB, 0, 1);
    assert_non_null(o);
    odd_open(o, "esp32c3");
    struct bm_link *link = must_open(&o->board, &config);
    MUST(bm_link_write(link, 0, data, 8192, BM_WRITE_PLAIN, &diag));
    const size_t usual = o->block;
    o->refuses = 1;
    MUST(bm_link_write(link, 0, data + 1, MB - 4096, BM_WRITE_PLAIN, &diag));
    assert_memory_equal(o->board.mem, data + 1, MB - 4096);
    assert_int_equal(o->block, usual);
    bm_link_close(link, BM_AFTER_NONE);
    virtual_close(&o->board);
    free(data);
    free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registers),
        cmocka_unit_test(test_unknowns),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
