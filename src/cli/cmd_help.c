/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/frame.h"

static int help_about(const char *name)
{
    const struct cli_cmd *cmd = cli_find(name);
    if (cmd == NULL) {
        return cli_unknown_command(name);
    }
    const char *argv[] = {name, NULL};
    struct cli c;
    int status = cli_open(&c, cmd, 1, argv);
    if (status == CLI_OK) {
        cli_help_command(&c, stdout);
    }
    cli_close(&c);
    return status;
}

static int run(struct cli *c)
{
    if (cli_option(c) != 0) {
        return CLI_USAGE;
    }
    const char *name = cli_arg(c);
    if (name == NULL) {
        cli_help_program(stdout);
        return CLI_OK;
    }
    if (cli_arg(c) != NULL) {
        return cli_usage(c, "one command at a time");
    }
    return help_about(name);
}

static const struct poptOption options[] = {POPT_TABLEEND};

static const struct cli_example examples[] = {
    {"birthmark help generate", "what generate does and takes"},
    {NULL, NULL},
};

const struct cli_cmd cmd_help = {
    .name = "help",
    .args = "[COMMAND]",
    .summary = "list the commands, or explain one",
    .about = "Prints the list of commands, or the help of one of them.",
    .options = options,
    .examples = examples,
    .run = run,
};
