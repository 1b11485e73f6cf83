/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LAYOUT_ASSEMBLE_H
#define BM_LAYOUT_ASSEMBLE_H

/* One flash file from parts, and back. */

#include "layout/flasher_args.h"
#include "layout/plan.h"

/* Puts the placed parts of a checked plan into one image, 0xff between them.
 * begin: offset of flash at which the image begins. end: offset at which it ends; 0: with the last
 * part. out: malloc'ed, size bytes, to be given to free().
 * Returns BM_OK, BM_E_ARG (begin or end cuts a part off, or nothing is in between) or BM_E_NOMEM.
 */
int bm_assemble(uint8_t **out, size_t *size, const struct bm_flash_plan *plan, uint32_t begin,
                uint32_t end);

/* The size of flash that the bootloader's header names; 0: no bootloader, or none named. */
uint32_t bm_plan_header_size(const struct bm_flash_plan *plan);

enum { BM_PIECES_MAX = 256, BM_PIECE_NAME = 48 };

/* A piece of a flash image. */
struct bm_piece {
    char name[BM_PIECE_NAME]; /* of its file: of harmless characters, ends in ".bin", unique */
    char what[24];            /* "bootloader", "partition-table", the label, or "" */
    uint32_t offset;
    uint32_t len; /* bytes kept: whole for data partitions, without blank sectors at its end else */
    uint32_t size; /* bytes it has in flash */
    int blank;     /* nothing but 0xff: no file needed */
};

struct bm_pieces {
    struct bm_piece list[BM_PIECES_MAX];
    size_t count;
};

/* Cuts an image of a whole flash into pieces that cover all that is not blank, in ascending order.
 * What lies behind
 * its end counts as blank. table: the layout; partitions that overlap are refused. Returns BM_OK,
 * BM_E_INPUT (diag says why) or BM_E_NOSPC (too many pieces). */
int bm_split(struct bm_pieces *out, const uint8_t *flash, size_t len,
             const struct bm_part_table *table, uint32_t table_off, struct bm_diag *diag);

/* The chip of the bootloader in an image of a whole flash, or BM_CHIP_UNKNOWN. off: NULL, or set to
 * where it stands. */
int bm_flash_chip(const uint8_t *flash, size_t len, uint32_t table_off, uint32_t *off);

/* The size of the flash that counts for its partition table (bm_part_table_fits()): the smaller of
 * the one in the bootloader's header and of the file's, if that is a size that chips have. Returns
 * bytes, or 0 where neither is known. */
uint32_t bm_flash_limit(const uint8_t *flash, size_t len, uint32_t table_off);

/* Describes the pieces that are not blank as a flasher_args.json does. flash_size: of the
 * image; said only where a flash has such a size. Follow with
 * bm_flasher_args_free(). Returns BM_OK or BM_E_NOMEM. */
int bm_pieces_args(struct bm_flasher_args *args, const struct bm_pieces *pieces,
                   uint32_t flash_size, int chip);

#endif
