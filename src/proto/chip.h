/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_PROTO_CHIP_H
#define BM_PROTO_CHIP_H

/* What flasher and virtual board must know of a chip: const rows, and what follows from them.
 * Freestanding. Facts: espressif/esptool, esptool/targets/ (5.x). Address 0 in a row: this chip
 * has no such thing. */

#include <stddef.h>
#include <stdint.h>

/* Reads differently on each chip; the newer ones are told by GET_SECURITY_INFO. */
#define BM_CHIP_MAGIC_REG 0x40001000u

/* The controller of the flash's SPI bus, by which its commands are given register by register.
 * Offsets from base; the command register is at +0 (bit 18 starts), the address at +4. */
struct bm_chip_spi {
    uint32_t base;
    uint8_t usr, usr1, usr2, mosi_dlen, miso_dlen, w0;
    uint8_t addr_msb; /* 1: the address stands in the register's upper 24 bits */
};

enum {
    BM_SPI_CMD = 0x00,
    BM_SPI_ADDR = 0x04,
    BM_SPI_CMD_USR = 1 << 18,  /* in CMD: go; reads 0 when done */
    BM_SPI_USR2_LEN_SHIFT = 28 /* bits of the command - 1, above the command */
};

/* In the register at usr: which phases there are. */
#define BM_SPI_USR_COMMAND (1u << 31)
#define BM_SPI_USR_ADDR    (1u << 30)
#define BM_SPI_USR_DUMMY   (1u << 29)
#define BM_SPI_USR_MISO    (1u << 28)
#define BM_SPI_USR_MOSI    (1u << 27)

/* Bits of a word of the efuses, counted from bm_chip.efuse; width 0: none. */
struct bm_chip_bits {
    uint8_t word, shift, width;
};

/* A number of which the lower bits are at lo, the upper ones at hi. */
struct bm_chip_field {
    struct bm_chip_bits lo, hi;
};

/* A watchdog of the RTC that may reset a board while it is flashed, and can reset it on purpose:
 * write wkey to wprotect, then the rest, then 0 to wprotect. */
struct bm_chip_wdt {
    uint32_t config0, config1, wprotect, wkey;
    uint32_t swd_conf, swd_wprotect, swd_wkey, swd_auto_feed; /* the last: a bit of swd_conf */
    uint8_t resets; /* 1: a reset by this watchdog boots as the straps say */
};

#define BM_CHIP_WDT_TICKS 2000u /* to config1: time until the reset; wait 500 ms */
/* to config0: on, first stage resets the system */
#define BM_CHIP_WDT_RESET ((1u << 31) | (5u << 28) | (1u << 8) | 2u)

/* Where the loader's bytes come from: the low byte of a variable in the ROM's memory. */
struct bm_chip_usb {
    uint32_t port_var;
    uint32_t port_var_new; /* its place from revision new_from on; 0: the same */
    uint16_t new_from;
    uint8_t jtag, jtag_new; /* its value for USB-Serial/JTAG; 0: the chip has none */
    uint8_t otg;            /* and for USB-OTG; 0: has none. Blocks are 0x800 bytes then */
};

/* Registers to change so that the flash has power: value & ~clear | set, in this order. */
struct bm_chip_power {
    uint32_t addr; /* 0 ends */
    uint32_t clear, set;
    uint16_t wait_ms; /* after it */
};

enum bm_chip_memory {
    BM_MEMORY_END = 0, /* of the list */
    BM_MEMORY_DRAM,    /* data */
    BM_MEMORY_IRAM,    /* code */
    BM_MEMORY_RTC,
    BM_MEMORY_DROM, /* flash, mapped for data */
    BM_MEMORY_IROM  /* flash, mapped for code */
};

struct bm_chip_range {
    uint32_t start, end; /* end: the first address beyond */
    enum bm_chip_memory kind;
};

enum bm_chip_crystal {
    BM_CRYSTAL_FIXED = 0, /* crystal_mhz */
    BM_CRYSTAL_26_40,     /* by the divider that the ROM found for our baud rate */
    BM_CRYSTAL_40_48
};

struct bm_chip {
    const char *name;    /* "ESP32-C3" */
    const char *id_name; /* "esp32c3" */
    int image_id;        /* chip id in image headers, and in GET_SECURITY_INFO */
    uint32_t magic[4];   /* values of BM_CHIP_MAGIC_REG that tell it; 0 ends */
    uint32_t bootloader_offset;
    uint8_t begin_words; /* of FLASH_BEGIN and FLASH_DEFL_BEGIN: 4; 5: the last for encryption */
    uint8_t security_info_len; /* of GET_SECURITY_INFO before the status; 0: it is unknown */
    uint8_t rom_compressed;    /* 1: FLASH_DEFL_* of the ROM can be used */
    uint8_t stale_overrun;     /* 1: but it writes up to 32 KB over the end */
    struct bm_chip_spi spi;
    uint32_t efuse; /* first word of the efuses with MAC, revision and package */
    struct bm_chip_field minor, major, package; /* major of the ESP32 is scattered: not here */
    uint8_t mac_word;    /* of the efuses: MAC's low 32 bits; the next word has the rest */
    uint8_t crystal_mhz; /* the fixed one, or the usual one */
    enum bm_chip_crystal crystal;
    uint32_t uart_clkdiv;                         /* where it is told by that */
    uint32_t strap;                               /* BM_CHIP_STRAP_BOOT clear: asked to load */
    uint32_t force_download, force_download_mask; /* stays over resets by USB: clear it */
    struct bm_chip_usb usb;
    struct bm_chip_wdt wdt;
    uint16_t flash_power_from;               /* the revision from which flash_power is needed */
    const struct bm_chip_power *flash_power; /* NULL: the flash has power anyhow */
    const struct bm_chip_range *memory;      /* ends with BM_MEMORY_END */
};

#define BM_CHIP_STRAP_BOOT 0x8u

extern const struct bm_chip bm_chips[]; /* ends with a NULL name */

/* A row, or NULL. Name in any case, dashes optional: "esp32c3", "ESP32-C3". */
const struct bm_chip *bm_chip_by_name(const char *name);
const struct bm_chip *bm_chip_by_magic(uint32_t magic);
const struct bm_chip *bm_chip_by_image_id(int id);

/* Kind of memory at an address; BM_MEMORY_END: none that a program may be loaded to. */
enum bm_chip_memory bm_chip_memory_at(const struct bm_chip *chip, uint32_t addr);

/* How a register is read: BM_OK and *value, or an error, which the callers below pass on. */
typedef int bm_chip_read_fn(void *ctx, uint32_t addr, uint32_t *value);

int bm_chip_read_mac(const struct bm_chip *chip, bm_chip_read_fn *read, void *ctx, uint8_t mac[6]);

/* *revision: major * 100 + minor. */
int bm_chip_read_revision(const struct bm_chip *chip, bm_chip_read_fn *read, void *ctx,
                          unsigned *revision);

/* Number of the package, as Espressif counts them for this chip. */
int bm_chip_read_package(const struct bm_chip *chip, bm_chip_read_fn *read, void *ctx,
                         unsigned *package);

/* *mhz: of the crystal. baud: the speed at which the ROM was synced with. */
int bm_chip_read_crystal(const struct bm_chip *chip, bm_chip_read_fn *read, void *ctx,
                         uint32_t baud, unsigned *mhz);

/* *sent: what to put into CHANGE_BAUDRATE so that the ROM gets to baud. They differ where the ROM
 * takes its crystal for another one. now: the speed of the line. */
int bm_chip_read_rom_baud(const struct bm_chip *chip, bm_chip_read_fn *read, void *ctx,
                          uint32_t now, uint32_t baud, uint32_t *sent);

enum bm_chip_port { BM_CHIP_PORT_UART = 0, BM_CHIP_PORT_USB_JTAG, BM_CHIP_PORT_USB_OTG };
int bm_chip_read_port(const struct bm_chip *chip, bm_chip_read_fn *read, void *ctx,
                      unsigned revision, enum bm_chip_port *port);

/* What efuses say of security, for chips without GET_SECURITY_INFO. revision: as above. */
int bm_chip_read_security(const struct bm_chip *chip, bm_chip_read_fn *read, void *ctx,
                          unsigned revision, int *secure_boot, int *encryption);

/* GET_SECURITY_INFO, taken apart. */
struct bm_chip_security {
    uint32_t flags;
    uint8_t crypt_count; /* an odd number of bits set: flash encryption is on */
    uint8_t key_purpose[7];
    int chip_id; /* image_id of a row; -1: the chip does not say (ESP32-S2) */
    uint32_t api_version;
};

enum {
    BM_CHIP_SECURE_BOOT = 1 << 0, /* flags */
    BM_CHIP_SECURE_DOWNLOAD = 1 << 2
};

/* Returns BM_OK, or BM_E_PROTO: a length that no chip answers. */
int bm_chip_parse_security(struct bm_chip_security *out, const uint8_t *data, size_t len);

/* Writes security_info_len bytes (20 at most). Returns that, or 0 where the chip knows no such op.
 */
size_t bm_chip_format_security(const struct bm_chip *chip, const struct bm_chip_security *info,
                               uint8_t out[20]);

/* A board that does not exist: what its registers hold, so that all of the above reads it back. */
struct bm_chip_identity {
    uint8_t mac[6];
    unsigned revision; /* major * 100 + minor */
    unsigned package;
    enum bm_chip_port port;
};

/* Value of a register that tells of identity, chip, crystal (the usual one), port or straps (those
 * of download mode). Returns 0 where there is nothing to say of this address. */
int bm_chip_register(const struct bm_chip *chip, const struct bm_chip_identity *id, uint32_t addr,
                     uint32_t *value);

#endif
