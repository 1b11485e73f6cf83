/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_DIFF_H
#define BM_IMAGE_DIFF_H

/* Two images by what they mean: namespaces, the values that count, and entries of types we do not
 * know. Where in the images they stand does not matter. */

#include <stdio.h>

#include "image/scan.h"
#include "image/stored.h"

enum bm_diff_what {
    BM_DIFF_NAMESPACE, /* the name itself */
    BM_DIFF_VALUE,
    BM_DIFF_UNKNOWN /* a written entry of an unknown type, compared by its bytes */
};

/* One side of a difference. */
struct bm_diff_side {
    int there;
    struct bm_stored value; /* of a value; data is NULL where it is damaged */
    uint8_t code;           /* unknown: the type byte */
    uint8_t entries;        /* unknown: entries taken */
};

/* One difference. Its texts live during the call that hands it over. */
struct bm_diff_change {
    enum bm_diff_what what;
    const char *ns; /* "" where the namespace has no name */
    uint8_t index;  /* of the namespace */
    const char *key;
    struct bm_diff_side old, new;
};

struct bm_diff_opts {
    const char *ns;                                               /* only this namespace, or NULL */
    const char *key;                                              /* only this key, or NULL */
    void (*emit)(void *ctx, const struct bm_diff_change *change); /* may be NULL */
    void *ctx;
};

struct bm_diff_result {
    size_t added, removed, changed;
    size_t equal; /* found on both sides */
};

/* Compares, and hands over each difference, sorted by namespace and key.
 * Returns BM_OK or BM_E_NOMEM. */
int bm_diff(const struct bm_scan *a, const struct bm_scan *b, const struct bm_diff_opts *o,
            struct bm_diff_result *result);

/* Entries of a written entry of an unknown type whose checksum is right and whose span is whole,
 * and so is kept; 0 for any other row. */
unsigned bmi_unknown_span(const struct bm_scan *s, const struct bm_row *row);

/* Writes a difference as one line: "+ ns/key type value", "- ...", "~ ns/key type old -> new".
 * reveal: 1 shows secrets. columns: cut long values to fit; 0 shows them whole. */
void bm_diff_text(FILE *out, const struct bm_diff_change *change, int reveal, unsigned columns);

/* Writes it as a JSON object. Returns BM_OK or BM_E_NOMEM. */
int bm_diff_json(FILE *out, const struct bm_diff_change *change, int reveal);

#endif
