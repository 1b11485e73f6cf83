/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "birthmark/err.h"
#include "birthmark/hash.h"

static int sha256_start(void *ctx)
{
    return EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 ? BM_OK : BM_E_NOMEM;
}

static int md5_start(void *ctx)
{
    return EVP_DigestInit_ex(ctx, EVP_md5(), NULL) == 1 ? BM_OK : BM_E_NOMEM;
}

static int add(void *ctx, const void *data, size_t len)
{
    return EVP_DigestUpdate(ctx, data, len) == 1 ? BM_OK : BM_E_NOMEM;
}

static int finish(void *ctx, uint8_t *digest)
{
    return EVP_DigestFinal_ex(ctx, digest, NULL) == 1 ? BM_OK : BM_E_NOMEM;
}

static int open_hash(struct bm_hash *out, int (*start)(void *ctx))
{
    /* Nothing here depends on the machine's openssl.cnf, and reading it costs more than a hash. */
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    out->start = start;
    out->add = add;
    out->finish = finish;
    out->ctx = EVP_MD_CTX_new();
    return out->ctx != NULL ? BM_OK : BM_E_NOMEM;
}

int bm_hash_openssl_sha256(struct bm_hash *out)
{
    return open_hash(out, sha256_start);
}

int bm_hash_openssl_md5(struct bm_hash *out)
{
    return open_hash(out, md5_start);
}

void bm_hash_openssl_close(struct bm_hash *hash)
{
    EVP_MD_CTX_free(hash->ctx);
    hash->ctx = NULL;
}
