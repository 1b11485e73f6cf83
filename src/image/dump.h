/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_DUMP_H
#define BM_IMAGE_DUMP_H

/* What is in an image, as text for people, as JSON, or as the CSV that generate reads. */

#include <stdio.h>

#include "image/scan.h"

enum bm_dump_format { BM_DUMP_TEXT = 0, BM_DUMP_JSON, BM_DUMP_CSV };

enum bm_dump_show {
    BM_SHOW_WRITTEN = 0, /* every written entry, page by page, with its checksums */
    BM_SHOW_ALL,         /* erased, empty and damaged ones too */
    BM_SHOW_MINIMAL,     /* the values that count: namespace, key, type, value */
    BM_SHOW_NAMESPACES,
    BM_SHOW_BLOBS,  /* with their chunks */
    BM_SHOW_STORAGE /* how full each page is */
};

struct bm_dump_opts {
    enum bm_dump_format format;
    enum bm_dump_show show; /* CSV has one view, the values that count */
    const char *ns;         /* only this namespace, or NULL */
    const char *key;        /* only this key, or NULL */
    const char *name;       /* of the image, for headings */
    int reveal;             /* show secrets */
    int color;              /* text: ANSI colours */
    unsigned columns;       /* text: cut long values at this width; 0 shows them whole */
    /* CSV: called for each value that it cannot carry, with one line of text; may be NULL. */
    void (*warn)(void *ctx, const char *text);
    void *ctx;
};

struct bm_dump_result {
    size_t shown;    /* entries, values or rows */
    size_t redacted; /* secrets not shown */
    size_t left_out; /* values that CSV cannot carry */
};

/* For programs that show secrets as JSON: has jansson wipe what it frees. Call it before anything
 * in the program uses jansson. */
void bm_dump_wipe_json(void);

/* Writes the dump to out. result: filled.
 * Returns BM_OK, BM_E_NOMEM, or BM_E_IO where out failed. */
int bm_dump(const struct bm_scan *s, const struct bm_dump_opts *o, FILE *out,
            struct bm_dump_result *result);

#endif
