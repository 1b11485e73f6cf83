/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/board.h"
#include "link/reset.h"

static const struct poptOption options[] = {
    POPT_TABLEEND,
};

static const struct cli_example reset_examples[] = {
    {"birthmark reset -p /dev/ttyUSB0", "as its button does"},
    {NULL, NULL},
};

static const struct cli_example run_examples[] = {
    {"birthmark run -p socket://bench:4000", "out of download mode, without reset lines"},
    {NULL, NULL},
};

static int take(struct cli *c)
{
    int option;
    while ((option = cli_option(c)) > 0) {
    }
    if (option < 0) {
        return CLI_USAGE;
    }
    return cli_arg(c) == NULL ? CLI_OK
                              : cli_usage(c, "takes no arguments; the port is given with --port");
}

static int by_lines(struct cli_board *b)
{
    const int rc = bm_reset_run_sequence(bm_reset_run, &b->serial);
    if (rc != BM_OK) {
        return cli_board_fail(b, rc, NULL);
    }
    (void)printf("%s: reset\n", b->port);
    return CLI_OK;
}

static int reset(struct cli *c)
{
    struct cli_board b = {0};
    int status = take(c);
    status = status == CLI_OK ? cli_board_open_port(&b, c) : status;
    if (status == CLI_OK && b.serial.ops->set_lines == NULL) {
        cli_error(
            "%s: this port has no reset lines; a board in download mode starts with birthmark "
            "run",
            b.port);
        status = CLI_DEVICE;
    } else if (status == CLI_OK) {
        status = by_lines(&b);
    }
    cli_board_close(&b);
    return cli_finish(status);
}

/* Where there are no lines the loader is asked. */
static int by_loader(struct cli *c, struct cli_board *b)
{
    struct bm_diag diag = {0};
    cli_board_close(b);
    c->board.before = BM_BEFORE_NONE;
    c->board.after = BM_AFTER_NONE;
    const int status = cli_board_open(b, c, 0);
    if (status != CLI_OK) {
        return status;
    }
    const int rc = bm_link_start(b->link, &diag);
    if (rc != BM_OK) {
        return cli_board_fail(b, rc, &diag);
    }
    (void)printf("%s: started by %s\n", b->port,
                 b->info.chip->wdt.wprotect != 0 ? "the watchdog" : "its loader");
    return CLI_OK;
}

static int start(struct cli *c)
{
    struct cli_board b = {0};
    int status = take(c);
    status = status == CLI_OK ? cli_board_open_port(&b, c) : status;
    if (status == CLI_OK) {
        status = b.serial.ops->set_lines != NULL ? by_lines(&b) : by_loader(c, &b);
    }
    cli_board_close(&b);
    return cli_finish(status);
}

const struct cli_cmd cmd_reset = {
    .name = "reset",
    .args = "",
    .summary = "reset a board by the lines of its port",
    .about = "Pulls the board's reset line by RTS, with GPIO0 left alone, so that it starts its "
             "app. Nothing is asked of the board, so it does not matter what it is doing.",
    .options = options,
    .examples = reset_examples,
    .run = reset,
    .board = CLI_BOARD_ONLY,
};

const struct cli_cmd cmd_run = {
    .name = "run",
    .args = "",
    .summary = "let a board in download mode start its app",
    .about =
        "Resets the board as birthmark reset does. Where the port has no reset lines, as with "
        "socket://, a board that is in download mode is asked to let its watchdog reset it, an "
        "ESP32 to leave its loader; chips that can do neither stay where they are.",
    .options = options,
    .examples = run_examples,
    .run = start,
    .board = CLI_BOARD_ONLY,
};
