/* SPDX-License-Identifier: Apache-2.0 */
#include "base/le.h"
#include "sim/core.h"

/* Programs loaded into memory. Their code cannot run here: whatever is started where something was
 * loaded is taken for a flasher stub, which is what hosts load. */

enum { BLOCK_MOST = 0x1800 };

/* Words: size, blocks, bytes of a block, address. */
uint8_t sim_rom_mem_begin(struct bm_sim *sim)
{
    struct sim_loader *rom = &sim->rom;
    const uint32_t size = sim_frame_word(sim, 0);
    const uint32_t at = sim_frame_word(sim, 3);
    if (sim_frame_len(sim) != 16 || sim_frame_word(sim, 2) > BLOCK_MOST) {
        return BM_ROM_E_INVALID;
    }
    if (bm_chip_memory_at(sim->config.chip, at) == BM_MEMORY_END || size > UINT32_MAX - at) {
        return BM_ROM_E_FAILED;
    }
    rom->mem_sequence = 0;
    rom->mem_at = at;
    if (rom->loadeds < SIM_LOADED) {
        rom->loaded[rom->loadeds].start = at;
        rom->loaded[rom->loadeds].end = at + size;
        rom->loadeds++;
    }
    return 0;
}

uint8_t sim_rom_mem_data(struct bm_sim *sim)
{
    struct sim_loader *rom = &sim->rom;
    const uint16_t all = sim_frame_len(sim);
    if (rom->loadeds == 0 || all < BM_ROM_DATA_HEADER ||
        sim_frame_word(sim, 1) != rom->mem_sequence) {
        return BM_ROM_E_INVALID;
    }
    const uint16_t len = (uint16_t)(all - BM_ROM_DATA_HEADER);
    rom->mem_sequence++;
    if (bm_rom_checksum(rom->frame + BM_ROM_HEADER + BM_ROM_DATA_HEADER, len) !=
        (uint8_t)bm_get_le32(rom->frame + 4)) {
        return BM_ROM_E_CRC;
    }
    rom->mem_at += len;
    return 0;
}

void sim_rom_mem_jump(struct bm_sim *sim, uint32_t entry)
{
    const struct sim_loader *rom = &sim->rom;
    for (size_t i = 0; i < rom->loadeds; i++) {
        if (entry >= rom->loaded[i].start && entry < rom->loaded[i].end) {
            sim_stub_start(sim);
            return;
        }
    }
    sim->state = BM_SIM_HUNG;
}
