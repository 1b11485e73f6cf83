/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LAYOUT_PREFLIGHT_PARTS_H
#define BM_LAYOUT_PREFLIGHT_PARTS_H

/* Shared by the files of preflight. */

#include "layout/preflight.h"

/* A move, and the flash before and after it. */
struct bmi_move {
    const struct bm_preflight *in;
    struct bm_layout_findings *fs;
    uint8_t *before; /* both blank behind what is known; NULL where no flash was given */
    uint8_t *after;
    size_t len;   /* bytes of both */
    size_t known; /* bytes that were read from the device */
    int chip;     /* of the device, or BM_CHIP_UNKNOWN */
};

/* Works out the flash after the move.
 * Returns BM_OK, or BM_E_NOMEM. Follow with bmi_move_close(). */
int bmi_move_open(struct bmi_move *m, const struct bm_preflight *in, struct bm_layout_findings *fs);
void bmi_move_close(struct bmi_move *m);

/* 1 if all of a partition is known, before as well as after. */
int bmi_is_known(const struct bmi_move *m, const struct bm_part *p);

/* 1 unless it is known that these bytes of the old flash are blank. */
int bmi_maybe_used(const struct bm_preflight *in, uint64_t off, uint64_t size);

/* The first write that erases some of these bytes and changes them, or NULL. i: from here on. */
const struct bm_flash_part *bmi_write_over(const struct bm_preflight *in, uint64_t off,
                                           uint64_t size, size_t *i);

int bmi_is_kind(const struct bm_part *p, int type, int subtype);
int bmi_overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size);
int bmi_same_tables(const struct bm_part_table *a, const struct bm_part_table *b);

/* The partition of the same type, subtype and offset, or NULL. */
const struct bm_part *bmi_same_place(const struct bm_part_table *t, const struct bm_part *p);

/* 1 if both regions begin with the same bytes, and what goes beyond in the larger one is blank. */
int bmi_same_bytes(const struct bmi_move *m, const struct bm_part *p, const struct bm_part *n);

/* What changes of the flags that matter. */
void bmi_compare_flags(const struct bmi_move *m, const struct bm_part *p, const struct bm_part *n);

/* A partition of the old table that holds identity, or the keys of NVS. */
void bmi_move_identity(const struct bmi_move *m, const struct bm_part *p);
void bmi_move_keys(const struct bmi_move *m, const struct bm_part *p);

/* What boots, before and after. */
void bmi_preflight_boot(const struct bmi_move *m);

#endif
