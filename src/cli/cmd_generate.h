/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_CMD_GENERATE_H
#define BM_CLI_CMD_GENERATE_H

/* What generate and encrypt share: they are one, but that encrypt insists on keys. */

#include "cli/cli.h"

enum {
    CLI_OPT_VERSION = 1,
    CLI_OPT_OUTDIR,
    CLI_OPT_DRY_RUN,
    CLI_OPT_JSON,
    CLI_OPT_KEYS,
    CLI_OPT_KEYGEN,
    CLI_OPT_TABLE,
    CLI_OPT_LABEL,
    CLI_OPT_TABLE_OFFSET,
    CLI_OPT_RELATIVE
};

#define CLI_GENERATE_OPTIONS                                                                        \
    {"version",                                                                                     \
     '\0',                                                                                          \
     POPT_ARG_STRING,                                                                               \
     NULL,                                                                                          \
     CLI_OPT_VERSION,                                                                               \
     "format of blobs: 2 lets them span pages (default), 1 is for ESP-IDF before v4.0",             \
     "1|2"},                                                                                        \
        {"outdir", '\0',           POPT_ARG_STRING,                                                 \
         NULL,     CLI_OPT_OUTDIR, "folder that a relative OUTPUT.bin goes below",                  \
         "DIR"},                                                                                    \
        {"dry-run",                                                                                 \
         'n',                                                                                       \
         POPT_ARG_NONE,                                                                             \
         NULL,                                                                                      \
         CLI_OPT_DRY_RUN,                                                                           \
         "show where each value would go, write nothing",                                           \
         NULL},                                                                                     \
        {"json", '\0', POPT_ARG_NONE, NULL, CLI_OPT_JSON, "print the summary as JSON", NULL},       \
        {"table", '\0',          POPT_ARG_STRING,                                                   \
         NULL,    CLI_OPT_TABLE, "take SIZE from a partition table: CSV, binary, or a flash image", \
         "FILE"},                                                                                   \
        {"label", '\0',          POPT_ARG_STRING,                                                   \
         NULL,    CLI_OPT_LABEL, "partition of the table; not needed where one alone is for NVS",   \
         "NAME"},                                                                                   \
        {"table-offset",                                                                            \
         '\0',                                                                                      \
         POPT_ARG_STRING,                                                                           \
         NULL,                                                                                      \
         CLI_OPT_TABLE_OFFSET,                                                                      \
         "where the table is in flash (0x8000)",                                                    \
         "OFFSET"},                                                                                 \
        {"relative-to",                                                                             \
         '\0',                                                                                      \
         POPT_ARG_STRING,                                                                           \
         NULL,                                                                                      \
         CLI_OPT_RELATIVE,                                                                          \
         "folder that relative paths in the CSV begin at (the current one)",                        \
         "DIR"},                                                                                    \
        CLI_KEYS_OPTIONS(CLI_OPT_KEYS)

/* Runs the command. encrypts 1: without keys it is a usage error. */
int cli_generate_run(struct cli *c, int encrypts);

#endif
