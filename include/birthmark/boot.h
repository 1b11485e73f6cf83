/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BIRTHMARK_BOOT_H
#define BIRTHMARK_BOOT_H

/* Which app ESP-IDF's bootloader starts, as a function of partition table, otadata and images, with
 * each step on the way (docs/boot.md). Freestanding. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/ota.h"
#include "birthmark/part.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What stands for a partition beside the slots 0 to 15; the bootloader's own numbers. */
enum { BM_BOOT_FACTORY = -1, BM_BOOT_TEST = -2, BM_BOOT_NONE = -99 };

enum bm_boot_verdict {
    BM_BOOT_BAD = 0, /* no image, one for another chip, or one that cannot be loaded */
    BM_BOOT_UNSOUND, /* in one piece, but a sum is wrong: starts where nothing is verified */
    BM_BOOT_GOOD
};

struct bm_boot_image {
    enum bm_boot_verdict verdict;
    uint8_t has_desc; /* an app description was found, be the image good or bad */
    uint32_t secure_version;
};

/* How the bootloader was built, and what it finds when it starts. All zero: ESP-IDF's defaults. */
struct bm_boot_config {
    uint8_t rollback;             /* CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE */
    uint8_t anti_rollback;        /* CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK */
    uint32_t secure_version;      /* in the chip's fuses; for anti_rollback */
    uint8_t factory_reset;        /* CONFIG_BOOTLOADER_FACTORY_RESET, and its pin is held */
    uint8_t reset_erases_otadata; /* CONFIG_BOOTLOADER_OTA_DATA_ERASE */
    uint8_t test_pin;             /* CONFIG_BOOTLOADER_APP_TEST, and its pin is held */
    uint8_t deep_sleep;           /* waking from deep sleep: no pin is looked at */
    uint8_t skip_validate;        /* a CONFIG_BOOTLOADER_SKIP_VALIDATE_* applies to this start */
    uint32_t flash_size;          /* as for bm_part_table_fits(); 0: not known */
};

/* Steps of the decision. index is a slot or one of the numbers above, record 0 or 1. */
enum bm_boot_code {
    BM_BOOT_NO_OTADATA = 0, /* the table has no otadata: factory is selected */
    BM_BOOT_OTADATA_SMALL,  /* the otadata partition has under 8192 bytes (value): restarts */
    BM_BOOT_ABORTED_RECORD, /* record was never confirmed: written as aborted; value: seq */
    BM_BOOT_NO_SLOTS,       /* the table has no OTA slots */
    BM_BOOT_NO_RECORD,      /* both records are blank, invalid or aborted: index is selected */
    BM_BOOT_DAMAGED,        /* what is not blank is damaged or refused: from factory upwards */
    BM_BOOT_INITIAL,        /* no record was ever good: the slot that starts gets one */
    BM_BOOT_RECORD_OLD,     /* record passed over: secure version too low in slot index */
    BM_BOOT_RECORD,         /* record with seq value selects slot index */
    BM_BOOT_TRIAL,          /* its state is new: written as pending, it has this one start */
    BM_BOOT_FUSES,          /* the fuses' secure version becomes value */
    BM_BOOT_FACTORY_RESET,  /* the pin asks for a factory reset; value 1: otadata is erased */
    BM_BOOT_TEST_PIN,       /* the pin asks for the test app */
    BM_BOOT_TEST_MISSING,   /* and the table has none: restarts */
    BM_BOOT_SLOT_MISSING,   /* the table has no partition for index */
    BM_BOOT_IMAGE_OLD,      /* index has no secure version, or one (value) under the fuses' */
    BM_BOOT_IMAGE_BAD,      /* the image in index is not bootable; value: its verdict */
    BM_BOOT_STARTS,         /* index starts; value 1: without having been verified */
    BM_BOOT_FIRST_RECORD,   /* the first record is written: seq value, valid */
    BM_BOOT_TABLE_REFUSED,  /* a partition ends beyond the flash, which has value bytes */
    BM_BOOT_NOTHING,        /* no app starts: the bootloader restarts for ever */
    BM_BOOT_CODES
};

struct bm_boot_step {
    uint8_t code; /* enum bm_boot_code */
    uint8_t record;
    int8_t index;
    uint32_t value;
};

/* A write to otadata. */
struct bm_boot_write {
    uint8_t erase_all; /* 1: the whole partition is erased; else the record is replaced */
    uint8_t index;     /* of the record */
    struct bm_ota_record record;
};

enum { BM_BOOT_WRITES_MAX = 8, BM_BOOT_STEPS_MAX = 128 };

struct bm_boot {
    const struct bm_part *part; /* what starts, within the table given; NULL: nothing does */
    int index;                  /* its number, or BM_BOOT_NONE */
    int selected;               /* the number before any falling back */
    int record;                 /* the record followed, or -1 */
    unsigned slots;             /* OTA slots as the bootloader counts them */
    uint32_t secure_version;    /* in the fuses afterwards */
    unsigned writes;
    struct bm_boot_write write[BM_BOOT_WRITES_MAX]; /* in this order */
    unsigned steps;
    struct bm_boot_step step[BM_BOOT_STEPS_MAX];
};

/* Says how good the image in a partition is. Returns BM_OK, or an error that ends the decision.
 * May be asked twice for one partition. */
typedef int bm_boot_ask(void *ctx, const struct bm_part *part, struct bm_boot_image *out);

/* Decides. out: filled; about 2 KB. otadata: the records of the table's otadata partition; NULL:
 * both blank; ignored if the table has none. image, ctx: asked for the images that the bootloader
 * would load, in its order. config: NULL for the defaults.
 * Returns BM_OK, also where nothing boots; BM_E_ARG; or the error of image(). */
int bm_boot_decide(struct bm_boot *out, const struct bm_part_table *table,
                   const struct bm_otadata *otadata, bm_boot_ask *image, void *ctx,
                   const struct bm_boot_config *config);

/* Makes the writes that come with a decision, the way the bootloader does: each record by an erase
 * and one program. otadata: the region of the partition.
 * Returns BM_OK, BM_E_ARG, BM_E_READONLY or BM_E_IO. */
int bm_boot_apply(const struct bm_boot *boot, const struct bm_flash *otadata);

/* The partition of a number (BM_BOOT_FACTORY, ..., a slot) as the bootloader sees the table; NULL
 * if it would not try to boot it. */
const struct bm_part *bm_boot_part(const struct bm_part_table *table, int index);

/* The otadata partition that the bootloader reads: the last of the table. (esp_ota_ops, in an app,
 * reads the first.) NULL if there is none. Its size is not looked at. */
const struct bm_part *bm_boot_otadata(const struct bm_part_table *table);

/* Context of bm_boot_ask_flash(). */
struct bm_boot_flash {
    const struct bm_flash *chip;  /* the whole flash */
    const struct bm_hash *sha256; /* NULL: not checked */
    void *buf;                    /* scratch memory, see bm_app_verify() */
    size_t buf_len;
    int chip_id;              /* images for another chip are bad; -1: any */
    const uint16_t *revision; /* of the chip, major * 100 + minor: images that exclude it are bad;
                                 NULL: not looked at */
};

/* A bm_boot_ask that looks at the images in flash. */
int bm_boot_ask_flash(void *ctx, const struct bm_part *part, struct bm_boot_image *out);

#ifdef __cplusplus
}
#endif

#endif
