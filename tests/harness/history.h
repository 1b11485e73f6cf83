/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_TESTS_HISTORY_H
#define BM_TESTS_HISTORY_H

/* Images that ESP-IDF's library wrote, with the values they should hold. Include after cmocka.h. */

#include <jansson.h>

#include "birthmark/nvs.h"

/* All that a mount holds, as "namespace/key" -> [type, value]; asserts that it can be read. */
json_t *history_read(struct bm_nvs *nvs);

/* What an expected.json says. */
json_t *history_expected(const char *path);

/* Prints and counts the keys that differ from what was committed and from what the interrupted
 * call may have made of them. */
int history_compare(const char *dir, json_t *got, json_t *expected);

#endif
