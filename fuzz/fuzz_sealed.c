/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypted images: whatever the bytes, encrypting and decrypting gives them back, and the store
 * reads the same out of the encrypted image as out of the plain one. Keys of any bytes are parsed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "birthmark/nvs_crypto.h"
#include "image/seal.h"
#include "nvs/fmt.h"

enum { SIZE_MAX_TRIED = 16 * BMI_PAGE_SIZE, VALUE_MAX = 64 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition)
{
    if (!condition) {
        abort();
    }
}

struct mounted {
    struct bm_flash flash;
    struct bm_nvs nvs;
    uint32_t work[256];
};

static int mount(struct mounted *m, const uint8_t *data, size_t size,
                 const struct bm_nvs_crypto *crypto)
{
    const struct bm_nvs_config config = {
        .flash = &m->flash, .work = m->work, .work_len = sizeof m->work, .crypto = crypto};
    must(bm_flash_view(&m->flash, data, size) == BM_OK);
    return bm_nvs_mount_with(&m->nvs, &config, NULL);
}

static void compare(struct mounted *plain, struct mounted *sealed)
{
    static uint8_t one[VALUE_MAX];
    static uint8_t two[VALUE_MAX];
    struct bm_nvs_iter a;
    struct bm_nvs_iter b;
    struct bm_nvs_info x;
    struct bm_nvs_info y;
    bm_nvs_iter_start(&a, BM_NVS_NS_ANY, BM_NVS_ANY);
    bm_nvs_iter_start(&b, BM_NVS_NS_ANY, BM_NVS_ANY);
    for (;;) {
        const int rc = bm_nvs_iter_next(&plain->nvs, &a, &x);
        must(bm_nvs_iter_next(&sealed->nvs, &b, &y) == rc);
        if (rc != BM_OK) {
            return;
        }
        must(memcmp(x.key, y.key, sizeof x.key) == 0 && x.ns == y.ns && x.type == y.type);
        must(x.size == y.size && x.bits == y.bits && x.location == y.location);
        if ((x.type == BM_NVS_STR || x.type == BM_NVS_BLOB) && x.size <= VALUE_MAX) {
            const enum bm_nvs_type type = (enum bm_nvs_type)x.type;
            size_t n = VALUE_MAX;
            size_t k = VALUE_MAX;
            const int read = bm_nvs_get_data(&plain->nvs, x.ns, x.key, type, one, &n);
            must(bm_nvs_get_data(&sealed->nvs, x.ns, x.key, type, two, &k) == read);
            must(read != BM_OK || (n == k && memcmp(one, two, n) == 0));
        }
    }
}

static void try_image(const uint8_t *data, size_t size, const struct bm_nvs_crypto *crypto)
{
    struct mounted plain;
    struct mounted sealed;
    enum bm_seal seal;
    uint8_t *image = malloc(size + 1);
    must(image != NULL);
    memcpy(image, data, size);
    must(bm_seal_try(image, size, crypto, &seal) == BM_OK && memcmp(image, data, size) == 0);
    must(bm_seal_encrypt(image, size, crypto) == BM_OK);
    if (size >= BMI_PAGE_SIZE) {
        const size_t whole = size / BMI_PAGE_SIZE * BMI_PAGE_SIZE;
        const int fits = mount(&plain, data, whole, NULL) == BM_OK;
        if (mount(&sealed, image, whole, crypto) == BM_OK && fits) {
            compare(&plain, &sealed);
        }
    }
    must(bm_seal_decrypt(image, size, crypto) == BM_OK && memcmp(image, data, size) == 0);
    free(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bm_nvs_crypto crypto;
    uint8_t keys[BM_NVS_KEYS_SIZE];
    if (size > SIZE_MAX_TRIED) {
        return 0;
    }
    if (size > 0 && bm_nvs_keys_parse(keys, data, size, NULL) == BM_OK) {
        uint8_t part[BM_NVS_KEYS_PARTITION];
        uint8_t again[BM_NVS_KEYS_SIZE];
        bm_nvs_keys_store(part, keys);
        must(bm_nvs_keys_parse(again, part, sizeof part, NULL) == BM_OK);
        must(memcmp(keys, again, sizeof keys) == 0);
    }
    for (unsigned i = 0; i < sizeof keys; i++) {
        keys[i] = (uint8_t)i;
    }
    must(bm_nvs_crypto_openssl.open(&crypto, keys) == BM_OK);
    try_image(data, size, &crypto);
    bm_nvs_crypto_openssl.close(&crypto);
    return 0;
}
