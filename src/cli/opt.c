/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "birthmark/part.h"
#include "cli/frame.h"
#include "cli/live.h"
#include "image/suggest.h"

/* Above every val that a command gives its own options. */
enum { OPT_HELP = 0x10000, OPT_COLOR };

const struct poptOption cli_common_options[] = {
    {"color", '\0', POPT_ARG_STRING, NULL, OPT_COLOR, "colour the output", "auto|always|never"},
    {"help", 'h', POPT_ARG_NONE, NULL, OPT_HELP, "print this help", NULL},
    POPT_TABLEEND,
};

/* popt hands out option arguments for us to free; commands want them to live to the end. */
struct cli_kept {
    struct cli_kept *next;
    char *text;
};

static struct poptOption group(const struct poptOption *table, const char *title)
{
    struct poptOption o = POPT_TABLEEND;
    o.argInfo = POPT_ARG_INCLUDE_TABLE;
    o.arg = (void *)table; /* popt only reads it */
    o.descrip = title;
    return o;
}

static int is_number(const char *word)
{
    return word[0] == '-' && (isdigit((unsigned char)word[1]) || word[1] == '.');
}

/* popt would take -5 for an option. Such a word goes to the end, behind "--"; where the user wrote
 * "--", all is clear already. Returns the new count, or -1 if memory is short. */
static int move_numbers(struct cli *c, int argc, const char **argv)
{
    int kept = 0;
    int moved = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0) {
            return argc;
        }
        moved += is_number(argv[i]);
    }
    if (moved == 0) {
        return argc;
    }
    c->argv = calloc((size_t)argc + 2, sizeof *c->argv);
    if (c->argv == NULL) {
        return -1;
    }
    int at = argc - moved + 1;
    c->argv[argc - moved] = "--";
    for (int i = 0; i < argc; i++) {
        if (i > 0 && is_number(argv[i])) {
            c->argv[at++] = argv[i];
        } else {
            c->argv[kept++] = argv[i];
        }
    }
    return argc + 1;
}

int cli_open(struct cli *c, const struct cli_cmd *cmd, int argc, const char **argv)
{
    static const struct poptOption end = POPT_TABLEEND;
    memset(c, 0, sizeof *c);
    c->cmd = cmd;
    c->board.table_off = BM_PART_TABLE_OFFSET;
    cli_option_tables(&c->tables, cmd);
    for (size_t i = 0; i < c->tables.count; i++) {
        const struct poptOption *table = c->tables.list[i];
        c->options[i] = group(table, table == cmd->options         ? "Options:"
                                     : table == cli_common_options ? "Common options:"
                                                                   : "Options for a board:");
    }
    c->options[c->tables.count] = end;
    struct bm_text t;
    bm_text_init(&t, c->title, sizeof c->title);
    bm_text_str(&t, "birthmark ");
    bm_text_str(&t, cmd->name);
    argv[0] = c->title; /* as popt's usage line shows it */
    const int count = cmd->numbers ? move_numbers(c, argc, argv) : argc;
    if (count > 0) {
        c->popt =
            poptGetContext("birthmark", count, c->argv != NULL ? c->argv : argv, c->options, 0);
    }
    if (c->popt == NULL) {
        cli_error("out of memory");
        return CLI_DEVICE;
    }
    return CLI_OK;
}

void cli_option_tables(struct cli_tables *tables, const struct cli_cmd *cmd)
{
    tables->count = 0;
    tables->list[tables->count++] = cmd->options;
    if (cli_board_options(tables->board, cmd->board, cmd->options) > 0) {
        tables->list[tables->count++] = tables->board;
    }
    tables->list[tables->count++] = cli_common_options;
}

void cli_close(struct cli *c)
{
    cli_live_close(c);
    while (c->kept != NULL) {
        struct cli_kept *k = c->kept;
        c->kept = k->next;
        free(k->text);
        free(k);
    }
    if (c->popt != NULL) {
        c->popt = poptFreeContext(c->popt);
    }
    free(c->argv);
}

/* Takes over the argument that popt allocated. */
static int keep_arg(struct cli *c)
{
    char *text = poptGetOptArg(c->popt);
    c->arg = text;
    if (text == NULL) {
        return 0;
    }
    struct cli_kept *k = malloc(sizeof *k);
    if (k == NULL) {
        free(text);
        cli_error("out of memory");
        return -1;
    }
    k->text = text;
    k->next = c->kept;
    c->kept = k;
    return 0;
}

enum { NAMES_MAX = 60 };

static size_t long_names(const struct poptOption *o, const char **names, size_t n)
{
    for (; o->longName != NULL || o->shortName != '\0'; o++) {
        if (o->longName != NULL && (o->argInfo & POPT_ARGFLAG_DOC_HIDDEN) == 0 && n < NAMES_MAX) {
            names[n++] = o->longName;
        }
    }
    return n;
}

static int unknown_option(struct cli *c, const char *word)
{
    const char *names[NAMES_MAX + 1];
    size_t n = 0;
    for (size_t i = 0; i < c->tables.count; i++) {
        n = long_names(c->tables.list[i], names, n);
    }
    names[n] = NULL;
    const char *near =
        strncmp(word, "--", 2) == 0 ? bmi_suggest(word + 2, strlen(word + 2), names) : NULL;
    if (near != NULL) {
        cli_usage(c, "unknown option %s (did you mean --%s?)", word, near);
    } else {
        cli_usage(c, "unknown option %s", word);
    }
    return -1;
}

static int bad_option(struct cli *c, int code)
{
    const char *word = poptBadOption(c->popt, POPT_BADOPTION_NOALIAS);
    switch (code) {
    case POPT_ERROR_BADOPT: return unknown_option(c, word);
    case POPT_ERROR_NOARG: cli_usage(c, "option %s needs an argument", word); return -1;
    case POPT_ERROR_UNWANTEDARG: cli_usage(c, "option %s takes no argument", word); return -1;
    default: cli_usage(c, "%s: %s", word, poptStrerror(code)); return -1;
    }
}

int cli_option(struct cli *c)
{
    for (;;) {
        int val = poptGetNextOpt(c->popt);
        c->arg = NULL;
        if (val == -1) {
            return cli_board_done(c) == CLI_OK ? 0 : -1;
        }
        if (val < -1) {
            return bad_option(c, val);
        }
        if (keep_arg(c) != 0) {
            return -1;
        }
        if (val == OPT_HELP) {
            cli_help_command(c, stdout);
            c->helped = 1;
            return -1;
        }
        if (val >= CLI_BOARD_FIRST) {
            if (cli_board_option(c, val, c->arg) != CLI_OK) {
                return -1;
            }
            continue;
        }
        if (val != OPT_COLOR) {
            return val;
        }
        if (cli_color_set(c->arg) != 0) {
            cli_usage(c, "--color is auto, always or never, not \"%s\"", c->arg);
            return -1;
        }
    }
}

const char *cli_option_arg(struct cli *c)
{
    return c->arg;
}

const char *cli_arg(struct cli *c)
{
    return poptGetArg(c->popt);
}

int cli_option_takes_arg(const struct poptOption *o)
{
    unsigned kind = o->argInfo & POPT_ARG_MASK;
    return kind != POPT_ARG_NONE && kind != POPT_ARG_VAL;
}

void cli_option_label(struct bm_text *t, const struct poptOption *o)
{
    char letter[3] = {'-', o->shortName, '\0'};
    if (o->shortName != '\0') {
        bm_text_str(t, letter);
        bm_text_str(t, o->longName != NULL ? ", " : "");
    }
    if (o->longName != NULL) {
        bm_text_str(t, "--");
        bm_text_str(t, o->longName);
    }
    if (cli_option_takes_arg(o)) {
        bm_text_str(t, o->longName != NULL ? "=" : " ");
        bm_text_str(t, o->argDescrip != NULL ? o->argDescrip : "ARG");
    }
}
