/* SPDX-License-Identifier: Apache-2.0 */

/* The virtual board's loader against the mask ROMs: the host's side of every recorded conversation
 * goes in, and each answer must be the chip's, byte by byte; then what the recordings do not show.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/le.h"
#include "harness/check.h"
#include "harness/trace.h"
#include "harness/virtual.h"
#include "proto/rom.h"
#include "proto/slip.h"

enum { FLASH_SIZE = 0x400000, WIRE = 1 << 16 };

struct listener {
    struct bm_slip slip;
    uint8_t buf[WIRE];
    uint8_t wire[WIRE];
    size_t at, len;
};

static struct listener ear;

static void listen_anew(void)
{
    bm_slip_init(&ear.slip, ear.buf, sizeof ear.buf);
    ear.at = ear.len = 0;
}

static void open_board(struct virtual_board *b, const char *chip)
{
    virtual_init(b, chip, FLASH_SIZE);
    b->config.hold_boot = 1;
    b->config.revision = 0;
    virtual_open(b);
    listen_anew();
}

/* The next frame that the board sends within the time, or 0. */
static size_t next_frame(struct virtual_board *b, uint8_t **frame)
{
    for (;;) {
        if (ear.at == ear.len) {
            const int n = b->serial.ops->read(b->serial.ctx, ear.wire, sizeof ear.wire, 1000);
            if (n <= 0) {
                return 0;
            }
            ear.at = 0;
            ear.len = (size_t)n;
        }
        if (bm_slip_push(&ear.slip, ear.wire[ear.at++]) == BM_SLIP_FRAME) {
            *frame = ear.slip.buf;
            return ear.slip.len;
        }
    }
}

/* Replaying. */

static const uint8_t wrong_escape[] = {0xc0, 0x00, 0x0a, 0xdb, 0x41, 0xc0};

static void say(struct virtual_board *b, const struct test_trace_line *line)
{
    static uint8_t wire[WIRE];
    size_t len = test_trace_wire(line, wire, sizeof wire);
    if (!line->raw && line->len == 3) {
        memcpy(wire, wrong_escape, sizeof wrong_escape); /* README.md of the recordings */
        len = sizeof wrong_escape;
    }
    if (line->raw && line->len > 5) {
        wire[len++] = 0xc0; /* the end of a frame whose beginning was taken for an end */
    }
    assert_int_equal(b->serial.ops->write(b->serial.ctx, wire, len, 1000), BM_OK);
}

/* What belongs to the emulated chips that were recorded, not to the model: identity, straps, and
 * the fuses and oscillator of a first ESP32. */
static void become(struct virtual_board *b, const struct test_trace *trace)
{
    static const uint8_t mac[2][6] = {{0x10, 0x01, 0x00, 0xc4, 0x0a, 0x24},
                                      {0xc4, 0x0a, 0x24, 0xfe, 0x10, 0x01}};
    static const uint32_t registers[][2] = {
        {0x3ff6607c, 0x96042000}, {0x3ff5a010, 0}, {0x3ff40014, 0x15a}, {0x3ff44038, 0x0f}};
    const int is_esp32 = trace->chip->image_id == 0;
    virtual_init(b, trace->chip->id_name, FLASH_SIZE);
    memcpy(b->config.mac, mac[!is_esp32], sizeof mac[0]);
    b->config.hold_boot = 1;
    b->config.revision = is_esp32 ? 0 : 3;
    b->config.security.key_purpose[6] = 0x0c;
    b->config.security.api_version = 3;
    virtual_open(b);
    for (size_t i = 0; is_esp32 && i < sizeof registers / sizeof registers[0]; i++) {
        assert_int_equal(bm_sim_set_register(b->sim, registers[i][0], registers[i][1]), BM_OK);
    }
    listen_anew();
}

static void compare(struct virtual_board *b, const struct test_trace *trace, size_t i)
{
    const struct test_trace_line *line = &trace->lines[i];
    uint8_t *frame = NULL;
    if (line->raw) {
        return; /* boot log: test_sim_reset */
    }
    const size_t len = next_frame(b, &frame);
    if (len != line->len || memcmp(frame, line->data, len) != 0) {
        fail_msg("%s line %zu: %zu bytes %02x%02x.. instead of %zu bytes %02x%02x..", trace->name,
                 i + 1, len, len > 0 ? frame[0] : 0, len > 1 ? frame[1] : 0, line->len,
                 line->data[0], line->data[1]);
    }
}

/* Up to where the chip leaves the loader: what comes then is not the loader's. Returns the number
 * of answers. */
static unsigned replay(const char *name)
{
    struct test_trace trace;
    struct virtual_board b;
    uint8_t *frame = NULL;
    unsigned answers = 0;
    int left = 0;
    test_trace_load(&trace, name);
    become(&b, &trace);
    for (size_t i = 0; i < trace.count && !left;) {
        for (; i < trace.count && trace.lines[i].side == '>'; i++) {
            say(&b, &trace.lines[i]);
            left = !trace.lines[i].raw && trace.lines[i].data[1] == BM_ROM_FLASH_END;
        }
        for (; i < trace.count && trace.lines[i].side == '<'; i++) {
            if (left && trace.lines[i].data[1] != BM_ROM_FLASH_END) {
                break;
            }
            compare(&b, &trace, i);
            answers++;
        }
        assert_int_equal(left ? 0 : next_frame(&b, &frame), 0); /* and not one more */
    }
    virtual_close(&b);
    test_trace_free(&trace);
    return answers;
}

static void answers_are_the_roms(void **state)
{
    (void)state;
    unsigned answers = 0;
    for (const char *const *name = test_traces; *name != NULL; name++) {
        answers += replay(*name);
    }
    printf("%u answers of mask ROMs compared\n", answers);
    assert_true(answers > 1300);
}

/* Requests of our own. */

static void send_frame(struct virtual_board *b, const uint8_t *frame, size_t len)
{
    static uint8_t wire[WIRE];
    const size_t n = bm_slip_encode(wire, sizeof wire, frame, len);
    assert_true(n > 0);
    assert_int_equal(b->serial.ops->write(b->serial.ctx, wire, n, 1000), BM_OK);
}

/* Status and error of the one answer, which must be for this op: 0 for success, else the error. */
static int outcome(struct virtual_board *b, uint8_t op)
{
    struct bm_rom_reply reply;
    uint8_t *frame = NULL;
    const size_t len = next_frame(b, &frame);
    assert_true(len > 0);
    assert_int_equal(bm_rom_parse_reply(&reply, frame, len, BM_ROM_STATUS), BM_OK);
    assert_int_equal(reply.message.op, op);
    return reply.failed ? reply.error : 0;
}

static int ask(struct virtual_board *b, uint8_t op, const uint32_t *words, size_t count)
{
    uint8_t frame[64];
    send_frame(b, frame, bm_rom_format_words(frame, sizeof frame, op, words, count));
    return outcome(b, op);
}

static int ask_begin(struct virtual_board *b, uint8_t op, uint32_t size, uint32_t blocks,
                     uint32_t block, uint32_t off)
{
    const uint32_t words[5] = {size, blocks, block, off, 0};
    return ask(b, op, words, b->config.chip->begin_words);
}

static int ask_data(struct virtual_board *b, uint8_t op, uint32_t sequence, const void *data,
                    size_t len)
{
    static uint8_t frame[WIRE];
    send_frame(b, frame, bm_rom_format_data(frame, sizeof frame, op, sequence, data, len));
    return outcome(b, op);
}

static void blocks_by_rows(void **state)
{
    static const struct {
        uint32_t size, block, off;
        int error;
    } rows[] = {
        {0x400, 0x400, 0x9000, 0},      {0x1800, 0x1800, 0x9000, 0},
        {0x1c00, 0x1c00, 0x9000, 5},    {0x400, 0x400, 0x9100, 6},
        {0x400, 0x400, 0x9002, 6},      {0x1000, 0x400, 0x3ff000, 0},
        {0x2000, 0x400, 0x3ff000, 6},   {0, 0x400, 0, 0},
        {0xffffffff, 0x400, 0x9000, 6},
    };
    static const char *const chips[] = {"esp32", "esp32c3", "esp32s3", "esp32p4"};
    (void)state;
    for (size_t c = 0; c < 4; c++) {
        struct virtual_board b;
        open_board(&b, chips[c]);
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            assert_int_equal(
                ask_begin(&b, BM_ROM_FLASH_BEGIN, rows[i].size, 1, rows[i].block, rows[i].off),
                rows[i].error);
        }
        const uint32_t wrong[5] = {0x400, 1, 0x400, 0x9000, 0};
        assert_int_equal(ask(&b, BM_ROM_FLASH_BEGIN, wrong, 9u - b.config.chip->begin_words), 5);
        virtual_close(&b);
    }
}

static void a_damaged_block_cannot_be_sent_again(void **state)
{
    struct virtual_board b;
    uint8_t block[0x400];
    uint8_t frame[0x500];
    (void)state;
    open_board(&b, "esp32c3");
    memset(block, 0x5a, sizeof block);
    assert_int_equal(ask_begin(&b, BM_ROM_FLASH_BEGIN, 0x1000, 4, 0x400, 0x9000), 0);
    const size_t len =
        bm_rom_format_data(frame, sizeof frame, BM_ROM_FLASH_DATA, 0, block, sizeof block);
    frame[4] ^= 1;
    send_frame(&b, frame, len);
    assert_int_equal(outcome(&b, BM_ROM_FLASH_DATA), BM_ROM_E_CRC);
    assert_int_equal(ask_data(&b, BM_ROM_FLASH_DATA, 0, block, sizeof block), BM_ROM_E_INVALID);
    assert_int_equal(ask_data(&b, BM_ROM_FLASH_DATA, 1, block, sizeof block), 0);
    assert_memory_equal(b.mem + 0x9000, block, sizeof block); /* at the failed block's place */
    assert_int_equal(b.mem[0x9400], 0xff);
    assert_int_equal(ask_data(&b, BM_ROM_FLASH_DATA, 2, block, 300), 0);
    assert_int_equal(ask_data(&b, BM_ROM_FLASH_DATA, 3, block, 301), BM_ROM_E_INVALID);
    virtual_close(&b);
}

static void what_does_not_read_back_is_told(void **state)
{
    struct virtual_board b;
    uint8_t block[0x400];
    (void)state;
    virtual_init(&b, "esp32", FLASH_SIZE);
    b.config.hold_boot = 1;
    b.config.faults.bad_write = 1000000;
    virtual_open(&b);
    listen_anew();
    memset(block, 0xff, sizeof block);
    assert_int_equal(ask_begin(&b, BM_ROM_FLASH_BEGIN, 0x1000, 4, 0x400, 0), 0);
    assert_int_equal(ask_data(&b, BM_ROM_FLASH_DATA, 0, block, sizeof block), BM_ROM_E_WRITE);
    assert_int_equal(ask_data(&b, BM_ROM_FLASH_DATA, 0, block, sizeof block), BM_ROM_E_INVALID);
    virtual_close(&b);
}

enum { PLAIN = 3072 };

/* A stored block of PLAIN bytes of this value. Returns the stream's length. */
static size_t pack(uint8_t *out, uint8_t value)
{
    uint32_t a = 1;
    uint32_t b = 0;
    out[0] = 0x78;
    out[1] = 0x01;
    out[2] = 1;
    bm_put_le16(out + 3, PLAIN);
    bm_put_le16(out + 5, (uint16_t)~PLAIN);
    memset(out + 7, value, PLAIN);
    for (unsigned i = 0; i < PLAIN; i++) {
        a = (a + value) % 65521;
        b = (b + a) % 65521;
    }
    const uint32_t sum = b << 16 | a;
    for (unsigned i = 0; i < 4; i++) {
        out[7 + PLAIN + i] = (uint8_t)(sum >> (24 - 8 * i));
    }
    return 7 + PLAIN + 4;
}

static void compressed_writes(const char *chip, int overruns)
{
    struct virtual_board b;
    uint8_t stream[PLAIN + 16];
    open_board(&b, chip);
    /* The first leaves its bytes in the window, the second's image is as long. */
    for (unsigned i = 0; i < 2; i++) {
        const uint32_t off = i == 0 ? 0x20000 : 0x130000;
        const size_t len = pack(stream, i == 0 ? 0x11 : 0x22);
        assert_int_equal(ask_begin(&b, BM_ROM_FLASH_DEFL_BEGIN, PLAIN, 1, 0x1800, off), 0);
        assert_int_equal(ask_data(&b, BM_ROM_FLASH_DEFL_DATA, 0, stream, len), 0);
        assert_int_equal(b.mem[off + PLAIN - 1], i == 0 ? 0x11 : 0x22);
    }
    int dirty = 0;
    for (uint32_t at = 0x130000 + PLAIN; at < 0x138000; at++) {
        dirty |= b.mem[at] != 0xff;
    }
    assert_int_equal(dirty, overruns);
    assert_int_equal(b.mem[0x138000], 0xff);
    /* Damaged, and cut short. */
    assert_int_equal(ask_begin(&b, BM_ROM_FLASH_DEFL_BEGIN, PLAIN, 1, 0x1800, 0x40000), 0);
    assert_int_equal(ask_data(&b, BM_ROM_FLASH_DEFL_DATA, 0, "garbage!", 8), BM_ROM_E_DEFLATE);
    assert_int_equal(ask_begin(&b, BM_ROM_FLASH_DEFL_BEGIN, PLAIN, 1, 0x1800, 0x40000), 0);
    assert_int_equal(ask_data(&b, BM_ROM_FLASH_DEFL_DATA, 0, stream, PLAIN / 2),
                     BM_ROM_E_DEFLATE_SHORT);
    /* One block more than the stream has: nothing answers any more, until a reset. */
    uint8_t *frame = NULL;
    uint8_t more[64];
    const size_t len = pack(stream, 0x33);
    assert_int_equal(ask_begin(&b, BM_ROM_FLASH_DEFL_BEGIN, PLAIN, 2, 0x1800, 0x50000), 0);
    assert_int_equal(ask_data(&b, BM_ROM_FLASH_DEFL_DATA, 0, stream, len), 0);
    send_frame(&b, more,
               bm_rom_format_data(more, sizeof more, BM_ROM_FLASH_DEFL_DATA, 1, "1234", 4));
    assert_int_equal(next_frame(&b, &frame), 0);
    assert_int_equal(bm_sim_state(b.sim), BM_SIM_HUNG);
    bm_sim_reset(b.sim, b.now_us);
    listen_anew();
    assert_int_equal(bm_sim_state(b.sim), BM_SIM_ROM);
    virtual_close(&b);
}

static void compressed_writes_as_measured(void **state)
{
    (void)state;
    compressed_writes("esp32", 1);
    compressed_writes("esp32c3", 0);
}

static void an_md5_past_the_end_is_an_old_one(void **state)
{
    struct virtual_board b;
    uint8_t first[44];
    uint8_t *frame = NULL;
    static const uint32_t good[4] = {0, 0x1000, 0, 0};
    static const uint32_t bad[4] = {FLASH_SIZE - 0x1000, 0x2000, 0, 0};
    uint8_t request[64];
    (void)state;
    open_board(&b, "esp32");
    send_frame(&b, request,
               bm_rom_format_words(request, sizeof request, BM_ROM_SPI_FLASH_MD5, good, 4));
    assert_int_equal(next_frame(&b, &frame), sizeof first);
    memcpy(first, frame, sizeof first);
    assert_memory_equal(first + 8, "6ae59e64850377ee5470c854761551ea", 32); /* 4096 times 0xff */
    send_frame(&b, request,
               bm_rom_format_words(request, sizeof request, BM_ROM_SPI_FLASH_MD5, bad, 4));
    assert_int_equal(next_frame(&b, &frame), sizeof first);
    assert_memory_equal(frame + 8, first + 8, 32);
    assert_int_equal(frame[40], 1);
    assert_int_equal(frame[41], BM_ROM_E_READ);
    virtual_close(&b);
}

static void secure_download_knows_less(void **state)
{
    struct virtual_board b;
    uint8_t request[64];
    uint8_t *frame = NULL;
    static const uint32_t reg = BM_CHIP_MAGIC_REG;
    (void)state;
    virtual_init(&b, "esp32s3", FLASH_SIZE);
    b.config.hold_boot = 1;
    b.config.secure_download = 1;
    virtual_open(&b);
    listen_anew();
    send_frame(&b, request,
               bm_rom_format_words(request, sizeof request, BM_ROM_GET_SECURITY_INFO, NULL, 0));
    const size_t len = next_frame(&b, &frame);
    struct bm_chip_security info;
    assert_int_equal(bm_chip_parse_security(&info, frame + 8, len - 12), BM_OK);
    assert_true(info.flags & BM_CHIP_SECURE_DOWNLOAD);
    assert_int_equal(info.chip_id, 9);
    send_frame(&b, request, bm_rom_format_words(request, sizeof request, BM_ROM_READ_REG, &reg, 1));
    assert_int_equal(outcome(&b, BM_ROM_GET_SECURITY_INFO), BM_ROM_E_INVALID);
    assert_int_equal(ask_begin(&b, BM_ROM_FLASH_BEGIN, 0x1000, 4, 0x400, 0x9000), 0);
    b.config.chip = bm_chip_by_name("esp32");
    struct bm_sim *none = NULL;
    assert_int_equal(bm_sim_open(&none, &b.config), BM_E_ARG);
    virtual_close(&b);
}

/* What the flasher asks of a chip, through the flasher's own reading of registers. */
static int read_through(void *ctx, uint32_t addr, uint32_t *value)
{
    struct virtual_board *b = ctx;
    uint8_t request[16];
    uint8_t *frame = NULL;
    struct bm_rom_message m;
    send_frame(b, request, bm_rom_format_words(request, sizeof request, BM_ROM_READ_REG, &addr, 1));
    const size_t len = next_frame(b, &frame);
    const int rc = bm_rom_parse(&m, frame, len);
    *value = m.value;
    return rc;
}

static void each_chip_tells_what_it_is(void **state)
{
    (void)state;
    for (const struct bm_chip *chip = bm_chips; chip->name != NULL; chip++) {
        struct virtual_board b;
        uint32_t magic = 0;
        uint8_t mac[6];
        unsigned revision = 0;
        virtual_init(&b, chip->id_name, FLASH_SIZE);
        b.config.hold_boot = 1;
        b.config.revision = 101;
        virtual_open(&b);
        listen_anew();
        assert_int_equal(read_through(&b, BM_CHIP_MAGIC_REG, &magic), BM_OK);
        assert_ptr_equal(bm_chip_by_magic(magic), chip);
        assert_int_equal(bm_chip_read_mac(chip, read_through, &b, mac), BM_OK);
        assert_memory_equal(mac, b.config.mac, 6);
        assert_int_equal(bm_chip_read_revision(chip, read_through, &b, &revision), BM_OK);
        assert_int_equal(revision, 101);
        virtual_close(&b);
    }
}

/* A command of the flash, by way of the SPI controller, and its answer of 8 bits. */
static uint32_t flash_command(struct virtual_board *b, uint8_t command, uint32_t sent)
{
    const struct bm_chip_spi *spi = &b->config.chip->spi;
    const uint32_t writes[][4] = {
        {spi->base + spi->usr, BM_SPI_USR_COMMAND | BM_SPI_USR_MISO, 0xffffffff, 0},
        {spi->base + spi->miso_dlen, 7, 0xffffffff, 0},
        {spi->base + spi->usr2, 0x70000000u | command, 0xffffffff, 0},
        {spi->base + spi->w0, sent, 0xffffffff, 0},
        {spi->base + BM_SPI_CMD, BM_SPI_CMD_USR, 0xffffffff, 0}};
    uint32_t answer = 0;
    for (size_t i = 0; i < sizeof writes / sizeof writes[0]; i++) {
        assert_int_equal(ask(b, BM_ROM_WRITE_REG, writes[i], 4), 0);
    }
    assert_int_equal(read_through(b, spi->base + spi->w0, &answer), BM_OK);
    return answer;
}

/* The flash's status wants to be opened first, for once, and outlives a reset of the chip. */
static void the_flash_keeps_its_status(void **state)
{
    enum { WRITE = 0x01, READ = 0x05, READ_2 = 0x35, OPEN = 0x06, CLOSE = 0x04, VOLATILE = 0x50 };
    struct virtual_board b;
    (void)state;
    open_board(&b, "esp32c3");
    (void)flash_command(&b, WRITE, 0x0200);
    assert_int_equal(flash_command(&b, READ_2, 0), 0);
    (void)flash_command(&b, VOLATILE, 0);
    assert_int_equal(flash_command(&b, READ, 0), 0);
    (void)flash_command(&b, WRITE, 0x021c);
    assert_int_equal(flash_command(&b, READ, 0), 0x1c);
    assert_int_equal(flash_command(&b, READ_2, 0), 0x02);
    (void)flash_command(&b, WRITE, 0);
    assert_int_equal(flash_command(&b, READ, 0), 0x1c);
    (void)flash_command(&b, OPEN, 0);
    assert_int_equal(flash_command(&b, READ, 0), 0x1e);
    (void)flash_command(&b, CLOSE, 0);
    (void)flash_command(&b, WRITE, 0);
    assert_int_equal(flash_command(&b, READ, 0), 0x1c);
    bm_sim_reset(b.sim, b.now_us);
    listen_anew();
    assert_int_equal(flash_command(&b, READ, 0), 0x1c);
    virtual_close(&b);
}

static void the_speed_must_agree(void **state)
{
    struct virtual_board b;
    uint8_t *frame = NULL;
    static const uint32_t faster[2] = {460800, 115200};
    static const uint32_t reg = BM_CHIP_MAGIC_REG;
    uint8_t request[64];
    uint32_t magic = 0;
    (void)state;
    open_board(&b, "esp32c3");
    b.serial.ops->set_baud(&b, 115200);
    assert_int_equal(read_through(&b, reg, &magic), BM_OK);
    assert_int_equal(ask(&b, BM_ROM_CHANGE_BAUDRATE, faster, 2), 0);
    /* Still at the old speed: it hears garbage, and so do we. */
    send_frame(&b, request, bm_rom_format_words(request, sizeof request, BM_ROM_READ_REG, &reg, 1));
    assert_int_equal(next_frame(&b, &frame), 0);
    b.serial.ops->set_baud(&b, 460000); /* near enough */
    request[0] = 0xc0;
    b.serial.ops->write(&b, request, 1, 100); /* ends what garbage there was */
    (void)next_frame(&b, &frame);
    listen_anew();
    assert_int_equal(read_through(&b, reg, &magic), BM_OK);
    assert_int_equal(magic, b.config.chip->magic[0]);
    virtual_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_the_roms),
        cmocka_unit_test(blocks_by_rows),
        cmocka_unit_test(a_damaged_block_cannot_be_sent_again),
        cmocka_unit_test(what_does_not_read_back_is_told),
        cmocka_unit_test(compressed_writes_as_measured),
        cmocka_unit_test(an_md5_past_the_end_is_an_old_one),
        cmocka_unit_test(secure_download_knows_less),
        cmocka_unit_test(each_chip_tells_what_it_is),
        cmocka_unit_test(the_flash_keeps_its_status),
        cmocka_unit_test(the_speed_must_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
