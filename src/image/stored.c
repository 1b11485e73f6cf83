/* SPDX-License-Identifier: Apache-2.0 */
#include "image/stored.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/le.h"

/* Copies that do not count are joined only where a key has few of them: an image made to annoy
 * could have a hundred thousand, each of which would be searched for. */
enum { COPIES_MAX = 1024 };

static int can_join(const struct bm_scan *s, const struct bm_row *index)
{
    if (index->kind != BM_ROW_VALUE || (index->flags & BM_ROW_GROUPED) == 0) {
        return 0;
    }
    return (index->flags & BM_ROW_LIVE) != 0 || s->groups[index->group].rows <= COPIES_MAX;
}

static int join(struct bm_stored *v, const struct bm_scan *s, const struct bm_row *index)
{
    uint32_t chunks[BMI_CHUNK_NONE];
    unsigned budget = BMI_CHUNK_NONE + 1;
    size_t at = 0;
    const int count = can_join(s, index) ? bmi_blob_chunks(s, index, chunks, &budget) : -1;
    if (count < 0) {
        return BM_E_CORRUPT;
    }
    v->chunks = (uint8_t)count;
    if (count == 1) {
        v->data = bmi_row_raw(s, &s->rows[chunks[0]]) + BMI_ENTRY_SIZE;
        return BM_OK;
    }
    v->owned = malloc(v->size + (size_t)1);
    if (v->owned == NULL) {
        return BM_E_NOMEM;
    }
    for (int i = 0; i < count; i++) {
        const uint8_t *raw = bmi_row_raw(s, &s->rows[chunks[i]]);
        const size_t len = bm_get_le16(raw + BMI_EN_SIZE);
        memcpy(v->owned + at, raw + BMI_ENTRY_SIZE, len);
        at += len;
    }
    v->data = v->owned;
    return BM_OK;
}

int bmi_stored_load(struct bm_stored *v, const struct bm_scan *s, const struct bm_row *row)
{
    const uint8_t *raw = bmi_row_raw(s, row);
    memset(v, 0, sizeof *v);
    v->type = bmi_type(raw[BMI_EN_TYPE]);
    if (v->type == NULL) {
        return BM_E_CORRUPT;
    }
    if (v->type->code == BMI_TYPE_BLOB_IDX) {
        v->size = bm_get_le32(raw + BMI_EN_IDX_SIZE);
        return join(v, s, row);
    }
    if (!bmi_type_has_data(v->type->code)) {
        v->size = bmi_type_width(v->type->code);
        v->data = raw + BMI_EN_DATA;
        return BM_OK;
    }
    v->size = bm_get_le16(raw + BMI_EN_SIZE);
    /* the scan has checked the data of written values, not that of erased ones */
    if (row->kind == BM_ROW_TORN || (row->flags & BM_ROW_BAD_DATA) != 0 ||
        (row->kind == BM_ROW_ERASED &&
         bmi_data_crc(raw + BMI_ENTRY_SIZE, v->size) != bm_get_le32(raw + BMI_EN_DATA_CRC))) {
        return BM_E_CORRUPT;
    }
    v->data = raw + BMI_ENTRY_SIZE;
    return BM_OK;
}

void bmi_stored_free(struct bm_stored *v)
{
    if (v->owned != NULL) {
        bm_wipe(v->owned, v->size);
        free(v->owned);
    }
    memset(v, 0, sizeof *v);
}

uint64_t bmi_stored_u64(const struct bm_stored *v)
{
    uint64_t bits = 0;
    for (uint32_t i = v->size; i-- > 0;) {
        bits = bits << 8 | v->data[i];
    }
    return bits;
}

int64_t bmi_stored_i64(const struct bm_stored *v)
{
    uint64_t bits = bmi_stored_u64(v);
    if (v->size == 0) {
        return 0;
    }
    const uint64_t sign = (uint64_t)1 << (v->size * 8 - 1);
    bits = (bits ^ sign) - sign;
    int64_t out;
    memcpy(&out, &bits, sizeof out);
    return out;
}

double bmi_stored_real(const struct bm_stored *v)
{
    const uint64_t bits = bmi_stored_u64(v);
    if (v->size == sizeof(float)) {
        const uint32_t half = (uint32_t)bits;
        float f;
        memcpy(&f, &half, sizeof f);
        return (double)f;
    }
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

void bmi_stored_put_number(FILE *out, const struct bm_stored *v)
{
    char digits[24];
    struct bm_text t;
    uint64_t bits = bmi_stored_u64(v);
    if (v->type->cls == BM_CLASS_REAL) {
        (void)fprintf(out, v->size == sizeof(float) ? "%.9g" : "%.17g", bmi_stored_real(v));
        return;
    }
    bm_text_init(&t, digits, sizeof digits);
    if (v->type->cls == BM_CLASS_SIGNED && bmi_stored_i64(v) < 0) {
        bits = 0 - (uint64_t)bmi_stored_i64(v);
        bm_text_str(&t, "-");
    }
    bm_text_u64(&t, bits);
    (void)fwrite(digits, 1, t.len, out);
}

uint32_t bmi_stored_length(const struct bm_stored *v)
{
    const int ends = v->type->cls == BM_CLASS_STRING && v->data != NULL && v->size > 0 &&
                     v->data[v->size - 1] == 0;
    return ends ? v->size - 1 : v->size;
}

size_t bmi_stored_text_len(const struct bm_stored *v)
{
    const uint8_t *nul = v->size > 0 ? memchr(v->data, 0, v->size) : NULL;
    return nul != NULL ? (size_t)(nul - v->data) : v->size;
}
