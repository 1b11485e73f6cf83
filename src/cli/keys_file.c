/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/keys_file.h"

#include <string.h>

#include "base/base.h"
#include "port/file.h"

static const size_t file_max = (size_t)1024 * 1024; /* far more than any key partition */

int cli_keys_read(uint8_t keys[BM_NVS_KEYS_SIZE], const char *path)
{
    struct bm_diag diag;
    uint8_t *data = NULL;
    size_t len = 0;
    memset(&diag, 0, sizeof diag);
    memset(keys, 0, BM_NVS_KEYS_SIZE);
    int rc = bm_port_read(path, file_max, &data, &len, &diag);
    if (rc == BM_OK) {
        rc = bm_nvs_keys_parse(keys, data, len, &diag);
    }
    bm_port_free(data, len);
    return rc == BM_OK ? CLI_OK : cli_fail_input(path, rc, &diag);
}

int cli_keys_open(struct bm_nvs_crypto *crypto, const char *path)
{
    uint8_t keys[BM_NVS_KEYS_SIZE];
    memset(crypto, 0, sizeof *crypto);
    int status = cli_keys_read(keys, path);
    if (status == CLI_OK) {
        const int rc = bm_nvs_crypto_openssl.open(crypto, keys);
        status = rc == BM_OK ? CLI_OK : cli_fail_input(path, rc, NULL);
    }
    bm_wipe(keys, sizeof keys);
    return status;
}

void cli_keys_close(struct bm_nvs_crypto *crypto)
{
    bm_nvs_crypto_openssl.close(crypto);
}
