/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LAYOUT_SETTINGS_H
#define BM_LAYOUT_SETTINGS_H

/* A file of settings: "key = value" below "[section]", by libinih. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/err.h"
#include "image/problem.h"

/* A setting that there is; a table of them ends with {NULL, NULL}. */
struct bm_setting_row {
    const char *section;
    const char *key;
};

enum { BM_SETTINGS_MAX = 64, BM_SETTINGS_LINE = 190 /* bytes of a line */ };

struct bm_setting {
    size_t row; /* of the table */
    uint32_t line;
    char *value; /* without blanks around it */
};

/* Release with bm_settings_free(). */
struct bm_settings {
    struct bm_setting list[BM_SETTINGS_MAX]; /* as in the file; none twice */
    size_t count;
};

/* Reads a text of any bytes, len of them with a NUL behind.
 * rows: at most BM_SETTINGS_MAX. name: of the file, for problems. out: filled in any case.
 * Returns BM_OK, BM_E_INPUT (told in problems) or BM_E_NOMEM. */
int bm_settings_read(struct bm_settings *out, const char *name, const char *text, size_t len,
                     const struct bm_setting_row *rows, struct bm_image_problems *problems);
void bm_settings_free(struct bm_settings *settings);

#endif
