/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/docs.h"
#include "cli/frame.h"

/* Calls a printer for each option of a command, the common ones last. */
typedef void (*option_printer)(const struct cli_cmd *cmd, const struct poptOption *o, FILE *to);

static void each_option(const struct cli_cmd *cmd, option_printer print, FILE *to)
{
    struct cli_tables tables;
    cli_option_tables(&tables, cmd);
    for (size_t i = 0; i < tables.count; i++) {
        for (const struct poptOption *o = tables.list[i];
             o->longName != NULL || o->shortName != '\0'; o++) {
            if ((o->argInfo & POPT_ARGFLAG_DOC_HIDDEN) == 0) {
                print(cmd, o, to);
            }
        }
    }
}

/* "text|json|csv" are words to choose from; "FILE" is not. */
static int has_choices(const struct poptOption *o)
{
    return cli_option_takes_arg(o) && o->argDescrip != NULL && strchr(o->argDescrip, '|') != NULL;
}

static void choices(const struct poptOption *o, FILE *to)
{
    for (const char *p = o->argDescrip; *p != '\0'; p++) {
        fputc(*p == '|' ? ' ' : *p, to);
    }
}

static void command_names(FILE *to)
{
    for (const struct cli_cmd *const *cmd = cli_commands; *cmd != NULL; cmd++) {
        fprintf(to, "%s%s", cmd == cli_commands ? "" : " ", (*cmd)->name);
    }
}

/* Inside single quotes of a shell; leave escapes what the tool around it reads, or is "". */
static void quoted(const char *s, const char *leave, FILE *to)
{
    for (; *s != '\0'; s++) {
        if (*s == '\'') {
            fputs("'\\''", to);
        } else {
            if (strchr(leave, *s) != NULL) {
                fputc('\\', to);
            }
            fputc(*s, to);
        }
    }
}

static void bash_option(const struct cli_cmd *cmd, const struct poptOption *o, FILE *to)
{
    (void)cmd;
    if (o->longName != NULL) {
        fprintf(to, "--%s ", o->longName);
    }
    if (o->shortName != '\0') {
        fprintf(to, "-%c ", o->shortName);
    }
}

static void bash_arg(const struct cli_cmd *cmd, const struct poptOption *o, FILE *to)
{
    if (!cli_option_takes_arg(o)) {
        return;
    }
    const char *bar = "";
    fputs("        ", to);
    if (o->longName != NULL) {
        fprintf(to, "'%s --%s'", cmd->name, o->longName);
        bar = " | ";
    }
    if (o->shortName != '\0') {
        fprintf(to, "%s'%s -%c'", bar, cmd->name, o->shortName);
    }
    fputs(") words='", to);
    if (has_choices(o)) {
        choices(o, to);
    }
    fputs("' ;;\n", to);
}

void docs_complete_bash(FILE *to)
{
    fputs("# bash completion for birthmark, made from its option tables\n"
          "_birthmark() {\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
          "    local command=${COMP_WORDS[1]} words=''\n"
          "    COMPREPLY=()\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
          "        words='",
          to);
    command_names(to);
    fputs(" --help --version'\n"
          "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
          "        return\n"
          "    fi\n"
          "    # --option=word comes as three words\n"
          "    if [ \"$cur\" = = ]; then\n"
          "        cur=''\n"
          "    elif [ \"$prev\" = = ] && [ \"$COMP_CWORD\" -gt 2 ]; then\n"
          "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
          "    fi\n"
          "    case \"$command $prev\" in\n"
          "        'help '*) words='",
          to);
    command_names(to);
    fputs("' ;;\n", to);
    for (const struct cli_cmd *const *cmd = cli_commands; *cmd != NULL; cmd++) {
        each_option(*cmd, bash_arg, to);
    }
    fputs("        *)\n"
          "            case \"$command $cur\" in\n",
          to);
    for (const struct cli_cmd *const *cmd = cli_commands; *cmd != NULL; cmd++) {
        fprintf(to, "                '%s -'*) words='", (*cmd)->name);
        each_option(*cmd, bash_option, to);
        fputs("' ;;\n", to);
    }
    fputs("            esac\n"
          "            ;;\n"
          "    esac\n"
          "    if [ -n \"$words\" ]; then\n"
          "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
          "    fi\n"
          "}\n"
          "complete -o default -F _birthmark birthmark\n",
          to);
}

static void zsh_spec(const struct poptOption *o, const char *dashes, const char *name, FILE *to)
{
    int takes = cli_option_takes_arg(o);
    fprintf(to, " \\\n                '%s%s%s[", dashes, name,
            !takes             ? ""
            : dashes[1] == '-' ? "="
                               : "+");
    quoted(o->descrip != NULL ? o->descrip : "", "[]:\\", to);
    fputs("]", to);
    if (has_choices(o)) {
        fputs(":word:(", to);
        choices(o, to);
        fputs(")", to);
    } else if (takes) {
        fputs(":argument:_files", to);
    }
    fputs("'", to);
}

static void zsh_option(const struct cli_cmd *cmd, const struct poptOption *o, FILE *to)
{
    (void)cmd;
    char letter[2] = {o->shortName, '\0'};
    if (o->longName != NULL) {
        zsh_spec(o, "--", o->longName, to);
    }
    if (o->shortName != '\0') {
        zsh_spec(o, "-", letter, to);
    }
}

void docs_complete_zsh(FILE *to)
{
    fputs("#compdef birthmark\n"
          "# zsh completion for birthmark, made from its option tables\n"
          "_birthmark() {\n"
          "    local curcontext=\"$curcontext\" state line\n"
          "    _arguments -C '1:command:->command' '*::argument:->argument'\n"
          "    case $state in\n"
          "    command)\n"
          "        local -a commands=(",
          to);
    for (const struct cli_cmd *const *cmd = cli_commands; *cmd != NULL; cmd++) {
        fprintf(to, "\n            '%s:", (*cmd)->name);
        quoted((*cmd)->summary, ":\\", to);
        fputs("'", to);
    }
    fputs(")\n"
          "        _describe command commands\n"
          "        ;;\n"
          "    argument)\n"
          "        case $line[1] in\n"
          "        help) _values command ",
          to);
    command_names(to);
    fputs(" ;;\n", to);
    for (const struct cli_cmd *const *cmd = cli_commands; *cmd != NULL; cmd++) {
        if (strcmp((*cmd)->name, "help") == 0) {
            continue;
        }
        fprintf(to, "        %s)\n            _arguments -s", (*cmd)->name);
        each_option(*cmd, zsh_option, to);
        fputs(" \\\n                '*:file:_files'\n            ;;\n", to);
    }
    fputs("        esac\n"
          "        ;;\n"
          "    esac\n"
          "}\n"
          "_birthmark \"$@\"\n",
          to);
}

static void fish_option(const struct cli_cmd *cmd, const struct poptOption *o, FILE *to)
{
    fprintf(to, "complete -c birthmark -n '__fish_seen_subcommand_from %s'", cmd->name);
    if (o->longName != NULL) {
        fprintf(to, " -l %s", o->longName);
    }
    if (o->shortName != '\0') {
        fprintf(to, " -s %c", o->shortName);
    }
    if (has_choices(o)) {
        fputs(" -x -a '", to);
        choices(o, to);
        fputs("'", to);
    } else if (cli_option_takes_arg(o)) {
        fputs(" -r", to);
    }
    fputs(" -d '", to);
    quoted(o->descrip != NULL ? o->descrip : "", "", to);
    fputs("'\n", to);
}

void docs_complete_fish(FILE *to)
{
    fputs("# fish completion for birthmark, made from its option tables\n", to);
    for (const struct cli_cmd *const *cmd = cli_commands; *cmd != NULL; cmd++) {
        fprintf(to, "complete -c birthmark -f -n __fish_use_subcommand -a %s -d '", (*cmd)->name);
        quoted((*cmd)->summary, "", to);
        fputs("'\n", to);
    }
    fputs("complete -c birthmark -f -n '__fish_seen_subcommand_from help' -a '", to);
    command_names(to);
    fputs("'\n", to);
    for (const struct cli_cmd *const *cmd = cli_commands; *cmd != NULL; cmd++) {
        each_option(*cmd, fish_option, to);
    }
}
