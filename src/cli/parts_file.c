/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/parts_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "birthmark/app.h"
#include "cli/out_file.h"
#include "cli/table_arg.h"
#include "layout/part_number.h"
#include "port/file.h"

static const char json_name[] = "flasher_args.json";

int cli_parts_open(struct cli_parts *p)
{
    memset(p, 0, sizeof *p);
    p->plan.parts = p->list;
    p->plan.table_off = BM_PART_TABLE_OFFSET;
    p->plan.chip = BM_CHIP_UNKNOWN;
    int rc = bm_hash_openssl_md5(&p->md5);
    rc = rc == BM_OK ? bm_hash_openssl_sha256(&p->sha256) : rc;
    p->plan.md5 = &p->md5;
    p->plan.sha256 = &p->sha256;
    return rc == BM_OK ? CLI_OK : cli_fail("hash", rc, NULL);
}

void cli_parts_close(struct cli_parts *p)
{
    for (size_t i = 0; i < p->plan.count; i++) {
        bm_port_free(p->bytes[i], p->list[i].len);
    }
    for (size_t i = 0; i < p->text_count; i++) {
        free(p->texts[i]);
    }
    bm_hash_openssl_close(&p->md5);
    bm_hash_openssl_close(&p->sha256);
    memset(p, 0, sizeof *p);
}

static const char *keep(struct cli_parts *p, const char *text, size_t len)
{
    char *copy = malloc(len + 1);
    if (copy == NULL) {
        cli_error("%s", bm_err_text(BM_E_NOMEM));
        return NULL;
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    p->texts[p->text_count++] = copy;
    return copy;
}

/* Reads a file into a new part. named: its name stands in an input. NULL after saying why not. */
static struct bm_flash_part *add(struct cli_parts *p, const char *path, int named, int *status)
{
    struct bm_diag diag = {0};
    uint8_t *data = NULL;
    size_t len = 0;
    if (p->plan.count == CLI_PARTS_MAX) {
        cli_error("more than %d files", CLI_PARTS_MAX);
        *status = CLI_USAGE;
        return NULL;
    }
    const char *name = keep(p, path, strlen(path));
    if (name == NULL) {
        *status = CLI_DEVICE;
        return NULL;
    }
    const int rc =
        (named ? bm_port_read_named : bm_port_read)(path, BM_FLASH_SIZE_MAX, &data, &len, &diag);
    if (rc != BM_OK) {
        *status = cli_fail_input(path, rc, &diag);
        return NULL;
    }
    p->bytes[p->plan.count] = data;
    struct bm_flash_part *part = &p->list[p->plan.count++];
    memset(part, 0, sizeof *part);
    part->file = name;
    part->data = data;
    part->len = len;
    return part;
}

static int json_path(char out[CLI_PATH_SIZE], const char *path)
{
    struct bm_text t;
    const size_t len = strlen(path);
    bm_text_init(&t, out, CLI_PATH_SIZE);
    bm_text_str(&t, path);
    if (len < 5 || strcmp(path + len - 5, ".json") != 0) {
        bm_text_str(&t, "/");
        bm_text_str(&t, json_name);
    }
    return t.cut ? BM_E_INPUT : BM_OK;
}

int cli_is_build(const char *path)
{
    char json[CLI_PATH_SIZE];
    struct bm_diag diag = {0};
    uint8_t *data = NULL;
    size_t len = 0;
    if (strcmp(path, "-") == 0 || json_path(json, path) != BM_OK) {
        return 0;
    }
    if (strcmp(json, path) == 0) {
        return 1;
    }
    const int rc = bm_port_read_named(json, BM_FLASHER_TEXT_MAX, &data, &len, &diag);
    bm_port_free(data, len);
    return rc == BM_OK;
}

static int add_listed(struct cli_parts *p, const struct bm_flasher_args *args, const char *json)
{
    const char *slash = strrchr(json, '/');
    const int folder = slash != NULL ? (int)(slash - json) + 1 : 0;
    int status = CLI_OK;
    for (size_t i = 0; i < args->count; i++) {
        const struct bm_flasher_file *f = &args->files[i];
        char path[2 * CLI_PATH_SIZE];
        (void)snprintf(path, sizeof path, "%.*s%s", f->file[0] == '/' ? 0 : folder, json, f->file);
        struct bm_flash_part *part = add(p, path, 1, &status);
        if (part == NULL) {
            continue;
        }
        part->offset = f->offset;
        part->placed = 1;
        part->encrypted = f->encrypted;
        if (f->name != NULL &&
            (strcmp(f->name, "partition-table") == 0 || strcmp(f->name, "partition_table") == 0)) {
            p->plan.table_off = f->offset;
        }
    }
    p->erase_all = args->erase_all;
    p->plan.flash_size = args->flash_size;
    p->plan.chip = args->chip[0] != '\0' ? bm_app_chip_id(args->chip) : BM_CHIP_UNKNOWN;
    return status;
}

int cli_parts_args(struct cli_parts *p, const char *path)
{
    char json[CLI_PATH_SIZE];
    struct bm_diag diag = {0};
    struct bm_flasher_args args;
    struct bm_flasher_place place = {0, 0};
    uint8_t *data = NULL;
    size_t len = 0;
    int status;
    if (json_path(json, path) != BM_OK) {
        cli_error("the path is too long: %s", path);
        return CLI_USAGE;
    }
    int rc = bm_port_read(json, BM_FLASHER_TEXT_MAX, &data, &len, &diag);
    if (rc != BM_OK) {
        return cli_fail_input(json, rc, &diag);
    }
    rc = bm_flasher_args_parse(&args, (const char *)data, len, &place, &diag);
    bm_port_free(data, len);
    if (rc == BM_OK) {
        status = add_listed(p, &args, json);
    } else if (place.line > 0) {
        cli_error("%s:%u:%u: %s", json, place.line, place.column, diag.text);
        status = CLI_INPUT;
    } else {
        status = cli_fail_input(json, rc, &diag);
    }
    bm_flasher_args_free(&args);
    return status;
}

/* "@build/flash_args", which ESP-IDF prints for esptool: the same is in flasher_args.json beside
 * it.
 */
static int take_file(struct cli *c, struct cli_parts *p, const char *path)
{
    char folder[CLI_PATH_SIZE];
    const char *slash = strrchr(path, '/');
    const size_t len = slash != NULL ? (size_t)(slash - path) : 0;
    if (len >= sizeof folder) {
        return cli_usage(c, "the path is too long: %s", path);
    }
    (void)snprintf(folder, sizeof folder, "%.*s", (int)len, path);
    return cli_parts_args(p, slash == NULL ? "." : len == 0 ? "/" : folder);
}

/* One OFFSET FILE or NAME=FILE. status: made worse where a file cannot be read. */
static int take_one(struct cli *c, struct cli_parts *p, const char *word, int *status)
{
    const char *equals = strchr(word, '=');
    const size_t len = equals != NULL ? (size_t)(equals - word) : strlen(word);
    uint64_t offset = 0;
    const int number = bm_part_number(&offset, word, len) == BM_OK;
    if (word[0] == '@' && word[1] != '\0') {
        return take_file(c, p, word + 1);
    }
    const char *path = equals != NULL ? equals + 1 : cli_arg(c);
    if (!number && (equals == NULL || len == 0)) {
        return cli_usage(c, "\"%s\" is neither an OFFSET with a FILE behind it nor NAME=FILE",
                         word);
    }
    if (path == NULL || path[0] == '\0') {
        return cli_usage(c, "no file is given for %.*s", (int)len, word);
    }
    if (number && offset > UINT32_MAX) {
        return cli_usage(c, "offset %s is beyond 4 GB", word);
    }
    struct bm_flash_part *part = add(p, path, 0, status);
    if (part == NULL) {
        return CLI_OK;
    }
    part->offset = (uint32_t)offset;
    part->placed = number;
    if (!number) {
        part->label = keep(p, word, len);
        return part->label != NULL ? CLI_OK : CLI_DEVICE;
    }
    return CLI_OK;
}

int cli_parts_take(struct cli *c, struct cli_parts *p)
{
    const char *word;
    int status = CLI_OK;
    while ((word = cli_arg(c)) != NULL) {
        const int rc = take_one(c, p, word, &status);
        if (rc != CLI_OK) {
            return rc;
        }
    }
    return status;
}

int cli_layout_read(struct bm_part_table *out, const char *path, uint32_t table_off, uint8_t **data,
                    size_t *len)
{
    struct bm_table_file file;
    struct bm_table_options options;
    struct bm_diag diag = {0};
    bm_table_options_init(&options);
    options.offset = table_off;
    const int status = cli_table_arg(&file, path, &options);
    if (status != CLI_OK) {
        return status;
    }
    *out = file.table;
    if (data == NULL || file.kind != BM_TABLE_FLASH) {
        return CLI_OK;
    }
    if (strcmp(path, "-") == 0) {
        cli_error("standard input is a flash file; give it by name, it is read twice");
        return CLI_USAGE;
    }
    const int rc = bm_port_read(path, BM_FLASH_SIZE_MAX, data, len, &diag);
    return rc == BM_OK ? CLI_OK : cli_fail_input(path, rc, &diag);
}

int cli_parts_table_offset(struct cli *c, uint32_t *out, const char *text)
{
    const int status = cli_table_number(c, out, "--table-offset", text);
    if (status == CLI_OK && *out % BM_PART_TABLE_SECTOR != 0) {
        return cli_usage(c, "--table-offset takes a multiple of 0x1000; not \"%s\"", text);
    }
    return status;
}

/* Prints a remedy; of a board a partition is read out by another command than of a file. */
static void put_remedy(const struct bm_layout_finding *f, const char *remedy, const char *port)
{
    const char *at = port != NULL ? strstr(remedy, BM_LAYOUT_READ_OUT) : NULL;
    if (at == NULL) {
        (void)fprintf(stderr, "%s\n", remedy);
        return;
    }
    (void)fprintf(stderr, "%.*sbirthmark read -p", (int)(at - remedy), remedy);
    cli_word(stderr, port);
    cli_word(stderr, f->label[0] != '\0' ? f->label : f->part);
    (void)fprintf(stderr, " FILE%s\n", at + strlen(BM_LAYOUT_READ_OUT));
}

void cli_findings_put(const struct bm_layout_findings *findings, const char *port)
{
    char text[BM_LAYOUT_TEXT];
    char remedy[BM_LAYOUT_TEXT];
    for (size_t i = 0; i < findings->count; i++) {
        const struct bm_layout_finding *f = &findings->list[i];
        (void)bm_layout_text(text, f, f->kind->text);
        (void)bm_layout_text(remedy, f, f->kind->remedy);
        (void)fprintf(stderr, "%s%s%s%s; ", f->file, f->file[0] != '\0' ? ": " : "",
                      f->kind->severity == BM_WARNING ? "warning: " : "", text);
        put_remedy(f, remedy, port);
    }
}
