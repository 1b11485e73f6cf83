/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/image_file.h"
#include "cli/keys_file.h"
#include "image/check.h"

enum { OPT_JSON = 1, OPT_KEYS };

static const struct poptOption options[] = {
    {"json", '\0', POPT_ARG_NONE, NULL, OPT_JSON, "print the findings as JSON, all of them", NULL},
    CLI_KEYS_OPTIONS(OPT_KEYS),
    POPT_TABLEEND,
};

static const struct cli_example examples[] = {
    {"birthmark check identity.bin", "what is wrong with it, if anything"},
    {"birthmark check identity.bin --json > findings.json", "the same for a program"},
    {"birthmark check sealed.bin --keys nvs_keys.bin", "of an encrypted image"},
    {NULL, NULL},
};

static int check(const struct cli_image *image, void *ctx)
{
    struct bm_check_opts *o = ctx;
    struct bm_check_result result;
    memset(&result, 0, sizeof result);
    o->name = image->name;
    o->color = cli_color(stdout);
    const int rc = bm_check_report(&image->scan, o, stdout, &result);
    if (rc == BM_E_NOMEM) {
        return cli_fail(image->name, rc, NULL);
    }
    return result.count[BM_ERROR] + result.count[BM_WARNING] > 0 ? CLI_NO : CLI_OK;
}

static int run(struct cli *c)
{
    struct bm_check_opts o;
    const char *keys = NULL;
    int opt;
    memset(&o, 0, sizeof o);
    while ((opt = cli_option(c)) > 0) {
        if (opt == OPT_KEYS) {
            keys = cli_option_arg(c);
        } else {
            o.json = 1;
        }
    }
    return opt < 0 ? CLI_USAGE : cli_image_use(c, keys, check, &o);
}

const struct cli_cmd cmd_check = {
    .name = "check",
    .args = "IMAGE",
    .summary = "find everything that is wrong with an NVS image",
    .about = "Checks an NVS partition image (- for standard input): headers, checksums, states, "
             "spans, keys that are there twice, blobs that lack chunks, namespaces without a name, "
             "and keys that ESP-IDF's library would confuse. Each finding says where it is, what a "
             "device does with it, and what helps; docs/check.md has them all.\n\n"
             "With --keys the entries of an encrypted image are checked too; keys that do not fit "
             "are a finding.\n\n"
             "The exit status is 1 if there are errors or warnings; notes alone leave it at 0.",
    .options = options,
    .examples = examples,
    .run = run,
    .board = CLI_BOARD_READ,
};
