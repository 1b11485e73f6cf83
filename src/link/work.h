/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LINK_WORK_H
#define BM_LINK_WORK_H

/* A region that is being written. */

#include "link/session.h"

struct link_region {
    struct bm_link *link;
    uint32_t off;
    const uint8_t *data;
    size_t len;
    unsigned flags;   /* enum bm_link_write_flags */
    uint8_t *differs; /* 1 for each sector that is to be written */
    size_t sectors;
    uint64_t wire;       /* link->wire when it began */
    size_t written;      /* bytes, for the progress */
    size_t to_write;     /* of so many */
    unsigned trouble;    /* of late: 0, none, to 3 */
    unsigned cost;       /* of all failures */
    unsigned cost_here;  /* of those since a sector got through */
    unsigned bad_writes; /* likewise: read back differently */
    unsigned worn;       /* such ones in all */
    unsigned damaged;    /* link->damaged when it began */
    uint8_t *packed;     /* room for a compressed piece */
    size_t packed_cap;
};

/* Finds out which sectors differ. *clean: none does. thorough: 0 to give up the search soon, where
 * that costs less than it saves. */
int link_compare(struct link_region *r, int thorough, int *clean, struct bm_diag *diag);

#endif
