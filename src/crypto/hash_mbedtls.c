/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <mbedtls/md.h>

#include "birthmark/err.h"
#include "birthmark/hash.h"

/* Lies in the caller's memory. */
struct context {
    mbedtls_md_context_t md;
};

static int start(void *ctx)
{
    struct context *c = ctx;
    return mbedtls_md_starts(&c->md) == 0 ? BM_OK : BM_E_IO;
}

static int add(void *ctx, const void *data, size_t len)
{
    struct context *c = ctx;
    return mbedtls_md_update(&c->md, data, len) == 0 ? BM_OK : BM_E_IO;
}

static int finish(void *ctx, uint8_t *digest)
{
    struct context *c = ctx;
    return mbedtls_md_finish(&c->md, digest) == 0 ? BM_OK : BM_E_IO;
}

size_t bm_hash_mbedtls_size(void)
{
    return sizeof(struct context);
}

static int open_hash(struct bm_hash *out, void *memory, size_t len, mbedtls_md_type_t type)
{
    struct context *c = memory;
    const mbedtls_md_info_t *info = mbedtls_md_info_from_type(type);
    memset(out, 0, sizeof *out);
    if (memory == NULL || len < sizeof *c || info == NULL) {
        return BM_E_NOMEM;
    }
    mbedtls_md_init(&c->md);
    if (mbedtls_md_setup(&c->md, info, 0) != 0) {
        mbedtls_md_free(&c->md);
        return BM_E_NOMEM;
    }
    out->start = start;
    out->add = add;
    out->finish = finish;
    out->ctx = c;
    return BM_OK;
}

int bm_hash_mbedtls_sha256(struct bm_hash *out, void *memory, size_t len)
{
    return open_hash(out, memory, len, MBEDTLS_MD_SHA256);
}

int bm_hash_mbedtls_md5(struct bm_hash *out, void *memory, size_t len)
{
    return open_hash(out, memory, len, MBEDTLS_MD_MD5);
}

void bm_hash_mbedtls_close(struct bm_hash *hash)
{
    if (hash->ctx != NULL) {
        struct context *c = hash->ctx;
        mbedtls_md_free(&c->md);
        hash->ctx = NULL;
    }
}
