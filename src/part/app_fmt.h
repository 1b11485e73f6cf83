/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_PART_APP_FMT_H
#define BM_PART_APP_FMT_H

/* Where the bytes of an app image are; docs/format/app.md. Freestanding. */

#include <stdint.h>

enum {
    BMI_APP_MAGIC = 0xe9,
    BMI_APP_SUM_SEED = 0xef,
    BMI_APP_SUM_BLOCK = 16,        /* the checksum is the last byte of such a block */
    BMI_APP_SEGMENT_HEADER = 8,    /* address and length, 32 bits each */
    BMI_APP_SEGMENT_MAX = 1 << 24, /* a segment is shorter than that */
    BMI_APP_PAGE_LOG2_MAX =
        16 /* flash is mapped by pages of 64 KB, of smaller ones on some chips */
};

#define BMI_APP_DESC_MAGIC 0xabcd5432u

/* The header: offsets. */
enum {
    BMI_AH_SEGMENTS = 1,
    BMI_AH_MODE = 2,
    BMI_AH_SIZE_FREQ = 3, /* size in the high nibble */
    BMI_AH_ENTRY = 4,
    BMI_AH_WP_PIN = 8,
    BMI_AH_CHIP = 12,
    BMI_AH_MIN_REV_OLD = 14, /* one byte; not read any more */
    BMI_AH_MIN_REV = 15,
    BMI_AH_MAX_REV = 17,
    BMI_AH_HAS_HASH = 23
};

/* The app description: offsets, and lengths of its texts. */
enum {
    BMI_AD_SECURE = 4,
    BMI_AD_VERSION = 16,
    BMI_AD_PROJECT = 48,
    BMI_AD_TIME = 80,
    BMI_AD_DATE = 96,
    BMI_AD_IDF = 112,
    BMI_AD_ELF_SHA256 = 144,
    BMI_AD_MIN_BLOCK = 176,
    BMI_AD_MAX_BLOCK = 178,
    BMI_AD_PAGE = 180,
    BMI_AD_TEXT = 32,
    BMI_AD_SHORT = 16
};

/* End of the block that holds the checksum of an image whose last segment ends at `end`. */
static inline uint32_t bmi_app_sum_end(uint32_t end)
{
    return end + BMI_APP_SUM_BLOCK - end % BMI_APP_SUM_BLOCK;
}

enum { BMI_APP_SLOT_MAX = 16 * 1024 * 1024 }; /* an app in a larger partition does not start */

/* 1 if a newest revision of chip or eFuse block excludes none: ESP-IDF's bootloader takes both for
 * "not set". */
static inline int bmi_app_any_rev(uint16_t max)
{
    return max == 0 || max == UINT16_MAX;
}

/* 1 if a chip of this revision (major * 100 + minor) is between those of an image's header. */
static inline int bmi_app_takes_rev(uint16_t min, uint16_t max, unsigned revision)
{
    return revision >= min && (bmi_app_any_rev(max) || revision <= max);
}

#endif
