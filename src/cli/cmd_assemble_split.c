/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_assemble.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/out_file.h"
#include "cli/parts_file.h"
#include "image/show.h"
#include "layout/assemble.h"
#include "port/file.h"

enum { PRIVATE_MODE = 0600 };

static const char json_name[] = "flasher_args.json";

struct split {
    struct cli *c;
    const char *dir;
    const uint8_t *data;
    size_t len;
    struct bm_pieces pieces;
    size_t written; /* files that were made, in the order of pieces */
};

/* Makes a file that is not there yet. */
static int make(const struct split *s, const char *name, const void *data, size_t len)
{
    struct bm_diag diag = {0};
    char path[CLI_PATH_SIZE];
    const int status = cli_out_path(s->c, path, s->dir, NULL, name);
    if (status != CLI_OK) {
        return status;
    }
    const int rc = bm_port_create(path, data, len, PRIVATE_MODE, &diag);
    if (rc == BM_E_EXIST) {
        cli_error("%s is there already; name a folder without it", path);
        return CLI_INPUT;
    }
    return rc == BM_OK ? CLI_OK : cli_fail(path, rc, &diag);
}

static int make_all(struct split *s, const char *json)
{
    for (; s->written < s->pieces.count; s->written++) {
        const struct bm_piece *p = &s->pieces.list[s->written];
        const int status = p->blank ? CLI_OK : make(s, p->name, s->data + p->offset, p->len);
        if (status != CLI_OK) {
            return status;
        }
    }
    return make(s, json_name, json, strlen(json)); /* last: then all it names is there */
}

/* Takes back what was made before something failed. */
static void unmake(const struct split *s)
{
    for (size_t i = 0; i < s->written; i++) {
        char path[CLI_PATH_SIZE];
        if (!s->pieces.list[i].blank &&
            cli_out_path(s->c, path, s->dir, NULL, s->pieces.list[i].name) == CLI_OK) {
            (void)remove(path);
        }
    }
}

static void report(const struct split *s)
{
    char what[128];
    for (size_t i = 0; i < s->pieces.count; i++) {
        const struct bm_piece *p = &s->pieces.list[i];
        (void)printf("  0x%-8" PRIx32 " %9" PRIu32 "  %-16s  %s\n", p->offset, p->len,
                     bmi_show_into(what, sizeof what, p->what), p->blank ? "blank" : p->name);
    }
}

/* Writes the pieces, or leaves nothing behind. */
static int put(struct split *s, int chip)
{
    struct bm_flasher_args args;
    char *text = NULL;
    int rc = bm_pieces_args(&args, &s->pieces, (uint32_t)s->len, chip);
    rc = rc == BM_OK ? bm_flasher_args_format(&text, &args) : rc;
    bm_flasher_args_free(&args);
    if (rc != BM_OK || text == NULL) {
        return cli_fail(json_name, rc, NULL);
    }
    const int status = make_all(s, text);
    free(text);
    if (status != CLI_OK) {
        unmake(s);
        return status;
    }
    report(s);
    return CLI_OK;
}

int cli_split(struct cli *c, const char *path, const char *dir, const char *table_path,
              uint32_t table_off)
{
    struct split *s = calloc(1, sizeof *s);
    struct bm_part_table table;
    struct bm_diag diag = {0};
    char first[CLI_PATH_SIZE];
    uint8_t *data = NULL;
    if (s == NULL) {
        return cli_fail(path, BM_E_NOMEM, NULL);
    }
    s->c = c;
    s->dir = dir;
    int status = CLI_OK;
    if (table_path != NULL) {
        status = cli_layout_read(&table, table_path, table_off, NULL, NULL);
        const int rc =
            status == CLI_OK ? bm_port_read(path, BM_FLASH_SIZE_MAX, &data, &s->len, &diag) : BM_OK;
        status = rc == BM_OK ? status : cli_fail_input(path, rc, &diag);
    } else {
        status = cli_layout_read(&table, path, table_off, &data, &s->len);
        if (status == CLI_OK && data == NULL) {
            cli_error("%s is a partition table, no flash file", path);
            status = CLI_INPUT;
        }
    }
    s->data = data;
    if (status == CLI_OK) {
        const int rc = bm_split(&s->pieces, data, s->len, &table, table_off, &diag);
        status = rc == BM_OK ? cli_out_path(c, first, dir, NULL, json_name)
                             : cli_fail_input(path, rc, &diag);
    }
    status = status == CLI_OK ? cli_out_folder(first) : status;
    if (status == CLI_OK) {
        status = put(s, bm_flash_chip(data, s->len, table_off, NULL));
    }
    bm_port_free(data, s->len);
    free(s);
    return status;
}
