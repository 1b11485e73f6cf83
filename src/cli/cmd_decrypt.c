/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/image_file.h"
#include "cli/keys_file.h"
#include "cli/out_file.h"
#include "image/check.h"
#include "port/file.h"

enum { OPT_KEYS = 1, OPT_OUTDIR };

static const struct poptOption options[] = {
    CLI_KEYS_OPTIONS(OPT_KEYS),
    {"outdir", '\0', POPT_ARG_STRING, NULL, OPT_OUTDIR, "folder that a relative OUTPUT goes below",
     "DIR"},
    POPT_TABLEEND,
};

static const struct cli_example examples[] = {
    {"birthmark decrypt sealed.bin nvs_keys.bin plain.bin", "into another file"},
    {"birthmark decrypt --keys nvs_keys.bin sealed.bin sealed.bin", "in place"},
    {NULL, NULL},
};

struct request {
    const char *input;
    const char *keys;
    const char *output;
    const char *outdir;
    char path[CLI_PATH_SIZE];
};

static int parse(struct cli *c, struct request *r)
{
    int option;
    while ((option = cli_option(c)) > 0) {
        if (option == OPT_KEYS) {
            r->keys = cli_option_arg(c);
        } else {
            r->outdir = cli_option_arg(c);
        }
    }
    if (option < 0) {
        return CLI_USAGE;
    }
    r->input = cli_arg(c);
    if (r->keys == NULL) {
        r->keys = r->input != NULL ? cli_arg(c) : NULL;
    }
    r->output = r->input != NULL ? cli_arg(c) : NULL;
    if (r->output == NULL || r->output[0] == '\0' || cli_arg(c) != NULL) {
        return cli_usage(c, "takes an image, a file of keys and an output");
    }
    if (cli_is_stdout(r->output) && bm_port_is_terminal(1)) {
        return cli_usage(c, "the image is binary and does not go to a terminal; name a file");
    }
    const int status = cli_out_path(c, r->path, r->outdir, NULL, r->output);
    return status == CLI_OK ? cli_out_distinct(c, r->path, r->keys) : status;
}

static void no_text(void *ctx, const struct bm_finding *f)
{
    (void)ctx;
    (void)f;
}

/* Wrong keys and plain images have been told before: what is left are damaged entries. */
static int judge(const struct cli_image *image)
{
    struct bm_check_result result;
    bm_check(&image->scan, no_text, NULL, &result);
    if (result.count[BM_ERROR] == 0) {
        return CLI_OK;
    }
    cli_warn("%s is decrypted, but %zu error%s in it; birthmark check --keys tells which",
             image->name, result.count[BM_ERROR], result.count[BM_ERROR] == 1 ? " is" : "s are");
    return CLI_NO;
}

static int decrypt(const struct cli_image *image, const struct request *r)
{
    if (image->scan.seal == BM_SEAL_PLAIN) {
        cli_error("%s is not encrypted; nothing was written", image->name);
        return CLI_INPUT;
    }
    int status = cli_image_need_values(image);
    if (status == CLI_OK) {
        status = cli_out_write(r->path, image->data, image->len);
    }
    return status == CLI_OK ? judge(image) : status;
}

static int run(struct cli *c)
{
    struct request r;
    struct cli_image image;
    memset(&r, 0, sizeof r);
    int status = parse(c, &r);
    if (status != CLI_OK) {
        return status;
    }
    status = cli_image_open(c, &image, r.input, r.keys, 0);
    if (status == CLI_OK) {
        status = decrypt(&image, &r);
    }
    cli_image_close(&image);
    return cli_finish(status);
}

const struct cli_cmd cmd_decrypt = {
    .name = "decrypt",
    .args = "IMAGE KEYS OUTPUT",
    .summary = "decrypt an NVS partition image",
    .about = "Decrypts every entry of an NVS partition image (- for standard input). KEYS is a key "
             "partition, or its first 64 or 68 bytes. OUTPUT is replaced as a whole or not at all, "
             "readable by its owner only; it may be the image itself.\n\n"
             "Keys that do not fit and images that are not encrypted are an error, and nothing is "
             "written. Where single entries are damaged the image is written and the exit status "
             "is 1.\n\n"
             "Most commands read encrypted images as they are: give them --keys instead.",
    .options = options,
    .examples = examples,
    .run = run,
};
