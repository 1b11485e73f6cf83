/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_UP_H
#define BM_CLI_UP_H

/* What the files of birthmark up share: the wishes, by option, and what was found in the project.
 */

#include <stdio.h>

#include "birthmark/part.h"
#include "cli/cli.h"
#include "cli/out_file.h"
#include "cli/parts_file.h"
#include "layout/settings.h"
#include "port/wiper.h"

/* Its options; also the places of their arguments. */
enum {
    UP_DIRECTORY = 1,
    UP_CONFIG,
    UP_BUILD,
    UP_BUILD_DIR,
    UP_NO_BUILD,
    UP_CSV,
    UP_LABEL,
    UP_RELATIVE_TO,
    UP_KEYS,
    UP_TEMPORARY,
    UP_NO_NVS,
    UP_MODE,
    UP_FREQ,
    UP_SIZE,
    UP_FORCE,
    UP_NO_MONITOR,
    UP_ELF,
    UP_FILTER,
    UP_LOG,
    UP_UNTIL,
    UP_FAIL_ON,
    UP_TIMEOUT,
    UP_EXIT_STATUS,
    UP_DRY_RUN,
    UP_OPTIONS
};
extern const struct poptOption cli_up_options[];

struct cli_up {
    const char *text[UP_OPTIONS]; /* argument of each option, "" for a switch; NULL: not given */
    struct bm_settings settings;
    struct cli said[BM_SETTINGS_MAX]; /* one for each setting: it keeps the argument */
    size_t said_count;
    char port[256];    /* "" until it is known */
    char command[600]; /* of the build, "" for none */
    char csv[CLI_PATH_SIZE];
    char image[CLI_PATH_SIZE];
    char elf[CLI_PATH_SIZE];
    char assignment[CLI_PATH_SIZE + BM_PART_LABEL_SIZE]; /* "nvs=build/certs.bin" */
    const char *why_no_build;
    struct cli_parts parts;     /* of flasher_args.json, once it was read */
    const char *table;          /* file of the table */
    const struct bm_part *nvs;  /* partition for the image; NULL: none is made */
    int holds;                  /* 1: the board has the values of the image already */
    int differs;                /* 1: it has other ones, or that is not known (--keys) */
    struct bm_port_wiper wiper; /* of the image, with --temporary */
};

/* Takes the options of the command line, and below them those of birthmark.ini; goes into the
 * folder of --directory. Returns CLI_OK, or the exit status after saying what is wrong. Follow with
 * cli_up_forget() in any case. */
int cli_up_take(struct cli *c, struct cli_up *u);
void cli_up_forget(struct cli_up *u);

/* How the project is built, and where its CSV is. Returns the same. */
int cli_up_look(struct cli *c, struct cli_up *u);

/* Reads what the build made: files, table, the partition for the image. Returns the same. */
int cli_up_read(struct cli_up *u);

/* 1 if there is a file of this name, and it can be read. */
int cli_up_is_file(const char *path);

/* "DIR/NAME", or NAME where it is absolute. Returns CLI_OK or CLI_INPUT after saying so. */
int cli_up_path(char out[CLI_PATH_SIZE], const char *dir, const char *name);

/* Another command of ours, as it would be typed. */
enum { UP_WORDS = 48 };
struct up_line {
    const char *words[UP_WORDS]; /* words[0]: name of the command */
    int count;
    char numbers[3][16]; /* private: texts made of the board's options */
};
void cli_up_generate_line(const struct cli_up *u, struct up_line *line);
void cli_up_flash_line(const struct cli *c, const struct cli_up *u, struct up_line *line);
void cli_up_monitor_line(const struct cli_up *u, struct up_line *line);

/* Prints it as a shell takes it: "--> birthmark ...". */
void cli_up_say(FILE *to, const struct up_line *line);

/* Prints it to stderr and runs it. Returns its status. */
int cli_up_run(const struct up_line *line);

/* Checks the words for the monitor before there is anything to monitor. Returns CLI_OK, or the exit
 * status after saying what is wrong. */
int cli_up_try_monitor(const struct cli_up *u);

/* Prints the plan, as far as it can be known. built: cli_up_read() has been. */
void cli_up_plan(const struct cli *c, const struct cli_up *u, int built);

/* Sets u->holds where the board's partition has all values of the image, and perhaps others, and
 * u->differs where it has others in their place. Returns CLI_OK, or the exit status after saying
 * what is wrong. */
int cli_up_compare(struct cli *c, struct cli_up *u);

#endif
