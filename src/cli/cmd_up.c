/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cli/board.h"
#include "cli/up.h"
#include "port/file.h"
#include "port/serial.h"
#include "port/shell.h"

#define TEXT(name, letter, val, text, arg)                  \
    {                                                       \
        name, letter, POPT_ARG_STRING, NULL, val, text, arg \
    }
#define SWITCH(name, letter, val, text)                    \
    {                                                      \
        name, letter, POPT_ARG_NONE, NULL, val, text, NULL \
    }

const struct poptOption cli_up_options[] = {
    TEXT("directory", 'C', UP_DIRECTORY, "folder of the project (the current one)", "DIR"),
    TEXT("config", '\0', UP_CONFIG, "file of settings, if not birthmark.ini", "FILE"),
    SWITCH("dry-run", 'n', UP_DRY_RUN, "print the plan, do nothing"),
    TEXT("build", '\0', UP_BUILD, "how to build (\"idf.py build\" for an ESP-IDF project)",
         "COMMAND"),
    SWITCH("no-build", '\0', UP_NO_BUILD, "take what was built before"),
    TEXT("build-dir", 'B', UP_BUILD_DIR, "where the build goes (build)", "DIR"),
    TEXT("csv", '\0', UP_CSV, "the values (main/nvs.csv or nvs.csv)", "FILE"),
    TEXT("label", '\0', UP_LABEL, "their partition (nvs, or the only one for NVS)", "NAME"),
    TEXT("relative-to", '\0', UP_RELATIVE_TO,
         "folder that relative paths in the CSV begin at (the build folder)", "DIR"),
    TEXT("keys", '\0', UP_KEYS, "encrypt the image with these NVS keys", "FILE"),
    SWITCH("temporary", '\0', UP_TEMPORARY, "wipe and remove the image in the end"),
    SWITCH("no-nvs", '\0', UP_NO_NVS, "make no image of values"),
    TEXT("flash-mode", '\0', UP_MODE, "as for birthmark flash (keep)", "MODE"),
    TEXT("flash-freq", '\0', UP_FREQ, "the same", "CLOCK"),
    TEXT("flash-size", '\0', UP_SIZE, "the same; detect: what the board has", "SIZE"),
    SWITCH("force", 'f', UP_FORCE, "flash in spite of errors; an identity may be lost"),
    SWITCH("no-monitor", '\0', UP_NO_MONITOR, "end with the reset"),
    TEXT("elf", '\0', UP_ELF, "program with symbols (the one of the build)", "FILE"),
    TEXT("filter", '\0', UP_FILTER, "as for birthmark monitor", "RULES"),
    TEXT("log", '\0', UP_LOG, "append the board's log to this file", "FILE"),
    TEXT("until", '\0', UP_UNTIL, "end when a line of the log matches", "REGEX"),
    TEXT("fail-on", '\0', UP_FAIL_ON, "end with status 1 when a line matches", "REGEX"),
    TEXT("timeout", '\0', UP_TIMEOUT, "end the monitor after this time (30s)", "TIME"),
    SWITCH("exit-status", '\0', UP_EXIT_STATUS, "end with status 1 when the program crashes"),
    POPT_TABLEEND,
};

static const struct cli_example examples[] = {
    {"birthmark up -p /dev/ttyUSB0 -b 460800", "build, flash with the identity, show the log"},
    {"birthmark up --dry-run", "what that would do, file by file"},
    {"birthmark up --no-build --until \"identity: ready\" --timeout 30s --exit-status",
     "in a CI job"},
    {"birthmark up --build \"make -C firmware\" --build-dir firmware/out", "another kind of build"},
    {NULL, NULL},
};

static int build(const struct cli_up *u)
{
    struct bm_diag diag = {0};
    int how = 0;
    (void)fflush(stdout);
    if (u->command[0] == '\0') {
        (void)fprintf(stderr, "--> no build: %s\n", u->why_no_build);
        return CLI_OK;
    }
    (void)fprintf(stderr, "--> %s\n", u->command);
    const int rc = bm_port_shell(u->command, &how, &diag);
    if (rc != BM_OK) {
        return cli_fail("/bin/sh", rc, &diag);
    }
    if (how == CLI_INTERRUPTED) {
        cli_error("the build was interrupted; nothing was flashed");
    } else if (how != 0) {
        cli_error("the build ended with status %d; nothing was flashed. Correct it, or flash what "
                  "was built before with --no-build",
                  how);
    }
    return how;
}

/* The step that failed says why; this says what that means. */
static int stopped(int status, const char *step, const char *remedy)
{
    if (status != CLI_OK && status != CLI_INTERRUPTED) {
        cli_error("stopped at %s: %s", step, remedy);
    }
    return status;
}

/* A command to paste. */
static void say_import(const struct cli_up *u)
{
    const char *in = u->text[UP_DIRECTORY];
    const uint32_t table_off = u->parts.plan.table_off;
    if (in != NULL) {
        (void)fputs("(cd", stderr);
        cli_word(stderr, in);
        (void)fputs(" && ", stderr);
    }
    (void)fputs("birthmark import -p", stderr);
    cli_word(stderr, u->port);
    (void)fputs(" --partition", stderr);
    cli_word(stderr, u->nvs->label);
    if (table_off != BM_PART_TABLE_OFFSET) {
        (void)fprintf(stderr, " --table-offset 0x%" PRIx32, table_off);
    }
    (void)fputs(" --relative-to", stderr);
    cli_word(stderr, u->text[UP_RELATIVE_TO]);
    cli_word(stderr, u->csv);
    (void)fputs(in != NULL ? ")\n" : "\n", stderr);
}

static int generate(const struct cli_up *u)
{
    struct up_line line;
    cli_up_generate_line(u, &line);
    return stopped(cli_up_run(&line), "generate",
                   "nothing was flashed. Paths in the CSV are relative to the build folder, unless "
                   "--relative-to says otherwise");
}

static int flash(struct cli *c, struct cli_up *u)
{
    struct up_line line;
    int status = CLI_OK;
    u->differs = u->text[UP_KEYS] != NULL;
    if (u->nvs != NULL && u->text[UP_KEYS] == NULL && u->text[UP_FORCE] == NULL) {
        status = cli_up_compare(c, u);
    }
    if (status == CLI_OK) {
        cli_up_flash_line(c, u, &line);
        status = cli_up_run(&line);
    }
    if (status == CLI_INPUT && u->nvs != NULL && u->differs) {
        (void)stopped(status, "flash",
                      "nothing was written. --no-nvs leaves the board's values as they are, "
                      "--force replaces them all, birthmark import sets those of the CSV among "
                      "them:");
        say_import(u);
        return status;
    }
    return stopped(status, "flash",
                   status == CLI_INPUT ? "correct what is said above, then run birthmark up again"
                                       : "birthmark up may be run again");
}

/* With --temporary the image goes also if we are killed. */
static int watch_image(struct cli_up *u)
{
    struct bm_diag diag = {0};
    if (u->text[UP_TEMPORARY] == NULL) {
        return CLI_OK;
    }
    const int rc = bm_port_wiper_start(&u->wiper, u->image, &diag);
    return rc == BM_OK ? CLI_OK : cli_fail(u->image, rc, &diag);
}

static int steps(struct cli *c, struct cli_up *u)
{
    struct up_line line;
    int status = cli_up_read(u);
    if (status == CLI_OK && u->nvs != NULL) {
        status = watch_image(u);
        status = status == CLI_OK ? generate(u) : status;
    }
    status = status == CLI_OK ? flash(c, u) : status;
    if (status == CLI_OK && u->text[UP_NO_MONITOR] == NULL) {
        cli_up_monitor_line(u, &line);
        status = cli_up_run(&line);
    }
    return status;
}

/* The image may hold a private key. */
static int clear_away(struct cli_up *u, int status)
{
    struct bm_diag diag = {0};
    if (u->text[UP_TEMPORARY] == NULL || u->image[0] == '\0') {
        return status;
    }
    const int rc = bm_port_wipe_file(u->image, &diag);
    bm_port_wiper_end(&u->wiper);
    if (rc != BM_OK) {
        (void)cli_fail(u->image, rc, &diag);
        return status == CLI_OK ? CLI_DEVICE : status;
    }
    return status;
}

/* The header of the bootloader gets another size when it is flashed, so what the table's end is
 * measured by is not known here. */
static void leave_size(struct bm_layout_findings *f)
{
    for (size_t i = f->count; i-- > 0;) {
        if (f->list[i].kind == &bm_layout_kinds[BM_LF_TABLE_TOO_LARGE]) {
            f->count--;
            f->errors--;
            memmove(&f->list[i], &f->list[i + 1], (f->count - i) * sizeof *f->list);
        }
    }
}

/* As far as a build of before tells it. */
static int plan(const struct cli *c, struct cli_up *u)
{
    struct bm_layout_findings findings;
    memset(&findings, 0, sizeof findings);
    const int built = cli_is_build(u->text[UP_BUILD_DIR]);
    int status = CLI_OK;
    if (built || u->command[0] == '\0') {
        status = cli_up_read(u);
    }
    if (status != CLI_OK) {
        return status;
    }
    cli_up_plan(c, u, built);
    if (built) {
        bm_plan_check(&u->parts.plan, &findings);
        if (u->text[UP_SIZE] != NULL && strcmp(u->text[UP_SIZE], "keep") != 0) {
            leave_size(&findings);
        }
        cli_findings_put(&findings, NULL);
        status = findings.errors > 0 ? CLI_INPUT : CLI_OK;
    }
    bm_layout_findings_free(&findings);
    return status;
}

/* A port that is not there, busy or not for us is told before an hour of building, not after it. */
static int try_port(const struct cli_up *u)
{
    struct bm_serial serial;
    struct bm_diag diag = {0};
    const int rc = bm_port_serial_open(&serial, u->port, 0, &diag);
    if (rc != BM_OK) {
        (void)cli_fail(u->port, rc, &diag);
        return rc == BM_E_ARG ? CLI_USAGE : CLI_DEVICE;
    }
    bm_port_serial_close(&serial);
    return CLI_OK;
}

static int find_port(struct cli *c, struct cli_up *u)
{
    const char *environment = getenv("BIRTHMARK_PORT");
    const int given = c->board.port != NULL || (environment != NULL && environment[0] != '\0');
    if (u->text[UP_DRY_RUN] != NULL) {
        return given ? cli_board_port(c, u->port) : CLI_OK;
    }
    const int status = cli_board_port(c, u->port);
    return status == CLI_OK && u->command[0] != '\0' ? try_port(u) : status;
}

static int run(struct cli *c)
{
    struct cli_up *u = calloc(1, sizeof *u);
    if (u == NULL) {
        return cli_fail("up", BM_E_NOMEM, NULL);
    }
    int status = cli_up_take(c, u);
    if (status == CLI_OK && u->text[UP_NO_MONITOR] == NULL) {
        status = cli_up_try_monitor(u); /* now, not when all is built and flashed */
    }
    status = status == CLI_OK ? cli_up_look(c, u) : status;
    status = status == CLI_OK ? find_port(c, u) : status;
    if (status == CLI_OK && u->text[UP_DRY_RUN] != NULL) {
        status = plan(c, u);
    } else if (status == CLI_OK) {
        status = build(u);
        status = status == CLI_OK ? steps(c, u) : status;
        status = clear_away(u, status);
    }
    cli_up_forget(u);
    free(u);
    return cli_finish(status);
}

const struct cli_cmd cmd_up = {
    .name = "up",
    .args = "",
    .summary = "build, make the image of values, flash what changed, show the log",
    .about =
        "Brings a project onto a board: builds it, makes the NVS image of nvs.csv in the size of "
        "its partition, flashes what build/flasher_args.json lists and the image, each where the "
        "partition table has it, resets the board and shows its log. Each step is told in one "
        "line, most of them the command that does it alone; the first one that fails ends it all "
        "with its status.\n\n"
        "What the board has already is not written. Values that a board has added to its NVS "
        "partition stay: if all of the CSV are there, the partition is left alone; if one differs, "
        "nothing is flashed before --no-nvs or --force says what is wanted.\n\n"
        "Settings stand in birthmark.ini of the project, options win over them (docs/up.md). "
        "Relative paths in the CSV begin at the build folder.",
    .options = cli_up_options,
    .examples = examples,
    .run = run,
    .board = CLI_BOARD_FILES,
};
