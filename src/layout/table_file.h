/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LAYOUT_TABLE_FILE_H
#define BM_LAYOUT_TABLE_FILE_H

/* A partition table from the bytes of a file, whatever it is: partition CSV, a binary table, or an
 * image of a whole flash. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/part.h"
#include "image/problem.h"
#include "layout/part_name.h"

enum bm_table_kind { BM_TABLE_CSV, BM_TABLE_BINARY, BM_TABLE_FLASH };

/* How to read; see bm_table_options_init(). */
struct bm_table_options {
    uint32_t offset;                      /* of the table in flash */
    int64_t primary_bootloader;           /* offset of it, or -1: not given */
    int64_t recovery_bootloader;          /* the same */
    const struct bm_part_subtypes *extra; /* further subtypes, or NULL */
    const char *offset_option; /* that says offset, for messages; NULL: "--table-offset" */
    int no_md5;                /* 1: an MD5 row is not known, as for ESP-IDF before v3.1 */
    /* Value of an environment variable for $NAME in CSV, or NULL; NULL: there are none. */
    const char *(*variable)(void *ctx, const char *name);
    void *ctx;
};

/* ESP-IDF's defaults: table at 0x8000, no bootloader offsets, no variables. */
void bm_table_options_init(struct bm_table_options *o);

struct bm_table_file {
    struct bm_part_table table;
    enum bm_table_kind kind;
    uint32_t offset;            /* of the table: in flash; in the file for BM_TABLE_FLASH */
    uint32_t flash_size;        /* bytes of the file for BM_TABLE_FLASH, otherwise 0 */
    uint32_t limit;             /* bm_flash_limit() for BM_TABLE_FLASH, otherwise 0 */
    uint32_t line[BM_PART_MAX]; /* of each partition in the CSV; otherwise 0 */
};

/* Reads a table. It does not judge the layout: see bm_part_table_check(); but what CSV can't say
 * (overlap of a given offset with the partition before, sizes that end before they begin) is told.
 * name: of the file, kept by problems. options: NULL for the defaults. problems: what is wrong, and
 * warnings; zeroed by the caller, who frees it.
 * Returns BM_OK, BM_E_INPUT (told in problems) or BM_E_NOMEM. */
int bm_table_load(struct bm_table_file *out, const char *name, const uint8_t *data, size_t len,
                  const struct bm_table_options *options, struct bm_image_problems *problems);

/* "CSV", "binary table", "flash image"; static storage. */
const char *bm_table_kind_text(enum bm_table_kind kind);

/* Writes a table as CSV, as gen_esp32part does.
 * text: malloc'ed, len bytes with a NUL behind them; the caller frees it. extra: as above. name:
 * of the table's file, for problems. Returns BM_OK, BM_E_INPUT (a label that CSV cannot hold; told
 * in problems) or BM_E_NOMEM. */
int bm_table_csv(char **text, size_t *len, const struct bm_part_table *table,
                 const struct bm_part_subtypes *extra, const char *name,
                 struct bm_image_problems *problems);

#endif
