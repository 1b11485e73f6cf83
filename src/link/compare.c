/* SPDX-License-Identifier: Apache-2.0 */
#include "link/work.h"

#include <string.h>

#include "base/base.h"
#include "birthmark/hash.h"

/* Which sectors of a region differ from the flash, by MD5s that the chip computes.
 *
 * The beginning, then the whole: two requests where nothing changed, and the whole is the verdict
 * after writing. Then 64 KB at a time, then sectors. A request costs about as much as a sector does
 * at 2 Mbaud, so where everything differs the search gives up soon and takes the rest as different.
 */

enum { CHUNK = 16, GIVE_UP_SECTORS = 3, GIVE_UP_CHUNKS = 2 };

static size_t end_of(const struct link_region *r, size_t sector)
{
    return sector * LINK_SECTOR < r->len ? sector * LINK_SECTOR : r->len;
}

/* *yes: sectors [from, to) are in flash as they are here. */
static int is_same(const struct link_region *r, size_t from, size_t to, int *yes,
                   struct bm_diag *diag)
{
    const size_t at = from * LINK_SECTOR;
    const size_t len = end_of(r, to) - at;
    uint8_t here[BM_MD5_LEN];
    uint8_t there[BM_MD5_LEN] = {0};
    int rc = link_digest(r->data + at, len, here);
    rc = rc == BM_OK ? bm_link_md5(r->link, r->off + (uint32_t)at, (uint32_t)len, there, diag) : rc;
    *yes = rc == BM_OK && memcmp(here, there, sizeof here) == 0;
    return rc;
}

/* Sectors of a chunk that differs somewhere. *all: they all do, as far as was looked. */
static int compare_sectors(struct link_region *r, size_t from, size_t to, int thorough, int *all,
                           struct bm_diag *diag)
{
    int same = 0;
    int rc = BM_OK;
    *all = 1;
    for (size_t i = from; rc == BM_OK && i < to && to - from > 1; i++) {
        if (!thorough && *all && i - from == GIVE_UP_SECTORS) {
            break;
        }
        rc = is_same(r, i, i + 1, &same, diag);
        r->differs[i] = !same;
        *all = *all && !same;
    }
    return rc;
}

static int compare_chunks(struct link_region *r, int thorough, struct bm_diag *diag)
{
    unsigned lost = 0;
    int rc = BM_OK;
    for (size_t at = 0; rc == BM_OK && at < r->sectors; at += CHUNK) {
        const size_t to = r->sectors - at < CHUNK ? r->sectors : at + CHUNK;
        int same = 0;
        int all = 1;
        if (!thorough && lost >= GIVE_UP_CHUNKS) {
            break;
        }
        if (r->sectors > CHUNK) { /* else it is the whole, which differs */
            rc = is_same(r, at, to, &same, diag);
        }
        if (rc == BM_OK && same) {
            memset(r->differs + at, 0, to - at);
            lost = 0;
        } else if (rc == BM_OK) {
            rc = compare_sectors(r, at, to, thorough, &all, diag);
            lost = all ? lost + 1 : 0;
        }
    }
    return rc;
}

int link_compare(struct link_region *r, int thorough, int *clean, struct bm_diag *diag)
{
    link_say(r->link, BM_LINK_VERIFYING, r->off, 0, r->len, r->link->wire - r->wire, NULL);
    memset(r->differs, 1, r->sectors);
    int rc = BM_OK;
    *clean = 1;
    if (!thorough && r->sectors > CHUNK) { /* firmware tells its version there: no need for all */
        rc = is_same(r, 0, CHUNK, clean, diag);
    }
    if (rc == BM_OK && *clean) {
        rc = is_same(r, 0, r->sectors, clean, diag);
    }
    if (rc == BM_OK && *clean) {
        memset(r->differs, 0, r->sectors);
        return rc;
    }
    return rc == BM_OK && r->sectors > 1 ? compare_chunks(r, thorough, diag) : rc;
}
