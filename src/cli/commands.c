/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/frame.h"
#include "image/suggest.h"

const struct cli_cmd *const cli_commands[] = {
    &cmd_up,           &cmd_generate, &cmd_dump,    &cmd_check,   &cmd_map,      &cmd_get,
    &cmd_set,          &cmd_unset,    &cmd_import,  &cmd_export,  &cmd_diff,     &cmd_partitions,
    &cmd_image,        &cmd_ota,      &cmd_encrypt, &cmd_decrypt, &cmd_assemble, &cmd_preflight,
    &cmd_generate_key, &cmd_ports,    &cmd_info,    &cmd_flash,   &cmd_verify,   &cmd_read,
    &cmd_erase,        &cmd_reset,    &cmd_run,     &cmd_monitor, &cmd_sim,      &cmd_help,
    &cmd_version,      NULL,
};

enum { COMMANDS = sizeof cli_commands / sizeof cli_commands[0] };

const struct cli_cmd *cli_find(const char *name)
{
    for (const struct cli_cmd *const *cmd = cli_commands; *cmd != NULL; cmd++) {
        if (strcmp((*cmd)->name, name) == 0) {
            return *cmd;
        }
    }
    return NULL;
}

int cli_unknown_command(const char *name)
{
    const char *names[COMMANDS];
    for (size_t i = 0; i < COMMANDS; i++) {
        names[i] = cli_commands[i] != NULL ? cli_commands[i]->name : NULL;
    }
    const char *what = name[0] == '-' ? "option" : "command";
    const char *near = bmi_suggest(name, strlen(name), names);
    if (near != NULL) {
        cli_error("unknown %s \"%s\" (did you mean %s?)", what, name, near);
    } else {
        cli_error("unknown %s \"%s\"", what, name);
    }
    fputs("Try 'birthmark --help'.\n", stderr);
    return CLI_USAGE;
}
