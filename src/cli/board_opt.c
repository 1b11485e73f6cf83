/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/board_opt.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/table_arg.h"
#include "image/suggest.h"
#include "layout/flash_params.h"
#include "layout/part_number.h"
#include "link/reset.h"

enum {
    OPT_PORT = CLI_BOARD_FIRST,
    OPT_BAUD,
    OPT_CHIP,
    OPT_BEFORE,
    OPT_AFTER,
    OPT_ATTEMPTS,
    OPT_STUB,
    OPT_NO_STUB,
    OPT_TABLE_OFFSET,
    OPT_NO_PROGRESS,
    OPT_PARTITION,
    OPT_BACKUP,
    OPT_NO_BACKUP,
    OPT_FLASH_SIZE
};

#define HIDDEN POPT_ARGFLAG_DOC_HIDDEN

/* port_text: what --port means to the command. */
#define ROWS(port_text)                                                                            \
    {"port", 'p', POPT_ARG_STRING, NULL, OPT_PORT, port_text, "PORT"},                             \
        {"baud", 'b',      POPT_ARG_STRING,                                                        \
         NULL,   OPT_BAUD, "speed of the line after connecting (115200)",                          \
         "BAUD"},                                                                                  \
        {"chip", 'c',      POPT_ARG_STRING,                                                        \
         NULL,   OPT_CHIP, "refuse a board with another chip: esp32, esp32c3, ...",                \
         "NAME"},                                                                                  \
        {"before",                                                                                 \
         '\0',                                                                                     \
         POPT_ARG_STRING,                                                                          \
         NULL,                                                                                     \
         OPT_BEFORE,                                                                               \
         "default-reset, usb-reset, no-reset, or steps as 'D0|R1|W0.1|D1|R0|W0.05|D0'",            \
         "HOW"},                                                                                   \
        {"after", '\0',      POPT_ARG_STRING,                                                      \
         NULL,    OPT_AFTER, "hard-reset, no-reset or watchdog-reset, at the end",                 \
         "HOW"},                                                                                   \
        {"connect-attempts",                                                                       \
         '\0',                                                                                     \
         POPT_ARG_STRING,                                                                          \
         NULL,                                                                                     \
         OPT_ATTEMPTS,                                                                             \
         "how often connecting is tried (7)",                                                      \
         "N"},                                                                                     \
        {"connect_attempts", '\0', POPT_ARG_STRING | HIDDEN, NULL, OPT_ATTEMPTS, "the same", "N"}, \
        {"stub", '\0',     POPT_ARG_STRING,                                                        \
         NULL,   OPT_STUB, "load this flasher stub, in esptool's JSON form, for speed",            \
         "FILE"},                                                                                  \
        {"no-stub", '\0', POPT_ARG_NONE | HIDDEN, NULL, OPT_NO_STUB, "as without --stub", NULL},   \
        {"no_stub", '\0', POPT_ARG_NONE | HIDDEN, NULL, OPT_NO_STUB, "the same", NULL},            \
        {"table-offset",   '\0',                                                                   \
         POPT_ARG_STRING,  NULL,                                                                   \
         OPT_TABLE_OFFSET, "where the board's partition table is (0x8000)",                        \
         "OFFSET"},                                                                                \
    {                                                                                              \
        "no-progress", '\0', POPT_ARG_NONE, NULL, OPT_NO_PROGRESS, "show no progress", NULL        \
    }

#define INSTEAD "take a board in place of a file: its port as for birthmark flash, or auto"
#define PARTITION                                                                                \
    {                                                                                            \
        "partition", '\0', POPT_ARG_STRING, NULL, OPT_PARTITION,                                 \
            "which partition of the board; not needed for nvs, or where one alone suits", "NAME" \
    }

#define FLASH_SIZE                                                                    \
    {                                                                                 \
        "flash-size", '\0', POPT_ARG_STRING, NULL, OPT_FLASH_SIZE,                    \
            "size of the board's flash, where its id does not tell: 4MB, ...", "SIZE" \
    }
#define PORT                                                                                \
    "/dev/ttyUSB0, socket://HOST:PORT or rfc2217://HOST:PORT (BIRTHMARK_PORT, or the only " \
    "board found)"

static const struct poptOption files[] = {
    ROWS(PORT),
    POPT_TABLEEND,
};

static const struct poptOption only[] = {
    ROWS(PORT),
    FLASH_SIZE,
    POPT_TABLEEND,
};

static const struct poptOption reads[] = {
    ROWS(INSTEAD),
    FLASH_SIZE,
    PARTITION,
    POPT_TABLEEND,
};

static const struct poptOption edits[] = {
    ROWS(INSTEAD),
    FLASH_SIZE,
    PARTITION,
    {"backup", '\0', POPT_ARG_STRING, NULL, OPT_BACKUP,
     "where the board's old bytes are kept (NAME-MAC-DATE.bin)", "FILE"},
    {"no-backup", '\0', POPT_ARG_NONE, NULL, OPT_NO_BACKUP, "keep none", NULL},
    POPT_TABLEEND,
};

_Static_assert(sizeof edits / sizeof edits[0] <= CLI_BOARD_ROWS, "edits has them all");

static int has_name(const struct poptOption *table, const char *name)
{
    for (; table->longName != NULL || table->shortName != '\0'; table++) {
        if (table->longName != NULL && strcmp(table->longName, name) == 0) {
            return 1;
        }
    }
    return 0;
}

size_t cli_board_options(struct poptOption rows[CLI_BOARD_ROWS], enum cli_board_use use,
                         const struct poptOption *own)
{
    static const struct poptOption end = POPT_TABLEEND;
    static const struct poptOption *const tables[] = {
        [CLI_BOARD_NONE] = &end, [CLI_BOARD_READ] = reads,  [CLI_BOARD_EDIT] = edits,
        [CLI_BOARD_ONLY] = only, [CLI_BOARD_FILES] = files,
    };
    size_t n = 0;
    for (const struct poptOption *o = tables[use]; o->longName != NULL; o++) {
        if (!has_name(own, o->longName)) {
            rows[n++] = *o;
        }
    }
    rows[n] = end;
    return n;
}

static int take_chip(struct cli *c, const char *name)
{
    if (strcmp(name, "auto") == 0) {
        return CLI_OK;
    }
    c->board.chip = bm_chip_by_name(name);
    if (c->board.chip != NULL) {
        return CLI_OK;
    }
    const char *names[32];
    size_t n = 0;
    for (const struct bm_chip *chip = bm_chips; chip->name != NULL && n < 31; chip++) {
        names[n++] = chip->id_name;
    }
    names[n] = NULL;
    const char *near = bmi_suggest(name, strlen(name), names);
    return cli_usage(c, "--chip: unknown \"%s\"%s%s%s", name,
                     near != NULL ? " (did you mean " : "; esp32, esp32c3, ... or auto",
                     near != NULL ? near : "", near != NULL ? "?)" : "");
}

static int take_number(struct cli *c, const char *option, const char *arg, uint32_t most,
                       uint32_t *out)
{
    uint64_t v = 0;
    if (bm_part_number(&v, arg, strlen(arg)) != BM_OK || v == 0 || v > most) {
        return cli_usage(c, "--%s takes a number from 1 to %u, not \"%s\"", option, (unsigned)most,
                         arg);
    }
    *out = (uint32_t)v;
    return CLI_OK;
}

/* A word of esptool's, with dashes or with underscores; its number, or -1. */
static int word(const char *const *words, const char *text)
{
    char dashed[32];
    (void)snprintf(dashed, sizeof dashed, "%s", text);
    for (char *p = dashed; *p != '\0'; p++) {
        *p = *p == '_' ? '-' : *p;
    }
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], dashed) == 0) {
            return i;
        }
    }
    return -1;
}

static int take_before(struct cli *c, const char *arg)
{
    static const char *const words[] = {"default-reset", "usb-reset", "no-reset", NULL};
    static const enum bm_link_before values[] = {BM_BEFORE_DEFAULT, BM_BEFORE_USB, BM_BEFORE_NONE};
    const int i = word(words, arg);
    size_t where = 0;
    if (i >= 0) {
        c->board.before = values[i];
        return CLI_OK;
    }
    if (strchr(arg, '|') == NULL) {
        return cli_usage(c,
                         "--before is default-reset, usb-reset, no-reset, or steps with | between "
                         "them, not \"%s\"",
                         arg);
    }
    if (bm_reset_check(arg, &where) != BM_OK) {
        return cli_usage(c, "--before: \"%s\" is no step; D0 D1 R0 R1 U1,0 and W0.1 are",
                         arg + where);
    }
    c->board.before = BM_BEFORE_CUSTOM;
    c->board.sequence = arg;
    return CLI_OK;
}

static int take_after(struct cli *c, const char *arg)
{
    static const char *const words[] = {"hard-reset", "no-reset", "watchdog-reset", "no-reset-stub",
                                        NULL};
    static const enum bm_link_after values[] = {BM_AFTER_HARD_RESET, BM_AFTER_NONE,
                                                BM_AFTER_WATCHDOG, BM_AFTER_NONE};
    const int i = word(words, arg);
    if (i < 0) {
        return cli_usage(c, "--after is hard-reset, no-reset or watchdog-reset, not \"%s\"", arg);
    }
    c->board.after = values[i];
    c->board.after_given = 1;
    return CLI_OK;
}

int cli_board_flash_size(struct cli *c, const char *arg)
{
    const int number = bm_flash_size_by_name(arg);
    if (strcmp(arg, "keep") == 0 || strcmp(arg, "detect") == 0) {
        c->board.flash_size = 0;
    } else if (number >= 0) {
        c->board.flash_size = UINT32_C(1024) * 1024 << number;
    } else {
        return cli_usage(c, "--flash-size is keep, detect, or 1MB to 128MB, not \"%s\"", arg);
    }
    return CLI_OK;
}

/* Its name if it says nothing of a file, or NULL. --no-progress asks for what a file has anyhow. */
static const char *lone(int option)
{
    static const int rest[] = {OPT_PORT, OPT_NO_PROGRESS, OPT_NO_STUB};
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++) {
        if (rest[i] == option) {
            return NULL;
        }
    }
    const struct poptOption *o = edits; /* has them all */
    while (o->val != option && o->longName != NULL) {
        o++;
    }
    return o->longName;
}

int cli_board_option(struct cli *c, int option, const char *arg)
{
    struct cli_board_wish *w = &c->board;
    uint32_t n = 0;
    int status = CLI_OK;
    w->lone = w->lone != NULL ? w->lone : lone(option);
    switch (option) {
    case OPT_PORT:
        w->port = arg;
        return arg[0] != '\0' ? CLI_OK : cli_usage(c, "--port takes a port, as /dev/ttyUSB0");
    case OPT_BAUD: return take_number(c, "baud", arg, 10000000, &w->baud);
    case OPT_CHIP: return take_chip(c, arg);
    case OPT_BEFORE: return take_before(c, arg);
    case OPT_AFTER: return take_after(c, arg);
    case OPT_ATTEMPTS:
        status = take_number(c, "connect-attempts", arg, 1000, &n);
        w->attempts = n;
        return status;
    case OPT_STUB: w->stub = arg; break;
    case OPT_NO_STUB: w->stub = NULL; break;
    case OPT_TABLE_OFFSET: return cli_table_number(c, &w->table_off, "--table-offset", arg);
    case OPT_PARTITION: w->partition = arg; break;
    case OPT_BACKUP:
        w->backup = arg;
        return strcmp(arg, "-") != 0 ? CLI_OK : cli_usage(c, "--backup takes a file");
    case OPT_NO_BACKUP: w->no_backup = 1; break;
    case OPT_FLASH_SIZE: return cli_board_flash_size(c, arg);
    default: w->no_progress = 1; break;
    }
    return status;
}

int cli_board_done(struct cli *c)
{
    const int instead = c->cmd->board == CLI_BOARD_READ || c->cmd->board == CLI_BOARD_EDIT;
    return !instead || c->board.port != NULL || c->board.lone == NULL
               ? CLI_OK
               : cli_usage(c, "--%s needs --port", c->board.lone);
}
