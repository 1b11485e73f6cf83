/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_NVS_STORE_H
#define BM_NVS_STORE_H

/* Inside the store: pages by age, a walk over the entries of a page, and the search for a key.
 *
 * A location is rank * 126 + entry, where rank counts pages from the oldest: of two copies of a
 * key, the one with the higher location is the newer. */

#include "nvs/fmt.h"

/* A page in use. 8 bytes each: with one per page this is all a mount has to hold. */
struct bmi_page {
    uint32_t seq;
    uint16_t sector;
    uint8_t state; /* low byte of the state word: 0xfe, 0xfc or 0xf8 */
    uint8_t version;
};

#define BMI_NO_BOUND 0xffffffffu

/* A walk over the good entry headers of one page. */
struct bmi_walk {
    uint32_t rank;
    uint32_t next;
    const uint8_t *bitmap;
};

/* What to look for. */
struct bmi_match {
    uint8_t ns;
    uint8_t chunk; /* BMI_CHUNK_NONE: anything but blob data; else blob data with this number */
    const char *key;
};

uint32_t bmi_page_offset(const struct bm_nvs *nvs, uint32_t rank);

/* Reads len bytes of a page. Returns BM_OK or BM_E_IO. */
int bmi_page_read(const struct bm_nvs *nvs, uint32_t rank, uint32_t off, void *buf, uint32_t len);

/* Next header of the walk that is written, valid and, if it has data, written over its whole span.
 * entry: its index. Returns BM_OK, BM_E_NOENT at the end of the page, or BM_E_IO. */
int bmi_walk_next(const struct bm_nvs *nvs, struct bmi_walk *walk, uint8_t raw[BMI_ENTRY_SIZE],
                  unsigned *entry);

/* Newest entry that matches and lies below bound. Returns BM_OK, BM_E_NOENT or BM_E_IO. */
int bmi_find_below(struct bm_nvs *nvs, const struct bmi_match *match, uint32_t bound,
                   uint8_t raw[BMI_ENTRY_SIZE], uint32_t *location);

/* 1 if the header is what match asks for. */
int bmi_matches(const struct bmi_match *match, const uint8_t raw[BMI_ENTRY_SIZE]);

/* Builds the index at the first search; without memory for one it does nothing. */
int bmi_index_prepare(struct bm_nvs *nvs);

/* bmi_find_below() by the index, which must be there. */
int bmi_index_find(struct bm_nvs *nvs, const struct bmi_match *match, uint32_t bound,
                   uint8_t raw[BMI_ENTRY_SIZE], uint32_t *location);

/* Bytes of an index for so many entries. */
size_t bmi_index_size(uint32_t keys);

/* Finds the newest whole value of a key. A value of the wanted type that fits into cap bytes is
 * left in buf (NULL: nowhere). Returns as bm_nvs_find(). */
int bmi_resolve(struct bm_nvs *nvs, uint8_t ns, const char *key, uint8_t want, void *buf,
                size_t cap, struct bm_nvs_info *info);

/* BM_OK if the name has at most 15 bytes, else BM_E_ARG. */
int bmi_name_check(const char *name);

#endif
