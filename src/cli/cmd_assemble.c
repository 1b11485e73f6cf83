/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cli/cmd_assemble.h"
#include "cli/out_file.h"
#include "cli/parts_file.h"
#include "cli/table_arg.h"
#include "image/show.h"
#include "layout/assemble.h"

enum {
    OPT_OUTPUT = 1,
    OPT_ARGS,
    OPT_TABLE,
    OPT_TABLE_OFFSET,
    OPT_FLASH_SIZE,
    OPT_TARGET,
    OPT_PLAINTEXT,
    OPT_SPLIT,
    OPT_DIR
};

static const struct poptOption options[] = {
    {"output", 'o', POPT_ARG_STRING, NULL, OPT_OUTPUT, "file to write; - is standard output",
     "FLASH"},
    {"args", 'a', POPT_ARG_STRING, NULL, OPT_ARGS,
     "take the files of a flasher_args.json, or of the build folder that has one", "JSON"},
    {"table", 't', POPT_ARG_STRING, NULL, OPT_TABLE,
     "partition table (CSV, binary or flash file) to look up names in", "TABLE"},
    {"table-offset", '\0', POPT_ARG_STRING, NULL, OPT_TABLE_OFFSET,
     "where the table is in flash (0x8000)", "OFFSET"},
    {"flash-size", 's', POPT_ARG_STRING, NULL, OPT_FLASH_SIZE,
     "fill up to this size, as 4MB; detect: the size that the build or the bootloader names",
     "SIZE"},
    {"target-offset", '\0', POPT_ARG_STRING, NULL, OPT_TARGET,
     "offset of flash at which the file begins (0)", "OFFSET"},
    {"plaintext-ok", '\0', POPT_ARG_NONE, NULL, OPT_PLAINTEXT,
     "allow plaintext where flash encryption expects none", NULL},
    {"split", '\0', POPT_ARG_STRING, NULL, OPT_SPLIT, "cut a flash file into its parts instead",
     "FLASH"},
    {"directory", 'd', POPT_ARG_STRING, NULL, OPT_DIR, "folder for the parts of --split", "DIR"},
    POPT_TABLEEND,
};

static const struct cli_example examples[] = {
    {"birthmark assemble -o flash.bin --args build nvs=certs.bin",
     "what a build makes, and the identity"},
    {"birthmark assemble -o flash.bin -s 4MB 0x1000 bootloader.bin 0x8000 table.bin 0x10000 "
     "app.bin",
     "by offsets, filled up to 4 MB"},
    {"birthmark assemble --split flash.bin -d pieces", "back into parts"},
    {"birthmark assemble -o again.bin --args parts -s detect",
     "from such parts: the same bytes again"},
    {NULL, NULL},
};

struct request {
    const char *output;
    const char *args;
    const char *table_path;
    const char *split;
    const char *dir;
    const char *size_text;
    uint32_t size;
    uint32_t target;
    uint32_t table_off;
    int table_off_given;
    int plaintext_ok;
};

static int take_option(struct cli *c, struct request *r, int option)
{
    switch (option) {
    case OPT_OUTPUT: r->output = cli_option_arg(c); break;
    case OPT_ARGS: r->args = cli_option_arg(c); break;
    case OPT_TABLE: r->table_path = cli_option_arg(c); break;
    case OPT_TABLE_OFFSET:
        r->table_off_given = 1;
        return cli_parts_table_offset(c, &r->table_off, cli_option_arg(c));
    case OPT_FLASH_SIZE: r->size_text = cli_option_arg(c); break;
    case OPT_TARGET: return cli_table_number(c, &r->target, "--target-offset", cli_option_arg(c));
    case OPT_PLAINTEXT: r->plaintext_ok = 1; break;
    case OPT_SPLIT: r->split = cli_option_arg(c); break;
    default: r->dir = cli_option_arg(c); break;
    }
    return CLI_OK;
}

/* --flash-size: the size to fill up to. */
static int take_size(struct cli *c, struct request *r, struct bm_flash_plan *plan)
{
    if (r->size_text == NULL) {
        return CLI_OK;
    }
    if (strcmp(r->size_text, "detect") == 0) {
        r->size = plan->flash_size != 0 ? plan->flash_size : bm_plan_header_size(plan);
        if (r->size == 0) {
            cli_error("neither flasher_args.json nor a bootloader says how large the flash is; "
                      "give --flash-size 4MB");
            return CLI_INPUT;
        }
    } else if (bm_flash_size_parse(&r->size, r->size_text) != BM_OK ||
               r->size > BM_FLASH_SIZE_MAX) {
        return cli_usage(c, "\"%s\" is no size of a flash; write 4MB, 512KB, or bytes",
                         r->size_text);
    }
    plan->flash_size = r->size;
    return CLI_OK;
}

static void report(const struct request *r, const struct bm_flash_plan *plan, size_t size)
{
    FILE *to = cli_is_stdout(r->output) ? stderr : stdout;
    char name[1024];
    (void)fprintf(to, "wrote %s: %zu bytes (0x%zx)\n",
                  cli_is_stdout(r->output) ? "standard output"
                                           : bmi_show_into(name, sizeof name, r->output),
                  size, size);
    for (uint32_t at = 0; at < UINT32_MAX;) {
        const struct bm_flash_part *next = NULL;
        for (size_t i = 0; i < plan->count; i++) {
            const struct bm_flash_part *p = &plan->parts[i];
            if (p->offset >= at && (next == NULL || p->offset < next->offset)) {
                next = p;
            }
        }
        if (next == NULL) {
            break;
        }
        (void)fprintf(to, "  0x%-8" PRIx32 " %9zu  %s\n", next->offset, next->len,
                      bmi_show_into(name, sizeof name, next->file));
        at = next->offset + 1;
    }
}

static int refuse_target(struct cli *c, const struct request *r, const struct bm_flash_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->parts[i].offset < r->target) {
            return cli_usage(c, "%s at 0x%" PRIx32 " is before --target-offset 0x%" PRIx32,
                             plan->parts[i].file, plan->parts[i].offset, r->target);
        }
    }
    return CLI_OK;
}

static int put(const struct request *r, const struct bm_flash_plan *plan)
{
    uint8_t *image = NULL;
    size_t size = 0;
    const int rc = bm_assemble(&image, &size, plan, r->target, r->size);
    int status =
        rc == BM_OK ? cli_out_write(r->output, image, size) : cli_fail(r->output, rc, NULL);
    if (status == CLI_OK) {
        report(r, plan, size);
    }
    if (image != NULL) {
        bm_wipe(image, size);
    }
    free(image);
    return status;
}

/* Checks the plan, tells, and writes the file if nothing is wrong. */
static int check_and_put(struct cli *c, struct request *r, struct bm_flash_plan *plan)
{
    struct bm_layout_findings findings;
    memset(&findings, 0, sizeof findings);
    bm_plan_resolve(plan, &findings);
    int status = take_size(c, r, plan);
    if (status == CLI_OK) {
        bm_plan_check(plan, &findings);
        cli_findings_put(&findings, NULL);
        if (findings.errors > 0) {
            cli_error("%zu error%s; nothing was written", findings.errors,
                      findings.errors == 1 ? "" : "s");
            status = CLI_INPUT;
        }
    }
    bm_layout_findings_free(&findings);
    status = status == CLI_OK ? refuse_target(c, r, plan) : status;
    return status == CLI_OK ? put(r, plan) : status;
}

static int distinct(struct cli *c, const struct request *r, const struct bm_flash_plan *plan)
{
    int status = cli_out_distinct(c, r->output, r->table_path);
    for (size_t i = 0; status == CLI_OK && i < plan->count; i++) {
        status = cli_out_distinct(c, r->output, plan->parts[i].file);
    }
    return status;
}

static int assemble(struct cli *c, struct request *r)
{
    struct bm_part_table table;
    struct cli_parts *p = malloc(sizeof *p);
    if (p == NULL) {
        return cli_fail("parts", BM_E_NOMEM, NULL);
    }
    int status = cli_parts_open(p);
    if (status == CLI_OK && r->args != NULL) {
        status = cli_parts_args(p, r->args);
    }
    if (status == CLI_OK) {
        status = cli_parts_take(c, p);
    }
    if (status == CLI_OK && p->plan.count == 0) {
        status = cli_usage(c, "takes parts: OFFSET FILE, NAME=FILE, or --args");
    }
    if (r->table_off_given) {
        p->plan.table_off = r->table_off;
    }
    if (status == CLI_OK && r->table_path != NULL) {
        status = cli_layout_read(&table, r->table_path, p->plan.table_off, NULL, NULL);
        p->plan.table = &table;
    }
    p->plan.plaintext_ok = r->plaintext_ok;
    status = status == CLI_OK ? distinct(c, r, &p->plan) : status;
    status = status == CLI_OK ? check_and_put(c, r, &p->plan) : status;
    cli_parts_close(p);
    free(p);
    return status;
}

static int run(struct cli *c)
{
    struct request r = {.table_off = BM_PART_TABLE_OFFSET};
    int option;
    while ((option = cli_option(c)) > 0) {
        const int status = take_option(c, &r, option);
        if (status != CLI_OK) {
            return status;
        }
    }
    if (option < 0) {
        return CLI_USAGE;
    }
    if (r.split != NULL) {
        if (r.dir == NULL || r.output != NULL || r.args != NULL || cli_arg(c) != NULL) {
            return cli_usage(c, "--split takes a flash file, -d DIR, and perhaps --table");
        }
        return cli_finish(cli_split(c, r.split, r.dir, r.table_path, r.table_off));
    }
    if (r.output == NULL) {
        return cli_usage(c, "takes -o FLASH, the file to write");
    }
    return cli_finish(assemble(c, &r));
}

const struct cli_cmd cmd_assemble = {
    .name = "assemble",
    .args = "OFFSET FILE|NAME=FILE ...",
    .summary = "make one flash file of its parts, or cut one into parts",
    .about =
        "Puts files into one flash file, 0xff between them, as far as the last one reaches, or up "
        "to --flash-size. Each goes to an offset, or to the partition of a name; bootloader and "
        "partition-table are names, too. --args takes what ESP-IDF's build wants written.\n\n"
        "Refused is what a device could not use: parts that overlap, that do not fit into their "
        "partition or begin in the middle of one, that lie outside the flash, that are damaged or "
        "for another chip, and plaintext in a partition flagged encrypted. The table is --table, "
        "or the one among the parts. All that is wrong is told at once, and nothing is "
        "written.\n\n"
        "--split writes each part of a flash file to a file of its own in DIR, beside a "
        "flasher_args.json that --args takes to make the same bytes again. Blank partitions are "
        "named and left out; no file that is there is replaced. As the files can hold secrets, "
        "only their owner may read them.",
    .options = options,
    .examples = examples,
    .run = run,
};
