/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_KEYS_FILE_H
#define BM_CLI_KEYS_FILE_H

/* The NVS keys that a command was given. */

#include "birthmark/nvs_crypto.h"
#include "cli/cli.h"

/* Rows for the option table of a command that takes keys; both return val. */
#define CLI_KEYS_OPTIONS(val)                                                                      \
    {"keys", '\0', POPT_ARG_STRING,                                                                \
     NULL,   val,  "NVS keys of an encrypted image: a key partition, or its first 64 or 68 bytes", \
     "FILE"},                                                                                      \
    {                                                                                              \
        "inputkey", '\0', POPT_ARG_STRING, NULL, val, "the same as --keys", "FILE"                 \
    }

/* Reads a file of keys ("-" for standard input), checks it, and wipes what was read.
 * crypto: filled on CLI_OK, else zeroed; release with cli_keys_close() in either case. Returns
 * CLI_OK, or the exit status after saying what is wrong. */
int cli_keys_open(struct bm_nvs_crypto *crypto, const char *path);
void cli_keys_close(struct bm_nvs_crypto *crypto);

/* Only the keys, into memory that the caller wipes. */
int cli_keys_read(uint8_t keys[BM_NVS_KEYS_SIZE], const char *path);

#endif
