/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_LIVE_H
#define BM_CLI_LIVE_H

/* A live board in place of the file that a command is given. Where --port was there, the command's
 * argument for the file is left out, and what loads files loads from the board instead. */

#include "birthmark/part.h"
#include "cli/cli.h"

/* What a command is given to read: with --port the board, else its next argument (NULL: none). */
const char *cli_input(struct cli *c);

/* 1 if this, from cli_input(), is the board. */
int cli_is_live(const struct cli *c, const char *input);

/* Bytes of a partition of the board. */
struct cli_live_data {
    uint8_t *data; /* free with bm_port_free() */
    size_t len;
    uint32_t room;    /* bytes of the partition */
    const char *name; /* to show: "/dev/ttyUSB0:nvs"; lives as long as c */
};

/* Reads the NVS partition that --partition names; without it "nvs", or the only one there is.
 * keep 0: lets the board go on at once; 1: it waits, for cli_live_write().
 * Returns CLI_OK, or the exit status after saying what is wrong. */
int cli_live_nvs(struct cli *c, struct cli_live_data *out, int keep);

/* The same of otadata (*table, of the board, is filled, too). A board without otadata gives len 0.
 * The board waits. */
int cli_live_otadata(struct cli *c, struct cli_live_data *out, struct bm_part_table *table);

/* The whole flash of the board that waits, as a region; NULL if none does. */
const struct bm_flash *cli_live_flash(struct cli *c);

/* 1 if this code, of something that read from that region, says that it could not be read. */
int cli_live_flash_failed(int code);

/* Says why there is no such region, or what went wrong in it last. Returns the exit status. */
int cli_live_flash_fail(struct cli *c, int code);

/* Where a command that was to change the board failed before it came to that, says so. Returns
 * status. */
int cli_live_untouched(const struct cli *c, int status);

/* The chip id in headers of images for that board; -1: not known. */
int cli_live_chip_id(const struct cli *c);

/* Reads the app of --partition; without it the one that otadata selects. */
int cli_live_app(struct cli *c, struct cli_live_data *out);

/* The board's table as it lies in flash, and the size of the flash. The board goes on. */
int cli_live_table(struct cli *c, struct cli_live_data *out, uint32_t *flash_size);

/* Writes the sectors of the partition read last that are not as in data, after keeping the old
 * bytes in a file, and checks the sum of it all. len: as read. Returns the same. */
int cli_live_write(struct cli *c, const uint8_t *data, size_t len);

/* Lets the board go on; also at the end of every command. */
void cli_live_release(struct cli *c);
void cli_live_close(struct cli *c);

#endif
