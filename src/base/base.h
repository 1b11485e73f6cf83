/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_BASE_BASE_H
#define BM_BASE_BASE_H

/* The ground floor: CRC, hex, bounded text, wiping, diagnostics. Freestanding. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/err.h"

/* zlib's crc32(): reflected polynomial 0xedb88320, the register inverted before and after.
 * start: 0 for a plain CRC, 0xffffffff as NVS does, or a previous result to go on from. */
uint32_t bm_crc32(uint32_t start, const void *data, size_t len);

/* Overwrites memory in a way the compiler must not drop. */
void bm_wipe(void *data, size_t len);

/* Value of a hex digit, or -1. */
int bm_hex_digit(char c);

/* Value of a base64 digit (RFC 4648, section 4), or -1. */
int bm_base64_digit(char c);

/* Writes 2 * len lower-case digits and a NUL; out must hold 2 * len + 1 bytes. */
void bm_hex_encode(char *out, const void *data, size_t len);

/* A bounded text writer: never overruns, always leaves a NUL, remembers truncation. */
struct bm_text {
    char *buf;
    size_t cap; /* bytes of buf, the NUL included; at least 1 */
    size_t len; /* characters written, without the NUL */
    int cut;    /* 1 once something did not fit */
};

void bm_text_init(struct bm_text *t, char *buf, size_t cap);
void bm_text_str(struct bm_text *t, const char *s);
void bm_text_u64(struct bm_text *t, uint64_t v);
void bm_text_hex(struct bm_text *t, uint64_t v); /* with 0x, no leading zeros */

/* Records a failure unless one is recorded already; d may be NULL. where and text may be NULL.
 * Returns code, so that a caller can write `return bm_diag_set(...)`. */
int bm_diag_set(struct bm_diag *d, int code, uint64_t offset, const char *where, const char *text);

#endif
