/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HAL_H
#define HAL_H

/* What the example needs of a board: a serial line, a reset, and the flash below the store. */

#include "birthmark/flash.h"

enum {
    HAL_NVS_SIZE = 0x6000, /* the NVS partition: ESP-IDF's default, at the start of the flash */
    HAL_SECTOR_SIZE = 4096
};

/* Writes text to the serial line. */
void hal_print(const char *text);

/* The region of the NVS partition. */
void hal_flash(struct bm_flash *out);

/* Starts the machine anew, as its reset button would. Flash keeps, RAM is loaded again. */
_Noreturn void hal_reset(void);

/* Ends the emulation. status 0: all is well. */
_Noreturn void hal_exit(int status);

/* main.c; called by the board's start code. */
int main(void);

#endif
