/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli/cli.h"
#include "image/json.h"
#include "image/show.h"
#include "port/ports.h"

enum { OPT_ALL = 1, OPT_JSON };

static const struct poptOption options[] = {
    {"all", 'a', POPT_ARG_NONE, NULL, OPT_ALL, "list ports that are not on USB, too", NULL},
    {"json", '\0', POPT_ARG_NONE, NULL, OPT_JSON, "print as JSON", NULL},
    POPT_TABLEEND,
};

static const struct cli_example examples[] = {
    {"birthmark ports", "the boards that are plugged in"},
    {"birthmark ports --json", "the same for a script"},
    {NULL, NULL},
};

/* A text that comes from the device. */
static void put_text(const char *before, const char *text, const char *behind)
{
    if (text[0] != '\0') {
        (void)fputs(before, stdout);
        (void)bmi_show_text(stdout, text, strlen(text), 0);
        (void)fputs(behind, stdout);
    }
}

static void print_port(const struct bm_port *p)
{
    (void)fputs(p->name, stdout);
    if (p->usb) {
        (void)printf("  %04x:%04x  %s", p->vid, p->pid,
                     p->bridge != NULL ? p->bridge : "unknown USB device");
        put_text(" (", p->chip != NULL ? p->chip : "", ")");
        put_text(", \"", p->product, "\"");
        put_text(", serial number ", p->serial, "");
    }
    (void)fputc('\n', stdout);
    put_text("  ", p->by_id, "\n");
    put_text("  ", p->by_path, "\n");
}

static void set_text(json_t *o, const char *name, const char *text)
{
    if (text != NULL && text[0] != '\0') {
        (void)json_object_set_new(o, name, bmi_json_text(text));
    }
}

static json_t *json_port(const struct bm_port *p)
{
    json_t *o = json_object();
    set_text(o, "name", p->name);
    if (p->usb) {
        (void)json_object_set_new(o, "vid", json_sprintf("%04x", p->vid));
        (void)json_object_set_new(o, "pid", json_sprintf("%04x", p->pid));
        set_text(o, "device", p->bridge);
        set_text(o, "chip", p->chip);
        set_text(o, "product", p->product);
        set_text(o, "serial", p->serial);
    }
    set_text(o, "by_id", p->by_id);
    set_text(o, "by_path", p->by_path);
    return o;
}

static int print_json(const struct bm_port *ports, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(list, json_port(&ports[i]));
    }
    const int failed = list == NULL || json_dumpf(list, stdout, JSON_INDENT(2)) != 0;
    (void)putchar('\n');
    json_decref(list);
    if (failed) {
        cli_error("%s", bm_err_text(BM_E_NOMEM));
    }
    return failed ? CLI_DEVICE : CLI_OK;
}

static int print(const struct bm_port *ports, size_t n, size_t others, int json)
{
    if (json) {
        const int status = print_json(ports, n);
        return status != CLI_OK || n > 0 ? status : CLI_NO;
    }
    for (size_t i = 0; i < n; i++) {
        print_port(&ports[i]);
    }
    if (n > 0) {
        return CLI_OK;
    }
    cli_error("no board is plugged in, or its cable carries no data%s",
              others > 0 ? "; --all lists ports that are not on USB" : "");
    return CLI_NO;
}

static int run(struct cli *c)
{
    int all = 0;
    int json = 0;
    int option;
    while ((option = cli_option(c)) > 0) {
        all = all || option == OPT_ALL;
        json = json || option == OPT_JSON;
    }
    if (option < 0) {
        return CLI_USAGE;
    }
    if (cli_arg(c) != NULL) {
        return cli_usage(c, "takes no arguments");
    }
    struct bm_port *ports = NULL;
    struct bm_diag diag;
    size_t n = 0;
    memset(&diag, 0, sizeof diag);
    const int rc = bm_port_list(&ports, &n, &diag);
    if (rc != BM_OK) {
        return cli_fail("ports", rc, &diag);
    }
    size_t boards = 0;
    while (boards < n && ports[boards].usb) { /* they come first */
        boards++;
    }
    const int status = print(ports, all ? n : boards, all ? 0 : n - boards, json);
    free(ports);
    return status;
}

const struct cli_cmd cmd_ports = {
    .name = "ports",
    .args = "",
    .summary = "list the boards that are plugged in",
    .about =
        "Lists the serial ports on USB: name, USB ids, what bridge or chip they belong to, "
        "product, serial "
        "number, and the names that stay the same when the board is plugged in again (by_id) or "
        "another one into the same socket (by_path), where the system makes such names.\n\n"
        "Exit status 1: there is none.\n\n"
        "Wherever a port is asked for, socket://HOST:PORT and rfc2217://HOST:PORT are ports, "
        "too: a board on another machine, or a virtual one.",
    .options = options,
    .examples = examples,
    .run = run,
};
