/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLASH_CHIP_H
#define FLASH_CHIP_H

/* The flash driver of a board; offsets from the start of the chip, where the partition is. */

#include "birthmark/flash.h"

#define FLASH_CFI_BASE 0x22000000u /* virt: the second of its two flash banks */

extern const struct bm_flash_ops flash_chip;

#endif
