/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LINK_SESSION_H
#define BM_LINK_SESSION_H

/* What the parts of this room share: a session, and requests with their replies. */

#include <stddef.h>
#include <stdint.h>

#include "link/link.h"
#include "proto/rom.h"
#include "proto/slip.h"

enum { LINK_SECTOR = 4096 };

/* Milliseconds. Erasing and the like has so many for each MB on top, as slow flashes need them. */
enum {
    LINK_REPLY_MS = 3000,
    LINK_SYNC_MS = 100,
    LINK_QUIET_MS = 100, /* after this long without a byte nothing more is on its way */
    LINK_UNKNOWN_MS = 200,
    LINK_ERASE_MS_PER_MB = 120000, /* 400 ms a sector are 105 s */
    LINK_WRITE_MS_PER_MB = 40000,  /* of what is erased */
    LINK_MD5_MS_PER_MB = 8000,
    LINK_CLOSE_MS = 1500 /* for the last requests of a session */
};

/* Sizes of blocks. A ROM takes 0x1800 and was seen to write 0x1000. */
enum {
    LINK_ROM_BLOCK = 0x1000,
    LINK_ROM_BLOCK_MIN = 0x400,
    LINK_OTG_BLOCK = 0x800,
    LINK_STUB_BLOCK = 0x4000,
    LINK_MEM_BLOCK = 0x1800,
    LINK_MEM_BLOCK_OTG = 0x800
};

enum { LINK_MESSAGE = LINK_STUB_BLOCK + BM_ROM_HEADER + BM_ROM_DATA_HEADER, LINK_HEARD = 400 };

/* What came outside of frames while nobody answered. */
struct link_heard {
    char text[LINK_HEARD]; /* the first bytes, NUL at the end; those that are no text as '?' */
    size_t len;
    uint64_t bytes, odd; /* all of them; those that are no text */
    int echo;            /* 1: our own request came back */
};

struct bm_link {
    struct bm_link_config config;
    const struct bm_serial *serial;
    const struct bm_chip *chip;
    struct bm_link_info info;
    enum bm_chip_port port;
    int known;                  /* info is from this board; a reconnected one must be the same */
    int lenient;                /* 1: what the chip does not tell of itself may stay unknown */
    int stub;                   /* 1: a stub runs */
    int recovering;             /* 1: within link_recover(), which must not call itself */
    uint32_t baud;              /* of the line */
    uint32_t block, block_most; /* bytes of a block of flash data, now and at best */
    unsigned block_refusals;    /* times that a block was refused for what may be its size */
    uint8_t last_op;
    uint8_t refusal;  /* 0, or the error that the chip answered the last request with */
    int unknown;      /* 1: it does not know that operation */
    uint64_t ends_at; /* 0, or when the session ends whatever happens, by link_now() */
    unsigned damaged; /* messages that arrived so, here or there, or not at all */
    unsigned garbled, garbled_before; /* of these, that arrived so; at the begin of the setup */
    uint8_t awaited;                  /* while recovering: of this operation a reply is missing */
    int late;                         /* 1: and came */
    struct link_heard heard;
    unsigned losses, losses_most; /* recoveries in this piece of work, and how many there may be */
    uint64_t wire;                /* bytes in both directions since the session began */
    struct bm_slip slip;
    size_t in_at, in_len;
    uint8_t in[4096];
    uint8_t frame[8192];
    uint8_t message[LINK_MESSAGE];
    uint8_t coded[2 * LINK_MESSAGE + 2];
};

/* wire.c: frames and requests. */

uint64_t link_now(struct bm_link *link);
void link_sleep(struct bm_link *link, unsigned ms);
int link_stopped(struct bm_link *link);

/* Sends message[0..len) as a frame. BM_OK, BM_E_IO, BM_E_TIMEOUT. */
int link_send(struct bm_link *link, size_t len);
/* The next frame. BM_OK, BM_E_TIMEOUT, BM_E_IO, BM_E_PROTO: a damaged one came. */
int link_receive(struct bm_link *link, uint64_t until, const uint8_t **frame, size_t *len);
/* Reads away what comes until there was silence for so long. BM_OK, BM_E_IO. */
int link_quiet(struct bm_link *link, unsigned silence_ms);

/* Takes the reply to a request of this operation, before which there was one of last_op. BM_OK:
 * done. BM_E_PROTO: the chip answered with an error (link->refusal) or the reply was damaged (0).
 * BM_E_TIMEOUT, BM_E_IO. */
int link_reply(struct bm_link *link, uint8_t op, uint8_t last_op, unsigned timeout_ms,
               struct bm_rom_reply *reply);
/* Sends message[0..len), a request, and takes its reply. Codes as above. */
int link_exchange(struct bm_link *link, size_t len, unsigned timeout_ms,
                  struct bm_rom_reply *reply);
/* The same of words. */
int link_words(struct bm_link *link, uint8_t op, const uint32_t *words, size_t count,
               unsigned timeout_ms, struct bm_rom_reply *reply);

/* A request that may be repeated, until it gets through. Fills diag. want: bytes of payload that
 * are needed. Codes as above. */
int link_ask(struct bm_link *link, uint8_t op, const uint32_t *words, size_t count, size_t want,
             unsigned timeout_ms, struct bm_rom_reply *reply, struct bm_diag *diag);

int link_read_reg(struct bm_link *link, uint32_t addr, uint32_t *value, struct bm_diag *diag);
/* Reads until it has read the same twice: replies have no checksum. */
int link_read_reg_twice(struct bm_link *link, uint32_t addr, uint32_t *value, struct bm_diag *diag);
int link_write_reg(struct bm_link *link, uint32_t addr, uint32_t value, struct bm_diag *diag);

unsigned link_ms_for(uint32_t ms_per_mb, uint64_t bytes);

/* Records a failure, with what the chip answered if it did. Returns code. */
int link_fail(struct bm_link *link, struct bm_diag *diag, int code, uint64_t offset,
              const char *what);
void link_say(struct bm_link *link, enum bm_link_stage stage, uint32_t offset, uint64_t done,
              uint64_t total, uint64_t wire, const char *text);

/* connect.c */

/* One SYNC: 1 if it was answered and all replies are read away. *value: of the reply. BM_E_IO. */
int link_sync_once(struct bm_link *link, uint32_t *value);
/* Resets into download mode and syncs, at 115200. */
int link_connect(struct bm_link *link, unsigned attempts, struct bm_diag *diag);
/* After a lost or damaged reply: gets the two sides together again, if need be by a reset. */
int link_recover(struct bm_link *link, struct bm_diag *diag);
/* A new piece of work of so many bytes: recoveries are counted anew. */
void link_begin_work(struct bm_link *link, uint64_t bytes);
/* Runs a reset sequence. BM_OK, BM_E_IO, or BM_E_ARG (no lines, or an unreadable sequence). */
int link_reset(struct bm_link *link, const char *sequence);

/* identify.c: chip, identity, flash, baud, stub; everything from SYNC to work. */
int link_setup(struct bm_link *link, struct bm_diag *diag);
/* Attaches the flash and tells its size; after each time that the board may have started anew. */
int link_attach(struct bm_link *link, struct bm_diag *diag);
/* Clears the bit that keeps a chip in download mode over a reset. */
void link_leave_download(struct bm_link *link);
/* Makes the watchdog reset the chip soon. BM_E_ARG: it has none that could. */
int link_watchdog_reset(struct bm_link *link, struct bm_diag *diag);

/* spi.c: the flash's JEDEC id, by the registers of its controller. */
int link_flash_id(struct bm_link *link, uint32_t *id, struct bm_diag *diag);
uint32_t link_flash_size(uint32_t id);

/* stub.c */
int link_stub_start(struct bm_link *link, const struct bm_link_stub *stub, struct bm_diag *diag);

/* read.c */
/* Checks a range against the flash's size. */
int link_range(struct bm_link *link, uint32_t off, uint64_t len, const char *what,
               struct bm_diag *diag);
int link_digest(const void *data, size_t len, uint8_t md5[16]);
int link_blank_digest(size_t len, uint8_t md5[16]); /* of erased flash */
/* 1: erased, 0: not, or an error. md5: of what is there. */
int link_is_blank(struct bm_link *link, uint32_t off, uint32_t len, uint8_t md5[16],
                  struct bm_diag *diag);

/* The size of block, at most this one, of which the last block of so many compressed bytes holds
 * more than the stream's trailer: a ROM that has put out all may not listen to such a block. */
uint32_t link_packed_block(size_t packed_len, uint32_t block);

/* send.c: a piece of flash data, in one go. */

struct link_piece {
    uint32_t off;        /* in flash, a multiple of 4096 */
    const uint8_t *data; /* what it is to hold; the rest of its last sector gets erased */
    size_t len;
    uint32_t block;
    const uint8_t *packed; /* the same, compressed, or NULL: send it as it is */
    size_t packed_len;
};

/* FLASH_BEGIN or FLASH_DEFL_BEGIN, which erases. */
int link_begin(struct bm_link *link, uint8_t op, uint32_t off, uint32_t erase, uint32_t blocks,
               uint32_t block);
/* *done: bytes of the piece that the chip took, whole sectors unless it took all; also on failure.
 * sent: told of every block, or NULL. Codes of link_exchange(). */
int link_send_piece(struct bm_link *link, const struct link_piece *piece, size_t *done,
                    void (*sent)(void *ctx, size_t bytes), void *ctx);

#endif
