/* SPDX-License-Identifier: Apache-2.0 */
#include "part/app_chip.h"

#include "birthmark/app.h"
#include "part/app_fmt.h"

/* Chip ids: ESP-IDF's esp_app_format.h. Addresses: its soc.h of each chip, and esptool's targets.
 */

#define END                   \
    {                         \
        0, 0, BMI_MEM_UNKNOWN \
    }

static const struct bmi_range esp32[] = {
    {0x3f400000, 0x3f800000, BMI_MEM_DROM}, {0x3ff80000, 0x3ff82000, BMI_MEM_RTC},
    {0x3ffae000, 0x3ffe0000, BMI_MEM_DRAM}, {0x3ffe0000, 0x40000000, BMI_MEM_DRAM},
    {0x40070000, 0x40078000, BMI_MEM_IRAM}, {0x40078000, 0x40080000, BMI_MEM_IRAM},
    {0x40080000, 0x400a0000, BMI_MEM_IRAM}, {0x400a0000, 0x400c0000, BMI_MEM_IRAM},
    {0x400c0000, 0x400c2000, BMI_MEM_RTC},  {0x400d0000, 0x40400000, BMI_MEM_IROM},
    {0x50000000, 0x50002000, BMI_MEM_RTC},  END,
};

static const struct bmi_range esp32s2[] = {
    {0x3f000000, 0x3ff80000, BMI_MEM_DROM}, {0x3ff9e000, 0x3ffa0000, BMI_MEM_RTC},
    {0x3ffb0000, 0x40000000, BMI_MEM_DRAM}, {0x40020000, 0x40070000, BMI_MEM_IRAM},
    {0x40070000, 0x40072000, BMI_MEM_RTC},  {0x40080000, 0x40b80000, BMI_MEM_IROM},
    {0x50000000, 0x50002000, BMI_MEM_RTC},  END,
};

static const struct bmi_range esp32s3[] = {
    {0x3c000000, 0x3e000000, BMI_MEM_DROM},
    {0x3fc88000, 0x3fd00000, BMI_MEM_DRAM},
    {0x40370000, 0x403e0000, BMI_MEM_IRAM},
    {0x42000000, 0x44000000, BMI_MEM_IROM},
    {0x50000000, 0x50002000, BMI_MEM_RTC},
    {0x600fe000, 0x60100000, BMI_MEM_RTC},
    END,
};

static const struct bmi_range esp32c2[] = {
    {0x3c000000, 0x3c400000, BMI_MEM_DROM},
    {0x3fca0000, 0x3fce0000, BMI_MEM_DRAM},
    {0x4037c000, 0x403c0000, BMI_MEM_IRAM},
    {0x42000000, 0x42400000, BMI_MEM_IROM},
    END,
};

static const struct bmi_range esp32c3[] = {
    {0x3c000000, 0x3c800000, BMI_MEM_DROM}, {0x3fc80000, 0x3fce0000, BMI_MEM_DRAM},
    {0x4037c000, 0x403e0000, BMI_MEM_IRAM}, {0x42000000, 0x42800000, BMI_MEM_IROM},
    {0x50000000, 0x50002000, BMI_MEM_RTC},  END,
};

static const struct bmi_range esp32c5[] = {
    {0x40800000, 0x40860000, BMI_MEM_RAM},
    {0x42000000, 0x44000000, BMI_MEM_ROM},
    {0x50000000, 0x50004000, BMI_MEM_RTC},
    END,
};

/* also the H chips, which have less of it */
static const struct bmi_range esp32c6[] = {
    {0x40800000, 0x40880000, BMI_MEM_RAM},
    {0x42000000, 0x43000000, BMI_MEM_ROM},
    {0x50000000, 0x50004000, BMI_MEM_RTC},
    END,
};

static const struct bmi_range esp32p4[] = {
    {0x30100000, 0x30102000, BMI_MEM_RAM},
    {0x40000000, 0x4c000000, BMI_MEM_ROM},
    {0x4ff00000, 0x4ffc0000, BMI_MEM_RAM},
    {0x50108000, 0x50110000, BMI_MEM_RTC},
    END,
};

static const struct bmi_range esp32s31[] = {
    {0x2e000000, 0x2e008000, BMI_MEM_RTC},
    {0x2f000000, 0x2f080000, BMI_MEM_RAM},
    {0x40000000, 0x54000000, BMI_MEM_ROM},
    END,
};

static const struct bmi_chip chips[] = {
    {0, 1, 16, 0, "ESP32", esp32, {0, 0}},
    {2, 1, 16, 0, "ESP32-S2", esp32s2, {0x3f500000, 0x40800000}},
    {5, 0, 16, 0x007fffff, "ESP32-C3", esp32c3, {0x3fc88000, 0}},
    {9, 1, 16, 0x01ffffff, "ESP32-S3", esp32s3, {0x3d000000, 0x42800000}},
    {12, 0, 14, 0x003fffff, "ESP32-C2", esp32c2, {0, 0}},
    {13, 0, 13, 0, "ESP32-C6", esp32c6, {0x42800000, 0}},
    {16, 0, 13, 0, "ESP32-H2", esp32c6, {0x42800000, 0}},
    {18, 0, 16, 0, "ESP32-P4", esp32p4, {0x4ffa0000, 0}},
    {20, 0, 13, 0, "ESP32-C61", esp32c5, {0, 0}},
    {23, 0, 16, 0, "ESP32-C5", esp32c5, {0, 0}},
    {25, 0, 13, 0, "ESP32-H21", esp32c6, {0x42800000, 0}},
    {28, 0, 13, 0, "ESP32-H4", esp32c6, {0x42800000, 0}},
    {32, 0, 16, 0, "ESP32-S31", esp32s31, {0, 0}},
};

enum { CHIPS = sizeof chips / sizeof chips[0], RESERVED_BELOW = 0x10000000 };

const struct bmi_chip *bmi_chip_at(unsigned i)
{
    return i < CHIPS ? &chips[i] : NULL;
}

const struct bmi_chip *bmi_chip_find(uint16_t id)
{
    for (unsigned i = 0; i < CHIPS; i++) {
        if (chips[i].id == id) {
            return &chips[i];
        }
    }
    return NULL;
}

const struct bmi_range *bmi_chip_range(const struct bmi_chip *chip, uint32_t address)
{
    for (const struct bmi_range *r = chip != NULL ? chip->ranges : NULL; r != NULL && r->to != 0;
         r++) {
        if (address >= r->from && address < r->to) {
            return r;
        }
    }
    return NULL;
}

enum bmi_memory bmi_chip_memory(const struct bmi_chip *chip, uint32_t address)
{
    const struct bmi_range *r = bmi_chip_range(chip, address);
    if (r != NULL) {
        return r->memory;
    }
    return address < RESERVED_BELOW ? BMI_MEM_PADDING : BMI_MEM_UNKNOWN;
}

uint32_t bmi_chip_page(const struct bmi_chip *chip, uint8_t log2)
{
    const int known = log2 >= chip->page_log2_min && log2 <= BMI_APP_PAGE_LOG2_MAX;
    return 1u << (known ? log2 : chip->page_log2_min);
}

int bmi_memory_is_mapped(enum bmi_memory memory)
{
    return memory == BMI_MEM_DROM || memory == BMI_MEM_IROM || memory == BMI_MEM_ROM;
}

const char *bmi_memory_name(enum bmi_memory memory)
{
    static const char *const names[] = {"?",    "padding", "DROM", "IROM", "ROM",
                                        "DRAM", "IRAM",    "RAM",  "RTC"};
    return names[memory];
}

const char *bm_app_chip_name(uint16_t chip)
{
    const struct bmi_chip *c = bmi_chip_find(chip);
    return c != NULL ? c->name : NULL;
}

static char plain(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* The same name, dashes and case aside. */
static int same_name(const char *a, const char *b)
{
    for (;;) {
        a += *a == '-';
        b += *b == '-';
        if (plain(*a) != plain(*b)) {
            return 0;
        }
        if (*a == '\0') {
            return 1;
        }
        a++;
        b++;
    }
}

int bm_app_chip_id(const char *name)
{
    for (unsigned i = 0; name != NULL && i < CHIPS; i++) {
        if (same_name(name, chips[i].name)) {
            return chips[i].id;
        }
    }
    return -1;
}
