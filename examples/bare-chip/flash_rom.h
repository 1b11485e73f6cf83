/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLASH_ROM_H
#define FLASH_ROM_H

/* Flash by the functions of a chip's ROM (ESP-IDF: rom/spi_flash.h, "legacy" flash functions). They
 * take words: offsets, memory and lengths are multiples of 4. Each returns 0 where it worked. */

#include "birthmark/flash.h"

struct flash_rom {
    int (*read)(uint32_t from, uint32_t *to, int32_t len);
    int (*write)(uint32_t to, const uint32_t *from, int32_t len);
    int (*erase_sector)(uint32_t sector);
};

extern const struct bm_flash_ops flash_rom_ops; /* ctx: a struct flash_rom */

#endif
