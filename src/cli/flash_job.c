/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/flash_job.h"

#include <inttypes.h>
#include <string.h>

#include "layout/app_look.h"
#include "layout/flash_params.h"
#include "layout/header_patch.h"
#include "port/file.h"

static int is_keep(const char *text)
{
    return text == NULL || strcmp(text, "keep") == 0;
}

int cli_flash_option(struct cli *c, struct cli_flash *f, int option)
{
    const char *arg = cli_option_arg(c);
    switch (option) {
    case CLI_FLASH_ARGS: f->args = arg; break;
    case CLI_FLASH_TABLE: f->table_path = arg; break;
    case CLI_FLASH_MODE:
        f->mode = arg;
        return is_keep(arg) || bm_flash_mode_by_name(arg) >= 0
                   ? CLI_OK
                   : cli_usage(c, "--flash-mode is keep, qio, qout, dio or dout, not \"%s\"", arg);
    case CLI_FLASH_FREQ: f->freq = arg; break;
    case CLI_FLASH_SIZE: f->size = arg; return cli_board_flash_size(c, arg);
    default: break;
    }
    return CLI_OK;
}

/* People paste what ESP-IDF prints: the command's name may come first, with - or with _. */
static void skip_word(struct cli *c, const char *word)
{
    const char *arg = poptPeekArg(c->popt);
    size_t i = 0;
    while (arg != NULL && arg[i] != '\0' &&
           (arg[i] == word[i] || (arg[i] == '-' && word[i] == '_'))) {
        i++;
    }
    if (arg != NULL && arg[i] == '\0' && word[i] == '\0') {
        (void)cli_arg(c);
    }
}

int cli_flash_open(struct cli *c, struct cli_flash *f, const char *word)
{
    skip_word(c, word);
    int status = cli_parts_open(&f->parts);
    f->parts.plan.table_off = c->board.table_off;
    if (status == CLI_OK && f->args != NULL) {
        status = cli_parts_args(&f->parts, f->args);
    }
    if (status == CLI_OK) {
        status = cli_parts_take(c, &f->parts);
    }
    if (status == CLI_OK && f->parts.plan.count == 0) {
        status = cli_usage(c, "takes files: OFFSET FILE, NAME=FILE, or --args");
    }
    if (status == CLI_OK && f->table_path != NULL) {
        status = cli_layout_read(&f->given, f->table_path, f->parts.plan.table_off, NULL, NULL);
        f->parts.plan.table = &f->given;
    }
    return status;
}

void cli_flash_close(struct cli_flash *f)
{
    bm_layout_findings_free(&f->findings);
    cli_parts_close(&f->parts);
}

/* 1 if the table is one of the files. */
static int brings_table(const struct bm_flash_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        const char *label = plan->parts[i].label;
        if (label != NULL &&
            (strcmp(label, "partition-table") == 0 || strcmp(label, "partition_table") == 0)) {
            return 1;
        }
    }
    return bmi_plan_at(plan, plan->table_off) != NULL;
}

/* The board's own table: where the new one goes, or at the usual place. */
static int read_present(struct cli_flash *f, struct cli_board *b)
{
    const uint32_t places[] = {f->parts.plan.table_off, BM_PART_TABLE_OFFSET};
    int status = CLI_OK;
    for (size_t i = 0; status == CLI_OK && !f->has_present && i < 2; i++) {
        if (i == 0 || places[i] != places[0]) {
            f->present_off = places[i];
            struct bm_diag why;
            status = cli_board_read_table(b, places[i], &f->present, &f->has_present, &why);
            f->why = i == 0 || why.text[0] != '\0' ? why : f->why;
        }
    }
    return status;
}

static int size_number(const struct cli_flash *f, const struct cli_board *b)
{
    if (is_keep(f->size)) {
        return -1;
    }
    if (strcmp(f->size, "detect") != 0) {
        return bm_flash_size_by_name(f->size);
    }
    for (uint8_t i = 0; bm_flash_size_name(i) != NULL; i++) {
        if ((UINT32_C(1024) * 1024) << i == b->info.flash_size) {
            return i;
        }
    }
    cli_warn("%s: the size of its flash could not be found out: the bootloader's header keeps the "
             "one it has",
             b->port);
    return -1;
}

/* Changes the header of one bootloader, or says why not. */
static void patch_header(const struct cli_flash *f, size_t i, const struct bm_header_patch *patch)
{
    const struct bm_flash_part *p = &f->parts.list[i];
    const struct bm_app_look_opts opts = {0, 0, -1, 0};
    struct bm_app_look look;
    struct bm_diag diag = {0};
    int changed = 0;
    if (bm_app_look(&look, p->data, p->len, &opts) == BM_OK && look.signature != BM_APP_UNSIGNED) {
        cli_warn("%s: is signed: its header stays as it is", p->file);
        return;
    }
    const int rc =
        bm_header_patch(f->parts.bytes[i], p->len, patch, &f->parts.sha256, &changed, &diag);
    if (rc != BM_OK) {
        cli_warn("%s: no whole image (%s): its header stays as it is", p->file,
                 diag.text[0] != '\0' ? diag.text : bm_err_text(rc));
    }
}

static int patch_headers(struct cli *c, struct cli_flash *f, const struct cli_board *b)
{
    const struct bm_chip *chip = b->info.chip;
    struct bm_header_patch patch = {-1, -1, -1};
    if (is_keep(f->mode) && is_keep(f->freq) && is_keep(f->size)) {
        return CLI_OK;
    }
    patch.mode = is_keep(f->mode) ? -1 : bm_flash_mode_by_name(f->mode);
    patch.size = size_number(f, b);
    if (!is_keep(f->freq)) {
        patch.clock = bm_flash_clock_by_name((uint16_t)chip->image_id, f->freq);
        if (patch.clock < 0) {
            return cli_usage(c, "--flash-freq: the %s has no clock \"%s\"", chip->name, f->freq);
        }
    }
    for (size_t i = 0; i < f->parts.plan.count; i++) {
        const struct bm_flash_part *p = &f->parts.list[i];
        if (p->placed && p->offset == chip->bootloader_offset) { /* the ROM reads that one alone */
            patch_header(f, i, &patch);
        }
    }
    return CLI_OK;
}

int cli_flash_place(struct cli *c, struct cli_flash *f, struct cli_board *b)
{
    struct bm_flash_plan *plan = &f->parts.plan;
    int status = CLI_OK;
    plan->chip = b->info.chip->image_id;
    plan->flash_size = b->info.flash_size;
    if (plan->flash_size == 0 && !is_keep(f->size) && strcmp(f->size, "detect") != 0) {
        plan->flash_size = (UINT32_C(1024) * 1024) << bm_flash_size_by_name(f->size);
    }
    plan->plaintext_ok = f->force;
    if (!b->info.secure_download) {
        status = read_present(f, b);
    }
    if (status == CLI_OK && plan->table == NULL && f->has_present && !brings_table(plan)) {
        plan->table = &f->present;
        plan->table_off = f->present_off;
    }
    if (status == CLI_OK) {
        bm_plan_resolve(plan, &f->findings);
        status = patch_headers(c, f, b);
    }
    return status;
}

void cli_flash_tell(const struct cli_flash *f, const struct cli_board *b, int as_warnings)
{
    for (size_t i = 0; i < f->findings.count; i++) {
        struct bm_layout_finding one = f->findings.list[i];
        struct bm_layout_kind kind = *one.kind;
        kind.severity = as_warnings ? BM_WARNING : kind.severity;
        one.kind = &kind;
        const struct bm_layout_findings list = {.list = &one, .count = 1};
        cli_findings_put(&list, b->port);
    }
}

void cli_flash_order(const struct cli_flash *f, size_t order[CLI_PARTS_MAX])
{
    const struct bm_flash_plan *plan = &f->parts.plan;
    for (size_t i = 0; i < plan->count; i++) {
        size_t at = i;
        while (at > 0 && plan->parts[order[at - 1]].offset > plan->parts[i].offset) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = i;
    }
}
