/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ota_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cli/edit_file.h"
#include "cli/live.h"
#include "cli/table_arg.h"
#include "crypto/crypto.h"
#include "layout/assemble.h"
#include "port/file.h"

enum { SCRATCH = 65536, RECORDS_APART = BM_OTADATA_SIZE / 2 };
static const size_t flash_max = (size_t)256 << 20;

/* The table of a file of its own. */
static int read_table_file(struct cli_ota *o, const struct cli_ota_wish *wish)
{
    struct bm_table_options options;
    bm_table_options_init(&options);
    options.offset = wish->table_offset;
    struct bm_table_file *file = calloc(1, sizeof *file);
    if (file == NULL) {
        return cli_fail(wish->table, BM_E_NOMEM, NULL);
    }
    const int status = cli_table_arg(file, wish->table, &options);
    if (status == CLI_OK) {
        o->table = file->table;
        o->has_table = 1;
    }
    free(file);
    return status;
}

static int read_own_table(struct cli_ota *o, uint32_t off)
{
    struct bm_flash flash;
    struct bm_hash md5;
    struct bm_diag diag;
    memset(&md5, 0, sizeof md5);
    memset(&diag, 0, sizeof diag);
    if (off >= o->len) {
        cli_error("%s: has %zu bytes, and none at 0x%" PRIx32
                  ", where a flash has its table; for an otadata partition alone give --table or "
                  "--slots",
                  o->name, o->len, off);
        return CLI_INPUT;
    }
    int rc = bm_flash_view(&flash, o->data, o->len);
    if (rc == BM_OK) {
        rc = bm_hash_openssl_md5(&md5);
    }
    if (rc == BM_OK) {
        rc = bm_part_table_read(&o->table, &flash, off, &md5, &diag);
    }
    bm_hash_openssl_close(&md5);
    if (rc == BM_E_CORRUPT) {
        cli_error("%s: no good partition table at 0x%" PRIx32
                  " (%s); it may be elsewhere (--table-offset), or in a file (--table)",
                  o->name, off, diag.text[0] != '\0' ? diag.text : bm_err_text(rc));
        return CLI_INPUT;
    }
    o->has_table = rc == BM_OK;
    return rc == BM_OK ? CLI_OK : cli_fail_input(o->name, rc, &diag);
}

/* A table of so many slots, for an otadata partition alone; the places in it mean nothing. */
static void make_table(struct cli_ota *o, const struct cli_ota_wish *wish)
{
    for (unsigned i = 0; i < wish->slots + 1 + (wish->factory != 0); i++) {
        struct bm_part *p = &o->table.part[o->table.count++];
        p->type = i == 0 ? BM_PART_DATA : BM_PART_APP;
        p->subtype = i == 0 || i > wish->slots ? 0 : (uint8_t)(BM_PART_APP_OTA_0 + i - 1);
        p->offset = 0x10000 * (i + 1);
        p->size = 0x10000;
    }
    o->table.part[0].size = (uint32_t)o->len;
    o->has_table = 1;
    o->made_up = 1;
}

static int alone(const struct cli_ota *o)
{
    return o->len == BM_OTADATA_SIZE ||
           (o->otadata != NULL && o->len == o->otadata->size && o->len >= BM_OTADATA_SIZE);
}

/* Where otadata is in the file. */
static int place(struct cli_ota *o)
{
    if (!o->is_flash) {
        o->size = (uint32_t)o->len;
        return CLI_OK;
    }
    if (o->otadata == NULL || o->otadata->size < BM_OTADATA_SIZE) {
        return CLI_OK; /* there is something to say on that, too */
    }
    if (o->otadata->offset > o->len || BM_OTADATA_SIZE > o->len - o->otadata->offset) {
        cli_error("%s: has %zu bytes, and the table has otadata at 0x%" PRIx32
                  "; the file is neither an otadata partition (%d bytes) nor the whole flash",
                  o->name, o->len, o->otadata->offset, BM_OTADATA_SIZE);
        return CLI_INPUT;
    }
    const size_t room = o->len - o->otadata->offset;
    o->off = o->otadata->offset;
    o->size = o->otadata->size < room ? o->otadata->size : BM_OTADATA_SIZE;
    return CLI_OK;
}

static int find_table(struct cli *c, struct cli_ota *o, const struct cli_ota_wish *wish,
                      int need_table)
{
    if (wish->slots > 0) {
        if (o->len != BM_OTADATA_SIZE) {
            cli_error("%s: has %zu bytes, and an otadata partition %d; for a flash image leave "
                      "--slots out, for a larger partition give --table",
                      o->name, o->len, BM_OTADATA_SIZE);
            return CLI_INPUT;
        }
        make_table(o, wish);
        return CLI_OK;
    }
    if (wish->table != NULL) {
        return read_table_file(o, wish);
    }
    if (o->len != BM_OTADATA_SIZE) {
        o->is_flash = 1;
        return read_own_table(o, wish->table_offset);
    }
    return need_table ? cli_usage(c,
                                  "%s is an otadata partition alone: say what slots there are, "
                                  "with --table FILE or --slots N",
                                  o->name)
                      : CLI_OK;
}

static void count_slots(struct cli_ota *o)
{
    for (unsigned i = 0; i < o->table.count; i++) {
        const struct bm_part *p = &o->table.part[i];
        o->slots += p->type == BM_PART_APP && p->subtype >= BM_PART_APP_OTA_0 &&
                    p->subtype < BM_PART_APP_OTA_0 + BM_OTA_SLOTS_MAX;
    }
}

static int open_live(struct cli *c, struct cli_ota *o, const struct cli_ota_wish *wish)
{
    struct cli_live_data live;
    if (wish->table_offset != BM_PART_TABLE_OFFSET) {
        c->board.table_off = wish->table_offset;
    }
    const int status = cli_live_otadata(c, &live, &o->table);
    o->data = live.data;
    o->len = live.len;
    if (status != CLI_OK) {
        return status;
    }
    o->name = live.name;
    o->size = (uint32_t)live.len;
    o->has_table = 1;
    o->is_flash = 1;
    o->is_live = 1;
    o->otadata = bm_boot_otadata(&o->table);
    o->chip = cli_live_flash(c);
    o->chip_id = cli_live_chip_id(c);
    o->limit = o->chip != NULL ? o->chip->size : 0;
    count_slots(o);
    return o->chip != NULL ? CLI_OK : cli_live_flash_fail(c, BM_E_NOMEM);
}

int cli_ota_open(struct cli *c, struct cli_ota *o, const char *path,
                 const struct cli_ota_wish *wish, int need_table)
{
    struct bm_diag diag;
    memset(o, 0, sizeof *o);
    memset(&diag, 0, sizeof diag);
    o->chip_id = BM_CHIP_UNKNOWN;
    o->path = path;
    o->name = strcmp(path, "-") == 0 ? "standard input" : path;
    if (cli_is_live(c, path)) {
        return open_live(c, o, wish);
    }
    if (wish->in_place && cli_hold(&o->hold, path) != CLI_OK) {
        return CLI_DEVICE;
    }
    const int rc = bm_port_read(path, flash_max, &o->data, &o->len, &diag);
    if (rc != BM_OK) {
        return cli_fail_input(path, rc, &diag);
    }
    if (o->len == 0) {
        cli_error("%s: is empty; an otadata partition has %d bytes", o->name, BM_OTADATA_SIZE);
        return CLI_INPUT;
    }
    const int status = find_table(c, o, wish, need_table);
    if (status != CLI_OK) {
        return status;
    }
    o->otadata = bm_boot_otadata(&o->table);
    o->is_flash = o->is_flash || (!o->made_up && !alone(o));
    if (o->is_flash) {
        o->chip_id = bm_flash_chip(o->data, o->len, wish->table_offset, NULL);
        o->limit = bm_flash_limit(o->data, o->len, wish->table_offset);
    }
    count_slots(o);
    return place(o);
}

void cli_ota_close(struct cli_ota *o)
{
    bm_port_hold_end(&o->hold);
    bm_port_free(o->data, o->len);
    free(o->app);
    o->data = NULL;
    o->app = NULL;
}

/* 1 if the bootloader can map it where it is. On a board that is not looked at. */
static int maps(const struct cli_ota *o, const struct bm_part *p, const struct bm_flash *chip,
                uint8_t *buf)
{
    struct bm_boot_flash how = {.chip = chip, .buf = buf, .buf_len = SCRATCH, .chip_id = -1};
    struct bm_boot_image image;
    return o->is_live || bm_boot_ask_flash(&how, p, &image) != BM_OK ||
           image.verdict != BM_BOOT_BAD;
}

/* The code for the app in a partition, of which there may be no more than room bytes. */
static int look_at(const struct cli_ota *o, struct cli_ota_app *a, const struct bm_flash *chip,
                   const struct bm_hash *sha256, uint8_t *buf)
{
    const struct bm_part *p = a->part;
    const uint32_t room = p->offset < chip->size ? chip->size - p->offset : 0;
    const uint32_t size = p->size < room ? p->size : room;
    if (size == 0) {
        return BM_E_LENGTH;
    }
    const int rc =
        o->is_live ? bm_app_read(&a->app, chip, p->offset, size, &a->diag)
                   : bm_app_verify(&a->app, chip, p->offset, size, sha256, buf, SCRATCH, &a->diag);
    const int other_chip = o->chip_id >= 0 && a->app.chip != o->chip_id;
    if ((rc != BM_OK && rc != BM_E_VERIFY) || (!other_chip && maps(o, p, chip, buf))) {
        return rc;
    }
    memset(&a->diag, 0, sizeof a->diag);
    return bm_diag_set(&a->diag, BM_E_TYPE, p->offset, "header",
                       other_chip ? "it is for another chip"
                                  : "it is mapped by pages of flash, and does not begin with one");
}

int cli_ota_look(struct cli *c, struct cli_ota *o)
{
    struct bm_flash chip;
    struct bm_hash sha256;
    if (!o->is_flash) {
        return CLI_OK;
    }
    memset(&sha256, 0, sizeof sha256);
    o->app = calloc(CLI_OTA_APPS, sizeof *o->app);
    uint8_t *buf = malloc(SCRATCH);
    int rc = o->app != NULL && buf != NULL ? BM_OK : BM_E_NOMEM;
    if (rc == BM_OK && o->is_live) {
        chip = *o->chip;
    } else if (rc == BM_OK) {
        rc = bm_flash_view(&chip, o->data, o->len);
    }
    if (rc == BM_OK) {
        rc = bm_hash_openssl_sha256(&sha256);
    }
    for (int i = BM_BOOT_TEST; rc == BM_OK && i < BM_OTA_SLOTS_MAX; i++) {
        const struct bm_part *p = bm_boot_part(&o->table, i);
        if (p != NULL) {
            struct cli_ota_app *a = &o->app[o->apps++];
            a->index = i;
            a->part = p;
            a->code = look_at(o, a, &chip, &sha256, buf);
            rc = o->is_live && cli_live_flash_failed(a->code) ? a->code : BM_OK;
        }
    }
    bm_hash_openssl_close(&sha256);
    free(buf);
    if (rc != BM_OK && o->is_live) {
        return cli_live_flash_fail(c, rc);
    }
    return rc == BM_OK ? CLI_OK : cli_fail(o->name, rc, NULL);
}

/* Behind the records there is nothing, and in them a label that nobody uses. A record cut short has
 * a wrong CRC, but no label. */
int cli_ota_foreign(const struct cli_ota *o, size_t *at)
{
    enum { LABEL = 4, STATE = 24 };
    const struct bm_otadata data = cli_ota_records(o);
    for (uint32_t i = 0; i < o->size; i++) {
        const uint32_t record = i / RECORDS_APART;
        const uint32_t in = i % RECORDS_APART;
        const int free = record > 1 || in >= BM_OTADATA_RECORD_SIZE ||
                         (in >= LABEL && in < STATE && !data.record[record].crc_ok);
        if (free && o->data[o->off + i] != 0xff) {
            *at = o->off + i;
            return 1;
        }
    }
    return 0;
}

struct bm_otadata cli_ota_records(const struct cli_ota *o)
{
    struct bm_otadata data;
    uint8_t bytes[BM_OTADATA_RECORD_SIZE];
    for (unsigned i = 0; i < 2; i++) {
        memset(bytes, 0xff, sizeof bytes);
        if (o->size >= BM_OTADATA_SIZE) {
            memcpy(bytes, o->data + o->off + (size_t)i * RECORDS_APART, sizeof bytes);
        }
        bm_ota_record_parse(&data.record[i], bytes);
    }
    return data;
}

int cli_ota_rolls_back(const struct bm_otadata *data)
{
    int found = 0;
    for (unsigned i = 0; i < 2; i++) {
        const struct bm_ota_record *r = &data->record[i];
        found |= r->crc_ok && r->seq != 0xffffffffu &&
                 (r->state == BM_OTA_NEW || r->state == BM_OTA_PENDING_VERIFY ||
                  r->state == BM_OTA_ABORTED);
    }
    return found;
}

static int ask(void *ctx, const struct bm_part *part, struct bm_boot_image *out)
{
    const struct cli_ota *o = ctx;
    if (!o->is_flash) {
        *out = (struct bm_boot_image){BM_BOOT_GOOD, 1, 0};
        return BM_OK;
    }
    *out = (struct bm_boot_image){BM_BOOT_BAD, 0, 0};
    for (size_t i = 0; i < o->apps; i++) {
        const struct cli_ota_app *a = &o->app[i];
        if (a->part == part && (a->code == BM_OK || a->code == BM_E_VERIFY)) {
            out->verdict = a->code == BM_OK ? BM_BOOT_GOOD : BM_BOOT_UNSOUND;
            out->has_desc = a->app.has_desc;
            out->secure_version = a->app.desc.secure_version;
        }
    }
    return BM_OK;
}

int cli_ota_decide(struct cli_ota *o, struct bm_boot *boot, const struct bm_boot_config *config)
{
    const struct bm_otadata data = cli_ota_records(o);
    struct bm_boot_config how = {0};
    if (config != NULL) {
        how = *config;
    }
    how.flash_size = o->limit;
    const int rc = bm_boot_decide(boot, &o->table, &data, ask, o, &how);
    return rc == BM_OK ? CLI_OK : cli_fail(o->name, rc, NULL);
}
