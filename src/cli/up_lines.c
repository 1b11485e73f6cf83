/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmd_monitor.h"
#include "cli/frame.h"
#include "cli/up.h"

static void add(struct up_line *line, const char *option, const char *arg)
{
    if (line->count + 2 < UP_WORDS) {
        line->words[line->count++] = option;
        if (arg != NULL) {
            line->words[line->count++] = arg;
        }
    }
}

/* Options of ours that another command has, too, by its name for them. */
static void pass(const struct cli_up *u, struct up_line *line, int option, const char *name)
{
    if (u->text[option] != NULL) {
        add(line, name, u->text[option]);
    }
}

static void pass_switch(const struct cli_up *u, struct up_line *line, int option, const char *name)
{
    if (u->text[option] != NULL) {
        add(line, name, NULL);
    }
}

static void begin(struct up_line *line, const char *name)
{
    memset(line, 0, sizeof *line);
    add(line, name, NULL);
}

void cli_up_generate_line(const struct cli_up *u, struct up_line *line)
{
    begin(line, "generate");
    add(line, "--table", u->table);
    add(line, "--label", u->nvs->label);
    add(line, "--relative-to", u->text[UP_RELATIVE_TO]);
    pass(u, line, UP_KEYS, "--keys");
    add(line, u->csv, u->image);
}

static void board(const struct cli_board_wish *w, struct up_line *line)
{
    static const char *const before[] = {NULL, "usb-reset", "no-reset", NULL};
    static const char *const after[] = {"hard-reset", "no-reset", "watchdog-reset"};
    const struct {
        const char *option;
        uint32_t value, usual;
    } numbers[] = {{"-b", w->baud, 0},
                   {"--connect-attempts", w->attempts, 0},
                   {"--table-offset", w->table_off, BM_PART_TABLE_OFFSET}};
    for (size_t i = 0; i < 3; i++) {
        if (numbers[i].value != numbers[i].usual) {
            (void)snprintf(line->numbers[i], sizeof line->numbers[i],
                           i < 2 ? "%" PRIu32 : "0x%" PRIx32, numbers[i].value);
            add(line, numbers[i].option, line->numbers[i]);
        }
    }
    if (w->chip != NULL) {
        add(line, "--chip", w->chip->id_name);
    }
    if (w->before == BM_BEFORE_CUSTOM || before[w->before] != NULL) {
        add(line, "--before", w->before == BM_BEFORE_CUSTOM ? w->sequence : before[w->before]);
    }
    if (w->after_given) {
        add(line, "--after", after[w->after]);
    }
    if (w->stub != NULL) {
        add(line, "--stub", w->stub);
    }
    if (w->no_progress) {
        add(line, "--no-progress", NULL);
    }
}

void cli_up_flash_line(const struct cli *c, const struct cli_up *u, struct up_line *line)
{
    begin(line, "flash");
    if (u->port[0] != '\0') {
        add(line, "-p", u->port);
    }
    board(&c->board, line);
    pass(u, line, UP_MODE, "--flash-mode");
    pass(u, line, UP_FREQ, "--flash-freq");
    pass(u, line, UP_SIZE, "--flash-size");
    pass_switch(u, line, UP_FORCE, "--force");
    add(line, "--args", u->text[UP_BUILD_DIR]);
    if (u->nvs != NULL && !u->holds) {
        add(line, u->assignment, NULL);
    }
}

void cli_up_monitor_line(const struct cli_up *u, struct up_line *line)
{
    begin(line, "monitor");
    if (u->port[0] != '\0') {
        add(line, u->port, NULL);
    }
    pass(u, line, UP_ELF, "--elf");
    pass(u, line, UP_FILTER, "--filter");
    pass(u, line, UP_LOG, "--log");
    pass(u, line, UP_UNTIL, "--until");
    pass(u, line, UP_FAIL_ON, "--fail-on");
    pass(u, line, UP_TIMEOUT, "--timeout");
    pass_switch(u, line, UP_EXIT_STATUS, "--exit-status");
}

void cli_up_say(FILE *to, const struct up_line *line)
{
    (void)fflush(stdout);
    (void)fputs("--> birthmark", to);
    for (int i = 0; i < line->count; i++) {
        cli_word(to, line->words[i]);
    }
    (void)fputc('\n', to);
}

/* run: in place of what the command does, or NULL. */
static int run_line(const struct up_line *line, int (*run)(struct cli *c))
{
    struct cli c;
    const char *argv[UP_WORDS + 1];
    memcpy(argv, line->words, sizeof line->words);
    argv[line->count] = NULL;
    const struct cli_cmd *cmd = cli_find(line->words[0]);
    int status = cli_open(&c, cmd, line->count, argv);
    status = status == CLI_OK ? (run != NULL ? run : cmd->run)(&c) : status;
    cli_close(&c);
    return status;
}

int cli_up_run(const struct up_line *line)
{
    cli_up_say(stderr, line);
    return run_line(line, NULL);
}

int cli_up_try_monitor(const struct cli_up *u)
{
    struct up_line line;
    cli_up_monitor_line(u, &line);
    return run_line(&line, cli_monitor_try);
}
