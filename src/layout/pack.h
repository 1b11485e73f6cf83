/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LAYOUT_PACK_H
#define BM_LAYOUT_PACK_H

/* An app image from the parts of a program: what esptool's elf2image makes, byte for byte. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/err.h"
#include "image/problem.h"

enum { BM_PACK_PARTS_MAX = 128, BM_PACK_SIZE_MAX = 1 << 24 };

/* Bytes for an address of the chip. */
struct bm_pack_part {
    const char *name; /* for messages, and .dram0.bootdesc of a bootloader; "" if none */
    const uint8_t *data;
    uint32_t address;
    uint32_t size;
};

struct bm_pack {
    const struct bm_pack_part *parts;
    size_t count;
    const char *source; /* name of the input, for messages */
    uint16_t chip;      /* a known chip id */
    uint8_t flash_mode; /* as in struct bm_app */
    uint8_t flash_freq;
    uint8_t flash_size;
    uint8_t no_hash;       /* 1: leaves the SHA-256 away */
    uint8_t page_log2;     /* page of mapped flash, 13 to 16; 0: as the description says */
    uint8_t secure_pad;    /* 1, 2: room, so that a signature of that version ends a page; or 0 */
    uint32_t pad_to;       /* filled up with 0xff to a multiple of it; or 0 */
    uint8_t virtual_board; /* 1: not for a chip: its memory and bootloader set no limits */
    uint32_t entry;        /* address where the program starts */
    uint16_t min_chip_rev; /* major * 100 + minor */
    uint16_t max_chip_rev;
    uint8_t min_chip_rev_old; /* for bootloaders before ESP-IDF 5 */

    /* Written into the app description, if not NULL or negative. */
    const char *version; /* at most 32 bytes, as the next two */
    const char *project;
    const char *idf;
    int64_t secure_version;
    const uint8_t *elf_sha256; /* 32 bytes; goes where the description has zeros */
};

/* Makes the image.
 * out: malloc'ed bytes, to be freed by the caller; NULL on failure. problems: errors and warnings
 * are added. Returns BM_OK, BM_E_INPUT (problems has the errors) or BM_E_NOMEM. */
int bm_pack(uint8_t **out, size_t *len, const struct bm_pack *p,
            struct bm_image_problems *problems);

/* Writes a blank description (256 bytes, with its magic number) for a program that has none.
 * page_log2: see struct bm_app_desc. */
void bm_pack_blank_desc(uint8_t desc[256], uint8_t page_log2);

#endif
