/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LAYOUT_CONTENT_H
#define BM_LAYOUT_CONTENT_H

/* What the bytes of a partition are. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/app.h"
#include "image/scan.h"

/* 1 if the bytes begin like an app image. */
int bmi_is_app(const uint8_t *data, size_t len);

/* 1 if the bytes cannot be the output of flash encryption: in that no two blocks of 16 bytes are
 * equal, while nearly every plain file has a run of some filler. Blank flash counts for neither. */
int bmi_is_plaintext(const uint8_t *data, size_t len);

/* What bm_scan() makes of the bytes; BM_IMAGE_FOREIGN if memory is short. keys: NULL, or the number
 * of keys that have a value. */
enum bm_image_kind bmi_nvs_kind(const uint8_t *data, size_t len, size_t *keys);

/* Verifies an app image within these bytes, as bm_app_verify() does. */
int bmi_app_verify(struct bm_app *app, const uint8_t *data, size_t len,
                   const struct bm_hash *sha256, struct bm_diag *diag);

#endif
