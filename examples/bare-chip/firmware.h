/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FIRMWARE_H
#define FIRMWARE_H

/* The firmware itself: nothing in it knows the chip. */

#include "birthmark/part.h"
#include "chip.h"

/* What a boot found. The memory is the caller's, because a stack is small. */
struct firmware {
    const struct chip *chip;
    const char *version;
    struct bm_part_table table;
    const struct bm_part *slot;    /* the partition that this image runs from; NULL: unknown */
    const struct bm_part *otadata; /* NULL: none */
    unsigned slots;                /* OTA slots of the table */
    int nvs_works;                 /* an NVS partition could be written */
};

/* Finds the partitions, reads the identity, counts the boot, and marks the image valid; says all of
 * it on the serial line.
 * out: filled. version: of this image; both pointers are kept. */
void firmware_boot(struct firmware *out, const struct chip *chip, const char *version);

/* Waits for a line on the serial line; once it is there, makes the other slot boot next and
 * restarts. Where that cannot be done it says why, and returns. */
void firmware_wait(struct firmware *f);

#endif
