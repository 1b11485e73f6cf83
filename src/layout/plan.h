/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LAYOUT_PLAN_H
#define BM_LAYOUT_PLAN_H

/* Files that are to be written to a flash: where each goes, and what is wrong with that. */

#include "birthmark/hash.h"
#include "birthmark/part.h"
#include "layout/finding.h"

enum {
    BM_FLASH_SECTOR = 0x1000,
    BM_FLASH_SIZE_MAX = 128 * 1024 * 1024, /* what ESP-IDF can address */
    BM_CHIP_UNKNOWN = -1
};

/* One file. The caller owns it, its texts and its bytes. */
struct bm_flash_part {
    const char *file;  /* its name, to show */
    const char *label; /* the partition it goes to, "bootloader", "partition-table", or NULL */
    uint32_t offset;   /* in flash; set from the label by bm_plan_resolve() */
    int placed;        /* the offset counts */
    int encrypted;     /* the chip is to encrypt it while writing */
    const uint8_t *data;
    size_t len;
};

/* Where a file ends in flash. */
static inline uint64_t bmi_flash_part_end(const struct bm_flash_part *p)
{
    return p->offset + (uint64_t)p->len;
}

struct bm_flash_plan {
    struct bm_flash_part *parts;
    size_t count;
    const struct bm_part_table *table; /* or NULL; bm_plan_resolve() may find it among the parts */
    uint32_t table_off;                /* where the table is in flash */
    int table_known;                   /* 1: the device has it already, so it is not judged */
    uint32_t flash_size;               /* bytes; 0: not known */
    int chip;                          /* chip id, or BM_CHIP_UNKNOWN */
    int plaintext_ok;                  /* plaintext may go where the device expects ciphertext */
    const struct bm_hash *md5;         /* or NULL: sums are not checked */
    const struct bm_hash *sha256;
    struct bm_part_table found; /* private */
};

/* Finds the table among the parts (unless one is given), and the offset of each part that has a
 * label only. What cannot be found becomes a finding, and the part stays unplaced. */
void bm_plan_resolve(struct bm_flash_plan *plan, struct bm_layout_findings *findings);

/* Checks sizes, overlaps and contents of the parts that are placed. */
void bm_plan_check(const struct bm_flash_plan *plan, struct bm_layout_findings *findings);

/* The part that covers an offset of flash, or NULL. */
const struct bm_flash_part *bmi_plan_at(const struct bm_flash_plan *plan, uint32_t off);

/* Where a chip's ROM looks for the bootloader. */
uint32_t bm_bootloader_offset(int chip);

/* The bytes a write changes, whole sectors as esptool erases them: from *begin to before *end. */
void bmi_part_erased(const struct bm_flash_part *part, uint64_t *begin, uint64_t *end);

#endif
