/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_CMD_ASSEMBLE_H
#define BM_CLI_CMD_ASSEMBLE_H

#include <stdint.h>

#include "cli/cli.h"

/* birthmark assemble --split: writes the parts of a flash file into a folder. table: path, or NULL
 * for the one in the file. Returns the exit status. */
int cli_split(struct cli *c, const char *path, const char *dir, const char *table,
              uint32_t table_off);

#endif
