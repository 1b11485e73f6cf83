/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BIRTHMARK_ESPIDF_H
#define BIRTHMARK_ESPIDF_H

/* What stands for the partitions, the cryptography and the eFuses of ESP-IDF's API
 * (include/espidf) where there is no ESP32: files on the host, flash regions of the caller, and a
 * library of cryptography. */

#include <stdint.h>

#include "birthmark/err.h"
#include "birthmark/flash.h"

#ifdef __cplusplus
extern "C" {
#endif

struct bm_nvs_crypto_ops; /* birthmark/nvs_crypto.h */

/* Lets a file stand for the partition with this label (1 to 15 bytes). The file is opened now and
 * stays open until bm_espidf_detach(). Where it can be written the partition can, too: the set and
 * erase calls then change the file in place, as they would change a flash. Mounting and reading
 * never do. A file under two labels is an error that is not noticed.
 * Returns BM_OK, BM_E_ARG, BM_E_EXIST (the label is attached), BM_E_IO (errno says why), BM_E_NOSPC
 * (4 GiB or more) or BM_E_NOMEM. */
int bm_espidf_attach(const char *label, const char *image);

/* The same, but the file is never written: NVS_READWRITE gives ESP_ERR_NOT_ALLOWED. */
int bm_espidf_attach_readonly(const char *label, const char *image);

/* The same for a region of the caller, who keeps it until bm_espidf_detach(). It can be written if
 * it has prog and erase. */
int bm_espidf_attach_flash(const char *label, const struct bm_flash *flash);

/* Ends it: unmounts the partition, its handles become invalid. Returns BM_OK or BM_E_NOENT. */
int bm_espidf_detach(const char *label);

/* Sets the library of cryptography for partitions mounted from now on, &bm_nvs_crypto_openssl or
 * one of the caller's; NULL: none, as at the start. Kept, also by what is mounted with it. */
void bm_espidf_set_crypto(const struct bm_nvs_crypto_ops *ops);

/* Puts a key into the stand-in of eFuse block key_id (0 to 5), or takes it out (NULL).
 * key: 32 bytes, copied. Returns BM_OK or BM_E_ARG. */
int bm_espidf_set_hmac_key(unsigned key_id, const uint8_t *key);

#ifdef __cplusplus
}
#endif

#endif
