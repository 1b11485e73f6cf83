/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cli/cli.h"
#include "cli/cmd_generate_report.h"
#include "image/generate.h"
#include "nvs/fmt.h"
#include "port/file.h"

enum { ARGS_MAX = 256, PRIVATE_MODE = 0600, PATH_SIZE = 4096 };

enum { OPT_VERSION = 1, OPT_OUTDIR, OPT_DRY_RUN, OPT_JSON };

static const struct poptOption options[] = {
    {"version", '\0', POPT_ARG_STRING, NULL, OPT_VERSION,
     "format of blobs: 2 lets them span pages (default), 1 is for ESP-IDF before v4.0", "1|2"},
    {"outdir", '\0', POPT_ARG_STRING, NULL, OPT_OUTDIR,
     "folder that a relative OUTPUT.bin goes below", "DIR"},
    {"dry-run", 'n', POPT_ARG_NONE, NULL, OPT_DRY_RUN,
     "show where each value would go, write nothing", NULL},
    {"json", '\0', POPT_ARG_NONE, NULL, OPT_JSON, "print the summary as JSON", NULL},
    POPT_TABLEEND,
};

static const struct cli_example examples[] = {
    {"birthmark generate nvs.csv certs.bin 16384", "an image for a partition of 16384 bytes"},
    {"birthmark generate nvs.csv certs.bin", "the same in the smallest size that fits"},
    {"birthmark generate --dry-run nvs.csv", "show the layout, write nothing"},
    {NULL, NULL},
};

struct request {
    const char *args[ARGS_MAX]; /* inputs first */
    size_t count;               /* of inputs, once split() has been */
    const char *output;         /* as given, NULL: none */
    const char *outdir;
    uint32_t size; /* 0: choose */
    unsigned version;
    int dry_run;
    int json;
    char path[PATH_SIZE]; /* where the image goes; "" for nowhere */
    int own_input;        /* 1: a row reads the file that the image would replace */
};

static int is_stream(const char *path)
{
    return strcmp(path, "-") == 0 || strncmp(path, "/dev/", 5) == 0;
}

static int is_stdout(const char *path)
{
    return strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0;
}

/* The extension with its dot, as in the last part of a path; "" where there is none. */
static const char *extension(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    return dot == NULL || dot == name ? "" : dot;
}

/* Bytes of "16384", "0x4000", "16K", "1M", "64KiB". Returns 0 if it is none of these. */
static int parse_size(const char *text, uint64_t *size)
{
    static const char *const units[] = {"k", "kb", "kib", "m", "mb", "mib"};
    char *end;
    const int hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    if (!isdigit((unsigned char)text[0]) || (hex && !isxdigit((unsigned char)text[2]))) {
        return 0;
    }
    *size = strtoull(text, &end, hex ? 16 : 10);
    if (*end == '\0') {
        return 1;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t k = 0;
        while (units[i][k] != '\0' && tolower((unsigned char)end[k]) == units[i][k]) {
            k++;
        }
        if (units[i][k] == '\0' && end[k] == '\0') {
            const uint64_t unit = i < 3 ? 1024 : 1024 * 1024;
            *size = *size > UINT64_MAX / unit ? UINT64_MAX : *size * unit;
            return 1;
        }
    }
    return 0;
}

/* A word that is meant as SIZE, well written or not. */
static int means_size(const struct request *r)
{
    const char *last = r->args[r->count - 1];
    if (isdigit((unsigned char)last[0]) && strpbrk(last, "./") == NULL) {
        return 1;
    }
    if (r->count < 3 || is_stream(last) || extension(last)[0] != '\0') {
        return 0;
    }
    return strcmp(extension(r->args[r->count - 2]), ".bin") == 0;
}

static int take_size(struct cli *c, struct request *r)
{
    uint64_t size = 0;
    const char *text = r->args[--r->count];
    if (!parse_size(text, &size)) {
        return cli_usage(c, "\"%s\" is not a size; write bytes, 0x hex, or 16K or 1M", text);
    }
    if (size < BM_IMAGE_SIZE_MIN || size > BM_IMAGE_SIZE_MAX) {
        return cli_usage(c, "size %s is outside 4096 (0x1000) to %d (65535 pages)", text,
                         BM_IMAGE_SIZE_MAX);
    }
    if (size % BMI_PAGE_SIZE != 0) {
        const unsigned down = (unsigned)(size / BMI_PAGE_SIZE * BMI_PAGE_SIZE);
        return cli_usage(c, "size %s is not a multiple of 4096; %u and %u are the nearest", text,
                         down, down + BMI_PAGE_SIZE);
    }
    r->size = (uint32_t)size;
    return CLI_OK;
}

/* Fills path with where the image goes. */
static int name_output(struct cli *c, struct request *r)
{
    const char *ext = extension(r->output);
    const int absolute = r->output[0] == '/';
    struct bm_text t;
    bm_text_init(&t, r->path, sizeof r->path);
    if (is_stream(r->output)) {
        bm_text_str(&t, r->output);
        return CLI_OK;
    }
    if (r->output[0] == '\0' || r->output[strlen(r->output) - 1] == '/') {
        return cli_usage(c, "OUTPUT \"%s\" is not a file name", r->output);
    }
    if (ext[0] != '\0' && strcmp(ext, ".bin") != 0) {
        return cli_usage(c, "OUTPUT %s must end in .bin", r->output);
    }
    if (r->outdir != NULL && absolute) {
        cli_warn("%s is an absolute path, so --outdir is ignored", r->output);
    } else if (r->outdir != NULL && r->outdir[0] != '\0') {
        bm_text_str(&t, r->outdir);
        bm_text_str(&t, "/");
    }
    bm_text_str(&t, r->output);
    bm_text_str(&t, ext[0] == '\0' ? ".bin" : "");
    return t.cut ? cli_usage(c, "OUTPUT is over %d bytes long", PATH_SIZE - 1) : CLI_OK;
}

/* Sorts the positional arguments into INPUT.csv... OUTPUT.bin [SIZE]. */
static int split(struct cli *c, struct request *r)
{
    if (r->count > 0 && means_size(r)) {
        const int rc = take_size(c, r);
        if (rc != CLI_OK) {
            return rc;
        }
    }
    const char *last = r->count > 0 ? r->args[r->count - 1] : "";
    /* a dry run writes nothing, so it needs no output */
    const int has_output = !r->dry_run || (r->count > 1 && strcmp(extension(last), ".csv") != 0);
    if (r->count < (has_output ? 2 : 1)) {
        return cli_usage(c, "needs INPUT.csv%s", r->dry_run ? "" : " and OUTPUT.bin");
    }
    if (has_output) {
        r->output = last;
        r->count--;
    }
    size_t streams = 0;
    for (size_t i = 0; i < r->count; i++) {
        streams += strcmp(r->args[i], "-") == 0;
    }
    if (streams > 1) {
        return cli_usage(c, "standard input can be read once only");
    }
    return has_output ? name_output(c, r) : CLI_OK;
}

static int parse(struct cli *c, struct request *r)
{
    int option = cli_option(c);
    for (; option > 0; option = cli_option(c)) {
        const char *arg = cli_option_arg(c);
        switch (option) {
        case OPT_VERSION:
            if (strcmp(arg, "1") != 0 && strcmp(arg, "2") != 0) {
                return cli_usage(c, "--version is 1 or 2, not \"%s\"", arg);
            }
            r->version = arg[0] == '1' ? 1 : 2;
            break;
        case OPT_OUTDIR: r->outdir = arg; break;
        case OPT_DRY_RUN: r->dry_run = 1; break;
        case OPT_JSON: r->json = 1; break;
        default: break;
        }
    }
    if (option < 0) {
        return CLI_USAGE;
    }
    for (const char *arg = cli_arg(c); arg != NULL; arg = cli_arg(c)) {
        if (r->count == ARGS_MAX) {
            return cli_usage(c, "takes at most %d arguments", ARGS_MAX);
        }
        r->args[r->count++] = arg;
    }
    return split(c, r);
}

static int is_output(const struct request *r, const char *input)
{
    return r->path[0] != '\0' && bm_port_same_file(input, r->path);
}

/* Files of rows: "-" is a file of that name there, not standard input. */
static int read_row_file(void *ctx, const char *path, size_t max, uint8_t **data, size_t *len,
                         struct bm_diag *diag)
{
    struct request *r = ctx;
    r->own_input = r->own_input || is_output(r, strcmp(path, "-") == 0 ? "./-" : path);
    return bm_port_read_named(path, max, data, len, diag);
}

static void release_row_file(void *ctx, uint8_t *data, size_t len)
{
    (void)ctx;
    bm_port_free(data, len);
}

/* Reads all inputs, telling of each that cannot be read. owned: what to free. Returns how many
 * could not. */
static size_t read_inputs(const struct request *r, struct bm_image_input *inputs, uint8_t **owned)
{
    size_t unread = 0;
    for (size_t i = 0; i < r->count; i++) {
        struct bm_diag diag = {0};
        const int standard = strcmp(r->args[i], "-") == 0;
        inputs[i].name = standard ? "stdin" : r->args[i];
        const int rc = bm_port_read(r->args[i], BM_IMAGE_CSV_MAX, &owned[i], &inputs[i].len, &diag);
        inputs[i].data = owned[i];
        if (rc != BM_OK) {
            cli_fail(inputs[i].name, rc, &diag);
            inputs[i].len = BM_IMAGE_UNREAD;
            unread++;
        }
    }
    return unread;
}

static int write_image(const struct request *r, const struct bm_image_result *result)
{
    struct bm_diag diag = {0};
    char folder[PATH_SIZE];
    const char *slash = strrchr(r->path, '/');
    if (!is_stream(r->path) && slash != NULL && slash != r->path) {
        const size_t len = (size_t)(slash - r->path);
        memcpy(folder, r->path, len);
        folder[len] = '\0';
        const int made = bm_port_mkdirs(folder, &diag);
        if (made != BM_OK) {
            return cli_fail(folder, made, &diag);
        }
    }
    const int rc = bm_port_write(r->path, result->image, result->size, PRIVATE_MODE, &diag);
    return rc == BM_OK ? CLI_OK : cli_fail(r->path, rc, &diag);
}

static int refused(const struct bm_image_result *result, size_t unread, int rc,
                   const struct bm_diag *diag)
{
    const size_t errors = result->problems.errors + unread;
    if (errors == 0) {
        return cli_fail("generate", rc, diag);
    }
    cli_error("%zu error%s; nothing was written", errors, errors == 1 ? "" : "s");
    return CLI_INPUT;
}

static int print_summary(const struct request *r, const struct bm_image_result *result,
                         const json_t *json)
{
    FILE *to = !r->dry_run && is_stdout(r->path) ? stderr : stdout;
    int rc = 0;
    if (json != NULL) {
        rc = json_dumpf(json, to, JSON_INDENT(2));
        fputc('\n', to);
    } else {
        cli_generate_text(to, result, r->dry_run ? NULL : r->path, r->dry_run);
    }
    const int status = cli_finish(CLI_OK);
    if (status == CLI_OK && rc != 0) {
        return cli_fail("the summary", BM_E_NOMEM, NULL);
    }
    return status;
}

/* Writes the image and says so. The JSON is made first: little may fail behind the image. */
static int finish(const struct request *r, const struct bm_image_result *result)
{
    json_t *json = NULL;
    int status = CLI_OK;
    if (r->json) {
        json = cli_generate_json(result, r->dry_run ? NULL : r->path, r->dry_run);
        status = json == NULL ? cli_fail("the summary", BM_E_NOMEM, NULL) : CLI_OK;
    }
    if (status == CLI_OK && !r->dry_run) {
        status = write_image(r, result);
    }
    if (status == CLI_OK) {
        status = print_summary(r, result, json);
        if (status != CLI_OK && !r->dry_run) {
            cli_error("%s was written all the same; only the summary is lost", r->path);
        }
    }
    json_decref(json);
    return status;
}

static int own_input(struct cli *c, const char *path)
{
    return cli_usage(
        c, "OUTPUT %s is also read as an input, and would be overwritten; name another", path);
}

static int generate(struct cli *c, struct request *r, const struct bm_image_input *inputs,
                    size_t unread)
{
    const struct bm_image_options o = {.size = r->size,
                                       .version = r->version,
                                       .read = read_row_file,
                                       .release = release_row_file,
                                       .ctx = r};
    struct bm_image_result result;
    struct bm_diag diag = {0};
    const int rc = bm_image_generate(&result, inputs, r->count, &o, &diag);
    int status = CLI_OK;
    cli_generate_problems(&result.problems);
    if (rc == BM_OK && result.read_only) {
        cli_warn("%u bytes can only be read on the device: mark the partition readonly, or use at "
                 "least %d",
                 result.size, BM_IMAGE_WRITABLE_MIN);
    }
    if (r->own_input) {
        status = own_input(c, r->path);
    } else if (rc != BM_OK) {
        status = refused(&result, unread, rc, &diag);
    } else {
        status = finish(r, &result);
    }
    bm_image_result_free(&result);
    return status;
}

static int run(struct cli *c)
{
    struct request r;
    memset(&r, 0, sizeof r);
    int status = parse(c, &r);
    if (status != CLI_OK) {
        return status;
    }
    if (!r.dry_run && is_stdout(r.path) && bm_port_is_terminal(1)) {
        return cli_usage(c, "the image is binary and does not go to a terminal; name a file");
    }
    for (size_t i = 0; i < r.count; i++) {
        if (is_output(&r, r.args[i])) {
            return own_input(c, r.path);
        }
    }
    struct bm_image_input inputs[ARGS_MAX];
    uint8_t *owned[ARGS_MAX] = {NULL};
    memset(inputs, 0, sizeof inputs);
    const size_t unread = read_inputs(&r, inputs, owned);
    status = generate(c, &r, inputs, unread);
    for (size_t i = 0; i < r.count; i++) {
        if (owned[i] != NULL) {
            bm_port_free(owned[i], inputs[i].len);
        }
    }
    return status;
}

const struct cli_cmd cmd_generate = {
    .name = "generate",
    .args = "INPUT.csv... OUTPUT.bin [SIZE]",
    .summary = "make an NVS partition image from CSV",
    .about =
        "Makes the image of an NVS partition from CSV files with the columns key, type, encoding "
        "and value: the same bytes as ESP-IDF's nvs_partition_gen.\n\n"
        "INPUT.csv is a file, or - for standard input. OUTPUT.bin is replaced as a whole or not at "
        "all, readable by its owner only; - is standard output. SIZE is that of the partition in "
        "bytes, as 16384, 0x4000, 16K or 1M; without it the smallest that fits is chosen.\n\n"
        "All problems of the inputs are told in one run, each with file, line, column and key.",
    .options = options,
    .examples = examples,
    .run = run,
};
