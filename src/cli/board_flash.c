/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/board.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "crypto/crypto.h"
#include "image/suggest.h"
#include "layout/content.h"
#include "layout/plan.h"
#include "port/file.h"

enum { STEP = 512 }; /* 16 rows: most tables */

/* MD5 of memory. */
static int digest(const uint8_t *data, size_t len, uint8_t out[BM_MD5_LEN])
{
    struct bm_hash md5;
    int rc = bm_hash_openssl_md5(&md5);
    if (rc != BM_OK) {
        return rc;
    }
    rc = md5.start(md5.ctx);
    rc = rc == BM_OK ? md5.add(md5.ctx, data, len) : rc;
    rc = rc == BM_OK ? md5.finish(md5.ctx, out) : rc;
    bm_hash_openssl_close(&md5);
    return rc;
}

int cli_board_same(struct cli_board *b, uint32_t off, const uint8_t *data, size_t len, int *same)
{
    uint8_t have[BM_MD5_LEN];
    uint8_t want[BM_MD5_LEN];
    struct bm_diag diag = {0};
    *same = 0;
    int rc = digest(data, len, want);
    rc = rc == BM_OK ? bm_link_md5(b->link, off, (uint32_t)len, have, &diag) : rc;
    if (rc != BM_OK) {
        return cli_board_fail(b, rc, &diag);
    }
    *same = memcmp(have, want, sizeof have) == 0;
    return CLI_OK;
}

int cli_board_blank(struct cli_board *b, uint32_t off, uint32_t len, int *blank)
{
    uint8_t *ff = malloc(len);
    *blank = 0;
    if (ff == NULL) {
        return cli_board_fail(b, BM_E_NOMEM, NULL);
    }
    memset(ff, 0xff, len);
    const int status = cli_board_same(b, off, ff, len, blank);
    free(ff);
    return status;
}

int cli_board_read(struct cli_board *b, const char *what, uint32_t off, uint32_t len,
                   uint8_t **data)
{
    struct bm_diag diag = {0};
    int rc = BM_OK;
    *data = malloc(len > 0 ? len : 1);
    if (*data == NULL) {
        return cli_board_fail(b, BM_E_NOMEM, NULL);
    }
    cli_progress_begin(&b->progress, what);
    rc = bm_link_read(b->link, off, *data, len, &diag);
    cli_progress_clear(&b->progress);
    if (rc == BM_OK && cli_board_stopped()) {
        rc = BM_E_TIMEOUT;
    }
    if (rc != BM_OK) {
        bm_port_free(*data, len);
        *data = NULL;
        return cli_board_fail(b, rc, &diag);
    }
    return CLI_OK;
}

/* Reads until the row of 0xff that ends it; what was not read counts as that. */
static int read_rows(struct cli_board *b, uint32_t off, uint8_t bytes[BM_PART_TABLE_MAX],
                     struct bm_diag *diag)
{
    memset(bytes, 0xff, BM_PART_TABLE_MAX);
    for (uint32_t at = 0; at < BM_PART_TABLE_MAX; at += STEP) {
        const int rc = bm_link_read(b->link, off + at, bytes + at, STEP, diag);
        if (rc != BM_OK) {
            return rc;
        }
        for (uint32_t row = at; row < at + STEP; row += BM_PART_ENTRY_SIZE) {
            if (bmi_is_blank(bytes + row, BM_PART_ENTRY_SIZE)) {
                return BM_OK;
            }
        }
    }
    return BM_OK;
}

int cli_board_read_table(struct cli_board *b, uint32_t off, struct bm_part_table *table, int *found,
                         struct bm_diag *why)
{
    uint8_t bytes[BM_PART_TABLE_MAX];
    struct bm_diag diag = {0};
    struct bm_hash md5;
    memset(why, 0, sizeof *why);
    *found = 0;
    cli_progress_begin(&b->progress, "partition table");
    int rc = read_rows(b, off, bytes, &diag);
    cli_progress_clear(&b->progress);
    if (rc != BM_OK) {
        return cli_board_fail(b, rc, &diag);
    }
    if (bmi_is_blank(bytes, BM_PART_ENTRY_SIZE)) {
        return CLI_OK;
    }
    rc = bm_hash_openssl_md5(&md5);
    if (rc != BM_OK) {
        return cli_board_fail(b, rc, NULL);
    }
    *found = bm_part_table_parse(table, bytes, sizeof bytes, &md5, why) == BM_OK;
    bm_hash_openssl_close(&md5);
    return CLI_OK;
}

static int no_partition(const struct cli_board *b, const struct bm_part_table *t, const char *name)
{
    const char *names[BM_PART_MAX + 3];
    size_t n = 0;
    for (unsigned i = 0; i < t->count; i++) {
        names[n++] = t->part[i].label;
    }
    names[n++] = "bootloader";
    names[n++] = "partition-table";
    names[n] = NULL;
    const char *near = bmi_suggest(name, strlen(name), names);
    cli_error("%s: the board's table has no partition \"%s\"%s%s%s", b->port, name,
              near != NULL ? " (did you mean " : "; birthmark partitions --show lists them",
              near != NULL ? near : "", near != NULL ? "?)" : "");
    return CLI_INPUT;
}

int cli_board_place(struct cli_board *b, const struct cli *c, const char *name, uint32_t *off,
                    uint32_t *size)
{
    struct bm_part_table table;
    struct bm_diag why;
    int found = 0;
    if (strcmp(name, "partition-table") == 0) {
        *off = c->board.table_off;
        *size = BM_PART_TABLE_SECTOR;
        return CLI_OK;
    }
    if (strcmp(name, "bootloader") == 0) {
        *off = b->info.chip->bootloader_offset;
        *size = c->board.table_off - *off;
        return CLI_OK;
    }
    const int status = cli_board_read_table(b, c->board.table_off, &table, &found, &why);
    if (status != CLI_OK) {
        return status;
    }
    if (!found) {
        cli_error("%s: no partition table at 0x%" PRIx32 "%s%s%s; give offsets, or --table-offset",
                  b->port, c->board.table_off, why.text[0] != '\0' ? " (" : "", why.text,
                  why.text[0] != '\0' ? ")" : "");
        return CLI_INPUT;
    }
    const struct bm_part *p = bm_part_find(&table, -1, -1, name);
    if (p == NULL) {
        return no_partition(b, &table, name);
    }
    *off = p->offset;
    *size = p->size;
    return CLI_OK;
}
