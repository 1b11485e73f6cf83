/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_SIM_RUN_H
#define BM_SIM_RUN_H

/* What runs on a virtual board once its bootloader has chosen an app: handed in by whoever can run
 * one. Called only from within calls of the board it belongs to. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/app.h"
#include "birthmark/flash.h"
#include "birthmark/part.h"

/* Why the chip was reset last, as ESP-IDF's esp_reset_reason_t counts. */
enum bm_sim_reason {
    BM_SIM_POWERON = 1,
    BM_SIM_SW = 3,
    BM_SIM_PANIC = 4,
    BM_SIM_TASK_WDT = 6,
    BM_SIM_WDT = 7,     /* one that the bootloader or the flasher set */
    BM_SIM_USB = 11,    /* the USB-Serial/JTAG controller */
    BM_SIM_SYSTEM = 100 /* by bootloader or loader; an app sees it as BM_SIM_SW */
};

/* The app that was chosen. All is valid until stop(); the flash is the board's, and is changed by
 * nobody else while the app runs. */
struct bm_sim_program {
    const struct bm_flash *flash;      /* the whole flash */
    const struct bm_part_table *table; /* as the bootloader read it */
    const struct bm_part *part;        /* of the app: a row of the table */
    const struct bm_app *app;          /* its headers */
    const struct bm_chip *chip;
    uint8_t mac[6];
    enum bm_sim_reason reason;
};

enum bm_sim_running {
    BM_SIM_RUNS = 0,
    BM_SIM_RESTARTS, /* it called for a restart */
    BM_SIM_PANICS,   /* it crashed: the runner has printed what there is to say */
    BM_SIM_STARVES,  /* its watchdog bit */
    BM_SIM_ENDED     /* it returned; nothing runs, nothing restarts */
};

struct bm_sim_runner {
    /* Starts an app. BM_OK, or an error: the board says so on its line and hangs. */
    int (*start)(void *ctx, const struct bm_sim_program *program);
    /* Bytes for its UART; those that do not fit are lost. */
    void (*input)(void *ctx, const void *data, size_t len);
    /* What it has sent: number of bytes, 0 if none. */
    size_t (*output)(void *ctx, void *buf, size_t cap);
    /* How it is. Anything but BM_SIM_RUNS is asked once, and followed by stop(). */
    enum bm_sim_running (*poll)(void *ctx);
    /* Ends it, wherever it is: the reset button. Not called when start() failed. */
    void (*stop)(void *ctx);
};

#endif
