/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_LIVE_BACKUP_H
#define BM_CLI_LIVE_BACKUP_H

/* What was on a board before a command changes it. */

#include "cli/board.h"
#include "cli/out_file.h"

enum { CLI_BACKUP_SIZE = CLI_PATH_SIZE };

/* Keeps the bytes in a new file that its owner alone may read, and says its name: --backup FILE, or
 * LABEL-MAC-DATE.bin in the current folder. With --no-backup nothing happens. path: filled, "" for
 * none. Returns CLI_OK, or the exit status after saying why not: then nothing must be changed. */
int cli_backup(struct cli *c, const struct cli_board *b, const char *label, const uint8_t *data,
               size_t len, char path[CLI_BACKUP_SIZE]);

/* Keeps them likewise, in LABEL-MAC-DATE.bin, whatever was asked for: nothing else has them any
 * more. path: filled, "" where it could not be done, which is said. */
void cli_rescue(const struct cli_board *b, const char *label, const uint8_t *data, size_t len,
                char path[CLI_BACKUP_SIZE]);

#endif
