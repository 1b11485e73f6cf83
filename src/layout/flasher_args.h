/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LAYOUT_FLASHER_ARGS_H
#define BM_LAYOUT_FLASHER_ARGS_H

/* build/flasher_args.json: what ESP-IDF's build wants written where. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/err.h"

enum { BM_FLASHER_FILES_MAX = 256, BM_FLASHER_TEXT_MAX = 1024 * 1024 };

struct bm_flasher_file {
    uint32_t offset;
    char *file; /* as written: relative to the folder of the JSON, or absolute */
    char *name; /* "bootloader", "app", "partition-table", ..., or NULL */
    int encrypted;
};

struct bm_flasher_args {
    struct bm_flasher_file *files; /* in the order of the JSON */
    size_t count;
    uint32_t flash_size; /* bytes; 0: not said, or left to esptool (detect, keep) */
    char chip[24];       /* "esp32", or "" */
    int erase_all;       /* the flash is erased before anything is written */
};

/* Where a JSON text is wrong, counted from 1; 0: not known. */
struct bm_flasher_place {
    unsigned line;
    unsigned column;
};

/* Reads a text of any bytes.
 * out: filled, release with bm_flasher_args_free() whatever is returned. place: NULL, or where the
 * text is no JSON. Returns BM_OK, BM_E_INPUT (diag says what is wrong) or BM_E_NOMEM. */
int bm_flasher_args_parse(struct bm_flasher_args *out, const char *text, size_t len,
                          struct bm_flasher_place *place, struct bm_diag *diag);
void bm_flasher_args_free(struct bm_flasher_args *args);

/* Writes such a text. text: malloc'ed, ended by a NUL, to be given to free().
 * Returns BM_OK or BM_E_NOMEM. */
int bm_flasher_args_format(char **text, const struct bm_flasher_args *args);

/* Reads a size: bytes, decimal or 0x, or with K, KB, M or MB behind them (1024s), any case. Returns
 * BM_OK or BM_E_INPUT (also for 0, and for 4 GiB and more). */
int bm_flash_size_parse(uint32_t *size, const char *text);

#endif
