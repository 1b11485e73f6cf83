/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_TESTS_IMAGE_H
#define BM_TESTS_IMAGE_H

/* Images for the tests: loaded from files or built by hand, and mounted. Include after cmocka.h. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/nvs.h"

struct test_image {
    uint8_t *data;
    size_t len;
    void *work;
    struct bm_flash flash;
    struct bm_nvs nvs;
};

/* Path of a file in the folder of shared material beside the source tree. */
void test_shared_path(char *out, size_t cap, const char *name);

int test_exists(const char *path);

void test_image_load(struct test_image *image, const char *path);

/* A blank image of so many pages. */
void test_image_blank(struct test_image *image, unsigned pages);

/* Mounts, with an index for so many keys (0: none); asserts success. */
void test_image_mount(struct test_image *image, uint32_t index_keys);

void test_image_free(struct test_image *image);

/* Building by hand: a page header, and an entry with its data at a place; both set states. */
void test_page(struct test_image *image, unsigned page, uint32_t state, uint32_t seq);

struct test_entry {
    unsigned page, entry;
    uint8_t ns, type, chunk; /* chunk: 0xff but for blob data */
    const char *key;
    const void *data; /* primitive: up to 8 bytes; index: size, count, start; else the data */
    uint32_t size;
};

void test_entry(struct test_image *image, const struct test_entry *e);

/* Bytes of an entry, for spoiling it. */
uint8_t *test_entry_at(struct test_image *image, unsigned page, unsigned entry);

#endif
