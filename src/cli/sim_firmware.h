/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_SIM_FIRMWARE_H
#define BM_CLI_SIM_FIRMWARE_H

/* Runs the program of an app image that was packed for the virtual board (docs/virtual-firmware.md)
 * as a process of this machine. */

#include <stdint.h>

#include "sim/run.h"

struct cli_firmware;

/* For struct bm_sim_config; its context is a struct cli_firmware. */
extern const struct bm_sim_runner cli_firmware_runner;

/* One for each board. flash: path of the board's flash, on which the program works by itself; kept;
 * "": the board has no such file, and runs no program. table_off, rollback: as the bootloader
 * is configured.
 * Returns NULL if memory is short. */
struct cli_firmware *cli_firmware_new(const char *flash, uint32_t table_off, int rollback);

/* Behind bm_sim_close(). NULL is left alone. */
void cli_firmware_free(struct cli_firmware *firmware);

#endif
