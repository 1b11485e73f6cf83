/* SPDX-License-Identifier: Apache-2.0 */

/* ESP32-C3: start, watchdogs, UART0, the MMU, restart. Registers: ESP32-C3 Technical Reference
 * Manual; functions of the ROM: ESP-IDF's esp32c3.rom.ld. */

#include "desc.h"
#include "flash_rom.h"
#include "main.h"

#define REG(address) (*(volatile uint32_t *)(address))

#define UART0_FIFO      REG(0x60000000u)
#define UART0_STATUS    REG(0x6000001cu)
#define RTC_OPTIONS0    REG(0x60008000u)
#define RTC_WDT_CONFIG0 REG(0x60008090u)
#define RTC_WDT_PROTECT REG(0x600080a8u)
#define RTC_SWD_CONFIG  REG(0x600080acu) /* the super watchdog */
#define RTC_SWD_PROTECT REG(0x600080b0u)
#define TG0_WDT_CONFIG0 REG(0x6001f048u)
#define TG0_WDT_PROTECT REG(0x6001f064u)
#define MMU             ((volatile uint32_t *)0x600c5000u) /* one word a page of 64 KB */

#define ROM_ERASE_SECTOR 0x40000128u
#define ROM_WRITE        0x4000012cu
#define ROM_READ         0x40000130u

#define WDT_KEY       0x50d83aa1u
#define SWD_KEY       0x8f1d312au
#define SWD_AUTO_FEED (1u << 31)
#define TG0_UPDATE    (1u << 22) /* what is written reaches the watchdog */
#define SYSTEM_RESET  (1u << 31)
#define FLASH_SIZE    0x1000000u /* what 24 bits of address reach */
#define MAPPED_MASK   0x7fffffu  /* 8 MB are mapped at most */

enum { FIFO_FULL = 120, PAGE_LOG2 = 16 };

/* The stack, then C. */
__asm__(".section .iram_entry,\"ax\"\n"
        ".global start\n"
        "start:\n"
        " la sp, stack_top\n"
        " j chip_main\n");

static void put(char c)
{
    while ((UART0_STATUS >> 16 & 0x3ff) >= FIFO_FULL) {
    }
    UART0_FIFO = (uint8_t)c;
}

static int get(void)
{
    return (UART0_STATUS & 0x3ff) != 0 ? (int)(UART0_FIFO & 0xff) : -1;
}

static uint32_t running(void)
{
    return (MMU[((uint32_t)&app_desc & MAPPED_MASK) >> PAGE_LOG2] & 0xff) << PAGE_LOG2;
}

/* A few milliseconds at the 80 MHz that the bootloader leaves, and at 160. */
static void wait_a_little(void)
{
    for (volatile uint32_t i = 0; i < 100000; i++) {
    }
}

static void restart(void)
{
    while ((UART0_STATUS >> 16 & 0x3ff) != 0) {
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
    RTC_SWD_PROTECT = SWD_KEY;
    RTC_SWD_CONFIG |= SWD_AUTO_FEED;
    RTC_SWD_PROTECT = 0;
    TG0_WDT_PROTECT = WDT_KEY;
    TG0_WDT_CONFIG0 = TG0_UPDATE;
    TG0_WDT_PROTECT = 0;
}

static void fill(struct chip *chip)
{
    static const struct flash_rom rom = {
        (int (*)(uint32_t, uint32_t *, int32_t))ROM_READ,
        (int (*)(uint32_t, const uint32_t *, int32_t))ROM_WRITE,
        (int (*)(uint32_t))ROM_ERASE_SECTOR,
    };
    chip->name = "esp32c3";
    chip->id = 5;
    chip->flash.ops = &flash_rom_ops;
    chip->flash.ctx = (void *)&rom;
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
