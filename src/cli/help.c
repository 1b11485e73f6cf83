/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cli/frame.h"
#include "port/file.h"

enum { WIDTH_DEFAULT = 80, WIDTH_MAX = 100 };

const char *const cli_about_program =
    "Makes, inspects and reads ESP32 NVS partition images: the identity of a device (certificate, "
    "key, settings), kept outside its firmware.";

const struct cli_exit_row cli_exit_rows[] = {
    {CLI_OK, "done"},
    {CLI_NO, "the answer is no: findings, an absent key"},
    {CLI_USAGE, "wrong arguments"},
    {CLI_INPUT, "input that is wrong or cannot be read"},
    {CLI_DEVICE, "output that cannot be written; a board or a line that failed"},
    {CLI_INTERRUPTED, "interrupted"},
    {0, NULL},
};

/* One paragraph of flowing text; returns where it ends. */
static const char *fill(struct bm_text *t, const char *text, unsigned width)
{
    size_t column = 0;
    while (*text != '\0' && strncmp(text, "\n\n", 2) != 0) {
        size_t word = strcspn(text, " \n");
        if (word > 0) {
            int fresh = column > 0 && column + 1 + word > width;
            bm_text_str(t, fresh ? "\n" : column > 0 ? " " : "");
            column = (fresh || column == 0 ? 0 : column + 1) + word;
            for (size_t i = 0; i < word; i++) {
                char one[2] = {text[i], '\0'};
                bm_text_str(t, one);
            }
            text += word;
        }
        if (*text != '\0' && strncmp(text, "\n\n", 2) != 0) {
            text++;
        }
    }
    return text;
}

static const char *keep(struct bm_text *t, const char *text)
{
    while (*text != '\0' && strncmp(text, "\n\n", 2) != 0) {
        char one[2] = {*text++, '\0'};
        bm_text_str(t, one);
    }
    return text;
}

void cli_wrap(struct bm_text *t, const char *text, unsigned width)
{
    while (*text != '\0') {
        text = *text == ' ' ? keep(t, text) : fill(t, text, width);
        bm_text_str(t, "\n");
        if (*text != '\0') {
            bm_text_str(t, "\n");
        }
        text += strspn(text, "\n");
    }
}

static unsigned width_of(FILE *to)
{
    unsigned width = bm_port_columns(to == stderr ? 2 : 1, WIDTH_DEFAULT) - 1;
    return width > WIDTH_MAX ? WIDTH_MAX : width;
}

static void print_examples(const struct cli_example *e, FILE *to)
{
    fputs("\nExamples:\n", to);
    for (; e->command != NULL; e++) {
        fprintf(to, "  %s\n      %s\n", e->command, e->what);
    }
}

static void print_exit_rows(FILE *to)
{
    fputs("\nExit status:\n", to);
    for (const struct cli_exit_row *r = cli_exit_rows; r->what != NULL; r++) {
        fprintf(to, "  %3d  %s\n", r->status, r->what);
    }
}

/* popt prints its usage line, then this text, then the options; so the description goes in here. */
void cli_help_command(struct cli *c, FILE *to)
{
    size_t cap = 2 * strlen(c->cmd->about) + strlen(c->cmd->args) + 64;
    char *text = malloc(cap);
    if (text == NULL) {
        cli_error("out of memory");
        return;
    }
    struct bm_text t;
    bm_text_init(&t, text, cap);
    bm_text_str(&t, "[OPTION...]");
    bm_text_str(&t, c->cmd->args[0] != '\0' ? " " : "");
    bm_text_str(&t, c->cmd->args);
    bm_text_str(&t, "\n\n");
    cli_wrap(&t, c->cmd->about, width_of(to));
    text[t.len - 1] = '\0'; /* popt ends the line */
    poptSetOtherOptionHelp(c->popt, text);
    poptPrintHelp(c->popt, to, 0);
    print_examples(c->cmd->examples, to);
    print_exit_rows(to);
    free(text);
}

void cli_help_program(FILE *to)
{
    char about[512];
    struct bm_text t;
    bm_text_init(&t, about, sizeof about);
    cli_wrap(&t, cli_about_program, width_of(to));
    fprintf(to, "Usage: birthmark COMMAND [OPTION...] [ARGUMENT...]\n\n%s\nCommands:\n", about);
    for (const struct cli_cmd *const *cmd = cli_commands; *cmd != NULL; cmd++) {
        fprintf(to, "  %-10s %s\n", (*cmd)->name, (*cmd)->summary);
    }
    fputs("\n'birthmark COMMAND --help' says more about each.\n", to);
}
