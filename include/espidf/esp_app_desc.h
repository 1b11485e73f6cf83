/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_ESPIDF_ESP_APP_DESC_H
#define BM_ESPIDF_ESP_APP_DESC_H

/* What an app says of itself. */

#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ESP_APP_DESC_MAGIC_WORD 0xABCD5432u

/* As in an image, but by value: numbers are the host's. Texts of full length have no NUL. */
typedef struct {
    uint32_t magic_word;
    uint32_t secure_version;
    uint32_t reserv1[2];
    char version[32];
    char project_name[32];
    char time[16];
    char date[16];
    char idf_ver[32];
    uint8_t app_elf_sha256[32];
    uint16_t min_efuse_blk_rev_full;
    uint16_t max_efuse_blk_rev_full;
    uint8_t mmu_page_size; /* logarithm; 0: not said */
    uint8_t reserv3[3];
    uint32_t reserv2[18];
} esp_app_desc_t;

/* Description of the app that runs, of the attached chip. All zero if it has none; never NULL. Good
 * until the chip is detached. */
const esp_app_desc_t *esp_app_get_description(void);

/* Hash of the running app's ELF file as hex digits, as many as fit, with a NUL.
 * Returns the bytes written, the NUL included; 0 for NULL or a size under 2. */
int esp_app_get_elf_sha256(char *dst, size_t size);

#ifdef __cplusplus
}
#endif

#endif
