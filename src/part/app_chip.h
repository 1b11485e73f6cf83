/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_PART_APP_CHIP_H
#define BM_PART_APP_CHIP_H

/* What app images need to know of each chip: its number in the header, and which memory lies where.
 * Freestanding. */

#include <stdint.h>

enum bmi_memory {
    BMI_MEM_UNKNOWN, /* no memory that a segment could go to */
    BMI_MEM_PADDING, /* below 0x10000000: the segment is skipped */
    BMI_MEM_DROM,    /* constants, mapped from the flash */
    BMI_MEM_IROM,    /* program, mapped from the flash */
    BMI_MEM_ROM,     /* either: the chip has one window for both */
    BMI_MEM_DRAM,    /* data */
    BMI_MEM_IRAM,    /* program */
    BMI_MEM_RAM,     /* either */
    BMI_MEM_RTC      /* kept in deep sleep */
};

struct bmi_range {
    uint32_t from;
    uint32_t to; /* exclusive; 0 in the row that ends a table */
    enum bmi_memory memory;
};

struct bmi_chip {
    uint16_t id;
    uint8_t xtensa;        /* 1: Xtensa; 0: RISC-V */
    uint8_t page_log2_min; /* smallest page that it can map flash by; the largest is 64 KB */
    uint32_t shared_mmu; /* where constants and program share the page table: the address bits that
                            say which entry; else 0 */
    const char *name;
    const struct bmi_range *ranges;
    uint32_t seam[2]; /* borders within a range that esptool's map of the chip has, too; or 0 */
};

/* The row of a chip id; NULL if unknown. */
const struct bmi_chip *bmi_chip_find(uint16_t id);

/* The i-th row of the table; NULL behind the last. */
const struct bmi_chip *bmi_chip_at(unsigned i);

/* The range that an address lies in; NULL if none, or if chip is NULL. */
const struct bmi_range *bmi_chip_range(const struct bmi_chip *chip, uint32_t address);

/* The memory that an address lies in; chip may be NULL. */
enum bmi_memory bmi_chip_memory(const struct bmi_chip *chip, uint32_t address);

/* Bytes of a page of an image whose description says log2 (0: says nothing). Where the size is not
 * certain, the smallest. */
uint32_t bmi_chip_page(const struct bmi_chip *chip, uint8_t log2);

/* 1 if this memory is mapped from the flash, not copied. */
int bmi_memory_is_mapped(enum bmi_memory memory);

/* "DROM", "IRAM", ...; "?" for BMI_MEM_UNKNOWN. */
const char *bmi_memory_name(enum bmi_memory memory);

#endif
