/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_PORT_PORTS_H
#define BM_PORT_PORTS_H

/* The serial ports of this machine. */

#include <stddef.h>

#include "birthmark/err.h"

/* Texts are "" where the system does not know them. */
struct bm_port {
    char name[64]; /* /dev/ttyUSB0 */
    int usb;       /* 1: the fields below are the USB device's */
    unsigned vid, pid;
    char product[64];
    char serial[64];
    char by_id[256];    /* a name that stays with the device: /dev/serial/by-id/... */
    char by_path[256];  /* a name that stays with the socket it is plugged into */
    const char *bridge; /* what it is, in words: "CP210x bridge"; NULL: nobody knows */
    const char *chip;   /* the chips it can be, where the ids tell: "ESP32-S2"; or NULL */
};

/* All ports, those with USB ids first, by name. Free *out with free(). Returns BM_OK, BM_E_NOMEM or
 * BM_E_IO. */
int bm_port_list(struct bm_port **out, size_t *count, struct bm_diag *diag);

#endif
