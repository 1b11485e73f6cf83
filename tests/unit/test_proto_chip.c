/* SPDX-License-Identifier: Apache-2.0 */

/* Chip rows: against what esptool asked of the mask ROMs of two chips, and against themselves. */

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
#include "harness/trace.h"
#include "proto/chip.h"
#include "proto/rom.h"

/* Registers as a trace gives them: the value of a READ_REG is in the frame after it. */
struct registers {
    const struct test_trace *trace;
    uint8_t used[256]; /* of the lines: 1 */
};

static int is_read(const struct test_trace_line *line, uint32_t addr)
{
    return line->side == '>' && line->len == 12 && line->data[1] == BM_ROM_READ_REG &&
           bm_get_le32(line->data + BM_ROM_HEADER) == addr;
}

/* A reader over a trace; asserts that esptool read this register, too. */
static int read_trace(void *ctx, uint32_t addr, uint32_t *value)
{
    struct registers *registers = ctx;
    const struct test_trace *trace = registers->trace;
    int found = 0;
    for (size_t i = 0; i + 1 < trace->count && i < sizeof registers->used; i++) {
        if (is_read(&trace->lines[i], addr)) {
            if (!found) {
                *value = bm_get_le32(trace->lines[i + 1].data + 4);
            }
            registers->used[i] = 1;
            found = 1;
        }
    }
    if (!found) {
        fail_msg("%s does not read 0x%x", trace->name, (unsigned)addr);
    }
    return BM_OK;
}

static const struct {
    const char *trace;
    const char *chip;
    uint8_t mac[6];
    unsigned revision, crystal;
} known[] = {
    {"esp32-flash-id", "esp32", {0x10, 0x01, 0x00, 0xc4, 0x0a, 0x24}, 0, 40},
    {"esp32c3-flash-id", "esp32c3", {0xc4, 0x0a, 0x24, 0xfe, 0x10, 0x01}, 3, 40},
};

static const struct bm_chip *chip_of_trace(struct registers *registers)
{
    const struct test_trace *trace = registers->trace;
    for (size_t i = 0; i < trace->count; i++) {
        struct bm_rom_reply r;
        struct bm_chip_security security;
        if (trace->lines[i].side == '<' &&
            bm_rom_parse_reply(&r, trace->lines[i].data, trace->lines[i].len, BM_ROM_STATUS) ==
                BM_OK &&
            r.message.op == BM_ROM_GET_SECURITY_INFO && !r.failed) {
            assert_int_equal(bm_chip_parse_security(&security, r.payload, r.payload_len), BM_OK);
            assert_int_equal(security.flags, 0);
            return bm_chip_by_image_id(security.chip_id);
        }
    }
    uint32_t magic = 0;
    (void)read_trace(registers, BM_CHIP_MAGIC_REG, &magic);
    return bm_chip_by_magic(magic);
}

/* By our rows: who is it? */
static void check_identity(size_t k, struct registers *registers)
{
    uint8_t mac[6];
    unsigned number = 0;
    enum bm_chip_port port;
    const struct bm_chip *chip = chip_of_trace(registers);
    assert_non_null(chip);
    assert_string_equal(chip->id_name, known[k].chip);
    assert_ptr_equal(chip, registers->trace->chip);
    assert_int_equal(bm_chip_read_mac(chip, read_trace, registers, mac), BM_OK);
    assert_memory_equal(mac, known[k].mac, 6);
    assert_int_equal(bm_chip_read_revision(chip, read_trace, registers, &number), BM_OK);
    assert_int_equal(number, known[k].revision);
    assert_int_equal(bm_chip_read_port(chip, read_trace, registers, number, &port), BM_OK);
    assert_int_equal(port, BM_CHIP_PORT_UART);
    assert_int_equal(bm_chip_read_package(chip, read_trace, registers, &number), BM_OK);
    assert_int_equal(number, 0);
    assert_int_equal(bm_chip_read_crystal(chip, read_trace, registers, BM_ROM_BAUD, &number),
                     BM_OK);
    assert_int_equal(number, known[k].crystal);
}

/* The flash's id, out of the first command given to the SPI controller. */
static void check_flash_id(const struct test_trace *trace)
{
    const struct bm_chip_spi *spi = &trace->chip->spi;
    uint32_t wrote[0x100] = {0};
    for (size_t i = 0; i + 1 < trace->count; i++) {
        const struct test_trace_line *line = &trace->lines[i];
        const uint8_t *data = line->data + BM_ROM_HEADER;
        if (line->side == '>' && line->data[1] == BM_ROM_WRITE_REG &&
            bm_get_le32(data) - spi->base < sizeof wrote / sizeof wrote[0]) {
            wrote[bm_get_le32(data) - spi->base] = bm_get_le32(data + 4);
        }
        if (is_read(line, spi->base + spi->w0)) {
            assert_int_equal(wrote[BM_SPI_CMD], BM_SPI_CMD_USR);
            assert_int_equal(wrote[spi->usr], BM_SPI_USR_COMMAND | BM_SPI_USR_MISO);
            assert_int_equal(wrote[spi->usr2], (7u << BM_SPI_USR2_LEN_SHIFT) | 0x9f);
            assert_int_equal(wrote[spi->miso_dlen], 23);
            assert_int_equal(bm_get_le32(trace->lines[i + 1].data + 4), 0x1640c8);
            return;
        }
    }
    fail_msg("%s never reads the answer", trace->name);
}

/* The second command reads at an address, 16, which stands where the row says. */
static void check_address(const struct test_trace *trace)
{
    for (size_t i = 0; i < trace->count; i++) {
        const struct test_trace_line *line = &trace->lines[i];
        const uint8_t *data = line->data + BM_ROM_HEADER;
        if (line->side == '>' && line->data[1] == BM_ROM_WRITE_REG &&
            bm_get_le32(data) == trace->chip->spi.base + BM_SPI_ADDR) {
            assert_int_equal(bm_get_le32(data + 4), trace->chip->spi.addr_msb ? 16u << 8 : 16u);
            return;
        }
    }
    fail_msg("%s never writes an address", trace->name);
}

/* Registers of the flash's supply and pins, which esptool shows and nothing here needs. */
static int is_shown_only(uint32_t addr)
{
    static const uint32_t shown[] = {0x3ff48074, 0x3ff5a010, 0x3ff5a018, 0x3ff44038};
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        if (shown[i] == addr) {
            return 1;
        }
    }
    return 0;
}

/* Each register that esptool read is one we read, of the SPI controller, or one of the few above.
 */
static void check_explained(struct registers *registers)
{
    const struct test_trace *trace = registers->trace;
    const struct bm_chip_spi *spi = &trace->chip->spi;
    assert_true(trace->count < sizeof registers->used);
    for (size_t i = 0; i < trace->count; i++) {
        const struct test_trace_line *line = &trace->lines[i];
        if (line->side != '>' || line->data[1] != BM_ROM_READ_REG || registers->used[i]) {
            continue;
        }
        const uint32_t addr = bm_get_le32(line->data + BM_ROM_HEADER);
        const uint32_t at = addr - spi->base;
        if (at != BM_SPI_CMD && at != spi->usr && at != spi->usr2 && at != spi->w0 &&
            !is_shown_only(addr)) {
            fail_msg("%s reads 0x%x: why?", trace->name, (unsigned)addr);
        }
    }
}

static void test_traces_know(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
        struct test_trace trace;
        test_trace_load(&trace, known[k].trace);
        struct registers registers = {.trace = &trace};
        check_identity(k, &registers);
        check_explained(&registers);
        check_flash_id(&trace);
        check_address(&trace);
        test_trace_free(&trace);
    }
}

/* A board that does not exist: its registers and the traces agree, where the traces tell of them.
 */
static void test_registers_as_traced(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
        struct test_trace trace;
        test_trace_load(&trace, known[k].trace);
        const struct bm_chip *chip = trace.chip;
        struct bm_chip_identity id = {.revision = known[k].revision};
        memcpy(id.mac, known[k].mac, 6);
        size_t told = 0;
        for (size_t i = 0; i + 1 < trace.count; i++) {
            uint32_t value = 0;
            if (trace.lines[i].side != '>' || trace.lines[i].data[1] != BM_ROM_READ_REG) {
                continue;
            }
            const uint32_t addr = bm_get_le32(trace.lines[i].data + BM_ROM_HEADER);
            if (!bm_chip_register(chip, &id, addr, &value) || addr == chip->uart_clkdiv ||
                addr == 0x3ff6607c || addr == 0x3ff5a010) {
                continue; /* a divider by the clock's drift; a date; a calibration */
            }
            assert_int_equal(bm_get_le32(trace.lines[i + 1].data + 4),
                             chip->image_id == 5 && addr == chip->efuse + 4 ? value & 0xffff
                                                                            : value);
            told++;
        }
        assert_true(told >= 8);
        test_trace_free(&trace);
    }
}

struct made {
    const struct bm_chip *chip;
    struct bm_chip_identity id;
};

static int read_made(void *ctx, uint32_t addr, uint32_t *value)
{
    const struct made *made = ctx;
    *value = 0;
    return bm_chip_register(made->chip, &made->id, addr, value) ? BM_OK : BM_E_NOENT;
}

static void check_made(struct made *made)
{
    const struct bm_chip *chip = made->chip;
    uint8_t mac[6];
    unsigned number = 0;
    uint32_t sent = 0;
    enum bm_chip_port port;
    assert_int_equal(bm_chip_read_mac(chip, read_made, made, mac), BM_OK);
    assert_memory_equal(mac, made->id.mac, 6);
    assert_int_equal(bm_chip_read_revision(chip, read_made, made, &number), BM_OK);
    assert_int_equal(number, made->id.revision);
    assert_int_equal(bm_chip_read_package(chip, read_made, made, &number), BM_OK);
    assert_int_equal(number, made->id.package);
    assert_int_equal(bm_chip_read_port(chip, read_made, made, made->id.revision, &port), BM_OK);
    assert_int_equal(port, made->id.port);
    assert_int_equal(bm_chip_read_crystal(chip, read_made, made, BM_ROM_BAUD, &number), BM_OK);
    assert_int_equal(number, chip->crystal_mhz);
    assert_int_equal(bm_chip_read_rom_baud(chip, read_made, made, BM_ROM_BAUD, 921600, &sent),
                     BM_OK);
    assert_int_equal(sent, 921600);
    if (chip->magic[0] != 0) {
        uint32_t magic = 0;
        assert_int_equal(read_made(made, BM_CHIP_MAGIC_REG, &magic), BM_OK);
        assert_ptr_equal(bm_chip_by_magic(magic), chip);
    }
}

/* Highest number that fits. */
static unsigned most(struct bm_chip_field field)
{
    return (1u << (field.lo.width + field.hi.width)) - 1;
}

static void test_made_boards(void **state)
{
    (void)state;
    for (const struct bm_chip *chip = bm_chips; chip->name != NULL; chip++) {
        const unsigned majors = chip->image_id == 0 ? 3 : most(chip->major);
        for (unsigned major = 0; major <= majors; major++) {
            for (unsigned minor = 0; minor <= most(chip->minor); minor++) {
                struct made made = {chip, {{0xf0, 0xe1, 0xd2, 0xc3, 0xb4, 0xa5}, 0, 0, 0}};
                made.id.revision = major * 100 + minor;
                made.id.package = minor % (most(chip->package) + 1);
                made.id.port = chip->usb.jtag != 0 && minor % 3 == 1  ? BM_CHIP_PORT_USB_JTAG
                               : chip->usb.otg != 0 && minor % 3 == 2 ? BM_CHIP_PORT_USB_OTG
                                                                      : BM_CHIP_PORT_UART;
                check_made(&made);
            }
        }
    }
}

/* Registers that a test sets one by one. */
struct table {
    uint32_t addr[8], value[8];
};

static int read_table(void *ctx, uint32_t addr, uint32_t *value)
{
    const struct table *table = ctx;
    *value = 0;
    for (size_t i = 0; i < 8; i++) {
        if (table->addr[i] == addr) {
            *value = table->value[i];
        }
    }
    return BM_OK;
}

static void expect_baud(const char *chip, struct table table, uint32_t sent)
{
    uint32_t got = 0;
    assert_int_equal(
        bm_chip_read_rom_baud(bm_chip_by_name(chip), read_table, &table, BM_ROM_BAUD, 460800, &got),
        BM_OK);
    assert_int_equal(got, sent);
}

static void test_baud(void **state)
{
    (void)state;
    /* A real ESP32's calibration, one with nothing in it, and a 26 MHz crystal taken for 40. */
    expect_baud("esp32", (struct table){{0x3ff5f06c, 0x3ff5a010}, {12000u << 7, 8}}, 432000);
    expect_baud("esp32", (struct table){{0}, {0}}, 460800);
    expect_baud("esp32c2", (struct table){{0x60000014}, {226}}, 460800u * 40 / 26);
    expect_baud("esp32c2", (struct table){{0x60000014}, {347}}, 460800);
    expect_baud("esp32c5", (struct table){{0x60000014, 0x60096110}, {417, 40u << 24}}, 384000);
    expect_baud("esp32c5", (struct table){{0x60000014, 0x60096110}, {347, 48u << 24}}, 552960);
    expect_baud("esp32c5", (struct table){{0x60000014, 0x60096110}, {347, 40u << 24}}, 460800);
    expect_baud("esp32c5", (struct table){{0}, {0}}, 460800);
    expect_baud("esp32s3", (struct table){{0}, {0}}, 460800);
}

static void test_odd_revisions(void **state)
{
    (void)state;
    unsigned revision = 0;
    /* The first S3: layout 1.1, and something else where the major number is. */
    struct table s3 = {{0x60007050, 0x60007058, 0x6000706c}, {1u << 24, 3u << 24, 1}};
    const struct bm_chip *chip = bm_chip_by_name("esp32s3");
    assert_int_equal(bm_chip_read_revision(chip, read_table, &s3, &revision), BM_OK);
    assert_int_equal(revision, 0);
    s3.value[2] = 2;
    assert_int_equal(bm_chip_read_revision(chip, read_table, &s3, &revision), BM_OK);
    assert_int_equal(revision, 300);
    /* ESP32: of the eight patterns four are in use. */
    static const unsigned of[8] = {0, 100, 0, 200, 0, 0, 0, 300};
    for (unsigned bits = 0; bits < 8; bits++) {
        struct table t = {{0x3ff5a00c, 0x3ff5a014, 0x3ff6607c},
                          {(bits & 1) << 15, (bits & 2) << 19, (bits & 4) << 29}};
        assert_int_equal(bm_chip_read_revision(bm_chip_by_name("esp32"), read_table, &t, &revision),
                         BM_OK);
        assert_int_equal(revision, of[bits]);
    }
}

static void test_security(void **state)
{
    (void)state;
    int boot = -1;
    int encryption = -1;
    const struct bm_chip *chip = bm_chip_by_name("esp32");
    struct table t = {{0x3ff5a000, 0x3ff5a018}, {7u << 20, 1u << 5}};
    assert_int_equal(bm_chip_read_security(chip, read_table, &t, 300, &boot, &encryption), BM_OK);
    assert_int_equal(boot, 1);
    assert_int_equal(encryption, 1);
    t.value[0] = 3u << 20;
    assert_int_equal(bm_chip_read_security(chip, read_table, &t, 100, &boot, &encryption), BM_OK);
    assert_int_equal(boot, 0); /* that bit means something from revision 3 on */
    assert_int_equal(encryption, 0);
    assert_int_equal(
        bm_chip_read_security(bm_chip_by_name("esp32c3"), read_table, &t, 0, &boot, &encryption),
        BM_E_ARG);

    const struct bm_chip_security full = {BM_CHIP_SECURE_DOWNLOAD, 1, {1, 2, 3, 4, 5, 6, 7}, 5, 9};
    struct bm_chip_security back;
    uint8_t bytes[20];
    for (chip = bm_chips; chip->name != NULL; chip++) {
        const size_t len = bm_chip_format_security(chip, &full, bytes);
        assert_int_equal(len, chip->image_id == 0 ? 0 : chip->image_id == 2 ? 12 : 20);
        if (len == 0) {
            continue;
        }
        assert_int_equal(bm_chip_parse_security(&back, bytes, len), BM_OK);
        assert_int_equal(back.flags, full.flags);
        assert_int_equal(back.crypt_count, 1);
        assert_memory_equal(back.key_purpose, full.key_purpose, 7);
        assert_int_equal(back.chip_id, len == 12 ? -1 : chip->image_id);
        assert_int_equal(back.api_version, len == 12 ? 0 : 9);
    }
    for (size_t len = 0; len < sizeof bytes; len++) {
        assert_int_equal(bm_chip_parse_security(&back, bytes, len), len == 12 ? BM_OK : BM_E_PROTO);
    }
}

static void test_rows(void **state)
{
    (void)state;
    size_t count = 0;
    for (const struct bm_chip *chip = bm_chips; chip->name != NULL; chip++, count++) {
        assert_ptr_equal(bm_chip_by_name(chip->name), chip);
        assert_ptr_equal(bm_chip_by_name(chip->id_name), chip);
        assert_ptr_equal(bm_chip_by_image_id(chip->image_id), chip);
        for (size_t i = 0; i < 4; i++) {
            assert_true(chip->magic[i] == 0 || bm_chip_by_magic(chip->magic[i]) == chip);
        }
        assert_int_equal(chip->begin_words, chip->security_info_len != 0 ? 5 : 4);
        assert_int_equal(chip->bootloader_offset % 4096, 0);
        assert_true(chip->spi.base != 0 && chip->efuse != 0 && chip->crystal_mhz != 0);
        assert_int_equal(chip->uart_clkdiv != 0, chip->crystal != BM_CRYSTAL_FIXED);
        assert_int_equal(chip->usb.port_var != 0, chip->usb.jtag != 0 || chip->usb.otg != 0);
        for (const struct bm_chip_range *r = chip->memory; r->kind != BM_MEMORY_END; r++) {
            assert_true(r->start < r->end);
            assert_int_equal(bm_chip_memory_at(chip, r->start), r->kind);
            assert_int_equal(bm_chip_memory_at(chip, r->end - 1), r->kind);
        }
        assert_int_equal(bm_chip_memory_at(chip, 0), BM_MEMORY_END);
        assert_int_equal(bm_chip_memory_at(chip, UINT32_MAX), BM_MEMORY_END);
    }
    assert_int_equal(count, 10);
    assert_string_equal(bm_chip_by_name("Esp32_c61")->name, "ESP32-C61");
    assert_string_equal(bm_chip_by_name("ESP32")->id_name, "esp32");
    assert_null(bm_chip_by_name("esp32c"));
    assert_null(bm_chip_by_name("esp32c66"));
    assert_null(bm_chip_by_name(""));
    assert_null(bm_chip_by_magic(0));
    assert_null(bm_chip_by_image_id(1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_traces_know),   cmocka_unit_test(test_registers_as_traced),
        cmocka_unit_test(test_made_boards),   cmocka_unit_test(test_baud),
        cmocka_unit_test(test_odd_revisions), cmocka_unit_test(test_security),
        cmocka_unit_test(test_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
