/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/fmt.h"

#include <string.h>

#include "base/base.h"
#include "base/le.h"

void bmi_header_put(uint8_t raw[BMI_ENTRY_SIZE], uint32_t state, uint32_t seq, uint8_t version)
{
    memset(raw, 0xff, BMI_ENTRY_SIZE);
    bmi_put32(raw + BMI_PH_STATE, state);
    bmi_put32(raw + BMI_PH_SEQ, seq);
    raw[BMI_PH_VERSION] = version;
    bmi_put32(raw + BMI_PH_CRC, bmi_data_crc(raw + BMI_PH_SEQ, BMI_PH_CRC - BMI_PH_SEQ));
}

void bmi_header_get(const uint8_t raw[BMI_ENTRY_SIZE], struct bmi_header *out)
{
    out->state = bmi_get32(raw + BMI_PH_STATE);
    out->seq = bmi_get32(raw + BMI_PH_SEQ);
    out->version = raw[BMI_PH_VERSION];
    out->crc_ok =
        bmi_get32(raw + BMI_PH_CRC) == bmi_data_crc(raw + BMI_PH_SEQ, BMI_PH_CRC - BMI_PH_SEQ);
}

enum bmi_entry_state bmi_bitmap_get(const uint8_t bitmap[BMI_BITMAP_SIZE], unsigned entry)
{
    return (enum bmi_entry_state)((bitmap[entry / 4] >> (entry % 4 * 2)) & 3);
}

void bmi_bitmap_put(uint8_t bitmap[BMI_BITMAP_SIZE], unsigned entry, enum bmi_entry_state state)
{
    const unsigned shift = entry % 4 * 2;
    bitmap[entry / 4] =
        (uint8_t)((bitmap[entry / 4] & ~(3u << shift)) | ((unsigned)state << shift));
}

uint32_t bmi_entry_crc(const uint8_t raw[BMI_ENTRY_SIZE])
{
    const uint32_t crc = bmi_data_crc(raw, BMI_EN_CRC);
    return bm_crc32(crc, raw + BMI_EN_KEY, BMI_ENTRY_SIZE - BMI_EN_KEY);
}

int bmi_type_has_data(uint8_t type)
{
    return type == BM_NVS_STR || type == BMI_TYPE_BLOB_V1 || type == BMI_TYPE_BLOB_DATA;
}

enum { OTHERS = 4 }; /* at the end of types, that have no width */

static const uint8_t types[] = {BM_NVS_U8,          BM_NVS_I8,        BM_NVS_U16, BM_NVS_I16,
                                BM_NVS_U32,         BM_NVS_I32,       BM_NVS_U64, BM_NVS_I64,
                                BM_NVS_FLOAT,       BM_NVS_DOUBLE,    BM_NVS_STR, BMI_TYPE_BLOB_V1,
                                BMI_TYPE_BLOB_DATA, BMI_TYPE_BLOB_IDX};

unsigned bmi_type_width(uint8_t type)
{
    if (memchr(types, type, sizeof types - OTHERS) == NULL) {
        return 0;
    }
    return type & 0x0fu; /* the low nibble of a primitive's code is its width */
}

int bmi_type_known(uint8_t type)
{
    return memchr(types, type, sizeof types) != NULL;
}

uint32_t bmi_data_crc(const void *data, size_t len)
{
    return bm_crc32(BMI_CRC_START, data, len);
}

static enum bmi_entry_fault check_data(const uint8_t raw[BMI_ENTRY_SIZE], unsigned index)
{
    const unsigned span = raw[BMI_EN_SPAN];
    const uint32_t size = bm_get_le16(raw + BMI_EN_SIZE);
    if (span == 0 || index + span > BMI_PAGE_ENTRIES) {
        return BMI_BAD_SPAN;
    }
    if (size > BMI_DATA_MAX) {
        return BMI_BAD_SIZE;
    }
    if (span != bmi_span(size)) {
        return BMI_BAD_SPAN;
    }
    if (raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_DATA && raw[BMI_EN_CHUNK] == BMI_CHUNK_NONE) {
        return BMI_BAD_CHUNK;
    }
    return BMI_BAD_NOTHING;
}

enum bmi_entry_fault bmi_entry_check(const uint8_t raw[BMI_ENTRY_SIZE], unsigned index)
{
    const uint8_t type = raw[BMI_EN_TYPE];
    if (bmi_get32(raw + BMI_EN_CRC) != bmi_entry_crc(raw)) {
        return BMI_BAD_CRC;
    }
    if (!bmi_type_known(type)) {
        return BMI_BAD_TYPE;
    }
    if (bmi_type_has_data(type)) {
        return check_data(raw, index);
    }
    if (raw[BMI_EN_SPAN] != 1) {
        return BMI_BAD_SPAN;
    }
    if (type == BMI_TYPE_BLOB_IDX) {
        if (raw[BMI_EN_CHUNK] != BMI_CHUNK_NONE) {
            return BMI_BAD_CHUNK;
        }
        if (bmi_get32(raw + BMI_EN_IDX_SIZE) > BMI_BLOB_CHUNKS_MAX * BMI_DATA_MAX) {
            return BMI_BAD_SIZE;
        }
    }
    return BMI_BAD_NOTHING;
}
