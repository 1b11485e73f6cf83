/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_SIM_INFLATE_H
#define BM_SIM_INFLATE_H

/* A zlib stream on its way into flash, through the 32 KB of output that ROM and stub keep. */

#include <stddef.h>
#include <stdint.h>

enum { SIM_WINDOW = 32768 };

struct sim_inflate {
    void *stream;    /* zlib's; NULL: none begun */
    uint8_t *window; /* what was in it before stays in it, as on the chip */
    uint32_t fill;
    int done; /* the stream has ended */
};

enum sim_inflated { SIM_INFLATE_MORE = 0, SIM_INFLATE_DONE, SIM_INFLATE_BAD };

/* Returns BM_OK or BM_E_NOMEM. */
int sim_inflate_begin(struct sim_inflate *inflate);

/* Feeds bytes; write is given the window each time it is full, and at the stream's end with what is
 * in it. It returns 0, or stops the feeding. */
enum sim_inflated sim_inflate_feed(struct sim_inflate *inflate, const void *data, size_t len,
                                   int (*write)(void *ctx, const uint8_t *window, uint32_t fill),
                                   void *ctx);
void sim_inflate_free(struct sim_inflate *inflate);

#endif
