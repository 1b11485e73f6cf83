/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_INPUT_H
#define BM_IMAGE_INPUT_H

/* Rows of CSV texts to items. */

#include "image/generate.h"
#include "image/items.h"
#include "image/wifi.h"

/* The reading of all inputs of one image. */
struct bmi_input {
    struct bmi_items *items;
    struct bm_image_problems *problems;
    const struct bm_image_options *options;
    unsigned version;
    size_t budget; /* most bytes of values */
    int ns;        /* namespace of the next row, or one of the following */
    struct bmi_wifi wifi;
};

enum {
    BMI_NS_NONE = 0, /* none opened yet */
    BMI_NS_BAD = -1  /* the last one was refused: rows are checked, but not kept */
};

/* Reads one CSV text; what is wrong goes to problems.
 * Returns BM_OK (also where problems were found), BM_E_NOSPC (more than the budget; told) or
 * BM_E_NOMEM. */
int bmi_input_read(struct bmi_input *in, const struct bm_image_input *file);

#endif
