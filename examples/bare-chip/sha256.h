/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHA256_H
#define SHA256_H

/* SHA-256 (FIPS 180-4), small rather than fast: the firmware has no library of cryptography. A
 * product takes mbedTLS's or the chip's own. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/hash.h"

struct sha256 {
    uint32_t state[8];
    uint32_t len; /* bytes so far: below 512 MB */
    uint8_t block[64];
};

void sha256_start(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t len);
void sha256_finish(struct sha256 *s, uint8_t digest[32]);

/* The same as the library wants it; s is kept. */
struct bm_hash sha256_hash(struct sha256 *s);

#endif
