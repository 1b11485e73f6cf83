/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BIRTHMARK_HASH_H
#define BIRTHMARK_HASH_H

/* A hash as the freestanding rooms see it: three functions and a context, handed in by whoever has
 * one (OpenSSL on a host, mbedTLS or the chip's own on a device). */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { BM_MD5_LEN = 16, BM_SHA256_LEN = 32 };

/* The caller owns it. Each function returns BM_OK or a negative enum bm_err. One hash at a time:
 * start() forgets what was added before. */
struct bm_hash {
    int (*start)(void *ctx);
    int (*add)(void *ctx, const void *data, size_t len);
    int (*finish)(void *ctx, uint8_t *digest); /* digest: as many bytes as the hash has */
    void *ctx;
};

/* SHA-256 and MD5 by OpenSSL, in libbirthmark-openssl.a.
 * out: filled; release with bm_hash_openssl_close(). Returns BM_OK or BM_E_NOMEM. */
int bm_hash_openssl_sha256(struct bm_hash *out);
int bm_hash_openssl_md5(struct bm_hash *out);

/* Releases; a zeroed struct is left alone. */
void bm_hash_openssl_close(struct bm_hash *hash);

/* Bytes of memory that either of the next two needs. */
size_t bm_hash_mbedtls_size(void);

/* SHA-256 and MD5 by mbedTLS, in libbirthmark-mbedtls.a, in memory of the caller: nothing is
 * allocated, unless mbedTLS itself does.
 * memory: aligned as by malloc(), kept until bm_hash_mbedtls_close(). Returns BM_OK or BM_E_NOMEM
 * (len too small). */
int bm_hash_mbedtls_sha256(struct bm_hash *out, void *memory, size_t len);
int bm_hash_mbedtls_md5(struct bm_hash *out, void *memory, size_t len);

/* Ends its use; a zeroed struct is left alone. */
void bm_hash_mbedtls_close(struct bm_hash *hash);

#ifdef __cplusplus
}
#endif

#endif
