/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_KEYS_MAKE_H
#define BM_CLI_KEYS_MAKE_H

/* New NVS keys, and the files they go to: below the folder `keys`, as nvs_partition_gen has it. A
 * key file is never written over. */

#include "birthmark/nvs_crypto.h"
#include "cli/cli.h"
#include "cli/out_file.h"

/* val of the options; above those that commands give their own. */
enum {
    CLI_OPT_KEYFILE = 0x100,
    CLI_OPT_HMAC,
    CLI_OPT_HMAC_KEYGEN,
    CLI_OPT_HMAC_KEYFILE,
    CLI_OPT_HMAC_INPUT
};

/* Rows for the option table of a command that makes keys. */
#define CLI_KEYS_MAKE_OPTIONS                                                \
    {"keyfile",       '\0',                                                  \
     POPT_ARG_STRING, NULL,                                                  \
     CLI_OPT_KEYFILE, "name of the new key file (default: keys-DATE.bin)",   \
     "FILE"},                                                                \
        {"key_protect_hmac",                                                 \
         '\0',                                                               \
         POPT_ARG_NONE,                                                      \
         NULL,                                                               \
         CLI_OPT_HMAC,                                                       \
         "HMAC scheme: the NVS keys come from an HMAC key in eFuse",         \
         NULL},                                                              \
        {"kp_hmac_keygen",                                                   \
         '\0',                                                               \
         POPT_ARG_NONE,                                                      \
         NULL,                                                               \
         CLI_OPT_HMAC_KEYGEN,                                                \
         "HMAC scheme: make a new HMAC key, too",                            \
         NULL},                                                              \
        {"kp_hmac_keyfile",                                                  \
         '\0',                                                               \
         POPT_ARG_STRING,                                                    \
         NULL,                                                               \
         CLI_OPT_HMAC_KEYFILE,                                               \
         "name of the new HMAC key file (default: hmac- and the --keyfile)", \
         "FILE"},                                                            \
    {                                                                        \
        "kp_hmac_inputkey", '\0', POPT_ARG_STRING, NULL, CLI_OPT_HMAC_INPUT, \
            "HMAC scheme: take this HMAC key of 32 bytes", "FILE"            \
    }

/* What is asked for, and what came of it. Zero it; give keys_make_close() when done. */
struct cli_keys_make {
    const char *outdir;
    const char *key_name;
    const char *hmac_name;
    const char *hmac_input;
    int hmac;
    int hmac_keygen;
    uint8_t keys[BM_NVS_KEYS_SIZE];
    uint8_t hmac_key[BM_NVS_HMAC_KEY_SIZE];
    char key_path[CLI_PATH_SIZE]; /* "": not written, or taken back */
    char hmac_path[CLI_PATH_SIZE];
};

/* Takes one of the options above; 0 if it is none of them. */
int cli_keys_make_option(struct cli_keys_make *m, int opt, const char *arg);

/* Checks that the options go together. Returns CLI_OK or CLI_USAGE. */
int cli_keys_make_check(struct cli *c, const struct cli_keys_make *m);

/* Makes the keys, in memory. Returns CLI_OK, or the exit status after saying what failed. */
int cli_keys_make(struct cli_keys_make *m);

/* Writes the files. Returns CLI_OK, or the exit status after saying what failed; none is left then.
 */
int cli_keys_make_write(struct cli *c, struct cli_keys_make *m);

/* Removes the files again, because what they were made for failed. */
void cli_keys_make_undo(struct cli_keys_make *m);

/* Says on stderr which files were written. */
void cli_keys_make_report(FILE *to, const struct cli_keys_make *m);

/* Wipes the keys. */
void cli_keys_make_close(struct cli_keys_make *m);

#endif
