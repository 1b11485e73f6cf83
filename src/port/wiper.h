/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_PORT_WIPER_H
#define BM_PORT_WIPER_H

/* A file that must not outlive this program: a second process waits, and overwrites and removes it
 * should this one end before it says so, whatever ends it. */

#include "birthmark/err.h"

/* Zeroed: none. */
struct bm_port_wiper {
    int pid, line; /* private */
};

/* path: as for bm_port_wipe_file(), relative to the folder of now; need not exist yet.
 * Returns BM_OK, or BM_E_IO with diag->os_errno: then nobody watches. Follow with
 * bm_port_wiper_end() once the file is dealt with. */
int bm_port_wiper_start(struct bm_port_wiper *w, const char *path, struct bm_diag *diag);

/* Ends the watch; the file stays as it is. A zeroed one is left alone. */
void bm_port_wiper_end(struct bm_port_wiper *w);

#endif
