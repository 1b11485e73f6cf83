/* SPDX-License-Identifier: Apache-2.0 */

/* QEMU's machine virt: start, serial line, end. */

#include <stdint.h>
#include <string.h>

#include "hal.h"

#define UART_DATA   (*(volatile uint8_t *)0x10000000u)
#define UART_STATUS (*(volatile uint8_t *)0x10000005u)
#define UART_EMPTY  0x20u
#define FINISHER    (*(volatile uint32_t *)0x00100000u)

enum { FINISH_FAIL = 0x3333, FINISH_PASS = 0x5555, FINISH_RESET = 0x7777 };

extern uint8_t bss_start[];
extern uint8_t bss_end[];

__attribute__((naked, section(".start"))) void start(void)
{
    __asm__ volatile("la sp, stack_top\n"
                     "j run\n");
}

__attribute__((used, noreturn)) static void run(void)
{
    memset(bss_start, 0, (size_t)(bss_end - bss_start));
    hal_exit(main());
}

void hal_print(const char *text)
{
    for (; *text != '\0'; text++) {
        while ((UART_STATUS & UART_EMPTY) == 0) {
        }
        UART_DATA = (uint8_t)*text;
    }
}

void hal_reset(void)
{
    FINISHER = FINISH_RESET;
    for (;;) {
    }
}

void hal_exit(int status)
{
    FINISHER = status == 0 ? (uint32_t)FINISH_PASS : (1u << 16 | FINISH_FAIL);
    for (;;) {
    }
}
