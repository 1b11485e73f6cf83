/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_PROTO_ROM_H
#define BM_PROTO_ROM_H

/* Messages of the ROM serial loader, both directions, without SLIP. Freestanding, pure.
 * (espressif/esptool, docs/en/advanced-topics/serial-protocol.rst; docs/format/rom.md) */

#include <stddef.h>
#include <stdint.h>

enum bm_rom_op {
    BM_ROM_FLASH_BEGIN = 0x02,
    BM_ROM_FLASH_DATA = 0x03,
    BM_ROM_FLASH_END = 0x04,
    BM_ROM_MEM_BEGIN = 0x05,
    BM_ROM_MEM_END = 0x06,
    BM_ROM_MEM_DATA = 0x07,
    BM_ROM_SYNC = 0x08,
    BM_ROM_WRITE_REG = 0x09,
    BM_ROM_READ_REG = 0x0a,
    BM_ROM_SPI_SET_PARAMS = 0x0b,
    BM_ROM_SPI_ATTACH = 0x0d,
    BM_ROM_READ_FLASH_SLOW = 0x0e,
    BM_ROM_CHANGE_BAUDRATE = 0x0f,
    BM_ROM_FLASH_DEFL_BEGIN = 0x10,
    BM_ROM_FLASH_DEFL_DATA = 0x11,
    BM_ROM_FLASH_DEFL_END = 0x12,
    BM_ROM_SPI_FLASH_MD5 = 0x13,
    BM_ROM_GET_SECURITY_INFO = 0x14,
    BM_ROM_ERASE_FLASH = 0xd0, /* stub only, from here */
    BM_ROM_ERASE_REGION = 0xd1,
    BM_ROM_READ_FLASH = 0xd2,
    BM_ROM_RUN_USER_CODE = 0xd3
};

enum {
    BM_ROM_HEADER = 8,       /* direction, op, length (16), checksum or value (32) */
    BM_ROM_DATA_HEADER = 16, /* in front of the bytes of *_DATA: length, sequence, 0, 0 */
    BM_ROM_STATUS = 4,       /* last bytes of a reply's data: status, error, two of no meaning */
    BM_ROM_STUB_STATUS = 2,  /* the same of a stub: status, error */
    BM_ROM_SYNC_LEN = 36,    /* of SYNC's data, bm_rom_sync */
    BM_ROM_SYNC_REPLIES = 8,
    BM_ROM_SLOW_READ = 64, /* READ_FLASH_SLOW: at most, and what is answered always */
    BM_ROM_BAUD = 115200,  /* until CHANGE_BAUDRATE */
    BM_ROM_CHECKSUM_SEED = 0xef
};

/* The stub says hello with a frame of these four bytes, "OHAI". */
extern const uint8_t bm_rom_stub_hello[4];
extern const uint8_t bm_rom_sync[BM_ROM_SYNC_LEN];

/* Errors a chip answers with, second status byte. */
enum bm_rom_error {
    BM_ROM_E_INVALID = 0x05, /* unknown op, wrong length, not in this order */
    BM_ROM_E_FAILED = 0x06,
    BM_ROM_E_CRC = 0x07,
    BM_ROM_E_WRITE = 0x08,
    BM_ROM_E_READ = 0x09,
    BM_ROM_E_READ_LENGTH = 0x0a,
    BM_ROM_E_DEFLATE = 0x0b,
    BM_ROM_E_DEFLATE_SHORT = 0x0c /* truncated stream */
};

/* A message taken apart; data points into the frame. */
struct bm_rom_message {
    uint8_t direction; /* 0: to the chip, 1: from it */
    uint8_t op;
    uint16_t len;   /* as the header says; data_len is what is there, and may be more or less */
    uint32_t value; /* of a request: the checksum; of a reply: READ_REG's value */
    const uint8_t *data;
    size_t data_len;
};

/* Takes a frame apart. Returns BM_OK or BM_E_PROTO (shorter than a header). */
int bm_rom_parse(struct bm_rom_message *out, const uint8_t *frame, size_t len);

/* A reply as the host wants it. */
struct bm_rom_reply {
    struct bm_rom_message message;
    const uint8_t *payload; /* the data before the status */
    size_t payload_len;
    int failed;    /* 1: the status byte is not 0 */
    uint8_t error; /* enum bm_rom_error where failed; else of no meaning */
};

/* Takes a reply apart, whose data ends with so many bytes of status (BM_ROM_STATUS, or
 * BM_ROM_STUB_STATUS of a stub). Returns BM_OK, also where the chip says that it failed, or
 * BM_E_PROTO: not a reply, its length is not that of the header, no room for a status. */
int bm_rom_parse_reply(struct bm_rom_reply *out, const uint8_t *frame, size_t len, size_t status);

/* Writes a message of at most 65535 bytes of data. Returns its length, or 0 if it does not fit. */
size_t bm_rom_format(uint8_t *out, size_t cap, uint8_t direction, uint8_t op, uint32_t value,
                     const void *data, size_t len);

/* The same of words, as most requests are; the checksum is 0. count: at most 8. */
size_t bm_rom_format_words(uint8_t *out, size_t cap, uint8_t op, const uint32_t *words,
                           size_t count);

/* A *_DATA request: BM_ROM_DATA_HEADER and the block, with its checksum. */
size_t bm_rom_format_data(uint8_t *out, size_t cap, uint8_t op, uint32_t sequence,
                          const void *block, size_t len);

/* XOR of the bytes, from BM_ROM_CHECKSUM_SEED. */
uint8_t bm_rom_checksum(const void *data, size_t len);

/* Name of an op ("FLASH_BEGIN") and text of an error, of the ROM's or a stub's ("checksum error"),
 * or NULL. */
const char *bm_rom_op_name(uint8_t op);
const char *bm_rom_error_text(uint8_t error);

#endif
