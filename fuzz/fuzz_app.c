/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as an app image: read and verified in a region of its size and of less, and looked at.
 * Each input goes through twice: as it is, and with its sums made right, for most changed bytes end
 * at a wrong sum. What is right then must be found so. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "birthmark/app.h"
#include "crypto/crypto.h"
#include "layout/app_look.h"
#include "part/app_fmt.h"
#include "sim/run_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE_MAX_TRIED = 256 * 1024 };

static void must(int holds)
{
    if (!holds) {
        abort();
    }
}

/* Makes checksum and SHA-256 right. Returns 1 if there is a whole image. */
static int repair(uint8_t *data, size_t size)
{
    struct bm_flash flash;
    struct bm_app a;
    uint8_t sum = BMI_APP_SUM_SEED;
    if (bm_flash_view(&flash, data, size) != BM_OK ||
        bm_app_read(&a, &flash, 0, (uint32_t)size, NULL) != BM_OK) {
        return 0;
    }
    for (unsigned i = 0; i < a.segments; i++) {
        for (uint32_t b = 0; b < a.segment[i].size; b++) {
            sum ^= data[a.segment[i].off + b];
        }
    }
    const uint32_t end = a.size - (a.has_hash ? BM_SHA256_LEN : 0);
    data[end - 1] = sum;
    return !a.has_hash || bm_crypto_sha256(data + end, data, end) == BM_OK;
}

/* Reading never takes more than its room; less room is never better. */
static void read_both(const uint8_t *data, size_t size)
{
    struct bm_flash flash;
    struct bm_app a;
    struct bm_app b;
    if (bm_flash_view(&flash, data, size) != BM_OK) {
        return;
    }
    const int rc = bm_app_read(&a, &flash, 0, (uint32_t)size, NULL);
    if (rc == BM_OK) {
        must(a.size <= size && a.segments >= 1 && a.segments <= BM_APP_SEGMENTS_MAX);
        must(bm_app_read(&b, &flash, 0, a.size, NULL) == BM_OK);
        must(bm_app_read(&b, &flash, 0, a.size - 1, NULL) == BM_E_LENGTH);
    }
    (void)bm_app_read(&b, &flash, (uint32_t)(size / 3), (uint32_t)(size / 3), NULL);
}

static unsigned look(const uint8_t *data, size_t size, unsigned turn)
{
    struct bm_app_look l;
    const struct bm_app_look_opts o = {
        .offset = turn % 4 == 3 && size > 0 ? (uint32_t)(turn % size) : 0,
        .in_flash = turn % 2 == 1,
        .chip = turn % 3 == 2 ? 5 : -1,
        .partition_size = turn % 5 == 4 ? 4096 : 0,
    };
    must(bm_app_look(&l, data, size, &o) == BM_OK);
    must(!l.complete || (uint64_t)o.offset + l.end <= size);
    must(l.complete || l.faults > 0);
    return l.faults;
}

/* A program for the virtual board lies within its segment, whatever the image says. */
static void find_program(const uint8_t *data, size_t size)
{
    struct bm_flash flash;
    struct bm_app a;
    struct bm_sim_image image;
    if (bm_flash_view(&flash, data, size) == BM_OK &&
        bm_app_read(&a, &flash, 0, (uint32_t)size, NULL) == BM_OK &&
        bm_sim_image_find(&image, &flash, 0, &a, NULL) == BM_OK) {
        must(image.size >= 2 && image.size <= a.segment[0].size);
        must(image.off >= a.segment[0].off);
        must(image.off - a.segment[0].off <= a.segment[0].size - image.size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > SIZE_MAX_TRIED) {
        return 0;
    }
    const unsigned turn = size > 4 ? data[size / 2] : 0;
    read_both(data, size);
    find_program(data, size);
    look(data, size, turn);
    uint8_t *copy = malloc(size + 1);
    must(copy != NULL);
    if (size > 0) {
        memcpy(copy, data, size);
    }
    if (repair(copy, size)) {
        struct bm_app_look l;
        const struct bm_app_look_opts in_flash = {.in_flash = 1, .chip = -1};
        must(bm_app_look(&l, copy, size, &in_flash) == BM_OK);
        must(l.complete && l.sum_right && l.hash_right == l.app.has_hash);
        look(copy, size, turn);
    }
    free(copy);
    return 0;
}
