/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BIRTHMARK_ESPIDF_H
#define BIRTHMARK_ESPIDF_H

/* What stands for the partitions of ESP-IDF's API (include/espidf) where there is no partition
 * table: files on the host, or flash regions of the caller. */

#include "birthmark/err.h"
#include "birthmark/flash.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Lets a file stand for the partition with this label (1 to 15 bytes), read-only. The file is
 * opened now and stays open until bm_espidf_detach(). Returns BM_OK, BM_E_ARG, BM_E_EXIST (the
 * label is attached), BM_E_IO (errno says why), BM_E_NOSPC (4 GiB or more) or BM_E_NOMEM. */
int bm_espidf_attach(const char *label, const char *image);

/* The same for a region of the caller, who keeps it until bm_espidf_detach(). */
int bm_espidf_attach_flash(const char *label, const struct bm_flash *flash);

/* Ends it: unmounts the partition, its handles become invalid. Returns BM_OK or BM_E_NOENT. */
int bm_espidf_detach(const char *label);

#ifdef __cplusplus
}
#endif

#endif
