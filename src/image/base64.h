/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_BASE64_H
#define BM_IMAGE_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* Decodes RFC 4648 section 4, strictly; blanks and line ends may stand anywhere.
 * out: holds len / 4 * 3 + 3 bytes. why: BMI_WHY_SIZE bytes, the reason on failure.
 * Returns BM_OK or BM_E_INPUT. */
int bmi_base64_decode(uint8_t *out, size_t *out_len, const char *in, size_t len, char *why);

#endif
