/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_STORED_H
#define BM_IMAGE_STORED_H

/* The value behind a row, joined from its chunks where it is a blob. */

#include <stdio.h>

#include "image/types.h"

struct bm_stored {
    const struct bm_type *type;
    const uint8_t *data; /* size bytes, in the image or in owned */
    uint32_t size;       /* a string's NUL included */
    uint8_t *owned;
    uint8_t chunks; /* of a blob by index */
};

/* Loads the value of a row with a whole header (value, torn, or erased with header).
 * v: filled, release with bmi_stored_free() whatever is returned; size is set even then.
 * Returns BM_OK, BM_E_CORRUPT (data checksum, missing chunks; data is NULL) or BM_E_NOMEM. */
int bmi_stored_load(struct bm_stored *v, const struct bm_scan *s, const struct bm_row *row);

/* Wipes and frees what it owns. */
void bmi_stored_free(struct bm_stored *v);

/* An integer in its own width: as unsigned, or with its sign; a float or double. */
uint64_t bmi_stored_u64(const struct bm_stored *v);
int64_t bmi_stored_i64(const struct bm_stored *v);
double bmi_stored_real(const struct bm_stored *v);

/* Writes an integer in decimal, or a float or double so that it reads back as the same. */
void bmi_stored_put_number(FILE *out, const struct bm_stored *v);

/* Bytes of the value without the NUL that ends a string: the length of the file that it came from.
 */
uint32_t bmi_stored_length(const struct bm_stored *v);

/* Bytes of a string up to its first NUL. */
size_t bmi_stored_text_len(const struct bm_stored *v);

#endif
