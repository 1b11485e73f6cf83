/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_monitor.h"

#include <stdlib.h>
#include <string.h>

#include "cli/board.h"
#include "cli/cmd_monitor_screen.h"

enum {
    OPT_PORT = 1,
    OPT_BAUD,
    OPT_NO_RESET,
    OPT_NO_RECONNECT,
    OPT_STAMPS,
    OPT_FILTER,
    OPT_GREP,
    OPT_LOG,
    OPT_ELF,
    OPT_ADDR2LINE,
    OPT_EOL,
    OPT_UNTIL,
    OPT_FAIL_ON,
    OPT_ALLOW_PANIC,
    OPT_TIMEOUT,
    OPT_EXIT_STATUS,
    OPT_JSON
};

static const struct poptOption options[] = {
    {"port", 'p', POPT_ARG_STRING, NULL, OPT_PORT,
     "the port, as with other commands; without any: BIRTHMARK_PORT, or the only board found",
     "PORT"},
    {"baud", 'b', POPT_ARG_STRING, NULL, OPT_BAUD, "speed of the line (115200)", "BAUD"},
    {"no-reset", '\0', POPT_ARG_NONE, NULL, OPT_NO_RESET, "leave the board running", NULL},
    {"no-reconnect", '\0', POPT_ARG_NONE, NULL, OPT_NO_RECONNECT,
     "end when the board is gone, with status 4", NULL},
    {"timestamps", '\0', POPT_ARG_STRING, NULL, OPT_STAMPS, "time before each line",
     "relative|absolute"},
    {"filter", '\0', POPT_ARG_STRING, NULL, OPT_FILTER,
     "show these tags up to these levels: \"wifi:W,*:I\"", "RULES"},
    {"grep", '\0', POPT_ARG_STRING, NULL, OPT_GREP, "show only lines that match", "REGEX"},
    {"log", '\0', POPT_ARG_STRING, NULL, OPT_LOG, "append all that comes, without colours", "FILE"},
    {"elf", '\0', POPT_ARG_STRING, NULL, OPT_ELF,
     "name the functions of addresses by this program; may be given again", "FILE"},
    {"addr2line", '\0', POPT_ARG_STRING, NULL, OPT_ADDR2LINE,
     "ask this program for lines of source; none: do not ask", "PROGRAM|none"},
    {"eol", '\0', POPT_ARG_STRING, NULL, OPT_EOL, "what Enter sends (cr)", "cr|lf|crlf"},
    {"until", '\0', POPT_ARG_STRING, NULL, OPT_UNTIL, "end when a line matches", "REGEX"},
    {"fail-on", '\0', POPT_ARG_STRING, NULL, OPT_FAIL_ON, "end with status 1 when a line matches",
     "REGEX"},
    {"allow-panic", '\0', POPT_ARG_NONE, NULL, OPT_ALLOW_PANIC,
     "with --until: go on when the program crashes", NULL},
    {"timeout", '\0', POPT_ARG_STRING, NULL, OPT_TIMEOUT, "end after this time (30s, 2m, 500ms)",
     "TIME"},
    {"exit-status", '\0', POPT_ARG_NONE, NULL, OPT_EXIT_STATUS,
     "end with status 1 when the program crashes, also without --until", NULL},
    {"json", '\0', POPT_ARG_NONE, NULL, OPT_JSON, "one JSON object for each line and event", NULL},
    POPT_TABLEEND,
};

static const struct cli_example examples[] = {
    {"birthmark monitor /dev/ttyUSB0", "reset the board and show its log"},
    {"birthmark monitor /dev/ttyUSB0 --elf build/app.elf --filter \"wifi:W,*:I\"",
     "with crashes explained, and little of Wi-Fi"},
    {"birthmark monitor /dev/ttyUSB0 --until \"identity: ready\" --timeout 30s --exit-status",
     "in a CI job: does it come up?"},
    {NULL, NULL},
};

/* A number at the start of text, and what is behind it. Returns 0 where there is none. */
static int take_number(const char *text, uint64_t *out, const char **end)
{
    uint64_t v = 0;
    const char *p = text;
    for (; *p >= '0' && *p <= '9' && p - text < 10; p++) {
        v = v * 10 + (uint64_t)(*p - '0');
    }
    *out = v;
    *end = p;
    return p > text;
}

static int take_time(struct cli *c, uint64_t *out)
{
    static const struct {
        const char *unit;
        unsigned ms;
    } units[] = {{"", 1000}, {"s", 1000}, {"ms", 1}, {"m", 60000}, {"min", 60000}, {"h", 3600000}};
    const char *text = cli_option_arg(c);
    const char *end;
    if (take_number(text, out, &end) && *out > 0) {
        for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
            if (strcmp(end, units[i].unit) == 0) {
                *out *= units[i].ms;
                return CLI_OK;
            }
        }
    }
    return cli_usage(c, "--timeout %s: no time; write 30s, 2m or 500ms", text);
}

static int take_baud(struct cli *c, uint32_t *out)
{
    const char *text = cli_option_arg(c);
    const char *end;
    uint64_t v;
    if (!take_number(text, &v, &end) || *end != '\0' || v == 0 || v > 10000000) {
        return cli_usage(c, "--baud %s: no speed; write bits per second, such as 115200", text);
    }
    *out = (uint32_t)v;
    return CLI_OK;
}

static int take_stamps(struct cli *c, int *out)
{
    const char *text = cli_option_arg(c);
    if (strcmp(text, "relative") == 0) {
        *out = STAMPS_RELATIVE;
    } else if (strcmp(text, "absolute") == 0) {
        *out = STAMPS_ABSOLUTE;
    } else {
        return cli_usage(c, "--timestamps %s: choose relative or absolute", text);
    }
    return CLI_OK;
}

static int take_eol(struct cli *c, const char **out)
{
    static const struct {
        const char *name, *bytes;
    } ends[] = {{"cr", "\r"}, {"lf", "\n"}, {"crlf", "\r\n"}};
    const char *text = cli_option_arg(c);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (strcmp(text, ends[i].name) == 0) {
            *out = ends[i].bytes;
            return CLI_OK;
        }
    }
    return cli_usage(c, "--eol %s: choose cr, lf or crlf", text);
}

static int take_elf(struct cli *c, struct monitor_wish *w)
{
    size_t n = 0;
    while (w->elves[n] != NULL) {
        n++;
    }
    if (n == MONITOR_ELVES_MAX) {
        return cli_usage(c, "--elf: %d files at most", MONITOR_ELVES_MAX);
    }
    w->elves[n] = cli_option_arg(c);
    return CLI_OK;
}

/* An empty one, as of an unset variable, would match the first line. */
static int take_regex(struct cli *c, const char *option, const char **out)
{
    *out = cli_option_arg(c);
    return (*out)[0] != '\0'
               ? CLI_OK
               : cli_usage(c, "%s: the REGEX is empty, it would match any line", option);
}

/* "-" is standard output with other commands, and there the lines are shown already. */
static int take_log(struct cli *c, const char **out)
{
    *out = cli_option_arg(c);
    return strcmp(*out, "-") != 0
               ? CLI_OK
               : cli_usage(c, "--log takes a file; standard output has the log already");
}

static int take_option(struct cli *c, int opt, struct monitor_wish *w)
{
    switch (opt) {
    case OPT_PORT: w->port = cli_option_arg(c); break;
    case OPT_BAUD: return take_baud(c, &w->baud);
    case OPT_NO_RESET: w->no_reset = 1; break;
    case OPT_NO_RECONNECT: w->no_reconnect = 1; break;
    case OPT_STAMPS: return take_stamps(c, &w->stamps);
    case OPT_FILTER: w->filter = cli_option_arg(c); break;
    case OPT_GREP: w->grep = cli_option_arg(c); break;
    case OPT_LOG: return take_log(c, &w->log);
    case OPT_ELF: return take_elf(c, w);
    case OPT_ADDR2LINE: w->addr2line = cli_option_arg(c); break;
    case OPT_EOL: return take_eol(c, &w->eol);
    case OPT_UNTIL: return take_regex(c, "--until", &w->until);
    case OPT_FAIL_ON: return take_regex(c, "--fail-on", &w->fail_on);
    case OPT_ALLOW_PANIC: w->allow_panic = 1; break;
    case OPT_TIMEOUT: return take_time(c, &w->timeout_ms);
    case OPT_EXIT_STATUS: w->exit_status = 1; break;
    default: w->json = 1; break;
    }
    return CLI_OK;
}

static int take_all(struct cli *c, struct monitor_wish *w)
{
    int opt;
    while ((opt = cli_option(c)) > 0) {
        const int status = take_option(c, opt, w);
        if (status != CLI_OK) {
            return status;
        }
    }
    if (opt < 0) {
        return CLI_USAGE;
    }
    const char *arg = cli_arg(c);
    if (cli_arg(c) != NULL || (arg != NULL && w->port != NULL)) {
        return cli_usage(c, "one port at a time");
    }
    w->port = arg != NULL ? arg : w->port;
    return CLI_OK;
}

int cli_monitor_try(struct cli *c)
{
    struct monitor_wish wish = {0};
    const int status = take_all(c, &wish);
    return status == CLI_OK ? cli_monitor_check(&wish) : status;
}

static int run(struct cli *c)
{
    struct monitor_wish wish = {0};
    char port[CLI_PORT_SIZE];
    int status = take_all(c, &wish);
    if (status == CLI_OK) {
        c->board.port = wish.port;
        status = cli_board_port(c, port);
    }
    if (status != CLI_OK) {
        return status;
    }
    wish.port = port;
    return cli_monitor(&wish);
}

const struct cli_cmd cmd_monitor = {
    .name = "monitor",
    .args = "[PORT]",
    .summary = "show a board's log, live",
    .about =
        "Restarts the board at a port (a device, socket://HOST:PORT or rfc2217://HOST:PORT) and "
        "shows its log, in ESP-IDF's colours. What is typed goes to the board. Ctrl-] quits, "
        "Ctrl-T "
        "Ctrl-H lists the other keys. When the board is unplugged, the monitor waits for it. Bytes "
        "that are no text are shown as \\x1b: nothing a board sends can change the terminal.\n\n"
        "--filter is idf_monitor's --print-filter: tags with the most talkative level to show (N, "
        "E, "
        "W, I, D, V), * for all others; without * only the tags named are shown.\n\n"
        "With --elf, addresses of code (backtraces, registers, the stack of a RISC-V chip) get the "
        "name of their function below their line; with the toolchain's addr2line, or Debian's, "
        "also "
        "file and line. Give the bootloader's and the ROM's ELF file, too, for their addresses.\n\n"
        "For CI jobs: --until REGEX (POSIX extended) ends with status 0 once a line matches, with "
        "1 "
        "when --timeout is over before, or the program has crashed. A line counts without its "
        "colours, whether it is shown or not.",
    .options = options,
    .examples = examples,
    .run = run,
};
