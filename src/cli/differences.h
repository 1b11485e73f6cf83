/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_DIFFERENCES_H
#define BM_CLI_DIFFERENCES_H

#include "image/diff.h"

/* How differences are printed to standard output. */
struct cli_differences {
    const char *ns;  /* only this namespace, or NULL */
    const char *key; /* only this key, or NULL */
    int json;        /* as objects with commas between them */
    int reveal;      /* show secrets */
};

/* Compares two images and prints what differs, a line each. Returns BM_OK or BM_E_NOMEM. */
int cli_differences_put(const struct bm_scan *a, const struct bm_scan *b,
                        const struct cli_differences *how, struct bm_diff_result *result);

/* Appends ", 1 added, 2 removed" and the like to out, without the comma in front. */
struct bm_text;
void cli_differences_count(struct bm_text *out, const struct bm_diff_result *result);

#endif
