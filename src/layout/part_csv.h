/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LAYOUT_PART_CSV_H
#define BM_LAYOUT_PART_CSV_H

/* Partition CSV: one partition a line, fields between commas, '#' before comments, no quotes; so
 * libcsv, which is for quotes, has no part in it. docs/compatibility.md says how gen_esp32part
 * reads the same bytes. */

#include "layout/table_file.h"

/* Reads CSV text into out->table and out->line. Returns as bm_table_load(). */
int bm_part_csv_read(struct bm_table_file *out, const char *name, const char *text, size_t len,
                     const struct bm_table_options *o, struct bm_image_problems *problems);

#endif
