/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <string.h>

#include "base/base.h"
#include "cli/docs.h"
#include "cli/frame.h"

/* Text as roff, to end or its NUL: backslashes and dashes stand for themselves, a line cannot start
 * a request, and lines break after this column at a space (0: never). */
static const char *roff(const char *s, const char *end, unsigned column_max, FILE *to)
{
    unsigned column = 0;
    for (; s != end && *s != '\0'; s++) {
        if (column == 0 && (*s == '.' || *s == '\'')) {
            fputs("\\&", to);
        }
        int fresh = *s == '\n' || (*s == ' ' && column_max > 0 && column > column_max);
        column = fresh ? 0 : column + 1;
        if (fresh) {
            fputc('\n', to);
        } else if (*s == '\\') {
            fputs("\\e", to);
        } else if (*s == '-') {
            fputs("\\-", to);
        } else {
            fputc(*s, to);
        }
    }
    return s;
}

static void text(const char *s, FILE *to)
{
    roff(s, NULL, 0, to);
}

static void bold(const char *s, FILE *to)
{
    fputs("\\fB", to);
    text(s, to);
    fputs("\\fR", to);
}

static void upper(const char *s, FILE *to)
{
    for (; *s != '\0'; s++) {
        fputc(toupper((unsigned char)*s), to);
    }
}

static void head(const char *name, const char *summary, FILE *to)
{
    fputs(".TH BIRTHMARK", to);
    if (name != NULL) {
        fputs("\\-", to);
        upper(name, to);
    }
    fputs(" 1 \"\" \"birthmark " BM_VERSION "\" \"User Commands\"\n.SH NAME\nbirthmark", to);
    if (name != NULL) {
        fputs("\\-", to);
        text(name, to);
    }
    fputs(" \\- ", to);
    text(summary, to);
    fputs("\n", to);
}

/* Paragraphs as in cli_wrap(): blank lines separate, a leading space keeps lines as they are. */
static void paragraphs(const char *about, FILE *to)
{
    for (const char *s = about; *s != '\0'; s += strspn(s, "\n")) {
        int literal = *s == ' ';
        fputs(s != about ? ".PP\n" : "", to);
        fputs(literal ? ".nf\n" : "", to);
        s = roff(s, strstr(s, "\n\n"), literal ? 0 : 60, to);
        fputs(literal ? "\n.fi\n" : "\n", to);
    }
}

static void options(const struct poptOption *o, FILE *to)
{
    for (; o->longName != NULL || o->shortName != '\0'; o++) {
        char label[200];
        struct bm_text t;
        if ((o->argInfo & POPT_ARGFLAG_DOC_HIDDEN) != 0) {
            continue;
        }
        bm_text_init(&t, label, sizeof label);
        cli_option_label(&t, o);
        fputs(".TP\n", to);
        bold(label, to);
        fputs("\n", to);
        text(o->descrip != NULL ? o->descrip : "", to);
        fputs("\n", to);
    }
}

static void exit_status(FILE *to)
{
    fputs(".SH EXIT STATUS\n", to);
    for (const struct cli_exit_row *r = cli_exit_rows; r->what != NULL; r++) {
        fprintf(to, ".TP\n\\fB%d\\fR\n", r->status);
        text(r->what, to);
        fputs("\n", to);
    }
}

static void examples(const struct cli_example *e, FILE *to)
{
    fputs(".SH EXAMPLES\n", to);
    for (; e->command != NULL; e++) {
        fputs(".TP\n", to);
        bold(e->command, to);
        fputs("\n", to);
        text(e->what, to);
        fputs("\n", to);
    }
}

void docs_man_command(const struct cli_cmd *cmd, FILE *to)
{
    head(cmd->name, cmd->summary, to);
    fputs(".SH SYNOPSIS\n\\fBbirthmark ", to);
    text(cmd->name, to);
    fprintf(to, "\\fR [\\fIOPTION\\fR...]%s", cmd->args[0] != '\0' ? " " : "");
    text(cmd->args, to);
    fputs("\n.SH DESCRIPTION\n", to);
    paragraphs(cmd->about, to);
    fputs(".SH OPTIONS\n", to);
    struct cli_tables tables;
    cli_option_tables(&tables, cmd);
    for (size_t i = 0; i < tables.count; i++) {
        options(tables.list[i], to);
    }
    exit_status(to);
    examples(cmd->examples, to);
    fputs(".SH SEE ALSO\n\\fBbirthmark\\fR(1)\n", to);
}

static void see_also(FILE *to)
{
    fputs(".SH SEE ALSO\n", to);
    for (const struct cli_cmd *const *cmd = cli_commands; *cmd != NULL; cmd++) {
        fputs("\\fBbirthmark\\-", to);
        text((*cmd)->name, to);
        fprintf(to, "\\fR(1)%s\n", cmd[1] != NULL ? "," : "");
    }
}

void docs_man_program(FILE *to)
{
    head(NULL, "ESP32 NVS partition images: make, inspect, read", to);
    fputs(".SH SYNOPSIS\n\\fBbirthmark\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR...] "
          "[\\fIARGUMENT\\fR...]\n.SH DESCRIPTION\n",
          to);
    paragraphs(cli_about_program, to);
    fputs(".SH COMMANDS\n", to);
    for (const struct cli_cmd *const *cmd = cli_commands; *cmd != NULL; cmd++) {
        fputs(".TP\n\\fBbirthmark ", to);
        text((*cmd)->name, to);
        fprintf(to, "\\fR%s", (*cmd)->args[0] != '\0' ? " " : "");
        text((*cmd)->args, to);
        fputs("\n", to);
        text((*cmd)->summary, to);
        fputs("\n", to);
    }
    fputs(".SH OPTIONS\nEvery command takes these:\n", to);
    options(cli_common_options, to);
    exit_status(to);
    fputs(".SH ENVIRONMENT\n.TP\n\\fBNO_COLOR\\fR\nno colour, if set and not empty\n", to);
    see_also(to);
}

void docs_options(const struct cli_cmd *cmd, FILE *to)
{
    struct cli_tables tables;
    cli_option_tables(&tables, cmd);
    for (size_t i = 0; i < tables.count; i++) {
        for (const struct poptOption *o = tables.list[i];
             o->longName != NULL || o->shortName != '\0'; o++) {
            if (o->longName != NULL && (o->argInfo & POPT_ARGFLAG_DOC_HIDDEN) == 0) {
                fprintf(to, "--%s\n", o->longName);
            }
        }
    }
}
