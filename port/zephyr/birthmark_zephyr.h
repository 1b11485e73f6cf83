/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BIRTHMARK_ZEPHYR_H
#define BIRTHMARK_ZEPHYR_H

/* A flash area of Zephyr as a region for the store. */

#include <zephyr/storage/flash_map.h>

#include "birthmark/err.h"
#include "birthmark/flash.h"

#ifdef __cplusplus
extern "C" {
#endif

/* out: filled. area: of flash_area_open(), open as long as the region is in use; its flash must
 * erase sectors of 4096 bytes and write pieces of 4 bytes or less.
 * Returns BM_OK or BM_E_ARG (area is NULL, or its flash writes larger pieces). */
int bm_zephyr_area(struct bm_flash *out, const struct flash_area *area);

#ifdef __cplusplus
}
#endif

#endif
