/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_PROBLEM_H
#define BM_IMAGE_PROBLEM_H

/* What is wrong with the inputs of an image: collected, so that one run names them all. */

#include <stddef.h>
#include <stdint.h>

enum {
    BM_IMAGE_ERRORS_MAX = 100, /* kept; more are only counted */
    BM_IMAGE_NOTES_MAX = 50    /* warnings and notes kept */
};

enum bm_image_level { BM_IMAGE_ERROR, BM_IMAGE_WARNING, BM_IMAGE_NOTE };

/* A place in an input; line and column count from 1, columns in characters. 0: not known. */
struct bm_image_place {
    const char *file; /* name of the input, kept by the caller */
    uint32_t line;
    uint32_t column;
};

struct bm_image_problem {
    enum bm_image_level level;
    struct bm_image_place place;
    char key[48];   /* printable; empty where no key is concerned */
    char text[320]; /* "reason; remedy", printable, one line */
};

/* The caller owns it and starts with a zeroed struct. */
struct bm_image_problems {
    struct bm_image_problem *list;
    size_t count;    /* in list */
    size_t cap;      /* private */
    size_t errors;   /* found, kept or not */
    size_t warnings; /* warnings and notes found, kept or not */
};

/* Adds a problem. key: NULL or the key concerned, key_len bytes of any kind.
 * Text is cut to fit, control characters are replaced. A problem that cannot be kept still counts.
 */
void bmi_problem_add(struct bm_image_problems *problems, enum bm_image_level level,
                     const struct bm_image_place *place, const char *key, size_t key_len,
                     const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Writes "file:line:column: key 'k': text" into out (cap bytes with the NUL), with "warning: " or
 * "note: " in front of the text where it is one. */
void bm_image_problem_format(char *out, size_t cap, const struct bm_image_problem *problem);

/* Frees the list; a zeroed struct is left alone. */
void bm_image_problems_free(struct bm_image_problems *problems);

#endif
