/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/header_patch.h"

#include "layout/content.h"

/* esp_app_format.h: byte 2 is the mode, byte 3 the size (high nibble) and the clock. */
enum { AT_MODE = 2, AT_SIZE_CLOCK = 3 };

static int put(uint8_t *byte, unsigned mask, int value)
{
    const unsigned shift = mask == 0xf0 ? 4 : 0;
    if (value < 0) {
        return 0;
    }
    const uint8_t now = (uint8_t)((*byte & ~mask) | (((unsigned)value << shift) & mask));
    const int changed = now != *byte;
    *byte = now;
    return changed;
}

static int sum(const struct bm_hash *sha256, const uint8_t *data, size_t len, uint8_t *digest)
{
    int rc = sha256->start(sha256->ctx);
    rc = rc == BM_OK ? sha256->add(sha256->ctx, data, len) : rc;
    return rc == BM_OK ? sha256->finish(sha256->ctx, digest) : rc;
}

int bm_header_patch(uint8_t *data, size_t len, const struct bm_header_patch *patch,
                    const struct bm_hash *sha256, int *changed, struct bm_diag *diag)
{
    struct bm_app app;
    *changed = 0;
    if (sha256 == NULL || patch->mode > 0xff || patch->clock > 0xf || patch->size > 0xf) {
        return BM_E_ARG;
    }
    if (!bmi_is_app(data, len)) {
        return BM_E_NOENT;
    }
    const int rc = bmi_app_verify(&app, data, len, sha256, diag);
    if (rc != BM_OK) {
        return rc;
    }
    *changed |= put(&data[AT_MODE], 0xff, patch->mode);
    *changed |= put(&data[AT_SIZE_CLOCK], 0x0f, patch->clock);
    *changed |= put(&data[AT_SIZE_CLOCK], 0xf0, patch->size);
    if (!*changed || !app.has_hash) {
        return BM_OK;
    }
    const size_t body = app.size - BM_SHA256_LEN;
    return sum(sha256, data, body, data + body);
}
