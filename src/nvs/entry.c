/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/fmt.h"

#include <string.h>

#include "base/le.h"

void bmi_entry_put(uint8_t raw[BMI_ENTRY_SIZE], const struct bmi_entry *e)
{
    raw[BMI_EN_NS] = e->ns;
    raw[BMI_EN_TYPE] = e->type;
    raw[BMI_EN_SPAN] = e->span;
    raw[BMI_EN_CHUNK] = e->chunk;
    memset(raw + BMI_EN_KEY, 0, BM_NVS_KEY_SIZE);
    memcpy(raw + BMI_EN_KEY, e->key, strlen(e->key));
    memcpy(raw + BMI_EN_DATA, e->data, sizeof e->data);
    bm_put_le32(raw + BMI_EN_CRC, bmi_entry_crc(raw));
}

void bmi_entry_get(const uint8_t raw[BMI_ENTRY_SIZE], struct bmi_entry *out)
{
    out->ns = raw[BMI_EN_NS];
    out->type = raw[BMI_EN_TYPE];
    out->span = raw[BMI_EN_SPAN];
    out->chunk = raw[BMI_EN_CHUNK];
    out->crc = bm_get_le32(raw + BMI_EN_CRC);
    memcpy(out->key, raw + BMI_EN_KEY, BM_NVS_KEY_SIZE);
    out->key[BMI_KEY_MAX] = '\0';
    memcpy(out->data, raw + BMI_EN_DATA, sizeof out->data);
}
