/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/crypto.h"

#include <limits.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

/* Nothing here depends on the machine's openssl.cnf, and reading it costs more than a hash. */
static void quiet_init(void)
{
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
}

int bm_crypto_sha256(uint8_t out[BM_SHA256_SIZE], const void *data, size_t len)
{
    quiet_init();
    return EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL) == 1 ? BM_OK : BM_E_NOMEM;
}

int bm_crypto_pbkdf2_sha1(uint8_t *out, size_t out_len, const void *pass, size_t pass_len,
                          const void *salt, size_t salt_len, unsigned rounds)
{
    quiet_init();
    if (out_len > INT_MAX || pass_len > INT_MAX || salt_len > INT_MAX || rounds > INT_MAX) {
        return BM_E_NOMEM;
    }
    const int rc = PKCS5_PBKDF2_HMAC(pass, (int)pass_len, salt, (int)salt_len, (int)rounds,
                                     EVP_sha1(), (int)out_len, out);
    return rc == 1 ? BM_OK : BM_E_NOMEM;
}
