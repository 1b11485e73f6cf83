/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BIRTHMARK_PART_H
#define BIRTHMARK_PART_H

/* The partition table, as it lies in flash (ESP-IDF: esp_flash_partitions.h). Freestanding. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/err.h"
#include "birthmark/flash.h"
#include "birthmark/hash.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    BM_PART_TABLE_OFFSET = 0x8000, /* ESP-IDF's default */
    BM_PART_TABLE_SECTOR = 0x1000, /* what the table takes in flash */
    BM_PART_TABLE_MAX = 0xc00,     /* bytes of a table at most, MD5 and end row included */
    BM_PART_ENTRY_SIZE = 32,
    BM_PART_MAX = 95, /* rows without MD5; 94 with it */
    BM_PART_LABEL_SIZE = 17
};

enum bm_part_type {
    BM_PART_APP = 0x00,
    BM_PART_DATA = 0x01,
    BM_PART_BOOTLOADER = 0x02,
    BM_PART_PARTITION_TABLE = 0x03
};

enum bm_part_subtype {
    BM_PART_APP_FACTORY = 0x00,
    BM_PART_APP_OTA_0 = 0x10, /* to 0x1f: ota_15 */
    BM_PART_APP_TEST = 0x20,
    BM_PART_DATA_OTA = 0x00,
    BM_PART_DATA_PHY = 0x01,
    BM_PART_DATA_NVS = 0x02,
    BM_PART_DATA_COREDUMP = 0x03,
    BM_PART_DATA_NVS_KEYS = 0x04
};

enum bm_part_flag { BM_PART_ENCRYPTED = 1u << 0, BM_PART_READONLY = 1u << 1 };

/* One partition. */
struct bm_part {
    uint8_t type;
    uint8_t subtype;
    uint32_t offset; /* bytes from the start of flash */
    uint32_t size;   /* bytes */
    uint32_t flags;  /* enum bm_part_flag; unknown bits are kept */
    char label[BM_PART_LABEL_SIZE];
};

/* A whole table; about 4 KB. */
struct bm_part_table {
    unsigned count;
    struct bm_part part[BM_PART_MAX];
    int has_md5;
};

/* Reads a table's bytes.
 * out: filled. data, len: the table, at most BM_PART_TABLE_MAX bytes are looked at; it ends with a
 * row of 0xff, or with its bytes where they end with the MD5 row. md5: checks the MD5 row; NULL:
 * the row is recognised, not checked. Returns BM_OK, BM_E_ARG, or BM_E_CORRUPT (no table, a row
 * without magic, a wrong MD5, too many rows) with the offset in diag. It does not judge the layout:
 * see bm_part_table_check(). */
int bm_part_table_parse(struct bm_part_table *out, const void *data, size_t len,
                        const struct bm_hash *md5, struct bm_diag *diag);

/* The same from flash, at an offset of it (BM_PART_TABLE_OFFSET). Also BM_E_IO. */
int bm_part_table_read(struct bm_part_table *out, const struct bm_flash *flash, uint32_t off,
                       const struct bm_hash *md5, struct bm_diag *diag);

/* Writes a table's bytes, exactly as gen_esp32part does: rows, MD5 row if md5 is given, 0xff up to
 * BM_PART_TABLE_MAX. Returns BM_OK, BM_E_ARG or BM_E_NOSPC (too many rows). */
int bm_part_table_format(uint8_t out[BM_PART_TABLE_MAX], const struct bm_part_table *table,
                         const struct bm_hash *md5, struct bm_diag *diag);

/* What can be wrong with a layout. Each has a row in docs/partitions.md. */
enum bm_part_fault {
    BM_PART_EMPTY = 0,      /* no partition at all */
    BM_PART_NO_LABEL,       /* the label is empty */
    BM_PART_SAME_LABEL,     /* other has the same label */
    BM_PART_NO_SIZE,        /* size 0 */
    BM_PART_BAD_OFFSET,     /* not a multiple of value: 0x10000 for apps, 0x1000 for others */
    BM_PART_BAD_APP_SIZE,   /* of an app: not a multiple of value */
    BM_PART_BELOW_TABLE,    /* begins before the table ends, at value */
    BM_PART_OVERLAP,        /* with other */
    BM_PART_BEYOND_FLASH,   /* ends beyond the flash, which has value bytes */
    BM_PART_OTADATA_SIZE,   /* otadata (of apps or of the TEE) is not 0x2000 bytes */
    BM_PART_TWO_OTADATA,    /* other is one, too */
    BM_PART_READONLY_DATA,  /* otadata or coredump flagged readonly: they are always written */
    BM_PART_NVS_SMALL,      /* NVS below value: 0x3000, or 0x1000 if readonly */
    BM_PART_RESERVED,       /* type or subtype 0xff, which means "any" to ESP-IDF */
    BM_PART_UNKNOWN_FLAGS,  /* bits value */
    BM_PART_UNEVEN_SIZE,    /* not whole sectors, but not an app */
    BM_PART_NVS_ENCRYPTED,  /* NVS flagged encrypted: ESP-IDF refuses to mount it */
    BM_PART_NO_APP,         /* nothing to boot */
    BM_PART_SAME_APP,       /* other is the same app: factory, test or OTA slot */
    BM_PART_SLOT_MISSING,   /* slot value is not there, but one above it is */
    BM_PART_NO_OTADATA,     /* OTA slots, but nowhere to note which one boots */
    BM_PART_ONE_SLOT,       /* one OTA slot and no factory app: it cannot be updated */
    BM_PART_OTADATA_UNUSED, /* otadata, but no OTA slot */
    BM_PART_FAULT_COUNT
};

/* What a layout is judged by. */
struct bm_part_rules {
    uint32_t table_offset; /* in flash */
    uint32_t flash_size;   /* bytes; 0: not known */
    int secure;            /* secure boot's version: 1, 2, or 0 for none */
};

struct bm_part_finding {
    enum bm_part_fault fault;
    int is_error;   /* 0: a warning: gen_esp32part takes it, but it is most likely not meant */
    int part;       /* index in the table, or -1 */
    int other;      /* index of the other one, or -1 */
    uint32_t value; /* as the fault says */
};

/* Judges a layout, partitions in any order.
 * out, cap: the findings, errors and warnings, in the order of the table; NULL and 0 to count only.
 * Returns how many there are, which may be more than cap. */
unsigned bm_part_table_check(const struct bm_part_table *table, const struct bm_part_rules *rules,
                             struct bm_part_finding *out, unsigned cap);

/* "overlap": the name of a fault in JSON; static storage. */
const char *bm_part_fault_name(enum bm_part_fault fault);

/* First partition of this type, subtype and label; -1 or NULL: any. NULL if there is none. */
const struct bm_part *bm_part_find(const struct bm_part_table *table, int type, int subtype,
                                   const char *label);

/* Where the last partition of a table ends. */
uint64_t bm_part_table_end(const struct bm_part_table *table);

/* 1 if all partitions lie within a flash of so many bytes, or its size is not known (0).
 * ESP-IDF's bootloader refuses the whole table otherwise, and restarts for ever. It goes by the
 * size in its own header, so flash_size is the smaller of that and of the chip's. */
int bm_part_table_fits(const struct bm_part_table *table, uint32_t flash_size);

/* Makes a region of a partition within a chip's region.
 * window: storage for it, kept by the caller as long as the region is used.
 * Returns BM_OK, BM_E_ARG, or BM_E_NOSPC (the partition does not lie within flash). A partition
 * flagged readonly gives a region that cannot be written. */
int bm_part_region(struct bm_flash *out, struct bm_flash_window *window,
                   const struct bm_flash *chip, const struct bm_part *part);

#ifdef __cplusplus
}
#endif

#endif
