/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/frame.h"

static int run(struct cli *c)
{
    if (cli_option(c) != 0) {
        return CLI_USAGE;
    }
    if (cli_arg(c) != NULL) {
        return cli_usage(c, "takes no arguments");
    }
    puts("birthmark " BM_VERSION);
    return CLI_OK;
}

static const struct poptOption options[] = {POPT_TABLEEND};

static const struct cli_example examples[] = {
    {"birthmark version", "name and version on one line"},
    {NULL, NULL},
};

const struct cli_cmd cmd_version = {
    .name = "version",
    .args = "",
    .summary = "print the version",
    .about = "Prints the name of the program and its version.",
    .options = options,
    .examples = examples,
    .run = run,
};
