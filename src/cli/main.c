/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/base.h"
#include "cli/frame.h"
#include "port/file.h"

static const char *alias(const char *word)
{
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        return "help";
    }
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        return "version";
    }
    return word;
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        cli_help_program(stderr);
        return CLI_USAGE;
    }
    const char *name = alias(argv[1]);
    const struct cli_cmd *cmd = cli_find(name);
    if (cmd == NULL) {
        return cli_unknown_command(name);
    }
    struct cli c;
    int status = cli_open(&c, cmd, argc - 1, (const char **)(argv + 1));
    if (status == CLI_OK) {
        status = cmd->run(&c);
        status = c.helped ? CLI_OK : status;
    }
    cli_close(&c);
    return status;
}

int main(int argc, char **argv)
{
    /* dumps are large; a terminal keeps its lines */
    static char buffer[64 * 1024];
    bm_port_hold_standard();
    (void)setvbuf(stdout, buffer, bm_port_is_terminal(1) ? _IOLBF : _IOFBF, sizeof buffer);
    const int status = cli_finish(run(argc, argv));
    bm_wipe(buffer, sizeof buffer); /* secrets that were asked for went through it */
    return status;
}
