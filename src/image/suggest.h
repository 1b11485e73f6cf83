/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_SUGGEST_H
#define BM_IMAGE_SUGGEST_H

#include <stddef.h>

/* The name that a mistyped word most likely meant: at most two letters off, case not counted.
 * names: ends with NULL. Returns NULL where none is near. */
const char *bmi_suggest(const char *word, size_t len, const char *const *names);

#endif
