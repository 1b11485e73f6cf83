/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_LOOKUP_H
#define BM_IMAGE_LOOKUP_H

#include <stdint.h>

#include "birthmark/nvs.h"

/* The number under which ESP-IDF's library remembers an entry of the active page: 24 bits of a
 * checksum over namespace, key (padded with NULs) and chunk byte, and no look at the key itself.
 * Where two entries of that page have the same one, the earlier is erased at the next start. */
uint32_t bmi_lookup_hash(uint8_t ns, const void *key, uint8_t chunk);

#endif
