/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/chip.h"

/* The rows. Addresses: espressif/esptool 5.x, esptool/targets/esp32*.py; magic values, which it no
 * longer uses for chips that tell their id: espressif/esptool-js, src/esploader.ts. */

#define WDT_KEY 0x50d83aa1u
#define SWD_KEY 0x8f1d312au

/* The same on all but the first chip. */
#define SPI_AT(address)                                \
    {                                                  \
        address, 0x18, 0x1c, 0x20, 0x24, 0x28, 0x58, 0 \
    }

/* Numbers in one place of word w. */
#define BITS(w, shift, width) \
    {                         \
        {w, shift, width},    \
        {                     \
            0, 0, 0           \
        }                     \
    }

static const struct bm_chip_range esp32_memory[] = {
    {0x3ffae000, 0x40000000, BM_MEMORY_DRAM}, {0x40070000, 0x400c0000, BM_MEMORY_IRAM},
    {0x3ff80000, 0x3ff82000, BM_MEMORY_RTC},  {0x400c0000, 0x400c2000, BM_MEMORY_RTC},
    {0x50000000, 0x50002000, BM_MEMORY_RTC},  {0x3f400000, 0x3f800000, BM_MEMORY_DROM},
    {0x400d0000, 0x40400000, BM_MEMORY_IROM}, {0, 0, BM_MEMORY_END}};

static const struct bm_chip_range esp32s2_memory[] = {
    {0x3ffb0000, 0x40000000, BM_MEMORY_DRAM}, {0x40020000, 0x40070000, BM_MEMORY_IRAM},
    {0x3ff9e000, 0x3ffa0000, BM_MEMORY_RTC},  {0x40070000, 0x40072000, BM_MEMORY_RTC},
    {0x50000000, 0x50002000, BM_MEMORY_RTC},  {0x3f000000, 0x3f3f0000, BM_MEMORY_DROM},
    {0x40080000, 0x40b80000, BM_MEMORY_IROM}, {0, 0, BM_MEMORY_END}};

static const struct bm_chip_range esp32s3_memory[] = {{0x3fc88000, 0x3fd00000, BM_MEMORY_DRAM},
                                                      {0x40370000, 0x403e0000, BM_MEMORY_IRAM},
                                                      {0x600fe000, 0x60100000, BM_MEMORY_RTC},
                                                      {0x50000000, 0x50002000, BM_MEMORY_RTC},
                                                      {0x3c000000, 0x3e000000, BM_MEMORY_DROM},
                                                      {0x42000000, 0x44000000, BM_MEMORY_IROM},
                                                      {0, 0, BM_MEMORY_END}};

static const struct bm_chip_range esp32c2_memory[] = {{0x3fca0000, 0x3fce0000, BM_MEMORY_DRAM},
                                                      {0x4037c000, 0x403c0000, BM_MEMORY_IRAM},
                                                      {0x3c000000, 0x3c400000, BM_MEMORY_DROM},
                                                      {0x42000000, 0x42400000, BM_MEMORY_IROM},
                                                      {0, 0, BM_MEMORY_END}};

static const struct bm_chip_range esp32c3_memory[] = {
    {0x3fc80000, 0x3fce0000, BM_MEMORY_DRAM}, {0x4037c000, 0x403e0000, BM_MEMORY_IRAM},
    {0x50000000, 0x50002000, BM_MEMORY_RTC},  {0x3c000000, 0x3c800000, BM_MEMORY_DROM},
    {0x42000000, 0x42800000, BM_MEMORY_IROM}, {0, 0, BM_MEMORY_END}};

/* From here on code and data share one memory, called IRAM here, and one window on the flash. */
static const struct bm_chip_range esp32c6_memory[] = {{0x40800000, 0x40880000, BM_MEMORY_IRAM},
                                                      {0x50000000, 0x50004000, BM_MEMORY_RTC},
                                                      {0x42000000, 0x43000000, BM_MEMORY_IROM},
                                                      {0, 0, BM_MEMORY_END}};

static const struct bm_chip_range esp32c5_memory[] = {{0x40800000, 0x40860000, BM_MEMORY_IRAM},
                                                      {0x50000000, 0x50004000, BM_MEMORY_RTC},
                                                      {0x42000000, 0x44000000, BM_MEMORY_IROM},
                                                      {0, 0, BM_MEMORY_END}};

static const struct bm_chip_range esp32h2_memory[] = {{0x40800000, 0x40850000, BM_MEMORY_IRAM},
                                                      {0x50000000, 0x50001000, BM_MEMORY_RTC},
                                                      {0x42000000, 0x43000000, BM_MEMORY_IROM},
                                                      {0, 0, BM_MEMORY_END}};

static const struct bm_chip_range esp32p4_memory[] = {{0x4ff00000, 0x4ffc0000, BM_MEMORY_IRAM},
                                                      {0x50108000, 0x50110000, BM_MEMORY_RTC},
                                                      {0x40000000, 0x4c000000, BM_MEMORY_IROM},
                                                      {0, 0, BM_MEMORY_END}};

/* The flash's supply is off at first, since it may be one of 1.8 V (esptool-js, esp32p4.ts). */
static const struct bm_chip_power esp32p4_power[] = {{0x5011010c, 0xffffffff, 1, 10},
                                                     {0x501151bc, 0, 1u << 27, 0},
                                                     {0x501151b8, 0, 1u << 7, 0},
                                                     {0x501153fc, 0, 3, 50},
                                                     {0x501151bc, 1u << 27, 0, 0},
                                                     {0x501151b8, 0xffu << 23, 0, 0},
                                                     {0x501151b8, 0, 1u << 7, 0},
                                                     {0x501151b8, 1u << 7, 0, 1800},
                                                     {0, 0, 0, 0}};

const struct bm_chip bm_chips[] = {
    {.name = "ESP32",
     .id_name = "esp32",
     .image_id = 0,
     .magic = {0x00f01d83},
     .bootloader_offset = 0x1000,
     .begin_words = 4,
     .rom_compressed = 1,
     .stale_overrun = 1,
     .spi = {0x3ff42000, 0x1c, 0x20, 0x24, 0x28, 0x2c, 0x80, 1},
     .efuse = 0x3ff5a000,
     .mac_word = 1,
     .minor = BITS(5, 24, 2),
     .package = {{3, 9, 3}, {3, 2, 1}},
     .crystal = BM_CRYSTAL_26_40,
     .crystal_mhz = 40,
     .uart_clkdiv = 0x3ff40014,
     .memory = esp32_memory},
    {.name = "ESP32-S2",
     .id_name = "esp32s2",
     .image_id = 2,
     .magic = {0x000007c6},
     .bootloader_offset = 0x1000,
     .begin_words = 5,
     .security_info_len = 12,
     .rom_compressed = 1,
     .spi = SPI_AT(0x3f402000),
     .efuse = 0x3f41a044,
     .minor = {{4, 4, 3}, {3, 20, 1}},
     .major = BITS(3, 18, 2),
     .package = BITS(4, 0, 4),
     .crystal_mhz = 40,
     .strap = 0x3f404038,
     .force_download = 0x3f408128,
     .force_download_mask = 1,
     .wdt = {0x3f408094, 0x3f408098, 0x3f4080ac, WDT_KEY, 0, 0, 0, 0, 1},
     .usb = {.port_var = 0x3ffffd14, .otg = 2},
     .memory = esp32s2_memory},
    {.name = "ESP32-S3",
     .id_name = "esp32s3",
     .image_id = 9,
     .magic = {0x00000009},
     .begin_words = 5,
     .security_info_len = 20,
     .rom_compressed = 1,
     .spi = SPI_AT(0x60002000),
     .efuse = 0x60007044,
     .minor = {{3, 18, 3}, {5, 23, 1}},
     .major = BITS(5, 24, 2),
     .package = BITS(3, 21, 3),
     .crystal_mhz = 40,
     .strap = 0x60004038,
     .force_download = 0x6000812c,
     .force_download_mask = 1,
     .wdt = {0x60008098, 0x6000809c, 0x600080b0, WDT_KEY, 0x600080b4, 0x600080b8, SWD_KEY, 1u << 31,
             1},
     .usb = {.port_var = 0x3fcef14c, .jtag = 4, .otg = 3},
     .memory = esp32s3_memory},
    {.name = "ESP32-C2",
     .id_name = "esp32c2",
     .image_id = 12,
     .magic = {0x6f51306f, 0x7c41a06f, 0x0c21e06f},
     .begin_words = 5,
     .security_info_len = 20,
     .rom_compressed = 1,
     .spi = SPI_AT(0x60002000),
     .efuse = 0x60008840,
     .minor = BITS(1, 16, 4),
     .major = BITS(1, 20, 2),
     .package = BITS(1, 22, 3),
     .crystal = BM_CRYSTAL_26_40,
     .crystal_mhz = 40,
     .uart_clkdiv = 0x60000014,
     .wdt = {0x60008084, 0x60008088, 0x6000809c, WDT_KEY, 0, 0, 0, 0, 1},
     .memory = esp32c2_memory},
    {.name = "ESP32-C3",
     .id_name = "esp32c3",
     .image_id = 5,
     .magic = {0x1b31506f, 0x6921506f, 0x4881606f, 0x4361606f},
     .begin_words = 5,
     .security_info_len = 20,
     .rom_compressed = 1,
     .spi = SPI_AT(0x60002000),
     .efuse = 0x60008844,
     .minor = {{3, 18, 3}, {5, 23, 1}},
     .major = BITS(5, 24, 2),
     .package = BITS(3, 21, 3),
     .crystal_mhz = 40,
     .wdt = {0x60008090, 0x60008094, 0x600080a8, WDT_KEY, 0x600080ac, 0x600080b0, SWD_KEY, 1u << 31,
             1},
     .usb = {.port_var = 0x3fcdf07c, .jtag = 3},
     .memory = esp32c3_memory},
    {.name = "ESP32-C5",
     .id_name = "esp32c5",
     .image_id = 23,
     .magic = {0x1101406f, 0x63e1406f, 0x5fd1406f, 0x30e1706f},
     .bootloader_offset = 0x2000,
     .begin_words = 5,
     .security_info_len = 20,
     .rom_compressed = 1,
     .spi = SPI_AT(0x60003000),
     .efuse = 0x600b4844,
     .minor = BITS(2, 0, 4),
     .major = BITS(2, 4, 2),
     .package = BITS(2, 26, 3),
     .crystal = BM_CRYSTAL_40_48,
     .crystal_mhz = 48,
     .uart_clkdiv = 0x60000014,
     .wdt = {0x600b1c00, 0x600b1c04, 0x600b1c18, WDT_KEY, 0x600b1c1c, 0x600b1c20, WDT_KEY, 1u << 18,
             1},
     .usb = {.port_var = 0x4085f514, .jtag = 3},
     .memory = esp32c5_memory},
    {.name = "ESP32-C6",
     .id_name = "esp32c6",
     .image_id = 13,
     .magic = {0x2ce0806f},
     .begin_words = 5,
     .security_info_len = 20,
     .rom_compressed = 1,
     .spi = SPI_AT(0x60003000),
     .efuse = 0x600b0844,
     .minor = BITS(3, 18, 4),
     .major = BITS(3, 22, 2),
     .package = BITS(3, 24, 3),
     .crystal_mhz = 40,
     .wdt = {0x600b1c00, 0x600b1c04, 0x600b1c18, WDT_KEY, 0x600b1c1c, 0x600b1c20, WDT_KEY, 1u << 18,
             0},
     .usb = {.port_var = 0x4087f580, .jtag = 3},
     .memory = esp32c6_memory},
    {.name = "ESP32-C61",
     .id_name = "esp32c61",
     .image_id = 20,
     .magic = {0x33f0206f, 0x2421606f, 0x4f81606f},
     .begin_words = 5,
     .security_info_len = 20,
     .rom_compressed = 1,
     .spi = SPI_AT(0x60003000),
     .efuse = 0x600b4844,
     .minor = BITS(2, 0, 4),
     .major = BITS(2, 4, 2),
     .package = BITS(2, 26, 3),
     .crystal_mhz = 40,
     .wdt = {0x600b1c00, 0x600b1c04, 0x600b1c18, WDT_KEY, 0x600b1c1c, 0x600b1c20, WDT_KEY, 1u << 18,
             1},
     .usb = {.port_var = 0x4084f5ec,
             .port_var_new = 0x4084f5e4,
             .new_from = 3,
             .jtag = 3,
             .jtag_new = 4},
     .memory = esp32c5_memory},
    {.name = "ESP32-H2",
     .id_name = "esp32h2",
     .image_id = 16,
     .magic = {0xd7b73e80, 0x97e30068},
     .begin_words = 5,
     .security_info_len = 20,
     .rom_compressed = 1,
     .spi = SPI_AT(0x60003000),
     .efuse = 0x600b0844,
     .minor = BITS(3, 18, 3),
     .major = BITS(3, 21, 2),
     .package = BITS(4, 0, 3),
     .crystal_mhz = 32,
     .wdt = {0x600b1c00, 0x600b1c04, 0x600b1c1c, WDT_KEY, 0x600b1c20, 0x600b1c24, WDT_KEY, 1u << 18,
             0},
     .usb = {.port_var = 0x4084fefc, .jtag = 3},
     .memory = esp32h2_memory},
    {.name = "ESP32-P4",
     .id_name = "esp32p4",
     .image_id = 18,
     .magic = {0x0addbad0, 0x07039ad9}, /* the first chips read 0, as nothing at all does */
     .bootloader_offset = 0x2000,
     .begin_words = 5,
     .security_info_len = 20,
     .rom_compressed = 1,
     .spi = SPI_AT(0x5008d000),
     .efuse = 0x5012d044,
     .minor = BITS(2, 0, 4),
     .major = {{2, 4, 2}, {2, 23, 1}},
     .package = BITS(2, 20, 3),
     .crystal_mhz = 40,
     .strap = 0x500e0038,
     .force_download = 0x50110008,
     .force_download_mask = 4,
     .wdt = {0x50116000, 0x50116004, 0x50116018, WDT_KEY, 0x5011601c, 0x50116020, WDT_KEY, 1u << 18,
             1},
     .usb = {.port_var = 0x4ff3fec8,
             .port_var_new = 0x4ffbfec8,
             .new_from = 300,
             .jtag = 6,
             .jtag_new = 6,
             .otg = 5},
     .flash_power = esp32p4_power,
     .flash_power_from = 301,
     .memory = esp32p4_memory},
    {.name = NULL}};

static char folded(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int same_name(const char *given, const char *id)
{
    for (; *given != '\0'; given++) {
        if (*given == '-' || *given == '_') {
            continue;
        }
        if (folded(*given) != *id) {
            return 0;
        }
        id++;
    }
    return *id == '\0';
}

const struct bm_chip *bm_chip_by_name(const char *name)
{
    const struct bm_chip *chip = bm_chips;
    while (chip->name != NULL && !same_name(name, chip->id_name)) {
        chip++;
    }
    return chip->name != NULL ? chip : NULL;
}

const struct bm_chip *bm_chip_by_magic(uint32_t magic)
{
    const size_t most = sizeof bm_chips[0].magic / sizeof bm_chips[0].magic[0];
    for (const struct bm_chip *chip = bm_chips; chip->name != NULL && magic != 0; chip++) {
        for (size_t i = 0; i < most; i++) {
            if (chip->magic[i] == magic) {
                return chip;
            }
        }
    }
    return NULL;
}

const struct bm_chip *bm_chip_by_image_id(int id)
{
    const struct bm_chip *chip = bm_chips;
    while (chip->name != NULL && chip->image_id != id) {
        chip++;
    }
    return chip->name != NULL ? chip : NULL;
}

enum bm_chip_memory bm_chip_memory_at(const struct bm_chip *chip, uint32_t addr)
{
    const struct bm_chip_range *range = chip->memory;
    while (range->kind != BM_MEMORY_END && (addr < range->start || addr >= range->end)) {
        range++;
    }
    return range->kind;
}
