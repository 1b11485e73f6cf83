/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/flash_params.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

/* ESP-IDF's esp_app_format.h; the clocks of each chip as in esptool's targets. */

static const char *const modes[] = {"qio", "qout", "dio", "dout", "fast_read", "slow_read"};
static const char *const sizes[] = {"1MB", "2MB", "4MB", "8MB", "16MB", "32MB", "64MB", "128MB"};

enum { MODES = sizeof modes / sizeof modes[0], SIZES = sizeof sizes / sizeof sizes[0] };

struct clock {
    uint8_t mhz;
    uint8_t number;
};

struct clocks {
    uint16_t chip;
    struct clock clock[4]; /* the default first */
};

static const struct clocks of_chip[] = {
    {0, {{40, 0}, {80, 15}, {26, 1}, {20, 2}}},  {12, {{60, 15}, {30, 0}, {20, 1}, {15, 2}}},
    {13, {{80, 0}, {40, 0}, {20, 2}}},           {16, {{48, 15}, {24, 0}, {16, 1}, {12, 2}}},
    {25, {{48, 15}, {24, 0}, {16, 1}, {12, 2}}}, {28, {{48, 0}, {24, 0}, {16, 1}, {12, 2}}},
};
static const struct clocks others = {0, {{80, 15}, {40, 0}, {26, 1}, {20, 2}}};

static const struct clock *clocks_of(uint16_t chip)
{
    for (size_t i = 0; i < sizeof of_chip / sizeof of_chip[0]; i++) {
        if (of_chip[i].chip == chip) {
            return of_chip[i].clock;
        }
    }
    return others.clock;
}

static int same(const char *a, const char *b)
{
    while (*a != '\0' && tolower((unsigned char)*a) == tolower((unsigned char)*b)) {
        a++;
        b++;
    }
    return *a == '\0' && *b == '\0';
}

static int find(const char *const *names, int count, const char *name)
{
    for (int i = 0; i < count; i++) {
        if (same(names[i], name)) {
            return i;
        }
    }
    return -1;
}

const char *bm_flash_mode_name(uint8_t mode)
{
    return mode < MODES ? modes[mode] : NULL;
}

int bm_flash_mode_by_name(const char *name)
{
    return find(modes, MODES, name);
}

const char *bm_flash_size_name(uint8_t size)
{
    return size < SIZES ? sizes[size] : NULL;
}

int bm_flash_size_by_name(const char *name)
{
    return find(sizes, SIZES, name);
}

const char *bm_flash_clock_text(char out[BM_FLASH_CLOCK_SIZE], uint16_t chip, uint8_t clock)
{
    const struct clock *c = clocks_of(chip);
    struct bm_text t;
    bm_text_init(&t, out, BM_FLASH_CLOCK_SIZE);
    for (unsigned i = 0; i < 4 && c[i].mhz != 0; i++) {
        if (c[i].number == clock) {
            bm_text_str(&t, t.len > 0 ? " or " : "");
            bm_text_u64(&t, c[i].mhz);
            bm_text_str(&t, "m");
        }
    }
    return out;
}

int bm_flash_clock_by_name(uint16_t chip, const char *name)
{
    const struct clock *c = clocks_of(chip);
    char *end;
    const unsigned long mhz = strtoul(name, &end, 10);
    if (!isdigit((unsigned char)name[0]) || !(same(end, "m") || same(end, "mhz"))) {
        return -1;
    }
    for (unsigned i = 0; i < 4 && c[i].mhz != 0; i++) {
        if (c[i].mhz == mhz) {
            return c[i].number;
        }
    }
    return -1;
}

uint8_t bm_flash_clock_default(uint16_t chip)
{
    return clocks_of(chip)[0].number;
}
