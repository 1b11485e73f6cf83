/* SPDX-License-Identifier: Apache-2.0 */

/* ESP32: start, watchdogs, UART0, the MMU, restart. Registers: ESP32 Technical Reference Manual. */

#include "desc.h"
#include "flash_spi1.h"
#include "main.h"

#define REG(address) (*(volatile uint32_t *)(address))

#define SPI1_BASE       0x3ff42000u
#define UART0_SEND      REG(0x60000000u) /* the FIFO is written through AHB, read through DPORT */
#define UART0_RECEIVED  REG(0x3ff40000u)
#define UART0_STATUS    REG(0x3ff4001cu)
#define UART0_RX_STATUS REG(0x3ff40060u) /* where the FIFO is read and written next */
#define RTC_OPTIONS0    REG(0x3ff48000u)
#define RTC_WDT_CONFIG0 REG(0x3ff4808cu)
#define RTC_WDT_PROTECT REG(0x3ff480a4u)
#define TG0_WDT_CONFIG0 REG(0x3ff5f048u)
#define TG0_WDT_PROTECT REG(0x3ff5f064u)
#define MMU_DROM        ((volatile uint32_t *)0x3ff10000u) /* one word a page of 64 KB */
#define DROM_BASE       0x3f400000u

#define WDT_KEY      0x50d83aa1u
#define SYSTEM_RESET (1u << 31)
#define FLASH_SIZE   0x1000000u /* what 24 bits of address reach */

enum { FIFO_FULL = 120, PAGE_LOG2 = 16 };

/* The stack, then C. The bootloader is code with register windows, this is not (call0): windows are
 * turned off (PS.WOE), so that no register of ours asks for the bootloader's to be saved first, and
 * interrupts are masked. */
__asm__(".section .iram_entry,\"ax\"\n"
        ".literal_position\n"
        ".global start\n"
        ".align 4\n"
        "start:\n"
        " movi a0, 0x2f\n" /* PS.UM, PS.INTLEVEL 15 */
        " wsr.ps a0\n"
        " rsync\n"
        " movi a1, stack_top\n"
        " movi a0, chip_main\n"
        " jx a0\n");

static void put(char c)
{
    while ((UART0_STATUS >> 16 & 0xff) >= FIFO_FULL) {
    }
    UART0_SEND = (uint8_t)c;
}

/* The count of received bytes is not to be trusted once the FIFO is read through DPORT; the two
 * pointers are. They are equal when it is empty, and when it is full: then the count is right. */
static int get(void)
{
    const uint32_t at = UART0_RX_STATUS;
    const int empty = (at >> 2 & 0x7ff) == (at >> 13 & 0x7ff) && (UART0_STATUS & 0xff) == 0;
    return empty ? -1 : (int)(UART0_RECEIVED & 0xff);
}

static uint32_t running(void)
{
    return (MMU_DROM[((uint32_t)&app_desc - DROM_BASE) >> PAGE_LOG2] & 0xff) << PAGE_LOG2;
}

/* A few milliseconds at the 80 MHz that the bootloader leaves, and at up to 240. */
static void wait_a_little(void)
{
    for (volatile uint32_t i = 0; i < 100000; i++) {
    }
}

static void restart(void)
{
    while ((UART0_STATUS >> 16 & 0xff) != 0) {
    }
    wait_a_little(); /* the last byte is still on its way */
    RTC_OPTIONS0 |= SYSTEM_RESET;
    for (;;) {
    }
}

static void watchdogs_off(void)
{
    RTC_WDT_PROTECT = WDT_KEY;
    RTC_WDT_CONFIG0 = 0;
    RTC_WDT_PROTECT = 0;
    TG0_WDT_PROTECT = WDT_KEY;
    TG0_WDT_CONFIG0 = 0;
    TG0_WDT_PROTECT = 0;
}

static uint32_t spi_get(uint32_t reg)
{
    return REG(SPI1_BASE + reg);
}

static void spi_set(uint32_t reg, uint32_t value)
{
    REG(SPI1_BASE + reg) = value;
}

static void fill(struct chip *chip)
{
    static const struct spi1 spi = {spi_get, spi_set};
    flash_spi1_init(&spi);
    chip->name = "esp32";
    chip->id = 0;
    chip->flash.ops = &flash_spi1_ops;
    chip->flash.ctx = (void *)&spi;
    chip->flash.size = FLASH_SIZE;
    chip->flash.erase_size = 4096;
    chip->flash.prog_size = 4;
    chip->put = put;
    chip->get = get;
    chip->running = running;
    chip->pause = wait_a_little;
    chip->restart = restart;
}

_Noreturn void chip_main(void);
__attribute__((used)) _Noreturn void chip_main(void)
{
    watchdogs_off();
    run(fill);
}
