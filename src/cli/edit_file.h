/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_EDIT_FILE_H
#define BM_CLI_EDIT_FILE_H

/* An image that a command changes, in a file or on a live board (see cli_input()): of a file all of
 * the change is there in the end, or nothing is; of a board the old bytes are kept first. */

#include "cli/image_file.h"
#include "image/edit.h"
#include "port/hold.h"

struct cli_edit {
    int json;         /* given by the command: how to report */
    int reveal;       /* the same: show secrets */
    const char *keys; /* the same: file of the NVS keys, or NULL */
    struct cli *cli;  /* private */
    struct cli_image image;
    struct bm_edit edit;
    struct bm_port_hold hold;
};

/* Rows for the option table of a command that edits, and what becomes of them: cli_edit_option()
 * takes an option that cli_option() returned. */
enum { CLI_EDIT_JSON = 0x100, CLI_EDIT_SECRETS, CLI_EDIT_KEYS };
#define CLI_EDIT_OPTIONS                                                         \
    CLI_KEYS_OPTIONS(CLI_EDIT_KEYS),                                             \
        {"show-secrets",                                                         \
         '\0',                                                                   \
         POPT_ARG_NONE,                                                          \
         NULL,                                                                   \
         CLI_EDIT_SECRETS,                                                       \
         "show private keys and passwords in the report",                        \
         NULL},                                                                  \
    {                                                                            \
        "json", '\0', POPT_ARG_NONE, NULL, CLI_EDIT_JSON, "report as JSON", NULL \
    }
void cli_edit_option(struct cli *c, struct cli_edit *e, int option);

/* Edits of one file follow each other, so that each counts: takes the lock before the file is read,
 * to be released with bm_port_hold_end(). Returns CLI_OK, or CLI_DEVICE after saying why not. */
int cli_hold(struct bm_port_hold *hold, const char *path);

/* Reads the image and readies it for changes.
 * Returns CLI_OK, or the exit status after saying what is wrong. Follow with cli_edit_close(). */
int cli_edit_open(struct cli *c, struct cli_edit *e, const char *path);

/* Says why a change of a key (NULL: of a namespace) failed or may not be written; returns the exit
 * status. */
int cli_edit_refused(struct cli_edit *e, int code, const char *ns, const char *key);

/* Writes the file if anything has changed, and reports what. Returns the exit status. */
int cli_edit_save(struct cli_edit *e);

void cli_edit_close(struct cli_edit *e);

/* The words on all this that every editing command has in its help. */
#define CLI_EDIT_ABOUT                                                                             \
    "The file is replaced as a whole or not at all, and only if something changes; then only its " \
    "owner may read it. All other values stay as they are, to the byte; those replaced or "        \
    "removed are overwritten with zeros. What interrupted writes left in the image is cleared up " \
    "on the way, and the report says so. An image without a page in reserve, one that a device "   \
    "can only read, is not changed.\n\n"                                                           \
    "Edits of one file follow each other: each waits up to 30 seconds for the one before. Where "  \
    "another program has changed the file in the meantime, nothing is written, and the exit "      \
    "status is 3. New blobs and pages are of NVS version 2, as ESP-IDF writes them; where all of " \
    "the image was of version 1, which firmware of ESP-IDF before 3.2 needs, a warning says so."   \
    "\n\n"                                                                                         \
    "With --port the image is the NVS partition of a board, and IMAGE is left out: its old bytes " \
    "are kept in a file first, the sectors that change are written, and all of it is checked. "    \
    "Until the command ends, the board waits.\n\n"                                                 \
    "The report has a line for each difference, as birthmark diff prints it. Secrets are shown "   \
    "by fingerprint only, unless --show-secrets is given."

#endif
