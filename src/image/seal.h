/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_SEAL_H
#define BM_IMAGE_SEAL_H

/* NVS encryption of whole images, in place. Page headers and states stay as they are, and so do
 * blank entries and those overwritten with zeros. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/nvs.h"

/* What keys do to an image. */
enum bm_seal {
    BM_SEAL_NONE = 0, /* none were tried */
    BM_SEAL_OPENS,    /* entries can be read with them */
    BM_SEAL_VOID,     /* no written entry: nothing to read with any keys */
    BM_SEAL_PLAIN,    /* entries can be read without them, and not with them */
    BM_SEAL_LOCKED    /* entries can be read neither with them nor without */
};

/* Tries the keys on the written entries, up to the first that tells. Changes nothing.
 * Returns BM_OK, or what decrypting returned. */
int bm_seal_try(const uint8_t *image, size_t size, const struct bm_nvs_crypto *crypto,
                enum bm_seal *verdict);

/* Decrypts all entries that hold anything, whatever their state. Returns BM_OK, or what decrypting
 * returned: the image is then of no use. */
int bm_seal_decrypt(uint8_t *image, size_t size, const struct bm_nvs_crypto *crypto);

/* Encrypts a plain image: all written entries, and what else holds anything. Returns BM_OK, or what
 * encrypting returned: the image is then of no use. */
int bm_seal_encrypt(uint8_t *image, size_t size, const struct bm_nvs_crypto *crypto);

#endif
