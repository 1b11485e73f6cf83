/* SPDX-License-Identifier: Apache-2.0 */
#include "sha256.h"

#include <string.h>

static const uint32_t start_state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static const uint32_t constant[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static uint32_t big_endian(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Section 6.2.2 of the standard. */
static void add_block(struct sha256 *s)
{
    uint32_t w[64];
    uint32_t v[8]; /* a to h */
    for (unsigned i = 0; i < 16; i++) {
        w[i] = big_endian(s->block + (size_t)4 * i);
    }
    for (unsigned i = 16; i < 64; i++) {
        const uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        const uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    memcpy(v, s->state, sizeof v);
    for (unsigned i = 0; i < 64; i++) {
        const uint32_t s1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
        const uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
        const uint32_t t1 = v[7] + s1 + choice + constant[i] + w[i];
        const uint32_t s0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
        const uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
        memmove(v + 1, v, 7 * sizeof v[0]);
        v[4] += t1;
        v[0] = t1 + s0 + majority;
    }
    for (unsigned i = 0; i < 8; i++) {
        s->state[i] += v[i];
    }
}

void sha256_start(struct sha256 *s)
{
    memcpy(s->state, start_state, sizeof start_state);
    s->len = 0;
}

void sha256_add(struct sha256 *s, const void *data, size_t len)
{
    const uint8_t *p = data;
    while (len > 0) {
        const size_t at = s->len % sizeof s->block;
        const size_t part = len < sizeof s->block - at ? len : sizeof s->block - at;
        memcpy(s->block + at, p, part);
        s->len += (uint32_t)part;
        p += part;
        len -= part;
        if (at + part == sizeof s->block) {
            add_block(s);
        }
    }
}

void sha256_finish(struct sha256 *s, uint8_t digest[32])
{
    static const uint8_t end[64] = {0x80};
    uint8_t bits[8] = {0};
    const uint32_t len = s->len;
    sha256_add(s, end, 1 + (119 - len % 64) % 64);
    for (unsigned i = 0; i < 4; i++) {
        bits[4 + i] = (uint8_t)((len << 3) >> (24 - 8 * i));
    }
    sha256_add(s, bits, sizeof bits);
    for (unsigned i = 0; i < 32; i++) {
        digest[i] = (uint8_t)(s->state[i / 4] >> (24 - 8 * (i % 4)));
    }
}

static int hash_start(void *ctx)
{
    sha256_start(ctx);
    return 0;
}

static int hash_add(void *ctx, const void *data, size_t len)
{
    sha256_add(ctx, data, len);
    return 0;
}

static int hash_finish(void *ctx, uint8_t *digest)
{
    sha256_finish(ctx, digest);
    return 0;
}

struct bm_hash sha256_hash(struct sha256 *s)
{
    const struct bm_hash hash = {hash_start, hash_add, hash_finish, s};
    return hash;
}
