/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_JSON_H
#define BM_IMAGE_JSON_H

/* Names and values of an image as fields of a JSON object. */

#include <jansson.h>

#include "image/stored.h"

/* A text of any bytes as a JSON string: as it is where it is UTF-8, otherwise with escapes as
 * bmi_show_text() writes them, at 511 bytes cut. Returns NULL where memory is out. */
json_t *bmi_json_text(const char *text);

/* Makes jansson wipe what it frees. Call it before anything in the program uses jansson; texts that
 * json_dumps() returns cannot be given to free() after that. */
void bmi_json_wipe_frees(void);

/* Sets the field of this name to the bytes in lower-case hex. */
void bmi_json_hex(json_t *o, const char *name, const uint8_t *data, size_t len);

/* Sets a field to a name as text, and "FIELD_hex" to its bytes where it is not text. */
void bmi_json_name(json_t *o, const char *field, const char *name);

/* Sets size, a string's length, and value (or hex, damaged, redacted with sha256, certificate).
 * reveal: 1 shows secrets. Returns 1 if the value was redacted. */
int bmi_json_value(json_t *o, const char *key, const struct bm_stored *v, int reveal);

#endif
