/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_PART_APP_VIRTUAL_H
#define BM_PART_APP_VIRTUAL_H

/* Where an app image for the virtual board has its program, which is one of the machine that the
 * board runs on: in the first segment, behind the app description. docs/virtual-firmware.md.
 * Freestanding. */

#define BMI_AV_MAGIC "bm-board" /* 8 bytes, then the program's length in 32 bits */

enum {
    BMI_AV_MAGIC_SIZE = 8,
    BMI_AV_LENGTH = 8,
    BMI_AV_VERSION = 12, /* 32 bits: 1 */
    BMI_AV_HEADER = 16,  /* the program follows */
    BMI_AV_VERSION_1 = 1
};

#endif
