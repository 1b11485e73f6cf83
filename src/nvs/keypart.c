/* SPDX-License-Identifier: Apache-2.0 */
#include "birthmark/nvs_crypto.h"

#include <string.h>

#include "base/base.h"
#include "base/le.h"
#include "nvs/keypart.h"

enum { HALF = BM_NVS_KEYS_SIZE / 2, HEX_DIGITS = 2 * BM_NVS_KEYS_SIZE };

static const uint32_t crc_start = 0xffffffff; /* as everywhere in NVS */

int bmi_nvs_keys_usable(const uint8_t keys[BM_NVS_KEYS_SIZE])
{
    uint8_t differ = 0; /* no early end: how much is equal is nobody's business */
    for (unsigned i = 0; i < HALF; i++) {
        differ |= keys[i] ^ keys[HALF + i];
    }
    return differ != 0;
}

void bmi_nvs_tweak(uint8_t tweak[16], uint32_t off)
{
    memset(tweak, 0, 16);
    bm_put_le32(tweak, off);
}

static const char *size_problem(size_t len, const uint8_t *data)
{
    if (len == BM_NVS_HMAC_KEY_SIZE) {
        return "32 bytes are no NVS keys; if it is an HMAC key, generate-key --key_protect_hmac "
               "makes the NVS keys from it";
    }
    if (len >= HEX_DIGITS && len <= HEX_DIGITS + 2 && bm_hex_digit((char)data[0]) >= 0) {
        return "keys are bytes, not hex digits: xxd -r -p converts them";
    }
    return "keys are a key partition of 4096 bytes, or its first 64 or 68 bytes";
}

static int is_size(size_t len)
{
    return len == BM_NVS_KEYS_SIZE || len == BM_NVS_KEYS_STORED ||
           (len > 0 && len % BM_NVS_KEYS_PARTITION == 0);
}

static int all_blank(const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (data[i] != 0xff) {
            return 0;
        }
    }
    return 1;
}

int bm_nvs_keys_parse(uint8_t keys[BM_NVS_KEYS_SIZE], const void *data, size_t len,
                      struct bm_diag *diag)
{
    const uint8_t *in = data;
    memset(keys, 0, BM_NVS_KEYS_SIZE);
    if (!is_size(len)) {
        return bm_diag_set(diag, BM_E_LENGTH, 0, NULL, size_problem(len, in));
    }
    if (all_blank(in, len < BM_NVS_KEYS_STORED ? len : BM_NVS_KEYS_STORED)) {
        return bm_diag_set(diag, BM_E_NOENT, 0, NULL,
                           "no keys are in it yet (all 0xff): a device makes its own at its first "
                           "start, or generate-key makes some");
    }
    if (len != BM_NVS_KEYS_SIZE &&
        bm_crc32(crc_start, in, BM_NVS_KEYS_SIZE) != bm_get_le32(in + BM_NVS_KEYS_SIZE)) {
        return bm_diag_set(diag, BM_E_CORRUPT, 0, NULL,
                           "the checksum of the keys is wrong: damaged, not a key partition, or "
                           "read while flash encryption hid it");
    }
    if (!bmi_nvs_keys_usable(in)) {
        return bm_diag_set(diag, BM_E_ARG, 0, NULL,
                           "encryption key and tweak key are equal, which XTS does not allow");
    }
    memcpy(keys, in, BM_NVS_KEYS_SIZE);
    return BM_OK;
}

void bm_nvs_keys_store(uint8_t partition[BM_NVS_KEYS_PARTITION],
                       const uint8_t keys[BM_NVS_KEYS_SIZE])
{
    memset(partition, 0xff, BM_NVS_KEYS_PARTITION);
    memcpy(partition, keys, BM_NVS_KEYS_SIZE);
    bm_put_le32(partition + BM_NVS_KEYS_SIZE, bm_crc32(crc_start, keys, BM_NVS_KEYS_SIZE));
}

int bm_nvs_keys_from_hmac(uint8_t keys[BM_NVS_KEYS_SIZE],
                          const uint8_t hmac_key[BM_NVS_HMAC_KEY_SIZE],
                          const struct bm_nvs_crypto_ops *ops)
{
    /* ESP-IDF's seeds: 0xAEBE5A5A and 0xCEDEA5A5 in memory, eight times each */
    static const uint8_t seeds[2][4] = {{0x5a, 0x5a, 0xbe, 0xae}, {0xa5, 0xa5, 0xde, 0xce}};
    int rc = BM_OK;
    for (unsigned half = 0; half < 2 && rc == BM_OK; half++) {
        uint8_t seed[32];
        for (unsigned i = 0; i < sizeof seed; i++) {
            seed[i] = seeds[half][i % 4];
        }
        rc = ops->hmac_sha256(keys + (size_t)half * HALF, hmac_key, BM_NVS_HMAC_KEY_SIZE, seed,
                              sizeof seed);
    }
    if (rc != BM_OK) {
        bm_wipe(keys, BM_NVS_KEYS_SIZE);
    }
    return rc;
}

int bm_nvs_keys_generate(uint8_t keys[BM_NVS_KEYS_SIZE], const struct bm_nvs_crypto_ops *ops)
{
    int rc = ops->random(keys, BM_NVS_KEYS_SIZE);
    if (rc == BM_OK && !bmi_nvs_keys_usable(keys)) {
        rc = BM_E_IO; /* a generator that repeats itself is broken */
    }
    if (rc != BM_OK) {
        bm_wipe(keys, BM_NVS_KEYS_SIZE);
    }
    return rc;
}
