/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_TESTS_CAPTURE_H
#define BM_TESTS_CAPTURE_H

/* A stream to print to, and what was printed. Include after cmocka.h. */

#include <stdio.h>

FILE *capture_open(void);

/* Closes the stream; the text has a NUL behind it and must be freed. len may be NULL. */
char *capture_close(FILE *f, size_t *len);

#endif
