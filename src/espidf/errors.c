/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "esp_ota_ops.h"
#include "espidf/registry.h"
#include "nvs_sec_provider.h"

#define ROW(code)   \
    {               \
        code, #code \
    }

static const struct {
    esp_err_t code;
    const char *name;
} names[] = {
    ROW(ESP_OK),
    ROW(ESP_FAIL),
    ROW(ESP_ERR_NO_MEM),
    ROW(ESP_ERR_INVALID_ARG),
    ROW(ESP_ERR_INVALID_STATE),
    ROW(ESP_ERR_INVALID_SIZE),
    ROW(ESP_ERR_NOT_FOUND),
    ROW(ESP_ERR_NOT_SUPPORTED),
    ROW(ESP_ERR_TIMEOUT),
    ROW(ESP_ERR_INVALID_RESPONSE),
    ROW(ESP_ERR_INVALID_CRC),
    ROW(ESP_ERR_INVALID_VERSION),
    ROW(ESP_ERR_INVALID_MAC),
    ROW(ESP_ERR_NOT_FINISHED),
    ROW(ESP_ERR_NOT_ALLOWED),
    ROW(ESP_ERR_NVS_BASE),
    ROW(ESP_ERR_NVS_NOT_INITIALIZED),
    ROW(ESP_ERR_NVS_NOT_FOUND),
    ROW(ESP_ERR_NVS_TYPE_MISMATCH),
    ROW(ESP_ERR_NVS_READ_ONLY),
    ROW(ESP_ERR_NVS_NOT_ENOUGH_SPACE),
    ROW(ESP_ERR_NVS_INVALID_NAME),
    ROW(ESP_ERR_NVS_INVALID_HANDLE),
    ROW(ESP_ERR_NVS_REMOVE_FAILED),
    ROW(ESP_ERR_NVS_KEY_TOO_LONG),
    ROW(ESP_ERR_NVS_PAGE_FULL),
    ROW(ESP_ERR_NVS_INVALID_STATE),
    ROW(ESP_ERR_NVS_INVALID_LENGTH),
    ROW(ESP_ERR_NVS_NO_FREE_PAGES),
    ROW(ESP_ERR_NVS_VALUE_TOO_LONG),
    ROW(ESP_ERR_NVS_PART_NOT_FOUND),
    ROW(ESP_ERR_NVS_NEW_VERSION_FOUND),
    ROW(ESP_ERR_NVS_XTS_ENCR_FAILED),
    ROW(ESP_ERR_NVS_XTS_DECR_FAILED),
    ROW(ESP_ERR_NVS_XTS_CFG_FAILED),
    ROW(ESP_ERR_NVS_XTS_CFG_NOT_FOUND),
    ROW(ESP_ERR_NVS_ENCR_NOT_SUPPORTED),
    ROW(ESP_ERR_NVS_KEYS_NOT_INITIALIZED),
    ROW(ESP_ERR_NVS_CORRUPT_KEY_PART),
    ROW(ESP_ERR_NVS_CONTENT_DIFFERS),
    ROW(ESP_ERR_NVS_WRONG_ENCRYPTION),
    ROW(ESP_ERR_OTA_BASE),
    ROW(ESP_ERR_OTA_PARTITION_CONFLICT),
    ROW(ESP_ERR_OTA_SELECT_INFO_INVALID),
    ROW(ESP_ERR_OTA_VALIDATE_FAILED),
    ROW(ESP_ERR_OTA_SMALL_SEC_VER),
    ROW(ESP_ERR_OTA_ROLLBACK_FAILED),
    ROW(ESP_ERR_OTA_ROLLBACK_INVALID_STATE),
    ROW(ESP_ERR_IMAGE_BASE),
    ROW(ESP_ERR_IMAGE_FLASH_FAIL),
    ROW(ESP_ERR_IMAGE_INVALID),
    ROW(ESP_ERR_FLASH_BASE),
    ROW(ESP_ERR_FLASH_OP_FAIL),
    ROW(ESP_ERR_FLASH_OP_TIMEOUT),
    ROW(ESP_ERR_NVS_SEC_BASE),
    ROW(ESP_ERR_NVS_SEC_HMAC_KEY_NOT_FOUND),
    ROW(ESP_ERR_NVS_SEC_HMAC_KEY_BLK_ALREADY_USED),
    ROW(ESP_ERR_NVS_SEC_HMAC_KEY_GENERATION_FAILED),
    ROW(ESP_ERR_NVS_SEC_HMAC_XTS_KEYS_DERIV_FAILED),
};

static const char *find_name(esp_err_t code)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].code == code) {
            return names[i].name;
        }
    }
    return NULL;
}

const char *esp_err_to_name(esp_err_t code)
{
    const char *name = find_name(code);
    return name != NULL ? name : "UNKNOWN ERROR";
}

const char *esp_err_to_name_r(esp_err_t code, char *buf, size_t buflen)
{
    const char *name = find_name(code);
    if (name != NULL) {
        (void)snprintf(buf, buflen, "%s", name);
    } else {
        (void)snprintf(buf, buflen, "UNKNOWN ERROR 0x%x(%d)", (unsigned)code, code);
    }
    return buf;
}

void _esp_error_check_report(esp_err_t rc, const char *file, int line, const char *function,
                             const char *expression)
{
    (void)fprintf(stderr, "ESP_ERROR_CHECK failed: esp_err_t 0x%x (%s) at %s:%d in %s(): %s\n",
                  (unsigned)rc, esp_err_to_name(rc), file, line, function, expression);
}

void _esp_error_check_failed(esp_err_t rc, const char *file, int line, const char *function,
                             const char *expression)
{
    _esp_error_check_report(rc, file, line, function, expression);
    abort();
}

esp_err_t bmi_esp_err(int code)
{
    switch (code) {
    case BM_OK: return ESP_OK;
    case BM_E_ARG: return ESP_ERR_NVS_KEY_TOO_LONG; /* a name is the only argument we pass on */
    case BM_E_NOMEM: return ESP_ERR_NO_MEM;
    case BM_E_VERSION: return ESP_ERR_NVS_NEW_VERSION_FOUND;
    case BM_E_LENGTH: return ESP_ERR_NVS_INVALID_LENGTH;
    case BM_E_IO: return ESP_ERR_FLASH_OP_FAIL;
    case BM_E_NOSPC: return ESP_ERR_NVS_NOT_ENOUGH_SPACE;
    case BM_E_READONLY: return ESP_ERR_NVS_READ_ONLY;
    case BM_E_KEYS: return ESP_ERR_NVS_WRONG_ENCRYPTION;
    case BM_E_NOENT:
    case BM_E_CORRUPT: /* ESP-IDF erases a damaged value and then does not find it */
    case BM_E_TYPE: return ESP_ERR_NVS_NOT_FOUND; /* and never answers TYPE_MISMATCH */
    default: return ESP_FAIL;
    }
}
