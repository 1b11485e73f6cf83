/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_SCAN_H
#define BM_IMAGE_SCAN_H

/* An image as found: its pages, every stretch of entries in them (written, erased, blank, damaged),
 * and the keys with their copies. Takes any bytes. What dump, check and map show comes from here.
 */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/err.h"
#include "image/seal.h"
#include "nvs/fmt.h"

/* What the whole file is. */
enum bm_image_kind {
    BM_IMAGE_NVS = 0,
    BM_IMAGE_BLANK,     /* nothing but 0xff */
    BM_IMAGE_ENCRYPTED, /* NVS encryption: plain page headers, entries that only a key can read */
    BM_IMAGE_FLASH,     /* a whole flash: a partition table stands at 0x8000 */
    BM_IMAGE_FOREIGN,   /* no page that is anything like NVS */
    BM_IMAGE_EMPTY      /* less than one page */
};

enum bm_page_kind {
    BM_PAGE_USED = 0,  /* good header, state active, full or freeing */
    BM_PAGE_BLANK,     /* nothing but 0xff */
    BM_PAGE_DIRTY,     /* blank header, other bytes behind it */
    BM_PAGE_BAD_CRC,   /* header checksum wrong */
    BM_PAGE_BAD_STATE, /* a state word that means nothing */
    BM_PAGE_NEWER      /* a format version newer than any known */
};

struct bm_page {
    uint32_t state;
    uint32_t seq;
    uint8_t kind; /* enum bm_page_kind */
    uint8_t version;
    uint8_t states[4]; /* entries in each enum bmi_entry_state */
    uint32_t row;      /* first row; a blank page has none */
    uint32_t rows;
};

enum bm_row_kind {
    BM_ROW_EMPTY = 0, /* a run of empty entries */
    BM_ROW_DIRTY,     /* a run of entries marked empty that hold other bytes than 0xff */
    BM_ROW_ERASED,    /* an erased value whose header is still whole, or a run of erased entries */
    BM_ROW_ILLEGAL,   /* a run of entries with the state that cannot be */
    BM_ROW_VALUE,     /* written, header whole, all of its span written */
    BM_ROW_TORN,      /* header whole, but its span is not all written */
    BM_ROW_DAMAGED    /* marked written, header no good */
};

enum {
    BM_ROW_BAD_DATA = 1, /* value: the checksum of its data does not match */
    BM_ROW_HEADER = 2,   /* erased: the first entry is a whole header */
    BM_ROW_BEHIND_HOLE = 4,
    BM_ROW_LIVE = 8,    /* the copy that counts of its key, or part of it */
    BM_ROW_GROUPED = 16 /* one of its key's copies: group and next hold */
};

#define BM_NO_ROW 0xffffffffu

/* A stretch of entries of one page. */
struct bm_row {
    uint32_t page; /* its place in the image */
    uint32_t next; /* the next newer copy or chunk of this key, or BM_NO_ROW */
    uint32_t group;
    uint8_t entry; /* first entry, 0..125 */
    uint8_t count; /* entries covered */
    uint8_t kind;  /* enum bm_row_kind */
    uint8_t flags;
    uint8_t fault; /* enum bmi_entry_fault of a damaged one */
};

/* All entries of one key of one namespace, oldest first. */
struct bm_group {
    uint32_t first;
    uint32_t last;
    uint32_t rows;
    uint32_t live; /* row of the newest whole value (of a blob: its index), or BM_NO_ROW */
    uint8_t ns;
};

struct bm_scan {
    const uint8_t *data;
    size_t size;
    uint32_t page_count; /* whole pages */
    uint32_t tail;       /* bytes behind them */
    enum bm_image_kind kind;
    enum bm_seal
        seal; /* set by whoever tried keys on it; BM_SEAL_LOCKED goes with kind encrypted */
    struct bm_page *pages;
    uint32_t *order; /* used pages, oldest first */
    uint32_t used;   /* their number */
    struct bm_row *rows;
    size_t row_count;
    size_t row_cap;
    struct bm_group *groups;
    uint32_t group_count;
    uint32_t names[256]; /* group that names this namespace index, or BM_NO_ROW */
};

/* Reads an image of any bytes.
 * s: filled, release with bm_scan_free() whatever is returned; keeps pointing into data.
 * Returns BM_OK, BM_E_NOMEM, or BM_E_NOSPC (4 GiB or more). */
int bm_scan(struct bm_scan *s, const void *data, size_t size);
void bm_scan_free(struct bm_scan *s);

/* The header of a row's first entry, 32 bytes; and where that stands in the file. */
const uint8_t *bmi_row_raw(const struct bm_scan *s, const struct bm_row *row);
size_t bmi_row_offset(const struct bm_row *row);

/* 1 if all bytes are 0xff. */
int bmi_is_blank(const uint8_t *p, size_t len);

/* The key of an entry, at most 15 bytes, with a NUL behind it. */
void bmi_row_key(const uint8_t *raw, char key[BM_NVS_KEY_SIZE]);

/* Name of a namespace index, or "" where none is stored. Valid until the next call with buf. */
const char *bmi_ns_name(const struct bm_scan *s, uint8_t ns, char buf[BM_NVS_KEY_SIZE]);

/* Judges the file as a whole; for bm_scan(). */
enum bm_image_kind bmi_scan_kind(const struct bm_scan *s);

/* Where a flash dump's partition table puts its first NVS partition.
 * label: at least 17 bytes. Returns 1, or 0 where there is none. */
int bmi_flash_nvs(const struct bm_scan *s, uint32_t *off, uint32_t *size, char *label);

/* Groups the values by key and finds the copy that counts; for bm_scan(). */
int bmi_scan_keys(struct bm_scan *s);

/* Finds the chunks of a blob index: for each the newest whole copy that fits.
 * chunks: room for 255 row numbers. budget: how often to search the key's copies; counted down.
 * Returns their number, or -1 where the blob is not whole. */
int bmi_blob_chunks(const struct bm_scan *s, const struct bm_row *index, uint32_t *chunks,
                    unsigned *budget);

#endif
