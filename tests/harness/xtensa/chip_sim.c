/* SPDX-License-Identifier: Apache-2.0 */

/* QEMU's machine sim with the core lx106, in place of chip_esp32.c: the firmware for the ESP32 runs
 * as the compiler made it, on flash that is memory. Input and output are the simulator's. */

#include <string.h>

#include "birthmark/err.h"
#include "desc.h"
#include "main.h"

enum { SYS_EXIT = 1, SYS_READ = 3, SYS_WRITE = 4, FLASH_SIZE = 0x400000, SLOT = 0x10000 };

#define FLASH ((uint8_t *)0x60000000u) /* loaded there by QEMU */

/* The core starts at the reset vector. */
__asm__(".section .reset,\"ax\"\n"
        ".literal_position\n"
        ".global start\n"
        ".align 4\n"
        "start:\n"
        " j 1f\n"
        " .align 4\n"
        " .literal_position\n"
        "1: movi a1, stack_top\n"
        " movi a0, chip_main\n"
        " jx a0\n");

static int call(int number, int a, void *b, int c)
{
    register int r2 __asm__("a2") = number;
    register int r3 __asm__("a3") = a;
    register void *r4 __asm__("a4") = b;
    register int r5 __asm__("a5") = c;
    __asm__ volatile("simcall" : "+r"(r2), "+r"(r3) : "r"(r4), "r"(r5) : "memory");
    return r2;
}

static void put(char c)
{
    (void)call(SYS_WRITE, 1, &c, 1);
}

static void leave(void)
{
    (void)call(SYS_EXIT, 0, NULL, 0);
    for (;;) {
    }
}

/* The end of the input is the end of the run, once it has been seen twice: the first time what was
 * typed is still to be acted on. */
static int get(void)
{
    static int ended;
    unsigned char c = 0;
    if (call(SYS_READ, 0, &c, 1) == 1) {
        return c;
    }
    if (ended++) {
        leave();
    }
    return -1;
}

static void no_pause(void)
{
}

static uint32_t running(void)
{
    return SLOT;
}

static int sim_read(void *ctx, uint32_t off, void *buf, uint32_t len)
{
    (void)ctx;
    memcpy(buf, FLASH + off, len);
    return BM_OK;
}

static int sim_prog(void *ctx, uint32_t off, const void *buf, uint32_t len)
{
    const uint8_t *in = buf;
    (void)ctx;
    for (uint32_t i = 0; i < len; i++) {
        FLASH[off + i] &= in[i];
    }
    return BM_OK;
}

static int sim_erase(void *ctx, uint32_t off, uint32_t len)
{
    (void)ctx;
    memset(FLASH + off, 0xff, len);
    return BM_OK;
}

static void fill(struct chip *chip)
{
    static const struct bm_flash_ops ops = {sim_read, sim_prog, sim_erase};
    chip->name = "esp32";
    chip->id = 0;
    chip->flash.ops = &ops;
    chip->flash.size = FLASH_SIZE;
    chip->flash.erase_size = 4096;
    chip->flash.prog_size = 4;
    chip->put = put;
    chip->get = get;
    chip->running = running;
    chip->pause = no_pause;
    chip->restart = leave;
}

_Noreturn void chip_main(void);
__attribute__((used)) _Noreturn void chip_main(void)
{
    run(fill);
}
