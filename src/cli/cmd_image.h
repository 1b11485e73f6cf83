/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_CMD_IMAGE_H
#define BM_CLI_CMD_IMAGE_H

/* The options of `birthmark image`, and its actions. */

#include "cli/cli.h"
#include "layout/pack.h"

struct cli_image_opts {
    int json;
    int chip;                /* id, or -1 */
    uint64_t offset;         /* of the image in the file */
    int has_offset;          /* 1: the file is more than the image */
    uint64_t partition_size; /* 0: not given */

    const char *output;
    const char *flash_freq; /* as given; it depends on the chip */
    int has_entry;
    int has_min_rev; /* 1: given as ESP-IDF's build gives it, with the byte for old bootloaders */
    int has_desc;
    int for_virtual;     /* 1: a program of this machine, for the virtual board */
    uint32_t desc;       /* address of a description to be added */
    struct bm_pack pack; /* what the options say of it */
};

/* Each has the command's remaining arguments, and returns the exit status. */
int cli_image_look(struct cli *c, const struct cli_image_opts *o, int verify);
int cli_image_pack(struct cli *c, struct cli_image_opts *o);

#endif
