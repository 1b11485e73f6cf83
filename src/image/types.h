/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_TYPES_H
#define BM_IMAGE_TYPES_H

/* Names of what is in an image, as tables. */

#include <stdint.h>

#include "image/scan.h"

/* Numbers first. */
enum bm_type_class {
    BM_CLASS_UNSIGNED,
    BM_CLASS_SIGNED,
    BM_CLASS_REAL,
    BM_CLASS_STRING,
    BM_CLASS_BLOB, /* a whole value: a blob by its index, or of version 1 */
    BM_CLASS_CHUNK /* part of a value */
};

struct bm_type {
    uint8_t code;
    uint8_t cls;            /* enum bm_type_class */
    const char *name;       /* as shown and, for numbers and strings, as in the generator's CSV */
    const char *value_name; /* name of a whole value of this type */
};

/* The row of a type byte, or NULL for an unknown one. */
const struct bm_type *bmi_type(uint8_t code);

const char *bmi_page_kind_name(const struct bm_page *page);
const char *bmi_row_kind_name(const struct bm_row *row);
const char *bmi_fault_name(uint8_t fault);
const char *bmi_image_kind_name(enum bm_image_kind kind);

#endif
