/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_TESTS_VIRTUAL_H
#define BM_TESTS_VIRTUAL_H

/* A virtual board behind a struct bm_serial, all in memory and on its own clock: waiting takes no
 * time. */

#include <stdint.h>

#include "birthmark/flash.h"
#include "birthmark/serial.h"
#include "sim/sim.h"

struct virtual_board {
    struct bm_serial serial;     /* give this to whatever talks to boards */
    struct bm_sim_config config; /* to change between _init and _open */
    struct bm_sim *sim;
    struct bm_flash flash;
    struct bm_flash_ram ram; /* its counters and power cuts */
    uint8_t *mem;            /* the flash's bytes, blank at first */
    uint32_t size;
    uint64_t now_us;
    uint64_t sent, received; /* bytes over the wire, from the host's side */
    unsigned resets;         /* times the lines released EN */
};

/* A board of a chip ("esp32c3") with so many bytes of flash, blank, no faults, not in realtime.
 * Exits if there is no such chip or no memory. */
void virtual_init(struct virtual_board *b, const char *chip, uint32_t flash_size);

/* Puts it under power, GPIO0 as config.hold_boot says. Exits if config is refused. */
void virtual_open(struct virtual_board *b);
void virtual_close(struct virtual_board *b);

/* All that the board sends within so many milliseconds. Returns the number of bytes. */
size_t virtual_listen(struct virtual_board *b, void *buf, size_t cap, unsigned ms);

#endif
