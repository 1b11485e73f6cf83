/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_generate.h"
#include "cli/keys_file.h"
#include "cli/keys_make.h"

static const struct poptOption options[] = {
    CLI_GENERATE_OPTIONS,
    {"keygen", '\0', POPT_ARG_NONE, NULL, CLI_OPT_KEYGEN, "make new keys and keep them in a file",
     NULL},
    CLI_KEYS_MAKE_OPTIONS,
    POPT_TABLEEND,
};

static const struct cli_example examples[] = {
    {"birthmark encrypt nvs.csv certs.bin 0x4000 --inputkey nvs_keys.bin", "with keys that exist"},
    {"birthmark encrypt nvs.csv certs.bin 0x4000 --keygen --keyfile device7.bin",
     "with new ones, in keys/device7.bin"},
    {NULL, NULL},
};

static int run(struct cli *c)
{
    return cli_generate_run(c, 1);
}

const struct cli_cmd cmd_encrypt = {
    .name = "encrypt",
    .args = "INPUT.csv... OUTPUT.bin [SIZE]",
    .summary = "make an encrypted NVS partition image from CSV",
    .about =
        "Makes the image that birthmark generate makes, encrypted for a device with NVS "
        "encryption: "
        "the same bytes as ESP-IDF's nvs_partition_gen with the same keys.\n\n"
        "The keys are those of a key partition (--inputkey), or new ones (--keygen), which come "
        "from the system's random generator and are kept in a file below keys, readable by its "
        "owner only. A key file is never written over, and none is left where the image fails. "
        "The device needs the same keys: in its nvs_keys partition, or, in the HMAC scheme, as an "
        "HMAC key in eFuse.",
    .options = options,
    .examples = examples,
    .run = run,
};
