/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_JSON_H
#define BM_IMAGE_JSON_H

#include <jansson.h>

/* A text of any bytes as a JSON string: as it is where it is UTF-8, otherwise with escapes as
 * bmi_show_text() writes them, at 511 bytes cut. Returns NULL where memory is out. */
json_t *bmi_json_text(const char *text);

/* Makes jansson wipe what it frees. Call it before anything in the program uses jansson; texts that
 * json_dumps() returns cannot be given to free() after that. */
void bmi_json_wipe_frees(void);

#endif
