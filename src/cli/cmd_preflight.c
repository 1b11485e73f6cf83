/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/parts_file.h"
#include "cli/table_arg.h"
#include "layout/preflight_out.h"
#include "layout/preflight_parts.h"
#include "port/file.h"

enum {
    OPT_FROM = 1,
    OPT_TO,
    OPT_FLASH,
    OPT_ARGS,
    OPT_TABLE_OFFSET,
    OPT_PLAINTEXT,
    OPT_TABLE_ONLY,
    OPT_JSON
};

static const struct poptOption options[] = {
    {"from", 'f', POPT_ARG_STRING, NULL, OPT_FROM,
     "the layout that devices have: table (CSV, binary), flash file or build folder", "OLD"},
    {"to", 't', POPT_ARG_STRING, NULL, OPT_TO,
     "the layout they are to get, given likewise; of a build folder the files, too", "NEW"},
    {"flash", '\0', POPT_ARG_STRING, NULL, OPT_FLASH,
     "flash of a device, to look at what it really holds", "FLASH"},
    {"args", 'a', POPT_ARG_STRING, NULL, OPT_ARGS,
     "the files of this flasher_args.json, or build folder, are written", "JSON"},
    {"table-offset", '\0', POPT_ARG_STRING, NULL, OPT_TABLE_OFFSET,
     "where the table is in flash (0x8000); build folders say it themselves", "OFFSET"},
    {"table-only", '\0', POPT_ARG_NONE, NULL, OPT_TABLE_ONLY,
     "take only the table of a build folder given with --to", NULL},
    {"plaintext-ok", '\0', POPT_ARG_NONE, NULL, OPT_PLAINTEXT,
     "allow plaintext where flash encryption expects none", NULL},
    {"json", '\0', POPT_ARG_NONE, NULL, OPT_JSON, "report as JSON", NULL},
    POPT_TABLEEND,
};

static const struct cli_example examples[] = {
    {"birthmark preflight --from released.csv --to partitions.csv", "compare two tables"},
    {"birthmark preflight --from released.csv --to build",
     "a build's table, and the files that it wants written"},
    {"birthmark preflight --flash device.bin --args build --json",
     "against what a device holds, for a program"},
    {NULL, NULL},
};

/* One of the two layouts. */
struct side {
    struct bm_part_table table;
    uint32_t off;   /* of the table in flash */
    uint8_t *flash; /* where it was given as a flash file */
    size_t len;
};

struct request {
    const char *from_path;
    const char *to_path;
    const char *flash_path;
    const char *args;
    uint32_t table_off;
    int plaintext_ok;
    int table_only;
    int json;
    struct side from;
    struct side to;
    struct side device;
    struct cli_parts parts;
};

static int take_option(struct cli *c, struct request *r, int option)
{
    switch (option) {
    case OPT_FROM: r->from_path = cli_option_arg(c); break;
    case OPT_TO: r->to_path = cli_option_arg(c); break;
    case OPT_FLASH: r->flash_path = cli_option_arg(c); break;
    case OPT_ARGS: r->args = cli_option_arg(c); break;
    case OPT_TABLE_OFFSET: return cli_parts_table_offset(c, &r->table_off, cli_option_arg(c));
    case OPT_PLAINTEXT: r->plaintext_ok = 1; break;
    case OPT_TABLE_ONLY: r->table_only = 1; break;
    default: r->json = 1; break;
    }
    return CLI_OK;
}

/* The table among the files of a build. */
static int read_build(struct side *s, const char *path)
{
    struct bm_layout_findings findings;
    struct cli_parts *p = malloc(sizeof *p);
    if (p == NULL) {
        return cli_fail(path, BM_E_NOMEM, NULL);
    }
    memset(&findings, 0, sizeof findings);
    int status = cli_parts_open(p);
    status = status == CLI_OK ? cli_parts_args(p, path) : status;
    if (status == CLI_OK) {
        bm_plan_resolve(&p->plan, &findings);
        s->off = p->plan.table_off;
        if (p->plan.table != NULL) {
            s->table = *p->plan.table;
        } else {
            cli_findings_put(&findings, NULL);
            cli_error("%s: the build has no partition table at 0x%x", path, (unsigned)s->off);
            status = CLI_INPUT;
        }
    }
    bm_layout_findings_free(&findings);
    cli_parts_close(p);
    free(p);
    return status;
}

static int read_side(const struct request *r, struct side *s, const char *path)
{
    s->off = r->table_off;
    return cli_is_build(path) ? read_build(s, path)
                              : cli_layout_read(&s->table, path, s->off, &s->flash, &s->len);
}

static int read_device(struct request *r)
{
    if (r->flash_path == NULL) {
        return CLI_OK;
    }
    int status = CLI_OK;
    if (r->from_path == NULL) {
        r->from_path = r->flash_path;
        return CLI_OK; /* its own table, read below */
    }
    struct bm_diag diag = {0};
    const int rc =
        bm_port_read(r->flash_path, BM_FLASH_SIZE_MAX, &r->device.flash, &r->device.len, &diag);
    if (rc != BM_OK) {
        status = cli_fail_input(r->flash_path, rc, &diag);
    } else if (r->device.len == 0) {
        cli_error("%s: the file is empty; read the flash of the device again", r->flash_path);
        status = CLI_INPUT;
    }
    return status;
}

/* A flash given beside --from must have that layout: else all would be looked for at wrong places.
 * The table of a device with flash encryption cannot be read. */
static int compare_device(const struct request *r)
{
    const uint8_t *flash = r->device.flash;
    struct bm_part_table *table;
    int status = CLI_OK;
    if (flash == NULL || r->device.len <= r->from.off) {
        return CLI_OK;
    }
    table = malloc(sizeof *table);
    if (table == NULL) {
        return cli_fail(r->flash_path, BM_E_NOMEM, NULL);
    }
    const size_t left = r->device.len - r->from.off;
    const size_t len = left < BM_PART_TABLE_MAX ? left : BM_PART_TABLE_MAX;
    if (bmi_is_blank(flash + r->from.off, len)) {
        cli_error("%s: there is no partition table at 0x%x; say where it is with --table-offset",
                  r->flash_path, (unsigned)r->from.off);
        status = CLI_INPUT;
    } else if (bm_part_table_parse(table, flash + r->from.off, len, NULL, NULL) != BM_OK) {
        cli_warn("%s: the partition table at 0x%x cannot be read (encrypted?); %s is taken for it",
                 r->flash_path, (unsigned)r->from.off, r->from_path);
    } else if (!bmi_same_tables(table, &r->from.table)) {
        cli_error("%s: its partition table is not that of %s; leave --from out, or give the table "
                  "that this device has",
                  r->flash_path, r->from_path);
        status = CLI_INPUT;
    }
    free(table);
    return status;
}

/* The files to be written, and the table they are for: --to, their own, or the old one. */
static int read_plan(struct cli *c, struct request *r, struct bm_layout_findings *findings)
{
    struct bm_flash_plan *plan = &r->parts.plan;
    plan->table_off = r->table_off;
    plan->plaintext_ok = r->plaintext_ok;
    if (r->args == NULL && r->to_path != NULL && !r->table_only && cli_is_build(r->to_path)) {
        r->args = r->to_path;
    }
    int status = r->args != NULL ? cli_parts_args(&r->parts, r->args) : CLI_OK;
    status = status == CLI_OK ? cli_parts_take(c, &r->parts) : status;
    if (status == CLI_OK && r->to_path == NULL && plan->count == 0) {
        return cli_usage(c, "takes --to NEW, or files that are to be written");
    }
    if (status == CLI_OK && r->to_path != NULL) {
        status = read_side(r, &r->to, r->to_path);
        if (cli_is_build(r->to_path)) {
            plan->table_off = r->to.off; /* otherwise --args or --table-offset says it */
        }
        plan->table = &r->to.table;
    } else if (status == CLI_OK && bmi_plan_at(plan, plan->table_off) == NULL) {
        r->to = (struct side){.table = r->from.table, .off = r->from.off};
        plan->table_off = r->to.off;
        plan->table = &r->to.table;
    }
    if (status == CLI_OK) {
        bm_plan_resolve(plan, findings);
        if (plan->table == NULL) {
            cli_findings_put(findings, NULL);
            return CLI_INPUT;
        }
    }
    return status;
}

static int look(struct request *r, struct bm_preflight *in, struct bm_layout_findings *findings)
{
    struct bm_preflight_report report = {.findings = findings};
    struct bm_held *held = calloc(BM_PART_MAX, sizeof *held);
    int rc = held != NULL ? bm_preflight(in, findings) : BM_E_NOMEM;
    for (unsigned i = 0; rc == BM_OK && in->flash != NULL && i < in->from->count; i++) {
        if (bm_holds_identity(&in->from->part[i])) {
            rc = bm_held(&held[report.held_count++], &in->from->part[i], in->flash, in->flash_len);
        }
    }
    report.held = held;
    rc = rc == BM_OK ? bm_preflight_report(&report, r->json, stdout) : rc;
    free(held);
    if (rc != BM_OK) {
        return cli_fail("preflight", rc, NULL);
    }
    return findings->errors > 0 ? CLI_NO : CLI_OK;
}

/* "-" is standard input wherever a file is read. */
static int refuse_twice(struct cli *c, const struct request *r)
{
    const char *const paths[] = {r->from_path, r->to_path, r->flash_path};
    unsigned n = 0;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        n += paths[i] != NULL && strcmp(paths[i], "-") == 0;
    }
    return n < 2 ? CLI_OK : cli_usage(c, "standard input can be read once only");
}

static int preflight(struct cli *c, struct request *r)
{
    struct bm_layout_findings findings;
    memset(&findings, 0, sizeof findings);
    int status = cli_parts_open(&r->parts);
    status = status == CLI_OK ? read_device(r) : status;
    if (status == CLI_OK && r->from_path == NULL) {
        status = cli_usage(c, "takes --from OLD, or --flash with the table in it");
    }
    status = status == CLI_OK ? read_side(r, &r->from, r->from_path) : status;
    status = status == CLI_OK ? compare_device(r) : status;
    status = status == CLI_OK ? read_plan(c, r, &findings) : status;
    if (status == CLI_OK) {
        const int own = r->device.flash == NULL;
        struct bm_preflight in = {.from = &r->from.table,
                                  .to = r->parts.plan.table,
                                  .from_off = r->from.off,
                                  .to_off = r->parts.plan.table_off,
                                  .plan = &r->parts.plan,
                                  .flash = own ? r->from.flash : r->device.flash,
                                  .flash_len = own ? r->from.len : r->device.len,
                                  .erase_all = r->parts.erase_all,
                                  .sha256 = &r->parts.sha256};
        status = look(r, &in, &findings);
    }
    bm_layout_findings_free(&findings);
    cli_parts_close(&r->parts);
    return status;
}

static int run(struct cli *c)
{
    int option;
    int status = CLI_OK;
    struct request *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return cli_fail("preflight", BM_E_NOMEM, NULL);
    }
    r->table_off = BM_PART_TABLE_OFFSET;
    while (status == CLI_OK && (option = cli_option(c)) != 0) {
        status = option < 0 ? CLI_USAGE : take_option(c, r, option);
    }
    status = status == CLI_OK ? refuse_twice(c, r) : status;
    status = status == CLI_OK ? preflight(c, r) : status;
    bm_port_free(r->from.flash, r->from.len);
    bm_port_free(r->to.flash, r->to.len);
    bm_port_free(r->device.flash, r->device.len);
    free(r);
    return cli_finish(status);
}

const struct cli_cmd cmd_preflight = {
    .name = "preflight",
    .args = "[OFFSET FILE|NAME=FILE ...]",
    .summary = "say whether a new layout, or writing files, would lose an identity",
    .about =
        "Compares the layout that devices have with the one they are to get, and with the files "
        "that are to be written: is the NVS partition moved, shrunk, renamed or overwritten, are "
        "its keys still where they were, will the bootloader find the same app? Each finding comes "
        "with a safe way. Files are given as for birthmark assemble; without --to they bring a "
        "table, or the old one stays. A build folder as NEW brings its files, too, unless "
        "--table-only is given.\n\n"
        "With --flash, or a flash file as OLD, it also looks at what a device really holds: a "
        "blank NVS partition has nothing to lose, what NVS holds is compared before and after, and "
        "the first start after the change is worked out as the bootloader would. Keys are counted "
        "by namespace; no value is ever shown.\n\n"
        "The exit status is 0 if nothing is lost (there may be warnings), 1 if something is, 3 if "
        "an input cannot be read. docs/preflight.md lists all findings.",
    .options = options,
    .examples = examples,
    .run = run,
};
