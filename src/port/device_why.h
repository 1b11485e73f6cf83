/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_PORT_DEVICE_WHY_H
#define BM_PORT_DEVICE_WHY_H

/* Why a serial device cannot be opened, in words that help. Inside src/port only. */

#include "birthmark/err.h"

/* error: errno of the attempt. Returns BM_E_NOENT, BM_E_ARG (no serial device) or BM_E_IO. */
int bmi_device_why(const char *path, int error, struct bm_diag *diag);

#endif
