/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_LAYOUT_H
#define BM_IMAGE_LAYOUT_H

/* Where each value goes, by the reference generator's rules, and the bytes of the pages. */

#include "image/items.h"

/* Plans the pages: fills items->slots. pages: number of pages with a header, at least 1.
 * Values that no size can hold are told in problems.
 * Returns BM_OK, BM_E_INPUT (told) or BM_E_NOMEM. */
int bmi_layout_plan(struct bmi_items *items, unsigned version, uint32_t *pages,
                    struct bm_image_problems *problems);

/* Warns of entries that ESP-IDF's library would confuse at the next start, see bmi_lookup_hash().
 * The last of the planned pages alone is active. */
void bmi_layout_collisions(const struct bmi_items *items, uint32_t pages,
                           struct bm_image_problems *problems);

/* Writes the planned pages into image, which is all 0xff and holds at least `pages` of them. */
void bmi_layout_write(uint8_t *image, const struct bmi_items *items, unsigned version,
                      uint32_t pages);

#endif
