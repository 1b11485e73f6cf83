/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/board.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "image/json.h"
#include "image/show.h"
#include "link/stub.h"
#include "port/file.h"
#include "port/ports.h"
#include "port/serial.h"

static const size_t stub_max = (size_t)1024 * 1024;
static volatile sig_atomic_t stopped;
static volatile sig_atomic_t held; /* signals wait */

static void stop(int signal_number)
{
    /* the second one ends the program at once */
    (void)signal(signal_number, held ? stop : SIG_DFL);
    stopped = signal_number;
}

/* Signals that are ignored, as those of a shell's background jobs, stay so. */
static void watch(int signal_number)
{
    if (signal(signal_number, stop) == SIG_IGN) {
        (void)signal(signal_number, SIG_IGN);
    }
}

static void unwatch(int signal_number)
{
    if (signal(signal_number, SIG_DFL) == SIG_IGN) {
        (void)signal(signal_number, SIG_IGN);
    }
}

static int is_stopped(void *ctx)
{
    (void)ctx;
    return cli_board_stopped();
}

int cli_board_stopped(void)
{
    return stopped != 0 && !held;
}

void cli_board_hold(int on)
{
    held = on;
}

int cli_board_wait(struct cli_board *b)
{
    if (!b->after_given) {
        b->after = BM_AFTER_NONE;
    }
    return b->after == BM_AFTER_NONE;
}

/* Ports that can be a board: of USB, and of a kind that boards have, if there are such. */
static int find_port(char port[CLI_PORT_SIZE])
{
    struct bm_diag diag = {0};
    struct bm_port *list = NULL;
    size_t count = 0;
    size_t boards = 0;
    char names[400];
    struct bm_text t;
    bm_text_init(&t, names, sizeof names);
    const int rc = bm_port_list(&list, &count, &diag);
    for (size_t i = 0; rc == BM_OK && i < count; i++) {
        if (list[i].usb && (list[i].bridge != NULL || list[i].chip != NULL)) {
            bm_text_str(&t, boards > 0 ? ", " : "");
            bm_text_str(&t, list[i].name);
            (void)snprintf(port, CLI_PORT_SIZE, "%s", list[i].name);
            boards++;
        }
    }
    free(list);
    if (rc != BM_OK) {
        (void)cli_fail("ports", rc, &diag);
        return CLI_DEVICE;
    }
    if (boards == 1) {
        return CLI_OK;
    }
    if (boards == 0) {
        cli_error("no board found on USB; plug one in, or name its port with --port");
    } else {
        cli_error("%zu boards found: %s; say which with --port", boards, names);
    }
    return CLI_DEVICE;
}

int cli_board_port(struct cli *c, char port[CLI_PORT_SIZE])
{
    const char *name = c->board.port != NULL ? c->board.port : getenv("BIRTHMARK_PORT");
    if (name == NULL || name[0] == '\0' || strcmp(name, "auto") == 0) {
        return find_port(port);
    }
    if (strlen(name) >= CLI_PORT_SIZE) {
        return cli_usage(c, "the name of the port is over %d bytes long", CLI_PORT_SIZE - 1);
    }
    memcpy(port, name, strlen(name) + 1);
    return CLI_OK;
}

int cli_board_open_port(struct cli_board *b, struct cli *c)
{
    struct bm_diag diag = {0};
    memset(b, 0, sizeof *b);
    int status = cli_board_port(c, b->port);
    if (status != CLI_OK) {
        return status;
    }
    const int rc = bm_port_serial_open(&b->serial, b->port, 0, &diag);
    if (rc != BM_OK) {
        (void)cli_fail(b->port, rc, &diag);
        memset(&b->serial, 0, sizeof b->serial);
        status = rc == BM_E_ARG ? CLI_USAGE : CLI_DEVICE;
    }
    return status;
}

static int load_stub(struct cli_board *b, const char *path)
{
    struct bm_diag diag = {0};
    uint8_t *text = NULL;
    size_t len = 0;
    if (path == NULL) {
        return CLI_OK;
    }
    int rc = bm_port_read(path, stub_max, &text, &len, &diag);
    if (rc == BM_OK) {
        rc = bm_link_stub_load(&b->stub, text, len, &diag);
    }
    bm_port_free(text, len);
    return rc == BM_OK ? CLI_OK : cli_fail_input(path, rc, &diag);
}

static int connect(struct cli_board *b, const struct cli_board_wish *w)
{
    struct bm_diag diag = {0};
    const struct bm_link_config config = {.serial = &b->serial,
                                          .before = w->before,
                                          .sequence = w->sequence,
                                          .baud = w->baud,
                                          .chip = w->chip,
                                          .attempts = w->attempts,
                                          .stub = b->stub,
                                          .progress = cli_progress_step,
                                          .stop = is_stopped,
                                          .ctx = &b->progress,
                                          .flash_size = w->flash_size};
    watch(SIGINT);
    watch(SIGTERM);
    watch(SIGHUP);
    b->heeds_pipe = signal(SIGPIPE, SIG_IGN) == SIG_DFL;
    int rc = bm_link_open(&b->link, &config, &diag);
    if (rc == BM_OK) {
        rc = bm_link_get_info(b->link, &b->info, &diag);
    }
    cli_progress_clear(&b->progress);
    if (rc != BM_OK) {
        return cli_board_fail(b, rc, &diag);
    }
    if (b->progress.json) {
        char mac[CLI_MAC_SIZE];
        cli_progress_event(&b->progress, "board",
                           json_pack("{s:s, s:s, s:s?, s:I}", "port", b->port, "chip",
                                     b->info.chip->name, "mac", cli_mac(mac, &b->info),
                                     "flash_size", (json_int_t)b->info.flash_size));
    }
    return CLI_OK;
}

int cli_board_open(struct cli_board *b, struct cli *c, int json)
{
    int status = cli_board_open_port(b, c);
    b->after = c->board.after;
    b->after_given = c->board.after_given;
    b->progress.json = json;
    b->progress.quiet = c->board.no_progress;
    b->progress.bar = bm_port_is_terminal(2) && !json;
    status = status == CLI_OK ? load_stub(b, c->board.stub) : status;
    return status == CLI_OK ? connect(b, &c->board) : status;
}

void cli_board_close(struct cli_board *b)
{
    cli_progress_clear(&b->progress);
    if (b->link != NULL) {
        bm_link_close(b->link, b->after);
        b->link = NULL;
        unwatch(SIGINT);
        unwatch(SIGTERM);
        unwatch(SIGHUP);
    }
    if (b->heeds_pipe) {
        (void)signal(SIGPIPE, SIG_DFL);
        b->heeds_pipe = 0;
    }
    bm_link_stub_free(b->stub);
    b->stub = NULL;
    bm_port_serial_close(&b->serial);
}

int cli_board_fail(struct cli_board *b, int code, const struct bm_diag *diag)
{
    cli_progress_clear(&b->progress);
    if (cli_board_stopped()) {
        cli_error("%s: interrupted", b->port);
        cli_progress_event(&b->progress, "failed", json_pack("{s:s}", "text", "interrupted"));
        return CLI_INTERRUPTED;
    }
    (void)cli_fail(b->port, code, diag);
    cli_progress_event(
        &b->progress, "failed",
        json_pack("{s:s}", "text",
                  diag != NULL && diag->text[0] != '\0' ? diag->text : bm_err_text(code)));
    return CLI_DEVICE;
}

int cli_board_finish(struct cli_board *b, int json, int status)
{
    cli_board_close(b);
    b->progress.json = json;
    if (status > CLI_NO && !b->progress.ended) {
        json_t *o = json_object();
        if (o != NULL) {
            (void)json_object_set_new(o, "text", bmi_json_text(cli_last_error()));
        }
        cli_progress_event(&b->progress, "failed", o);
    }
    return cli_finish(status);
}

const char *cli_mac(char out[CLI_MAC_SIZE], const struct bm_link_info *info)
{
    static const uint8_t none[6];
    const uint8_t *m = info->mac;
    if (memcmp(m, none, sizeof none) == 0) {
        return NULL;
    }
    (void)snprintf(out, CLI_MAC_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4],
                   m[5]);
    return out;
}

const char *cli_revision(char out[CLI_REVISION_SIZE], const struct bm_link_info *info)
{
    if (info->revision_unknown) {
        return NULL;
    }
    (void)snprintf(out, CLI_REVISION_SIZE, "%u.%u", info->revision / 100, info->revision % 100);
    return out;
}

const char *cli_board_text(char out[CLI_BOARD_TEXT], const struct bm_link_info *info)
{
    char mac[CLI_MAC_SIZE] = "not readable";
    char revision[CLI_REVISION_SIZE] = "not readable";
    char flash[40] = "flash of unknown size";
    if (info->flash_size >= 1024 * 1024) {
        (void)snprintf(flash, sizeof flash, "%" PRIu32 " MB flash",
                       info->flash_size / (1024 * 1024));
    } else if (info->flash_size > 0) {
        (void)snprintf(flash, sizeof flash, "%" PRIu32 " KB flash", info->flash_size / 1024);
    }
    (void)cli_mac(mac, info);
    (void)cli_revision(revision, info);
    (void)snprintf(out, CLI_BOARD_TEXT, "%s revision %s, MAC %s, %s", info->chip->name, revision,
                   mac, flash);
    return out;
}
