/* SPDX-License-Identifier: Apache-2.0 */

/* Any host against the virtual board. The first bytes choose the board; then come pieces: a byte
 * that says what happens (lines, time, speed, raw bytes, a frame around them), and its bytes. Never
 * a crash, and never more output than the board may have. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/slip.h"
#include "sim/sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FLASH = 0x20000, PIECE = 64, OUTPUT_MOST = 4 << 20 };

static uint8_t mem[FLASH];

static void must(int good)
{
    if (!good) {
        abort();
    }
}

static void listen(struct bm_sim *sim, uint64_t *now)
{
    static uint8_t out[4096];
    size_t total = 0;
    size_t n;
    while ((n = bm_sim_output(sim, out, sizeof out, *now)) > 0) {
        total += n;
        must(n <= sizeof out && total <= OUTPUT_MOST);
    }
    must(bm_sim_next(sim) > *now || bm_sim_next(sim) == UINT64_MAX);
}

static void framed(struct bm_sim *sim, const uint8_t *data, size_t len, uint64_t now)
{
    uint8_t wire[2 * PIECE + 2];
    bm_sim_input(sim, wire, bm_slip_encode(wire, sizeof wire, data, len), now);
}

static void play(struct bm_sim *sim, const uint8_t *data, size_t size)
{
    uint64_t now = 1000;
    bm_sim_reset(sim, now);
    while (size > 1) {
        const uint8_t what = data[0];
        size_t n = data[1] % PIECE;
        data += 2;
        size -= 2;
        n = n < size ? n : size;
        switch (what % 8) {
        case 0: bm_sim_lines(sim, what >> 3 & 1, what >> 4 & 1, now); break;
        case 1: now += (uint64_t)what << 10; break;
        case 2: bm_sim_baud(sim, what * 9600u); break;
        case 3: bm_sim_input(sim, data, n, now); break;
        case 4: bm_sim_purge(sim); break;
        default: framed(sim, data, n, now); break;
        }
        if (what % 8 >= 3 && what % 8 != 4) {
            data += n;
            size -= n;
        }
        if ((what & 0x80) != 0) {
            listen(sim, &now);
        }
        now++;
    }
    listen(sim, &now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bm_flash flash;
    struct bm_flash_ram ram;
    struct bm_sim *sim = NULL;
    unsigned chips = 0;
    if (size < 4) {
        return 0;
    }
    while (bm_chips[chips].name != NULL) {
        chips++;
    }
    must(chips > 0);
    memset(mem, 0xff, sizeof mem);
    must(bm_flash_ram_init(&flash, &ram, mem, sizeof mem) == BM_OK);
    struct bm_sim_config config = {.chip = &bm_chips[data[0] % chips],
                                   .flash = &flash,
                                   .hold_boot = data[1] & 1,
                                   .realtime = data[1] >> 1 & 1,
                                   .own_bootloader = data[1] >> 2 & 1,
                                   .revision = data[2] * 2u};
    config.port = (data[1] & 8) != 0 ? BM_CHIP_PORT_USB_JTAG : BM_CHIP_PORT_UART;
    config.secure_download = (data[1] & 16) != 0 && config.chip->security_info_len != 0;
    if ((data[1] & 32) != 0) {
        config.faults = (struct bm_sim_faults){.lose = 1000,
                                               .insert = 1000,
                                               .corrupt = 1000,
                                               .late = 1000,
                                               .mute = 1000,
                                               .late_ms = 5,
                                               .reset_after = data[3],
                                               .bad_write = 1000,
                                               .seed = data[3]};
    }
    must(bm_sim_open(&sim, &config) == BM_OK);
    play(sim, data + 4, size - 4);
    bm_sim_close(sim);
    return 0;
}
