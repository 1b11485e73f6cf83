/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAY_H
#define SAY_H

/* Text on the serial line, without a C library. */

#include <stddef.h>
#include <stdint.h>

#include "chip.h"

/* Lines end with \n and go out as \r\n. */
void say(const struct chip *chip, const char *text);
void say_number(const struct chip *chip, uint32_t value);
void say_hex(const struct chip *chip, const uint8_t *data, size_t len);
void say_offset(const struct chip *chip, uint32_t value); /* 0x10000 */

#endif
