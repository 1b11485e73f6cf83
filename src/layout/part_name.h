/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LAYOUT_PART_NAME_H
#define BM_LAYOUT_PART_NAME_H

/* Names of partition types, subtypes and flags, as partition CSV and people write them. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/part.h"

enum { BM_PART_NAME_SIZE = 32, BM_PART_SUBTYPES_MAX = 64 };

/* A subtype that a project adds to ESP-IDF's: "app,my_app,0x40". */
struct bm_part_subtype_name {
    char name[BM_PART_NAME_SIZE];
    uint8_t type;
    uint8_t subtype;
};

/* The subtypes added; a zeroed struct has none. */
struct bm_part_subtypes {
    struct bm_part_subtype_name list[BM_PART_SUBTYPES_MAX];
    size_t count;
};

/* Adds "TYPE,NAME,NUMBER", as ESP-IDF's EXTRA_PARTITION_SUBTYPES has them; NUMBER is in hex.
 * why: at least 160 bytes, the reason on failure; after BM_OK a warning, or "". Returns BM_OK or
 * BM_E_INPUT. */
int bm_part_subtypes_add(struct bm_part_subtypes *extra, const char *text, char *why);

/* Number of a type's name in any case, or -1. */
int bm_part_type_by_name(const char *name, size_t len);

/* Number of a subtype's name of this type in any case, or -1. extra: NULL for ESP-IDF's alone. */
int bm_part_subtype_by_name(const struct bm_part_subtypes *extra, uint8_t type, const char *name,
                            size_t len);

/* Name, or NULL where the number has none. Static storage, or that of extra. */
const char *bm_part_type_name(uint8_t type);
const char *bm_part_subtype_name(const struct bm_part_subtypes *extra, uint8_t type,
                                 uint8_t subtype);

/* The same, or the number in decimal; into buf of BM_PART_NAME_SIZE bytes. Returns buf or a static
 * text. */
const char *bm_part_type_text(char *buf, uint8_t type);
const char *bm_part_subtype_text(char *buf, const struct bm_part_subtypes *extra, uint8_t type,
                                 uint8_t subtype);

/* Names for bmi_suggest(), at most cap - 1 and a NULL behind them. */
void bm_part_type_names(const char **names, size_t cap);
void bm_part_subtype_names(const char **names, size_t cap, const struct bm_part_subtypes *extra,
                           uint8_t type);

/* The flags as "encrypted:readonly", "" where there is none; unknown bits have no name. buf: as
 * above.
 */
const char *bm_part_flags_text(char *buf, uint32_t flags);

/* Bit of a flag's name (lower case, as the reference has it), or 0. */
uint32_t bm_part_flag_by_name(const char *name, size_t len);

#endif
