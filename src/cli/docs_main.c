/* SPDX-License-Identifier: Apache-2.0 */

/* birthmark-docs: man pages and shell completions from the command table. A build-time program of
 * its own, so that the product carries none of it. */

#include <string.h>

#include "cli/docs.h"
#include "cli/frame.h"

struct shell {
    const char *name;
    void (*print)(FILE *to);
};

static const struct shell shells[] = {
    {"bash", docs_complete_bash},
    {"zsh", docs_complete_zsh},
    {"fish", docs_complete_fish},
    {NULL, NULL},
};

static int man(const char *name)
{
    if (name == NULL) {
        docs_man_program(stdout);
        return CLI_OK;
    }
    const struct cli_cmd *cmd = cli_find(name);
    if (cmd == NULL) {
        return cli_unknown_command(name);
    }
    docs_man_command(cmd, stdout);
    return CLI_OK;
}

static int complete(const char *name)
{
    for (const struct shell *s = shells; name != NULL && s->name != NULL; s++) {
        if (strcmp(s->name, name) == 0) {
            s->print(stdout);
            return CLI_OK;
        }
    }
    cli_error("complete needs one of bash, zsh, fish");
    return CLI_USAGE;
}

static int list(const char *name)
{
    (void)name;
    for (const struct cli_cmd *const *cmd = cli_commands; *cmd != NULL; cmd++) {
        puts((*cmd)->name);
    }
    return CLI_OK;
}

static int options(const char *name)
{
    const struct cli_cmd *cmd = name != NULL ? cli_find(name) : NULL;
    if (cmd == NULL) {
        cli_error("options needs a command");
        return CLI_USAGE;
    }
    docs_options(cmd, stdout);
    return CLI_OK;
}

static int examples(const char *name)
{
    const struct cli_cmd *cmd = name != NULL ? cli_find(name) : NULL;
    if (cmd == NULL) {
        cli_error("examples needs a command");
        return CLI_USAGE;
    }
    for (const struct cli_example *e = cmd->examples; e->command != NULL; e++) {
        puts(e->command);
    }
    return CLI_OK;
}

struct verb {
    const char *name;
    int (*run)(const char *arg);
};

static const struct verb verbs[] = {
    {"man", man},         {"complete", complete}, {"list", list},
    {"options", options}, {"examples", examples}, {NULL, NULL},
};

int main(int argc, char **argv)
{
    for (const struct verb *v = verbs; argc >= 2 && v->name != NULL; v++) {
        if (strcmp(v->name, argv[1]) == 0) {
            return cli_finish(v->run(argc > 2 ? argv[2] : NULL));
        }
    }
    fputs("Usage: birthmark-docs man [COMMAND] | complete bash|zsh|fish\n"
          "       birthmark-docs list | options COMMAND | examples COMMAND\n",
          stderr);
    return CLI_USAGE;
}
