/* SPDX-License-Identifier: Apache-2.0 */

/* A SPI NOR flash (SST25VF032B, 4 KiB sectors) behind Aspeed's flash controller, in its user mode:
 * while the chip is selected, each byte written to the flash window goes out on the wire. */

#include <stdint.h>
#include <string.h>

#include "birthmark/err.h"
#include "flash_chip.h"
#include "hal.h"

enum {
    CMD_WRITE_ENABLE = 0x06,
    CMD_STATUS = 0x05,
    CMD_READ = 0x03,
    CMD_PROGRAM = 0x02, /* this chip programs one byte at a time */
    CMD_ERASE_4K = 0x20,
    STATUS_BUSY = 0x01
};

#define FMC_CONFIG    (*(volatile uint32_t *)0x7e620000u)
#define FMC_CONTROL   (*(volatile uint32_t *)0x7e620010u)
#define FMC_WINDOW    (*(volatile uint8_t *)0x80000000u)
#define CONFIG_WRITES (1u << 16) /* chip 0 may be written to */
#define USER_MODE     3u
#define DESELECTED    (1u << 2)

static void begin(uint8_t command)
{
    FMC_CONFIG |= CONFIG_WRITES;
    FMC_CONTROL = USER_MODE | DESELECTED;
    FMC_CONTROL = USER_MODE;
    FMC_WINDOW = command;
}

static void begin_at(uint8_t command, uint32_t off)
{
    begin(command);
    FMC_WINDOW = (uint8_t)(off >> 16);
    FMC_WINDOW = (uint8_t)(off >> 8);
    FMC_WINDOW = (uint8_t)off;
}

static void end(void)
{
    FMC_CONTROL = USER_MODE | DESELECTED;
}

static void write_enable(void)
{
    begin(CMD_WRITE_ENABLE);
    end();
}

static void wait_until_ready(void)
{
    begin(CMD_STATUS);
    while ((FMC_WINDOW & STATUS_BUSY) != 0) {
    }
    end();
}

static int spi_read(void *ctx, uint32_t off, void *buf, uint32_t len)
{
    uint8_t *out = buf;
    (void)ctx;
    begin_at(CMD_READ, off);
    for (uint32_t i = 0; i < len; i++) {
        out[i] = FMC_WINDOW;
    }
    end();
    return BM_OK;
}

/* The chip clears bits and ignores ones: what does not read back as written asked for a bit to be
 * set, or the cell is worn out. */
static int spi_prog(void *ctx, uint32_t off, const void *buf, uint32_t len)
{
    const uint8_t *in = buf;
    for (uint32_t i = 0; i < len; i++) {
        uint8_t now;
        if (in[i] != 0xff) {
            write_enable();
            begin_at(CMD_PROGRAM, off + i);
            FMC_WINDOW = in[i];
            end();
            wait_until_ready();
        }
        (void)spi_read(ctx, off + i, &now, 1);
        if (now != in[i]) {
            return BM_E_IO;
        }
    }
    return BM_OK;
}

static int spi_erase(void *ctx, uint32_t off, uint32_t len)
{
    (void)ctx;
    for (uint32_t at = off; at < off + len; at += HAL_SECTOR_SIZE) {
        write_enable();
        begin_at(CMD_ERASE_4K, at);
        end();
        wait_until_ready();
    }
    return BM_OK;
}

const struct bm_flash_ops flash_chip = {spi_read, spi_prog, spi_erase};
