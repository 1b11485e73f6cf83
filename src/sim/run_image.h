/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_SIM_RUN_IMAGE_H
#define BM_SIM_RUN_IMAGE_H

/* The program of this machine that an app image for the virtual board holds (part/app_virtual.h has
 * the bytes). */

#include <stdint.h>

#include "birthmark/app.h"

enum bm_sim_image_kind { BM_SIM_IMAGE_ELF = 0, BM_SIM_IMAGE_SCRIPT };

struct bm_sim_image {
    uint32_t off; /* of the program, from the start of the image */
    uint32_t size;
    enum bm_sim_image_kind kind;
    uint16_t machine; /* of an ELF file: e_machine */
};

/* Finds it. image: where the image begins in flash; app: its headers.
 * Returns BM_OK, BM_E_TYPE (code for a real chip), BM_E_CORRUPT (marked as one, but no program), or
 * BM_E_IO, with words. */
int bm_sim_image_find(struct bm_sim_image *out, const struct bm_flash *flash, uint32_t image,
                      const struct bm_app *app, struct bm_diag *diag);

/* "x86-64", "AArch64", ...; NULL if unknown. */
const char *bm_sim_image_machine(uint16_t machine);

#endif
