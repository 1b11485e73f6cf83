/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/frame.h"
#include "cli/up.h"
#include "image/suggest.h"
#include "port/file.h"
#include "port/shell.h"

static const char usual_file[] = "birthmark.ini";
enum { FILE_MAX = 256 * 1024 };

/* The settings there are, and the option that each stands for. */
static const struct bm_setting_row rows[] = {
    {"build", "command"},
    {"build", "dir"},
    {"build", "skip"},
    {"nvs", "csv"},
    {"nvs", "label"},
    {"nvs", "relative-to"},
    {"nvs", "keys"},
    {"nvs", "temporary"},
    {"nvs", "skip"},
    {"board", "port"},
    {"board", "baud"},
    {"board", "chip"},
    {"board", "before"},
    {"board", "after"},
    {"board", "connect-attempts"},
    {"board", "stub"},
    {"board", "table-offset"},
    {"flash", "mode"},
    {"flash", "freq"},
    {"flash", "size"},
    {"monitor", "elf"},
    {"monitor", "filter"},
    {"monitor", "log"},
    {"monitor", "until"},
    {"monitor", "fail-on"},
    {"monitor", "timeout"},
    {"monitor", "exit-status"},
    {"monitor", "skip"},
    {NULL, NULL},
};
static const struct {
    const char *option;
    int is_switch;
} options[] = {
    {"build", 0},      {"build-dir", 0},    {"no-build", 1},
    {"csv", 0},        {"label", 0},        {"relative-to", 0},
    {"keys", 0},       {"temporary", 1},    {"no-nvs", 1},
    {"port", 0},       {"baud", 0},         {"chip", 0},
    {"before", 0},     {"after", 0},        {"connect-attempts", 0},
    {"stub", 0},       {"table-offset", 0}, {"flash-mode", 0},
    {"flash-freq", 0}, {"flash-size", 0},   {"elf", 0},
    {"filter", 0},     {"log", 0},          {"until", 0},
    {"fail-on", 0},    {"timeout", 0},      {"exit-status", 1},
    {"no-monitor", 1},
};
_Static_assert(sizeof options / sizeof options[0] + 1 == sizeof rows / sizeof rows[0],
               "an option for each setting");

/* The options of one command line, however it came about. */
static int take_options(struct cli *c, struct cli_up *u)
{
    int option;
    while ((option = cli_option(c)) > 0) {
        const char *arg = cli_option_arg(c);
        u->text[option] = arg != NULL ? arg : "";
    }
    if (option < 0) {
        return CLI_USAGE;
    }
    const char *extra = cli_arg(c);
    return extra == NULL ? CLI_OK
                         : cli_usage(c,
                                     "there is no argument \"%s\"; a project elsewhere is "
                                     "given with -C",
                                     extra);
}

/* 1 yes, 0 no, -1 neither. */
static int yes(const char *text)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i], text) == 0) {
            return (int)(i % 2);
        }
    }
    return -1;
}

/* Takes a setting as if it had been typed. below: what the settings before it said of the board. */
static int take_setting(const struct cli_cmd *cmd, struct cli_up *u, const char *file,
                        const struct bm_setting *s, struct cli_board_wish *below)
{
    const int is_switch = options[s->row].is_switch;
    const char *key = rows[s->row].key;
    const char *environment = getenv("BIRTHMARK_PORT");
    char word[BM_SETTINGS_LINE + 32];
    const char *argv[] = {cmd->name, word, NULL};
    if (is_switch && yes(s->value) < 0) {
        cli_error("%s:%u: %s is yes or no, not \"%s\"", file, (unsigned)s->line, key, s->value);
        return CLI_INPUT;
    }
    if ((is_switch && yes(s->value) == 0) ||
        (strcmp(key, "port") == 0 && environment != NULL && environment[0] != '\0')) {
        return CLI_OK;
    }
    (void)snprintf(word, sizeof word, "--%s%s%s", options[s->row].option, is_switch ? "" : "=",
                   is_switch ? "" : s->value);
    struct cli *said = &u->said[u->said_count++];
    int status = cli_open(said, cmd, 2, argv);
    said->board = status == CLI_OK ? *below : said->board;
    status = status == CLI_OK ? take_options(said, u) : status;
    if (status != CLI_OK) {
        cli_error("%s:%u: this is what %s = %s says", file, (unsigned)s->line, key, s->value);
        return status == CLI_USAGE ? CLI_INPUT : status;
    }
    *below = said->board;
    return CLI_OK;
}

static void put_problems(struct bm_image_problems *problems)
{
    char text[512];
    for (size_t i = 0; i < problems->count; i++) {
        bm_image_problem_format(text, sizeof text, &problems->list[i]);
        cli_error("%s", text);
    }
    bm_image_problems_free(problems);
}

/* Reads the file of settings, if there is one, or if one was asked for. */
static int take_file(struct cli *c, struct cli_up *u)
{
    const char *file = u->text[UP_CONFIG] != NULL ? u->text[UP_CONFIG] : usual_file;
    struct bm_image_problems problems = {0};
    struct bm_diag diag = {0};
    uint8_t *text = NULL;
    size_t len = 0;
    int rc = bm_port_read_named(file, FILE_MAX, &text, &len, &diag);
    if (rc == BM_E_NOENT && u->text[UP_CONFIG] == NULL) {
        return CLI_OK;
    }
    if (rc != BM_OK) {
        return cli_fail_input(file, rc, &diag);
    }
    rc = bm_settings_read(&u->settings, file, (const char *)text, len, rows, &problems);
    bm_port_free(text, len);
    put_problems(&problems);
    if (rc != BM_OK) {
        return rc == BM_E_INPUT ? CLI_INPUT : cli_fail(file, rc, NULL);
    }
    struct cli_board_wish board = {.table_off = BM_PART_TABLE_OFFSET};
    int status = CLI_OK;
    for (size_t i = 0; status == CLI_OK && i < u->settings.count; i++) {
        status = take_setting(c->cmd, u, file, &u->settings.list[i], &board);
    }
    c->board = board;
    return status;
}

int cli_up_take(struct cli *c, struct cli_up *u)
{
    struct bm_diag diag = {0};
    int status = take_options(c, u);
    const char *folder = u->text[UP_DIRECTORY];
    if (status == CLI_OK && folder != NULL) {
        const int rc = bm_port_chdir(folder, &diag);
        status = rc == BM_OK ? CLI_OK : cli_fail_input(folder, rc, &diag);
    }
    if (status != CLI_OK) {
        return status;
    }
    /* the settings first, and the options once more, over them */
    const char *config = u->text[UP_CONFIG];
    memset(u->text, 0, sizeof u->text);
    u->text[UP_CONFIG] = config;
    status = take_file(c, u);
    if (status != CLI_OK) {
        return status;
    }
    poptResetContext(c->popt);
    return take_options(c, u);
}

void cli_up_forget(struct cli_up *u)
{
    for (size_t i = 0; i < u->said_count; i++) {
        cli_close(&u->said[i]);
    }
    bm_settings_free(&u->settings);
    cli_parts_close(&u->parts);
}
