/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/board.h"
#include "cli/up.h"
#include "image/diff.h"
#include "port/file.h"

/* Counts values that the board alone has. */
static void count_more(void *ctx, const struct bm_diff_change *change)
{
    *(size_t *)ctx += change->what == BM_DIFF_VALUE && !change->old.there;
}

/* 1 if all that the image says is on the board, too. Returns BM_OK or BM_E_NOMEM. */
static int covers(const uint8_t *image, const uint8_t *board, size_t len, int *yes, size_t *more)
{
    const struct bm_diff_opts all = {.emit = count_more, .ctx = more};
    struct bm_diff_result r = {0};
    struct bm_scan a;
    struct bm_scan b;
    memset(&b, 0, sizeof b);
    *more = 0;
    int rc = bm_scan(&a, image, len);
    rc = rc == BM_OK ? bm_scan(&b, board, len) : rc;
    rc = rc == BM_OK ? bm_diff(&a, &b, &all, &r) : rc;
    bm_scan_free(&a);
    bm_scan_free(&b);
    *yes = rc == BM_OK && r.removed == 0 && r.changed == 0 && r.equal > 0;
    return rc;
}

/* What the partition on the board holds, where that is worth reading. */
static int look(struct cli_board *b, struct cli_up *u, const uint8_t *image, size_t len)
{
    struct bm_part_table table;
    struct bm_diag why;
    uint8_t *data = NULL;
    int found = 0;
    int same = 0;
    int blank = 0;
    size_t more = 0;
    int status = cli_board_read_table(b, u->parts.plan.table_off, &table, &found, &why);
    const struct bm_part *p =
        status == CLI_OK && found
            ? bm_part_find(&table, BM_PART_DATA, BM_PART_DATA_NVS, u->nvs->label)
            : NULL;
    if (p == NULL || p->offset != u->nvs->offset || p->size != len) {
        return status; /* flash says what that means */
    }
    status = cli_board_same(b, p->offset, image, len, &same);
    if (status == CLI_OK && !same) {
        status = cli_board_blank(b, p->offset, (uint32_t)len, &blank);
    }
    if (status != CLI_OK || same || blank) {
        return status;
    }
    status = cli_board_read(b, p->label, p->offset, (uint32_t)len, &data);
    if (status == CLI_OK) {
        const int rc = covers(image, data, len, &u->holds, &more);
        u->differs = !u->holds;
        status = rc == BM_OK ? CLI_OK : cli_board_fail(b, rc, NULL);
    }
    bm_port_free(data, len);
    if (u->holds) {
        (void)fprintf(stderr,
                      "%s: partition %s has the values of %s already, and %zu more of its own: it "
                      "is left alone\n",
                      b->port, p->label, u->csv, more);
    }
    return status;
}

int cli_up_compare(struct cli *c, struct cli_up *u)
{
    struct cli_board b;
    struct bm_diag diag = {0};
    uint8_t *image = NULL;
    size_t len = 0;
    memset(&b, 0, sizeof b);
    const struct cli_board_wish wish = c->board;
    const int rc = bm_port_read_named(u->image, BM_FLASH_SIZE_MAX, &image, &len, &diag);
    if (rc != BM_OK) {
        return cli_fail_input(u->image, rc, &diag);
    }
    c->board.port = u->port;
    c->board.baud = 0; /* the next session begins at the usual speed */
    c->board.after = BM_AFTER_NONE;
    int status = u->text[UP_SIZE] != NULL ? cli_board_flash_size(c, u->text[UP_SIZE]) : CLI_OK;
    status = status == CLI_OK ? cli_board_open(&b, c, 0) : status;
    if (status == CLI_OK && !b.info.secure_download) {
        status = look(&b, u, image, len);
    }
    cli_board_close(&b);
    c->board = wish;
    bm_port_free(image, len);
    return status;
}
