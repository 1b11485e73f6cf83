/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "sim/core.h"

/* The board from outside: power, lines, and bytes that go to whoever listens. */

enum { BITS_PER_BYTE = 10, BAUD_TOLERANCE = 4, USB_BYTE_NS = 1200, LINE_MOST = 256 };
enum { APP_LOOK_US = 2000 }; /* how often a running app is looked after */

/* The id of a GigaDevice flash: its last byte is the size as a power of two. */
static uint32_t usual_flash_id(uint32_t size)
{
    unsigned log2 = 0;
    while (log2 < 31 && (1ul << log2) < size) {
        log2++;
    }
    return 0x0040c8u | (uint32_t)log2 << 16;
}

static int is_wrong(const struct bm_sim_config *config)
{
    const struct bm_flash *flash = config->flash;
    return config->chip == NULL || flash == NULL || flash->ops->prog == NULL ||
           flash->ops->erase == NULL || flash->size == 0 || flash->size % SIM_SECTOR != 0 ||
           config->table_off % SIM_SECTOR != 0 ||
           (config->table_off != 0 && config->table_off <= config->chip->bootloader_offset) ||
           (config->secure_download && config->chip->security_info_len == 0);
}

int bm_sim_open(struct bm_sim **out, const struct bm_sim_config *config)
{
    *out = NULL;
    if (is_wrong(config)) {
        return BM_E_ARG;
    }
    struct bm_sim *sim = calloc(1, sizeof *sim);
    if (sim == NULL) {
        return BM_E_NOMEM;
    }
    sim->config = *config;
    sim->config.table_off = config->table_off != 0 ? config->table_off : BM_PART_TABLE_OFFSET;
    sim->flash_id = config->flash_id != 0 ? config->flash_id : usual_flash_id(config->flash->size);
    sim->reset_at = SIM_NEVER;
    sim->random = (uint64_t)config->faults.seed << 1 | 1;
    sim->rom.frame = malloc(SIM_FRAME);
    sim->table = malloc(sizeof *sim->table);
    if (sim->rom.frame == NULL || sim->table == NULL || bm_hash_openssl_md5(&sim->md5) != BM_OK ||
        bm_hash_openssl_sha256(&sim->sha256) != BM_OK) {
        bm_sim_close(sim);
        return BM_E_NOMEM;
    }
    sim_rom_start(sim);
    sim_registers_reset(sim);
    *out = sim;
    return BM_OK;
}

void bm_sim_close(struct bm_sim *sim)
{
    if (sim == NULL) {
        return;
    }
    sim_app_stop(sim);
    sim_inflate_free(&sim->rom.writing.inflate);
    sim_out_free(&sim->out);
    bm_hash_openssl_close(&sim->md5);
    bm_hash_openssl_close(&sim->sha256);
    free(sim->rom.frame);
    free(sim->table);
    free(sim);
}

static int is_usb(const struct bm_sim *sim)
{
    return sim->config.port != BM_CHIP_PORT_UART;
}

/* How long a byte takes on the wire. */
static uint64_t byte_ns(const struct bm_sim *sim, uint32_t baud)
{
    if (!sim->config.realtime) {
        return 0;
    }
    return is_usb(sim) ? USB_BYTE_NS : 1000000000ull * BITS_PER_BYTE / (baud > 0 ? baud : 1);
}

static int bauds_differ(const struct bm_sim *sim)
{
    const uint64_t host = sim->host_baud;
    const uint64_t chip = sim->chip_baud;
    const uint64_t apart = host > chip ? host - chip : chip - host;
    return host != 0 && !is_usb(sim) && apart * 100 > chip * BAUD_TOLERANCE;
}

/* A byte on the wire: up to two come out of it. */
static size_t cross(struct bm_sim *sim, uint8_t byte, int garbled, uint8_t out[2])
{
    const struct bm_sim_faults *faults = &sim->config.faults;
    size_t n = 0;
    if (sim_chance(sim, faults->lose)) {
        return 0;
    }
    if (sim_chance(sim, faults->insert)) {
        out[n++] = (uint8_t)sim_random(sim);
    }
    if (garbled) {
        byte = (uint8_t)sim_random(sim);
    }
    if (sim_chance(sim, faults->corrupt)) {
        byte = (uint8_t)(byte ^ (1u << (sim_random(sim) % 8)));
    }
    out[n++] = byte;
    return n;
}

void sim_send(struct bm_sim *sim, const void *data, size_t len)
{
    const uint8_t *p = data;
    const int garbled = bauds_differ(sim);
    const uint64_t ns = byte_ns(sim, sim->chip_baud);
    const uint64_t from = sim->busy > sim->now ? sim->busy : sim->now;
    uint8_t piece[LINE_MOST];
    size_t n = 0;
    if (sim->muted || sim->unplugged) {
        return;
    }
    for (size_t i = 0; i < len; i++) {
        n += cross(sim, p[i], garbled, piece + n);
        if (n + 2 > sizeof piece || i + 1 == len) {
            sim_out_put(&sim->out, piece, n, from, ns);
            n = 0;
        }
    }
}

void sim_print(struct bm_sim *sim, const char *format, ...)
{
    char line[LINE_MOST];
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (len > 0) {
        sim_send(sim, line, (size_t)len < sizeof line ? (size_t)len : sizeof line - 1);
    }
}

void sim_send_frame(struct bm_sim *sim, const void *data, size_t len)
{
    enum { FRAME_MOST = 4096 };
    uint8_t wire[2 * FRAME_MOST + 2];
    sim_send(sim, wire, bm_slip_encode(wire, sizeof wire, data, len));
}

void sim_work(struct bm_sim *sim, uint64_t us)
{
    if (sim->config.realtime) {
        sim->busy = (sim->busy > sim->now ? sim->busy : sim->now) + us;
    }
}

void sim_reset_in(struct bm_sim *sim, uint64_t us, enum bm_sim_reason reason)
{
    const uint64_t from = sim->busy > sim->now ? sim->busy : sim->now;
    /* What is being sent gets out first. */
    sim->reset_at = (sim->out.free > from ? sim->out.free : from) + us;
    sim->reason = reason;
}

/* Out of reset: the ROM speaks at its own speed, then the straps decide. They are sampled when the
 * whole chip is reset, and held: to a reset by software, or over USB, they are as they were. */
static void start(struct bm_sim *sim)
{
    const int usb = sim->config.port == BM_CHIP_PORT_USB_JTAG;
    if (sim->reason == BM_SIM_POWERON || sim->reason == BM_SIM_WDT) {
        sim->strapped = sim->config.hold_boot || (!usb && sim->dtr && !sim->rts);
    }
    const int download = sim->strapped || (usb && sim->usb_download);
    sim_app_stop(sim);
    sim->reset_at = SIM_NEVER;
    sim->muted = 0;
    sim->chip_baud = BM_ROM_BAUD;
    sim->busy = sim->now;
    sim_registers_reset(sim);
    sim_rom_start(sim);
    sim->state = BM_SIM_HUNG;
    sim_print_reset(sim, download);
    if (download) {
        sim->state = BM_SIM_ROM;
        sim->autobaud = 1;
    } else {
        sim_boot(sim);
    }
}

/* The chip loses its power or is held: what it was sending ends. */
static void halt(struct bm_sim *sim)
{
    sim_app_stop(sim);
    if (sim->config.realtime) {
        sim_out_drop(&sim->out, sim->now);
    }
    sim->reset_at = SIM_NEVER;
    sim->state = BM_SIM_OFF;
}

/* Time passes: what is due happens. */
static void advance(struct bm_sim *sim, uint64_t now)
{
    while (sim->reset_at <= now) {
        sim->now = sim->reset_at > sim->now ? sim->reset_at : sim->now;
        start(sim);
    }
    sim->now = now > sim->now ? now : sim->now;
    sim_app_turn(sim);
}

void bm_sim_reset(struct bm_sim *sim, uint64_t now_us)
{
    advance(sim, now_us);
    halt(sim);
    sim->reason = BM_SIM_POWERON;
    start(sim);
}

/* The two transistors. */
static void uart_lines(struct bm_sim *sim, int was_held)
{
    const int held = sim->rts && !sim->dtr;
    if (held) {
        halt(sim);
    } else if (was_held) {
        sim->reset_at = sim->now + BM_SIM_EN_US;
        sim->reason = BM_SIM_POWERON;
    }
}

/* ESP32-C3's reference manual, USB Serial/JTAG controller: DTR alone asks for download, RTS alone
 * resets, neither clears what was asked for, both do nothing. */
static void usb_lines(struct bm_sim *sim)
{
    if (!sim->dtr && !sim->rts) {
        sim->usb_download = 0;
    } else if (sim->dtr && !sim->rts) {
        sim->usb_download = 1;
    } else if (sim->rts && !sim->dtr) {
        halt(sim);
        sim->reason = BM_SIM_USB;
        start(sim);
    }
}

void bm_sim_lines(struct bm_sim *sim, int dtr, int rts, uint64_t now_us)
{
    const int was_held = sim->rts && !sim->dtr;
    advance(sim, now_us);
    if (sim->unplugged || (sim->dtr == !!dtr && sim->rts == !!rts)) {
        return;
    }
    sim->dtr = !!dtr;
    sim->rts = !!rts;
    if (sim->config.port == BM_CHIP_PORT_USB_JTAG) {
        usb_lines(sim);
    } else {
        uart_lines(sim, was_held);
    }
}

void bm_sim_baud(struct bm_sim *sim, uint32_t baud)
{
    sim->host_baud = baud;
}

/* A command has come in: it begins when its last byte is there and the one before is done. */
static void begin_command(struct bm_sim *sim)
{
    const struct bm_sim_faults *faults = &sim->config.faults;
    const uint64_t there = sim->config.realtime ? sim->wire_free : sim->now;
    sim->busy = sim->busy > there ? sim->busy : there;
    sim->muted = sim_chance(sim, faults->mute);
    if (sim_chance(sim, faults->late)) {
        sim->busy += 1000ull * faults->late_ms;
    }
}

static void hear(struct bm_sim *sim, uint8_t byte)
{
    if (bm_slip_push(&sim->rom.slip, byte) != BM_SLIP_FRAME) {
        return;
    }
    begin_command(sim);
    if (sim->state == BM_SIM_ROM) {
        sim->autobaud = 0;
        sim_rom_frame(sim);
    } else {
        sim_stub_frame(sim);
    }
    sim->muted = 0;
}

/* A byte at the chip's pin. */
static void receive(struct bm_sim *sim, uint8_t byte)
{
    switch (sim->state) {
    case BM_SIM_ROM:
    case BM_SIM_STUB: hear(sim, byte); break;
    case BM_SIM_APP:
        if (sim->running && sim->config.runner->input != NULL) {
            sim->config.runner->input(sim->config.runner_ctx, &byte, 1);
        }
        break;
    case BM_SIM_OFF:
    case BM_SIM_HUNG: break;
    }
}

/* Faults that a number of bytes brings, each once. */
static void count(struct bm_sim *sim)
{
    const struct bm_sim_faults *faults = &sim->config.faults;
    sim->received++;
    if (sim->received == faults->reset_after) {
        halt(sim);
        sim->reason = BM_SIM_POWERON;
        start(sim);
    }
    if (sim->received == faults->unplug_after) {
        sim->unplugged = 1;
        halt(sim);
        sim_out_drop(&sim->out, 0);
    }
}

void bm_sim_input(struct bm_sim *sim, const void *data, size_t len, uint64_t now_us)
{
    const uint8_t *p = data;
    uint8_t out[2];
    advance(sim, now_us);
    for (size_t i = 0; i < len && !sim->unplugged; i++) {
        /* The loader measures the host's speed until its first frame. */
        if (sim->state == BM_SIM_ROM && sim->autobaud && sim->host_baud != 0) {
            sim->chip_baud = sim->host_baud;
        }
        const uint64_t ns = byte_ns(sim, sim->host_baud != 0 ? sim->host_baud : sim->chip_baud);
        sim->wire_rest += ns;
        sim->wire_free =
            (sim->wire_free > sim->now ? sim->wire_free : sim->now) + sim->wire_rest / 1000;
        sim->wire_rest %= 1000;
        const size_t n = cross(sim, p[i], bauds_differ(sim), out);
        for (size_t k = 0; k < n; k++) {
            receive(sim, out[k]);
        }
        count(sim);
    }
}

size_t bm_sim_output(struct bm_sim *sim, void *buf, size_t cap, uint64_t now_us)
{
    advance(sim, now_us);
    return sim_out_take(&sim->out, buf, cap, now_us);
}

void bm_sim_purge(struct bm_sim *sim)
{
    sim_out_drop(&sim->out, 0);
}

uint64_t bm_sim_next(struct bm_sim *sim)
{
    uint64_t next = sim_out_next(&sim->out);
    if (sim->running && next > sim->now + APP_LOOK_US) {
        next = sim->now + APP_LOOK_US;
    }
    return sim->reset_at < next ? sim->reset_at : next;
}

void bm_sim_hold_boot(struct bm_sim *sim, int hold)
{
    sim->config.hold_boot = hold;
}

uint64_t bm_sim_wire_free(const struct bm_sim *sim)
{
    return sim->wire_free;
}

int bm_sim_unplugged(const struct bm_sim *sim)
{
    return sim->unplugged;
}

enum bm_sim_state bm_sim_state(const struct bm_sim *sim)
{
    return sim->state;
}
