/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LAYOUT_HEADER_PATCH_H
#define BM_LAYOUT_HEADER_PATCH_H

/* Mode, clock and size of the flash in the header of a bootloader, changed on its way to a board as
 * esptool's write_flash does. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/err.h"
#include "birthmark/hash.h"

/* Numbers as in the header, by layout/flash_params.h; -1: as it is. */
struct bm_header_patch {
    int mode;
    int clock;
    int size;
};

/* Changes the header of the image at the start of data, and the SHA-256 that goes with it.
 * len: bytes of data; what stands behind the image is left alone. sha256: needed. changed: set to 1
 * where a byte became another one.
 * Returns BM_OK; BM_E_NOENT (no image stands there), BM_E_CORRUPT, BM_E_LENGTH or BM_E_VERIFY (one
 * that is damaged: data is as it was, and diag says what is wrong) or BM_E_ARG. */
int bm_header_patch(uint8_t *data, size_t len, const struct bm_header_patch *patch,
                    const struct bm_hash *sha256, int *changed, struct bm_diag *diag);

#endif
