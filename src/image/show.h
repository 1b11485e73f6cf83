/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_SHOW_H
#define BM_IMAGE_SHOW_H

/* Bytes of an image on their way to a terminal: nothing in them may move the cursor, change the
 * colour, or pass for other text. */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Writes text with \n, \x1b, \u202e for what is not printable, and \\ for a backslash.
 * max: columns after which the rest is cut and "..." put; 0 for no limit. Returns the columns. */
size_t bmi_show_text(FILE *out, const void *text, size_t len, size_t max);

/* Columns that bmi_show_text() would need. */
size_t bmi_show_width(const void *text, size_t len);

/* Writes text and pads it with blanks to so many columns. */
void bmi_show_padded(FILE *out, const char *text, size_t columns);

/* The same into a buffer, cut where it ends. Returns buf. */
const char *bmi_show_into(char *buf, size_t cap, const char *text);

/* Writes lower-case hex digits, at most max bytes of them, then "..."; 0 for no limit. */
void bmi_show_hex(FILE *out, const uint8_t *data, size_t len, size_t max);

#endif
