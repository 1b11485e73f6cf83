/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_CMD_GENERATE_TABLE_H
#define BM_CLI_CMD_GENERATE_TABLE_H

/* The partition that an image is for, as the partition table has it (--table, --label). */

#include <jansson.h>
#include <stdio.h>

#include "birthmark/part.h"
#include "cli/cli.h"
#include "image/generate.h"

struct cli_generate_part {
    const char *table;     /* file, or NULL: the size is given by hand */
    const char *table_off; /* where the table is in flash, as given, or NULL */
    const char *label;     /* of the partition, or NULL: the only one for NVS */
    struct bm_part part;
    uint32_t size; /* bytes of the partition, once it was found */
};

/* Finds the partition and sees that an NVS image can be in it.
 * Returns CLI_OK (also without a table), or the exit status after saying why not. */
int cli_generate_part_find(struct cli *c, struct cli_generate_part *p);

/* 1 if the device only reads the partition. 0 without a table, too. */
int cli_generate_part_readonly(const struct cli_generate_part *p);

/* Says that the image does not fit the partition, with both sizes. */
void cli_generate_part_full(const struct cli_generate_part *p,
                            const struct bm_image_result *result);

/* Says where the image belongs: a line of text, or a field "partition" of a summary. */
void cli_generate_part_text(FILE *to, const struct cli_generate_part *p);
int cli_generate_part_json(json_t *summary, const struct cli_generate_part *p);

#endif
