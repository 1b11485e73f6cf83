/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <mbedtls/aes.h>

#include "nvs/fmt.h"
#include "nvs/keypart.h"

enum { KEY_BITS = BM_NVS_KEYS_SIZE * 8 };

/* Lies in the caller's memory. */
struct context {
    mbedtls_aes_xts_context seal;
    mbedtls_aes_xts_context unseal;
};

static int run(mbedtls_aes_xts_context *xts, int mode, uint32_t off, uint8_t *data, uint32_t len)
{
    if (len % BMI_ENTRY_SIZE != 0) {
        return BM_E_ARG;
    }
    for (uint32_t done = 0; done < len; done += BMI_ENTRY_SIZE) {
        uint8_t tweak[16];
        bmi_nvs_tweak(tweak, off + done);
        if (mbedtls_aes_crypt_xts(xts, mode, BMI_ENTRY_SIZE, tweak, data + done, data + done) !=
            0) {
            return BM_E_IO;
        }
    }
    return BM_OK;
}

static int encrypt(void *ctx, uint32_t off, uint8_t *data, uint32_t len)
{
    struct context *c = ctx;
    return run(&c->seal, MBEDTLS_AES_ENCRYPT, off, data, len);
}

static int decrypt(void *ctx, uint32_t off, uint8_t *data, uint32_t len)
{
    struct context *c = ctx;
    return run(&c->unseal, MBEDTLS_AES_DECRYPT, off, data, len);
}

size_t bm_nvs_crypto_mbedtls_size(void)
{
    return sizeof(struct context);
}

int bm_nvs_crypto_mbedtls(struct bm_nvs_crypto *out, void *memory, size_t len,
                          const uint8_t keys[BM_NVS_KEYS_SIZE])
{
    struct context *c = memory;
    memset(out, 0, sizeof *out);
    if (!bmi_nvs_keys_usable(keys)) {
        return BM_E_ARG;
    }
    if (len < sizeof *c) {
        return BM_E_NOMEM;
    }
    mbedtls_aes_xts_init(&c->seal);
    mbedtls_aes_xts_init(&c->unseal);
    out->encrypt = encrypt;
    out->decrypt = decrypt;
    out->ctx = c;
    if (mbedtls_aes_xts_setkey_enc(&c->seal, keys, KEY_BITS) != 0 ||
        mbedtls_aes_xts_setkey_dec(&c->unseal, keys, KEY_BITS) != 0) {
        bm_nvs_crypto_mbedtls_close(out);
        return BM_E_NOMEM;
    }
    return BM_OK;
}

void bm_nvs_crypto_mbedtls_close(struct bm_nvs_crypto *crypto)
{
    struct context *c = crypto->ctx;
    if (c != NULL) {
        mbedtls_aes_xts_free(&c->seal); /* wipes */
        mbedtls_aes_xts_free(&c->unseal);
    }
    memset(crypto, 0, sizeof *crypto);
}
