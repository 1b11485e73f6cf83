/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHIP_H
#define CHIP_H

/* What the firmware needs of a chip. On hardware there is one, made by chip_esp32.c or
 * chip_esp32c3.c; the tests on a host make their own. */

#include <stdint.h>

#include "birthmark/flash.h"

struct chip {
    const char *name;
    uint16_t id;           /* as in the header of its app images */
    struct bm_flash flash; /* the whole of it */
    void (*put)(char c);   /* writes to the serial line, waits for room */
    int (*get)(void);      /* the next byte from the serial line; -1: none is there */
    /* Where in flash the running image is mapped from, a multiple of 64 KB. */
    uint32_t (*running)(void);
    void (*pause)(void);   /* a few milliseconds: several bytes at 115200 baud */
    void (*restart)(void); /* once the serial line is empty; does not return on hardware */
};

#endif
