/* SPDX-License-Identifier: Apache-2.0 */

/* The flash drivers of examples/bare-chip on models: the ESP32's controller SPI1 with a NOR chip
 * behind it, and the flash functions of the ESP32-C3's ROM. The models insist on what the real ones
 * need (write enable, aligned words), and keep the chip busy for a while. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../examples/bare-chip/flash_rom.h"
#include "../../examples/bare-chip/flash_spi1.h"
#include "birthmark/err.h"
#include "harness/random.h"

enum { CHIP = 0x10000, SECTOR = 4096, PAGE = 256 };

static uint8_t cells[CHIP];
static unsigned busy; /* status reads until the chip is ready */
static int stuck;     /* it never is */
static int write_enabled;
static int is_protected;
static uint32_t reg[0xc0 / 4];

static void program(uint32_t at, const uint8_t *data, uint32_t len)
{
    for (uint32_t i = 0; i < len && !is_protected; i++) {
        const uint32_t cell =
            (at & ~(uint32_t)(PAGE - 1)) | ((at + i) % PAGE); /* wraps in its page */
        cells[cell] &= data[i];
    }
}

static uint8_t *data_registers(void)
{
    return (uint8_t *)(reg + 0x80 / 4);
}

/* One command on the wire. */
static void transfer(void)
{
    const uint32_t user = reg[0x1c / 4];
    const uint32_t at = reg[0x04 / 4] >> 8;
    const uint32_t in = (reg[0x2c / 4] + 1) / 8;
    const uint32_t out = (reg[0x28 / 4] + 1) / 8;
    const uint8_t command = (uint8_t)(reg[0x24 / 4] & 0xff);
    assert_int_equal(reg[0x24 / 4] >> 28, 7);
    assert_true((user & 1u << 31) != 0);
    if (command == 0x05) {
        assert_int_equal(user >> 27, 0x12); /* command and data in */
        data_registers()[0] = (uint8_t)((busy > 0 || stuck ? 1 : 0) | (write_enabled ? 2 : 0));
        busy -= busy > 0 ? 1 : 0;
        return;
    }
    assert_int_equal(busy, 0); /* a busy chip takes nothing else */
    if (command == 0x06) {
        write_enabled = 1;
        return;
    }
    assert_int_equal(reg[0x20 / 4] >> 26, 23);
    assert_true(at < CHIP);
    if (command == 0x03) {
        assert_int_equal(user >> 27, 0x1a); /* command, address, data in */
        memcpy(data_registers(), cells + at, in);
    } else if (command == 0x02 && write_enabled) {
        assert_int_equal(user >> 27, 0x19); /* command, address, data out */
        program(at, data_registers(), out);
        busy = 3;
    } else if (command == 0x20 && write_enabled) {
        assert_int_equal(at % SECTOR, 0);
        memset(cells + at, 0xff, is_protected ? 0 : SECTOR);
        busy = 40;
    } else {
        fail_msg("command %02x without write enable", command);
    }
    write_enabled = command == 0x03 && write_enabled;
}

static uint32_t get(uint32_t at)
{
    if (at == 0 && (reg[0] & 1u << 18) != 0) {
        reg[0] = 0; /* done at the second look */
        transfer();
        return 1u << 18;
    }
    return reg[at / 4];
}

static void set(uint32_t at, uint32_t value)
{
    reg[at / 4] = value;
}

static const struct spi1 spi = {get, set};

static int is_word(uint32_t at, const void *memory, int32_t len)
{
    return at % 4 == 0 && (uintptr_t)memory % 4 == 0 && len > 0 && len % 4 == 0 &&
           at + (uint32_t)len <= CHIP;
}

static int rom_read(uint32_t from, uint32_t *to, int32_t len)
{
    assert_true(is_word(from, to, len));
    memcpy(to, cells + from, (size_t)len);
    return stuck ? 2 : 0;
}

static int rom_write(uint32_t to, const uint32_t *from, int32_t len)
{
    assert_true(is_word(to, from, len));
    assert_int_equal(to / PAGE, (to + (uint32_t)len - 1) / PAGE);
    program(to, (const uint8_t *)from, (uint32_t)len);
    return stuck ? 2 : 0;
}

static int rom_erase(uint32_t sector)
{
    assert_true(sector < CHIP / SECTOR);
    memset(cells + (size_t)sector * SECTOR, 0xff, is_protected ? 0 : SECTOR);
    return stuck ? 2 : 0;
}

static const struct flash_rom rom = {rom_read, rom_write, rom_erase};

struct driver {
    const struct bm_flash_ops *ops;
    const void *ctx;
};

static const struct driver drivers[] = {{&flash_spi1_ops, &spi}, {&flash_rom_ops, &rom}};

static void reset(void)
{
    memset(cells, 0xff, sizeof cells);
    memset(reg, 0, sizeof reg);
    busy = 0;
    stuck = 0;
    write_enabled = 0;
    is_protected = 0;
}

static void against_model(const struct driver *d)
{
    static uint8_t model[CHIP];
    uint8_t data[700];
    uint8_t back[700];
    uint64_t seed = test_seed(7);
    void *ctx = (void *)d->ctx;
    reset();
    memset(model, 0xff, sizeof model);
    for (unsigned n = 0; n < 4000; n++) {
        const uint32_t len = test_random(&seed, sizeof data);
        const uint32_t at = test_random(&seed, CHIP - len);
        if (test_random(&seed, 8) == 0) {
            const uint32_t sectors = 1 + test_random(&seed, 2);
            const uint32_t from = test_random(&seed, CHIP / SECTOR - sectors + 1) * SECTOR;
            assert_int_equal(d->ops->erase(ctx, from, sectors * SECTOR), BM_OK);
            memset(model + from, 0xff, (size_t)sectors * SECTOR);
        }
        for (uint32_t i = 0; i < len; i++) {
            data[i] = (uint8_t)(model[at + i] & test_random(&seed, 256));
        }
        assert_int_equal(d->ops->prog(ctx, at, data, len), BM_OK);
        memcpy(model + at, data, len);
        assert_int_equal(d->ops->read(ctx, at, back, len), BM_OK);
        assert_memory_equal(back, data, len);
    }
    assert_memory_equal(cells, model, sizeof model);
}

static void test_like_memory(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++) {
        against_model(&drivers[i]);
    }
}

static void test_refuses(void **unused)
{
    static const uint8_t zeros[3] = {0};
    static const uint8_t ones[3] = {0xff, 0xff, 0xff};
    (void)unused;
    for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++) {
        const struct driver *d = &drivers[i];
        void *ctx = (void *)d->ctx;
        reset();
        assert_int_equal(d->ops->prog(ctx, 5, zeros, sizeof zeros), BM_OK);
        assert_int_equal(d->ops->prog(ctx, 5, ones, sizeof ones), BM_E_IO); /* bits cannot be set */
        is_protected = 1;
        assert_int_equal(d->ops->prog(ctx, 100, zeros, sizeof zeros), BM_E_IO);
    }
}

static void test_gives_up(void **unused)
{
    static const uint8_t zeros[4] = {0};
    uint8_t back[4];
    (void)unused;
    reset();
    stuck = 1;
    assert_int_equal(flash_spi1_ops.erase((void *)&spi, 0, SECTOR), BM_E_IO);
    assert_int_equal(flash_rom_ops.erase((void *)&rom, 0, SECTOR), BM_E_IO);
    assert_int_equal(flash_rom_ops.prog((void *)&rom, 0, zeros, sizeof zeros), BM_E_IO);
    assert_int_equal(flash_rom_ops.read((void *)&rom, 0, back, sizeof back), BM_E_IO);
}

static void test_setup(void **unused)
{
    (void)unused;
    reset();
    reg[0x08 / 4] = 0xffffffff;
    flash_spi1_init(&spi);
    assert_int_equal(reg[0x08 / 4], 0xfe6f9fff); /* one wire, nothing else changed */
    assert_int_equal(reg[0x18 / 4], 0x3043);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_like_memory),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_gives_up),
        cmocka_unit_test(test_setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
