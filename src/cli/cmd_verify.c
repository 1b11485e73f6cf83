/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "cli/flash_job.h"
#include "image/json.h"
#include "image/show.h"

enum { OPT_JSON = 1, SECTOR = BM_FLASH_SECTOR };

static const struct poptOption options[] = {
    CLI_FLASH_OPTIONS,
    {"json", '\0', POPT_ARG_NONE, NULL, OPT_JSON, "print events, one JSON object a line", NULL},
    POPT_TABLEEND,
};

static const struct cli_example examples[] = {
    {"birthmark verify nvs=certs.bin", "has the board this identity?"},
    {"birthmark verify --args build", "and what was built last?"},
    {NULL, NULL},
};

/* The first sector that is not the same, found by halves. */
static int find(struct cli_board *b, const struct bm_flash_part *p, size_t *at)
{
    size_t from = 0;
    size_t to = (p->len + SECTOR - 1) / SECTOR;
    int status = CLI_OK;
    while (status == CLI_OK && to - from > 1) {
        const size_t middle = from + (to - from) / 2;
        int same = 0;
        status = cli_board_same(b, p->offset + (uint32_t)(from * SECTOR), p->data + from * SECTOR,
                                (middle - from) * SECTOR, &same);
        if (same) {
            from = middle;
        } else {
            to = middle;
        }
    }
    *at = from * SECTOR;
    return status;
}

static int compare(const struct cli_flash *f, struct cli_board *b, const struct bm_flash_part *p,
                   int *same)
{
    char name[256];
    size_t at = 0;
    int status = cli_board_same(b, p->offset, p->data, p->len, same);
    status = status == CLI_OK && !*same ? find(b, p, &at) : status;
    if (status != CLI_OK) {
        return status;
    }
    if (f->json) {
        json_t *o = json_pack("{s:I, s:I, s:b}", "offset", (json_int_t)p->offset, "bytes",
                              (json_int_t)p->len, "same", *same);
        if (o != NULL) {
            bmi_json_name(o, "file", p->file);
        }
        cli_progress_event(&b->progress, "region", o);
        return CLI_OK;
    }
    (void)printf("0x%-8" PRIx32 "  %9zu  %-24s  ", p->offset, p->len,
                 bmi_show_into(name, sizeof name, p->file));
    if (*same) {
        (void)puts("same");
    } else {
        (void)printf("different, first in the sector at 0x%zx\n", p->offset + at);
    }
    return CLI_OK;
}

static int compare_all(const struct cli_flash *f, struct cli_board *b)
{
    size_t order[CLI_PARTS_MAX];
    size_t different = 0;
    int status = CLI_OK;
    for (size_t i = 0; i < f->parts.plan.count; i++) {
        if (!f->parts.list[i].placed || f->parts.list[i].len == 0) {
            return CLI_INPUT; /* told as a finding */
        }
    }
    cli_flash_order(f, order);
    for (size_t i = 0; status == CLI_OK && i < f->parts.plan.count; i++) {
        int same = 0;
        status = compare(f, b, &f->parts.list[order[i]], &same);
        different += !same;
    }
    return status != CLI_OK ? status : different > 0 ? CLI_NO : CLI_OK;
}

static int verify(struct cli *c, struct cli_flash *f)
{
    struct cli_board b = {0};
    int status = cli_flash_open(c, f, "verify_flash");
    status = status == CLI_OK ? cli_board_open(&b, c, f->json) : status;
    status = status == CLI_OK ? cli_flash_place(c, f, &b) : status;
    if (status == CLI_OK) {
        cli_flash_tell(f, &b, f->force);
        status = compare_all(f, &b);
    }
    status = cli_board_finish(&b, f->json, status);
    cli_flash_close(f);
    return status;
}

static int run(struct cli *c)
{
    int option;
    int status = CLI_OK;
    struct cli_flash *f = calloc(1, sizeof *f);
    if (f == NULL) {
        return cli_fail("verify", BM_E_NOMEM, NULL);
    }
    while (status == CLI_OK && (option = cli_option(c)) != 0) {
        if (option == OPT_JSON) {
            f->json = 1;
        } else {
            status = option < 0 ? CLI_USAGE : cli_flash_option(c, f, option);
        }
    }
    status = status == CLI_OK ? verify(c, f) : status;
    free(f);
    return status;
}

const struct cli_cmd cmd_verify = {
    .name = "verify",
    .args = "OFFSET FILE|NAME=FILE ...",
    .summary = "compare files with what a board has",
    .about = "Compares files with the flash of a board by the chip's MD5; nothing is read out and "
             "nothing written. Files are given as for birthmark flash. Of a file that is different "
             "the first such sector is named.\n\n"
             "--flash-mode, --flash-freq and --flash-size change the bootloader's header before it "
             "is compared, as they do when it is written.\n\n"
             "The exit status is 1 if a file is different.",
    .options = options,
    .examples = examples,
    .run = run,
    .board = CLI_BOARD_FILES,
};
