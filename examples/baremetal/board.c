/* SPDX-License-Identifier: Apache-2.0 */
#include "flash_chip.h"
#include "hal.h"

void hal_flash(struct bm_flash *out)
{
    out->ops = &flash_chip;
    out->ctx = NULL;
    out->size = HAL_NVS_SIZE;
    out->erase_size = HAL_SECTOR_SIZE;
    out->prog_size = 1;
}
