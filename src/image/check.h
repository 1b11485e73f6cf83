/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_CHECK_H
#define BM_IMAGE_CHECK_H

/* Everything that can be wrong with an image: what, where, what a device does with it, and what
 * helps. docs/check.md has a row for each finding. */

#include <stdio.h>

#include "image/scan.h"

enum bm_severity { BM_NOTE = 0, BM_WARNING, BM_ERROR };

/* A kind of finding; the table is const and ends with an id of NULL. */
struct bm_finding_kind {
    const char *id; /* kebab-case, frozen */
    enum bm_severity severity;
    const char *device; /* what ESP-IDF's library does with it */
    const char *remedy;
};
extern const struct bm_finding_kind bm_finding_kinds[];

/* One finding. Its texts live during the call that hands it over. No value is ever in it. */
struct bm_finding {
    const struct bm_finding_kind *kind;
    uint64_t offset; /* bytes from the start of the file */
    int64_t page;    /* or -1 */
    int entry;       /* or -1 */
    const char *ns;  /* name of the namespace, or NULL where no key is concerned */
    const char *key; /* or NULL */
    const char *text;
};

struct bm_check_result {
    size_t count[3]; /* findings by enum bm_severity */
};

/* Checks an image and hands over each finding; never fails. */
void bm_check(const struct bm_scan *s, void (*emit)(void *ctx, const struct bm_finding *f),
              void *ctx, struct bm_check_result *result);

struct bm_check_opts {
    const char *name; /* of the image */
    int json;
    int color; /* text: ANSI colours */
};

/* Checks and writes the findings to out, as text (ten of a kind at most) or JSON (all).
 * Returns BM_OK, BM_E_NOMEM, or BM_E_IO where out failed. */
int bm_check_report(const struct bm_scan *s, const struct bm_check_opts *o, FILE *out,
                    struct bm_check_result *result);

#endif
