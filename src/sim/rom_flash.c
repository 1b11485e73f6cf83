/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/base.h"
#include "base/le.h"
#include "sim/core.h"

/* The ROM loader's flash commands. */

enum { BLOCK_MOST = 0x1800, SLOW_READ = 64 };

static int is_outside(const struct bm_sim *sim, uint32_t off, uint32_t len)
{
    const uint32_t told = sim->rom.flash_size;
    const uint32_t there = sim->config.flash->size;
    const uint32_t size = told < there ? told : there;
    return off > size || len > size - off;
}

/* Words: size, blocks, bytes of a block, offset, and encryption on the newer chips. */
uint8_t sim_rom_begin(struct bm_sim *sim)
{
    struct sim_writing *w = &sim->rom.writing;
    const uint32_t size = sim_frame_word(sim, 0);
    const uint32_t off = sim_frame_word(sim, 3);
    if (sim_frame_len(sim) != 4u * sim->config.chip->begin_words ||
        sim_frame_word(sim, 2) > BLOCK_MOST) {
        return BM_ROM_E_INVALID;
    }
    w->sequence = 0; /* also where it fails from here on: the earlier one is open again */
    if (off % SIM_SECTOR != 0 || is_outside(sim, off, size) ||
        sim_flash_erase(sim, off, size) != BM_OK) {
        return BM_ROM_E_FAILED;
    }
    w->begun = 1;
    w->blocks = sim_frame_word(sim, 1);
    w->at = off;
    return 0;
}

uint8_t sim_rom_deflate_begin(struct bm_sim *sim)
{
    const uint8_t error = sim_rom_begin(sim);
    if (error == 0 && sim_inflate_begin(&sim->rom.writing.inflate) != BM_OK) {
        return BM_ROM_E_FAILED;
    }
    return error;
}

/* What both kinds of block have in common. The number counts also where the sum is wrong: such a
 * block cannot be sent again. */
static uint8_t take_block(struct bm_sim *sim, uint16_t *len)
{
    struct sim_writing *w = &sim->rom.writing;
    const uint16_t all = sim_frame_len(sim);
    *len = (uint16_t)(all - BM_ROM_DATA_HEADER);
    if (!w->begun || all < BM_ROM_DATA_HEADER || *len > BLOCK_MOST ||
        sim_frame_word(sim, 1) != w->sequence) {
        return BM_ROM_E_INVALID;
    }
    w->sequence++;
    const uint8_t *block = sim->rom.frame + BM_ROM_HEADER + BM_ROM_DATA_HEADER;
    return bm_rom_checksum(block, *len) == (uint8_t)bm_get_le32(sim->rom.frame + 4) ? 0
                                                                                    : BM_ROM_E_CRC;
}

uint8_t sim_rom_data(struct bm_sim *sim)
{
    struct sim_writing *w = &sim->rom.writing;
    const uint8_t *block = sim->rom.frame + BM_ROM_HEADER + BM_ROM_DATA_HEADER;
    uint16_t len = 0;
    if ((sim_frame_len(sim) & 3) != 0) {
        return BM_ROM_E_INVALID;
    }
    const uint8_t error = take_block(sim, &len);
    if (error != 0) {
        return error;
    }
    if (is_outside(sim, w->at, len)) {
        return BM_ROM_E_FAILED;
    }
    if (sim_flash_program(sim, w->at, block, len) != BM_OK ||
        sim_flash_compare(sim, w->at, block, len) != BM_OK) {
        return BM_ROM_E_WRITE;
    }
    w->at += len;
    return 0;
}

/* Writes the window. On the ESP32 all of it, with what is left in it from before behind the
 * stream's end; that part nobody compares. */
static int write_window(void *ctx, const uint8_t *window, uint32_t fill)
{
    struct bm_sim *sim = ctx;
    struct sim_writing *w = &sim->rom.writing;
    if (is_outside(sim, w->at, fill)) {
        w->error = BM_ROM_E_FAILED;
    } else if (sim_flash_program(sim, w->at, window, fill) != BM_OK ||
               sim_flash_compare(sim, w->at, window, fill) != BM_OK) {
        w->error = BM_ROM_E_WRITE;
    } else if (sim->config.chip->stale_overrun && fill < SIM_WINDOW) {
        const uint32_t end = w->at + fill;
        const uint32_t room = sim->config.flash->size - end;
        const uint32_t over = SIM_WINDOW - fill;
        (void)sim_flash_program(sim, end, window + fill, over < room ? over : room);
    }
    w->at += fill;
    return w->error != 0;
}

uint8_t sim_rom_deflate_data(struct bm_sim *sim)
{
    struct sim_writing *w = &sim->rom.writing;
    uint16_t len = 0;
    uint8_t error = take_block(sim, &len);
    if (error != 0) {
        return error;
    }
    if (w->inflate.stream == NULL || w->inflate.done) {
        sim->state = BM_SIM_HUNG; /* a block behind the stream's end: only a reset helps */
        return 0;
    }
    w->error = 0;
    switch (sim_inflate_feed(&w->inflate, sim->rom.frame + BM_ROM_HEADER + BM_ROM_DATA_HEADER, len,
                             write_window, sim)) {
    case SIM_INFLATE_BAD: return BM_ROM_E_DEFLATE;
    case SIM_INFLATE_MORE:
        if (w->error == 0 && w->sequence >= w->blocks) {
            return BM_ROM_E_DEFLATE_SHORT;
        }
        break;
    case SIM_INFLATE_DONE: break;
    }
    return w->error;
}

/* A wrong range leaves the digest that was there before. */
uint8_t sim_rom_md5(struct bm_sim *sim)
{
    uint8_t digest[BM_MD5_LEN];
    char digits[2 * BM_MD5_LEN + 1];
    const uint32_t off = sim_frame_word(sim, 0);
    const uint32_t len = sim_frame_word(sim, 1);
    uint8_t error = BM_ROM_E_READ;
    if (!is_outside(sim, off, len) && sim_flash_md5(sim, off, len, digest) == BM_OK) {
        bm_hex_encode(digits, digest, sizeof digest);
        memcpy(sim->rom.digest, digits, sizeof sim->rom.digest);
        error = 0;
    }
    memcpy(sim->rom.reply, sim->rom.digest, sizeof sim->rom.digest);
    return error;
}

uint8_t sim_rom_slow_read(struct bm_sim *sim)
{
    const uint32_t off = sim_frame_word(sim, 0);
    const uint32_t len = sim_frame_word(sim, 1);
    if (len > SLOW_READ) {
        return BM_ROM_E_READ_LENGTH;
    }
    if (is_outside(sim, off, len) || sim_flash_read(sim, off, sim->rom.reply, len) != BM_OK) {
        return BM_ROM_E_READ;
    }
    return 0;
}
