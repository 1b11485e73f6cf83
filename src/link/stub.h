/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LINK_STUB_H
#define BM_LINK_STUB_H

/* A flasher stub: a small program that takes the ROM loader's place in the chip's memory. It erases
 * while it receives, and reads fast. The file is the user's, in the JSON form of esptool. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/err.h"

struct bm_link_stub {
    uint32_t entry;
    uint32_t text_start, data_start; /* data_start: 0 where there is no data */
    uint8_t *text, *data;
    size_t text_len, data_len;
};

/* Reads the JSON text; release with bm_link_stub_free(), which accepts NULL. Returns BM_OK,
 * BM_E_INPUT (no JSON, a field is missing or wrong; diag says which) or BM_E_NOMEM. */
int bm_link_stub_load(struct bm_link_stub **out, const void *json, size_t len,
                      struct bm_diag *diag);
void bm_link_stub_free(struct bm_link_stub *stub);

#endif
