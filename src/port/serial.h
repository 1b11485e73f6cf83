/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_PORT_SERIAL_H
#define BM_PORT_SERIAL_H

/* Serial lines of this machine, behind struct bm_serial. */

#include "birthmark/err.h"
#include "birthmark/serial.h"

/* Opens a port for this process alone, 8N1, raw. Lines and what was received before are left alone
 * as far as the system lets them (Linux asserts both lines when a device is opened).
 * name: a device (/dev/ttyUSB0, COM3), socket://HOST:PORT (bytes only), or
 *   rfc2217://HOST:PORT[?timeout=SECONDS][&ign_set_control] (baud and lines, too).
 * baud: 0 for 115200.
 * Returns BM_OK (close with bm_port_serial_close()); BM_E_ARG (a name of no such form, a speed that
 * cannot be set); BM_E_NOENT (no such port, host not known); BM_E_IO (in use, no permission,
 * refused); BM_E_TIMEOUT (host does not answer); BM_E_PROTO (no RFC 2217 there); BM_E_NOMEM. diag
 * says it in words: who holds the port, which group may use it, which ports there are. */
int bm_port_serial_open(struct bm_serial *out, const char *name, uint32_t baud,
                        struct bm_diag *diag);

/* Closes what bm_port_serial_open() opened and zeroes it; a zeroed one is left alone. */
void bm_port_serial_close(struct bm_serial *serial);

#endif
