/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_MONITOR_SGR_H
#define BM_MONITOR_SGR_H

/* Colours in a log: ECMA-48's SELECT GRAPHIC RENDITION, ESC [ digits and semicolons m. No other
 * control sequence is known here, and none is let through. */

#include <stddef.h>

enum { BM_SGR_MAX = 32 }; /* bytes of the longest sequence taken for one */

/* Bytes of the sequence at the start of text; 0 where there is none, -1 where more bytes must come
 * to tell. */
int bm_sgr_length(const char *text, size_t len);

/* Text without its sequences, whole lines; out has room for len bytes and may be text itself.
 * Returns the bytes written. */
size_t bm_sgr_plain(char *out, const char *text, size_t len);

/* The same for a stream, whose sequences may be split. Zero it to begin. */
struct bm_sgr_strip {
    char held[BM_SGR_MAX];
    size_t len;
};

/* out: room for len + BM_SGR_MAX bytes, not data itself. Returns the bytes written. */
size_t bm_sgr_strip(struct bm_sgr_strip *s, char *out, const void *data, size_t len);

#endif
