/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "birthmark/part.h"
#include "cli/cli.h"
#include "cli/sim_boards.h"
#include "cli/table_arg.h"
#include "layout/flasher_args.h"
#include "port/clock.h"
#include "port/keys.h"

enum {
    OPT_CHIP = 1,
    OPT_FLASH,
    OPT_FLASH_SIZE,
    OPT_PORT,
    OPT_LINK,
    OPT_COUNT,
    OPT_MAC,
    OPT_REVISION,
    OPT_DOWNLOAD,
    OPT_USB,
    OPT_TABLE_OFFSET,
    OPT_OWN_BOOTLOADER,
    OPT_ROLLBACK,
    OPT_SECURE,
    OPT_REALTIME,
    OPT_SECONDS,
    OPT_JSON,
    OPT_SEED, /* from here on: numbers of struct bm_sim_faults */
    OPT_LOSE,
    OPT_INSERT,
    OPT_CORRUPT,
    OPT_LATE,
    OPT_LATE_MS,
    OPT_MUTE,
    OPT_BAD_WRITE,
    OPT_RESET_AFTER,
    OPT_UNPLUG_AFTER
};

enum { TURN_MS = 500, LATE_MS = 200, MILLION = 1000000, DEFAULT_SIZE = 4 << 20 };
enum { REVISION_USUAL = 0xffff };

static const struct poptOption options[] = {
    {"chip", 'c', POPT_ARG_STRING, NULL, OPT_CHIP, "which chip (default: esp32)", "NAME"},
    {"flash", 'f', POPT_ARG_STRING, NULL, OPT_FLASH,
     "file that is the flash, made blank if it is not there; several boards: FILE.0, FILE.1, ...",
     "FILE"},
    {"flash-size", '\0', POPT_ARG_STRING, NULL, OPT_FLASH_SIZE, "of a blank one (default: 4MB)",
     "SIZE"},
    {"port", 'p', POPT_ARG_STRING, NULL, OPT_PORT,
     "where the board is reached: pty (default), tcp[:[HOST:]PORT], rfc2217[:[HOST:]PORT]", "PORT"},
    {"link", '\0', POPT_ARG_STRING, NULL, OPT_LINK, "a name for the pty, made as a symbolic link",
     "PATH"},
    {"count", 'n', POPT_ARG_STRING, NULL, OPT_COUNT, "so many boards (default: 1)", "N"},
    {"mac", '\0', POPT_ARG_STRING, NULL, OPT_MAC, "of the first board; the others count up", "MAC"},
    {"revision", '\0', POPT_ARG_STRING, NULL, OPT_REVISION, "of the chip: MAJOR.MINOR", "REV"},
    {"download", '\0', POPT_ARG_NONE, NULL, OPT_DOWNLOAD,
     "power on with the boot button held: wait for download", NULL},
    {"usb", '\0', POPT_ARG_NONE, NULL, OPT_USB, "reset logic of the chip's own USB-Serial/JTAG",
     NULL},
    {"table-offset", '\0', POPT_ARG_STRING, NULL, OPT_TABLE_OFFSET,
     "where the bootloader looks for the partition table (default: 0x8000)", "OFFSET"},
    {"own-bootloader", '\0', POPT_ARG_NONE, NULL, OPT_OWN_BOOTLOADER,
     "boot also where no second-stage bootloader was flashed", NULL},
    {"rollback", '\0', POPT_ARG_NONE, NULL, OPT_ROLLBACK, "the bootloader has rollback", NULL},
    {"secure-download", '\0', POPT_ARG_NONE, NULL, OPT_SECURE,
     "allow what secure download mode does, no more", NULL},
    {"realtime", '\0', POPT_ARG_NONE, NULL, OPT_REALTIME,
     "take as long as silicon for bytes, erasing and programming", NULL},
    {"seconds", '\0', POPT_ARG_STRING, NULL, OPT_SECONDS, "end after so many", "N"},
    {"json", '\0', POPT_ARG_NONE, NULL, OPT_JSON, "one JSON object a line for each board", NULL},
    {"seed", '\0', POPT_ARG_STRING, NULL, OPT_SEED, "of the faults that follow (default: 0)", "N"},
    {"lose", '\0', POPT_ARG_STRING, NULL, OPT_LOSE, "bytes lost, of a million", "N"},
    {"insert", '\0', POPT_ARG_STRING, NULL, OPT_INSERT, "bytes inserted, of a million", "N"},
    {"corrupt", '\0', POPT_ARG_STRING, NULL, OPT_CORRUPT, "bytes corrupted, of a million", "N"},
    {"late", '\0', POPT_ARG_STRING, NULL, OPT_LATE, "answers that come late, of a million", "N"},
    {"late-ms", '\0', POPT_ARG_STRING, NULL, OPT_LATE_MS, "how late (default: 200)", "MS"},
    {"mute", '\0', POPT_ARG_STRING, NULL, OPT_MUTE, "answers that never come, of a million", "N"},
    {"bad-write", '\0', POPT_ARG_STRING, NULL, OPT_BAD_WRITE,
     "pages programmed with a wrong bit, of a million", "N"},
    {"reset-after", '\0', POPT_ARG_STRING, NULL, OPT_RESET_AFTER,
     "the power fails once, after so many bytes from the host", "N"},
    {"unplug-after", '\0', POPT_ARG_STRING, NULL, OPT_UNPLUG_AFTER,
     "the cable is pulled after so many bytes from the host", "N"},
    POPT_TABLEEND,
};

static const struct cli_example examples[] = {
    {"birthmark sim --chip esp32c3 --flash board.bin --port rfc2217:4000",
     "a board that flashers can also reset"},
    {"birthmark sim --port tcp:4000 --download", "one in download mode behind a socket"},
    {"birthmark sim --count 8 --port tcp --json", "eight boards at ports of their own"},
    {NULL, NULL},
};

struct sim_options {
    struct cli_sim_wish wish;
    uint64_t seconds; /* 0: until it is stopped */
    int json;
};

/* Reads digits only; 0 where it is no number up to most. */
static int read_number(const char *text, uint64_t most, uint64_t *number)
{
    char *end = NULL;
    if (text[0] < '0' || text[0] > '9') {
        return 0;
    }
    const unsigned long long n = strtoull(text, &end, 10);
    *number = n;
    return *end == '\0' && n <= most && strlen(text) < 20;
}

static int take_port(struct cli *c, struct cli_sim_wish *wish, const char *text)
{
    static const struct {
        const char *name;
        enum bm_endpoint_kind kind;
    } kinds[] = {
        {"pty", BM_ENDPOINT_PTY}, {"tcp", BM_ENDPOINT_TCP}, {"rfc2217", BM_ENDPOINT_RFC2217}};
    const size_t len = strcspn(text, ":");
    const char *rest = text[len] == ':' ? text + len + 1 : "";
    const char *colon = strrchr(rest, ':');
    const char *port = colon != NULL ? colon + 1 : rest;
    const size_t host = colon != NULL ? (size_t)(colon - rest) : 0;
    uint64_t number = 0;
    size_t i = 0;
    while (i < 3 && (strlen(kinds[i].name) != len || strncmp(kinds[i].name, text, len) != 0)) {
        i++;
    }
    if (i == 3 || (i == 0 && text[len] != '\0') || host >= sizeof wish->host ||
        (port[0] != '\0' && !read_number(port, 65535, &number))) {
        return cli_usage(c, "--port is pty, tcp:PORT or rfc2217:PORT, not \"%s\"", text);
    }
    wish->kind = kinds[i].kind;
    wish->port = (unsigned)number;
    (void)snprintf(wish->host, sizeof wish->host, "%.*s", host > 0 ? (int)host : 9,
                   host > 0 ? rest : "127.0.0.1");
    return CLI_OK;
}

static int take_mac(struct cli *c, uint8_t mac[6], const char *text)
{
    for (unsigned i = 0; i < 6; i++) {
        const char *p = text + (size_t)3 * i;
        if (strlen(text) != 17 || bm_hex_digit(p[0]) < 0 || bm_hex_digit(p[1]) < 0 ||
            p[2] != (i < 5 ? ':' : '\0')) {
            return cli_usage(c, "--mac is like 02:00:00:00:00:01, not \"%s\"", text);
        }
        mac[i] = (uint8_t)(bm_hex_digit(p[0]) << 4 | bm_hex_digit(p[1]));
    }
    return CLI_OK;
}

static int take_revision(struct cli *c, unsigned *revision, const char *text)
{
    uint64_t minor = 0;
    const char *dot = strchr(text, '.');
    if (text[0] < '0' || text[0] > '9' || dot != text + 1 || !read_number(dot + 1, 99, &minor)) {
        return cli_usage(c, "--revision is like 3.1, not \"%s\"", text);
    }
    *revision = (unsigned)(text[0] - '0') * 100 + (unsigned)minor;
    return CLI_OK;
}

static int take_chip(struct cli *c, struct bm_sim_config *board, const char *text)
{
    board->chip = bm_chip_by_name(text);
    return board->chip != NULL ? CLI_OK : cli_usage(c, "there is no chip \"%s\"", text);
}

static int take_fault(struct cli *c, struct bm_sim_faults *f, int option, const char *text)
{
    const struct {
        int option;
        uint32_t *small;
        uint64_t *large;
        uint64_t most;
    } numbers[] = {
        {OPT_SEED, &f->seed, NULL, UINT32_MAX},
        {OPT_LOSE, &f->lose, NULL, MILLION},
        {OPT_INSERT, &f->insert, NULL, MILLION},
        {OPT_CORRUPT, &f->corrupt, NULL, MILLION},
        {OPT_LATE, &f->late, NULL, MILLION},
        {OPT_LATE_MS, &f->late_ms, NULL, MILLION},
        {OPT_MUTE, &f->mute, NULL, MILLION},
        {OPT_BAD_WRITE, &f->bad_write, NULL, MILLION},
        {OPT_RESET_AFTER, NULL, &f->reset_after, UINT32_MAX},
        {OPT_UNPLUG_AFTER, NULL, &f->unplug_after, UINT32_MAX},
    };
    uint64_t n = 0;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (numbers[i].option != option) {
            continue;
        }
        if (!read_number(text, numbers[i].most, &n)) {
            return cli_usage(c, "a number from 0 to %llu is wanted, not \"%s\"",
                             (unsigned long long)numbers[i].most, text);
        }
        if (numbers[i].small != NULL) {
            *numbers[i].small = (uint32_t)n;
        } else {
            *numbers[i].large = n;
        }
    }
    return CLI_OK;
}

static int take_count(struct cli *c, struct sim_options *o, int option, const char *text)
{
    uint64_t n = 0;
    if (option == OPT_COUNT) {
        if (!read_number(text, CLI_SIM_MOST, &n) || n == 0) {
            return cli_usage(c, "--count is 1 to %d, not \"%s\"", CLI_SIM_MOST, text);
        }
        o->wish.count = (unsigned)n;
    } else {
        if (!read_number(text, MILLION, &n) || n == 0) {
            return cli_usage(c, "--seconds is a number from 1, not \"%s\"", text);
        }
        o->seconds = n;
    }
    return CLI_OK;
}

static int take_size(struct cli *c, struct cli_sim_wish *wish, const char *text)
{
    enum { MOST = 256 << 20, SECTOR = 4096 };
    if (bm_flash_size_parse(&wish->flash_size, text) != BM_OK || wish->flash_size > MOST ||
        wish->flash_size % SECTOR != 0) {
        return cli_usage(c, "--flash-size is like 4MB, at most 256MB, not \"%s\"", text);
    }
    return CLI_OK;
}

static int take_option(struct cli *c, struct sim_options *o, int option)
{
    struct bm_sim_config *board = &o->wish.board;
    const char *text = cli_option_arg(c);
    switch (option) {
    case OPT_CHIP: return take_chip(c, board, text);
    case OPT_FLASH: o->wish.flash = text; return CLI_OK;
    case OPT_FLASH_SIZE: return take_size(c, &o->wish, text);
    case OPT_PORT: return take_port(c, &o->wish, text);
    case OPT_LINK: o->wish.link = text; return CLI_OK;
    case OPT_COUNT:
    case OPT_SECONDS: return take_count(c, o, option, text);
    case OPT_MAC: return take_mac(c, board->mac, text);
    case OPT_REVISION: return take_revision(c, &board->revision, text);
    case OPT_DOWNLOAD: o->wish.download = 1; return CLI_OK;
    case OPT_USB: board->port = BM_CHIP_PORT_USB_JTAG; return CLI_OK;
    case OPT_TABLE_OFFSET: return cli_table_number(c, &board->table_off, "--table-offset", text);
    case OPT_OWN_BOOTLOADER: board->own_bootloader = 1; return CLI_OK;
    case OPT_ROLLBACK: board->rollback = 1; return CLI_OK;
    case OPT_SECURE: board->secure_download = 1; return CLI_OK;
    case OPT_REALTIME: board->realtime = 1; return CLI_OK;
    case OPT_JSON: o->json = 1; return CLI_OK;
    default: return take_fault(c, &board->faults, option, text);
    }
}

static int read_options(struct cli *c, struct sim_options *o)
{
    int option;
    while ((option = cli_option(c)) > 0) {
        const int status = take_option(c, o, option);
        if (status != CLI_OK) {
            return status;
        }
    }
    if (option < 0) {
        return CLI_USAGE;
    }
    const char *extra = cli_arg(c);
    if (extra != NULL) {
        return cli_usage(c, "there is no argument \"%s\"", extra);
    }
    struct bm_sim_config *board = &o->wish.board;
    if (board->revision == REVISION_USUAL) {
        board->revision = bm_sim_usual_revision(board->chip);
    }
    if (board->secure_download && board->chip->security_info_len == 0) {
        return cli_usage(c, "the %s has no secure download mode", board->chip->name);
    }
    if (board->port == BM_CHIP_PORT_USB_JTAG && board->chip->usb.jtag == 0) {
        return cli_usage(c, "the %s has no USB-Serial/JTAG", board->chip->name);
    }
    if (board->table_off % BM_PART_TABLE_SECTOR != 0 ||
        board->table_off <= board->chip->bootloader_offset) {
        return cli_usage(c, "--table-offset is a multiple of 0x1000 behind the bootloader at 0x%x",
                         (unsigned)board->chip->bootloader_offset);
    }
    if (o->wish.link != NULL && o->wish.kind != BM_ENDPOINT_PTY) {
        return cli_usage(c, "--link names a pty: it does not go with this --port");
    }
    if (o->wish.port + o->wish.count - 1 > 65535) {
        return cli_usage(c, "there are no %u ports from %u on", o->wish.count, o->wish.port);
    }
    return CLI_OK;
}

static void announce(const struct sim_options *o, const struct cli_sim_board *board, unsigned i)
{
    const uint8_t *m = board->mac;
    const char *name = bm_endpoint_name(board->endpoint);
    const char *chip = o->wish.board.chip->id_name;
    char mac[18];
    (void)snprintf(mac, sizeof mac, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4],
                   m[5]);
    if (o->json) {
        printf("{\"board\":%u,\"chip\":\"%s\",\"mac\":\"%s\",\"port\":\"%s\"}\n", i, chip, mac,
               name);
    } else {
        printf("board %u: %s %s %s\n", i, name, chip, mac);
    }
}

/* Takes boards out whose cable has been pulled. Returns how many are left. */
static unsigned drop_unplugged(struct cli_sim_board *boards, unsigned count,
                               struct bm_endpoint **endpoints)
{
    unsigned left = 0;
    for (unsigned i = 0; i < count; i++) {
        if (boards[i].endpoint != NULL && bm_sim_unplugged(boards[i].sim)) {
            bm_endpoint_close(boards[i].endpoint);
            boards[i].endpoint = NULL;
        }
        if (boards[i].endpoint != NULL) {
            endpoints[left++] = boards[i].endpoint;
        }
    }
    return left;
}

static int serve(const struct sim_options *o, struct cli_sim_board *boards)
{
    struct bm_endpoint *endpoints[CLI_SIM_MOST];
    const uint64_t end = bm_port_now_us() + o->seconds * MILLION;
    unsigned left = 0;
    while (bm_port_caught_signal() == 0 &&
           (left = drop_unplugged(boards, o->wish.count, endpoints)) > 0 &&
           (o->seconds == 0 || bm_port_now_us() < end)) {
        const int rc = bm_endpoint_turn(endpoints, left, TURN_MS);
        if (rc != BM_OK) {
            return cli_fail("port", rc, NULL);
        }
    }
    return bm_port_caught_signal() == SIGINT ? CLI_INTERRUPTED : CLI_OK;
}

static int run(struct cli *c)
{
    struct sim_options o = {
        .wish = {.board = {.chip = bm_chip_by_name("esp32"),
                           .mac = {0x02, 0, 0, 0, 0, 0x01},
                           .revision = REVISION_USUAL,
                           .table_off = BM_PART_TABLE_OFFSET,
                           .security = {.api_version = 3},
                           .faults = {.late_ms = LATE_MS}},
                 .flash_size = DEFAULT_SIZE,
                 .kind = BM_ENDPOINT_PTY,
                 .count = 1},
    };
    int status = read_options(c, &o);
    if (status != CLI_OK) {
        return status;
    }
    struct cli_sim_board *boards = calloc(o.wish.count, sizeof *boards);
    if (boards == NULL) {
        return cli_fail("boards", BM_E_NOMEM, NULL);
    }
    bm_port_catch_signals();
    for (unsigned i = 0; i < o.wish.count && status == CLI_OK; i++) {
        status = cli_sim_board_open(&boards[i], &o.wish, i);
        if (status == CLI_OK) {
            announce(&o, &boards[i], i);
        }
    }
    status = cli_finish(status);
    if (status == CLI_OK) {
        status = serve(&o, boards);
    }
    for (unsigned i = 0; i < o.wish.count; i++) {
        cli_sim_board_close(&boards[i]);
    }
    free(boards);
    return status;
}

const struct cli_cmd cmd_sim = {
    .name = "sim",
    .args = "",
    .summary = "be a virtual ESP32 that flashers take for a board",
    .about =
        "Stands in for one or more boards: the ROM's serial loader as the real chips answer, a "
        "flash that is a file, a flasher stub in its place where one is loaded, and a start from "
        "flash with the log of ROM and bootloader. Prints a line for each board with the port to "
        "open, then serves until it is stopped.\n\n"
        "A board behind rfc2217 has the lines DTR and RTS, by which hosts reset it into download "
        "mode and out of it. Ptys and plain sockets have none: start such a board with --download, "
        "and tell the host to leave the lines alone (esptool: --before no_reset).\n\n"
        "Changes of the flash are in the file as they happen. Faults come by chance, the same "
        "again from the same --seed. Ends with status 0 when told to terminate, or after "
        "--seconds, or when all cables are pulled; with 130 on Ctrl-C.",
    .options = options,
    .examples = examples,
    .run = run,
};
