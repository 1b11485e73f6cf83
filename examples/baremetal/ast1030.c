/* SPDX-License-Identifier: Apache-2.0 */

/* QEMU's machine ast1030-evb (Cortex-M4): start, serial line, end by semihosting. */

#include <stdint.h>
#include <string.h>

#include "hal.h"

#define UART_DATA   (*(volatile uint32_t *)0x7e784000u)
#define UART_STATUS (*(volatile uint32_t *)0x7e784014u)
#define UART_EMPTY  0x20u
#define AIRCR       (*(volatile uint32_t *)0xe000ed0cu)
#define RESET_NOW   0x05fa0004u /* key, and the request bit */

extern uint8_t bss_start[];
extern uint8_t bss_end[];
extern uint8_t stack_top[];

static _Noreturn void run(void)
{
    memset(bss_start, 0, (size_t)(bss_end - bss_start));
    hal_exit(main());
}

static _Noreturn void fault(void)
{
    hal_print("FAIL: fault\n");
    hal_exit(1);
}

/* Stack, reset, NMI and the faults. */
extern const void *const vectors[];
__attribute__((section(".start"), used)) const void *const vectors[] = {
    stack_top,           (const void *)run,   (const void *)fault, (const void *)fault,
    (const void *)fault, (const void *)fault, (const void *)fault};

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
    AIRCR = RESET_NOW;
    for (;;) {
    }
}

/* SYS_EXIT_EXTENDED with its pair of reason and status. QEMU ends on the spot, and what it has not
 * yet written of the flash to its file is lost: so it gets a while for that first. */
void hal_exit(int status)
{
    for (volatile uint32_t i = 0; i < 100000000; i++) {
    }
    const uint32_t block[2] = {0x20026, (uint32_t)status};
    register uint32_t call __asm__("r0") = 0x20;
    register const uint32_t *argument __asm__("r1") = block;
    __asm__ volatile("bkpt 0xab" : : "r"(call), "r"(argument) : "memory");
    for (;;) {
    }
}
