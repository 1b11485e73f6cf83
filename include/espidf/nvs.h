/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_ESPIDF_NVS_H
#define BM_ESPIDF_NVS_H

/* ESP-IDF's NVS API: same names, same types, same codes in the same situations. Where we do better
 * on purpose, docs/compatibility.md says so. Calls may come from any thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ESP_ERR_NVS_BASE                 0x1100
#define ESP_ERR_NVS_NOT_INITIALIZED      (ESP_ERR_NVS_BASE + 0x01)
#define ESP_ERR_NVS_NOT_FOUND            (ESP_ERR_NVS_BASE + 0x02)
#define ESP_ERR_NVS_TYPE_MISMATCH        (ESP_ERR_NVS_BASE + 0x03)
#define ESP_ERR_NVS_READ_ONLY            (ESP_ERR_NVS_BASE + 0x04)
#define ESP_ERR_NVS_NOT_ENOUGH_SPACE     (ESP_ERR_NVS_BASE + 0x05)
#define ESP_ERR_NVS_INVALID_NAME         (ESP_ERR_NVS_BASE + 0x06)
#define ESP_ERR_NVS_INVALID_HANDLE       (ESP_ERR_NVS_BASE + 0x07)
#define ESP_ERR_NVS_REMOVE_FAILED        (ESP_ERR_NVS_BASE + 0x08)
#define ESP_ERR_NVS_KEY_TOO_LONG         (ESP_ERR_NVS_BASE + 0x09)
#define ESP_ERR_NVS_PAGE_FULL            (ESP_ERR_NVS_BASE + 0x0a)
#define ESP_ERR_NVS_INVALID_STATE        (ESP_ERR_NVS_BASE + 0x0b)
#define ESP_ERR_NVS_INVALID_LENGTH       (ESP_ERR_NVS_BASE + 0x0c)
#define ESP_ERR_NVS_NO_FREE_PAGES        (ESP_ERR_NVS_BASE + 0x0d)
#define ESP_ERR_NVS_VALUE_TOO_LONG       (ESP_ERR_NVS_BASE + 0x0e)
#define ESP_ERR_NVS_PART_NOT_FOUND       (ESP_ERR_NVS_BASE + 0x0f)
#define ESP_ERR_NVS_NEW_VERSION_FOUND    (ESP_ERR_NVS_BASE + 0x10)
#define ESP_ERR_NVS_XTS_ENCR_FAILED      (ESP_ERR_NVS_BASE + 0x11)
#define ESP_ERR_NVS_XTS_DECR_FAILED      (ESP_ERR_NVS_BASE + 0x12)
#define ESP_ERR_NVS_XTS_CFG_FAILED       (ESP_ERR_NVS_BASE + 0x13)
#define ESP_ERR_NVS_XTS_CFG_NOT_FOUND    (ESP_ERR_NVS_BASE + 0x14)
#define ESP_ERR_NVS_ENCR_NOT_SUPPORTED   (ESP_ERR_NVS_BASE + 0x15)
#define ESP_ERR_NVS_KEYS_NOT_INITIALIZED (ESP_ERR_NVS_BASE + 0x16)
#define ESP_ERR_NVS_CORRUPT_KEY_PART     (ESP_ERR_NVS_BASE + 0x17)
#define ESP_ERR_NVS_CONTENT_DIFFERS      (ESP_ERR_NVS_BASE + 0x18)
#define ESP_ERR_NVS_WRONG_ENCRYPTION     (ESP_ERR_NVS_BASE + 0x19)

#define NVS_DEFAULT_PART_NAME  "nvs"
#define NVS_PART_NAME_MAX_SIZE 16 /* label with its NUL */
#define NVS_KEY_NAME_MAX_SIZE  16 /* key with its NUL */
#define NVS_NS_NAME_MAX_SIZE   16 /* namespace with its NUL */

typedef uint32_t nvs_handle_t;
typedef nvs_handle_t nvs_handle; /* the spelling of older programs */

typedef enum { NVS_READONLY, NVS_READWRITE, NVS_READWRITE_PURGE } nvs_open_mode_t;
typedef nvs_open_mode_t nvs_open_mode;

typedef enum {
    NVS_TYPE_U8 = 0x01,
    NVS_TYPE_I8 = 0x11,
    NVS_TYPE_U16 = 0x02,
    NVS_TYPE_I16 = 0x12,
    NVS_TYPE_U32 = 0x04,
    NVS_TYPE_I32 = 0x14,
    NVS_TYPE_U64 = 0x08,
    NVS_TYPE_I64 = 0x18,
    NVS_TYPE_FLOAT = 0x24,
    NVS_TYPE_DOUBLE = 0x28,
    NVS_TYPE_STR = 0x21,
    NVS_TYPE_BLOB = 0x42,
    NVS_TYPE_ANY = 0xff
} nvs_type_t;

typedef struct {
    char namespace_name[NVS_NS_NAME_MAX_SIZE];
    char key[NVS_KEY_NAME_MAX_SIZE];
    nvs_type_t type;
} nvs_entry_info_t;

typedef struct {
    size_t used_entries;
    size_t free_entries;
    size_t available_entries;
    size_t total_entries;
    size_t namespace_count;
} nvs_stats_t;

typedef struct nvs_opaque_iterator_t *nvs_iterator_t;

/* Opens a namespace of the default partition "nvs".
 * open_mode: NVS_READONLY; NVS_READWRITE makes the namespace where it is not there;
 * NVS_READWRITE_PURGE also overwrites with zeros what this handle's calls give up. A partition that
 * cannot be written gives ESP_ERR_NOT_ALLOWED for the last two. out_handle: set on success; close
 * it with nvs_close(). Returns ESP_OK, ESP_ERR_NVS_NOT_INITIALIZED, ESP_ERR_NVS_PART_NOT_FOUND,
 * ESP_ERR_NVS_NOT_FOUND (no such namespace), ESP_ERR_NVS_KEY_TOO_LONG, ESP_ERR_NOT_ALLOWED,
 * ESP_ERR_NVS_NOT_ENOUGH_SPACE (no room, or the 255th namespace), ESP_ERR_INVALID_ARG (NULL, or no
 * such mode), ESP_ERR_FLASH_OP_FAIL or ESP_ERR_NO_MEM. */
esp_err_t nvs_open(const char *namespace_name, nvs_open_mode_t open_mode, nvs_handle_t *out_handle);

/* The same in the partition with this label. */
esp_err_t nvs_open_from_partition(const char *part_name, const char *namespace_name,
                                  nvs_open_mode_t open_mode, nvs_handle_t *out_handle);

/* Closes a handle; one that is not open is left alone. */
void nvs_close(nvs_handle_t handle);

/* Store a value under a key of 1 to 15 bytes; one of another type there is replaced. An equal value
 * is not written again. When the call returns the value is in flash; a power cut before leaves the
 * old one or the new one.
 * Return ESP_OK, ESP_ERR_NVS_INVALID_HANDLE, ESP_ERR_NVS_READ_ONLY (the handle),
 * ESP_ERR_NVS_KEY_TOO_LONG, ESP_ERR_NVS_INVALID_NAME (empty), ESP_ERR_NVS_NOT_ENOUGH_SPACE (the old
 * value stays), ESP_ERR_INVALID_ARG (NULL, or a NaN), or ESP_ERR_FLASH_OP_FAIL. */
esp_err_t nvs_set_i8(nvs_handle_t handle, const char *key, int8_t value);
esp_err_t nvs_set_u8(nvs_handle_t handle, const char *key, uint8_t value);
esp_err_t nvs_set_i16(nvs_handle_t handle, const char *key, int16_t value);
esp_err_t nvs_set_u16(nvs_handle_t handle, const char *key, uint16_t value);
esp_err_t nvs_set_i32(nvs_handle_t handle, const char *key, int32_t value);
esp_err_t nvs_set_u32(nvs_handle_t handle, const char *key, uint32_t value);
esp_err_t nvs_set_i64(nvs_handle_t handle, const char *key, int64_t value);
esp_err_t nvs_set_u64(nvs_handle_t handle, const char *key, uint64_t value);
esp_err_t nvs_set_float(nvs_handle_t handle, const char *key, float value);
esp_err_t nvs_set_double(nvs_handle_t handle, const char *key, double value);

/* Store a string, at most 4000 bytes with its NUL, or a blob of at most 4000 bytes for each page of
 * the partition but one, 508000 in all. value: NULL only for a blob of length 0.
 * Return as above, and ESP_ERR_NVS_VALUE_TOO_LONG. */
esp_err_t nvs_set_str(nvs_handle_t handle, const char *key, const char *value);
esp_err_t nvs_set_blob(nvs_handle_t handle, const char *key, const void *value, size_t length);

/* Removes a key of any type. Returns as nvs_set_u8(), and ESP_ERR_NVS_NOT_FOUND. */
esp_err_t nvs_erase_key(nvs_handle_t handle, const char *key);

/* Removes all keys of the handle's namespace; the namespace itself stays. */
esp_err_t nvs_erase_all(nvs_handle_t handle);

/* Overwrites with zeros what was given up before, in all of the partition. */
esp_err_t nvs_purge_all(nvs_handle_t handle);

/* Nothing is left to do: every call above writes at once. Returns ESP_OK or
 * ESP_ERR_NVS_INVALID_HANDLE. */
esp_err_t nvs_commit(nvs_handle_t handle);

/* Read a value of exactly this type.
 * Return ESP_OK, ESP_ERR_NVS_NOT_FOUND (no such key, another type, or damaged),
 * ESP_ERR_NVS_INVALID_HANDLE, ESP_ERR_NVS_KEY_TOO_LONG, ESP_ERR_INVALID_ARG (NULL) or
 * ESP_ERR_FLASH_OP_FAIL. On failure out_value is left as it was. */
esp_err_t nvs_get_i8(nvs_handle_t handle, const char *key, int8_t *out_value);
esp_err_t nvs_get_u8(nvs_handle_t handle, const char *key, uint8_t *out_value);
esp_err_t nvs_get_i16(nvs_handle_t handle, const char *key, int16_t *out_value);
esp_err_t nvs_get_u16(nvs_handle_t handle, const char *key, uint16_t *out_value);
esp_err_t nvs_get_i32(nvs_handle_t handle, const char *key, int32_t *out_value);
esp_err_t nvs_get_u32(nvs_handle_t handle, const char *key, uint32_t *out_value);
esp_err_t nvs_get_i64(nvs_handle_t handle, const char *key, int64_t *out_value);
esp_err_t nvs_get_u64(nvs_handle_t handle, const char *key, uint64_t *out_value);
esp_err_t nvs_get_float(nvs_handle_t handle, const char *key, float *out_value);
esp_err_t nvs_get_double(nvs_handle_t handle, const char *key, double *out_value);

/* Read a string (its NUL included) or a blob.
 * out_value: NULL to ask for the length. length: in: bytes of out_value, out: bytes of the value.
 * Return as above, and ESP_ERR_NVS_INVALID_LENGTH where out_value is too small (length then says
 * what is needed) or length is NULL. */
esp_err_t nvs_get_str(nvs_handle_t handle, const char *key, char *out_value, size_t *length);
esp_err_t nvs_get_blob(nvs_handle_t handle, const char *key, void *out_value, size_t *length);

/* Says whether a key is there, and its type (out_type may be NULL). Returns as nvs_get_u8(). */
esp_err_t nvs_find_key(nvs_handle_t handle, const char *key, nvs_type_t *out_type);

/* Entry counts of a partition; part_name NULL is "nvs".
 * Returns ESP_OK, ESP_ERR_NVS_NOT_INITIALIZED, ESP_ERR_INVALID_ARG or ESP_ERR_FLASH_OP_FAIL; on
 * failure the counts are 0. */
esp_err_t nvs_get_stats(const char *part_name, nvs_stats_t *nvs_stats);

/* Entries that the handle's namespace uses, its own name not counted. */
esp_err_t nvs_get_used_entry_count(nvs_handle_t handle, size_t *used_entries);

/* Starts an iteration at the first value of a type (NVS_TYPE_ANY) in a namespace (NULL: all).
 * output_iterator: set to the first value, or NULL where there is none; release it with
 * nvs_release_iterator() unless nvs_entry_next() did at the end.
 * Returns ESP_OK, ESP_ERR_NVS_NOT_FOUND, ESP_ERR_INVALID_ARG, ESP_ERR_NO_MEM or
 * ESP_ERR_FLASH_OP_FAIL. */
esp_err_t nvs_entry_find(const char *part_name, const char *namespace_name, nvs_type_t type,
                         nvs_iterator_t *output_iterator);

/* The same in the namespace of a handle; a handle that is not open is ESP_ERR_NVS_INVALID_HANDLE.
 */
esp_err_t nvs_entry_find_in_handle(nvs_handle_t handle, nvs_type_t type,
                                   nvs_iterator_t *output_iterator);

/* Goes on to the next value; at the end releases the iterator, sets it to NULL and returns
 * ESP_ERR_NVS_NOT_FOUND. Where the partition was deinitialised meanwhile:
 * ESP_ERR_NVS_NOT_INITIALIZED, iterator released and NULL too. */
esp_err_t nvs_entry_next(nvs_iterator_t *iterator);

/* What the iterator stands at. Returns ESP_OK or ESP_ERR_INVALID_ARG. */
esp_err_t nvs_entry_info(nvs_iterator_t iterator, nvs_entry_info_t *out_info);

/* Frees an iterator; NULL is left alone. */
void nvs_release_iterator(nvs_iterator_t iterator);

#ifdef __cplusplus
}
#endif

#endif
