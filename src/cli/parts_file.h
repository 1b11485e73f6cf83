/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_PARTS_FILE_H
#define BM_CLI_PARTS_FILE_H

/* Files that a command was told to put into a flash, and the partition table that goes with them.
 */

#include "cli/cli.h"
#include "crypto/crypto.h"
#include "layout/flasher_args.h"
#include "layout/plan.h"

enum { CLI_PARTS_MAX = 256 };

struct cli_parts {
    struct bm_flash_plan plan; /* parts, chip, flash size, table's place, hashes */
    struct bm_flash_part list[CLI_PARTS_MAX];
    uint8_t *bytes[CLI_PARTS_MAX];  /* private: of list */
    char *texts[2 * CLI_PARTS_MAX]; /* private: names that list points to */
    size_t text_count;
    int erase_all; /* flasher_args.json has the flash erased first */
    struct bm_hash md5;
    struct bm_hash sha256;
};

/* Readies it: no parts yet, the table at its usual place.
 * Returns CLI_OK, or CLI_DEVICE where memory is short. Follow with cli_parts_close(). */
int cli_parts_open(struct cli_parts *p);
void cli_parts_close(struct cli_parts *p);

/* Adds what a flasher_args.json says, given the file or the folder with it, and reads the files.
 * Returns CLI_OK, or the exit status after saying all that is wrong. */
int cli_parts_args(struct cli_parts *p, const char *path);

/* Adds the arguments that are left, OFFSET FILE and NAME=FILE, and reads the files. */
int cli_parts_take(struct cli *c, struct cli_parts *p);

/* A partition table from CSV, a binary or a flash file.
 * data, len: NULL, or set to the bytes of a flash file, to be given to bm_port_free(); left alone
 * where it is none. Returns CLI_OK, or the exit status after saying what is wrong. */
int cli_layout_read(struct bm_part_table *out, const char *path, uint32_t table_off, uint8_t **data,
                    size_t *len);

/* 1 if there is a flasher_args.json: the path is one, or a folder that has one. */
int cli_is_build(const char *path);

/* Reads --table-offset. Returns CLI_OK or CLI_USAGE after saying what is wrong. */
int cli_parts_table_offset(struct cli *c, uint32_t *out, const char *text);

/* Prints the findings to stderr, a line each: "FILE: text; remedy". port: of the board that they
 * are of, or NULL. */
void cli_findings_put(const struct bm_layout_findings *findings, const char *port);

#endif
