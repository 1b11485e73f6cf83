/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_ESPIDF_ESP_ERR_H
#define BM_ESPIDF_ESP_ERR_H

/* ESP-IDF's error codes and checks, for programs that run on the host or on bare metal. */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef int esp_err_t;

#define ESP_OK   0
#define ESP_FAIL (-1)

#define ESP_ERR_NO_MEM           0x101
#define ESP_ERR_INVALID_ARG      0x102
#define ESP_ERR_INVALID_STATE    0x103
#define ESP_ERR_INVALID_SIZE     0x104
#define ESP_ERR_NOT_FOUND        0x105
#define ESP_ERR_NOT_SUPPORTED    0x106
#define ESP_ERR_TIMEOUT          0x107
#define ESP_ERR_INVALID_RESPONSE 0x108
#define ESP_ERR_INVALID_CRC      0x109
#define ESP_ERR_INVALID_VERSION  0x10a
#define ESP_ERR_INVALID_MAC      0x10b
#define ESP_ERR_NOT_FINISHED     0x10c
#define ESP_ERR_NOT_ALLOWED      0x10d

#define ESP_ERR_FLASH_BASE       0x6000
#define ESP_ERR_FLASH_OP_FAIL    (ESP_ERR_FLASH_BASE + 1)
#define ESP_ERR_FLASH_OP_TIMEOUT (ESP_ERR_FLASH_BASE + 2)

/* Name of a code, "ESP_ERR_NVS_NOT_FOUND"; "UNKNOWN ERROR" for any other number. Never NULL, static
 * storage. */
const char *esp_err_to_name(esp_err_t code);

/* The same into the caller's buffer of buflen bytes, always with a NUL (buflen at least 1); a
 * number without a name is written as hex. Returns buf. */
const char *esp_err_to_name_r(esp_err_t code, char *buf, size_t buflen);

/* Says on stderr which expression failed, where and how; private to the macros below. */
void _esp_error_check_report(esp_err_t rc, const char *file, int line, const char *function,
                             const char *expression);

/* As above, then aborts the program. */
void _esp_error_check_failed(esp_err_t rc, const char *file, int line, const char *function,
                             const char *expression)
#ifdef __GNUC__
    __attribute__((noreturn))
#endif
    ;

/* Aborts with a message unless x is ESP_OK. */
#define ESP_ERROR_CHECK(x)                                                     \
    do {                                                                       \
        const esp_err_t bm_rc_ = (x);                                          \
        if (bm_rc_ != ESP_OK) {                                                \
            _esp_error_check_failed(bm_rc_, __FILE__, __LINE__, __func__, #x); \
        }                                                                      \
    } while (0)

#ifdef __cplusplus
}
#endif

#endif
