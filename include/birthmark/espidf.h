/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BIRTHMARK_ESPIDF_H
#define BIRTHMARK_ESPIDF_H

/* What stands for the partitions, the cryptography and the eFuses of ESP-IDF's API
 * (include/espidf) where there is no ESP32: files on the host, flash regions of the caller, and a
 * library of cryptography. */

#include <stdint.h>

#include "birthmark/err.h"
#include "birthmark/flash.h"
#include "birthmark/hash.h"
#include "birthmark/update.h"

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

/* Ends it: unmounts the partition, its handles become invalid. Returns BM_OK or BM_E_NOENT (also
 * for a partition of bm_espidf_attach_chip()). */
int bm_espidf_detach(const char *label);

/* A whole chip: its flash with a partition table, and how its firmware was configured. */
struct bm_espidf_chip {
    const struct bm_flash *flash; /* kept until bm_espidf_detach_chip() */
    uint32_t table_offset;        /* of the partition table; 0: BM_PART_TABLE_OFFSET */
    const struct bm_hash *md5;    /* checks the table; NULL: not checked */
    const struct bm_hash *sha256; /* checks images, kept; NULL: only their checksums count */
    const char *running;          /* label of the app that runs; NULL: the one that the bootloader
                                     would start now */
    uint16_t chip_id;             /* images for another chip (birthmark/app.h) are refused;
                                     BM_UPDATE_ANY_CHIP: none */
    uint8_t rollback;             /* CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE */
    uint8_t encrypted;            /* flash encryption is on: programs are of whole 16 bytes. What
                                     encrypts is below the region */
    uint32_t *secure_version;     /* what the eFuses hold, kept, may be raised;
                                     NULL: no anti-rollback */
    void (*restart)(void *ctx);   /* for esp_restart(), called without the lock; NULL: abort() */
    void *restart_ctx;
};

/* Attaches all partitions of a chip's table, for esp_partition.h, esp_ota_ops.h and, those of type
 * NVS, for nvs_flash.h. One chip at a time. Nothing is written.
 * chip: copied, but for what is to be kept. diag: may be NULL.
 * Returns BM_OK, BM_E_ARG, BM_E_EXIST (a chip is attached, or a label of the table is),
 * BM_E_CORRUPT (the table), BM_E_NOSPC (a partition does not lie within the flash), BM_E_NOENT (no
 * app of that label), BM_E_NOMEM or BM_E_IO. */
int bm_espidf_attach_chip(const struct bm_espidf_chip *chip, struct bm_diag *diag);

/* Ends it: unmounts its partitions; handles of NVS and of updates become invalid.
 * Returns BM_OK or BM_E_NOENT. */
int bm_espidf_detach_chip(void);

/* What ESP-IDF's bootloader does at a start: decides (birthmark/boot.h), with its writes to
 * otadata. chip: as above; running is not used. label: of the app that starts, BM_PART_LABEL_SIZE
 * bytes. Returns BM_OK, BM_E_NOENT (no app starts), or as bm_espidf_attach_chip(). */
int bm_espidf_boot(const struct bm_espidf_chip *chip, char *label, struct bm_diag *diag);

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
