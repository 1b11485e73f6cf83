/* SPDX-License-Identifier: Apache-2.0 */
#include "image/secret.h"

#include <string.h>

#include "base/base.h"

/* A fingerprint of a short value gives it away: all of them can be tried. */
enum { GUESSABLE = 32 };

static const char *const words[] = {
    "pass", "pswd", "pwd", "psk", "pmk", "secret", "token", "priv", "apsw", "apinfo", "credential",
};
static const char first_letters[] = "pstac"; /* of the words: most keys need no closer look */

/* The key in lower case; returns its length. */
static size_t lower(char out[BM_NVS_KEY_SIZE], const char *key)
{
    size_t len = 0;
    for (; key[len] != '\0' && len < BM_NVS_KEY_SIZE - 1; len++) {
        const char c = key[len];
        out[len] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    out[len] = '\0';
    return len;
}

int bmi_secret_name(const char *key)
{
    char low[BM_NVS_KEY_SIZE];
    const size_t len = lower(low, key);
    for (size_t i = 0; i < len; i++) {
        if (strchr(first_letters, low[i]) == NULL) {
            continue;
        }
        for (size_t w = 0; w < sizeof words / sizeof words[0]; w++) {
            if (strncmp(low + i, words[w], strlen(words[w])) == 0) {
                return 1;
            }
        }
    }
    return strstr(low, "key") != NULL && strstr(low, "pub") == NULL;
}

void bmi_view(struct bm_view *view, const char *key, const struct bm_stored *v, int reveal)
{
    enum bm_pem_kind kind = BM_PEM_NONE;
    uint8_t digest[BM_SHA256_SIZE];
    view->redacted = 0;
    view->has_cert = 0;
    view->sha256[0] = '\0';
    if (v->data == NULL) {
        return;
    }
    if (v->type->cls == BM_CLASS_STRING || v->type->cls == BM_CLASS_BLOB) {
        kind = bm_crypto_kind(v->data, v->size);
    }
    if (kind == BM_PEM_CERT) {
        view->has_cert = bm_crypto_cert(&view->cert, v->data, v->size) == BM_OK;
    }
    if (reveal || (kind != BM_PEM_PRIVATE_KEY &&
                   (view->has_cert || kind == BM_PEM_PUBLIC_KEY || !bmi_secret_name(key)))) {
        return;
    }
    view->redacted = 1;
    if (v->size >= GUESSABLE && bm_crypto_sha256(digest, v->data, v->size) == BM_OK) {
        bm_hex_encode(view->sha256, digest, sizeof digest);
    }
}
