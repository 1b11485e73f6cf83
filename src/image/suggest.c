/* SPDX-License-Identifier: Apache-2.0 */
#include "image/suggest.h"

#include <ctype.h>
#include <string.h>

enum { WORD_MAX = 24, FAR = 3 };

static size_t least(size_t a, size_t b, size_t c)
{
    const size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Levenshtein's distance, one row of the matrix at a time. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t row[WORD_MAX + 1];
    for (size_t j = 0; j <= b_len; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            const size_t above = row[j];
            const int same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
            row[j] = least(above + 1, row[j - 1] + 1, diagonal + (same ? 0 : 1));
            diagonal = above;
        }
    }
    return row[b_len];
}

const char *bmi_suggest(const char *word, size_t len, const char *const *names)
{
    const char *best = NULL;
    size_t best_distance = FAR;
    for (; len > 0 && len <= WORD_MAX && *names != NULL; names++) {
        const size_t name_len = strlen(*names);
        if (name_len > WORD_MAX) {
            continue;
        }
        const size_t d = distance(word, len, *names, name_len);
        if (d < best_distance && d < name_len) {
            best = *names;
            best_distance = d;
        }
    }
    return best;
}
