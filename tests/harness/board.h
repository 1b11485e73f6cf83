/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_TESTS_BOARD_H
#define BM_TESTS_BOARD_H

/* A small board: flash in memory with bootloader area, partition table, NVS, otadata and apps. */

#include <stdint.h>

#include "birthmark/espidf.h"
#include "birthmark/flash.h"
#include "birthmark/hash.h"
#include "birthmark/part.h"

enum {
    BOARD_TABLE = 0x8000,
    BOARD_NVS = 0x9000,
    BOARD_OTADATA = 0xd000,
    BOARD_KEYS = 0xf000,
    BOARD_APPS = 0x10000,
    BOARD_SLOT = 0x6000, /* bytes of an app partition */
    BOARD_SIZE = BOARD_APPS + 4 * BOARD_SLOT,
    BOARD_IMAGE_MAX = BOARD_SLOT
};

struct board_image {
    uint8_t data[BOARD_IMAGE_MAX];
    uint32_t len;
};

/* What an image shall be. */
struct board_app {
    unsigned version; /* "N.0"; the filling follows from it */
    uint16_t chip;
    uint32_t secure_version;
    uint32_t fill; /* bytes behind the description, a multiple of 4 */
    int no_hash;
};

struct board {
    uint8_t *mem;
    struct bm_flash flash;
    struct bm_flash_ram ram;
    struct bm_part_table table;
    struct bm_hash sha256;
    struct bm_hash md5;
};

/* An image with right checksum and hash. Exits if the library refuses it. */
void board_image_make(struct board_image *out, const struct board_app *app);

/* Sets an image's checksum and hash right after a change. */
void board_image_seal(struct board_image *image);

/* A blank board with a table: nvs, otadata, nvs_keys, factory (or not), slots (0 to 3). Exits if
 * there is no memory. */
void board_open(struct board *b, int factory, unsigned slots);
void board_close(struct board *b);

/* The row of a label; exits if there is none. */
const struct bm_part *board_row(const struct board *b, const char *label);

/* Puts an image into a partition, as a factory would. */
void board_put(struct board *b, const char *label, const struct board_image *image);

/* What the bootloader would start now; NULL: nothing. Writes nothing. */
const struct bm_part *board_boots(struct board *b, int rollback);

/* Config to attach it: ESP32, rollback on. */
struct bm_espidf_chip board_config(const struct board *b);

#endif
