/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_SIM_SIM_H
#define BM_SIM_SIM_H

/* A virtual ESP32, without I/O: bytes and lines in, bytes out, on a clock that is handed in. It can
 * stand behind a pty, a socket, or a struct bm_serial in memory. Times are in microseconds, never
 * go backwards, and need not begin at 0. Host room: it allocates. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/err.h"
#include "birthmark/flash.h"
#include "proto/chip.h"
#include "sim/run.h"

/* What goes wrong, for rehearsal: chances per million bytes or operations, 0: never. */
struct bm_sim_faults {
    uint32_t lose, insert, corrupt; /* bytes to the chip and from it */
    uint32_t late, mute;            /* replies that come late (by late_ms), or never */
    uint32_t late_ms;
    uint64_t reset_after, unplug_after; /* bytes from the host until then, once; 0: never */
    uint32_t bad_write; /* programs (of up to a page) that leave a bit wrong, as worn-out flash */
    uint32_t seed;      /* the same faults again; 0 is a seed, too */
};

struct bm_sim_config {
    const struct bm_chip *chip;
    const struct bm_flash *flash; /* the board's whole flash; NOR rules are the region's */
    uint8_t mac[6];
    unsigned revision;      /* major * 100 + minor */
    enum bm_chip_port port; /* USB_JTAG: other reset logic, no baud rate */
    uint32_t flash_id;      /* JEDEC, manufacturer in the low byte; 0: by the size of the flash */
    int realtime;           /* 1: erases, programs and bytes take as long as on silicon */
    int hold_boot;          /* 1: GPIO0 is held low by a finger when the chip samples it */
    uint32_t table_off;     /* where its bootloader looks for the partition table; 0: 0x8000 */
    int own_bootloader;     /* 1: boots also where the flash has no second-stage bootloader */
    int rollback;           /* 1: the bootloader is built with rollback */
    int secure_download;    /* 1: only what that mode allows; needs a chip that has it */
    struct bm_chip_security security; /* what GET_SECURITY_INFO says; chip_id: the chip's own */
    struct bm_sim_faults faults;
    const struct bm_sim_runner *runner; /* NULL: the board falls silent once an app starts */
    void *runner_ctx;
};

struct bm_sim;

/* A revision that chips of this kind have. */
unsigned bm_sim_usual_revision(const struct bm_chip *chip);

/* A board without power yet: bm_sim_reset() gives it. config is copied; what it points to is kept
 * by the caller. Returns BM_OK, BM_E_ARG (a flash without erase and program, or not of whole
 * sectors; a table that begins no sector or is not behind the bootloader; secure download on a chip
 * without) or BM_E_NOMEM. */
int bm_sim_open(struct bm_sim **out, const struct bm_sim_config *config);

/* NULL is left alone. */
void bm_sim_close(struct bm_sim *sim);

/* Power on, as a reset button; straps as the lines are. */
void bm_sim_reset(struct bm_sim *sim, uint64_t now_us);

/* DTR and RTS as the host asserts them, through the usual two transistors: RTS alone holds EN low,
 * DTR alone GPIO0, both neither. EN rises slowly (BM_SIM_EN_US, its capacitor) and samples GPIO0.
 * On USB-Serial/JTAG by the logic of that controller. */
void bm_sim_lines(struct bm_sim *sim, int dtr, int rts, uint64_t now_us);

enum { BM_SIM_EN_US = 10000 };

/* The host's baud rate: where it differs from the chip's by over 4 %, bytes turn into garbage.
 * Never told, or 0: they always agree. */
void bm_sim_baud(struct bm_sim *sim, uint32_t baud);

void bm_sim_input(struct bm_sim *sim, const void *data, size_t len, uint64_t now_us);

/* Takes what the board has sent by now. Returns the number of bytes. */
size_t bm_sim_output(struct bm_sim *sim, void *buf, size_t cap, uint64_t now_us);

/* The host gave up what the board has sent and it has not read. */
void bm_sim_purge(struct bm_sim *sim);

/* When something may happen without input (a reply due, a reset, words of an app: then
 * bm_sim_output() should be called); UINT64_MAX: never. */
uint64_t bm_sim_next(struct bm_sim *sim);

/* Presses (1) or lets go (0) the button at GPIO0. */
void bm_sim_hold_boot(struct bm_sim *sim, int hold);

/* When all input so far will have crossed the wire; only of meaning in realtime. */
uint64_t bm_sim_wire_free(const struct bm_sim *sim);

/* 1 once the cable has been pulled (faults.unplug_after): the line is gone for good. */
int bm_sim_unplugged(const struct bm_sim *sim);

/* What the board is doing, for people and tests. */
enum bm_sim_state {
    BM_SIM_OFF = 0, /* no power yet, or EN held low */
    BM_SIM_ROM,     /* in the ROM's loader */
    BM_SIM_STUB,    /* a flasher stub has taken its place */
    BM_SIM_APP,     /* an app runs, or would */
    BM_SIM_HUNG     /* nothing listens until the next reset */
};
enum bm_sim_state bm_sim_state(const struct bm_sim *sim);

/* Presets a register that the model does not know or tells otherwise; until the end. At most 16. */
int bm_sim_set_register(struct bm_sim *sim, uint32_t addr, uint32_t value);

#endif
