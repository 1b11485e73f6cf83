/* SPDX-License-Identifier: Apache-2.0 */
#include "link/session.h"

#include <string.h>

#include "base/base.h"
#include "base/le.h"
#include "birthmark/err.h"
#include "birthmark/hash.h"

/* Reading, always held against the chip's MD5: replies have no checksum of their own. The MD5 comes
 * first, since erased flash is told by it and need not be read. */

enum { AT_ONCE = 64 * 1024, AHEAD = 2, TRIES = 8, STARTS = 4, DIGITS = 2 * BM_MD5_LEN };

int link_range(struct bm_link *link, uint32_t off, uint64_t len, const char *what,
               struct bm_diag *diag)
{
    const uint64_t size = link->info.flash_size != 0 ? link->info.flash_size : UINT32_MAX;
    return off <= size && len <= size - off
               ? BM_OK
               : bm_diag_set(diag, BM_E_NOSPC, off, what, "this reaches beyond the board's flash");
}

int link_digest(const void *data, size_t len, uint8_t md5[16])
{
    struct bm_hash hash = {0};
    int rc = bm_hash_openssl_md5(&hash);
    rc = rc == BM_OK ? hash.start(hash.ctx) : rc;
    rc = rc == BM_OK ? hash.add(hash.ctx, data, len) : rc;
    rc = rc == BM_OK ? hash.finish(hash.ctx, md5) : rc;
    bm_hash_openssl_close(&hash);
    return rc;
}

int link_blank_digest(size_t len, uint8_t md5[16])
{
    struct bm_hash hash = {0};
    uint8_t blank[1024];
    memset(blank, 0xff, sizeof blank);
    int rc = bm_hash_openssl_md5(&hash);
    rc = rc == BM_OK ? hash.start(hash.ctx) : rc;
    for (size_t at = 0; rc == BM_OK && at < len; at += sizeof blank) {
        rc = hash.add(hash.ctx, blank, len - at < sizeof blank ? len - at : sizeof blank);
    }
    rc = rc == BM_OK ? hash.finish(hash.ctx, md5) : rc;
    bm_hash_openssl_close(&hash);
    return rc;
}

/* A ROM answers in hex digits, a stub in bytes. */
static int take_md5(const struct bm_rom_reply *reply, uint8_t md5[16])
{
    if (reply->payload_len == BM_MD5_LEN) {
        memcpy(md5, reply->payload, BM_MD5_LEN);
        return BM_OK;
    }
    for (unsigned i = 0; i < DIGITS && reply->payload_len == DIGITS; i += 2) {
        const int high = bm_hex_digit((char)reply->payload[i]);
        const int low = bm_hex_digit((char)reply->payload[i + 1]);
        if (high < 0 || low < 0) {
            return BM_E_PROTO;
        }
        md5[i / 2] = (uint8_t)(high << 4 | low);
    }
    return reply->payload_len == DIGITS ? BM_OK : BM_E_PROTO;
}

int bm_link_md5(struct bm_link *link, uint32_t off, uint32_t len, uint8_t md5[16],
                struct bm_diag *diag)
{
    const uint32_t words[] = {off, len, 0, 0};
    struct bm_rom_reply reply;
    int rc = link_range(link, off, len, "md5", diag);
    for (unsigned i = 0; rc == BM_OK && i < TRIES; i++) {
        rc = link_ask(link, BM_ROM_SPI_FLASH_MD5, words, 4, BM_MD5_LEN,
                      link_ms_for(LINK_MD5_MS_PER_MB, len), &reply, diag);
        if (rc != BM_OK || take_md5(&reply, md5) == BM_OK) {
            return rc;
        }
    }
    return rc != BM_OK ? rc : link_fail(link, diag, BM_E_PROTO, off, "SPI_FLASH_MD5");
}

/* 64 bytes a request, each repeated until it gets through. */
static int read_slowly(struct bm_link *link, uint32_t off, uint8_t *buf, uint32_t len)
{
    int rc = BM_OK;
    for (uint32_t at = 0; rc == BM_OK && at < len;) {
        const uint32_t n = len - at < BM_ROM_SLOW_READ ? len - at : BM_ROM_SLOW_READ;
        const uint32_t words[] = {off + at, n};
        struct bm_rom_reply reply;
        rc = link_ask(link, BM_ROM_READ_FLASH_SLOW, words, 2, n, LINK_REPLY_MS, &reply, NULL);
        if (rc == BM_OK) {
            memcpy(buf + at, reply.payload, n);
            at += n;
        }
    }
    return rc;
}

static int ask_slowly(struct bm_link *link, uint32_t off, uint32_t len)
{
    const uint32_t words[] = {off, len};
    link->last_op = BM_ROM_READ_FLASH_SLOW;
    return link_send(link, bm_rom_format_words(link->message, sizeof link->message,
                                               BM_ROM_READ_FLASH_SLOW, words, 2));
}

/* The same with a second request under way: replies come in order, and the MD5 tells if one is
 * missing. Two were seen to work with the ROMs, and they fit into the UART's own memory. */
static int read_ahead(struct bm_link *link, uint32_t off, uint8_t *buf, uint32_t len)
{
    uint32_t asked = 0;
    uint32_t at = 0;
    int rc = BM_OK;
    while (rc == BM_OK && at < len) {
        const uint32_t n = len - at < BM_ROM_SLOW_READ ? len - at : BM_ROM_SLOW_READ;
        struct bm_rom_reply reply = {0};
        while (rc == BM_OK && asked < len && asked - at < AHEAD * BM_ROM_SLOW_READ) {
            const uint32_t more = len - asked < BM_ROM_SLOW_READ ? len - asked : BM_ROM_SLOW_READ;
            rc = ask_slowly(link, off + asked, more);
            asked += more;
        }
        link->refusal = 0;
        rc = rc == BM_OK ? link_reply(link, BM_ROM_READ_FLASH_SLOW, BM_ROM_READ_FLASH_SLOW,
                                      LINK_REPLY_MS, &reply)
                         : rc;
        if (rc == BM_OK && reply.payload_len >= n) {
            memcpy(buf + at, reply.payload, n);
            at += n;
        } else {
            rc = rc == BM_OK ? BM_E_PROTO : rc;
        }
    }
    return rc;
}

static int send_count(struct bm_link *link, uint32_t count)
{
    bm_put_le32(link->message, count);
    return link_send(link, 4);
}

/* A stub sends packets as frames of their own, and wants the number of bytes so far after each;
 * then the MD5 of all, which we have asked for already. */
static int take_packets(struct bm_link *link, uint8_t *buf, uint32_t len)
{
    uint32_t at = 0;
    int rc = BM_OK;
    while (rc == BM_OK) {
        const uint8_t *frame = NULL;
        size_t n = 0;
        rc = link_receive(link, link_now(link) + LINK_REPLY_MS, &frame, &n);
        if (rc == BM_OK && at == len) {
            return n == BM_MD5_LEN ? BM_OK : BM_E_PROTO;
        }
        if (rc == BM_OK) {
            if (n > len - at || n == 0) {
                rc = BM_E_PROTO;
                break;
            }
            memcpy(buf + at, frame, n);
            at += (uint32_t)n;
            rc = send_count(link, at);
        }
    }
    return rc;
}

static int read_by_stub(struct bm_link *link, uint32_t off, uint8_t *buf, uint32_t len)
{
    enum { PACKET = 4096, IN_FLIGHT = 64 };
    const uint32_t words[] = {off, len, PACKET, IN_FLIGHT};
    struct bm_rom_reply reply;
    int rc = link_ask(link, BM_ROM_READ_FLASH, words, 4, 0, LINK_REPLY_MS, &reply, NULL);
    if (rc == BM_OK) {
        rc = take_packets(link, buf, len);
        if (rc != BM_OK && rc != BM_E_IO) { /* it waits for this; then SYNC reaches it again */
            (void)link_quiet(link, LINK_QUIET_MS);
            (void)send_count(link, len);
        }
    }
    return rc;
}

/* Reads one sector or less, until it is what the chip says it is. want: what it said last; before
 * another try it is asked again, as the program on the board may have run in between. */
static int read_piece(struct bm_link *link, uint32_t off, uint8_t *buf, uint32_t len,
                      uint8_t want[16], struct bm_diag *diag)
{
    uint8_t got[BM_MD5_LEN];
    int last = BM_E_VERIFY;
    for (unsigned i = 0; i < TRIES; i++) {
        int rc = i > 0 ? bm_link_md5(link, off, len, want, diag) : BM_OK;
        if (rc != BM_OK) {
            return rc;
        }
        rc = link->stub ? read_by_stub(link, off, buf, len)
             : i == 0   ? read_ahead(link, off, buf, len)
                        : read_slowly(link, off, buf, len);
        if (rc == BM_E_IO || link_stopped(link)) {
            return link_fail(link, diag, rc, off, "reading");
        }
        if (rc == BM_OK) {
            rc = link_digest(buf, len, got);
            if (rc != BM_OK || memcmp(got, want, sizeof got) == 0) {
                return rc;
            }
            last = BM_E_VERIFY;
        } else {
            last = rc;
            rc = link_recover(link, diag);
            if (rc != BM_OK) {
                return rc;
            }
        }
    }
    return last != BM_E_VERIFY
               ? link_fail(link, diag, last, off, "reading")
               : bm_diag_set(diag, BM_E_VERIFY, off, "board",
                             "what is read is not what the chip's MD5 says, time after time");
}

int link_is_blank(struct bm_link *link, uint32_t off, uint32_t len, uint8_t md5[16],
                  struct bm_diag *diag)
{
    uint8_t blank[BM_MD5_LEN];
    int rc = link_blank_digest(len, blank);
    rc = rc == BM_OK ? bm_link_md5(link, off, len, md5, diag) : rc;
    return rc != BM_OK ? rc : memcmp(md5, blank, sizeof blank) == 0;
}

/* The same, and fills the buffer as if it were. */
static int take_blank(struct bm_link *link, uint32_t off, uint8_t *buf, uint32_t len,
                      uint8_t md5[16], struct bm_diag *diag)
{
    memset(buf, 0xff, len);
    return link_is_blank(link, off, len, md5, diag);
}

/* Pieces of a range which is not blank as a whole. */
static int read_sectors(struct bm_link *link, uint32_t off, uint8_t *buf, uint32_t len,
                        struct bm_diag *diag)
{
    const uint32_t step = link->stub ? AT_ONCE : LINK_SECTOR;
    int rc = BM_OK;
    for (uint32_t at = 0; rc >= 0 && at < len;) {
        const uint32_t n = len - at < step ? len - at : step;
        uint8_t md5[BM_MD5_LEN];
        rc = take_blank(link, off + at, buf + at, n, md5, diag);
        if (rc == 0) {
            rc = read_piece(link, off + at, buf + at, n, md5, diag);
        }
        at += n;
    }
    return rc < 0 ? rc : BM_OK;
}

/* 1: what was read piece by piece is there as a whole, 0: not, or an error. */
static int is_there(struct bm_link *link, uint32_t off, const uint8_t *buf, uint32_t len,
                    struct bm_diag *diag)
{
    uint8_t here[BM_MD5_LEN];
    uint8_t there[BM_MD5_LEN];
    int rc = link_digest(buf, len, here);
    rc = rc == BM_OK ? bm_link_md5(link, off, len, there, diag) : rc;
    return rc != BM_OK ? rc : memcmp(here, there, sizeof here) == 0;
}

/* A range. Where the board was lost over it, its program may have run and written: then the whole
 * of the range is compared, and begun again if it changed. */
static int read_range(struct bm_link *link, uint32_t off, uint8_t *buf, uint32_t len,
                      struct bm_diag *diag)
{
    for (unsigned i = 0; i < STARTS; i++) {
        const unsigned losses = link->losses;
        uint8_t md5[BM_MD5_LEN];
        int rc = len > LINK_SECTOR ? take_blank(link, off, buf, len, md5, diag) : 0;
        rc = rc == 0 ? read_sectors(link, off, buf, len, diag) : rc < 0 ? rc : BM_OK;
        if (rc != BM_OK || link->losses == losses) {
            return rc;
        }
        rc = is_there(link, off, buf, len, diag);
        if (rc != 0) {
            return rc < 0 ? rc : BM_OK;
        }
        link_say(link, BM_LINK_NOTE, off, 0, 0, 0,
                 "the board was lost, and its flash changed meanwhile: reading this part again");
    }
    return bm_diag_set(diag, BM_E_VERIFY, off, "board", "the flash changes while it is read");
}

int bm_link_read(struct bm_link *link, uint32_t off, void *buf, size_t len, struct bm_diag *diag)
{
    uint8_t *out = buf;
    const uint64_t wire = link->wire;
    int rc = link_range(link, off, len, "read", diag);
    link_begin_work(link, len);
    if (rc == BM_OK && link->info.secure_download) {
        rc = bm_diag_set(diag, BM_E_PROTO, off, "read",
                         "the board is in secure download mode, which gives nothing out");
    }
    for (size_t at = 0; rc == BM_OK && at < len;) {
        const uint32_t n = len - at < AT_ONCE ? (uint32_t)(len - at) : AT_ONCE;
        link_say(link, BM_LINK_READING, off, at, len, link->wire - wire, NULL);
        rc = read_range(link, off + (uint32_t)at, out + at, n, diag);
        at += n;
    }
    if (rc == BM_OK) {
        link_say(link, BM_LINK_READING, off, len, len, link->wire - wire, NULL);
    }
    return rc;
}
