/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_TESTS_CHECK_H
#define BM_TESTS_CHECK_H

/* An image that check finds nothing in, and the entries to change it by. Include after cmocka.h. */

#include <stdint.h>

#include "harness/image.h"
#include "nvs/fmt.h"

/* Two pages in use of four: namespace "ns" = 1, ns/k = 7, ns/s = "text", ns/b = a blob of two
 * chunks, ns/other = 1. image: zeros, or an earlier image, which is freed. */
void check_image_clean(struct test_image *image);

/* So many blank pages in place of what it held. */
void check_image_resize(struct test_image *image, unsigned pages);

/* Entries at a place: any; a u8; ten bytes of a blob of namespace 1; the index of one. */
void check_put(struct test_image *image, unsigned page, unsigned entry, uint8_t ns, uint8_t type,
               uint8_t chunk, const char *key, const char *data, uint32_t size);
void check_put_u8(struct test_image *image, unsigned page, unsigned entry, uint8_t ns,
                  const char *key, uint8_t value);
void check_put_chunk(struct test_image *image, unsigned page, unsigned entry, const char *key,
                     uint8_t chunk);
void check_put_index(struct test_image *image, unsigned page, unsigned entry, const char *key,
                     uint32_t size, uint8_t count, uint8_t start);

/* Sets an entry's state, and nothing else. */
void check_put_state(struct test_image *image, unsigned page, unsigned entry,
                     enum bmi_entry_state to);

#endif
