/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/virtual.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { US = 1000, BUFFERED = 4096 };

static void stop(const char *what)
{
    fprintf(stderr, "virtual board: %s\n", what);
    exit(1);
}

/* The next moment at which something can come, not after end. */
static uint64_t next_moment(struct virtual_board *b, uint64_t end)
{
    const uint64_t next = bm_sim_next(b->sim);
    return next > end ? end : next < b->now_us ? b->now_us : next;
}

static int op_read(void *ctx, void *buf, size_t cap, unsigned timeout_ms)
{
    struct virtual_board *b = ctx;
    const uint64_t end = b->now_us + (uint64_t)timeout_ms * US;
    for (;;) {
        const size_t n = bm_sim_output(b->sim, buf, cap, b->now_us);
        if (n > 0) {
            b->received += n;
            return (int)n;
        }
        if (bm_sim_unplugged(b->sim)) {
            return BM_E_IO;
        }
        if (b->now_us >= end) {
            return 0;
        }
        b->now_us = next_moment(b, end);
    }
}

static int op_write(void *ctx, const void *data, size_t len, unsigned timeout_ms)
{
    struct virtual_board *b = ctx;
    (void)timeout_ms;
    if (bm_sim_unplugged(b->sim)) {
        return BM_E_IO;
    }
    bm_sim_input(b->sim, data, len, b->now_us);
    b->sent += len;
    /* The driver holds some of it; the rest has to be on the wire before this returns. */
    const uint64_t free_at = bm_sim_wire_free(b->sim);
    const uint64_t held = free_at > b->now_us ? free_at - b->now_us : 0;
    if (len > BUFFERED) {
        b->now_us += held - held * BUFFERED / len;
    }
    return BM_OK;
}

static int op_set_baud(void *ctx, uint32_t baud)
{
    struct virtual_board *b = ctx;
    bm_sim_baud(b->sim, baud);
    return bm_sim_unplugged(b->sim) ? BM_E_IO : BM_OK;
}

static int op_set_lines(void *ctx, int dtr, int rts)
{
    struct virtual_board *b = ctx;
    bm_sim_lines(b->sim, dtr, rts, b->now_us);
    b->resets += rts && !dtr;
    return bm_sim_unplugged(b->sim) ? BM_E_IO : BM_OK;
}

static int op_drain(void *ctx)
{
    struct virtual_board *b = ctx;
    const uint64_t free_at = bm_sim_wire_free(b->sim);
    b->now_us = free_at > b->now_us ? free_at : b->now_us;
    return BM_OK;
}

static uint64_t op_now_ms(void *ctx)
{
    const struct virtual_board *b = ctx;
    return b->now_us / US;
}

static void op_sleep_ms(void *ctx, unsigned ms)
{
    struct virtual_board *b = ctx;
    const uint64_t end = b->now_us + (uint64_t)ms * US;
    b->now_us = end;
}

static const struct bm_serial_ops ops = {
    .read = op_read,
    .write = op_write,
    .set_baud = op_set_baud,
    .set_lines = op_set_lines,
    .drain = op_drain,
    .now_ms = op_now_ms,
    .sleep_ms = op_sleep_ms,
};

void virtual_init(struct virtual_board *b, const char *chip, uint32_t flash_size)
{
    static const uint8_t mac[6] = {0x02, 0x00, 0x5e, 0x10, 0x20, 0x30};
    memset(b, 0, sizeof *b);
    b->config.chip = bm_chip_by_name(chip);
    b->mem = malloc(flash_size);
    b->size = flash_size;
    if (b->config.chip == NULL || b->mem == NULL) {
        stop("no such chip, or no memory");
    }
    memset(b->mem, 0xff, flash_size);
    if (bm_flash_ram_init(&b->flash, &b->ram, b->mem, flash_size) != BM_OK) {
        stop("the flash's size is wrong");
    }
    memcpy(b->config.mac, mac, sizeof mac);
    b->config.revision = 300;
    b->config.flash = &b->flash;
    b->serial = (struct bm_serial){&ops, b, BM_SERIAL_UART};
    b->now_us = 1000000;
}

void virtual_open(struct virtual_board *b)
{
    if (bm_sim_open(&b->sim, &b->config) != BM_OK) {
        stop("config refused");
    }
    b->serial.kind = b->config.port == BM_CHIP_PORT_UART ? BM_SERIAL_UART : BM_SERIAL_USB_JTAG;
    bm_sim_reset(b->sim, b->now_us);
}

void virtual_close(struct virtual_board *b)
{
    bm_sim_close(b->sim);
    free(b->mem);
    b->sim = NULL;
    b->mem = NULL;
}

size_t virtual_listen(struct virtual_board *b, void *buf, size_t cap, unsigned ms)
{
    const uint64_t end = b->now_us + (uint64_t)ms * US;
    size_t total = 0;
    while (total < cap && b->now_us < end) {
        const int n = op_read(b, (uint8_t *)buf + total, cap - total,
                              (unsigned)((end - b->now_us + US - 1) / US));
        if (n <= 0) {
            break;
        }
        total += (size_t)n;
    }
    return total;
}
