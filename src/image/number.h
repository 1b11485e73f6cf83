/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_NUMBER_H
#define BM_IMAGE_NUMBER_H

/* Numbers as cells hold them. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/nvs.h"

/* Reads an integer: optional '-', then decimal digits (leading zeros are decimal) or 0x and hex
 * digits; nothing else. type: one of the integer types.
 * bits: as in struct bm_nvs_info. why: at least 256 bytes, the reason on failure.
 * Returns BM_OK or BM_E_INPUT. */
int bmi_integer_parse(uint64_t *bits, enum bm_nvs_type type, const char *text, size_t len,
                      char *why);

/* Reads a finite decimal number for BM_NVS_FLOAT or BM_NVS_DOUBLE, nearest value. Same contract. */
int bmi_real_parse(uint64_t *bits, enum bm_nvs_type type, const char *text, size_t len, char *why);

#endif
