/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_SECRET_H
#define BM_IMAGE_SECRET_H

/* What must not be shown: private keys wherever they are, URLs with a password in them, and values
 * whose key name says so. */

#include "crypto/crypto.h"
#include "image/stored.h"

/* 1 if a key's name suggests a secret: contains pass, pwd, psk, secret, token ..., or pw, pin,
 * auth, seed as a word, or key (but public_key, pubkey and pub_key do not). */
int bmi_secret_name(const char *key);

/* 1 if a value holds a URL with a password: mqtts://user:password@host. */
int bmi_secret_value(const void *data, size_t len);

/* How a value is to be shown. */
struct bm_view {
    int redacted;
    int has_cert;
    char sha256[65]; /* redacted: of bmi_stored_length() bytes, or "" where they could be guessed */
    struct bm_cert cert;
};

/* Decides. reveal: 1 shows secrets. */
void bmi_view(struct bm_view *view, const char *key, const struct bm_stored *v, int reveal);

#endif
