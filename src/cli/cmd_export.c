/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/image_file.h"
#include "cli/keys_file.h"
#include "cli/out_file.h"
#include "image/dump.h"
#include "port/file.h"

enum { OPT_OUTPUT = 1, OPT_SECRETS, OPT_KEYS, PRIVATE_MODE = 0600 };

static const struct poptOption options[] = {
    {"output", 'o', POPT_ARG_STRING, NULL, OPT_OUTPUT, "where the CSV goes", "FILE"},
    {"show-secrets", '\0', POPT_ARG_NONE, NULL, OPT_SECRETS, "private keys and passwords, too",
     NULL},
    CLI_KEYS_OPTIONS(OPT_KEYS),
    POPT_TABLEEND,
};

static const struct cli_example examples[] = {
    {"birthmark export settings.bin", "what is in it, as CSV"},
    {"birthmark export identity.bin --show-secrets -o identity.csv", "all of it, into a file"},
    {NULL, NULL},
};

static void warn(void *ctx, const char *text)
{
    const struct cli_image *image = ctx;
    cli_warn("%s: %s", image->name, text);
}

static int verdict(const struct bm_dump_result *r)
{
    if (r->redacted > 0) {
        (void)fprintf(
            stderr, "birthmark: %zu secret value%s left out of the CSV; --show-secrets has them\n",
            r->redacted, r->redacted == 1 ? "" : "s");
    }
    return r->left_out > 0 || r->redacted > 0 ? CLI_NO : CLI_OK;
}

/* Into memory first: a file is there as a whole or not at all. */
static int put_file(const struct cli_image *image, struct bm_dump_opts *o, const char *output,
                    struct bm_dump_result *result)
{
    struct bm_diag diag;
    uint8_t *text;
    size_t len;
    memset(&diag, 0, sizeof diag);
    FILE *to = bm_port_memory(&text, &len);
    int rc = to != NULL ? bm_dump(&image->scan, o, to, result) : BM_E_NOMEM;
    if (to != NULL && fclose(to) != 0 && rc == BM_OK) {
        rc = BM_E_NOMEM;
    }
    if (rc == BM_OK) {
        rc = bm_port_write(output, text, len, PRIVATE_MODE, &diag);
    }
    bm_port_free(text, len);
    return rc == BM_OK ? CLI_OK : cli_fail(output, rc, &diag);
}

/* What the options ask for. */
struct wish {
    struct cli *c;
    const char *output; /* NULL: standard output */
    int reveal;
};

static int put(const struct cli_image *image, void *ctx)
{
    const struct wish *wish = ctx;
    if (wish->output != NULL && cli_out_distinct(wish->c, wish->output, image->path) != CLI_OK) {
        return CLI_USAGE;
    }
    struct bm_dump_opts o = {.format = BM_DUMP_CSV,
                             .name = image->name,
                             .reveal = wish->reveal,
                             .warn = warn,
                             .ctx = (void *)image};
    struct bm_dump_result result = {0, 0, 0};
    int status = cli_image_need_values(image);
    if (status != CLI_OK) {
        return status;
    }
    if (wish->output != NULL) {
        status = put_file(image, &o, wish->output, &result);
    } else if (bm_dump(&image->scan, &o, stdout, &result) == BM_E_NOMEM) {
        status = cli_fail(image->name, BM_E_NOMEM, NULL);
    }
    return status == CLI_OK ? verdict(&result) : status;
}

static int run(struct cli *c)
{
    struct wish wish = {c, NULL, 0};
    const char *keys = NULL;
    int option;
    while ((option = cli_option(c)) > 0) {
        switch (option) {
        case OPT_OUTPUT: wish.output = cli_option_arg(c); break;
        case OPT_KEYS: keys = cli_option_arg(c); break;
        default: wish.reveal = 1; break;
        }
    }
    if (option < 0 || (wish.output != NULL && cli_out_distinct(c, wish.output, keys) != CLI_OK)) {
        return CLI_USAGE;
    }
    return cli_image_use(c, keys, put, &wish);
}

const struct cli_cmd cmd_export = {
    .name = "export",
    .args = "IMAGE",
    .summary = "write the values of an NVS image as CSV",
    .about =
        "Writes the CSV that birthmark generate and birthmark import read, to standard output "
        "or a file that its owner alone may read: the same as birthmark dump --format csv. "
        "IMAGE is a file, or - for standard input.\n\n"
        "Private keys and passwords, unless --show-secrets is given, and values that CSV cannot "
        "carry become comment lines, and the exit status is 1.",
    .options = options,
    .examples = examples,
    .run = run,
    .board = CLI_BOARD_READ,
};
