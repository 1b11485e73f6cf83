/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/chip.h"

#include "base/le.h"
#include "birthmark/err.h"
#include "proto/rom.h"

/* What a chip tells of itself by its registers, and the other way round. */

enum {
    ESP32 = 0,
    ESP32_S3 = 9,
    ESP32_C2 = 12,
    ESP32_C5 = 23
}; /* image ids with a way of their own */

/* ESP32: date of the APB controller, whose top bit came with revision 3; RTC calibration. */
#define ESP32_APB_DATE       0x3ff6607cu
#define ESP32_APB_DATE_USUAL 0x16042000u
#define ESP32_RTC_CALI       0x3ff5f06cu
#define ESP32_CALI_SHIFT     7
#define ESP32_CALI_MASK      0x1ffffffu

/* ESP32-C5: the crystal that the ROM goes by, in MHz. */
#define C5_SYSCLK     0x60096110u
#define C5_XTAL_SHIFT 24
#define C5_XTAL_MASK  0x7fu

#define CLKDIV_MASK 0xfffffu
#define MHZ         1000000u

static uint32_t take_bits(uint32_t word, struct bm_chip_bits b)
{
    return (word >> b.shift) & ((1u << b.width) - 1);
}

static int read_word(const struct bm_chip *chip, bm_chip_read_fn *read, void *ctx, unsigned word,
                     uint32_t *value)
{
    return read(ctx, chip->efuse + 4 * word, value);
}

static int read_bits(const struct bm_chip *chip, bm_chip_read_fn *read, void *ctx,
                     struct bm_chip_bits b, unsigned *value)
{
    uint32_t word = 0;
    int rc = BM_OK;
    if (b.width != 0) {
        rc = read_word(chip, read, ctx, b.word, &word);
    }
    *value = take_bits(word, b);
    return rc;
}

static int read_field(const struct bm_chip *chip, bm_chip_read_fn *read, void *ctx,
                      struct bm_chip_field field, unsigned *value)
{
    unsigned lo = 0;
    unsigned hi = 0;
    int rc = read_bits(chip, read, ctx, field.lo, &lo);
    if (rc == BM_OK) {
        rc = read_bits(chip, read, ctx, field.hi, &hi);
    }
    *value = lo | (hi << field.lo.width);
    return rc;
}

int bm_chip_read_mac(const struct bm_chip *chip, bm_chip_read_fn *read, void *ctx, uint8_t mac[6])
{
    uint32_t low = 0;
    uint32_t high = 0;
    int rc = read_word(chip, read, ctx, chip->mac_word, &low);
    if (rc == BM_OK) {
        rc = read_word(chip, read, ctx, chip->mac_word + 1u, &high);
    }
    if (rc == BM_OK) {
        mac[0] = (uint8_t)(high >> 8);
        mac[1] = (uint8_t)high;
        for (unsigned i = 0; i < 4; i++) {
            mac[2 + i] = (uint8_t)(low >> (24 - 8 * i));
        }
    }
    return rc;
}

/* Three bits in three places, of which 0, 1, 3 and 7 are revisions 0 to 3. */
static const struct bm_chip_bits esp32_major[] = {{3, 15, 1}, {5, 20, 1}};

static int read_esp32_major(const struct bm_chip *chip, bm_chip_read_fn *read, void *ctx,
                            unsigned *major)
{
    static const uint8_t of[8] = {0, 1, 0, 2, 0, 0, 0, 3};
    unsigned bit[2] = {0, 0};
    uint32_t date = 0;
    int rc = read_bits(chip, read, ctx, esp32_major[0], &bit[0]);
    if (rc == BM_OK) {
        rc = read_bits(chip, read, ctx, esp32_major[1], &bit[1]);
    }
    if (rc == BM_OK) {
        rc = read(ctx, ESP32_APB_DATE, &date);
    }
    *major = of[bit[0] | (bit[1] << 1) | ((date >> 31) << 2)];
    return rc;
}

/* The first S3 has other things in the fields: its layout is version 1.1, its minor number 0. */
static int is_first_s3(const struct bm_chip *chip, bm_chip_read_fn *read, void *ctx, unsigned minor,
                       int *yes)
{
    static const struct bm_chip_bits layout_major = {10, 0, 2};
    static const struct bm_chip_bits layout_minor = {3, 24, 3};
    unsigned major_is = 0;
    unsigned minor_is = 0;
    int rc = BM_OK;
    *yes = 0;
    if (chip->image_id == ESP32_S3 && (minor & 7) == 0) {
        rc = read_bits(chip, read, ctx, layout_major, &major_is);
        if (rc == BM_OK) {
            rc = read_bits(chip, read, ctx, layout_minor, &minor_is);
        }
        *yes = major_is == 1 && minor_is == 1;
    }
    return rc;
}

int bm_chip_read_revision(const struct bm_chip *chip, bm_chip_read_fn *read, void *ctx,
                          unsigned *revision)
{
    unsigned minor = 0;
    unsigned major = 0;
    int first = 0;
    int rc = read_field(chip, read, ctx, chip->minor, &minor);
    if (rc == BM_OK) {
        rc = chip->image_id == ESP32 ? read_esp32_major(chip, read, ctx, &major)
                                     : read_field(chip, read, ctx, chip->major, &major);
    }
    if (rc == BM_OK) {
        rc = is_first_s3(chip, read, ctx, minor, &first);
    }
    *revision = first ? 0 : major * 100 + minor;
    return rc;
}

int bm_chip_read_package(const struct bm_chip *chip, bm_chip_read_fn *read, void *ctx,
                         unsigned *package)
{
    return read_field(chip, read, ctx, chip->package, package);
}

int bm_chip_read_crystal(const struct bm_chip *chip, bm_chip_read_fn *read, void *ctx,
                         uint32_t baud, unsigned *mhz)
{
    uint32_t divider = 0;
    *mhz = chip->crystal_mhz;
    if (chip->crystal == BM_CRYSTAL_FIXED) {
        return BM_OK;
    }
    int rc = read(ctx, chip->uart_clkdiv, &divider);
    if (rc == BM_OK) {
        const uint64_t found = (uint64_t)baud * (divider & CLKDIV_MASK) / MHZ;
        const unsigned low = chip->crystal == BM_CRYSTAL_26_40 ? 26 : 40;
        const unsigned high = chip->crystal == BM_CRYSTAL_26_40 ? 40 : 48;
        *mhz = found >= (low + high) / 2 ? high : low;
    }
    return rc;
}

/* The ESP32's ROM measures its crystal by an oscillator that drifts. *hz: what it came to, or 0. */
static int read_esp32_rom_crystal(const struct bm_chip *chip, bm_chip_read_fn *read, void *ctx,
                                  uint64_t *hz)
{
    static const struct bm_chip_bits oscillator = {4, 0, 8};
    uint32_t cali = 0;
    unsigned mhz = 0;
    int rc = read(ctx, ESP32_RTC_CALI, &cali);
    if (rc == BM_OK) {
        rc = read_bits(chip, read, ctx, oscillator, &mhz);
    }
    *hz = (uint64_t)((cali >> ESP32_CALI_SHIFT) & ESP32_CALI_MASK) * 15625 * mhz / 40;
    return rc;
}

/* What the ROM takes its crystal for, and what it is, in Hz. */
static int read_crystals(const struct bm_chip *chip, bm_chip_read_fn *read, void *ctx, uint32_t now,
                         uint64_t *rom, uint64_t *real)
{
    uint32_t word = 0;
    unsigned mhz = 0;
    int rc;
    switch (chip->image_id) {
    case ESP32:
        rc = read_esp32_rom_crystal(chip, read, ctx, rom);
        *real = *rom > 33ull * MHZ ? 40ull * MHZ : 26ull * MHZ;
        return rc;
    case ESP32_C2: *rom = 40ull * MHZ; break;
    case ESP32_C5:
        rc = read(ctx, C5_SYSCLK, &word);
        if (rc != BM_OK) {
            return rc;
        }
        *rom = (uint64_t)((word >> C5_XTAL_SHIFT) & C5_XTAL_MASK) * MHZ;
        break;
    default: *rom = *real = MHZ; return BM_OK;
    }
    rc = bm_chip_read_crystal(chip, read, ctx, now, &mhz);
    *real = (uint64_t)mhz * MHZ;
    return rc;
}

int bm_chip_read_rom_baud(const struct bm_chip *chip, bm_chip_read_fn *read, void *ctx,
                          uint32_t now, uint32_t baud, uint32_t *sent)
{
    uint64_t rom = 0;
    uint64_t real = 0;
    int rc = read_crystals(chip, read, ctx, now, &rom, &real);
    *sent = baud;
    /* Half or twice as fast is no crystal, but a register that holds nothing of use. */
    if (rc == BM_OK && rom * 2 > real && rom < real * 2) {
        *sent = (uint32_t)(baud * rom / real);
    }
    return rc;
}

/* Address of the variable, and its value for USB-Serial/JTAG. */
static uint32_t port_variable(const struct bm_chip *chip, unsigned revision, unsigned *jtag)
{
    const struct bm_chip_usb *usb = &chip->usb;
    const int is_new = usb->port_var_new != 0 && revision >= usb->new_from;
    *jtag = is_new ? usb->jtag_new : usb->jtag;
    return is_new ? usb->port_var_new : usb->port_var;
}

int bm_chip_read_port(const struct bm_chip *chip, bm_chip_read_fn *read, void *ctx,
                      unsigned revision, enum bm_chip_port *port)
{
    unsigned jtag = 0;
    const uint32_t at = port_variable(chip, revision, &jtag);
    uint32_t value = 0;
    *port = BM_CHIP_PORT_UART;
    if (at == 0) {
        return BM_OK;
    }
    int rc = read(ctx, at, &value);
    value &= 0xff;
    if (rc == BM_OK && value != 0 && value == jtag) {
        *port = BM_CHIP_PORT_USB_JTAG;
    } else if (rc == BM_OK && value != 0 && value == chip->usb.otg) {
        *port = BM_CHIP_PORT_USB_OTG;
    }
    return rc;
}

static int is_odd(uint32_t bits)
{
    int odd = 0;
    for (; bits != 0; bits &= bits - 1) {
        odd = !odd;
    }
    return odd;
}

int bm_chip_read_security(const struct bm_chip *chip, bm_chip_read_fn *read, void *ctx,
                          unsigned revision, int *secure_boot, int *encryption)
{
    static const struct bm_chip_bits crypt_count = {0, 20, 7};
    static const struct bm_chip_bits done = {6, 4, 2}; /* versions 1 and 2 of secure boot */
    unsigned count = 0;
    unsigned bits = 0;
    if (chip->image_id != ESP32) {
        return BM_E_ARG;
    }
    int rc = read_bits(chip, read, ctx, crypt_count, &count);
    if (rc == BM_OK) {
        rc = read_bits(chip, read, ctx, done, &bits);
    }
    *encryption = is_odd(count);
    *secure_boot = (bits & 1) != 0 || (revision >= 300 && (bits & 2) != 0);
    return rc;
}

enum { INFO_FLAGS = 0, INFO_CRYPT = 4, INFO_KEYS = 5, INFO_CHIP = 12, INFO_API = 16 };
enum { INFO_SHORT = 12, INFO_LONG = 20, INFO_KEYS_COUNT = 7 };

int bm_chip_parse_security(struct bm_chip_security *out, const uint8_t *data, size_t len)
{
    if (len != INFO_SHORT && len != INFO_LONG) {
        return BM_E_PROTO;
    }
    out->flags = bm_get_le32(data + INFO_FLAGS);
    out->crypt_count = data[INFO_CRYPT];
    for (unsigned i = 0; i < INFO_KEYS_COUNT; i++) {
        out->key_purpose[i] = data[INFO_KEYS + i];
    }
    out->chip_id = len == INFO_LONG ? (int)(bm_get_le32(data + INFO_CHIP) & 0x7fffffff) : -1;
    out->api_version = len == INFO_LONG ? bm_get_le32(data + INFO_API) : 0;
    return BM_OK;
}

size_t bm_chip_format_security(const struct bm_chip *chip, const struct bm_chip_security *info,
                               uint8_t out[20])
{
    bm_put_le32(out + INFO_FLAGS, info->flags);
    out[INFO_CRYPT] = info->crypt_count;
    for (unsigned i = 0; i < INFO_KEYS_COUNT; i++) {
        out[INFO_KEYS + i] = info->key_purpose[i];
    }
    bm_put_le32(out + INFO_CHIP, (uint32_t)chip->image_id);
    bm_put_le32(out + INFO_API, info->api_version);
    return chip->security_info_len;
}

static uint32_t put_bits(unsigned word, struct bm_chip_bits b, uint32_t value)
{
    return b.width != 0 && b.word == word ? (value & ((1u << b.width) - 1)) << b.shift : 0;
}

static uint32_t put_field(unsigned word, struct bm_chip_field field, uint32_t value)
{
    return put_bits(word, field.lo, value) | put_bits(word, field.hi, value >> field.lo.width);
}

/* One byte behind the ESP32's MAC: CRC-8 of it (polynomial 0x31, reflected, from 0). */
static uint32_t mac_crc(const uint8_t mac[6])
{
    uint32_t crc = 0;
    for (unsigned i = 0; i < 6; i++) {
        crc ^= mac[i];
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x8cu : 0);
        }
    }
    return crc;
}

/* A word of the efuses. */
static uint32_t efuse_word(const struct bm_chip *chip, const struct bm_chip_identity *id,
                           unsigned word)
{
    const uint8_t *mac = id->mac;
    const unsigned major = id->revision / 100;
    const int old = chip->image_id == ESP32;
    uint32_t value = put_field(word, chip->minor, id->revision % 100) |
                     put_field(word, chip->package, id->package);
    if (word == chip->mac_word) {
        value |= (uint32_t)mac[2] << 24 | (uint32_t)mac[3] << 16 | (uint32_t)mac[4] << 8 | mac[5];
    } else if (word == chip->mac_word + 1u) {
        value |= (uint32_t)mac[0] << 8 | mac[1] | (old ? mac_crc(mac) << 16 : 0);
    }
    if (!old) {
        return value | put_field(word, chip->major, major);
    }
    return value | put_bits(word, esp32_major[0], major >= 1) |
           put_bits(word, esp32_major[1], major >= 2) | (word == 4 ? 128u : 0);
}

/* Registers that only one chip has. */
static int odd_register(const struct bm_chip *chip, const struct bm_chip_identity *id,
                        uint32_t addr, uint32_t *value)
{
    if (chip->image_id == ESP32 && addr == ESP32_APB_DATE) {
        *value = ESP32_APB_DATE_USUAL | (id->revision >= 300 ? 1u << 31 : 0);
    } else if (chip->image_id == ESP32 && addr == ESP32_RTC_CALI) {
        *value = 800u << ESP32_CALI_SHIFT; /* with 128 in the efuse: 40 MHz */
    } else if (chip->image_id == ESP32_C5 && addr == C5_SYSCLK) {
        *value = (uint32_t)chip->crystal_mhz << C5_XTAL_SHIFT;
    } else {
        return 0;
    }
    return 1;
}

int bm_chip_register(const struct bm_chip *chip, const struct bm_chip_identity *id, uint32_t addr,
                     uint32_t *value)
{
    enum { EFUSE_WORDS = 12 };
    unsigned jtag = 0;
    if (addr == BM_CHIP_MAGIC_REG) {
        *value = chip->magic[0];
    } else if (addr >= chip->efuse && addr - chip->efuse < EFUSE_WORDS * 4 && addr % 4 == 0) {
        *value = efuse_word(chip, id, (addr - chip->efuse) / 4);
    } else if (addr != 0 && addr == chip->uart_clkdiv) {
        *value = (chip->crystal_mhz * MHZ + BM_ROM_BAUD / 2) / BM_ROM_BAUD;
    } else if (addr != 0 && addr == port_variable(chip, id->revision, &jtag)) {
        *value = id->port == BM_CHIP_PORT_USB_JTAG  ? jtag
                 : id->port == BM_CHIP_PORT_USB_OTG ? chip->usb.otg
                                                    : 0;
    } else if (addr != 0 && (addr == chip->strap || addr == chip->force_download)) {
        *value = 0;
    } else {
        return odd_register(chip, id, addr, value);
    }
    return 1;
}
