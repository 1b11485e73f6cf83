/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LINK_RESET_H
#define BM_LINK_RESET_H

/* Reset sequences, as text of steps with '|' between them, the form that esptool's configuration
 * has: D0 D1 (DTR), R0 R1 (RTS), U1,0 (both in one step), W0.1 (wait, in seconds). */

#include <stddef.h>

#include "birthmark/serial.h"

enum { BM_RESET_WAIT_MAX_MS = 10000 };

extern const char bm_reset_classic[];      /* into download mode, one line after the other */
extern const char bm_reset_tight[];        /* both lines at once */
extern const char bm_reset_classic_slow[]; /* for boards whose EN rises slowly */
extern const char bm_reset_tight_slow[];
extern const char bm_reset_usb[]; /* USB-Serial/JTAG */
extern const char bm_reset_run[]; /* out of download mode */

/* BM_OK, or BM_E_ARG and where: the first character that cannot be read. */
int bm_reset_check(const char *sequence, size_t *where);

/* Runs one. BM_OK; BM_E_ARG: cannot be read; BM_E_READONLY: the port has no such lines; BM_E_IO. */
int bm_reset_run_sequence(const char *sequence, const struct bm_serial *serial);

#endif
