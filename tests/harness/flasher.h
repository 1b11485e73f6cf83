/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_TESTS_FLASHER_H
#define BM_TESTS_FLASHER_H

/* What the tests of the flasher share: sessions with virtual boards that must open, calls that must
 * work, what was heard of their progress, bytes to write. Include after cmocka.h. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "birthmark/err.h"
#include "harness/random.h"
#include "harness/virtual.h"
#include "link/link.h"

enum { MB = 1 << 20, SECTOR = 4096, OLD = 0xa5, NOTES = 16 };

struct heard {
    unsigned stages[BM_LINK_NOTE + 1];
    char note[200];
};

static inline void progress(void *ctx, const struct bm_link_progress *p)
{
    struct heard *h = ctx;
    h->stages[p->stage]++;
    if (p->text != NULL) {
        snprintf(h->note, sizeof h->note, "%s", p->text);
    }
}

static inline struct bm_link *must_open(struct virtual_board *b, struct bm_link_config *config)
{
    struct bm_link *link = NULL;
    struct bm_diag diag = {0};
    config->serial = &b->serial;
    const int rc = bm_link_open(&link, config, &diag);
    if (rc != BM_OK) {
        fail_msg("%s: %s: %s", b->config.chip->name, bm_err_name(rc), diag.text);
    }
    return link;
}

static inline void must(int rc, const struct bm_diag *diag, int line)
{
    if (rc != BM_OK) {
        fail_msg("line %d: %s: %s at 0x%llx", line, bm_err_name(rc), diag->text,
                 (unsigned long long)diag->offset);
    }
}

#define MUST(call) must((call), &diag, __LINE__)

static inline uint8_t *fill(size_t len, int kind, uint64_t seed)
{
    uint8_t *p = malloc(len);
    assert_non_null(p);
    for (size_t i = 0; i < len; i++) {
        p[i] = kind == 0 ? (uint8_t)test_random(&seed, 256)
                         : (uint8_t)((uint8_t) "firmware text"[i % 13] + i / 5000);
    }
    return p;
}

/* Everything outside of [from, to) is as it was. */
static inline void assert_neighbours(const struct virtual_board *b, size_t from, size_t to)
{
    for (size_t i = 0; i < b->size; i++) {
        if ((i < from || i >= to) && b->mem[i] != OLD) {
            fail_msg("%s: 0x%zx was changed", b->config.chip->name, i);
        }
    }
}

/* Writes over old content, reads back, writes again: nothing is sent but two requests. */
static inline void check_write(struct virtual_board *b, struct bm_link *link, uint32_t off,
                               size_t len, int kind, unsigned flags)
{
    struct bm_diag diag = {0};
    uint8_t *data = fill(len, kind, off + len);
    uint8_t *back = malloc(len);
    const size_t end = off + (len + SECTOR - 1) / SECTOR * SECTOR;
    assert_non_null(back);
    memset(b->mem, OLD, b->size);
    MUST(bm_link_write(link, off, data, len, flags, &diag));
    assert_memory_equal(b->mem + off, data, len);
    for (size_t i = off + len; i < end; i++) {
        assert_int_equal(b->mem[i], 0xff);
    }
    assert_neighbours(b, off, end);
    MUST(bm_link_read(link, off, back, len, &diag));
    assert_memory_equal(back, data, len);
    const uint64_t sent = b->sent;
    const uint64_t erases = b->ram.erases;
    MUST(bm_link_write(link, off, data, len, flags, &diag));
    assert_int_equal(b->ram.erases, erases);
    assert_true(b->sent - sent < 70);
    free(data);
    free(back);
}

static inline int write_nowhere(void *ctx, const void *data, size_t len, unsigned timeout_ms)
{
    (void)ctx;
    (void)data;
    (void)len;
    (void)timeout_ms;
    return BM_OK;
}

#endif
