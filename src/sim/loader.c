/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/rom.h"

#include <string.h>

#include "base/le.h"
#include "sim/core.h"

/* The ROM's loader, held to what the mask ROMs of ESP32 and ESP32-C3 answered (docs/sim.md). Much
 * of it is what happens when memory is not cleared: a frame is read from one buffer, whatever the
 * frame was long, answers are put together in another, and success does not reset the error. */

enum { SLOW_READ = 64, DIGITS = 32, MAX_BAUD = 6000000, MIN_BAUD = 300 };
enum { ROM_FLASH_SIZE = 0x400000 }; /* until SPI_SET_PARAMS */

struct rom_command {
    uint8_t op;
    uint8_t payload; /* bytes of its answer before the status */
    uint8_t clears;  /* 1: success sets the error byte to 0; else it stays what it was */
    uint8_t secure;  /* 1: known in secure download mode */
    uint8_t (*run)(struct bm_sim *sim);
    void (*after)(struct bm_sim *sim); /* once the answer is out; NULL: nothing */
};

uint32_t sim_frame_word(const struct bm_sim *sim, unsigned index)
{
    return bm_get_le32(sim->rom.frame + BM_ROM_HEADER + (size_t)4 * index);
}

uint16_t sim_frame_len(const struct bm_sim *sim)
{
    return bm_get_le16(sim->rom.frame + 2);
}

void sim_rom_start(struct bm_sim *sim)
{
    struct sim_loader *rom = &sim->rom;
    bm_slip_init(&rom->slip, rom->frame, SIM_FRAME);
    rom->slip.lax = 1;
    memset(rom->frame, 0, SIM_FRAME);
    memset(rom->reply, 0, sizeof rom->reply);
    memset(rom->digest, 0, sizeof rom->digest);
    rom->last_op = 0;
    rom->error = 0;
    rom->value = 0;
    rom->flash_size = ROM_FLASH_SIZE;
    rom->writing.begun = 0;
    rom->loadeds = 0;
    sim->reading.active = 0;
}

static uint8_t run_sync(struct bm_sim *sim)
{
    sim->rom.value = sim_frame_word(sim, 0);
    return 0;
}

static uint8_t run_read_reg(struct bm_sim *sim)
{
    sim->rom.value = sim_read_register(sim, sim_frame_word(sim, 0));
    return 0;
}

static uint8_t run_write_reg(struct bm_sim *sim)
{
    enum { WORDS = 4 }; /* address, value, mask, wait in microseconds */
    const unsigned writes = sim_frame_len(sim) / (4 * WORDS);
    for (unsigned i = 0; i < writes; i++) {
        sim_write_register(sim, sim_frame_word(sim, i * WORDS), sim_frame_word(sim, i * WORDS + 1),
                           sim_frame_word(sim, i * WORDS + 2));
    }
    return writes > 0 ? 0 : BM_ROM_E_INVALID;
}

static uint8_t run_attach(struct bm_sim *sim)
{
    const unsigned len = sim_frame_len(sim);
    return len == 0 || len == 4 || len == 8 ? 0 : BM_ROM_E_INVALID;
}

static uint8_t run_set_params(struct bm_sim *sim)
{
    if (sim_frame_len(sim) != 24) {
        return BM_ROM_E_INVALID;
    }
    sim->rom.flash_size = sim_frame_word(sim, 1);
    return 0;
}

static uint8_t run_security(struct bm_sim *sim)
{
    struct bm_chip_security info = sim->config.security;
    info.flags |= sim->config.secure_download ? BM_CHIP_SECURE_DOWNLOAD : 0;
    (void)bm_chip_format_security(sim->config.chip, &info, sim->rom.reply);
    return 0;
}

static uint8_t run_baud(struct bm_sim *sim)
{
    return sim_frame_len(sim) == 8 ? 0 : BM_ROM_E_INVALID;
}

static void change_baud(struct bm_sim *sim)
{
    static const uint8_t stray = 0xc0;
    const uint32_t baud = sim_frame_word(sim, 0);
    if (baud >= MIN_BAUD && baud <= MAX_BAUD) {
        sim->chip_baud = baud;
        sim->autobaud = 0;
    }
    sim_send(sim, &stray, 1);
}

static uint8_t run_end(struct bm_sim *sim)
{
    return sim->rom.writing.begun ? 0 : BM_ROM_E_FAILED;
}

/* Leaves the loader, even where it says it failed. Asked to stay and run, the ESP32 goes on to what
 * is in flash, without a reset; the C3 crashes, and nothing is known of the others. */
static void leave(struct bm_sim *sim)
{
    if (sim_frame_word(sim, 0) == 0) {
        sim_reset_in(sim, 0, BM_SIM_SYSTEM);
    } else if (sim->config.chip->begin_words == 4) {
        sim_boot(sim);
    } else {
        sim_print(sim, "user code done\r\nGuru Meditation Error: Core 0 panic'ed "
                       "(Instruction access fault)\r\n");
        sim->state = BM_SIM_HUNG;
    }
}

static uint8_t run_mem_end(struct bm_sim *sim)
{
    return sim_frame_len(sim) == 8 ? 0 : BM_ROM_E_INVALID;
}

static void mem_jump(struct bm_sim *sim)
{
    if (sim_frame_word(sim, 0) == 0) {
        sim_rom_mem_jump(sim, sim_frame_word(sim, 1));
    }
}

static const struct rom_command commands[] = {
    {BM_ROM_FLASH_BEGIN, 0, 0, 1, sim_rom_begin, NULL},
    {BM_ROM_FLASH_DATA, 0, 0, 1, sim_rom_data, NULL},
    {BM_ROM_FLASH_END, 0, 0, 1, run_end, leave},
    {BM_ROM_MEM_BEGIN, 0, 0, 0, sim_rom_mem_begin, NULL},
    {BM_ROM_MEM_DATA, 0, 0, 0, sim_rom_mem_data, NULL},
    {BM_ROM_MEM_END, 0, 0, 0, run_mem_end, mem_jump},
    {BM_ROM_SYNC, 0, 0, 1, run_sync, NULL},
    {BM_ROM_WRITE_REG, 0, 0, 0, run_write_reg, NULL},
    {BM_ROM_READ_REG, 0, 1, 0, run_read_reg, NULL},
    {BM_ROM_SPI_SET_PARAMS, 0, 0, 1, run_set_params, NULL},
    {BM_ROM_SPI_ATTACH, 0, 0, 1, run_attach, NULL},
    {BM_ROM_READ_FLASH_SLOW, SLOW_READ, 1, 0, sim_rom_slow_read, NULL},
    {BM_ROM_CHANGE_BAUDRATE, 0, 0, 1, run_baud, change_baud},
    {BM_ROM_FLASH_DEFL_BEGIN, 0, 0, 1, sim_rom_deflate_begin, NULL},
    {BM_ROM_FLASH_DEFL_DATA, 0, 0, 1, sim_rom_deflate_data, NULL},
    {BM_ROM_FLASH_DEFL_END, 0, 0, 1, run_end, leave},
    {BM_ROM_SPI_FLASH_MD5, DIGITS, 1, 0, sim_rom_md5, NULL},
    {BM_ROM_GET_SECURITY_INFO, 0, 1, 1, run_security, NULL},
};

/* The row of an op, or NULL: unknown to this chip, or in its mode. */
static const struct rom_command *find_command(const struct bm_sim *sim, uint8_t op)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        const struct rom_command *c = &commands[i];
        if (c->op == op && (c->secure || !sim->config.secure_download) &&
            (op != BM_ROM_GET_SECURITY_INFO || sim->config.chip->security_info_len != 0)) {
            return c;
        }
    }
    return NULL;
}

/* Answers for the op that was last known: it is that one whose number and repetitions are sent. */
static void answer(struct bm_sim *sim, uint8_t error, int clears, size_t payload)
{
    struct sim_loader *rom = &sim->rom;
    uint8_t frame[BM_ROM_HEADER + sizeof rom->reply];
    const unsigned times = rom->last_op == BM_ROM_SYNC ? BM_ROM_SYNC_REPLIES : 1;
    if (error != 0 || clears) {
        rom->error = error;
    }
    rom->reply[payload] = error != 0;
    rom->reply[payload + 1] = rom->error;
    const size_t len = bm_rom_format(frame, sizeof frame, 1, rom->last_op, rom->value, rom->reply,
                                     payload + BM_ROM_STATUS);
    for (unsigned i = 0; i < times; i++) {
        sim_send_frame(sim, frame, len);
    }
}

void sim_rom_frame(struct bm_sim *sim)
{
    struct sim_loader *rom = &sim->rom;
    const uint8_t op = rom->frame[1];
    const struct rom_command *c = rom->frame[0] == 0 ? find_command(sim, op) : NULL;
    if (c == NULL) {
        answer(sim, BM_ROM_E_INVALID, 0, 0);
        return;
    }
    rom->last_op = op;
    const size_t payload =
        op == BM_ROM_GET_SECURITY_INFO ? sim->config.chip->security_info_len : c->payload;
    const uint8_t error = c->run(sim);
    if (sim->state != BM_SIM_ROM) {
        return; /* it hung over it */
    }
    answer(sim, error, c->clears, payload);
    if (c->after != NULL) {
        c->after(sim);
    }
}
