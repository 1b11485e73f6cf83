/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/content.h"

#include <string.h>

#include "part/app_fmt.h"

enum { BLOCK = 16, SCRATCH = 16384 };

int bmi_is_app(const uint8_t *data, size_t len)
{
    return len >= BM_APP_HEADER_SIZE && data[0] == BMI_APP_MAGIC;
}

int bmi_is_plaintext(const uint8_t *data, size_t len)
{
    for (size_t i = 0; i + (size_t)2 * BLOCK <= len; i += BLOCK) {
        if (memcmp(data + i, data + i + BLOCK, BLOCK) == 0 && !bmi_is_blank(data + i, BLOCK)) {
            return 1;
        }
    }
    return 0;
}

enum bm_image_kind bmi_nvs_kind(const uint8_t *data, size_t len, size_t *keys)
{
    struct bm_scan scan;
    enum bm_image_kind kind = BM_IMAGE_FOREIGN;
    if (keys != NULL) {
        *keys = 0;
    }
    if (bm_scan(&scan, data, len) == BM_OK) {
        kind = scan.kind;
        for (uint32_t i = 0; keys != NULL && i < scan.group_count; i++) {
            *keys += scan.groups[i].ns != 0 && scan.groups[i].live != BM_NO_ROW;
        }
    }
    bm_scan_free(&scan);
    return kind;
}

int bmi_app_verify(struct bm_app *app, const uint8_t *data, size_t len,
                   const struct bm_hash *sha256, struct bm_diag *diag)
{
    struct bm_flash flash;
    uint8_t scratch[SCRATCH];
    const int rc = bm_flash_view(&flash, data, len);
    return rc == BM_OK
               ? bm_app_verify(app, &flash, 0, flash.size, sha256, scratch, sizeof scratch, diag)
               : rc;
}
