/* SPDX-License-Identifier: Apache-2.0 */

/* The flasher stub: loaded as esptool does it, and what is said to it then. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/le.h"
#include "crypto/crypto.h"
#include "harness/virtual.h"
#include "proto/rom.h"
#include "proto/slip.h"

enum { FLASH_SIZE = 0x400000, WIRE = 1 << 17, BLOCK = 0x4000 };

static struct virtual_board board;
static struct bm_slip ear;
static uint8_t heard[WIRE];
static uint8_t wire[WIRE];
static uint8_t frame[WIRE];

static size_t next_frame(void)
{
    uint8_t byte = 0;
    while (board.serial.ops->read(&board, &byte, 1, 2000) == 1) {
        if (bm_slip_push(&ear, byte) == BM_SLIP_FRAME) {
            return ear.len;
        }
    }
    return 0;
}

static void send_frame(const uint8_t *data, size_t len)
{
    const size_t n = bm_slip_encode(wire, sizeof wire, data, len);
    assert_true(n > 0);
    assert_int_equal(board.serial.ops->write(&board, wire, n, 1000), BM_OK);
}

/* The first byte of a stub's status, or of the ROM's; the payload's length. */
static int outcome(uint8_t op, size_t status, size_t *payload)
{
    struct bm_rom_reply reply;
    const size_t len = next_frame();
    assert_int_equal(bm_rom_parse_reply(&reply, ear.buf, len, status), BM_OK);
    assert_int_equal(reply.message.op, op);
    if (payload != NULL) {
        *payload = reply.payload_len;
    }
    return ear.buf[BM_ROM_HEADER + reply.payload_len];
}

static int ask(uint8_t op, const uint32_t *words, size_t count)
{
    send_frame(frame, bm_rom_format_words(frame, sizeof frame, op, words, count));
    return outcome(op, BM_ROM_STUB_STATUS, NULL);
}

static int ask_data(uint8_t op, uint32_t sequence, const void *data, size_t len)
{
    send_frame(frame, bm_rom_format_data(frame, sizeof frame, op, sequence, data, len));
    return outcome(op, BM_ROM_STUB_STATUS, NULL);
}

/* Loads so many bytes to an address. */
static void load(uint32_t at, uint32_t size)
{
    const uint32_t begin[4] = {size, 1, 0x1800, at};
    memset(heard, 0, sizeof heard);
    send_frame(frame, bm_rom_format_words(frame, sizeof frame, BM_ROM_MEM_BEGIN, begin, 4));
    assert_int_equal(outcome(BM_ROM_MEM_BEGIN, BM_ROM_STATUS, NULL), 0);
    uint8_t *code = calloc(1, size);
    assert_non_null(code);
    send_frame(frame, bm_rom_format_data(frame, sizeof frame, BM_ROM_MEM_DATA, 0, code, size));
    free(code);
    assert_int_equal(outcome(BM_ROM_MEM_DATA, BM_ROM_STATUS, NULL), 0);
}

static void start(uint32_t entry)
{
    const uint32_t end[2] = {entry == 0, entry};
    send_frame(frame, bm_rom_format_words(frame, sizeof frame, BM_ROM_MEM_END, end, 2));
    assert_int_equal(outcome(BM_ROM_MEM_END, BM_ROM_STATUS, NULL), 0);
}

static int open_stub(void **state)
{
    (void)state;
    virtual_init(&board, "esp32s3", FLASH_SIZE);
    board.config.hold_boot = 1;
    virtual_open(&board);
    bm_slip_init(&ear, heard, sizeof heard);
    (void)virtual_listen(&board, wire, sizeof wire, 10);
    load(0x40378000, 0x1000);
    load(0x3fcb2000, 0x100);
    start(0x40378010);
    assert_int_equal(next_frame(), 4);
    assert_memory_equal(ear.buf, "OHAI", 4);
    assert_int_equal(bm_sim_state(board.sim), BM_SIM_STUB);
    return 0;
}

static int close_stub(void **state)
{
    (void)state;
    virtual_close(&board);
    return 0;
}

static void it_says_what_it_is(void **state)
{
    static const uint32_t magic = BM_CHIP_MAGIC_REG;
    struct bm_rom_message m;
    (void)state;
    /* Eight answers to SYNC, as the ROM gives, but with value 0: so hosts see that it is running.
     */
    send_frame(frame,
               bm_rom_format(frame, sizeof frame, 0, BM_ROM_SYNC, 0, bm_rom_sync, BM_ROM_SYNC_LEN));
    assert_int_equal(outcome(BM_ROM_SYNC, BM_ROM_STUB_STATUS, NULL), 0);
    assert_int_equal(bm_rom_parse(&m, ear.buf, ear.len), BM_OK);
    assert_int_equal(m.value, 0);
    for (unsigned i = 1; i < 8; i++) {
        assert_int_not_equal(next_frame(), 0);
    }
    assert_int_equal(next_frame(), 0);
    assert_int_equal(ask(BM_ROM_READ_REG, &magic, 1), 0);
    assert_int_equal(bm_rom_parse(&m, ear.buf, ear.len), BM_OK);
    assert_int_equal(m.value, board.config.chip->magic[0]);
    assert_int_equal(ask(0x77, NULL, 0), 0xff);
    assert_int_equal(ask(BM_ROM_ERASE_REGION, &magic, 1), 0xc0);
}

static void it_writes_and_tells_the_md5(void **state)
{
    static uint8_t data[3 * BLOCK];
    uint8_t digest[16];
    const uint32_t begin[4] = {sizeof data - 100, 3, BLOCK, 0x9000};
    const uint32_t range[4] = {0x9000, sizeof data - 100, 0, 0};
    const uint32_t stay = 1;
    struct bm_hash md5;
    size_t payload = 0;
    (void)state;
    memset(board.mem, 0, FLASH_SIZE);
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 7 + i / 256);
    }
    assert_int_equal(ask_data(BM_ROM_FLASH_DATA, 0, data, 64), 0xc6);
    assert_int_equal(ask(BM_ROM_FLASH_BEGIN, begin, 4), 0);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(ask_data(BM_ROM_FLASH_DATA, i, data + (size_t)i * BLOCK, BLOCK), 0);
    }
    assert_int_equal(ask(BM_ROM_FLASH_END, &stay, 1), 0);
    assert_memory_equal(board.mem + 0x9000, data, sizeof data - 100);
    assert_int_equal(board.mem[0x8fff], 0);
    assert_int_equal(board.mem[0x9000 + sizeof data - 1], 0xff); /* erased to the sector's end */
    assert_int_equal(board.mem[0x9000 + sizeof data], 0);
    send_frame(frame, bm_rom_format_words(frame, sizeof frame, BM_ROM_SPI_FLASH_MD5, range, 4));
    assert_int_equal(outcome(BM_ROM_SPI_FLASH_MD5, BM_ROM_STUB_STATUS, &payload), 0);
    assert_int_equal(payload, 16);
    assert_int_equal(bm_hash_openssl_md5(&md5), BM_OK);
    assert_int_equal(md5.start(md5.ctx), BM_OK);
    assert_int_equal(md5.add(md5.ctx, data, sizeof data - 100), BM_OK);
    assert_int_equal(md5.finish(md5.ctx, digest), BM_OK);
    bm_hash_openssl_close(&md5);
    assert_memory_equal(ear.buf + BM_ROM_HEADER, digest, 16);
    assert_int_equal(ask(BM_ROM_FLASH_BEGIN, (const uint32_t[]){16, 1, 0x8000, 0}, 4), 0xc2);
}

static void it_inflates(void **state)
{
    static uint8_t plain[200000];
    static uint8_t packed[200000];
    uLongf len = sizeof packed;
    const uint32_t stay = 1;
    (void)state;
    for (size_t i = 0; i < sizeof plain; i++) {
        plain[i] = (uint8_t)((i * i) >> 9);
    }
    assert_int_equal(compress(packed, &len, plain, sizeof plain), Z_OK);
    const uint32_t begin[4] = {sizeof plain, (uint32_t)(len / 1000 + 1), 1000, 0x20000};
    assert_int_equal(ask(BM_ROM_FLASH_DEFL_BEGIN, begin, 4), 0);
    for (uint32_t i = 0; (size_t)i * 1000 < len; i++) {
        const size_t n = len - (size_t)i * 1000 < 1000 ? len - (size_t)i * 1000 : 1000;
        assert_int_equal(ask_data(BM_ROM_FLASH_DEFL_DATA, i, packed + (size_t)i * 1000, n), 0);
    }
    assert_int_equal(ask(BM_ROM_FLASH_DEFL_END, &stay, 1), 0);
    assert_memory_equal(board.mem + 0x20000, plain, sizeof plain);
    /* Errors come with the next answer: damaged, too short, too long. */
    assert_int_equal(ask(BM_ROM_FLASH_DEFL_BEGIN, begin, 4), 0);
    assert_int_equal(ask_data(BM_ROM_FLASH_DEFL_DATA, 0, "garbage!", 8), 0);
    assert_int_equal(ask_data(BM_ROM_FLASH_DEFL_DATA, 1, "garbage!", 8), 0xc7);
    const uint32_t more[4] = {sizeof plain + 5, 1, BLOCK, 0x20000};
    const uint32_t less[4] = {sizeof plain - 5, 1, BLOCK, 0x20000};
    for (unsigned k = 0; k < 2; k++) {
        assert_int_equal(ask(BM_ROM_FLASH_DEFL_BEGIN, k == 0 ? more : less, 4), 0);
        for (size_t at = 0; at < len; at += BLOCK) {
            const size_t n = len - at < BLOCK ? len - at : BLOCK;
            assert_int_equal(ask_data(BM_ROM_FLASH_DEFL_DATA, 0, packed + at, n), 0);
        }
        assert_int_equal(ask(BM_ROM_FLASH_DEFL_END, &stay, 1), k == 0 ? 0xc8 : 0xc9);
    }
}

static void it_erases(void **state)
{
    (void)state;
    memset(board.mem, 0, FLASH_SIZE);
    assert_int_equal(ask(BM_ROM_ERASE_REGION, (const uint32_t[]){0x3000, 0x2000}, 2), 0);
    assert_int_equal(board.mem[0x2fff], 0);
    assert_int_equal(board.mem[0x3000], 0xff);
    assert_int_equal(board.mem[0x4fff], 0xff);
    assert_int_equal(board.mem[0x5000], 0);
    assert_int_equal(ask(BM_ROM_ERASE_REGION, (const uint32_t[]){0x3100, 0x1000}, 2), 0xc4);
    assert_int_equal(ask(BM_ROM_ERASE_REGION, (const uint32_t[]){FLASH_SIZE, 0x1000}, 2), 0xc4);
    assert_int_equal(ask(BM_ROM_ERASE_FLASH, NULL, 0), 0);
    assert_int_equal(board.mem[0], 0xff);
    assert_int_equal(board.mem[FLASH_SIZE - 1], 0xff);
}

static void acknowledge(uint32_t received)
{
    uint8_t word[4];
    bm_put_le32(word, received);
    send_frame(word, sizeof word);
}

static void it_reads_as_fast_as_it_is_acknowledged(void **state)
{
    enum { LEN = 10 * 0x1000 + 100, WINDOW = 3 };
    const uint32_t words[4] = {0x5000, LEN, 0x1000, WINDOW};
    uint32_t got = 0;
    (void)state;
    for (uint32_t i = 0; i < FLASH_SIZE; i++) {
        board.mem[i] = (uint8_t)(i ^ (i >> 8));
    }
    assert_int_equal(ask(BM_ROM_READ_FLASH, words, 4), 0);
    for (unsigned i = 0; i < WINDOW; i++) {
        assert_int_equal(next_frame(), 0x1000);
        assert_memory_equal(ear.buf, board.mem + 0x5000 + got, 0x1000);
        got += 0x1000;
    }
    assert_int_equal(next_frame(), 0); /* it waits */
    while (got < LEN) {
        acknowledge(got - (WINDOW - 1) * 0x1000);
        const size_t n = next_frame();
        assert_int_equal(n, LEN - got < 0x1000 ? LEN - got : 0x1000);
        assert_memory_equal(ear.buf, board.mem + 0x5000 + got, n);
        got += (uint32_t)n;
    }
    acknowledge(got);
    assert_int_equal(next_frame(), 16);                                       /* MD5 */
    assert_int_equal(ask(BM_ROM_SPI_ATTACH, (const uint32_t[]){0, 0}, 2), 0); /* a command again */
    /* An acknowledgement of what was not sent ends it. */
    assert_int_equal(ask(BM_ROM_READ_FLASH, words, 4), 0);
    for (unsigned i = 0; i < WINDOW; i++) {
        assert_int_equal(next_frame(), 0x1000);
    }
    acknowledge(LEN + 1);
    assert_int_equal(next_frame(), 0);
}

static void it_leaves(void **state)
{
    const uint32_t baud[2] = {921600, 115200};
    (void)state;
    board.serial.ops->set_baud(&board, 115200);
    assert_int_equal(ask(BM_ROM_CHANGE_BAUDRATE, baud, 2), 0);
    board.serial.ops->set_baud(&board, 921600);
    assert_int_equal(ask(BM_ROM_SPI_ATTACH, (const uint32_t[]){0, 0}, 2), 0);
    bm_sim_hold_boot(board.sim, 0);
    board.serial.ops->set_baud(&board, 115200);
    board.serial.ops->set_baud(&board, 921600);
    send_frame(frame, bm_rom_format_words(frame, sizeof frame, BM_ROM_RUN_USER_CODE, NULL, 0));
    assert_true(virtual_listen(&board, wire, 100, 10) > 0);
    assert_int_not_equal(bm_sim_state(board.sim), BM_SIM_STUB);
}

/* A jump to where nothing was loaded is a crash. */
static void only_what_was_loaded_can_start(void **state)
{
    (void)state;
    virtual_init(&board, "esp32", FLASH_SIZE);
    board.config.hold_boot = 1;
    virtual_open(&board);
    bm_slip_init(&ear, heard, sizeof heard);
    const uint32_t nowhere[4] = {16, 1, 0x1800, 0x10000000};
    send_frame(frame, bm_rom_format_words(frame, sizeof frame, BM_ROM_MEM_BEGIN, nowhere, 4));
    assert_int_equal(outcome(BM_ROM_MEM_BEGIN, BM_ROM_STATUS, NULL), 1);
    load(0x400be000, 0x400);
    start(0); /* stay */
    assert_int_equal(bm_sim_state(board.sim), BM_SIM_ROM);
    start(0x400bf000);
    assert_int_equal(next_frame(), 0);
    assert_int_equal(bm_sim_state(board.sim), BM_SIM_HUNG);
    virtual_close(&board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_says_what_it_is, open_stub, close_stub),
        cmocka_unit_test_setup_teardown(it_writes_and_tells_the_md5, open_stub, close_stub),
        cmocka_unit_test_setup_teardown(it_inflates, open_stub, close_stub),
        cmocka_unit_test_setup_teardown(it_erases, open_stub, close_stub),
        cmocka_unit_test_setup_teardown(it_reads_as_fast_as_it_is_acknowledged, open_stub,
                                        close_stub),
        cmocka_unit_test_setup_teardown(it_leaves, open_stub, close_stub),
        cmocka_unit_test(only_what_was_loaded_can_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
