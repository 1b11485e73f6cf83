/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "sim/core.h"

/* Registers: those that tell of the chip (proto), the flash's SPI controller with the commands that
 * hosts give through it, the watchdog as far as it is used to reset, and whatever was written. */

/* Values out of reset, as the mask ROMs of ESP32 and ESP32-C3 leave them. */
#define ESP32_SPI_USR   0x80000040u
#define SPI_USR_INITIAL 0x800000c0u
#define SPI_USR2        0x70000000u

enum { WDT_TICK_US = 7 }; /* of the RTC's slow clock, about 136 kHz */

static const struct bm_chip *chip_of(const struct bm_sim *sim)
{
    return sim->config.chip;
}

static struct sim_register *find(struct sim_register *list, size_t count, uint32_t addr)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].addr == addr) {
            return &list[i];
        }
    }
    return NULL;
}

int bm_sim_set_register(struct bm_sim *sim, uint32_t addr, uint32_t value)
{
    struct sim_registers *regs = &sim->regs;
    struct sim_register *r = find(regs->preset, regs->presets, addr);
    if (r == NULL && regs->presets == SIM_PRESETS) {
        return BM_E_NOSPC;
    }
    if (r == NULL) {
        r = &regs->preset[regs->presets++];
    }
    *r = (struct sim_register){addr, value};
    return BM_OK;
}

void sim_registers_reset(struct bm_sim *sim)
{
    struct sim_registers *regs = &sim->regs;
    const struct bm_chip_spi *spi = &chip_of(sim)->spi;
    regs->writtens = 0; /* the flash's status stays: it has no reset line */
    memset(regs->spi, 0, sizeof regs->spi);
    regs->spi[spi->usr / 4] = spi->addr_msb ? ESP32_SPI_USR : SPI_USR_INITIAL;
    regs->spi[spi->usr2 / 4] = SPI_USR2;
}

/* Commands of the flash, given register by register. */
enum {
    FLASH_WRITE_STATUS = 0x01,
    FLASH_WRITE_DISABLE = 0x04,
    FLASH_READ_STATUS = 0x05,
    FLASH_WRITE_ENABLE = 0x06,
    FLASH_WRITE_STATUS_2 = 0x31,
    FLASH_READ_STATUS_2 = 0x35,
    FLASH_WRITE_ENABLE_VOLATILE = 0x50, /* for the next write of a status only */
    FLASH_READ_ID = 0x9f,
    FLASH_RELEASE = 0xab /* from deep sleep; answers the last byte of the id, less one */
};

enum { STATUS_WRITE_ENABLED = 2 };

static void write_flash_status(struct sim_registers *regs, uint32_t value)
{
    if (regs->flash_status_open || (regs->flash_status & STATUS_WRITE_ENABLED)) {
        regs->flash_status = (uint16_t)(value & ~3u);
    }
    regs->flash_status_open = 0;
}

/* What the flash answers. */
static uint32_t flash_command(struct bm_sim *sim, uint8_t command, uint32_t sent)
{
    uint16_t *status = &sim->regs.flash_status;
    switch (command) {
    case FLASH_READ_ID: return sim->flash_id;
    case FLASH_READ_STATUS: return *status & 0xff;
    case FLASH_READ_STATUS_2: return *status >> 8;
    case FLASH_WRITE_ENABLE: *status |= STATUS_WRITE_ENABLED; return 0;
    case FLASH_WRITE_DISABLE: *status &= (uint16_t)~STATUS_WRITE_ENABLED; return 0;
    case FLASH_WRITE_ENABLE_VOLATILE: sim->regs.flash_status_open = 1; return 0;
    case FLASH_WRITE_STATUS: write_flash_status(&sim->regs, sent); return 0;
    case FLASH_WRITE_STATUS_2:
        write_flash_status(&sim->regs, (*status & 0xffu) | (sent & 0xff) << 8);
        return 0;
    case FLASH_RELEASE: return ((sim->flash_id >> 16) & 0xff) - 1;
    default: return 0; /* SFDP and others: this flash has none */
    }
}

static void spi_go(struct bm_sim *sim)
{
    const struct bm_chip_spi *spi = &chip_of(sim)->spi;
    uint32_t *word = sim->regs.spi;
    const uint32_t usr = word[spi->usr / 4];
    const uint32_t reply = (usr & BM_SPI_USR_COMMAND) != 0
                               ? flash_command(sim, (uint8_t)word[spi->usr2 / 4], word[spi->w0 / 4])
                               : 0;
    if ((usr & BM_SPI_USR_MISO) != 0) {
        const unsigned bits = (word[spi->miso_dlen / 4] & 0x3ff) + 1;
        word[spi->w0 / 4] = bits >= 32 ? reply : reply & ((1u << bits) - 1);
    }
    word[BM_SPI_CMD / 4] = 0;
}

static int is_spi(const struct bm_sim *sim, uint32_t addr)
{
    const uint32_t base = chip_of(sim)->spi.base;
    return addr >= base && addr - base < 4 * SIM_SPI_WORDS && addr % 4 == 0;
}

/* The speed that the loader found, as its UART holds it. */
static uint32_t divider(const struct bm_sim *sim)
{
    const uint32_t baud = sim->chip_baud != 0 ? sim->chip_baud : BM_ROM_BAUD;
    return (uint32_t)((chip_of(sim)->crystal_mhz * 1000000ull + baud / 2) / baud);
}

uint32_t sim_read_register(struct bm_sim *sim, uint32_t addr)
{
    struct sim_registers *regs = &sim->regs;
    const struct bm_sim_config *config = &sim->config;
    struct bm_chip_identity identity = {{0}, config->revision, 0, config->port};
    const struct sim_register *r = find(regs->preset, regs->presets, addr);
    uint32_t value = 0;
    memcpy(identity.mac, config->mac, sizeof identity.mac);
    if (r == NULL) {
        r = find(regs->written, regs->writtens, addr);
    }
    if (r != NULL) {
        return r->value;
    }
    if (is_spi(sim, addr)) {
        return regs->spi[(addr - config->chip->spi.base) / 4];
    }
    if (addr != 0 && addr == config->chip->uart_clkdiv) {
        return divider(sim);
    }
    (void)bm_chip_register(config->chip, &identity, addr, &value);
    return value;
}

static void watchdog(struct bm_sim *sim)
{
    const struct bm_chip_wdt *wdt = &chip_of(sim)->wdt;
    const uint32_t config = sim_read_register(sim, wdt->config0);
    if ((config & BM_CHIP_WDT_RESET) == BM_CHIP_WDT_RESET &&
        sim_read_register(sim, wdt->wprotect) == wdt->wkey) {
        const uint64_t ticks = sim_read_register(sim, wdt->config1);
        sim_reset_in(sim, ticks * WDT_TICK_US, BM_SIM_WDT);
    }
}

static int is_identity(const struct bm_sim *sim, uint32_t addr)
{
    const struct bm_chip *chip = chip_of(sim);
    return addr == BM_CHIP_MAGIC_REG || (addr >= chip->efuse && addr - chip->efuse < 0x80);
}

void sim_write_register(struct bm_sim *sim, uint32_t addr, uint32_t value, uint32_t mask)
{
    struct sim_registers *regs = &sim->regs;
    const struct bm_chip *chip = chip_of(sim);
    value = (sim_read_register(sim, addr) & ~mask) | (value & mask);
    if (is_identity(sim, addr)) {
        return; /* fuses and ROM do not change by being written to */
    }
    if (is_spi(sim, addr)) {
        regs->spi[(addr - chip->spi.base) / 4] = value;
        if (addr == chip->spi.base + BM_SPI_CMD && (value & BM_SPI_CMD_USR) != 0) {
            spi_go(sim);
        }
        return;
    }
    struct sim_register *r = find(regs->written, regs->writtens, addr);
    if (r == NULL && regs->writtens < SIM_WRITTEN) {
        r = &regs->written[regs->writtens++];
    }
    if (r != NULL) {
        *r = (struct sim_register){addr, value};
    }
    if (chip->wdt.config0 != 0 && addr == chip->wdt.config0) {
        watchdog(sim);
    }
}
