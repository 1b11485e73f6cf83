/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "base/base.h"
#include "nvs/fmt.h"
#include "nvs/keypart.h"

/* Both directions with their key schedules made: an entry then costs a tweak and two blocks. */
struct context {
    EVP_CIPHER_CTX *seal;
    EVP_CIPHER_CTX *unseal;
};

/* Entry by entry, each with its own tweak. */
static int run(EVP_CIPHER_CTX *evp, uint32_t off, uint8_t *data, uint32_t len)
{
    if (len % BMI_ENTRY_SIZE != 0) {
        return BM_E_ARG;
    }
    for (uint32_t done = 0; done < len; done += BMI_ENTRY_SIZE) {
        uint8_t tweak[16];
        int written = 0;
        bmi_nvs_tweak(tweak, off + done);
        if (EVP_CipherInit_ex(evp, NULL, NULL, NULL, tweak, -1) != 1 ||
            EVP_CipherUpdate(evp, data + done, &written, data + done, BMI_ENTRY_SIZE) != 1 ||
            written != BMI_ENTRY_SIZE) {
            return BM_E_IO;
        }
    }
    return BM_OK;
}

static int encrypt(void *ctx, uint32_t off, uint8_t *data, uint32_t len)
{
    const struct context *c = ctx;
    return run(c->seal, off, data, len);
}

static int decrypt(void *ctx, uint32_t off, uint8_t *data, uint32_t len)
{
    const struct context *c = ctx;
    return run(c->unseal, off, data, len);
}

static void release(struct context *c)
{
    if (c != NULL) {
        EVP_CIPHER_CTX_free(c->seal); /* OpenSSL wipes the key schedule */
        EVP_CIPHER_CTX_free(c->unseal);
        free(c);
    }
}

static EVP_CIPHER_CTX *prepare(const uint8_t *keys, int direction)
{
    EVP_CIPHER_CTX *evp = EVP_CIPHER_CTX_new();
    if (evp != NULL &&
        EVP_CipherInit_ex(evp, EVP_aes_256_xts(), NULL, keys, NULL, direction) != 1) {
        EVP_CIPHER_CTX_free(evp);
        evp = NULL;
    }
    return evp;
}

static int open_crypto(struct bm_nvs_crypto *out, const uint8_t keys[BM_NVS_KEYS_SIZE])
{
    memset(out, 0, sizeof *out);
    if (!bmi_nvs_keys_usable(keys)) {
        return BM_E_ARG;
    }
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    struct context *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return BM_E_NOMEM;
    }
    c->seal = prepare(keys, 1);
    c->unseal = prepare(keys, 0);
    if (c->seal == NULL || c->unseal == NULL) {
        release(c);
        return BM_E_NOMEM;
    }
    out->encrypt = encrypt;
    out->decrypt = decrypt;
    out->ctx = c;
    return BM_OK;
}

static void close_crypto(struct bm_nvs_crypto *crypto)
{
    release(crypto->ctx);
    memset(crypto, 0, sizeof *crypto);
}

static int fill_random(void *out, size_t len)
{
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    uint8_t *at = out;
    while (len > 0) {
        const int part = len < 4096 ? (int)len : 4096;
        if (RAND_priv_bytes(at, part) != 1) {
            return BM_E_IO;
        }
        at += part;
        len -= (size_t)part;
    }
    return BM_OK;
}

static int hmac_sha256(uint8_t out[32], const void *key, size_t key_len, const void *data,
                       size_t len)
{
    unsigned made = 0;
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    if (key_len > 4096 || HMAC(EVP_sha256(), key, (int)key_len, data, len, out, &made) == NULL) {
        return BM_E_NOMEM;
    }
    return made == 32 ? BM_OK : BM_E_NOMEM;
}

const struct bm_nvs_crypto_ops bm_nvs_crypto_openssl = {
    .random = fill_random,
    .hmac_sha256 = hmac_sha256,
    .open = open_crypto,
    .close = close_crypto,
};
