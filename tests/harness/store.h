/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_TESTS_STORE_H
#define BM_TESTS_STORE_H

/* A store on flash in memory, whose power can fail. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/nvs.h"

struct test_store {
    uint8_t *mem;
    uint32_t size;
    struct bm_flash flash;
    struct bm_flash_ram ram;
    void *work;
    size_t work_len;
    struct bm_nvs nvs;
    int purge;                          /* mounts in purge mode */
    const struct bm_nvs_crypto *crypto; /* mounts encrypted; NULL: plain */
};

/* Blank; index for so many entries. Exits if there is no memory. */
void test_store_open(struct test_store *st, unsigned pages, uint32_t index);
void test_store_free(struct test_store *st);

/* Mounts again, the power being back. Returns as bm_nvs_mount_with(). */
int test_store_mount(struct test_store *st, int writable);

/* Clears up what a cut left, by a change that changes nothing. BM_OK or what failed. */
int test_store_recover(struct test_store *st);

/* 1 if ESP-IDF's library would mount the flash without a repair, by our own rules of checking, and
 * every written entry belongs to a value that counts. Else 0, and what is wrong in text. */
int test_store_clean(struct test_store *st, char *text, size_t cap);

/* 1 if every erased entry is zeros. */
int test_store_purged(const struct test_store *st);

/* Stores one-entry values until there is no room. Returns their number, or negative. */
int test_store_fill(struct test_store *st, uint8_t ns);

#endif
