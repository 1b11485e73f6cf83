/* SPDX-License-Identifier: Apache-2.0 */
#include "link/session.h"

#include "base/base.h"
#include "birthmark/hash.h"

/* Erasing: a ROM does it by a FLASH_BEGIN that no data follows. */

enum { AT_ONCE = 256 * 1024, WHOLE_BLOCK = 64 * 1024, STEP = 4, TRIES = 5 };

static int erase_once(struct bm_link *link, uint32_t off, uint32_t len)
{
    const uint32_t words[] = {off, len};
    struct bm_rom_reply reply;
    if (link->stub) {
        return link_words(link, BM_ROM_ERASE_REGION, words, 2,
                          link_ms_for(LINK_ERASE_MS_PER_MB, len), &reply);
    }
    return link_begin(link, BM_ROM_FLASH_BEGIN, off, len, len / LINK_ROM_BLOCK_MIN,
                      LINK_ROM_BLOCK_MIN);
}

static uint32_t less(uint32_t len)
{
    return (len / STEP + LINK_SECTOR - 1) / LINK_SECTOR * LINK_SECTOR;
}

/* Until it is blank; what is blank already is left alone. *rest: what is to be erased, and after a
 * silence less, as a slow flash needs: then its beginning is blank. */
static int erase_piece(struct bm_link *link, uint32_t off, uint32_t *rest, struct bm_diag *diag)
{
    uint8_t md5[BM_MD5_LEN];
    for (unsigned i = 0;; i++) {
        const uint32_t len = *rest;
        int rc = link->info.secure_download ? 0 : link_is_blank(link, off, len, md5, diag);
        if (rc != 0) {
            return rc < 0 ? rc : BM_OK;
        }
        if (i == TRIES) {
            return bm_diag_set(diag, BM_E_VERIFY, off, "erase", "the flash does not get erased");
        }
        rc = erase_once(link, off, len);
        if (rc == BM_OK && link->info.secure_download) {
            return rc;
        }
        if (rc == BM_E_IO || link_stopped(link) || (rc != BM_OK && i + 1 == TRIES)) {
            return link_fail(link, diag, rc != BM_OK ? rc : BM_E_TIMEOUT, off, "erasing");
        }
        if (rc != BM_OK && link->refusal == 0) {
            rc = link_recover(link, diag);
            if (rc != BM_OK) {
                return rc;
            }
            *rest = less(len);
        }
    }
}

int bm_link_erase(struct bm_link *link, uint32_t off, uint32_t len, struct bm_diag *diag)
{
    const uint64_t wire = link->wire;
    int rc = link_range(link, off, len, "erase", diag);
    link_begin_work(link, len);
    if (rc == BM_OK && (off % LINK_SECTOR != 0 || len % LINK_SECTOR != 0)) {
        rc = bm_diag_set(diag, BM_E_ARG, off, "erase",
                         "offset and length must be multiples of 4096");
    }
    uint32_t most = AT_ONCE;
    for (uint32_t at = 0; rc == BM_OK && at < len;) {
        /* Up to a border of blocks, which a flash erases much faster than their sectors. */
        const uint32_t from = off + at;
        uint32_t n = most - from % (most < WHOLE_BLOCK ? most : WHOLE_BLOCK);
        n = n < len - at ? n : len - at;
        const uint32_t wanted = n;
        link_say(link, BM_LINK_ERASING, off, at, len, link->wire - wire, NULL);
        rc = erase_piece(link, from, &n, diag);
        at += n;
        if (n < wanted) {
            most = most > LINK_SECTOR ? most / STEP : most;
        } else {
            most = most < AT_ONCE ? most * STEP : most;
        }
    }
    if (rc == BM_OK) {
        link_say(link, BM_LINK_ERASING, off, len, len, link->wire - wire, NULL);
    }
    return rc;
}

int bm_link_erase_all(struct bm_link *link, struct bm_diag *diag)
{
    return link->info.flash_size != 0
               ? bm_link_erase(link, 0, link->info.flash_size, diag)
               : bm_diag_set(diag, BM_E_ARG, 0, "erase", "the flash's size is not known: give it");
}
