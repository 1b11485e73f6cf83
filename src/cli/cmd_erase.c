/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "cli/flash_check.h"
#include "cli/range_arg.h"

enum { OPT_ALL = 1, OPT_FORCE, OPT_JSON, SECTOR = BM_FLASH_SECTOR };

static const struct poptOption options[] = {
    {"all", 'a', POPT_ARG_NONE, NULL, OPT_ALL, "erase the whole flash", NULL},
    {"force", 'f', POPT_ARG_NONE, NULL, OPT_FORCE, "erase also what holds an identity", NULL},
    {"json", '\0', POPT_ARG_NONE, NULL, OPT_JSON, "print events, one JSON object a line", NULL},
    POPT_TABLEEND,
};

static const struct cli_example examples[] = {
    {"birthmark erase otadata", "the partition of this name"},
    {"birthmark erase 0x110000 0x100000", "by offset and size"},
    {"birthmark erase --all --force", "everything, the identity with it"},
    {NULL, NULL},
};

/* 1 if a range has bytes in common with another. */
static int meets(const struct cli_range *r, uint32_t off, uint32_t size)
{
    return r->off < off + size && off < r->off + (uint64_t)r->size;
}

/* What would be lost that cannot be built again, and what the board starts by. */
static int guard(struct cli *c, const struct cli_range *r, struct cli_board *b)
{
    struct bm_part_table table;
    struct bm_diag why;
    char names[CLI_NAMES_SIZE] = "";
    const uint32_t boot = b->info.chip->bootloader_offset;
    uint32_t page = UINT32_MAX;
    int found = 0;
    int status = CLI_OK;
    if (b->info.secure_download) {
        cli_error("%s: in secure download mode a board does not say what it holds; --force erases",
                  b->port);
        return CLI_INPUT;
    }
    status = cli_board_read_table(b, c->board.table_off, &table, &found, &why);
    if (status == CLI_OK && found) {
        status = cli_identity_within(b, &table, r->off, r->size, names);
    } else if (status == CLI_OK && why.text[0] != '\0') {
        cli_error("%s: at 0x%" PRIx32 " there is no partition table (%s), so what would be lost "
                  "cannot be told; --force erases, --table-offset says where it is",
                  b->port, c->board.table_off, why.text);
        return CLI_INPUT;
    } else if (status == CLI_OK) {
        status = cli_nvs_page_within(b, r->off, r->size, &page);
    }
    if (status == CLI_OK && page != UINT32_MAX) {
        cli_error("%s: at 0x%" PRIx32 " there is no partition table, but at 0x%" PRIx32
                  " a page of NVS; birthmark read keeps it, --force erases, --table-offset says "
                  "where the table is",
                  b->port, c->board.table_off, page);
        status = CLI_INPUT;
    }
    if (status == CLI_OK && names[0] != '\0') {
        cli_error("%s: this would erase what %s holds; birthmark read keeps it, --force erases",
                  b->port, names);
        status = CLI_INPUT;
    } else if (status == CLI_OK && found && (r->off != 0 || r->size != b->info.flash_size) &&
               (meets(r, c->board.table_off, BM_PART_TABLE_SECTOR) ||
                meets(r, boot, c->board.table_off - boot))) {
        cli_error("%s: this would erase the bootloader or the partition table, and the board would "
                  "not start; --force erases",
                  b->port);
        status = CLI_INPUT;
    }
    return status;
}

static int wipe(struct cli_board *b, const struct cli_range *r, int all)
{
    struct bm_diag diag = {0};
    cli_progress_begin(&b->progress, r->name != NULL ? r->name : "flash");
    const int rc =
        all ? bm_link_erase_all(b->link, &diag) : bm_link_erase(b->link, r->off, r->size, &diag);
    cli_progress_clear(&b->progress);
    if (rc != BM_OK) {
        const int status = cli_board_fail(b, rc, &diag);
        if (cli_board_wait(b)) {
            cli_error("%s: erased in part; the board was not reset: it waits in download mode",
                      b->port);
        }
        return status;
    }
    if (b->progress.json) {
        cli_progress_event(
            &b->progress, "done",
            json_pack("{s:I, s:I}", "offset", (json_int_t)r->off, "bytes", (json_int_t)r->size));
    } else {
        (void)printf("%s: %" PRIu32 " bytes erased at 0x%" PRIx32 "%s%s\n", b->port, r->size,
                     r->off, r->name != NULL ? ", " : "", r->name != NULL ? r->name : "");
    }
    return CLI_OK;
}

static int erase(struct cli *c, struct cli_range *r, int force, int json)
{
    struct cli_board b = {0};
    const int all = r->to_end && r->off == 0;
    int status = cli_board_open(&b, c, json);
    status = status == CLI_OK ? cli_range_find(c, r, &b) : status;
    if (status == CLI_OK && (r->off % SECTOR != 0 || r->size % SECTOR != 0)) {
        cli_error("%s: only whole sectors can be erased: OFFSET and SIZE are multiples of 0x1000",
                  b.port);
        status = CLI_INPUT;
    }
    status = status == CLI_OK && !force ? guard(c, r, &b) : status;
    status = status == CLI_OK ? wipe(&b, r, all) : status;
    return cli_board_finish(&b, json, status);
}

static int run(struct cli *c)
{
    struct cli_range r = {0};
    int all = 0;
    int force = 0;
    int json = 0;
    int option;
    while ((option = cli_option(c)) > 0) {
        all |= option == OPT_ALL;
        force |= option == OPT_FORCE;
        json |= option == OPT_JSON;
    }
    if (option < 0) {
        return CLI_USAGE;
    }
    if (all) {
        r.to_end = 1;
    } else if (cli_range_arg(c, &r) != CLI_OK) {
        return CLI_USAGE;
    }
    if (cli_arg(c) != NULL) {
        return cli_usage(c, all ? "takes --all or a range, not both" : "takes one range");
    }
    return erase(c, &r, force, json);
}

const struct cli_cmd cmd_erase = {
    .name = "erase",
    .args = "OFFSET SIZE|NAME",
    .summary = "erase flash of a board",
    .about =
        "Erases whole sectors of a board's flash: a range, the partition of a name, or all of "
        "it with --all.\n\n"
        "What holds an identity (NVS, its keys, esp_secure_cert) and is not blank is not "
        "erased without --force; neither is the bootloader or the partition table alone. Where "
        "the board's table is blank, pages of NVS are looked for.",
    .options = options,
    .examples = examples,
    .run = run,
    .board = CLI_BOARD_ONLY,
};
