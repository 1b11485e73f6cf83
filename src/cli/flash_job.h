/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_FLASH_JOB_H
#define BM_CLI_FLASH_JOB_H

/* Files and the places of a board's flash where they belong: what birthmark flash writes and
 * birthmark verify compares. */

#include "cli/board.h"
#include "cli/parts_file.h"

struct cli_flash {
    const char *args;               /* flasher_args.json, or the folder with it; NULL: not given */
    const char *table_path;         /* NULL: not given */
    const char *mode, *freq, *size; /* as given, NULL: keep */
    int force, erase_all, json;
    struct cli_parts parts;
    struct bm_part_table given;   /* by --table */
    struct bm_part_table present; /* on the board */
    uint32_t present_off;
    int has_present;
    struct bm_diag why; /* there is no table on the board */
    struct bm_layout_findings findings;
};

enum {
    CLI_FLASH_ARGS = 0x100,
    CLI_FLASH_TABLE,
    CLI_FLASH_MODE,
    CLI_FLASH_FREQ,
    CLI_FLASH_SIZE,
    CLI_FLASH_NOTHING /* accepted without effect */
};

#define CLI_FLASH_HIDDEN(name, letters, val, arg)                                              \
    {name, '\0', POPT_ARG_STRING | POPT_ARGFLAG_DOC_HIDDEN, NULL, val, "the same", arg},       \
    {                                                                                          \
        letters, '\0', POPT_ARG_STRING | POPT_ARGFLAG_DOC_HIDDEN | POPT_ARGFLAG_ONEDASH, NULL, \
            val, "the same", arg                                                               \
    }

/* Rows of both commands' tables. */
#define CLI_FLASH_OPTIONS                                                                            \
    {                                                                                                \
        "args",                                                                                      \
        'a',                                                                                         \
        POPT_ARG_STRING,                                                                             \
        NULL,                                                                                        \
        CLI_FLASH_ARGS,                                                                              \
        "take the files of a flasher_args.json, or of the build folder that has one",                \
        "JSON"},                                                                                     \
        {"table",                                                                                    \
         't',                                                                                        \
         POPT_ARG_STRING,                                                                            \
         NULL,                                                                                       \
         CLI_FLASH_TABLE,                                                                            \
         "look up names in this table, not in the board's: CSV, binary or flash file",               \
         "TABLE"},                                                                                   \
        {"flash-mode",    '\0',                                                                      \
         POPT_ARG_STRING, NULL,                                                                      \
         CLI_FLASH_MODE,  "write keep, qio, qout, dio or dout into the bootloader's header (keep)",  \
         "MODE"},                                                                                    \
        {"flash-freq", '\0', POPT_ARG_STRING, NULL, CLI_FLASH_FREQ, "the same: keep, 80m, 40m, ...", \
         "CLOCK"},                                                                                   \
        {"flash-size", '\0',           POPT_ARG_STRING,                                              \
         NULL,         CLI_FLASH_SIZE, "the same: keep, detect (what the board has), 4MB, ...",      \
         "SIZE"},                                                                                    \
        CLI_FLASH_HIDDEN("flash_mode", "fm", CLI_FLASH_MODE, "MODE"),                                \
        CLI_FLASH_HIDDEN("flash_freq", "ff", CLI_FLASH_FREQ, "CLOCK"),                               \
        CLI_FLASH_HIDDEN("flash_size", "fs", CLI_FLASH_SIZE, "SIZE")

/* Takes one of these. Returns CLI_OK, or CLI_USAGE after saying what is wrong. */
int cli_flash_option(struct cli *c, struct cli_flash *f, int option);

/* Reads all files. words: what esptool calls the command, which may stand first ("write_flash").
 * Follow with cli_flash_close() in any case. Returns CLI_OK or the exit status after saying what is
 * wrong. */
int cli_flash_open(struct cli *c, struct cli_flash *f, const char *word);
void cli_flash_close(struct cli_flash *f);

/* Finds out where each file goes on this board, and changes the bootloader's header as wanted; what
 * is wrong goes to findings. Returns the same. */
int cli_flash_place(struct cli *c, struct cli_flash *f, struct cli_board *b);

/* Prints the findings; an error is a warning if it is overridden. */
void cli_flash_tell(const struct cli_flash *f, const struct cli_board *b, int as_warnings);

/* Positions of the parts in ascending order of their offsets. */
void cli_flash_order(const struct cli_flash *f, size_t order[CLI_PARTS_MAX]);

#endif
