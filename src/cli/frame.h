/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_FRAME_H
#define BM_CLI_FRAME_H

/* What main, help and the generators of man pages share; commands need only cli.h. */

#include "cli/cli.h"

/* Readies a run of cmd. argv[0] is the command's name. Returns CLI_OK, or CLI_DEVICE after saying
 * that memory is out. Follow with cli_close() in either case. */
int cli_open(struct cli *c, const struct cli_cmd *cmd, int argc, const char **argv);
void cli_close(struct cli *c);

/* Options that every command takes; ends with POPT_TABLEEND. */
extern const struct poptOption cli_common_options[];

/* All tables of a command's options; no name is in two of them. */
void cli_option_tables(struct cli_tables *tables, const struct cli_cmd *cmd);

/* What the program is for, in the form of struct cli_cmd's about. */
extern const char *const cli_about_program;

/* What the exit codes mean, in ascending order; ends with {0, NULL}. */
struct cli_exit_row {
    int status;
    const char *what;
};
extern const struct cli_exit_row cli_exit_rows[];

/* The command of this name, or NULL. */
const struct cli_cmd *cli_find(const char *name);

/* Says on stderr that there is no such command, and which comes near; returns CLI_USAGE. */
int cli_unknown_command(const char *name);

/* Help of one command, or of the program, to a stream. cli_help_command() uses up c. */
void cli_help_command(struct cli *c, FILE *to);
void cli_help_program(FILE *to);

/* Options of one row as people type them: "-f, --format=text|json|csv". */
struct bm_text;
void cli_option_label(struct bm_text *t, const struct poptOption *o);

/* 1 if the option takes an argument. */
int cli_option_takes_arg(const struct poptOption *o);

/* Fills text to lines of at most width columns. Paragraphs are separated by blank lines; one that
 * starts with a space is kept as it stands. */
void cli_wrap(struct bm_text *t, const char *text, unsigned width);

/* Takes the argument of --color; 0, or -1 if it is none of auto, always, never. */
int cli_color_set(const char *mode);

#endif
