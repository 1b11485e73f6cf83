/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_BOARD_OPT_H
#define BM_CLI_BOARD_OPT_H

/* The options by which a command is told of a board: one table for all commands. cli_option() takes
 * them; a command only says that it has them. */

#include <popt.h>
#include <stdint.h>

#include "link/link.h"

struct cli;

enum cli_board_use {
    CLI_BOARD_NONE = 0,
    CLI_BOARD_READ, /* takes --port in place of a file, and reads */
    CLI_BOARD_EDIT, /* the same, and changes what it read */
    CLI_BOARD_ONLY, /* is for boards alone: without --port it takes the only one there is */
    CLI_BOARD_FILES /* the same, and has --flash-size of its own */
};

/* What the options say; zeroed but for table_off. */
struct cli_board_wish {
    const char *port; /* NULL: not given */
    uint32_t baud;    /* 0: not given */
    const struct bm_chip *chip;
    enum bm_link_before before;
    const char *sequence; /* of BM_BEFORE_CUSTOM */
    enum bm_link_after after;
    int after_given;
    unsigned attempts;   /* 0: not given */
    uint32_t flash_size; /* bytes; 0: by the flash's id */
    const char *stub;    /* file, or NULL */
    uint32_t table_off;
    const char *partition; /* NULL: the one that suits the command */
    const char *backup;    /* file, or NULL: a name is made */
    int no_backup;
    int no_progress;
    const char *lone; /* option that says nothing without --port, "partition"; NULL: none given */
};

enum { CLI_BOARD_ROWS = 20 };

/* The rows for a use but those of whose name the command has one itself, ending with POPT_TABLEEND.
 * Returns how many there are. */
size_t cli_board_options(struct poptOption rows[CLI_BOARD_ROWS], enum cli_board_use use,
                         const struct poptOption *own);

/* Vals of these rows lie above those of the commands and of the common options. */
enum { CLI_BOARD_FIRST = 0x20000 };

/* Takes the argument of --flash-size: "keep", "detect" or "4MB". Returns the same. */
int cli_board_flash_size(struct cli *c, const char *arg);

/* Takes one of them. Returns CLI_OK, or CLI_USAGE after saying what is wrong. */
int cli_board_option(struct cli *c, int option, const char *arg);

/* To be called after the last of them: a command that took a file would leave them unheard. Returns
 * CLI_OK, or CLI_USAGE after saying which one needs --port. */
int cli_board_done(struct cli *c);

#endif
