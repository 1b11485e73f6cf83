/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DESC_H
#define DESC_H

/* The app description that leads an image (ESP-IDF: esp_app_desc.h). The linker scripts put it at
 * the start of the first read-only segment; `image pack` fills in the SHA-256 of the ELF file. */

#include <stdint.h>

#define DESC_MAGIC 0xabcd5432u

struct desc {
    uint32_t magic;
    uint32_t secure_version;
    uint32_t reserved1[2];
    char version[32];
    char project[32];
    char time[16];
    char date[16];
    char idf[32];
    uint8_t elf_sha256[32];
    uint16_t min_efuse_block_rev;
    uint16_t max_efuse_block_rev;
    uint8_t mmu_page_log2;
    uint8_t reserved2[3];
    uint32_t reserved3[18];
};

extern const struct desc app_desc;

#endif
