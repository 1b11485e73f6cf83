/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_UTF8_H
#define BM_IMAGE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of good UTF-8 at the start of data: len where all is good. Overlong forms, surrogates and
 * values above U+10FFFF are not good (Unicode 15, table 3-7). */
size_t bmi_utf8_good(const uint8_t *data, size_t len);

#endif
