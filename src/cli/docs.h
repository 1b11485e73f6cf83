/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_DOCS_H
#define BM_CLI_DOCS_H

/* Documents made from the command table, for birthmark-docs. */

#include "cli/cli.h"

/* Man pages in roff: birthmark(1), and birthmark-COMMAND(1). */
void docs_man_program(FILE *to);
void docs_man_command(const struct cli_cmd *cmd, FILE *to);

/* Completion scripts. */
void docs_complete_bash(FILE *to);
void docs_complete_zsh(FILE *to);
void docs_complete_fish(FILE *to);

/* Every long option of a command, the common ones too, one a line: for tests that walk the table.
 */
void docs_options(const struct cli_cmd *cmd, FILE *to);

#endif
