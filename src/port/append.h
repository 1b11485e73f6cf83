/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_PORT_APPEND_H
#define BM_PORT_APPEND_H

/* A file that only grows: what was written before stays, whatever happens. */

#include <stddef.h>

#include "birthmark/err.h"

struct bm_append {
    int fd; /* -1: not open */
};

/* Opens it, or makes it (mode 0644). Returns BM_OK or BM_E_IO with diag->os_errno. */
int bm_port_append_open(struct bm_append *a, const char *path, struct bm_diag *diag);

/* Hands all bytes to the system at once: they outlive a crash of this program. */
int bm_port_append(const struct bm_append *a, const void *data, size_t len, struct bm_diag *diag);

/* Brings all to the disk and closes; one that is not open is left alone. */
int bm_port_append_close(struct bm_append *a, struct bm_diag *diag);

#endif
