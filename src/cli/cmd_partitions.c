/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/cmd_generate_report.h"
#include "cli/live.h"
#include "cli/locale.h"
#include "cli/out_file.h"
#include "cli/table_arg.h"
#include "crypto/crypto.h"
#include "image/suggest.h"
#include "layout/preset.h"
#include "layout/spans.h"
#include "port/file.h"

enum {
    OPT_FLASH_SIZE = 1,
    OPT_NO_MD5,
    OPT_NO_EFFECT,
    OPT_NO_VERIFY,
    OPT_QUIET,
    OPT_OFFSET,
    OPT_PRIMARY,
    OPT_RECOVERY,
    OPT_SECURE,
    OPT_SUBTYPES,
    OPT_PRESET,
    OPT_SHOW,
    OPT_CHECK,
    OPT_JSON,
    OPT_PICTURE,
    OPT_SVG,
    OPT_ASCII
};

enum { FILE_MODE = 0644, PRESETS_MAX = 16, WHY_SIZE = 160 };

static const struct poptOption options[] = {
    {"show", '\0', POPT_ARG_NONE, NULL, OPT_SHOW, "print the table with sizes and what is free",
     NULL},
    {"check", '\0', POPT_ARG_NONE, NULL, OPT_CHECK,
     "judge the layout; exit 1 if there is a finding", NULL},
    {"json", '\0', POPT_ARG_NONE, NULL, OPT_JSON, "print table and findings as JSON", NULL},
    {"picture", '\0', POPT_ARG_NONE, NULL, OPT_PICTURE, "draw the flash, to scale", NULL},
    {"svg", '\0', POPT_ARG_STRING, NULL, OPT_SVG, "draw the flash as an SVG document", "FILE"},
    {"ascii", '\0', POPT_ARG_NONE, NULL, OPT_ASCII, "use no characters beyond ASCII", NULL},
    {"preset", '\0', POPT_ARG_STRING, NULL, OPT_PRESET,
     "take this table instead of IN: single-factory, two-ota, factory-two-ota or identity", "NAME"},
    {"flash-size", '\0', POPT_ARG_STRING, NULL, OPT_FLASH_SIZE,
     "size of the flash, which all partitions must fit", "SIZE"},
    {"offset", 'o', POPT_ARG_STRING, NULL, OPT_OFFSET, "of the table in flash (0x8000)", "OFFSET"},
    {"table-offset", '\0', POPT_ARG_STRING, NULL, OPT_OFFSET, "the same", "OFFSET"},
    {"primary-bootloader-offset", '\0', POPT_ARG_STRING, NULL, OPT_PRIMARY,
     "for rows of type bootloader: where it lies", "OFFSET"},
    {"primary-partition-offset", '\0', POPT_ARG_STRING | POPT_ARGFLAG_DOC_HIDDEN, NULL, OPT_PRIMARY,
     "the same", "OFFSET"},
    {"recovery-bootloader-offset", '\0', POPT_ARG_STRING, NULL, OPT_RECOVERY,
     "for rows bootloader,recovery: where it lies", "OFFSET"},
    {"secure", '\0', POPT_ARG_STRING | POPT_ARGFLAG_OPTIONAL, NULL, OPT_SECURE,
     "apps must suit secure boot of this version (v1 if none is given)", "v1|v2"},
    {"extra-partition-subtypes", '\0', POPT_ARG_STRING | POPT_ARGFLAG_OPTIONAL, NULL, OPT_SUBTYPES,
     "further subtypes, any number of words", "TYPE,NAME,NUMBER"},
    {"disable-md5sum", '\0', POPT_ARG_NONE, NULL, OPT_NO_MD5,
     "write no MD5 row, and check none: for ESP-IDF before v3.1", NULL},
    {"disable-sha256sum", '\0', POPT_ARG_NONE, NULL, OPT_NO_EFFECT,
     "accepted without effect: a table has no SHA-256", NULL},
    {"no-verify", '\0', POPT_ARG_NONE, NULL, OPT_NO_VERIFY, "convert without judging the layout",
     NULL},
    {"verify", 'v', POPT_ARG_NONE, NULL, OPT_NO_EFFECT,
     "accepted without effect: the layout is judged anyway", NULL},
    {"quiet", 'q', POPT_ARG_NONE, NULL, OPT_QUIET, "say nothing where all went well", NULL},
    POPT_TABLEEND,
};

static const struct cli_example examples[] = {
    {"birthmark partitions partitions.csv table.bin", "the table as a device has it"},
    {"birthmark partitions table.bin partitions.csv", "and back"},
    {"birthmark partitions flash.bin --picture", "how a flash is divided"},
    {"birthmark partitions --preset identity partitions.csv", "the layout we recommend"},
    {"birthmark partitions partitions.csv --check --flash-size 4MB", "for a CI job"},
    {NULL, NULL},
};

struct request {
    const char *input;
    const char *output; /* NULL: not given */
    const struct bm_preset *preset;
    const char *svg;
    struct bm_table_options read;
    struct bm_part_subtypes extra;
    struct bm_part_rules rules;
    int no_verify;
    int quiet;
    int show;
    int check;
    int json;
    int picture;
    int ascii;
};

static int take_offset(struct cli *c, int64_t *out, const char *name, const char *arg)
{
    uint32_t value = 0;
    const int status = cli_table_number(c, &value, name, arg);
    *out = value;
    return status;
}

static int take_preset(struct cli *c, struct request *r, const char *name)
{
    const char *names[PRESETS_MAX] = {NULL};
    r->preset = bm_preset_find(name);
    if (r->preset != NULL) {
        return CLI_OK;
    }
    for (size_t i = 0; bm_presets[i].name != NULL && i + 1 < PRESETS_MAX; i++) {
        names[i] = bm_presets[i].name;
    }
    const char *near = bmi_suggest(name, strlen(name), names);
    return cli_usage(c, "there is no preset \"%s\"; %s%s", name,
                     near != NULL ? "did you mean "
                                  : "take single-factory, two-ota, factory-two-ota or identity",
                     near != NULL ? near : "");
}

static int take_secure(struct cli *c, struct request *r, const char *arg)
{
    if (arg == NULL || strcmp(arg, "v1") == 0) {
        r->rules.secure = 1;
        return CLI_OK;
    }
    r->rules.secure = 2;
    return strcmp(arg, "v2") == 0 ? CLI_OK : cli_usage(c, "--secure is v1 or v2, not \"%s\"", arg);
}

/* NULL: the option without a word, as ESP-IDF's build system may write it */
static int take_subtype(struct cli *c, struct request *r, const char *arg)
{
    char why[WHY_SIZE] = "";
    if (arg != NULL && bm_part_subtypes_add(&r->extra, arg, why) != BM_OK) {
        return cli_usage(c, "--extra-partition-subtypes \"%s\": %s", arg, why);
    }
    if (why[0] != '\0') {
        cli_warn("--extra-partition-subtypes \"%s\": %s", arg, why);
    }
    return CLI_OK;
}

static int take_option(struct cli *c, struct request *r, int option, const char *arg)
{
    switch (option) {
    case OPT_FLASH_SIZE: return cli_table_number(c, &r->rules.flash_size, "--flash-size", arg);
    case OPT_OFFSET: return cli_table_number(c, &r->read.offset, "--offset", arg);
    case OPT_PRIMARY:
        return take_offset(c, &r->read.primary_bootloader, "--primary-bootloader-offset", arg);
    case OPT_RECOVERY:
        return take_offset(c, &r->read.recovery_bootloader, "--recovery-bootloader-offset", arg);
    case OPT_SECURE: return take_secure(c, r, arg);
    case OPT_SUBTYPES: return take_subtype(c, r, arg);
    case OPT_PRESET: return take_preset(c, r, arg);
    case OPT_SVG: r->svg = arg; break;
    case OPT_NO_MD5: r->read.no_md5 = 1; break;
    case OPT_NO_VERIFY: r->no_verify = 1; break;
    case OPT_QUIET: r->quiet = 1; break;
    case OPT_SHOW: r->show = 1; break;
    case OPT_CHECK: r->check = 1; break;
    case OPT_JSON: r->json = 1; break;
    case OPT_PICTURE: r->picture = 1; break;
    case OPT_ASCII: r->ascii = 1; break;
    default: break;
    }
    return CLI_OK;
}

/* 1 if the table is looked at, not converted. */
static int only_looks(const struct request *r)
{
    return r->show || r->check || r->json || r->picture || r->svg != NULL;
}

/* IN of a board is not among the arguments. */
static int take_board(struct cli *c, struct request *r)
{
    if (c->board.port == NULL) {
        return CLI_OK;
    }
    if (r->preset != NULL) {
        return cli_usage(c, "takes --preset or --port, not both");
    }
    c->board.table_off = r->read.offset;
    r->input = c->board.port;
    return CLI_OK;
}

/* IN and OUT, and words that belong to --extra-partition-subtypes. */
static int take_args(struct cli *c, struct request *r)
{
    const int no_input = r->preset != NULL || c->board.port != NULL;
    for (const char *arg = cli_arg(c); arg != NULL; arg = cli_arg(c)) {
        if (r->extra.count > 0 && strchr(arg, ',') != NULL) {
            if (take_subtype(c, r, arg) != CLI_OK) {
                return CLI_USAGE;
            }
        } else if (r->input == NULL && !no_input) {
            r->input = arg;
        } else if (r->output == NULL) {
            r->output = arg;
        } else {
            return cli_usage(c, "takes %s", no_input ? "OUT alone" : "IN and OUT");
        }
    }
    if (r->input == NULL && !no_input) {
        return cli_usage(c, "needs a partition table: CSV, binary, or a flash image");
    }
    return CLI_OK;
}

static int parse(struct cli *c, struct request *r)
{
    int option = cli_option(c);
    for (; option > 0; option = cli_option(c)) {
        const int status = take_option(c, r, option, cli_option_arg(c));
        if (status != CLI_OK) {
            return status;
        }
    }
    if (option < 0) {
        return CLI_USAGE;
    }
    if (take_args(c, r) != CLI_OK || take_board(c, r) != CLI_OK) {
        return CLI_USAGE;
    }
    if (r->output != NULL && only_looks(r)) {
        return cli_usage(c,
                         "--show, --check, --json, --picture and --svg write no OUT; leave %s out",
                         r->output);
    }
    r->read.extra = &r->extra;
    r->rules.table_offset = r->read.offset;
    return CLI_OK;
}

static int read_table(struct cli *c, const struct request *r, struct bm_table_file *file)
{
    struct bm_image_problems problems = {0};
    if (cli_is_live(c, r->input)) {
        return cli_table_live(c, file, &r->read);
    }
    if (r->preset == NULL) {
        return cli_table_arg(file, r->input, &r->read);
    }
    const int rc = bm_table_load(file, r->preset->name, (const uint8_t *)r->preset->csv,
                                 strlen(r->preset->csv), &r->read, &problems);
    cli_generate_problems(&problems);
    bm_image_problems_free(&problems);
    memset(file->line, 0, sizeof file->line);
    return rc == BM_OK ? CLI_OK : rc == BM_E_INPUT ? CLI_INPUT : cli_fail("preset", rc, NULL);
}

static const char *name_of(const struct request *r)
{
    return r->preset != NULL ? r->preset->name : r->input;
}

/* Prints the findings. all 0: errors alone. */
static void tell(const struct request *r, const struct bm_table_file *file,
                 const struct bm_table_findings *findings, int all)
{
    struct bm_image_problems problems = {0};
    bm_table_findings_tell(findings, file, name_of(r), all, &problems);
    cli_generate_problems(&problems);
    bm_image_problems_free(&problems);
}

/* Writes a file that is no secret. */
static int write_file(const char *path, const void *data, size_t len)
{
    struct bm_diag diag = {0};
    const int status = cli_out_folder(path);
    if (status != CLI_OK) {
        return status;
    }
    const int rc = bm_port_write(path, data, len, bm_port_mode(path, FILE_MODE), &diag);
    return rc == BM_OK ? CLI_OK : cli_fail(path, rc, &diag);
}

static int write_binary(const struct request *r, const struct bm_table_file *file, const char *to)
{
    uint8_t bytes[BM_PART_TABLE_MAX];
    struct bm_diag diag = {0};
    struct bm_hash md5 = {0};
    if (cli_is_stdout(to) && bm_port_is_terminal(1)) {
        cli_error("a binary table does not go to a terminal; name a file, or use --show");
        return CLI_USAGE;
    }
    int rc = r->read.no_md5 ? BM_OK : bm_hash_openssl_md5(&md5);
    if (rc == BM_OK) {
        rc = bm_part_table_format(bytes, &file->table, r->read.no_md5 ? NULL : &md5, &diag);
    }
    bm_hash_openssl_close(&md5);
    if (rc == BM_E_NOSPC) {
        cli_error("%s: %s, and this one has %u", name_of(r), diag.text, file->table.count);
        return CLI_INPUT;
    }
    return rc == BM_OK ? write_file(to, bytes, sizeof bytes) : cli_fail(name_of(r), rc, &diag);
}

static int write_csv(const struct request *r, const struct bm_table_file *file, const char *to)
{
    struct bm_image_problems problems = {0};
    char *text = NULL;
    size_t len = 0;
    const int rc = bm_table_csv(&text, &len, &file->table, &r->extra, name_of(r), &problems);
    cli_generate_problems(&problems);
    bm_image_problems_free(&problems);
    int status = rc == BM_OK ? write_file(to, text, len) : CLI_INPUT;
    if (rc == BM_E_NOMEM) {
        status = cli_fail(name_of(r), rc, NULL);
    }
    free(text);
    return status;
}

static int ends_in(const char *path, const char *ending)
{
    const size_t len = strlen(path);
    const size_t n = strlen(ending);
    return len >= n && strcmp(path + len - n, ending) == 0;
}

/* CSV becomes binary and binary CSV, as the reference has it; what it does not know goes by the
 * name of the output. */
static int convert(struct cli *c, const struct request *r, const struct bm_table_file *file)
{
    const char *to = r->output != NULL ? r->output : "-";
    const int either = r->preset != NULL || file->kind == BM_TABLE_FLASH;
    const int binary = either ? ends_in(to, ".bin") : file->kind == BM_TABLE_CSV;
    int status = cli_out_distinct(c, to, r->input);
    if (status == CLI_OK) {
        status = binary ? write_binary(r, file, to) : write_csv(r, file, to);
    }
    if (status == CLI_OK && !cli_is_stdout(to) && !r->quiet) {
        fprintf(stderr, "%s: %u partition%s%s\n", to, file->table.count,
                file->table.count == 1 ? "" : "s", binary && !r->read.no_md5 ? ", with MD5" : "");
    }
    return status;
}

static int draw_svg(struct cli *c, const struct request *r, const struct bm_spans *spans)
{
    uint8_t *text = NULL;
    size_t len = 0;
    int status = cli_out_distinct(c, r->svg, r->input);
    if (status != CLI_OK) {
        return status;
    }
    FILE *out = bm_port_memory(&text, &len);
    if (out == NULL) {
        return cli_fail(r->svg, BM_E_NOMEM, NULL);
    }
    bm_spans_svg(out, spans, name_of(r));
    const int lost = fclose(out) != 0;
    status = lost ? cli_fail(r->svg, BM_E_NOMEM, NULL) : write_file(r->svg, text, len);
    bm_port_free(text, len);
    return status;
}

static int print_json(const struct bm_spans *spans, const struct bm_table_file *file,
                      const struct bm_table_findings *findings)
{
    json_t *json = bm_spans_json(spans, file, findings);
    const int lost = json == NULL || json_dumpf(json, stdout, JSON_INDENT(2)) != 0;
    putchar('\n');
    json_decref(json);
    return lost ? cli_fail("JSON", BM_E_NOMEM, NULL) : CLI_OK;
}

static void print_check(const struct request *r, const struct bm_table_file *file,
                        const struct bm_table_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct bm_table_finding *f = &findings->list[i];
        printf("%s: %s\n", f->is_error ? "error" : "warning", f->text);
    }
    if (!r->quiet || findings->count > 0) {
        printf("%zu error%s, %zu warning%s in %u partition%s\n", findings->errors,
               findings->errors == 1 ? "" : "s", findings->warnings,
               findings->warnings == 1 ? "" : "s", file->table.count,
               file->table.count == 1 ? "" : "s");
    }
}

static int look(struct cli *c, const struct request *r, const struct bm_table_file *file,
                const struct bm_table_findings *findings)
{
    struct bm_spans spans;
    int status = CLI_OK;
    bm_spans_make(&spans, &file->table, &r->extra, r->read.offset, r->rules.flash_size);
    if (spans.guessed && file->flash_size >= spans.used) { /* not the head of one */
        bm_spans_make(&spans, &file->table, &r->extra, r->read.offset, file->flash_size);
    }
    if (r->svg != NULL) {
        status = draw_svg(c, r, &spans);
    }
    if (status == CLI_OK && r->json) {
        status = print_json(&spans, file, findings);
    } else if (status == CLI_OK) {
        if (r->show) {
            bm_spans_print(stdout, &spans);
        }
        if (r->picture) {
            const struct bm_spans_draw how = {bm_port_columns(1, 100), r->ascii || !cli_utf8(),
                                              cli_color(stdout)};
            bm_spans_draw(stdout, &spans, &how);
        }
        if (r->check) {
            print_check(r, file, findings);
        }
    }
    if (status == CLI_OK && !r->check && !r->json && !r->no_verify) {
        tell(r, file, findings, 1);
    }
    if (status == CLI_OK && (r->check       ? findings->count
                             : r->no_verify ? 0
                                            : findings->errors) > 0) {
        status = CLI_NO;
    }
    return cli_finish(status);
}

static int convert_judged(struct cli *c, const struct request *r, const struct bm_table_file *file,
                          const struct bm_table_findings *findings)
{
    /* whether it fits the flash is checked even with --no-verify, as the reference does */
    size_t fatal = r->no_verify ? 0 : findings->errors;
    for (size_t i = 0; i < findings->count && r->no_verify; i++) {
        fatal += strcmp(findings->list[i].code, bm_part_fault_name(BM_PART_BEYOND_FLASH)) == 0;
    }
    if (!r->no_verify || fatal > 0) {
        tell(r, file, findings, fatal == 0); /* errors are not lost among warnings */
    }
    if (fatal > 0) {
        cli_error("%zu error%s; nothing was written", fatal, fatal == 1 ? "" : "s");
        return CLI_INPUT;
    }
    return convert(c, r, file);
}

static int run(struct cli *c)
{
    struct request r;
    struct bm_table_file file;
    struct bm_table_findings findings = {0};
    memset(&r, 0, sizeof r);
    bm_table_options_init(&r.read);
    r.read.offset_option = "--offset";
    int status = parse(c, &r);
    if (status == CLI_OK) {
        status = read_table(c, &r, &file);
    }
    if (status != CLI_OK) {
        return status;
    }
    struct bm_part_rules rules = r.rules;
    if (rules.flash_size == 0 && only_looks(&r)) { /* a wrong table can be taken out all the same */
        rules.flash_size = file.limit;
    }
    if (bm_table_judge(&findings, &file.table, &rules, &r.extra) != BM_OK) {
        return cli_fail(name_of(&r), BM_E_NOMEM, NULL);
    }
    status =
        only_looks(&r) ? look(c, &r, &file, &findings) : convert_judged(c, &r, &file, &findings);
    bm_table_findings_free(&findings);
    return status;
}

const struct cli_cmd cmd_partitions = {
    .name = "partitions",
    .args = "IN [OUT]",
    .summary = "convert, show and judge a partition table",
    .about =
        "Turns partition CSV into the binary table of a device, and a binary table into CSV: the "
        "same bytes and options as ESP-IDF's gen_esp32part.py. IN may also be an image of a whole "
        "flash, whose table is at --offset; that becomes CSV, or a binary table if OUT ends in "
        ".bin; and with --port it is left out, and the table of a board is taken. - is standard "
        "input or output; without OUT the result goes to standard output.\n\n"
        "--show prints the table with ends, sizes and what is free, --picture and --svg draw it, "
        "--check judges it (exit 1 if anything is found), --json does both for a program. A "
        "layout with errors is not converted, unless with --no-verify.\n\n"
        "--preset gives a table to start from: ESP-IDF's \"single factory app\", \"two large OTA "
        "partitions\" and \"factory app, two OTA definitions\", and identity, the one we "
        "recommend: two OTA slots, and a read-only NVS partition of its own for certificate and "
        "key. There the application cannot erase it by mistake, nor the customary \"erase NVS if "
        "it does not open\", nor a factory reset; updates do not touch it; and it can be replaced "
        "alone. It takes as little as 4096 bytes, because a read-only NVS needs no page in "
        "reserve.",
    .options = options,
    .examples = examples,
    .run = run,
    .board = CLI_BOARD_READ,
};
