/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_ESPIDF_ESP_OTA_OPS_H
#define BM_ESPIDF_ESP_OTA_OPS_H

/* ESP-IDF's API of updates over the air, on the chip that bm_espidf_attach_chip() attached
 * (birthmark/espidf.h). Same codes in the same situations; docs/ota.md says where more is made sure
 * of. Calls may come from any thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_app_desc.h"
#include "esp_err.h"
#include "esp_image_format.h"
#include "esp_partition.h"

#ifdef __cplusplus
extern "C" {
#endif

#define OTA_SIZE_UNKNOWN           0xffffffff
#define OTA_WITH_SEQUENTIAL_WRITES 0xfffffffe

#define ESP_ERR_OTA_BASE                   0x1500
#define ESP_ERR_OTA_PARTITION_CONFLICT     (ESP_ERR_OTA_BASE + 0x01)
#define ESP_ERR_OTA_SELECT_INFO_INVALID    (ESP_ERR_OTA_BASE + 0x02)
#define ESP_ERR_OTA_VALIDATE_FAILED        (ESP_ERR_OTA_BASE + 0x03)
#define ESP_ERR_OTA_SMALL_SEC_VER          (ESP_ERR_OTA_BASE + 0x04)
#define ESP_ERR_OTA_ROLLBACK_FAILED        (ESP_ERR_OTA_BASE + 0x05)
#define ESP_ERR_OTA_ROLLBACK_INVALID_STATE (ESP_ERR_OTA_BASE + 0x06)

typedef uint32_t esp_ota_handle_t;

typedef enum {
    ESP_OTA_IMG_NEW = 0,
    ESP_OTA_IMG_PENDING_VERIFY = 1,
    ESP_OTA_IMG_VALID = 2,
    ESP_OTA_IMG_INVALID = 3,
    ESP_OTA_IMG_ABORTED = 4,
    ESP_OTA_IMG_UNDEFINED = -1
} esp_ota_img_states_t;

/* Begins an update of an OTA slot and erases it: for image_size bytes; all of it (0 or
 * OTA_SIZE_UNKNOWN); or as it is written (OTA_WITH_SEQUENTIAL_WRITES).
 * Returns ESP_OK, ESP_ERR_INVALID_ARG (NULL, no OTA slot), ESP_ERR_NOT_FOUND (not of the table),
 * ESP_ERR_OTA_PARTITION_CONFLICT (it is what runs), ESP_ERR_OTA_ROLLBACK_INVALID_STATE (the app
 * that runs has not been confirmed), ESP_ERR_INVALID_SIZE (larger than the slot),
 * ESP_ERR_NOT_ALLOWED (read-only), ESP_ERR_NO_MEM or ESP_ERR_FLASH_OP_FAIL. */
esp_err_t esp_ota_begin(const esp_partition_t *partition, size_t image_size,
                        esp_ota_handle_t *out_handle);

/* The same after a restart, with the first image_offset bytes of the image in the slot already.
 * erase_size: OTA_WITH_SEQUENTIAL_WRITES, or anything else: the slot has been erased. */
esp_err_t esp_ota_resume(const esp_partition_t *partition, size_t erase_size, size_t image_offset,
                         esp_ota_handle_t *out_handle);

/* Writes the next bytes, behind as many as were written.
 * Returns ESP_OK (also for no bytes, whatever the handle is), ESP_ERR_INVALID_ARG (NULL, no such
 * handle), ESP_ERR_OTA_VALIDATE_FAILED (the first byte is not an image's), ESP_ERR_INVALID_SIZE
 * (beyond the slot), ESP_ERR_INVALID_STATE (the slot has been selected, or another update of it has
 * begun) or ESP_ERR_FLASH_OP_FAIL. */
esp_err_t esp_ota_write(esp_ota_handle_t handle, const void *data, size_t size);

/* Writes bytes at an offset in the slot. Returns as above; with flash encryption
 * ESP_ERR_INVALID_ARG unless offset and size are multiples of 16; ESP_ERR_INVALID_STATE also in
 * an update with sequential writes. */
esp_err_t esp_ota_write_with_offset(esp_ota_handle_t handle, const void *data, size_t size,
                                    uint32_t offset);

/* Ends the update, good or not, and checks the image that was written.
 * Returns ESP_OK, ESP_ERR_NOT_FOUND (no such handle), ESP_ERR_INVALID_ARG (nothing was written),
 * ESP_ERR_INVALID_STATE (the last bytes could not be written) or ESP_ERR_OTA_VALIDATE_FAILED. */
esp_err_t esp_ota_end(esp_ota_handle_t handle);

/* Gives the update up. Returns ESP_OK or ESP_ERR_NOT_FOUND. */
esp_err_t esp_ota_abort(esp_ota_handle_t handle);

/* Makes an app the one that boots next, after checking its image.
 * Returns ESP_OK, ESP_ERR_INVALID_ARG (NULL, neither OTA slot nor factory, not of the table),
 * ESP_ERR_OTA_VALIDATE_FAILED, ESP_ERR_NOT_FOUND (no otadata), ESP_ERR_OTA_SMALL_SEC_VER (it is
 * erased then, as by ESP-IDF, unless it runs), ESP_ERR_OTA_SELECT_INFO_INVALID (the sequence
 * numbers are used up) or ESP_ERR_FLASH_OP_FAIL. */
esp_err_t esp_ota_set_boot_partition(const esp_partition_t *partition);

/* The app that otadata selects, or that boots without it; NULL: no otadata or no app. Its image is
 * not looked at. */
const esp_partition_t *esp_ota_get_boot_partition(void);

/* The app that runs; NULL: none of the attached chip. */
const esp_partition_t *esp_ota_get_running_partition(void);

/* The OTA slot to update next, behind start_from (NULL: the app that runs); the only slot comes
 * behind itself. NULL: there is none. */
const esp_partition_t *esp_ota_get_next_update_partition(const esp_partition_t *start_from);

/* Description of the app in a partition.
 * Returns ESP_OK, ESP_ERR_INVALID_ARG (NULL), ESP_ERR_NOT_SUPPORTED (no app partition),
 * ESP_ERR_NOT_FOUND (no description), ESP_ERR_INVALID_SIZE or ESP_ERR_FLASH_OP_FAIL. */
esp_err_t esp_ota_get_partition_description(const esp_partition_t *partition,
                                            esp_app_desc_t *app_desc);

/* Number of OTA slots. */
uint8_t esp_ota_get_app_partition_count(void);

/* State of a slot in otadata.
 * Returns ESP_OK, ESP_ERR_INVALID_ARG (NULL), ESP_ERR_NOT_SUPPORTED (no OTA slot) or
 * ESP_ERR_NOT_FOUND (no record of it). */
esp_err_t esp_ota_get_state_partition(const esp_partition_t *partition,
                                      esp_ota_img_states_t *ota_state);

/* Confirms the app that runs, so that it is not rolled back.
 * Returns ESP_OK, ESP_FAIL (no slot is selected: the factory app runs), ESP_ERR_NOT_FOUND (no
 * otadata) or ESP_ERR_FLASH_OP_FAIL. Where otadata selects another app than the one that runs,
 * nothing is written: nobody has tried that one. */
esp_err_t esp_ota_mark_app_valid_cancel_rollback(void);

/* Rejects the selected app, so that the one before boots next.
 * Returns ESP_OK, ESP_FAIL (no slot is selected), ESP_ERR_OTA_ROLLBACK_FAILED (there is no app to
 * go back to), ESP_ERR_NOT_FOUND (no otadata) or ESP_ERR_FLASH_OP_FAIL. */
esp_err_t esp_ota_mark_app_invalid_rollback(void);

/* The same, then esp_restart(). */
esp_err_t esp_ota_mark_app_invalid_rollback_and_reboot(void);

/* 1 if there is a good app to go back to. */
bool esp_ota_check_rollback_is_possible(void);

/* The last slot that was rejected or not confirmed, if its image is in one piece; or NULL. */
const esp_partition_t *esp_ota_get_last_invalid_partition(void);

/* Erases the slot that ran before, and its record. Returns ESP_OK, ESP_FAIL (there is none, it
 * runs, or the app that runs has not been confirmed), ESP_ERR_NOT_ALLOWED or ESP_ERR_FLASH_OP_FAIL.
 */
esp_err_t esp_ota_erase_last_boot_app_partition(void);

/* Takes away the record of the slot that ran before. Returns as above. */
esp_err_t esp_ota_invalidate_inactive_ota_data_slot(void);

/* Older names. */
#define esp_ota_get_app_description esp_app_get_description
#define esp_ota_get_app_elf_sha256  esp_app_get_elf_sha256

#ifdef __cplusplus
}
#endif

#endif
