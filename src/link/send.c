/* SPDX-License-Identifier: Apache-2.0 */
#include "link/session.h"

#include <string.h>

#include "birthmark/err.h"

/* One BEGIN and its blocks. Nothing is repeated here: a block that failed cannot be sent again, nor
 * is a failed BEGIN without effect. What to do then is write.c's. FLASH_END is left out: it makes a
 * ROM leave the loader. */

enum {
    WORD = 16, /* blocks are filled up to a multiple of this, with 0xff */
    TAIL = 16  /* the last block of a stream has at least so many bytes: its trailer has 4 to 8 */
};

static uint32_t sectors_up(size_t len)
{
    return (uint32_t)((len + LINK_SECTOR - 1) / LINK_SECTOR * LINK_SECTOR);
}

int link_begin(struct bm_link *link, uint8_t op, uint32_t off, uint32_t erase, uint32_t blocks,
               uint32_t block)
{
    const uint32_t words[] = {erase, blocks, block, off, 0};
    const size_t count = link->stub ? 4 : link->chip->begin_words;
    struct bm_rom_reply reply;
    return link_words(link, op, words, count, link_ms_for(LINK_ERASE_MS_PER_MB, erase), &reply);
}

/* How long a block may take: a stub erases where it writes. */
static unsigned block_ms(const struct bm_link *link, size_t bytes)
{
    return link_ms_for(link->stub ? LINK_ERASE_MS_PER_MB : LINK_WRITE_MS_PER_MB, bytes);
}

/* Bytes up to the last sector that is not blank: what comes after it is only erased. */
static size_t without_blank_end(const struct link_piece *p)
{
    size_t len = p->len;
    while (len > 0 && p->data[len - 1] == 0xff) {
        len--;
    }
    const size_t whole = sectors_up(len);
    return whole < p->len ? whole : p->len;
}

static int send_plain(struct bm_link *link, const struct link_piece *p, size_t *done,
                      void (*sent)(void *ctx, size_t bytes), void *ctx)
{
    uint8_t last[LINK_STUB_BLOCK];
    /* A stub erases only where it writes. */
    const size_t len = link->stub ? p->len : without_blank_end(p);
    const uint32_t erase = link->stub ? (uint32_t)p->len : sectors_up(p->len);
    int rc = link_begin(link, BM_ROM_FLASH_BEGIN, p->off, erase, (erase + p->block - 1) / p->block,
                        p->block);
    size_t at = 0;
    for (uint32_t seq = 0; rc == BM_OK && at < len; seq++) {
        const size_t n = len - at < p->block ? len - at : p->block;
        const size_t filled = (n + WORD - 1) / WORD * WORD;
        struct bm_rom_reply reply;
        memset(last, 0xff, filled);
        memcpy(last, p->data + at, n);
        rc = link_exchange(link,
                           bm_rom_format_data(link->message, sizeof link->message,
                                              BM_ROM_FLASH_DATA, seq, last, filled),
                           block_ms(link, p->block), &reply);
        at += rc == BM_OK ? n : 0;
        if (rc == BM_OK && sent != NULL) {
            sent(ctx, at);
        }
    }
    *done = rc == BM_OK ? p->len : at / LINK_SECTOR * LINK_SECTOR;
    return rc;
}

uint32_t link_packed_block(size_t packed_len, uint32_t block)
{
    uint32_t n = block;
    while (packed_len > n && n > TAIL && packed_len % n != 0 && packed_len % n < TAIL) {
        n -= WORD;
    }
    return n;
}

static int send_packed(struct bm_link *link, const struct link_piece *p, size_t *done,
                       void (*sent)(void *ctx, size_t bytes), void *ctx)
{
    const uint32_t block = link_packed_block(p->packed_len, p->block);
    const uint32_t blocks = (uint32_t)((p->packed_len + block - 1) / block);
    const uint32_t erase = link->stub ? (uint32_t)p->len : sectors_up(p->len);
    int rc = link_begin(link, BM_ROM_FLASH_DEFL_BEGIN, p->off, erase, blocks, block);
    size_t at = 0;
    for (uint32_t seq = 0; rc == BM_OK && seq < blocks; seq++) {
        const size_t n = p->packed_len - at < block ? p->packed_len - at : block;
        struct bm_rom_reply reply;
        rc = link_exchange(link,
                           bm_rom_format_data(link->message, sizeof link->message,
                                              BM_ROM_FLASH_DEFL_DATA, seq, p->packed + at, n),
                           block_ms(link, p->len), &reply);
        at += n;
        if (rc == BM_OK && sent != NULL) {
            sent(ctx, (size_t)((uint64_t)p->len * at / p->packed_len));
        }
    }
    *done = rc == BM_OK ? p->len : 0;
    return rc;
}

int link_send_piece(struct bm_link *link, const struct link_piece *piece, size_t *done,
                    void (*sent)(void *ctx, size_t bytes), void *ctx)
{
    *done = 0;
    return piece->packed != NULL ? send_packed(link, piece, done, sent, ctx)
                                 : send_plain(link, piece, done, sent, ctx);
}
