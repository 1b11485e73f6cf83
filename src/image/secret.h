/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_SECRET_H
#define BM_IMAGE_SECRET_H

/* What must not be shown: private keys wherever they are, and values whose key name says so. */

#include "crypto/crypto.h"
#include "image/stored.h"

/* 1 if a key's name suggests a secret: contains pass, pwd, psk, secret, token, key (unless pub) ...
 */
int bmi_secret_name(const char *key);

/* How a value is to be shown. */
struct bm_view {
    int redacted;
    int has_cert;
    char sha256[65]; /* redacted: fingerprint, or "" where the value is short enough to guess it */
    struct bm_cert cert;
};

/* Decides. reveal: 1 shows secrets. */
void bmi_view(struct bm_view *view, const char *key, const struct bm_stored *v, int reveal);

#endif
