/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_BOARD_H
#define BM_CLI_BOARD_H

/* A board for a command: its port, the session with its loader, and what becomes of it afterwards.
 */

#include "birthmark/part.h"
#include "cli/board_progress.h"
#include "cli/cli.h"

enum { CLI_PORT_SIZE = 256 };

struct cli_board {
    char port[CLI_PORT_SIZE]; /* to show */
    struct bm_serial serial;
    struct bm_link *link; /* NULL: not connected */
    struct bm_link_stub *stub;
    struct bm_link_info info;
    struct cli_progress progress;
    enum bm_link_after after;
    int after_given; /* by --after */
    int heeds_pipe;  /* 1: SIGPIPE is put off: a board is not left for a reader that went */
};

/* Finds the port: as given, of BIRTHMARK_PORT, or of the only board there is ("auto").
 * Returns CLI_OK, or the exit status after saying what is wrong. */
int cli_board_port(struct cli *c, char port[CLI_PORT_SIZE]);

/* Opens the port alone; resets nothing. Follow with cli_board_close(). Returns the same. */
int cli_board_open_port(struct cli_board *b, struct cli *c);

/* Connects as the options say, and asks what board it is. From then on Ctrl-C ends what is being
 * done in order; a second one ends the program. json: events instead of bar and lines. Follow with
 * cli_board_close() in any case. Returns the same. */
int cli_board_open(struct cli_board *b, struct cli *c, int json);

/* Ends the session: resets the board, or what --after says. A zeroed struct is left alone. */
void cli_board_close(struct cli_board *b);

/* Says what failed. Returns CLI_DEVICE, or CLI_INTERRUPTED after Ctrl-C. */
int cli_board_fail(struct cli_board *b, int code, const struct bm_diag *diag);

/* 1 after Ctrl-C. */
int cli_board_stopped(void);

/* From 1 to 0 on signals wait, for a few sectors that must not stay half written. */
void cli_board_hold(int on);

/* Flash is not whole: leaves the board in download mode at the end, unless --after says otherwise.
 * Returns 1 if it will wait there. */
int cli_board_wait(struct cli_board *b);

/* Closes the board; with json, prints a "failed" event for a status that says so, unless the last
 * event did already. Returns cli_finish(status). */
int cli_board_finish(struct cli_board *b, int json, int status);

/* Reads a range into malloc'ed bytes; free with bm_port_free(). what: to show. Sectors that are
 * blank are told by their sum and not read. Returns CLI_OK or the exit status after saying why. */
int cli_board_read(struct cli_board *b, const char *what, uint32_t off, uint32_t len,
                   uint8_t **data);

/* MD5 of these bytes and of the board's are the same. Returns the same; *same is 1 or 0. */
int cli_board_same(struct cli_board *b, uint32_t off, const uint8_t *data, size_t len, int *same);

/* Is it all 0xff? */
int cli_board_blank(struct cli_board *b, uint32_t off, uint32_t len, int *blank);

/* "24:0a:c4:00:00:01", and "0.4"; NULL, and out left alone, where the board does not tell. */
enum { CLI_MAC_SIZE = 18, CLI_REVISION_SIZE = 24 };
const char *cli_mac(char out[CLI_MAC_SIZE], const struct bm_link_info *info);
const char *cli_revision(char out[CLI_REVISION_SIZE], const struct bm_link_info *info);

/* "ESP32-C3 revision 0.4, 24:0a:..., 4 MB flash" */
enum { CLI_BOARD_TEXT = 160 };
const char *cli_board_text(char out[CLI_BOARD_TEXT], const struct bm_link_info *info);

/* Reads the partition table at an offset of flash. found: 0 where there is no good one; why then
 * says what is there instead ("" for blank flash). Returns the same. */
int cli_board_read_table(struct cli_board *b, uint32_t off, struct bm_part_table *table, int *found,
                         struct bm_diag *why);

/* A part of the board's flash by its name: a partition of the table, "bootloader" or
 * "partition-table". Returns CLI_OK, or CLI_INPUT after saying that there is none. */
int cli_board_place(struct cli_board *b, const struct cli *c, const char *name, uint32_t *off,
                    uint32_t *size);

#endif
