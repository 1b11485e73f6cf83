/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BIRTHMARK_NVS_CRYPTO_H
#define BIRTHMARK_NVS_CRYPTO_H

/* NVS encryption: keys, and what a mount needs of them (struct bm_nvs_crypto).
 *
 * Each 32-byte entry is one data unit of XTS-AES-256, its tweak the entry's offset in the
 * partition; page headers and states stay plain (docs/format/nvs.md). The keys are 64 bytes: the
 * encryption key, then the tweak key. Two implementations have the same contract and give the same
 * bytes: OpenSSL for hosts, in libbirthmark-openssl.a; mbedTLS for devices, in
 * libbirthmark-mbedtls.a. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/err.h"
#include "birthmark/nvs.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    BM_NVS_KEYS_SIZE = 64,
    BM_NVS_KEYS_STORED = 68,      /* with the CRC-32 behind them */
    BM_NVS_KEYS_PARTITION = 4096, /* a key partition: stored keys, then 0xff */
    BM_NVS_HMAC_KEY_SIZE = 32     /* of the eFuse key that the HMAC scheme starts from */
};

/* Reads keys out of the bytes of a key partition (4096, or more whole sectors), its first 68 bytes,
 * or 64 bytes of bare keys, which have no checksum.
 * keys: filled on BM_OK, else zeroed; the caller wipes it.
 * Returns BM_OK, BM_E_LENGTH (no such size), BM_E_NOENT (all 0xff: not initialised), BM_E_CORRUPT
 * (the checksum is wrong) or BM_E_ARG (both halves are equal, which XTS does not allow). diag: the
 * text says it for people; may be NULL. */
int bm_nvs_keys_parse(uint8_t keys[BM_NVS_KEYS_SIZE], const void *data, size_t len,
                      struct bm_diag *diag);

/* Fills a key partition with these keys, as a device stores them. */
void bm_nvs_keys_store(uint8_t partition[BM_NVS_KEYS_PARTITION],
                       const uint8_t keys[BM_NVS_KEYS_SIZE]);

/* A library of cryptography, as code above the store calls it without knowing which one it is. */
struct bm_nvs_crypto_ops {
    /* Fills out with bytes from a generator fit for keys. Returns BM_OK or BM_E_IO. */
    int (*random)(void *out, size_t len);
    /* HMAC-SHA-256. Returns BM_OK or BM_E_NOMEM. */
    int (*hmac_sha256)(uint8_t out[32], const void *key, size_t key_len, const void *data,
                       size_t len);
    /* Makes what a mount needs from keys, which are copied. Release with close().
     * Returns BM_OK, BM_E_ARG (both halves of the keys are equal) or BM_E_NOMEM. */
    int (*open)(struct bm_nvs_crypto *out, const uint8_t keys[BM_NVS_KEYS_SIZE]);
    /* Wipes and releases, after bm_nvs_unmount(); a zeroed struct is left alone. */
    void (*close)(struct bm_nvs_crypto *crypto);
};

/* All of it by OpenSSL. */
extern const struct bm_nvs_crypto_ops bm_nvs_crypto_openssl;

/* Derives the NVS keys from an eFuse key, as the HMAC scheme of ESP-IDF does: two HMAC-SHA-256 over
 * fixed seeds. keys: filled on BM_OK, else zeroed. Returns BM_OK or what hmac_sha256() returned. */
int bm_nvs_keys_from_hmac(uint8_t keys[BM_NVS_KEYS_SIZE],
                          const uint8_t hmac_key[BM_NVS_HMAC_KEY_SIZE],
                          const struct bm_nvs_crypto_ops *ops);

/* Makes new random keys. keys: filled on BM_OK, else zeroed. Returns BM_OK or BM_E_IO. */
int bm_nvs_keys_generate(uint8_t keys[BM_NVS_KEYS_SIZE], const struct bm_nvs_crypto_ops *ops);

/* Bytes of memory that bm_nvs_crypto_mbedtls() needs. */
size_t bm_nvs_crypto_mbedtls_size(void);

/* Makes what a mount needs from keys, by mbedTLS, in memory of the caller: nothing is allocated.
 * memory: aligned as by malloc(), kept until bm_nvs_crypto_mbedtls_close(). keys are copied.
 * Returns BM_OK, BM_E_ARG (both halves of the keys are equal) or BM_E_NOMEM (len too small). */
int bm_nvs_crypto_mbedtls(struct bm_nvs_crypto *out, void *memory, size_t len,
                          const uint8_t keys[BM_NVS_KEYS_SIZE]);

/* Wipes the keys in memory, after bm_nvs_unmount(); a zeroed struct is left alone. */
void bm_nvs_crypto_mbedtls_close(struct bm_nvs_crypto *crypto);

#ifdef __cplusplus
}
#endif

#endif
