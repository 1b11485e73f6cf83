/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LAYOUT_PREFLIGHT_H
#define BM_LAYOUT_PREFLIGHT_H

/* Will a device that moves to another layout, or gets these files written, keep its identity, and
 * will it boot? */

#include "layout/plan.h"

struct bm_preflight {
    const struct bm_part_table *from;
    const struct bm_part_table *to;
    uint32_t from_off; /* of the tables in flash */
    uint32_t to_off;
    const struct bm_flash_plan *plan; /* what is written, resolved for `to`; or NULL */
    const uint8_t *flash;             /* what is on the device: all of its flash, or NULL */
    size_t flash_len;
    int apps_unknown; /* 1: only what holds identity and what boots was read of flash: what boots is
                         not worked out, and contents of other partitions are not known */
    int erase_all;    /* 1: the whole flash is erased before the files are written */
    const struct bm_hash *sha256;
};

/* Compares; what was found is added to findings.
 * Returns BM_OK, BM_E_ARG or BM_E_NOMEM. */
int bm_preflight(const struct bm_preflight *in, struct bm_layout_findings *findings);

enum bm_held_state {
    BM_HELD_BLANK,
    BM_HELD_VALUES,    /* NVS that can be read: see names */
    BM_HELD_ENCRYPTED, /* NVS with NVS encryption */
    BM_HELD_OTHER,     /* something else */
    BM_HELD_OUTSIDE    /* the file ends before it */
};

struct bm_held_names {
    char name[BM_NVS_KEY_SIZE];
    unsigned keys;
};

/* What a partition that holds identity has in it: numbers of keys, never values. */
struct bm_held {
    const struct bm_part *part;
    enum bm_held_state state;
    unsigned keys;
    unsigned count; /* in names: namespaces that have keys */
    struct bm_held_names names[254];
};

/* 1 for partitions that hold an identity: NVS, NVS keys, esp_secure_cert. */
int bm_holds_identity(const struct bm_part *part);

/* Looks at a partition in an image of a flash. Returns BM_OK or BM_E_NOMEM. */
int bm_held(struct bm_held *out, const struct bm_part *part, const uint8_t *flash, size_t len);

#endif
