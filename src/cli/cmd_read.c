/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "cli/out_file.h"
#include "cli/range_arg.h"
#include "image/json.h"
#include "port/file.h"

enum { OPT_JSON = 1 };

static const struct poptOption options[] = {
    {"json", '\0', POPT_ARG_NONE, NULL, OPT_JSON, "print events, one JSON object a line", NULL},
    POPT_TABLEEND,
};

static const struct cli_example examples[] = {
    {"birthmark read nvs identity.bin", "the partition of this name"},
    {"birthmark read 0x9000 0x6000 identity.bin", "by offset and size"},
    {"birthmark read 0 all flash.bin", "all of the flash"},
    {NULL, NULL},
};

static int save(struct cli_board *b, const struct cli_range *r, const char *file,
                const uint8_t *data)
{
    const int status = cli_out_write(file, data, r->size);
    if (status != CLI_OK) {
        return status;
    }
    if (b->progress.json) {
        json_t *o =
            json_pack("{s:I, s:I}", "offset", (json_int_t)r->off, "bytes", (json_int_t)r->size);
        if (o != NULL) {
            bmi_json_name(o, "file", file);
        }
        cli_progress_event(&b->progress, "done", o);
    } else if (!cli_is_stdout(file)) {
        (void)printf("%s: %" PRIu32 " bytes from 0x%" PRIx32 "%s%s\n", file, r->size, r->off,
                     r->name != NULL ? ", " : "", r->name != NULL ? r->name : "");
    }
    return CLI_OK;
}

static int fetch(struct cli *c, struct cli_range *r, const char *file, int json)
{
    struct cli_board b = {0};
    uint8_t *data = NULL;
    int status = cli_board_open(&b, c, json);
    status = status == CLI_OK ? cli_range_find(c, r, &b) : status;
    if (status == CLI_OK) {
        status = cli_board_read(&b, r->name != NULL ? r->name : file, r->off, r->size, &data);
    }
    if (status == CLI_OK) {
        status = save(&b, r, file, data);
        bm_port_free(data, r->size);
    }
    return cli_board_finish(&b, json, status);
}

static int run(struct cli *c)
{
    struct cli_range r;
    int json = 0;
    int option;
    while ((option = cli_option(c)) > 0) {
        json = 1;
    }
    if (option < 0) {
        return CLI_USAGE;
    }
    const char *word = poptPeekArg(c->popt);
    if (word != NULL && (strcmp(word, "read_flash") == 0 || strcmp(word, "read-flash") == 0)) {
        (void)cli_arg(c);
    }
    if (cli_range_arg(c, &r) != CLI_OK) {
        return CLI_USAGE;
    }
    const char *file = cli_arg(c);
    if (file == NULL || cli_arg(c) != NULL) {
        return cli_usage(c, file == NULL ? "takes a FILE to write to; - is standard output"
                                         : "takes one FILE");
    }
    if (json && cli_is_stdout(file)) {
        return cli_usage(c, "--json and FILE cannot both go to standard output");
    }
    return fetch(c, &r, file, json);
}

const struct cli_cmd cmd_read = {
    .name = "read",
    .args = "OFFSET SIZE FILE|NAME FILE",
    .summary = "read flash of a board into a file",
    .about =
        "Reads a range of a board's flash, or the partition of a name (bootloader and "
        "partition-table are names, too), into a file. SIZE may be all: up to the end. Each "
        "piece is checked by the chip's MD5, and blank flash is told by it and not sent.\n\n"
        "As flash can hold secrets, only the owner may read the file; it is there whole or not at "
        "all. The ROM's loader gives out 64 bytes at a time: for more than a partition a flasher "
        "stub (--stub) saves minutes.",
    .options = options,
    .examples = examples,
    .run = run,
    .board = CLI_BOARD_ONLY,
};
