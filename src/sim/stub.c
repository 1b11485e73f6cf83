/* SPDX-License-Identifier: Apache-2.0 */
#include "base/le.h"
#include "sim/core.h"

#include <string.h>

/* A flasher stub in the loader's place, as Espressif's behave on the wire (esptool's
 * serial-protocol.rst; espressif/esptool-legacy-flasher-stub, stub_flasher.c): two bytes of status,
 * blocks are acknowledged before they are written, an error in writing is told with the next one.
 */

enum {
    E_LENGTH = 0xc0,
    E_SUM = 0xc1,
    E_BLOCK = 0xc2,
    E_SPI = 0xc4,
    E_NOT_BEGUN = 0xc6,
    E_INFLATE = 0xc7,
    E_SHORT = 0xc8,
    E_LONG = 0xc9,
    E_UNKNOWN = 0xff
};
enum { BLOCK_MOST = 0x4000, READ_MOST = 4096, ANSWER_MOST = 20, ANY = 0xff, SYNC_ANSWERS = 8 };
enum { UNDER_WAY_MOST = 0x10000 }; /* bytes that were read and not acknowledged */

struct stub_command {
    uint8_t op;
    uint8_t len; /* of its data; ANY */
    uint8_t (*run)(struct bm_sim *sim);
    void (*after)(struct bm_sim *sim); /* once the answer is out, if there was no error */
};

static const uint8_t *block_of(const struct bm_sim *sim)
{
    return sim->rom.frame + BM_ROM_HEADER + BM_ROM_DATA_HEADER;
}

void sim_stub_start(struct bm_sim *sim)
{
    sim->state = BM_SIM_STUB;
    sim->rom.writing.begun = 0;
    sim->reading.active = 0;
    sim_send_frame(sim, bm_rom_stub_hello, sizeof bm_rom_stub_hello);
}

static uint8_t run_nothing(struct bm_sim *sim)
{
    (void)sim;
    return 0;
}

static uint8_t run_write_reg(struct bm_sim *sim)
{
    for (unsigned i = 0; i < sim_frame_len(sim) / 16u; i++) {
        sim_write_register(sim, sim_frame_word(sim, 4 * i), sim_frame_word(sim, 4 * i + 1),
                           sim_frame_word(sim, 4 * i + 2));
    }
    return sim_frame_len(sim) % 16 == 0 ? 0 : E_LENGTH;
}

static uint8_t run_erase_all(struct bm_sim *sim)
{
    return sim_flash_erase(sim, 0, sim->config.flash->size) == BM_OK ? 0 : E_SPI;
}

static uint8_t run_erase(struct bm_sim *sim)
{
    const uint32_t off = sim_frame_word(sim, 0);
    const uint32_t len = sim_frame_word(sim, 1);
    const int even = off % SIM_SECTOR == 0 && len % SIM_SECTOR == 0;
    return even && sim_flash_erase(sim, off, len) == BM_OK ? 0 : E_SPI;
}

static uint8_t run_begin(struct bm_sim *sim)
{
    struct sim_writing *w = &sim->rom.writing;
    if (sim_frame_word(sim, 2) > BLOCK_MOST) {
        return E_BLOCK;
    }
    if (sim_frame_len(sim) < 16) {
        return E_LENGTH;
    }
    w->begun = 1;
    w->error = 0;
    w->sequence = 0;
    w->left = sim_frame_word(sim, 0);
    w->blocks = sim_frame_word(sim, 1);
    w->at = sim_frame_word(sim, 3);
    w->erased = w->at - w->at % SIM_SECTOR;
    sim_inflate_free(&w->inflate);
    return 0;
}

static uint8_t run_deflate_begin(struct bm_sim *sim)
{
    const uint8_t error = run_begin(sim);
    if (error != 0) {
        return error;
    }
    return sim_inflate_begin(&sim->rom.writing.inflate) == BM_OK ? 0 : E_SPI;
}

static uint8_t run_block(struct bm_sim *sim)
{
    const struct sim_writing *w = &sim->rom.writing;
    const uint16_t all = sim_frame_len(sim);
    if (!w->begun) {
        return E_NOT_BEGUN;
    }
    if (all < BM_ROM_DATA_HEADER || sim_frame_word(sim, 0) != all - (uint32_t)BM_ROM_DATA_HEADER) {
        return E_LENGTH;
    }
    if (bm_rom_checksum(block_of(sim), all - (size_t)BM_ROM_DATA_HEADER) !=
        bm_get_le32(sim->rom.frame + 4)) {
        return E_SUM;
    }
    return w->error;
}

/* Erases as far as needed, just ahead, then writes. */
static int write_bytes(void *ctx, const uint8_t *data, uint32_t len)
{
    struct bm_sim *sim = ctx;
    struct sim_writing *w = &sim->rom.writing;
    uint32_t n = len;
    if (n > w->left) {
        n = w->left;
        w->error = w->inflate.stream != NULL ? E_LONG : w->error;
    }
    if (n == 0) {
        return w->error != 0;
    }
    if (w->at + n > w->erased) {
        const uint32_t more = w->at + n - w->erased;
        if (sim_flash_erase(sim, w->erased, more) != BM_OK) {
            w->error = E_SPI;
            return 1;
        }
        w->erased += more + (SIM_SECTOR - more % SIM_SECTOR) % SIM_SECTOR;
    }
    if (sim_flash_program(sim, w->at, data, n) != BM_OK) {
        w->error = E_SPI;
    }
    w->at += n;
    w->left -= n;
    return w->error != 0;
}

static void write_block(struct bm_sim *sim)
{
    (void)write_bytes(sim, block_of(sim), sim_frame_len(sim) - (uint32_t)BM_ROM_DATA_HEADER);
}

static void inflate_block(struct bm_sim *sim)
{
    struct sim_writing *w = &sim->rom.writing;
    if (w->inflate.stream == NULL || w->inflate.done) {
        return;
    }
    const enum sim_inflated rc =
        sim_inflate_feed(&w->inflate, block_of(sim),
                         sim_frame_len(sim) - (size_t)BM_ROM_DATA_HEADER, write_bytes, sim);
    if (rc == SIM_INFLATE_BAD) {
        w->error = E_INFLATE;
    } else if (rc == SIM_INFLATE_DONE && w->left > 0 && w->error == 0) {
        w->error = E_SHORT;
    }
}

static uint8_t run_end(struct bm_sim *sim)
{
    struct sim_writing *w = &sim->rom.writing;
    if (!w->begun) {
        return E_NOT_BEGUN;
    }
    w->begun = 0;
    return w->left > 0 && w->error == 0 ? E_SHORT : w->error;
}

static void end(struct bm_sim *sim)
{
    if (sim_frame_word(sim, 0) == 0) {
        sim_reset_in(sim, 0, BM_SIM_SYSTEM);
    }
}

static void mem_jump(struct bm_sim *sim)
{
    if (sim_frame_word(sim, 0) == 0) {
        sim_rom_mem_jump(sim, sim_frame_word(sim, 1));
    }
}

static void change_baud(struct bm_sim *sim)
{
    sim->chip_baud = sim_frame_word(sim, 0);
    sim->autobaud = 0;
}

static void user_code(struct bm_sim *sim)
{
    sim_reset_in(sim, 0, BM_SIM_SYSTEM);
}

/* Sends packets while not more than agreed on are unacknowledged, at the end the MD5 of all. */
static void send_packets(struct bm_sim *sim)
{
    struct sim_reading *r = &sim->reading;
    uint8_t packet[READ_MOST];
    uint8_t digest[BM_MD5_LEN];
    while (r->sent < r->len && (r->sent - r->acked) / r->block < r->window) {
        const uint32_t left = r->len - r->sent;
        const uint32_t n = left < r->block ? left : r->block;
        if (sim_flash_read(sim, r->at + r->sent, packet, n) != BM_OK) {
            memset(packet, 0, n);
        }
        sim_send_frame(sim, packet, n);
        r->sent += n;
    }
    if (r->acked >= r->len) {
        r->active = 0;
        if (sim_flash_md5(sim, r->at, r->len, digest) != BM_OK) {
            memset(digest, 0, sizeof digest);
        }
        sim_send_frame(sim, digest, sizeof digest);
    }
}

/* Words: offset, length, bytes of a packet, packets that may be under way. */
static void begin_reading(struct bm_sim *sim)
{
    struct sim_reading *r = &sim->reading;
    *r = (struct sim_reading){1, sim_frame_word(sim, 0), sim_frame_word(sim, 1), 0,
                              0, sim_frame_word(sim, 2), sim_frame_word(sim, 3)};
    const uint32_t size = sim->config.flash->size;
    if (r->block == 0 || r->block > READ_MOST || r->at > size || r->len > size - r->at) {
        r->active = 0; /* nothing comes */
        return;
    }
    const uint32_t most = r->block > UNDER_WAY_MOST / 64 ? UNDER_WAY_MOST / r->block : 64;
    r->window = r->window > most ? most : r->window;
    send_packets(sim);
}

/* An acknowledgement: number of bytes received so far. Anything else ends the reading. */
static void acknowledge(struct bm_sim *sim)
{
    struct sim_reading *r = &sim->reading;
    const uint32_t acked = bm_get_le32(sim->rom.frame);
    if (sim->rom.slip.len != 4 || acked > r->sent) {
        r->active = 0;
        return;
    }
    r->acked = acked > r->acked ? acked : r->acked;
    send_packets(sim);
}

static const struct stub_command commands[] = {
    {BM_ROM_SYNC, ANY, run_nothing, NULL},
    {BM_ROM_READ_REG, 4, run_nothing, NULL},
    {BM_ROM_WRITE_REG, ANY, run_write_reg, NULL},
    {BM_ROM_SPI_SET_PARAMS, 24, run_nothing, NULL},
    {BM_ROM_SPI_ATTACH, ANY, run_nothing, NULL},
    {BM_ROM_FLASH_BEGIN, ANY, run_begin, NULL},
    {BM_ROM_FLASH_DATA, ANY, run_block, write_block},
    {BM_ROM_FLASH_END, 4, run_end, end},
    {BM_ROM_FLASH_DEFL_BEGIN, ANY, run_deflate_begin, NULL},
    {BM_ROM_FLASH_DEFL_DATA, ANY, run_block, inflate_block},
    {BM_ROM_FLASH_DEFL_END, 4, run_end, end},
    {BM_ROM_MEM_BEGIN, 16, sim_rom_mem_begin, NULL},
    {BM_ROM_MEM_DATA, ANY, sim_rom_mem_data, NULL},
    {BM_ROM_MEM_END, 8, run_nothing, mem_jump},
    {BM_ROM_CHANGE_BAUDRATE, 8, run_nothing, change_baud},
    {BM_ROM_ERASE_FLASH, 0, run_erase_all, NULL},
    {BM_ROM_ERASE_REGION, 8, run_erase, NULL},
    {BM_ROM_READ_FLASH, 16, run_nothing, begin_reading},
};

static const struct stub_command *find_command(uint8_t op)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (commands[i].op == op) {
            return &commands[i];
        }
    }
    return NULL;
}

/* The data before the status, which three commands have. */
static size_t payload(struct bm_sim *sim, uint8_t op, uint8_t out[ANSWER_MOST], uint8_t *error)
{
    struct bm_chip_security info = sim->config.security;
    switch (op) {
    case BM_ROM_SPI_FLASH_MD5:
        memset(out, 0, BM_MD5_LEN);
        *error = sim_frame_len(sim) != 16 ? E_LENGTH
                 : sim_flash_md5(sim, sim_frame_word(sim, 0), sim_frame_word(sim, 1), out) == BM_OK
                     ? 0
                     : E_SPI;
        return BM_MD5_LEN;
    case BM_ROM_GET_SECURITY_INFO:
        *error = sim->config.chip->security_info_len != 0 ? 0 : E_UNKNOWN;
        return bm_chip_format_security(sim->config.chip, &info, out);
    default: return 0;
    }
}

static void answer(struct bm_sim *sim, uint8_t op, const uint8_t *data, size_t len, uint8_t error)
{
    uint8_t reply[ANSWER_MOST + BM_ROM_STUB_STATUS];
    uint8_t frame[BM_ROM_HEADER + sizeof reply];
    const uint32_t value =
        op == BM_ROM_READ_REG ? sim_read_register(sim, sim_frame_word(sim, 0)) : 0;
    memcpy(reply, data, len);
    reply[len] = error;
    reply[len + 1] = 0;
    const size_t n =
        bm_rom_format(frame, sizeof frame, 1, op, value, reply, len + BM_ROM_STUB_STATUS);
    for (unsigned i = 0; i < (op == BM_ROM_SYNC ? SYNC_ANSWERS : 1u); i++) { /* as the ROM */
        sim_send_frame(sim, frame, n);
    }
}

static void run_command(struct bm_sim *sim)
{
    const uint8_t op = sim->rom.frame[1];
    const struct stub_command *c = find_command(op);
    uint8_t data[ANSWER_MOST] = {0};
    uint8_t error = E_UNKNOWN;
    if (op == BM_ROM_RUN_USER_CODE) {
        user_code(sim); /* the one that is not answered */
        return;
    }
    const size_t len = payload(sim, op, data, &error);
    if (sim_frame_len(sim) > BLOCK_MOST + BM_ROM_DATA_HEADER) {
        error = E_LENGTH;
    } else if (c != NULL) {
        error = c->len == ANY || c->len == sim_frame_len(sim) ? c->run(sim) : E_LENGTH;
    }
    answer(sim, op, data, len, error);
    if (c != NULL && c->after != NULL && error == 0) {
        c->after(sim);
    }
}

void sim_stub_frame(struct bm_sim *sim)
{
    const struct sim_loader *rom = &sim->rom;
    if (sim->reading.active) {
        acknowledge(sim);
    } else if (rom->slip.len >= BM_ROM_HEADER && rom->frame[0] == 0) {
        run_command(sim);
    }
}
