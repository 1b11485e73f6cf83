/* SPDX-License-Identifier: Apache-2.0 */
#include "say.h"

static const char digits[] = "0123456789abcdef";

void say(const struct chip *chip, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            chip->put('\r');
        }
        chip->put(*text);
    }
}

static void say_in_base(const struct chip *chip, uint32_t value, uint32_t base)
{
    char text[11];
    char *p = text + sizeof text - 1;
    *p = '\0';
    do {
        *--p = digits[value % base];
        value /= base;
    } while (value > 0);
    say(chip, p);
}

void say_number(const struct chip *chip, uint32_t value)
{
    say_in_base(chip, value, 10);
}

void say_offset(const struct chip *chip, uint32_t value)
{
    say(chip, "0x");
    say_in_base(chip, value, 16);
}

void say_hex(const struct chip *chip, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        chip->put(digits[data[i] >> 4]);
        chip->put(digits[data[i] & 0xf]);
    }
}
