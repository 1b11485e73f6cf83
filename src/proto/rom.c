/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/rom.h"

#include <string.h>

#include "base/le.h"
#include "birthmark/err.h"

enum { OFF_DIRECTION = 0, OFF_OP = 1, OFF_LEN = 2, OFF_VALUE = 4 };
enum { WORDS_MAX = 8, LEN_MAX = 0xffff };

const uint8_t bm_rom_stub_hello[4] = {'O', 'H', 'A', 'I'};

const uint8_t bm_rom_sync[BM_ROM_SYNC_LEN] = {0x07, 0x07, 0x12, 0x20, 0x55, 0x55, 0x55, 0x55, 0x55,
                                              0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55,
                                              0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55,
                                              0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55};

int bm_rom_parse(struct bm_rom_message *out, const uint8_t *frame, size_t len)
{
    if (len < BM_ROM_HEADER) {
        return BM_E_PROTO;
    }
    out->direction = frame[OFF_DIRECTION];
    out->op = frame[OFF_OP];
    out->len = bm_get_le16(frame + OFF_LEN);
    out->value = bm_get_le32(frame + OFF_VALUE);
    out->data = frame + BM_ROM_HEADER;
    out->data_len = len - BM_ROM_HEADER;
    return BM_OK;
}

int bm_rom_parse_reply(struct bm_rom_reply *out, const uint8_t *frame, size_t len, size_t status)
{
    struct bm_rom_message *m = &out->message;
    if (bm_rom_parse(m, frame, len) != BM_OK || m->direction != 1 || m->data_len != m->len ||
        m->data_len < status || status < BM_ROM_STUB_STATUS) {
        return BM_E_PROTO;
    }
    out->payload = m->data;
    out->payload_len = m->data_len - status;
    out->failed = m->data[out->payload_len] != 0;
    out->error = m->data[out->payload_len + 1];
    return BM_OK;
}

/* Header of a message with so many bytes of data, or 0. */
static size_t put_header(uint8_t *out, size_t cap, uint8_t direction, uint8_t op, uint32_t value,
                         size_t len)
{
    if (len > LEN_MAX || cap < BM_ROM_HEADER || cap - BM_ROM_HEADER < len) {
        return 0;
    }
    out[OFF_DIRECTION] = direction;
    out[OFF_OP] = op;
    bm_put_le16(out + OFF_LEN, (uint16_t)len);
    bm_put_le32(out + OFF_VALUE, value);
    return BM_ROM_HEADER + len;
}

size_t bm_rom_format(uint8_t *out, size_t cap, uint8_t direction, uint8_t op, uint32_t value,
                     const void *data, size_t len)
{
    const size_t total = put_header(out, cap, direction, op, value, len);
    if (total != 0 && len != 0) {
        memcpy(out + BM_ROM_HEADER, data, len);
    }
    return total;
}

size_t bm_rom_format_words(uint8_t *out, size_t cap, uint8_t op, const uint32_t *words,
                           size_t count)
{
    const size_t total = count > WORDS_MAX ? 0 : put_header(out, cap, 0, op, 0, count * 4);
    if (total != 0) {
        for (size_t i = 0; i < count; i++) {
            bm_put_le32(out + BM_ROM_HEADER + i * 4, words[i]);
        }
    }
    return total;
}

size_t bm_rom_format_data(uint8_t *out, size_t cap, uint8_t op, uint32_t sequence,
                          const void *block, size_t len)
{
    if (len > LEN_MAX - BM_ROM_DATA_HEADER) {
        return 0;
    }
    const size_t total =
        put_header(out, cap, 0, op, bm_rom_checksum(block, len), BM_ROM_DATA_HEADER + len);
    if (total != 0) {
        uint8_t *data = out + BM_ROM_HEADER;
        bm_put_le32(data, (uint32_t)len);
        bm_put_le32(data + 4, sequence);
        bm_put_le64(data + 8, 0);
        if (len != 0) {
            memcpy(data + BM_ROM_DATA_HEADER, block, len);
        }
    }
    return total;
}

uint8_t bm_rom_checksum(const void *data, size_t len)
{
    const uint8_t *p = data;
    uint8_t sum = BM_ROM_CHECKSUM_SEED;
    for (size_t i = 0; i < len; i++) {
        sum = (uint8_t)(sum ^ p[i]);
    }
    return sum;
}

struct text {
    uint8_t code;
    const char *text;
};

static const struct text ops[] = {
    {BM_ROM_FLASH_BEGIN, "FLASH_BEGIN"},
    {BM_ROM_FLASH_DATA, "FLASH_DATA"},
    {BM_ROM_FLASH_END, "FLASH_END"},
    {BM_ROM_MEM_BEGIN, "MEM_BEGIN"},
    {BM_ROM_MEM_END, "MEM_END"},
    {BM_ROM_MEM_DATA, "MEM_DATA"},
    {BM_ROM_SYNC, "SYNC"},
    {BM_ROM_WRITE_REG, "WRITE_REG"},
    {BM_ROM_READ_REG, "READ_REG"},
    {BM_ROM_SPI_SET_PARAMS, "SPI_SET_PARAMS"},
    {BM_ROM_SPI_ATTACH, "SPI_ATTACH"},
    {BM_ROM_READ_FLASH_SLOW, "READ_FLASH_SLOW"},
    {BM_ROM_CHANGE_BAUDRATE, "CHANGE_BAUDRATE"},
    {BM_ROM_FLASH_DEFL_BEGIN, "FLASH_DEFL_BEGIN"},
    {BM_ROM_FLASH_DEFL_DATA, "FLASH_DEFL_DATA"},
    {BM_ROM_FLASH_DEFL_END, "FLASH_DEFL_END"},
    {BM_ROM_SPI_FLASH_MD5, "SPI_FLASH_MD5"},
    {BM_ROM_GET_SECURITY_INFO, "GET_SECURITY_INFO"},
    {BM_ROM_ERASE_FLASH, "ERASE_FLASH"},
    {BM_ROM_ERASE_REGION, "ERASE_REGION"},
    {BM_ROM_READ_FLASH, "READ_FLASH"},
    {BM_ROM_RUN_USER_CODE, "RUN_USER_CODE"},
};

/* 0xc0 and above are a stub's (espressif/esptool-legacy-flasher-stub, stub_flasher.h). */
static const struct text errors[] = {
    {BM_ROM_E_INVALID, "the chip does not accept this message"},
    {BM_ROM_E_FAILED, "the chip could not do it"},
    {BM_ROM_E_CRC, "checksum error: the message was damaged on its way"},
    {BM_ROM_E_WRITE, "the flash reads back something else than was written"},
    {BM_ROM_E_READ, "the flash cannot be read"},
    {BM_ROM_E_READ_LENGTH, "more bytes asked for than one read gives"},
    {BM_ROM_E_DEFLATE, "the compressed data is damaged"},
    {BM_ROM_E_DEFLATE_SHORT, "the compressed data ends too early"},
    {0xc0, "stub: the length in the message is wrong"},
    {0xc1, "stub: the checksum is wrong"},
    {0xc2, "stub: the block has a wrong length"},
    {0xc3, "stub: the message has the wrong length"},
    {0xc4, "stub: the flash failed"},
    {0xc5, "stub: the SPI bus failed"},
    {0xc6, "stub: not in flash mode, or too much data for it"},
    {0xc7, "stub: the compressed data is damaged"},
    {0xc8, "stub: not enough data"},
    {0xc9, "stub: too much data"},
    {0xff, "stub: no such command"},
};

static const char *find_text(const struct text *list, size_t count, uint8_t code)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].code == code) {
            return list[i].text;
        }
    }
    return NULL;
}

const char *bm_rom_op_name(uint8_t op)
{
    return find_text(ops, sizeof ops / sizeof ops[0], op);
}

const char *bm_rom_error_text(uint8_t error)
{
    return find_text(errors, sizeof errors / sizeof errors[0], error);
}
