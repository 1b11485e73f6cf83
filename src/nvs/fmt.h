/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_NVS_FMT_H
#define BM_NVS_FMT_H

/* The bytes of NVS, as docs/format/nvs.md has them: shared by the store, the generator and the
 * inspectors. Sources: ESP-IDF's documentation of the NVS library (log of key-value pairs, pages
 * and entries) and images made by ESP-IDF's library and generator. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/nvs.h"

/* Sizes and places in a page. */
enum {
    BMI_PAGE_SIZE = 4096,
    BMI_ENTRY_SIZE = 32,
    BMI_PAGE_ENTRIES = 126,
    BMI_OFF_BITMAP = 32, /* 2 bits an entry, 32 bytes */
    BMI_OFF_ENTRIES = 64,
    BMI_BITMAP_SIZE = 32,
    BMI_KEY_MAX = 15,         /* bytes of a key, without its NUL */
    BMI_DATA_MAX = 125 * 32,  /* bytes of data under one header */
    BMI_V1_DATA_MAX = 1984,   /* longest string or blob of the version 1 generator */
    BMI_BLOB_CHUNKS_MAX = 127 /* chunks in one half of the chunk numbers */
};

/* Offsets in a page header. */
enum {
    BMI_PH_STATE = 0,
    BMI_PH_SEQ = 4,
    BMI_PH_VERSION = 8,
    BMI_PH_CRC = 28 /* over bytes 4..27 */
};

/* Offsets in an entry. */
enum {
    BMI_EN_NS = 0,
    BMI_EN_TYPE = 1,
    BMI_EN_SPAN = 2,
    BMI_EN_CHUNK = 3,
    BMI_EN_CRC = 4, /* over bytes 0..3 and 8..31 */
    BMI_EN_KEY = 8,
    BMI_EN_DATA = 24,
    BMI_EN_SIZE = 24,     /* string, blob data: u16 */
    BMI_EN_DATA_CRC = 28, /* string, blob data: u32 */
    BMI_EN_IDX_SIZE = 24, /* blob index: u32 */
    BMI_EN_IDX_COUNT = 28,
    BMI_EN_IDX_START = 29
};

enum {
    BMI_VERSION_1 = 0xff, /* page version byte */
    BMI_VERSION_2 = 0xfe,
    BMI_CHUNK_NONE = 0xff,   /* chunk byte of everything but blob data */
    BMI_CHUNK_HALF = 0x80,   /* chunk numbers of the other version of a blob start here */
    BMI_TYPE_BLOB_V1 = 0x41, /* whole blob in one page */
    BMI_TYPE_BLOB_DATA = 0x42,
    BMI_TYPE_BLOB_IDX = 0x48
};

/* Page states: each clears one more bit of the one before. */
#define BMI_PAGE_BLANK   0xffffffffu
#define BMI_PAGE_ACTIVE  0xfffffffeu
#define BMI_PAGE_FULL    0xfffffffcu
#define BMI_PAGE_FREEING 0xfffffff8u
#define BMI_PAGE_CORRUPT 0xfffffff0u

/* Entry states, 2 bits in the bitmap. */
enum bmi_entry_state {
    BMI_ENTRY_ERASED = 0,
    BMI_ENTRY_ILLEGAL = 1,
    BMI_ENTRY_WRITTEN = 2,
    BMI_ENTRY_EMPTY = 3
};

/* What makes an entry header unusable; BMI_BAD_NOTHING for a good one. A device treats every one of
 * them alike: as a damaged entry. */
enum bmi_entry_fault {
    BMI_BAD_NOTHING = 0,
    BMI_BAD_CRC,
    BMI_BAD_TYPE,  /* unknown type byte */
    BMI_BAD_SPAN,  /* 0, beyond the page, or not what the type and size say */
    BMI_BAD_SIZE,  /* more data than the page or the format holds */
    BMI_BAD_CHUNK, /* chunk byte that the type does not allow */
    BMI_BAD_KEY    /* empty, no NUL, or bytes behind the NUL */
};

struct bmi_header {
    uint32_t state;
    uint32_t seq;
    uint8_t version;
    uint8_t crc_ok;
};

struct bmi_entry {
    uint8_t ns;
    uint8_t type;
    uint8_t span;
    uint8_t chunk;
    uint32_t crc;
    char key[BM_NVS_KEY_SIZE]; /* last byte forced to NUL */
    uint8_t data[8];
};

/* As in base/le.h, but not inline: the store is to be small. */
uint32_t bmi_get32(const uint8_t *p);
void bmi_put32(uint8_t *p, uint32_t v);

/* Builds a 32-byte page header with its CRC. */
void bmi_header_put(uint8_t raw[BMI_ENTRY_SIZE], uint32_t state, uint32_t seq, uint8_t version);
void bmi_header_get(const uint8_t raw[BMI_ENTRY_SIZE], struct bmi_header *out);

enum bmi_entry_state bmi_bitmap_get(const uint8_t bitmap[BMI_BITMAP_SIZE], unsigned entry);
void bmi_bitmap_put(uint8_t bitmap[BMI_BITMAP_SIZE], unsigned entry, enum bmi_entry_state state);

/* Builds a 32-byte entry header: key padded with NULs, data bytes as given, CRC set. */
void bmi_entry_put(uint8_t raw[BMI_ENTRY_SIZE], const struct bmi_entry *e);
void bmi_entry_get(const uint8_t raw[BMI_ENTRY_SIZE], struct bmi_entry *out);

/* CRC that belongs into raw[BMI_EN_CRC]. */
uint32_t bmi_entry_crc(const uint8_t raw[BMI_ENTRY_SIZE]);

/* Judges the header at this index of a page (0..125) as ESP-IDF's library does. BMI_BAD_KEY is not
 * among what it checks: an oddly padded key is for the inspectors to report. */
enum bmi_entry_fault bmi_entry_check(const uint8_t raw[BMI_ENTRY_SIZE], unsigned index);

/* 1 for types with data entries behind the header: string, version 1 blob, blob data. */
int bmi_type_has_data(uint8_t type);

/* 1 for all types of the format; others are left alone. */
int bmi_type_known(uint8_t type);

/* Bytes of a primitive (1, 2, 4, 8), or 0 for other types. */
unsigned bmi_type_width(uint8_t type);

/* Entries a header with size bytes of data takes: 1 + ceil(size / 32). */
static inline unsigned bmi_span(uint32_t size)
{
    return 1 + (size + BMI_ENTRY_SIZE - 1) / BMI_ENTRY_SIZE;
}

#define BMI_CRC_START 0xffffffffu /* of every CRC in NVS */

/* CRC of stored data, as kept at BMI_EN_DATA_CRC. */
uint32_t bmi_data_crc(const void *data, size_t len);

#endif
