/* SPDX-License-Identifier: Apache-2.0 */
#include "image/wifi.h"

#include <string.h>

#include "base/base.h"
#include "crypto/crypto.h"

/* Sizes as the reference generator writes them. */
enum {
    STA_APINFO_SIZE = 140, /* bytes 0xff */
    STA_PMK_SIZE = 32,     /* zeros */
    STA_APSW_SIZE = 2,     /* zeros */
    AP_PMK_INFO_SIZE = 132,
    AP_PMK_SIZE = 32, /* the last bytes of ap.pmk_info, behind zeros */
    PMK_ROUNDS = 4096 /* IEEE 802.11: PSK from passphrase and SSID */
};

static int in_driver_namespace(const struct bmi_items *items, const struct bm_image_item *item)
{
    return strcmp(items->list[items->namespaces[item->ns]].key, "nvs.net80211") == 0;
}

/* Adds a blob of len bytes; one that the inputs gave already stays. Data starts as `fill`. */
static int add(struct bmi_items *items, const struct bm_image_item *row, const char *key,
               uint8_t fill, size_t len, uint8_t **data)
{
    *data = NULL;
    if (bmi_items_find(items, row->ns, key, strlen(key)) != NULL) {
        return BM_OK;
    }
    struct bm_image_item item = {.ns = row->ns, .place = row->place, .derived = 1};
    item.type = BM_NVS_BLOB;
    item.size = (uint32_t)len;
    *data = bmi_arena_alloc(&items->arena, len);
    if (*data == NULL) {
        return BM_E_NOMEM;
    }
    memset(*data, fill, len);
    item.data = *data;
    memcpy(item.key, key, strlen(key) + 1);
    return bmi_items_add(items, &item);
}

/* Notes what the row tells. Returns 1 if it is a row of the access point. */
static int note_access_point(struct bmi_wifi *wifi, struct bmi_items *items,
                             const struct bmi_wifi_row *row)
{
    static const char *const keys[] = {"ap.ssid", "ap.passwd"};
    const enum bmi_encoding_kind kind = row->encoding->kind;
    if (strcmp(row->item->key, "ap.authmode") == 0) {
        wifi->secured = kind == BMI_ENC_INTEGER
                            ? row->item->bits != 0
                            : row->len > 0 && !(row->len == 1 && row->text[0] == '0');
        return 1;
    }
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(row->item->key, keys[i]) == 0) {
            wifi->text[i].data = bmi_arena_copy(&items->arena, row->text, row->len);
            wifi->text[i].len = row->len;
            wifi->opaque |= kind == BMI_ENC_HEX || kind == BMI_ENC_BASE64;
            return 1;
        }
    }
    return 0;
}

int bmi_wifi_before(struct bmi_wifi *wifi, struct bmi_items *items, const struct bmi_wifi_row *row,
                    struct bm_image_problems *problems)
{
    if (!in_driver_namespace(items, row->item) || !note_access_point(wifi, items, row) ||
        wifi->text[0].len == 0 || wifi->text[1].len == 0 || !wifi->secured) {
        return BM_OK;
    }
    if (wifi->text[0].data == NULL || wifi->text[1].data == NULL) {
        return BM_E_NOMEM;
    }
    if (wifi->opaque) {
        bmi_problem_add(problems, BM_IMAGE_WARNING, &row->item->place, row->item->key,
                        strlen(row->item->key),
                        "ap.pmk_info is not derived from hex2bin or base64; give ap.ssid and "
                        "ap.passwd as text");
        return BM_OK;
    }
    uint8_t *data = NULL;
    const int rc = add(items, row->item, "ap.pmk_info", 0, AP_PMK_INFO_SIZE, &data);
    if (rc != BM_OK || data == NULL) {
        return rc;
    }
    return bm_crypto_pbkdf2_sha1(data + AP_PMK_INFO_SIZE - AP_PMK_SIZE, AP_PMK_SIZE,
                                 wifi->text[1].data, wifi->text[1].len, wifi->text[0].data,
                                 wifi->text[0].len, PMK_ROUNDS);
}

int bmi_wifi_after(struct bmi_wifi *wifi, struct bmi_items *items, const struct bmi_wifi_row *row)
{
    static const struct {
        const char *key;
        uint8_t fill;
        uint8_t size;
    } extras[] = {{"sta.apinfo", 0xff, STA_APINFO_SIZE},
                  {"sta.pmk", 0x00, STA_PMK_SIZE},
                  {"sta.apsw", 0x00, STA_APSW_SIZE}};
    const char *key = row->item->key;
    if (wifi->station_done || (strcmp(key, "sta.ssid") != 0 && strcmp(key, "sta.pswd") != 0) ||
        !in_driver_namespace(items, row->item)) {
        return BM_OK;
    }
    wifi->station_done = 1;
    for (size_t i = 0; i < sizeof extras / sizeof extras[0]; i++) {
        uint8_t *data;
        const int rc = add(items, row->item, extras[i].key, extras[i].fill, extras[i].size, &data);
        if (rc != BM_OK) {
            return rc;
        }
    }
    return BM_OK;
}
