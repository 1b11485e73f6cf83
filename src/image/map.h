/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_MAP_H
#define BM_IMAGE_MAP_H

/* The pages of an image as a picture, one cell per entry: in a terminal or as SVG. No value is in
 * it, only names, types and sizes. */

#include <stdio.h>

#include "image/scan.h"

struct bm_map_opts {
    const char *name; /* of the image */
    int color;        /* ANSI colours */
    int ascii;        /* no characters beyond ASCII */
    unsigned columns; /* width to keep to, 80 where not known */
};

/* Draws for a terminal. Returns BM_OK, or BM_E_IO where out failed. */
int bm_map_text(const struct bm_scan *s, const struct bm_map_opts *o, FILE *out);

/* Draws a self-contained SVG document.
 * svg: malloc'ed text of *len bytes, to be freed by the caller. Returns BM_OK or BM_E_NOMEM. */
int bm_map_svg(const struct bm_scan *s, const char *name, char **svg, size_t *len);

#endif
