/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BIRTHMARK_APP_H
#define BIRTHMARK_APP_H

/* App images, as the boot ROM and ESP-IDF's bootloader read them (esp_app_format.h,
 * esp_image_format.h, esp_app_desc.h). Freestanding. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/err.h"
#include "birthmark/flash.h"
#include "birthmark/hash.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { BM_APP_SEGMENTS_MAX = 16, BM_APP_HEADER_SIZE = 24, BM_APP_DESC_SIZE = 256 };

struct bm_app_segment {
    uint32_t load; /* address in the chip's memory */
    uint32_t off;  /* of its data, from the start of the image */
    uint32_t size;
};

/* The app description: the first 256 bytes of the first segment of an ESP-IDF app. */
struct bm_app_desc {
    uint32_t secure_version;
    char version[33];
    char project[33];
    char time[17];
    char date[17];
    char idf[33];
    uint8_t elf_sha256[32];
    uint16_t min_efuse_block_rev;
    uint16_t max_efuse_block_rev;
    uint8_t mmu_page_log2; /* 0: not said */
};

struct bm_app {
    uint8_t segments;
    uint8_t flash_mode; /* 0 qio, 1 qout, 2 dio, 3 dout, 4 fast read, 5 slow read */
    uint8_t flash_freq; /* low nibble of byte 3, chip-dependent */
    uint8_t flash_size; /* high nibble: 1 MB << n */
    uint8_t wp_pin;
    uint32_t entry;        /* address where the program starts */
    uint16_t chip;         /* enum bm_chip_id's number: 0 ESP32, 5 ESP32-C3, ... */
    uint16_t min_chip_rev; /* major * 100 + minor */
    uint16_t max_chip_rev;
    uint8_t has_hash; /* a SHA-256 is appended */
    uint8_t has_desc;
    uint8_t checksum; /* as stored */
    struct bm_app_segment segment[BM_APP_SEGMENTS_MAX];
    struct bm_app_desc desc;
    uint32_t size;    /* of the image: header to checksum, and the SHA-256 if there is one */
    uint8_t hash[32]; /* as stored; zeros if there is none */
};

/* Reads headers and description, not the data.
 * flash, off, room: where the image begins in a region, and how many bytes it may have at most (the
 * partition, or the file).
 * Returns BM_OK, BM_E_ARG, BM_E_IO, BM_E_NOENT (blank: no image), BM_E_CORRUPT (wrong magic, too
 * many segments, a mapped segment that is not where its page is: counted from the start of the
 * image, which the flash must have at the start of a page) or BM_E_LENGTH (it goes on behind room:
 * truncated); the place is in diag. On failure out holds what was read, the rest is zero. */
int bm_app_read(struct bm_app *out, const struct bm_flash *flash, uint32_t off, uint32_t room,
                struct bm_diag *diag);

/* The same, and checks everything: checksum, and SHA-256 if one is appended.
 * sha256: NULL leaves the SHA-256 unchecked. buf, buf_len: scratch memory of at least 64 bytes;
 * more is faster. Also returns BM_E_VERIFY: a sum is wrong. */
int bm_app_verify(struct bm_app *out, const struct bm_flash *flash, uint32_t off, uint32_t room,
                  const struct bm_hash *sha256, void *buf, size_t buf_len, struct bm_diag *diag);

/* Name of a chip id: "ESP32-C3"; NULL if unknown. */
const char *bm_app_chip_name(uint16_t chip);

/* Chip id of a name in any case, with or without dash ("esp32c3"); -1 if unknown. */
int bm_app_chip_id(const char *name);

#ifdef __cplusplus
}
#endif

#endif
