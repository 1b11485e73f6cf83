/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CRYPTO_CRYPTO_H
#define BM_CRYPTO_CRYPTO_H

/* Hashes and certificates on the host, by OpenSSL. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/err.h"
#include "birthmark/hash.h"

enum { BM_SHA256_SIZE = 32 };

/* SHA-256 of a buffer. Returns BM_OK or BM_E_NOMEM. */
int bm_crypto_sha256(uint8_t out[BM_SHA256_SIZE], const void *data, size_t len);

/* PBKDF2 with HMAC-SHA-1, as Wi-Fi makes its pairwise master key: out_len bytes from a passphrase
 * and a salt (the SSID). Returns BM_OK or BM_E_NOMEM. */
int bm_crypto_pbkdf2_sha1(uint8_t *out, size_t out_len, const void *pass, size_t pass_len,
                          const void *salt, size_t salt_len, unsigned rounds);

/* What people ask of a certificate. Texts are cut to fit, control characters replaced. */
struct bm_cert {
    char subject[256];
    char issuer[256];
    char not_before[24]; /* "2026-11-22 09:00:00Z" */
    char not_after[24];
    char key[48];         /* "RSA 2048", "EC P-256" */
    char fingerprint[65]; /* SHA-256 of the DER form, hex */
};

/* Reads the first certificate of PEM text or DER bytes. Returns BM_OK or BM_E_CORRUPT. */
int bm_crypto_cert(struct bm_cert *out, const void *data, size_t len);

enum bm_pem_kind {
    BM_PEM_NONE = 0,
    BM_PEM_CERT,
    BM_PEM_PRIVATE_KEY, /* of any kind, PEM or DER: a secret */
    BM_PEM_PUBLIC_KEY,
    BM_PEM_OTHER
};

/* Says what a value is, by its PEM label or its DER shape; never fails. */
enum bm_pem_kind bm_crypto_kind(const void *data, size_t len);

#endif
