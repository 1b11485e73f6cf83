/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_NVS_STORE_H
#define BM_NVS_STORE_H

/* Inside the store: pages by age, the walk over the entries of a page, the search for a key, and
 * the steps that writing is made of.
 *
 * A page has 128 steps of 32 bytes: its header, its bitmap, 126 entries. A place is sector * 128 +
 * step: where an entry is. A location is rank * 128 + step, where rank counts pages from the
 * oldest: of two copies of a key the one with the higher location is newer.
 */

#include "nvs/fmt.h"

enum { BMI_PAGE_STEPS = 128, BMI_STEP_BITMAP = 1, BMI_STEP_ENTRIES = 2 };

/* One sector. With the order table 10 bytes each: all that a mount has to hold. */
struct bmi_page {
    uint32_t seq;
    uint16_t rank; /* BMI_UNUSED: blank, damaged or foreign */
    uint8_t state; /* low byte of the state word: 0xfe, 0xfc or 0xf8 */
};

#define BMI_UNUSED   0xffffu
#define BMI_NO_BOUND 0xffffffffu

/* An entry header that a search or a walk found. */
struct bmi_found {
    uint32_t location;
    uint8_t raw[BMI_ENTRY_SIZE];
};

/* What to look for. */
struct bmi_match {
    uint8_t ns;
    uint8_t chunk;   /* BMI_CHUNK_NONE: anything but blob data; else blob data with this number */
    const char *key; /* up to its NUL or 15 bytes */
};

/* page.c: reading. Off counts from the start of the region. */
int bmi_flash_read(const struct bm_nvs *nvs, uint32_t off, void *buf, uint32_t len);
uint32_t bmi_offset(const struct bm_nvs *nvs, uint32_t location);
int bmi_read(const struct bm_nvs *nvs, uint32_t location, void *buf, uint32_t len);
int bmi_bitmap_read(const struct bm_nvs *nvs, uint32_t rank, uint8_t bitmap[BMI_BITMAP_SIZE]);
/* Decrypted. */
int bmi_entries_read(const struct bm_nvs *nvs, uint32_t location, void *buf, uint32_t len);
/* 1: all bytes have this value. */
int bmi_all(const uint8_t *data, size_t len, uint8_t value);
struct bmi_page *bmi_page_at(const struct bm_nvs *nvs, uint32_t rank);
/* Number of written entries of a page, or BM_E_IO. */
int bmi_written_entries(const struct bm_nvs *nvs, uint32_t rank);

/* What stands at an entry that is marked written. */
enum bmi_worth {
    BMI_NO_HEADER,
    BMI_UNFINISHED, /* a good header whose span is not all written */
    BMI_FOREIGN,    /* a type we do not know; CRC right, span written */
    BMI_WHOLE
};
enum bmi_worth bmi_judge(const uint8_t raw[BMI_ENTRY_SIZE], uint32_t location,
                         const uint8_t bitmap[BMI_BITMAP_SIZE]);

/* Starts a walk over the whole entries between two locations, the first being the start of a page.
 * foreign 1: entries of types we do not know, too; 2: and what stands within their spans, where
 * reading finds it. */
static inline void bmi_walk_start(struct bmi_walk *walk, uint32_t from, uint32_t end, int foreign)
{
    walk->next = from;
    walk->end = end;
    walk->foreign = (uint8_t)foreign;
}

static inline void bmi_walk_page(struct bmi_walk *walk, uint32_t rank, int foreign)
{
    bmi_walk_start(walk, rank * BMI_PAGE_STEPS, (rank + 1) * BMI_PAGE_STEPS, foreign);
}

/* Returns 1, 0 at the end, or BM_E_IO. */
int bmi_walk_next(const struct bm_nvs *nvs, struct bmi_walk *walk, struct bmi_found *found);

/* pagetable.c: which pages are in use, by age */
/* Reads a sector's header, and enters the page, or takes it out where it is blank or damaged: then
 * nothing in it can be trusted. Returns BM_OK, BM_E_IO or BM_E_VERSION. */
int bmi_page_load(struct bm_nvs *nvs, uint32_t sector);
/* state: low byte of the word. */
void bmi_pages_add(struct bm_nvs *nvs, uint32_t sector, uint32_t seq, uint8_t state);
void bmi_pages_remove(struct bm_nvs *nvs, uint32_t rank);

/* find.c. Newest entry that matches and is older than found->location (BMI_NO_BOUND: than any).
 * Returns 1, 0 where there is none, or BM_E_IO. */
int bmi_find_older(struct bm_nvs *nvs, const struct bmi_match *match, struct bmi_found *found);
static inline int bmi_find_newest(struct bm_nvs *nvs, const struct bmi_match *match,
                                  struct bmi_found *found)
{
    found->location = BMI_NO_BOUND;
    return bmi_find_older(nvs, match, found);
}

int bmi_matches(const struct bmi_match *match, const uint8_t raw[BMI_ENTRY_SIZE]);
int bmi_name_check(const char *name); /* BM_OK if at most 15 bytes, else BM_E_ARG */

/* index.c. Built at the first search; without memory for one these do nothing. */
size_t bmi_index_size(const struct bm_flash *flash, uint32_t keys);
void bmi_index_init(struct bm_nvs *nvs, uint32_t *memory, size_t words);
int bmi_index_prepare(struct bm_nvs *nvs);
/* As bmi_find_older(). */
int bmi_index_find(struct bm_nvs *nvs, const struct bmi_match *match, struct bmi_found *found);
/* Follow a change: an entry written at a location, or given up there. */
void bmi_index_add(struct bm_nvs *nvs, const uint8_t raw[BMI_ENTRY_SIZE], uint32_t location);
void bmi_index_remove(struct bm_nvs *nvs, const struct bmi_found *entry);

/* What is done with a value on the way, if it is of this type and at most so long. */
struct bmi_use {
    uint8_t type;
    uint8_t headers; /* 1: data are only looked for, not read */
    size_t cap;
    uint8_t *out;        /* not NULL: it is left here */
    const uint8_t *same; /* not NULL: it is compared with this */
    int differs;         /* 1: some of it was not the same */
};

/* value.c. Finds the newest whole value of a key. use: may be NULL. Returns as bm_nvs_find(). */
int bmi_resolve(struct bm_nvs *nvs, uint8_t ns, const char *key, struct bmi_use *use,
                struct bm_nvs_info *info);

/* keys.c. BM_OK if any header can be read, or there are hardly any; else BM_E_KEYS. */
int bmi_keys_fit(struct bm_nvs *nvs);

/* stats.c. All but the number of namespaces. Returns BM_OK or BM_E_IO. */
int bmi_count_entries(const struct bm_nvs *nvs, struct bm_nvs_stats *stats);

/* state.c: programming */
int bmi_flash_prog(const struct bm_nvs *nvs, uint32_t off, const void *buf, uint32_t len);
int bmi_sector_erase(const struct bm_nvs *nvs, uint32_t sector);
/* Encrypts on the way; len whole entries. */
int bmi_entries_prog(const struct bm_nvs *nvs, uint32_t location, const uint8_t *data,
                     uint32_t len);
/* Overwrites entries with zeros, as they lie in flash. */
int bmi_entries_zero(const struct bm_nvs *nvs, uint32_t location, unsigned count);
/* Sets the state of count entries, the highest word first. */
int bmi_states_set(const struct bm_nvs *nvs, uint32_t location, unsigned count,
                   enum bmi_entry_state state);
int bmi_page_state_set(struct bm_nvs *nvs, uint32_t rank, uint32_t state);
/* Gives up an entry with its span, and what the index knows of it. */
int bmi_entry_erase(struct bm_nvs *nvs, const struct bmi_found *entry);

/* append.c. Writes a header and its data (raw's span and size say how much) at the append point,
 * which must have room. data: NULL to copy it from behind the location `from`. */
int bmi_append(struct bm_nvs *nvs, const uint8_t raw[BMI_ENTRY_SIZE], const uint8_t *data,
               uint32_t from);
/* The location that the next entry goes to: the first of the newest page's free ones. */
static inline uint32_t bmi_append_point(const struct bm_nvs *nvs)
{
    return nvs->page_count * BMI_PAGE_STEPS - nvs->room;
}
/* Erases an unused sector, unless it is blank. */
int bmi_sector_blank(struct bm_nvs *nvs, uint32_t sector);
/* Begins a fresh page in an unused sector. */
int bmi_page_open(struct bm_nvs *nvs);
/* 1: the newest page can be appended to. */
int bmi_newest_is_active(const struct bm_nvs *nvs);

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
int bmi_is_live(struct bm_nvs *nvs, const struct bmi_found *entry);
/* Gives up entries of all pages: those of a namespace, or (BM_NVS_NS_ANY) what does not count. The
 * values first, the chunks when all indexes that are left count. */
int bmi_sweep(struct bm_nvs *nvs, uint8_t ns);

/* Each public call takes the lock, does its work, gives the lock back and passes the result on:
 * after reading (find.c), after writing (set.c). */
void bmi_lock(struct bm_nvs *nvs);
int bmi_unlock(struct bm_nvs *nvs, int rc);
int bmi_done(struct bm_nvs *nvs, int rc);

/* What public calls do, without the lock; the parts of the store call these. */
int bmi_nvs_namespace(struct bm_nvs *nvs, const char *name, uint8_t *ns);
int bmi_nvs_iter_next(struct bm_nvs *nvs, struct bm_nvs_iter *it, struct bm_nvs_info *info);

#endif
