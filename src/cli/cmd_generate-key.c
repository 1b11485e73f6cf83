/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/keys_make.h"

enum { OPT_OUTDIR = 1 };

static const struct poptOption options[] = {
    CLI_KEYS_MAKE_OPTIONS,
    {"outdir", '\0', POPT_ARG_STRING, NULL, OPT_OUTDIR, "folder that keys goes below", "DIR"},
    POPT_TABLEEND,
};

static const struct cli_example examples[] = {
    {"birthmark generate-key --keyfile device7.bin", "new keys in keys/device7.bin"},
    {"birthmark generate-key --key_protect_hmac --kp_hmac_inputkey hmac.bin",
     "the NVS keys that belong to an HMAC key"},
    {"birthmark generate-key --key_protect_hmac --kp_hmac_keygen", "both new"},
    {NULL, NULL},
};

static int run(struct cli *c)
{
    struct cli_keys_make make;
    int option;
    memset(&make, 0, sizeof make);
    while ((option = cli_option(c)) > 0) {
        if (option == OPT_OUTDIR) {
            make.outdir = cli_option_arg(c);
        } else {
            (void)cli_keys_make_option(&make, option, cli_option_arg(c));
        }
    }
    int status = option == 0 ? cli_keys_make_check(c, &make) : CLI_USAGE;
    if (status == CLI_OK && cli_arg(c) != NULL) {
        status = cli_usage(c, "takes no arguments; --keyfile names the file");
    }
    if (status == CLI_OK) {
        status = cli_keys_make(&make);
    }
    if (status == CLI_OK) {
        status = cli_keys_make_write(c, &make);
    }
    if (status == CLI_OK) {
        cli_keys_make_report(stdout, &make);
    }
    cli_keys_make_close(&make);
    return cli_finish(status);
}

const struct cli_cmd cmd_generate_key = {
    .name = "generate-key",
    .args = "",
    .summary = "make NVS keys",
    .about = "Makes keys for NVS encryption, from the system's random generator, in a file of 4096 "
             "bytes: the content of the nvs_keys partition. It goes below the folder keys, "
             "readable by its owner only, and is never written over an earlier one.\n\n"
             "In the HMAC scheme the device makes its NVS keys from an HMAC key of 32 bytes in "
             "eFuse, and has no key partition. The key file then is for the tools only; the HMAC "
             "key goes into eFuse.",
    .options = options,
    .examples = examples,
    .run = run,
};
