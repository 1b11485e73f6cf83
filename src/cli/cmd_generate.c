/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cli/cmd_generate.h"
#include "cli/cmd_generate_report.h"
#include "cli/cmd_generate_table.h"
#include "cli/keys_file.h"
#include "cli/keys_make.h"
#include "cli/out_file.h"
#include "image/generate.h"
#include "image/seal.h"
#include "nvs/fmt.h"
#include "port/file.h"

enum { ARGS_MAX = 256 };

static const struct poptOption options[] = {
    CLI_GENERATE_OPTIONS,
    POPT_TABLEEND,
};

static const struct cli_example examples[] = {
    {"birthmark generate nvs.csv certs.bin 16384", "an image for a partition of 16384 bytes"},
    {"birthmark generate nvs.csv certs.bin", "the same in the smallest size that fits"},
    {"birthmark generate --table partitions.csv nvs.csv certs.bin",
     "in the size of the partition that it is for"},
    {"birthmark generate --dry-run nvs.csv", "show the layout, write nothing"},
    {"birthmark generate --keys nvs_keys.bin nvs.csv certs.bin", "encrypted with these keys"},
    {NULL, NULL},
};

struct request {
    const char *args[ARGS_MAX]; /* inputs first */
    size_t count;               /* of inputs, once split() has been */
    const char *output;         /* as given, NULL: none */
    const char *outdir;
    const char *relative_to; /* folder of relative paths in the CSV, or NULL */
    uint32_t size;           /* 0: choose */
    struct cli_generate_part part;
    unsigned version;
    int dry_run;
    int json;
    const char *keys; /* file, or NULL */
    int keygen;
    struct cli_keys_make make;
    struct bm_nvs_crypto crypto; /* zeroed: the image stays plain */
    char path[CLI_PATH_SIZE];    /* where the image goes; "" for nowhere */
    int own_input;               /* 1: a row reads the file that the image would replace */
};

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
    if (r->count < 3 || cli_is_stream(last) || cli_extension(last)[0] != '\0') {
        return 0;
    }
    return strcmp(cli_extension(r->args[r->count - 2]), ".bin") == 0;
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
    const char *ext = cli_extension(r->output);
    const int absolute = r->output[0] == '/';
    struct bm_text t;
    bm_text_init(&t, r->path, sizeof r->path);
    if (cli_is_stream(r->output)) {
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
    return t.cut ? cli_usage(c, "OUTPUT is over %d bytes long", CLI_PATH_SIZE - 1) : CLI_OK;
}

/* Sorts the positional arguments into INPUT.csv... OUTPUT.bin [SIZE]. */
static int split(struct cli *c, struct request *r)
{
    if (r->count > 0 && means_size(r)) {
        if (r->part.table != NULL) {
            return cli_usage(c, "the size comes from --table; leave %s out", r->args[r->count - 1]);
        }
        const int rc = take_size(c, r);
        if (rc != CLI_OK) {
            return rc;
        }
    }
    const char *last = r->count > 0 ? r->args[r->count - 1] : "";
    /* a dry run writes nothing, so it needs no output */
    const int has_output =
        !r->dry_run || (r->count > 1 && strcmp(cli_extension(last), ".csv") != 0);
    if (r->count < (has_output ? 2 : 1)) {
        return cli_usage(c, "needs INPUT.csv%s", r->dry_run ? "" : " and OUTPUT.bin");
    }
    if (has_output) {
        r->output = last;
        r->count--;
    }
    return has_output ? name_output(c, r) : CLI_OK;
}

static int parse(struct cli *c, struct request *r)
{
    int option = cli_option(c);
    for (; option > 0; option = cli_option(c)) {
        const char *arg = cli_option_arg(c);
        switch (option) {
        case CLI_OPT_VERSION:
            if (strcmp(arg, "1") != 0 && strcmp(arg, "2") != 0) {
                return cli_usage(c, "--version is 1 or 2, not \"%s\"", arg);
            }
            r->version = arg[0] == '1' ? 1 : 2;
            break;
        case CLI_OPT_OUTDIR: r->outdir = arg; break;
        case CLI_OPT_DRY_RUN: r->dry_run = 1; break;
        case CLI_OPT_JSON: r->json = 1; break;
        case CLI_OPT_KEYS: r->keys = arg; break;
        case CLI_OPT_KEYGEN: r->keygen = 1; break;
        case CLI_OPT_TABLE: r->part.table = arg; break;
        case CLI_OPT_LABEL: r->part.label = arg; break;
        case CLI_OPT_TABLE_OFFSET: r->part.table_off = arg; break;
        case CLI_OPT_RELATIVE: r->relative_to = arg; break;
        default: (void)cli_keys_make_option(&r->make, option, arg); break;
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
    char below[CLI_PATH_SIZE];
    if (!cli_path_in(below, r->relative_to, path)) {
        return bm_diag_set(diag, BM_E_INPUT, 0, NULL, "the path is too long");
    }
    r->own_input = r->own_input || is_output(r, strcmp(below, "-") == 0 ? "./-" : below);
    return bm_port_read_named(below, max, data, len, diag);
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

/* The keys of the request, read or made. */
static int take_keys(struct request *r)
{
    if (r->keys != NULL) {
        return cli_keys_open(&r->crypto, r->keys);
    }
    if (!r->keygen) {
        return CLI_OK;
    }
    const int status = cli_keys_make(&r->make);
    if (status != CLI_OK) {
        return status;
    }
    const int rc = bm_nvs_crypto_openssl.open(&r->crypto, r->make.keys);
    return rc == BM_OK ? CLI_OK : cli_fail("keys", rc, NULL);
}

/* New keys are on the disk before what they encrypt; they go again where that fails. */
static int write_image(struct cli *c, struct request *r, const struct bm_image_result *result)
{
    if (r->crypto.encrypt != NULL) {
        const int rc = bm_seal_encrypt(result->image, result->size, &r->crypto);
        if (rc != BM_OK) {
            return cli_fail("encryption", rc, NULL);
        }
    }
    int status = r->keygen ? cli_keys_make_write(c, &r->make) : CLI_OK;
    if (status == CLI_OK) {
        status = cli_out_write(r->path, result->image, result->size);
        if (status != CLI_OK) {
            cli_keys_make_undo(&r->make);
        }
    }
    if (status == CLI_OK) {
        cli_keys_make_report(stderr, &r->make);
    }
    return status;
}

static int print_summary(const struct request *r, const struct bm_image_result *result,
                         const json_t *json)
{
    FILE *to = !r->dry_run && cli_is_stdout(r->path) ? stderr : stdout;
    int rc = 0;
    if (json != NULL) {
        rc = json_dumpf(json, to, JSON_INDENT(2));
        fputc('\n', to);
    } else {
        cli_generate_text(to, result, r->dry_run ? NULL : r->path, r->dry_run);
        if (r->part.table != NULL) {
            cli_generate_part_text(to, &r->part);
        }
    }
    const int status = cli_finish(CLI_OK);
    if (status == CLI_OK && rc != 0) {
        return cli_fail("the summary", BM_E_NOMEM, NULL);
    }
    return status;
}

/* Writes the image and says so. The JSON is made first: little may fail behind the image. */
static int finish(struct cli *c, struct request *r, const struct bm_image_result *result)
{
    json_t *json = NULL;
    int status = CLI_OK;
    if (r->json) {
        json = cli_generate_json(result, r->dry_run ? NULL : r->path, r->dry_run);
        if (json != NULL && r->part.table != NULL && cli_generate_part_json(json, &r->part) != 0) {
            json_decref(json);
            json = NULL;
        }
        status = json == NULL ? cli_fail("the summary", BM_E_NOMEM, NULL) : CLI_OK;
    }
    if (status == CLI_OK && !r->dry_run) {
        status = write_image(c, r, result);
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

static int generate(struct cli *c, struct request *r, const struct bm_image_input *inputs,
                    size_t unread)
{
    const struct bm_image_options o = {.size = r->size,
                                       .read_only = cli_generate_part_readonly(&r->part),
                                       .version = r->version,
                                       .read = read_row_file,
                                       .release = release_row_file,
                                       .ctx = r,
                                       .folder = r->relative_to};
    struct bm_image_result result;
    struct bm_diag diag = {0};
    const int rc = bm_image_generate(&result, inputs, r->count, &o, &diag);
    int status = CLI_OK;
    cli_generate_problems(&result.problems);
    if (rc == BM_OK && result.read_only && r->part.table == NULL) {
        cli_warn("%u bytes can only be read on the device: mark the partition readonly, or use at "
                 "least %d",
                 result.size, BM_IMAGE_WRITABLE_MIN);
    }
    if (r->own_input) {
        status = cli_out_own_input(c, r->path);
    } else if (rc == BM_E_NOSPC && r->part.table != NULL) {
        cli_generate_part_full(&r->part, &result);
        status = CLI_INPUT;
    } else if (rc != BM_OK) {
        status = refused(&result, unread, rc, &diag);
    } else {
        status = finish(c, r, &result);
    }
    bm_image_result_free(&result);
    return status;
}

static int make(struct cli *c, struct request *r)
{
    struct bm_image_input inputs[ARGS_MAX];
    uint8_t *owned[ARGS_MAX] = {NULL};
    memset(inputs, 0, sizeof inputs);
    int status = take_keys(r);
    if (status == CLI_OK) {
        const size_t unread = read_inputs(r, inputs, owned);
        status = generate(c, r, inputs, unread);
    }
    for (size_t i = 0; i < r->count; i++) {
        if (owned[i] != NULL) {
            bm_port_free(owned[i], inputs[i].len);
        }
    }
    cli_keys_close(&r->crypto);
    cli_keys_make_close(&r->make);
    return status;
}

static int is_standard_input(const char *path)
{
    return path != NULL && strcmp(path, "-") == 0;
}

/* Options for new keys beside --inputkey. Those that name a key cannot be meant; the others change
 * nothing, as in nvs_partition_gen. */
static int check_no_new_keys(struct cli *c, const struct request *r)
{
    const struct cli_keys_make *make = &r->make;
    if (make->hmac_keygen || make->hmac_name != NULL || make->hmac_input != NULL) {
        return cli_usage(c, "the --kp_hmac options are for new keys; they need --keygen");
    }
    if (make->key_name != NULL) {
        cli_warn("--keyfile %s is ignored: no new keys are made with --inputkey", make->key_name);
    }
    return CLI_OK;
}

static int check_keys(struct cli *c, struct request *r, int encrypts)
{
    int streams = is_standard_input(r->keys) + is_standard_input(r->part.table);
    for (size_t i = 0; i < r->count; i++) {
        streams += is_standard_input(r->args[i]);
    }
    if (streams > 1) {
        return cli_usage(c, "standard input can be read once only");
    }
    if (r->keys != NULL && r->keygen) {
        return cli_usage(c, "takes either --inputkey or --keygen");
    }
    if (encrypts && r->keys == NULL && !r->keygen) {
        return cli_usage(c, "needs --inputkey FILE, or --keygen for new keys");
    }
    r->make.outdir = r->outdir;
    return r->keygen ? cli_keys_make_check(c, &r->make) : check_no_new_keys(c, r);
}

int cli_generate_run(struct cli *c, int encrypts)
{
    struct request r;
    memset(&r, 0, sizeof r);
    int status = parse(c, &r);
    if (status == CLI_OK) {
        status = check_keys(c, &r, encrypts);
    }
    if (status != CLI_OK) {
        return status;
    }
    if (!r.dry_run && cli_is_stdout(r.path) && bm_port_is_terminal(1)) {
        return cli_usage(c, "the image is binary and does not go to a terminal; name a file");
    }
    const char *const others[] = {r.keys, r.make.hmac_input, r.part.table};
    for (size_t i = 0; i < r.count; i++) {
        if (is_output(&r, r.args[i])) {
            return cli_out_own_input(c, r.path);
        }
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (others[i] != NULL && is_output(&r, others[i])) {
            return cli_out_own_input(c, r.path);
        }
    }
    status = cli_generate_part_find(c, &r.part);
    if (status != CLI_OK) {
        return status;
    }
    r.size = r.part.table != NULL ? r.part.size : r.size;
    return make(c, &r);
}

static int run(struct cli *c)
{
    return cli_generate_run(c, 0);
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
        "bytes, as 16384, 0x4000, 16K or 1M; without it the smallest that fits is chosen. --table "
        "takes "
        "it from a partition table, and says where the image belongs.\n\n"
        "All problems of the inputs are told in one run, each with file, line, column and key.\n\n"
        "With --keys the image is encrypted for a device with NVS encryption, as by birthmark "
        "encrypt.",
    .options = options,
    .examples = examples,
    .run = run,
};
