/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LAYOUT_PART_NUMBER_H
#define BM_LAYOUT_PART_NUMBER_H

/* Numbers of partition CSV and of the options that go with it. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/err.h"

/* Reads "4096", "0x1000", "0b1", "0o10", "1_000", with "K" or "M" behind any of them. No sign.
 * out: UINT64_MAX stands for everything too large. Returns BM_OK or BM_E_INPUT. */
int bm_part_number(uint64_t *out, const char *text, size_t len);

#endif
