/* SPDX-License-Identifier: Apache-2.0 */
#include "base/le.h"
#include "sim/core.h"

/* What the ROM does with the flash at a normal start: it looks for the second-stage bootloader,
 * loads it and prints what it loads. The bootloader itself is the virtual board's own (stage2.c),
 * whatever is in flash; only its header counts. */

enum {
    TRIES = 6, /* lines before the watchdog bites */
    WATCHDOG_US = 300000,
    FIRST_LOG_MS = 23
};

/* Nothing there that the ROM takes for a bootloader. */
static void find_nothing(struct bm_sim *sim, uint32_t word)
{
    /* The ESP32 before revision 1 has BASIC to fall back to; its prompt is all there is here. */
    if (sim->config.chip->image_id == 0 && sim->config.revision < 100) {
        sim_print(sim, "flash read err, 631\r\nFalling back to built-in command interpreter.\r\n"
                       "OK\r\n>");
        sim->state = BM_SIM_HUNG;
        return;
    }
    for (int i = 0; i < TRIES; i++) {
        sim_print(sim, "invalid header: 0x%08x\r\n", (unsigned)word);
    }
    sim->state = BM_SIM_HUNG;
    sim_reset_in(sim, WATCHDOG_US, BM_SIM_WDT);
}

void sim_boot(struct bm_sim *sim)
{
    const struct bm_flash *flash = sim->config.flash;
    const uint32_t off = sim->config.chip->bootloader_offset;
    const uint32_t table = sim->config.table_off;
    uint8_t head[4] = {0};
    struct bm_app loader;
    sim->log_ms = FIRST_LOG_MS;
    if (flash->size < BM_PART_TABLE_SECTOR || flash->size - BM_PART_TABLE_SECTOR <= table ||
        flash->ops->read(flash->ctx, off, head, sizeof head) != BM_OK) {
        find_nothing(sim, 0xffffffffu);
        return;
    }
    const int rc = bm_app_read(&loader, flash, off, table - off, NULL);
    if (rc == BM_OK) {
        sim_print_load(sim, &loader);
        sim_stage2(sim, 0x100000u << (loader.flash_size & 0xf));
    } else if (rc == BM_E_NOENT && sim->config.own_bootloader) {
        sim_stage2(sim, flash->size);
    } else {
        find_nothing(sim, bm_get_le32(head));
    }
}
