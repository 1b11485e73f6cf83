/* SPDX-License-Identifier: Apache-2.0 */
#include "flash_spi1.h"

#include <string.h>

#include "birthmark/err.h"

/* Offsets of registers. */
enum {
    REG_CMD = 0x00,
    REG_ADDR = 0x04,
    REG_CTRL = 0x08,
    REG_CLOCK = 0x18,
    REG_USER = 0x1c,
    REG_USER1 = 0x20,
    REG_USER2 = 0x24,
    REG_MOSI_DLEN = 0x28,
    REG_MISO_DLEN = 0x2c,
    REG_W0 = 0x80
};

enum {
    CHIP_WRITE_ENABLE = 0x06,
    CHIP_STATUS = 0x05,
    CHIP_READ = 0x03,
    CHIP_PROGRAM = 0x02,
    CHIP_ERASE_4K = 0x20,
    STATUS_BUSY = 0x01
};

enum {
    BUFFER = 64,
    SECTOR = 4096
}; /* W0 to W15; a program of 64 aligned bytes stays in its page */

#define CMD_USER       (1u << 18)
#define USER_COMMAND   (1u << 31)
#define USER_ADDRESS   (1u << 30)
#define USER_IN        (1u << 28)
#define USER_OUT       (1u << 27)
#define USER_TIMING    0xf0u       /* clock edges, setup and hold of chip select: kept */
#define USER1_ADDRESS  (23u << 26) /* 24 bits */
#define USER2_COMMAND  (7u << 28)  /* 8 bits */
#define CTRL_MANY_WIRE ((1u << 24) | (1u << 23) | (1u << 20) | (1u << 14) | (1u << 13))
#define CLOCK_20_MHZ   ((3u << 12) | (1u << 6) | 3u) /* 80 MHz by 4 */

/* Enough for the slowest erase of a sector (400 ms) at any clock of the CPU. */
#define PATIENCE 4000000u

static uint32_t bits(uint32_t bytes)
{
    return bytes > 0 ? bytes * 8 - 1 : 0;
}

/* One command with what belongs to it: its address, bytes out of W0... or into it. */
static int run(const struct spi1 *spi, uint32_t command, uint32_t user, uint32_t address,
               uint32_t bytes)
{
    const int out = (user & USER_OUT) != 0;
    spi->set(REG_USER, (spi->get(REG_USER) & USER_TIMING) | USER_COMMAND | user);
    spi->set(REG_USER1, USER1_ADDRESS);
    spi->set(REG_USER2, USER2_COMMAND | command);
    spi->set(REG_MOSI_DLEN, bits(out ? bytes : 0));
    spi->set(REG_MISO_DLEN, bits(out ? 0 : bytes));
    spi->set(REG_ADDR, address << 8);
    spi->set(REG_CMD, CMD_USER);
    for (uint32_t n = 0; n < PATIENCE; n++) {
        if ((spi->get(REG_CMD) & CMD_USER) == 0) {
            return BM_OK;
        }
    }
    return BM_E_IO;
}

static int wait_until_ready(const struct spi1 *spi)
{
    for (uint32_t n = 0; n < PATIENCE; n++) {
        if (run(spi, CHIP_STATUS, USER_IN, 0, 1) != BM_OK) {
            return BM_E_IO;
        }
        if ((spi->get(REG_W0) & STATUS_BUSY) == 0) {
            return BM_OK;
        }
    }
    return BM_E_IO;
}

/* A command that changes the chip. */
static int change(const struct spi1 *spi, uint32_t command, uint32_t user, uint32_t address,
                  uint32_t bytes)
{
    int rc = run(spi, command, USER_ADDRESS | user, address, bytes);
    return rc == BM_OK ? wait_until_ready(spi) : rc;
}

void flash_spi1_init(const struct spi1 *spi)
{
    spi->set(REG_CTRL, spi->get(REG_CTRL) & ~CTRL_MANY_WIRE);
    spi->set(REG_CLOCK, CLOCK_20_MHZ);
}

/* Up to 64 bytes; the registers are read as words. */
static int read_piece(const struct spi1 *spi, uint32_t at, uint8_t *out, uint32_t len)
{
    const int rc = run(spi, CHIP_READ, USER_ADDRESS | USER_IN, at, len);
    uint32_t word = 0;
    for (uint32_t i = 0; i < len && rc == BM_OK; i++) {
        word = i % 4 == 0 ? spi->get(REG_W0 + i) : word >> 8;
        out[i] = (uint8_t)word;
    }
    return rc;
}

static int spi1_read(void *ctx, uint32_t off, void *buf, uint32_t len)
{
    uint8_t *out = buf;
    int rc = BM_OK;
    for (uint32_t done = 0; done < len && rc == BM_OK;) {
        const uint32_t part = len - done < BUFFER ? len - done : BUFFER;
        rc = read_piece(ctx, off + done, out + done, part);
        done += part;
    }
    return rc;
}

/* Bytes that do not cross a multiple of 64. What does not read back as written asked for a bit to
 * be set, or the chip is write-protected or worn out. */
static int program_piece(const struct spi1 *spi, uint32_t at, const uint8_t *in, uint32_t len)
{
    uint8_t back[BUFFER];
    uint32_t word = 0;
    int rc = run(spi, CHIP_WRITE_ENABLE, 0, 0, 0);
    for (uint32_t i = 0; i < len; i++) {
        word |= (uint32_t)in[i] << (i % 4 * 8);
        if (i % 4 == 3 || i + 1 == len) {
            spi->set(REG_W0 + (i & ~3u), word);
            word = 0;
        }
    }
    if (rc == BM_OK) {
        rc = change(spi, CHIP_PROGRAM, USER_OUT, at, len);
    }
    if (rc == BM_OK) {
        rc = read_piece(spi, at, back, len);
    }
    return rc == BM_OK && memcmp(back, in, len) != 0 ? BM_E_IO : rc;
}

static int spi1_prog(void *ctx, uint32_t off, const void *buf, uint32_t len)
{
    const uint8_t *in = buf;
    int rc = BM_OK;
    for (uint32_t done = 0; done < len && rc == BM_OK;) {
        const uint32_t room = BUFFER - (off + done) % BUFFER;
        const uint32_t part = len - done < room ? len - done : room;
        rc = program_piece(ctx, off + done, in + done, part);
        done += part;
    }
    return rc;
}

static int spi1_erase(void *ctx, uint32_t off, uint32_t len)
{
    int rc = BM_OK;
    for (uint32_t at = off; at < off + len && rc == BM_OK; at += SECTOR) {
        rc = run(ctx, CHIP_WRITE_ENABLE, 0, 0, 0);
        if (rc == BM_OK) {
            rc = change(ctx, CHIP_ERASE_4K, 0, at, 0);
        }
    }
    return rc;
}

const struct bm_flash_ops flash_spi1_ops = {spi1_read, spi1_prog, spi1_erase};
