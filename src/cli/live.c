/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/live.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "birthmark/app.h"
#include "birthmark/boot.h"
#include "cli/board.h"
#include "cli/live_backup.h"
#include "image/suggest.h"
#include "layout/plan.h"
#include "port/file.h"

enum { SECTOR = BM_FLASH_SECTOR, SIGNATURE_ROOM = 2 * BM_FLASH_SECTOR, TRIES = 3 };

struct cli_live {
    struct cli_board board;
    int open; /* the board waits */
    struct bm_part_table table;
    struct bm_part part; /* read last */
    uint8_t *bytes;      /* what was in it, for cli_live_write(); or NULL */
    size_t bytes_len;
    char name[CLI_PORT_SIZE + 2 * BM_PART_LABEL_SIZE];
    struct bm_link_flash *region;
    struct bm_flash flash;
    struct bm_diag why; /* there is no region */
    int met;            /* a board has answered */
    int told;           /* what its flash holds, or it may not be the same any more */
};

const char *cli_input(struct cli *c)
{
    return c->board.port != NULL ? c->board.port : cli_arg(c);
}

int cli_is_live(const struct cli *c, const char *input)
{
    return input != NULL && input == c->board.port;
}

void cli_live_release(struct cli *c)
{
    struct cli_live *live = c->live;
    if (live != NULL && live->open) {
        bm_link_flash_close(live->region);
        live->region = NULL;
        cli_board_close(&live->board);
        live->open = 0;
    }
}

void cli_live_close(struct cli *c)
{
    cli_live_release(c);
    if (c->live != NULL) {
        bm_port_free(c->live->bytes, c->live->bytes_len);
        free(c->live);
        c->live = NULL;
    }
}

static int open_board(struct cli *c)
{
    if (c->live != NULL && c->live->open) {
        return CLI_OK;
    }
    if (c->live == NULL) {
        c->live = calloc(1, sizeof *c->live);
        if (c->live == NULL) {
            return cli_fail(c->board.port, BM_E_NOMEM, NULL);
        }
    }
    c->live->open = 1; /* also after a failure there is something to close */
    const int status = cli_board_open(&c->live->board, c, 0);
    c->live->met = c->live->met || status == CLI_OK;
    return status;
}

static int read_table(struct cli *c)
{
    struct bm_diag why;
    int found = 0;
    int status = open_board(c);
    if (status == CLI_OK) {
        status = cli_board_read_table(&c->live->board, c->board.table_off, &c->live->table, &found,
                                      &why);
    }
    if (status == CLI_OK && !found) {
        cli_error("%s: no partition table at 0x%" PRIx32 "%s%s%s; it may be elsewhere "
                  "(--table-offset)",
                  c->live->board.port, c->board.table_off, why.text[0] != '\0' ? ": " : "",
                  why.text, why.text[0] != '\0' ? "" : ", the flash is blank there");
        status = CLI_INPUT;
    }
    return status;
}

static int is_kind(const struct bm_part *p, int type, int subtype)
{
    return p->type == type && (subtype < 0 || p->subtype == subtype);
}

/* The labels of the partitions of a kind, or of all (type -1). Returns how many there are. */
static unsigned list(const struct bm_part_table *t, int type, int subtype, struct bm_text *out)
{
    unsigned n = 0;
    for (unsigned i = 0; i < t->count; i++) {
        if (type < 0 || is_kind(&t->part[i], type, subtype)) {
            bm_text_str(out, n++ > 0 ? ", " : "");
            bm_text_str(out, t->part[i].label);
        }
    }
    return n;
}

static int by_name(struct cli *c, const char *name, int type, int subtype, const char *kind)
{
    struct cli_live *live = c->live;
    char names[BM_PART_MAX * BM_PART_LABEL_SIZE];
    struct bm_text t;
    const struct bm_part *p = bm_part_find(&live->table, -1, -1, name);
    if (p == NULL) {
        bm_text_init(&t, names, sizeof names);
        (void)list(&live->table, -1, -1, &t);
        cli_error("%s: the board has no partition \"%s\"; it has %s", live->board.port, name,
                  names);
        return CLI_INPUT;
    }
    if (!is_kind(p, type, subtype)) {
        cli_error("%s: partition %s is not %s", live->board.port, name, kind);
        return CLI_INPUT;
    }
    live->part = *p;
    return CLI_OK;
}

/* The only partition of a kind, or the one called `usual`. */
static int by_kind(struct cli *c, int type, int subtype, const char *usual, const char *kind)
{
    struct cli_live *live = c->live;
    char names[BM_PART_MAX * BM_PART_LABEL_SIZE];
    struct bm_text t;
    bm_text_init(&t, names, sizeof names);
    const unsigned n = list(&live->table, type, subtype, &t);
    const struct bm_part *p = bm_part_find(&live->table, type, subtype, usual);
    if (p == NULL && n == 1) {
        p = bm_part_find(&live->table, type, subtype, NULL);
    }
    if (p == NULL) {
        cli_error(n == 0 ? "%s: the board's table has no partition that is %s%s"
                         : "%s: which partition that is %s? Say --partition, one of %s",
                  live->board.port, kind, names);
        return CLI_INPUT;
    }
    live->part = *p;
    return CLI_OK;
}

static void name_it(struct cli_live *live, const char *what)
{
    (void)snprintf(live->name, sizeof live->name, "%s:%s", live->board.port, what);
}

/* Checks that the partition lies in flash, and reads len bytes of it. */
static int fetch(struct cli *c, struct cli_live_data *out, uint32_t len)
{
    struct cli_live *live = c->live;
    const struct bm_part *p = &live->part;
    const uint32_t size = live->board.info.flash_size;
    name_it(live, p->label);
    if (size != 0 && (p->offset > size || p->size > size - p->offset)) {
        cli_error("%s: partition %s ends beyond the flash of 0x%" PRIx32 " bytes", live->board.port,
                  p->label, size);
        return CLI_INPUT;
    }
    out->name = live->name;
    out->len = len;
    out->room = p->size;
    return cli_board_read(&live->board, p->label, p->offset, len, &out->data);
}

/* Keeps a copy of what was read, for cli_live_write(). */
static int keep(struct cli *c, const struct cli_live_data *d)
{
    c->live->bytes_len = d->len;
    c->live->bytes = malloc(d->len);
    if (c->live->bytes == NULL) {
        return cli_fail(d->name, BM_E_NOMEM, NULL);
    }
    memcpy(c->live->bytes, d->data, d->len);
    return CLI_OK;
}

int cli_live_nvs(struct cli *c, struct cli_live_data *out, int keep_open)
{
    static const char kind[] = "an NVS partition (data, nvs)";
    memset(out, 0, sizeof *out);
    int status = read_table(c);
    if (status == CLI_OK) {
        status = c->board.partition != NULL
                     ? by_name(c, c->board.partition, BM_PART_DATA, BM_PART_DATA_NVS, kind)
                     : by_kind(c, BM_PART_DATA, BM_PART_DATA_NVS, "nvs", kind);
    }
    status = status == CLI_OK ? fetch(c, out, c->live->part.size) : status;
    if (status == CLI_OK && keep_open) {
        status = keep(c, out);
    } else {
        cli_live_release(c);
    }
    return status;
}

int cli_live_otadata(struct cli *c, struct cli_live_data *out, struct bm_part_table *table)
{
    memset(out, 0, sizeof *out);
    int status = read_table(c);
    if (status != CLI_OK) {
        return status;
    }
    struct cli_live *live = c->live;
    *table = live->table;
    name_it(live, "otadata");
    out->name = live->name;
    const struct bm_part *otadata = bm_boot_otadata(table);
    if (otadata != NULL && otadata->size >= BM_OTADATA_SIZE) {
        live->part = *otadata;
        live->part.size = BM_OTADATA_SIZE;
        status = fetch(c, out, BM_OTADATA_SIZE);
        status = status == CLI_OK ? keep(c, out) : status;
    }
    return status;
}

const struct bm_flash *cli_live_flash(struct cli *c)
{
    struct cli_live *live = c->live;
    if (live == NULL || !live->open || live->board.link == NULL) {
        return NULL;
    }
    memset(&live->why, 0, sizeof live->why);
    if (live->region == NULL &&
        bm_link_flash_open(&live->region, &live->flash, live->board.link, &live->why) != BM_OK) {
        return NULL;
    }
    return &live->flash;
}

int cli_live_flash_failed(int code)
{
    return code == BM_E_IO || code == BM_E_TIMEOUT || code == BM_E_PROTO || code == BM_E_VERIFY ||
           code == BM_E_NOMEM;
}

int cli_live_flash_fail(struct cli *c, int code)
{
    struct cli_live *live = c->live;
    if (live == NULL || !live->open) {
        return cli_fail(c->board.port, code, NULL);
    }
    const struct bm_diag *diag =
        live->region != NULL ? bm_link_flash_diag(live->region) : &live->why;
    return cli_board_fail(&live->board, diag->code != BM_OK ? diag->code : code, diag);
}

int cli_live_untouched(const struct cli *c, int status)
{
    struct cli_live *live = c->live;
    if (live != NULL && live->met && !live->told &&
        (status == CLI_DEVICE || status == CLI_INTERRUPTED)) {
        cli_error("%s: nothing was written, its flash is as it was%s", live->board.port,
                  status == CLI_DEVICE ? "; try again when the board answers" : "");
        live->told = 1;
    }
    return status;
}

int cli_live_chip_id(const struct cli *c)
{
    const struct bm_chip *chip = c->live != NULL ? c->live->board.info.chip : NULL;
    return chip != NULL ? chip->image_id : -1;
}

static int take_as_good(void *ctx, const struct bm_part *part, struct bm_boot_image *out)
{
    (void)ctx;
    (void)part;
    *out = (struct bm_boot_image){BM_BOOT_GOOD, 1, 0};
    return BM_OK;
}

/* The app that otadata selects. */
static int selected(struct cli *c)
{
    struct cli_live *live = c->live;
    struct cli_live_data d;
    struct bm_part_table table;
    struct bm_otadata data;
    struct bm_boot boot;
    int status = cli_live_otadata(c, &d, &table);
    const int have = status == CLI_OK && d.len == BM_OTADATA_SIZE;
    for (unsigned i = 0; have && i < 2; i++) {
        bm_ota_record_parse(&data.record[i], d.data + (size_t)i * SECTOR);
    }
    bm_port_free(d.data, d.len);
    if (status != CLI_OK) {
        return status;
    }
    if (bm_boot_decide(&boot, &live->table, have ? &data : NULL, take_as_good, NULL, NULL) !=
            BM_OK ||
        boot.part == NULL) {
        cli_error("%s: no app is selected; say --partition", live->board.port);
        return CLI_INPUT;
    }
    live->part = *boot.part;
    return CLI_OK;
}

int cli_live_app(struct cli *c, struct cli_live_data *out)
{
    struct bm_app app;
    memset(out, 0, sizeof *out);
    int status = read_table(c);
    if (status == CLI_OK) {
        status = c->board.partition != NULL
                     ? by_name(c, c->board.partition, BM_PART_APP, -1, "an app partition")
                     : selected(c);
    }
    if (status != CLI_OK) {
        return status;
    }
    const struct bm_flash *flash = cli_live_flash(c);
    const struct bm_part *p = &c->live->part;
    uint32_t len = p->size;
    if (flash != NULL && bm_app_read(&app, flash, p->offset, p->size, NULL) == BM_OK &&
        app.size < p->size) {
        const uint32_t end = (app.size + SECTOR - 1) / SECTOR * SECTOR;
        len = p->size - end > SIGNATURE_ROOM ? end + SIGNATURE_ROOM : p->size;
    } else if (flash != NULL && app.segments == 0) {
        len = p->size < SECTOR ? p->size : SECTOR; /* no image: its head shows that */
    }
    status = fetch(c, out, len);
    cli_live_release(c);
    return status;
}

int cli_live_table(struct cli *c, struct cli_live_data *out, uint32_t *flash_size)
{
    memset(out, 0, sizeof *out);
    int status = open_board(c);
    if (status == CLI_OK) {
        struct cli_live *live = c->live;
        name_it(live, "partition-table");
        out->name = live->name;
        out->len = BM_PART_TABLE_MAX;
        *flash_size = live->board.info.flash_size;
        status = cli_board_read(&live->board, "partition table", c->board.table_off,
                                BM_PART_TABLE_MAX, &out->data);
    }
    cli_live_release(c);
    return status;
}

/* Prints the command that writes the old bytes back. */
static void say_way_back(const struct cli *c, const struct cli_live *live, const char *backup)
{
    char words[BM_PART_LABEL_SIZE + CLI_BACKUP_SIZE + 1];
    cli_error("%s: what was there before is in %s; this puts it back:", live->name, backup);
    (void)fputs("birthmark flash -p", stderr);
    cli_word(stderr, live->board.port);
    (void)fputs(" --force", stderr);
    if (c->board.table_off != BM_PART_TABLE_OFFSET) {
        (void)fprintf(stderr, " --table-offset 0x%" PRIx32, c->board.table_off);
    }
    (void)snprintf(words, sizeof words, "%s=%s", live->part.label, backup);
    cli_word(stderr, words);
    (void)fputc('\n', stderr);
}

/* What was not written whole must not be started: firmware initialises an NVS that it cannot read.
 */
static void put_back(const struct cli *c, struct cli_live *live, char backup[CLI_BACKUP_SIZE])
{
    struct bm_diag diag = {0};
    int rc = BM_E_IO;
    for (int i = 0; rc != BM_OK && i < TRIES; i++) {
        rc = bm_link_write(live->board.link, live->part.offset, live->bytes, live->bytes_len, 0,
                           &diag);
    }
    cli_progress_clear(&live->board.progress);
    if (rc == BM_OK) {
        cli_error("%s: what was there before is there again", live->name);
        return;
    }
    const int waits = cli_board_wait(&live->board);
    cli_error(
        "%s: is not there whole, and what was there before could not be written back%s", live->name,
        waits ? "; the board was not reset, so that its firmware does not start with that" : "");
    if (backup[0] == '\0') { /* --no-backup: but now nothing else has them */
        cli_rescue(&live->board, live->part.label, live->bytes, live->bytes_len, backup);
    }
    if (backup[0] != '\0') {
        say_way_back(c, live, backup);
    }
}

/* One run of sectors that are different, from at on. */
static int write_run(struct cli_live *live, const uint8_t *data, size_t len, size_t *at)
{
    struct bm_diag diag = {0};
    size_t begin = *at;
    while (begin < len && memcmp(data + begin, live->bytes + begin, SECTOR) == 0) {
        begin += SECTOR;
    }
    size_t end = begin;
    while (end < len && memcmp(data + end, live->bytes + end, SECTOR) != 0) {
        end += SECTOR;
    }
    *at = end;
    if (begin == end) {
        return CLI_OK;
    }
    cli_progress_begin(&live->board.progress, live->part.label);
    live->told = 1;
    const int rc = bm_link_write(live->board.link, live->part.offset + (uint32_t)begin,
                                 data + begin, end - begin, BM_WRITE_ALWAYS, &diag);
    cli_progress_clear(&live->board.progress);
    return rc == BM_OK ? CLI_OK : cli_board_fail(&live->board, rc, &diag);
}

int cli_live_write(struct cli *c, const uint8_t *data, size_t len)
{
    struct cli_live *live = c->live;
    char backup[CLI_BACKUP_SIZE] = "";
    size_t at = 0;
    int same = 0;
    if (live == NULL || !live->open || live->bytes == NULL || len != live->bytes_len ||
        len % SECTOR != 0) {
        return cli_fail(c->board.port, BM_E_ARG, NULL);
    }
    int status = cli_backup(c, &live->board, live->part.label, live->bytes, len, backup);
    if (status != CLI_OK) {
        live->told = 1; /* it has nothing to do with the board */
        return status;
    }
    if (cli_board_stopped()) {
        return cli_live_untouched(c, cli_board_fail(&live->board, BM_E_TIMEOUT, NULL));
    }
    cli_board_hold(1);
    while (status == CLI_OK && at < len) {
        status = write_run(live, data, len, &at);
    }
    if (status == CLI_OK) {
        status = cli_board_same(&live->board, live->part.offset, data, len, &same);
    }
    if (status == CLI_OK && !same) {
        cli_error("%s: what was written does not read back the same", live->name);
        status = CLI_DEVICE;
    }
    if (status != CLI_OK) {
        put_back(c, live, backup);
    }
    cli_board_hold(0);
    if (status == CLI_OK && cli_board_stopped()) {
        cli_error("%s: interrupted after all of it was written", live->name);
        status = CLI_INTERRUPTED;
    }
    return status;
}
