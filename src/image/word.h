/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_WORD_H
#define BM_IMAGE_WORD_H

/* Text of cells: what blanks are, and words whatever their case. */

#include <stddef.h>

/* Part of a cell or file. */
struct bmi_slice {
    const char *p;
    size_t len;
    int hard; /* 1: bmi_trim() took away a no-break space */
};

/* Space, tab, CR or LF. */
int bmi_is_space(char c);

/* len bytes without the blanks around them. A no-break space (U+00A0), which spreadsheets and web
 * pages put in unseen, is a blank too. */
struct bmi_slice bmi_trim(const char *text, size_t len);

/* 1 if these len bytes are the name, which is in lower case. ASCII alone counts, whatever the
 * locale. */
int bmi_is_word(const char *text, size_t len, const char *name);

#endif
