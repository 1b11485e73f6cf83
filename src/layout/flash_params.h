/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LAYOUT_FLASH_PARAMS_H
#define BM_LAYOUT_FLASH_PARAMS_H

/* Mode, clock and size of the flash as an image's header has them, and as esptool spells them. */

#include <stddef.h>
#include <stdint.h>

enum { BM_FLASH_CLOCK_SIZE = 24 };

/* "dio"; NULL for a number without a name. */
const char *bm_flash_mode_name(uint8_t mode);

/* Number of a mode's name in any case, or -1. */
int bm_flash_mode_by_name(const char *name);

/* "4MB"; NULL for a number without a name. */
const char *bm_flash_size_name(uint8_t size);

/* Number of a size's name in any case, or -1. */
int bm_flash_size_by_name(const char *name);

/* The clocks that a number stands for on this chip, "80m or 40m", "" if none. Returns out. */
const char *bm_flash_clock_text(char out[BM_FLASH_CLOCK_SIZE], uint16_t chip, uint8_t clock);

/* Number of a clock on this chip, "40m" or "40MHz" in any case, or -1. */
int bm_flash_clock_by_name(uint16_t chip, const char *name);

/* ESP-IDF's default clock of this chip. */
uint8_t bm_flash_clock_default(uint16_t chip);

#endif
