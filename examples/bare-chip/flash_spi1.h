/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLASH_SPI1_H
#define FLASH_SPI1_H

/* The ESP32's flash by commands of our own through its controller SPI1, which leaves the cache's
 * controller alone. ESP32 Technical Reference Manual, chapter SPI Controller; the commands are
 * those that all SPI NOR chips share (JEDEC). */

#include "birthmark/flash.h"

/* Registers by their offset from the controller's base. On hardware these are plain loads and
 * stores; the tests put a model of controller and chip behind them. */
struct spi1 {
    uint32_t (*get)(uint32_t reg);
    void (*set)(uint32_t reg, uint32_t value);
};

extern const struct bm_flash_ops flash_spi1_ops; /* ctx: a struct spi1 */

/* Sets the controller up: single line, 20 MHz. */
void flash_spi1_init(const struct spi1 *spi);

#endif
