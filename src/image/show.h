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

/* The fixed part of a table row, gathered and put out in one piece: a call of printf() a cell is
 * most of the time of a long table. */
struct bmi_line {
    char text[160];
    size_t len;
};

/* A cell of so many columns: a number to the right, text to the left; what is too long is not cut,
 * what the line has no room for is. */
void bmi_line_number(struct bmi_line *line, uint64_t v, size_t columns);
void bmi_line_text(struct bmi_line *line, const char *text, size_t columns);

/* Text from an image: escaped as bmi_show_text() does, in a cell of so many columns. */
void bmi_line_shown(FILE *out, struct bmi_line *line, const char *text, size_t columns);

/* Puts the line out and begins a new one. */
void bmi_line_put(FILE *out, struct bmi_line *line);

/* The same into a buffer, cut where it ends. Returns buf. */
const char *bmi_show_into(char *buf, size_t cap, const char *text);

/* Writes lower-case hex digits, at most max bytes of them, then "..."; 0 for no limit. */
void bmi_show_hex(FILE *out, const uint8_t *data, size_t len, size_t max);

#endif
