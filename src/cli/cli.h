/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_CLI_H
#define BM_CLI_CLI_H

/* The shape of a command: one const table row that parses, prints help, and makes the man page and
 * the shell completion. Option parsing and help layout are popt's. */

#include <popt.h>
#include <stdio.h>

#include "birthmark/err.h"
#include "cli/board_opt.h"

/* Exit status by class. */
enum cli_exit {
    CLI_OK = 0,
    CLI_NO = 1,     /* the answer is no: findings, absent key, differing images */
    CLI_USAGE = 2,  /* wrong arguments */
    CLI_INPUT = 3,  /* input that is wrong or cannot be read */
    CLI_DEVICE = 4, /* output, device or link failed */
    CLI_LEDGER = 5,
    CLI_INTERRUPTED = 130
};

struct cli_example {
    const char *command; /* as typed */
    const char *what;    /* what it does, one line */
};

struct cli;

struct cli_cmd {
    const char *name;
    const char *args;    /* positional arguments, as shown behind the name: "IMAGE NAMESPACE KEY" */
    const char *summary; /* one line for the list of commands, lower case, no full stop */
    const char *about;   /* help and man text: paragraphs separated by blank lines */
    const struct poptOption
        *options; /* ends with POPT_TABLEEND; val is what cli_option() returns */
    const struct cli_example *examples; /* ends with {NULL, NULL} */
    int (*run)(struct cli *c);          /* returns enum cli_exit */
    int numbers; /* 1: "-5" is an argument, not an option; it must be the last argument */
    enum cli_board_use board; /* has the options of a board, too */
};

/* The tables of a command's options, the common ones last. Not to be copied. */
struct cli_tables {
    const struct poptOption *list[3];
    size_t count;
    struct poptOption board[CLI_BOARD_ROWS]; /* private */
};

/* One run of a command. */
struct cli {
    const struct cli_cmd *cmd;
    poptContext popt;
    struct cli_tables tables;     /* private */
    struct poptOption options[4]; /* private: the same as groups */
    struct cli_kept *kept;        /* private: option arguments, freed at the end */
    const char **argv;            /* private: rearranged, or NULL */
    const char *arg;              /* private: argument of the last option */
    int helped;                   /* private: --help was there and is answered */
    struct cli_board_wish board;  /* what the options of a board say */
    struct cli_live *live;        /* live.h: the board that stands in for a file, or NULL */
    char title[32];               /* "birthmark dump" */
};

/* The next option: its val, 0 when there are no more, or negative after saying what is wrong (the
 * command then returns CLI_USAGE). Options may stand before, between and behind the arguments. */
int cli_option(struct cli *c);

/* The argument of the option just returned; owned by the command line, lives to the end. */
const char *cli_option_arg(struct cli *c);

/* The next positional argument, or NULL. Call after cli_option() gave 0. */
const char *cli_arg(struct cli *c);

/* Prints "birthmark COMMAND: message" and a hint at --help to stderr; returns CLI_USAGE. */
int cli_usage(struct cli *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints "birthmark: message" to stderr as one line, control characters replaced. */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void cli_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The text of the last of these lines, usage errors too; "" before the first. */
const char *cli_last_error(void);

/* Prints a space and a word as a shell takes it for one. */
void cli_word(FILE *to, const char *word);

/* Prints what went wrong with a file from a diag, and returns the exit status for the code. */
int cli_fail(const char *path, int code, const struct bm_diag *diag);

/* The same for a file that was to be read: a folder or a missing permission is CLI_INPUT too. */
int cli_fail_input(const char *path, int code, const struct bm_diag *diag);

/* Flushes stdout; CLI_DEVICE with a message if anything written to it was lost, else status. */
int cli_finish(int status);

/* 1 if output to this stream should carry colour: a terminal, TERM not "dumb", no NO_COLOR; --color
 * always|never overrides. */
int cli_color(FILE *stream);

/* The commands, ending with NULL. */
extern const struct cli_cmd *const cli_commands[];
extern const struct cli_cmd cmd_generate;
extern const struct cli_cmd cmd_encrypt;
extern const struct cli_cmd cmd_decrypt;
extern const struct cli_cmd cmd_generate_key;
extern const struct cli_cmd cmd_dump;
extern const struct cli_cmd cmd_check;
extern const struct cli_cmd cmd_map;
extern const struct cli_cmd cmd_get;
extern const struct cli_cmd cmd_set;
extern const struct cli_cmd cmd_unset;
extern const struct cli_cmd cmd_import;
extern const struct cli_cmd cmd_export;
extern const struct cli_cmd cmd_diff;
extern const struct cli_cmd cmd_partitions;
extern const struct cli_cmd cmd_image;
extern const struct cli_cmd cmd_ota;
extern const struct cli_cmd cmd_assemble;
extern const struct cli_cmd cmd_preflight;
extern const struct cli_cmd cmd_ports;
extern const struct cli_cmd cmd_monitor;
extern const struct cli_cmd cmd_sim;
extern const struct cli_cmd cmd_up;
extern const struct cli_cmd cmd_flash;
extern const struct cli_cmd cmd_verify;
extern const struct cli_cmd cmd_read;
extern const struct cli_cmd cmd_erase;
extern const struct cli_cmd cmd_info;
extern const struct cli_cmd cmd_reset;
extern const struct cli_cmd cmd_run;
extern const struct cli_cmd cmd_help;
extern const struct cli_cmd cmd_version;

#endif
