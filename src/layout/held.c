/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "image/scan.h"
#include "layout/content.h"
#include "layout/preflight_parts.h"

static const char secure_cert[] = "esp_secure_cert"; /* Espressif's own partition for credentials */

int bmi_is_kind(const struct bm_part *p, int type, int subtype)
{
    return p->type == type && p->subtype == subtype;
}

int bm_holds_identity(const struct bm_part *part)
{
    return bmi_is_kind(part, BM_PART_DATA, BM_PART_DATA_NVS) ||
           bmi_is_kind(part, BM_PART_DATA, BM_PART_DATA_NVS_KEYS) ||
           strcmp(part->label, secure_cert) == 0;
}

static void count_key(struct bm_held *out, const char *ns)
{
    unsigned i = 0;
    while (i < out->count && strcmp(out->names[i].name, ns) != 0) {
        i++;
    }
    if (i == out->count) {
        if (i == sizeof out->names / sizeof out->names[0]) {
            return;
        }
        memcpy(out->names[i].name, ns, strlen(ns) + 1);
        out->count++;
    }
    out->names[i].keys++;
    out->keys++;
}

static void count_keys(struct bm_held *out, const struct bm_scan *s)
{
    char buf[BM_NVS_KEY_SIZE];
    for (uint32_t i = 0; i < s->group_count; i++) {
        if (s->groups[i].ns != 0 && s->groups[i].live != BM_NO_ROW) {
            count_key(out, bmi_ns_name(s, s->groups[i].ns, buf));
        }
    }
}

int bm_held(struct bm_held *out, const struct bm_part *part, const uint8_t *flash, size_t len)
{
    struct bm_scan s;
    memset(out, 0, sizeof *out);
    out->part = part;
    if (part->offset > len || part->size > len - part->offset) {
        out->state = BM_HELD_OUTSIDE;
        return BM_OK;
    }
    const uint8_t *data = flash + part->offset;
    if (bmi_is_blank(data, part->size)) {
        out->state = BM_HELD_BLANK;
        return BM_OK;
    }
    out->state = BM_HELD_OTHER;
    if (!bmi_is_kind(part, BM_PART_DATA, BM_PART_DATA_NVS)) {
        return BM_OK;
    }
    const int rc = bm_scan(&s, data, part->size);
    if (rc == BM_OK && s.kind == BM_IMAGE_NVS) {
        out->state = BM_HELD_VALUES;
        count_keys(out, &s);
    } else if (rc == BM_OK && s.kind == BM_IMAGE_ENCRYPTED) {
        out->state = BM_HELD_ENCRYPTED;
    }
    bm_scan_free(&s);
    return rc;
}
