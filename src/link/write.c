/* SPDX-License-Identifier: Apache-2.0 */
#include "link/work.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "base/base.h"

/* Writing: compare, write what differs, compare again, until nothing differs. The last comparison
 * is the verdict; no reply to a block is believed. */

enum {
    ROUNDS = 4, /* the last one only compares */
    PIECE = 256 * 1024,
    TROUBLE = 3,   /* steps down in sizes */
    PATIENCE = 32, /* costs of failures without a sector getting through in between */
    COST_SILENCE = 4,
    BAD_WRITES = 5,
    REFUSALS = 3, /* then it is the size of the blocks */
    PLAIN_FROM = 3 * COST_SILENCE,
    STALE = 32 * 1024 /* what an ESP32's ROM may write behind a compressed piece */
};

static void say_sent(void *ctx, size_t bytes)
{
    const struct link_region *r = ctx;
    link_say(r->link, BM_LINK_WRITING, r->off, r->written + bytes, r->to_write,
             r->link->wire - r->wire, NULL);
}

/* Bytes at the run's end that must go uncompressed: what is dirtied behind a piece has to be ours,
 * and still to be erased and written. */
static size_t plain_tail(const struct bm_link *link)
{
    return link->chip->stale_overrun && !link->stub ? STALE : 0;
}

static int may_pack(const struct link_region *r)
{
    const struct bm_link *link = r->link;
    return (r->flags & BM_WRITE_PLAIN) == 0 && r->cost_here < PLAIN_FROM &&
           (link->stub || link->chip->rom_compressed);
}

/* Compresses where that makes it shorter. */
static void pack(struct link_region *r, struct link_piece *p)
{
    uLongf len = (uLongf)r->packed_cap;
    if (compress2(r->packed, &len, p->data, (uLong)p->len, Z_BEST_COMPRESSION) == Z_OK &&
        len + len / 16 < p->len) {
        p->packed = r->packed;
        p->packed_len = len;
    }
}

/* The next piece of [at, to) and how it is sent. Smaller ones after failures, which on a bad line
 * get through, and larger ones again after success. */
static struct link_piece plan(struct link_region *r, size_t at, size_t to)
{
    const size_t tail = plain_tail(r->link);
    struct link_piece p = {r->off + (uint32_t)at,        r->data + at, PIECE >> (2 * r->trouble),
                           r->link->block >> r->trouble, NULL,         0};
    p.block = p.block < LINK_ROM_BLOCK_MIN ? LINK_ROM_BLOCK_MIN : p.block;
    p.len = p.len > to - at ? to - at : p.len;
    if (may_pack(r) && to - at >= tail + (tail != 0 ? LINK_SECTOR : 0)) {
        const size_t room = (to - at - tail) / LINK_SECTOR * LINK_SECTOR;
        struct link_piece packed = p;
        packed.len = tail != 0 && packed.len > room ? room : packed.len;
        pack(r, &packed);
        p = packed.packed != NULL ? packed : p;
    }
    return p;
}

static const char *what_failed(uint8_t refusal)
{
    switch (refusal) {
    case BM_ROM_E_WRITE: return "writing (a worn-out or protected flash?)";
    case BM_ROM_E_CRC: return "writing (a bad cable, or too high a speed?)";
    default: return "writing";
    }
}

/* After a failure: BM_OK to go on, or the end. */
static int after_failure(struct link_region *r, int rc, uint32_t off, struct bm_diag *diag)
{
    struct bm_link *link = r->link;
    const unsigned cost = link->refusal != 0 ? 1 : COST_SILENCE;
    r->cost += cost;
    r->cost_here += cost;
    if (link->refusal == BM_ROM_E_WRITE) {
        r->bad_writes++;
        r->worn++;
    }
    r->trouble += r->trouble < TROUBLE;
    if (link->refusal == BM_ROM_E_INVALID && !link->stub) {
        link->block = LINK_ROM_BLOCK_MIN; /* perhaps it is the size that it does not take */
        link->block_refusals++;
    }
    if (rc == BM_E_IO || rc == BM_E_ARG || link_stopped(link) || r->cost_here >= PATIENCE ||
        r->bad_writes >= BAD_WRITES || r->cost >= (size_t)4 * PATIENCE + 2 * r->sectors) {
        return link_fail(link, diag, link->refusal == BM_ROM_E_WRITE ? BM_E_VERIFY : rc, off,
                         what_failed(link->refusal));
    }
    link_say(link, BM_LINK_RETRY, off, 0, 0, link->wire - r->wire, NULL);
    /* An error that the chip told leaves both sides together. */
    if (link->refusal == 0) {
        struct bm_diag why = {0};
        rc = link_recover(link, &why);
        return rc == BM_OK ? rc : bm_diag_set(diag, rc, off, why.where, why.text);
    }
    return BM_OK;
}

/* After a piece that got through: back to the usual sizes, step by step. */
static void grow(struct link_region *r)
{
    struct bm_link *link = r->link;
    if (r->trouble > 0) {
        r->trouble--;
    } else if (link->block < link->block_most && link->block_refusals < REFUSALS) {
        link->block *= 2;
    }
}

static int write_run(struct link_region *r, size_t from, size_t to, struct bm_diag *diag)
{
    int rc = BM_OK;
    for (size_t at = from; rc == BM_OK && at < to;) {
        size_t done = 0;
        const struct link_piece p = plan(r, at, to);
        rc =
            link_stopped(r->link) ? BM_E_TIMEOUT : link_send_piece(r->link, &p, &done, say_sent, r);
        at += done;
        r->written += done;
        if (done != 0) {
            r->cost_here = r->bad_writes = 0;
        }
        if (rc == BM_OK) {
            grow(r);
        } else {
            rc = after_failure(r, rc, r->off + (uint32_t)at, diag);
        }
    }
    return rc;
}

static size_t count_bytes(const struct link_region *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->sectors; i++) {
        n += r->differs[i] ? LINK_SECTOR : 0;
    }
    return n < r->len ? n : r->len;
}

static int write_runs(struct link_region *r, struct bm_diag *diag)
{
    int rc = BM_OK;
    r->written = 0;
    r->to_write = count_bytes(r);
    for (size_t i = 0; rc == BM_OK && i < r->sectors;) {
        size_t end = i;
        while (end < r->sectors && r->differs[end]) {
            end++;
        }
        if (end > i) {
            const size_t to = end * LINK_SECTOR < r->len ? end * LINK_SECTOR : r->len;
            rc = write_run(r, i * LINK_SECTOR, to, diag);
        }
        i = end + 1;
    }
    return rc;
}

static int still_wrong(const struct link_region *r, struct bm_diag *diag)
{
    size_t i = 0;
    while (i + 1 < r->sectors && !r->differs[i]) {
        i++;
    }
    return bm_diag_set(diag, BM_E_VERIFY, r->off + (uint32_t)i * LINK_SECTOR, "verify",
                       "the flash does not hold what was written, after all was accepted");
}

/* Says what went wrong on the way, where that is to be known. Silence alone tells of nothing: the
 * board was late or reset. Requests other than blocks have no checksum, so a line that damages them
 * may have the chip erase and write somewhere else. */
static void warn_damage(const struct link_region *r, unsigned rounds)
{
    if (r->worn > 0) {
        char text[96];
        struct bm_text t;
        bm_text_init(&t, text, sizeof text);
        bm_text_str(&t, "the flash took ");
        bm_text_u64(&t, r->worn);
        bm_text_str(&t, r->worn == 1 ? " block" : " blocks");
        bm_text_str(&t, " only at a second try: it may be worn");
        link_say(r->link, BM_LINK_NOTE, r->off, 0, 0, 0, text);
    }
    if (r->link->damaged != r->damaged || rounds > 1) {
        link_say(r->link, BM_LINK_NOTE, r->off, 0, 0, 0,
                 "done, but the line damages messages: one that says where to erase and write "
                 "may have been among them; verify the rest of the flash, too");
    }
}

/* Writes until the comparison finds nothing more. */
static int write_region(struct link_region *r, struct bm_diag *diag)
{
    int rc = BM_OK;
    for (unsigned round = 0; rc == BM_OK; round++) {
        int clean = 0;
        if (round > 0 || (r->flags & BM_WRITE_ALWAYS) == 0) {
            rc = link_compare(r, round > 0, &clean, diag);
        }
        if (rc != BM_OK || clean) {
            if (clean) {
                link_say(r->link, round == 0 ? BM_LINK_SKIPPED : BM_LINK_VERIFYING, r->off, r->len,
                         r->len, r->link->wire - r->wire, NULL);
                warn_damage(r, round);
            }
            return rc;
        }
        if (round + 1 == ROUNDS) {
            return still_wrong(r, diag);
        }
        if (round > 0) {
            link_say(r->link, BM_LINK_RETRY, r->off, 0, r->len, r->link->wire - r->wire,
                     "all was accepted, but not all is there: writing the rest again");
        }
        rc = write_runs(r, diag);
    }
    return rc;
}

/* Without MD5 there is only the chip's word: its ROM reads back what it writes. */
static int write_unseen(struct link_region *r, struct bm_diag *diag)
{
    const int rc = write_runs(r, diag);
    if (rc == BM_OK) {
        link_say(r->link, BM_LINK_NOTE, r->off, 0, 0, 0,
                 "in secure download mode what was written cannot be verified");
    }
    return rc;
}

int bm_link_write(struct bm_link *link, uint32_t off, const void *data, size_t len, unsigned flags,
                  struct bm_diag *diag)
{
    struct link_region r = {.link = link, .off = off, .data = data, .len = len, .flags = flags};
    int rc = link_range(link, off, len, "write", diag);
    if (rc != BM_OK || len == 0) {
        return rc;
    }
    if (off % LINK_SECTOR != 0) {
        return bm_diag_set(diag, BM_E_ARG, off, "write", "an offset must be a multiple of 4096");
    }
    r.sectors = (len + LINK_SECTOR - 1) / LINK_SECTOR;
    link_begin_work(link, (uint64_t)len * 2);
    r.wire = link->wire;
    r.damaged = link->damaged;
    r.packed_cap = compressBound(PIECE);
    r.packed = malloc(r.packed_cap);
    r.differs = malloc(r.sectors);
    if (r.packed == NULL || r.differs == NULL) {
        rc = bm_diag_set(diag, BM_E_NOMEM, 0, NULL, NULL);
    } else {
        memset(r.differs, 1, r.sectors);
        rc = link->info.secure_download ? write_unseen(&r, diag) : write_region(&r, diag);
    }
    free(r.packed);
    free(r.differs);
    return rc;
}
