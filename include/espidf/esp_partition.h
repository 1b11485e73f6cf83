/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_ESPIDF_ESP_PARTITION_H
#define BM_ESPIDF_ESP_PARTITION_H

/* ESP-IDF's partitions. They come from the table of a whole flash (bm_espidf_attach_chip(),
 * birthmark/espidf.h), one by one from bm_espidf_attach() and its like, or a program fills one in
 * itself. Nothing is mapped into memory: there is no esp_partition_mmap(). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"

#ifdef __cplusplus
extern "C" {
#endif

struct bm_flash; /* birthmark/flash.h */

typedef enum {
    ESP_PARTITION_TYPE_APP = 0x00,
    ESP_PARTITION_TYPE_DATA = 0x01,
    ESP_PARTITION_TYPE_BOOTLOADER = 0x02,
    ESP_PARTITION_TYPE_PARTITION_TABLE = 0x03,
    ESP_PARTITION_TYPE_ANY = 0xff
} esp_partition_type_t;

typedef enum {
    ESP_PARTITION_SUBTYPE_APP_FACTORY = 0x00,
    ESP_PARTITION_SUBTYPE_APP_OTA_MIN = 0x10,
    ESP_PARTITION_SUBTYPE_APP_OTA_0 = 0x10,
    ESP_PARTITION_SUBTYPE_APP_OTA_1 = 0x11,
    ESP_PARTITION_SUBTYPE_APP_OTA_2 = 0x12,
    ESP_PARTITION_SUBTYPE_APP_OTA_3 = 0x13,
    ESP_PARTITION_SUBTYPE_APP_OTA_4 = 0x14,
    ESP_PARTITION_SUBTYPE_APP_OTA_5 = 0x15,
    ESP_PARTITION_SUBTYPE_APP_OTA_6 = 0x16,
    ESP_PARTITION_SUBTYPE_APP_OTA_7 = 0x17,
    ESP_PARTITION_SUBTYPE_APP_OTA_8 = 0x18,
    ESP_PARTITION_SUBTYPE_APP_OTA_9 = 0x19,
    ESP_PARTITION_SUBTYPE_APP_OTA_10 = 0x1a,
    ESP_PARTITION_SUBTYPE_APP_OTA_11 = 0x1b,
    ESP_PARTITION_SUBTYPE_APP_OTA_12 = 0x1c,
    ESP_PARTITION_SUBTYPE_APP_OTA_13 = 0x1d,
    ESP_PARTITION_SUBTYPE_APP_OTA_14 = 0x1e,
    ESP_PARTITION_SUBTYPE_APP_OTA_15 = 0x1f,
    ESP_PARTITION_SUBTYPE_APP_OTA_MAX = 0x20,
    ESP_PARTITION_SUBTYPE_APP_TEST = 0x20,
    ESP_PARTITION_SUBTYPE_DATA_OTA = 0x00,
    ESP_PARTITION_SUBTYPE_DATA_PHY = 0x01,
    ESP_PARTITION_SUBTYPE_DATA_NVS = 0x02,
    ESP_PARTITION_SUBTYPE_DATA_COREDUMP = 0x03,
    ESP_PARTITION_SUBTYPE_DATA_NVS_KEYS = 0x04,
    ESP_PARTITION_SUBTYPE_DATA_EFUSE_EM = 0x05,
    ESP_PARTITION_SUBTYPE_DATA_UNDEFINED = 0x06,
    ESP_PARTITION_SUBTYPE_DATA_ESPHTTPD = 0x80,
    ESP_PARTITION_SUBTYPE_DATA_FAT = 0x81,
    ESP_PARTITION_SUBTYPE_DATA_SPIFFS = 0x82,
    ESP_PARTITION_SUBTYPE_DATA_LITTLEFS = 0x83,
    ESP_PARTITION_SUBTYPE_ANY = 0xff
} esp_partition_subtype_t;

#define ESP_PARTITION_SUBTYPE_OTA(i) \
    ((esp_partition_subtype_t)(ESP_PARTITION_SUBTYPE_APP_OTA_MIN + ((i)&0xf)))

/* A part of a flash region. A program's own one: zero it, set flash_chip, size and label, and
 * address where the partition does not begin with the region. */
typedef struct {
    const struct bm_flash *flash_chip; /* kept while the partition is initialised */
    esp_partition_type_t type;
    esp_partition_subtype_t subtype;
    uint32_t address;    /* where it begins in flash_chip, a multiple of 4096 */
    uint32_t size;       /* bytes */
    uint32_t erase_size; /* bytes of a sector */
    char label[17];
    bool encrypted; /* with flash encryption on: writes in whole blocks of 16 bytes */
    bool readonly;
} esp_partition_t;

typedef struct esp_partition_iterator_opaque_ *esp_partition_iterator_t;

/* Iterates over the partitions of this type and subtype (or ..._ANY) with this label (NULL: any;
 * the text is kept by the caller), in the order of the table. Returns NULL if there is none, or for
 * a subtype of any type. Release it, unless esp_partition_next() has returned NULL. */
esp_partition_iterator_t esp_partition_find(esp_partition_type_t type,
                                            esp_partition_subtype_t subtype, const char *label);

/* The first such partition. Those attached one by one are data: of subtype nvs_keys where the label
 * begins with "nvs_key", else nvs. Returns NULL if there is none; else good until the partition is
 * detached. */
const esp_partition_t *esp_partition_find_first(esp_partition_type_t type,
                                                esp_partition_subtype_t subtype, const char *label);

/* The partition where an iterator stands; NULL for NULL. */
const esp_partition_t *esp_partition_get(esp_partition_iterator_t iterator);

/* Goes on; releases the iterator and returns NULL if there is no other. */
esp_partition_iterator_t esp_partition_next(esp_partition_iterator_t iterator);

/* Releases an iterator; NULL is left alone. */
void esp_partition_iterator_release(esp_partition_iterator_t iterator);

/* The partition of the table that a copy describes, or NULL: place, size, type, subtype, encryption
 * and, unless empty, label must be equal. */
const esp_partition_t *esp_partition_verify(const esp_partition_t *partition);

/* Reads. Returns ESP_OK, ESP_ERR_INVALID_ARG (NULL, or begins behind the end),
 * ESP_ERR_INVALID_SIZE (ends behind the end) or ESP_ERR_FLASH_OP_FAIL. */
esp_err_t esp_partition_read(const esp_partition_t *partition, size_t src_offset, void *dst,
                             size_t size);

/* Programs what has been erased. Returns as above, ESP_ERR_NOT_ALLOWED (read-only), and for
 * encrypted partitions ESP_ERR_INVALID_ARG or ..._SIZE if it is not in whole blocks of 16 bytes. */
esp_err_t esp_partition_write(const esp_partition_t *partition, size_t dst_offset, const void *src,
                              size_t size);

/* The same two: what encrypts is below struct bm_flash. */
esp_err_t esp_partition_read_raw(const esp_partition_t *partition, size_t src_offset, void *dst,
                                 size_t size);
esp_err_t esp_partition_write_raw(const esp_partition_t *partition, size_t dst_offset,
                                  const void *src, size_t size);

/* Erases whole sectors. Returns as the write does; ESP_ERR_INVALID_ARG for an offset, ..._SIZE for
 * a size that is not a multiple of erase_size. */
esp_err_t esp_partition_erase_range(const esp_partition_t *partition, size_t offset, size_t size);

/* SHA-256 (32 bytes) of an app's image, as appended to it and checked, or else computed; of all
 * bytes of another partition. Needs the sha256 of bm_espidf_attach_chip().
 * Returns ESP_OK, ESP_ERR_INVALID_ARG, ESP_ERR_IMAGE_INVALID (esp_image_format.h),
 * ESP_ERR_NOT_SUPPORTED (no SHA-256 was given) or ESP_ERR_FLASH_OP_FAIL. */
esp_err_t esp_partition_get_sha256(const esp_partition_t *partition, uint8_t *sha_256);

/* True if both have the same SHA-256. */
bool esp_partition_check_identity(const esp_partition_t *partition_1,
                                  const esp_partition_t *partition_2);

#ifdef __cplusplus
}
#endif

#endif
