/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_NVS_STORE_H
#define BM_NVS_STORE_H

/* Inside the store: pages by age, the walk over the entries of a page, the search for a key, and
 * the steps that writing is made of.
 *
 * A place is sector * 126 + entry: where an entry is. A location is rank * 126 + entry, where rank
 * counts pages from the oldest: of two copies of a key the one with the higher location is newer.
 */

#include "nvs/fmt.h"

/* One sector. With the order table 10 bytes each: all that a mount has to hold. */
struct bmi_page {
    uint32_t seq;
    uint16_t rank; /* BMI_UNUSED: blank, damaged or foreign */
    uint8_t state; /* low byte of the state word: 0xfe, 0xfc or 0xf8 */
    uint8_t version;
};

#define BMI_UNUSED   0xffffu
#define BMI_NO_BOUND 0xffffffffu

/* A walk over the good entry headers of one page. */
struct bmi_walk {
    uint32_t rank;
    uint32_t next;
    const uint8_t *bitmap;
    int foreign; /* 1: entries of types we do not know, too, if their CRC and span are right */
};

/* What to look for. */
struct bmi_match {
    uint8_t ns;
    uint8_t chunk; /* BMI_CHUNK_NONE: anything but blob data; else blob data with this number */
    const char *key;
};

/* page.c: reading */
uint32_t bmi_page_offset(const struct bm_nvs *nvs, uint32_t rank);
int bmi_page_read(const struct bm_nvs *nvs, uint32_t rank, uint32_t off, void *buf, uint32_t len);
/* Decrypted; off at the start of an entry. */
int bmi_entries_read(const struct bm_nvs *nvs, uint32_t rank, uint32_t off, void *buf,
                     uint32_t len);
int bmi_entry_read(const struct bm_nvs *nvs, uint32_t location, uint8_t raw[BMI_ENTRY_SIZE]);

/* Next header of the walk that is written, valid and, if it has data, written over its whole span.
 * entry: its index. Returns BM_OK, BM_E_NOENT at the end of the page, or BM_E_IO. */
int bmi_walk_next(const struct bm_nvs *nvs, struct bmi_walk *walk, uint8_t raw[BMI_ENTRY_SIZE],
                  unsigned *entry);

/* 1 if what is behind a header is written to the end of its span. */
int bmi_span_written(const uint8_t *bitmap, unsigned entry, unsigned span);

/* mount.c. 1: the page holds entries; 0: it is blank or damaged, nothing in it can be trusted. */
int bmi_header_is_used(const struct bmi_header *h);

/* pagetable.c: which pages are in use, by age */
void bmi_pages_add(struct bm_nvs *nvs, uint32_t sector, const struct bmi_header *h);
void bmi_pages_remove(struct bm_nvs *nvs, uint32_t rank);

/* find.c. Newest entry that matches and lies below bound. Returns BM_OK, BM_E_NOENT or BM_E_IO. */
int bmi_find_below(struct bm_nvs *nvs, const struct bmi_match *match, uint32_t bound,
                   uint8_t raw[BMI_ENTRY_SIZE], uint32_t *location);
int bmi_matches(const struct bmi_match *match, const uint8_t raw[BMI_ENTRY_SIZE]);
int bmi_name_check(const char *name); /* BM_OK if at most 15 bytes, else BM_E_ARG */

/* index.c. Built at the first search; without memory for one these do nothing. */
size_t bmi_index_size(const struct bm_flash *flash, uint32_t keys);
void bmi_index_init(struct bm_nvs *nvs, uint8_t *memory, size_t len);
int bmi_index_prepare(struct bm_nvs *nvs);
int bmi_index_find(struct bm_nvs *nvs, const struct bmi_match *match, uint32_t bound,
                   uint8_t raw[BMI_ENTRY_SIZE], uint32_t *location);
/* Follow a change: an entry written at a location, or given up there. */
void bmi_index_add(struct bm_nvs *nvs, const uint8_t raw[BMI_ENTRY_SIZE], uint32_t location);
void bmi_index_remove(struct bm_nvs *nvs, const uint8_t raw[BMI_ENTRY_SIZE], uint32_t location);

/* value.c. Finds the newest whole value of a key. A value of the wanted type that fits into cap
 * bytes is left in buf (NULL: nowhere). Returns as bm_nvs_find(). */
int bmi_resolve(struct bm_nvs *nvs, uint8_t ns, const char *key, uint8_t want, void *buf,
                size_t cap, struct bm_nvs_info *info);
/* 1: the stored value equals data. 0: not. Negative: BM_E_IO. */
int bmi_value_equals(struct bm_nvs *nvs, const struct bm_nvs_info *info, const uint8_t *data);

/* keys.c. BM_OK if any header can be read, or there are hardly any; else BM_E_KEYS. */
int bmi_keys_fit(struct bm_nvs *nvs);

/* state.c: programming */
int bmi_page_prog(const struct bm_nvs *nvs, uint32_t rank, uint32_t off, const void *buf,
                  uint32_t len);
/* Encrypts on the way; off at the start of an entry, len whole entries. */
int bmi_entries_prog(const struct bm_nvs *nvs, uint32_t rank, uint32_t off, const void *buf,
                     uint32_t len);
/* Overwrites entries with zeros, as they lie in flash. */
int bmi_entries_zero(const struct bm_nvs *nvs, uint32_t location, unsigned count);
/* Sets the state of count entries, the highest word first. */
int bmi_states_set(const struct bm_nvs *nvs, uint32_t location, unsigned count,
                   enum bmi_entry_state state);
int bmi_page_state_set(struct bm_nvs *nvs, uint32_t rank, uint32_t state);
/* Gives up an entry with its span, and what the index knows of it. */
int bmi_entry_erase(struct bm_nvs *nvs, uint32_t location, const uint8_t raw[BMI_ENTRY_SIZE]);

/* append.c. Writes a header and its data (raw's size says how much) at the append point, which must
 * have room. */
int bmi_append(struct bm_nvs *nvs, const uint8_t raw[BMI_ENTRY_SIZE], const uint8_t *data,
               uint32_t *location);
/* Erases an unused sector, unless it is blank. */
int bmi_sector_blank(struct bm_nvs *nvs, uint32_t sector);
/* Begins a fresh page in an unused sector. */
int bmi_page_open(struct bm_nvs *nvs);
/* Entries left in the newest page. */
uint32_t bmi_room(const struct bm_nvs *nvs);

/* collect.c. Makes room for so many entries in one page. Returns BM_OK, BM_E_NOSPC or BM_E_IO. */
int bmi_make_room(struct bm_nvs *nvs, unsigned span);
/* Goes on to the next page, whatever room there is in this one. */
int bmi_turn_page(struct bm_nvs *nvs);
/* Finishes a collection that a power cut stopped. */
int bmi_collect_finish(struct bm_nvs *nvs);
/* Gets back an unused sector where there is none, if that can be done. */
int bmi_collect_reserve(struct bm_nvs *nvs);

/* tidy.c. Clears up what power cuts left, once, before the first change. */
int bmi_tidy(struct bm_nvs *nvs);
/* 1: this entry counts. 0: a newer copy or no index stands against it. Negative: BM_E_IO. */
int bmi_is_live(struct bm_nvs *nvs, const uint8_t raw[BMI_ENTRY_SIZE], uint32_t location);

/* api_read.c. Take the lock; give it back and pass rc on. */
void bmi_lock(struct bm_nvs *nvs);
int bmi_unlock(struct bm_nvs *nvs, int rc);

/* What the public calls do, without the lock; the parts of the store call these. */
int bmi_nvs_namespace(struct bm_nvs *nvs, const char *name, uint8_t *ns);
int bmi_nvs_namespace_name(struct bm_nvs *nvs, uint8_t ns, char name[BM_NVS_KEY_SIZE]);
int bmi_nvs_find(struct bm_nvs *nvs, uint8_t ns, const char *key, struct bm_nvs_info *info);
int bmi_nvs_get_bits(struct bm_nvs *nvs, uint8_t ns, const char *key, enum bm_nvs_type type,
                     uint64_t *bits);
int bmi_nvs_get_data(struct bm_nvs *nvs, uint8_t ns, const char *key, enum bm_nvs_type type,
                     void *buf, size_t *len);
int bmi_nvs_iter_next(struct bm_nvs *nvs, struct bm_nvs_iter *it, struct bm_nvs_info *info);
int bmi_nvs_get_stats(struct bm_nvs *nvs, struct bm_nvs_stats *stats);
int bmi_nvs_used_entries(struct bm_nvs *nvs, uint8_t ns, size_t *used);
int bmi_nvs_namespace_create(struct bm_nvs *nvs, const char *name, uint8_t *ns);
int bmi_nvs_set_bits(struct bm_nvs *nvs, uint8_t ns, const char *key, enum bm_nvs_type type,
                     uint64_t bits);
int bmi_nvs_set_data(struct bm_nvs *nvs, uint8_t ns, const char *key, enum bm_nvs_type type,
                     const void *data, size_t len);
int bmi_nvs_erase_key(struct bm_nvs *nvs, uint8_t ns, const char *key);
int bmi_nvs_erase_all(struct bm_nvs *nvs, uint8_t ns);
int bmi_nvs_purge_all(struct bm_nvs *nvs);

/* A blob whose chunks are being written: nothing names them yet. */
struct bmi_guard {
    uint8_t ns;
    uint8_t half;
    uint8_t dense; /* as few chunks as can be, whatever that costs */
    const char *key;
};

#endif
