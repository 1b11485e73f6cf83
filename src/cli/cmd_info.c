/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "cli/board.h"

enum { OPT_JSON = 1 };

static const struct poptOption options[] = {
    {"json", '\0', POPT_ARG_NONE, NULL, OPT_JSON, "print as JSON", NULL},
    POPT_TABLEEND,
};

static const struct cli_example examples[] = {
    {"birthmark info", "of the only board that is plugged in"},
    {"birthmark info -p /dev/ttyACM0 --json", "for a program"},
    {NULL, NULL},
};

static const char *yes_no(int v)
{
    return v < 0 ? "not known" : v > 0 ? "on" : "off";
}

static void put_text(const struct cli_board *b)
{
    const struct bm_link_info *i = &b->info;
    char mac[CLI_MAC_SIZE] = "not readable";
    char revision[CLI_REVISION_SIZE] = "not readable";
    (void)cli_mac(mac, i);
    (void)cli_revision(revision, i);
    (void)printf("%s\n", b->port);
    (void)printf("  chip              %s, revision %s\n", i->chip->name, revision);
    (void)printf("  MAC               %s\n", mac);
    if (i->crystal_mhz != 0) {
        (void)printf("  crystal           %" PRIu32 " MHz\n", i->crystal_mhz);
    }
    (void)printf("  flash             manufacturer 0x%02" PRIx32 ", device 0x%02" PRIx32
                 "%02" PRIx32 ", ",
                 i->flash_id & 0xff, (i->flash_id >> 8) & 0xff, (i->flash_id >> 16) & 0xff);
    if (i->flash_size != 0) {
        (void)printf("%" PRIu32 " KB\n", i->flash_size / 1024);
    } else {
        (void)puts("size not known");
    }
    (void)printf("  secure boot       %s\n", yes_no(i->secure_boot));
    (void)printf("  flash encryption  %s\n", yes_no(i->flash_encryption));
    if (i->secure_download) {
        (void)puts("  secure download mode: flash can be written, nothing can be read");
    }
}

static json_t *maybe(int v)
{
    return v < 0 ? json_null() : json_boolean(v);
}

static int put_json(const struct cli_board *b)
{
    const struct bm_link_info *i = &b->info;
    char mac[CLI_MAC_SIZE];
    char revision[CLI_REVISION_SIZE];
    json_t *o = json_pack(
        "{s:s, s:s, s:s?, s:s?, s:I, s:I, s:I, s:b, s:o, s:o, s:I}", "port", b->port, "chip",
        i->chip->name, "revision", cli_revision(revision, i), "mac", cli_mac(mac, i), "crystal_mhz",
        (json_int_t)i->crystal_mhz, "flash_id", (json_int_t)i->flash_id, "flash_size",
        (json_int_t)i->flash_size, "secure_download", i->secure_download, "secure_boot",
        maybe(i->secure_boot), "flash_encryption", maybe(i->flash_encryption), "security_flags",
        (json_int_t)i->security_flags);
    if (o == NULL) {
        return cli_fail(b->port, BM_E_NOMEM, NULL);
    }
    (void)json_dumpf(o, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    (void)fputc('\n', stdout);
    json_decref(o);
    return CLI_OK;
}

static int run(struct cli *c)
{
    struct cli_board b = {0};
    int json = 0;
    int option;
    while ((option = cli_option(c)) > 0) {
        json = 1;
    }
    if (option < 0) {
        return CLI_USAGE;
    }
    if (cli_arg(c) != NULL) {
        return cli_usage(c, "takes no arguments; the port is given with --port");
    }
    int status = cli_board_open(&b, c, 0);
    cli_board_close(&b);
    if (status == CLI_OK && json) {
        status = put_json(&b);
    } else if (status == CLI_OK) {
        put_text(&b);
    }
    return cli_finish(status);
}

const struct cli_cmd cmd_info = {
    .name = "info",
    .args = "",
    .summary = "say what board it is: chip, MAC, flash, security",
    .about =
        "Connects to a board and tells its chip and revision, MAC address, crystal, flash, and "
        "which security it has on. Nothing on it is changed; at the end it is reset.",
    .options = options,
    .examples = examples,
    .run = run,
    .board = CLI_BOARD_ONLY,
};
