/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_VALUE_H
#define BM_IMAGE_VALUE_H

/* From the text of a cell (or the bytes of a file) to the value that is stored. */

#include <stddef.h>
#include <stdint.h>

#include "image/arena.h"
#include "image/generate.h"

enum bmi_encoding_kind {
    BMI_ENC_INTEGER,
    BMI_ENC_REAL,
    BMI_ENC_STRING,
    BMI_ENC_BINARY,
    BMI_ENC_HEX,
    BMI_ENC_BASE64,
    BMI_ENC_FILL,
    BMI_ENC_SIZED_FILL
};

/* An encoding as a cell names it. */
struct bmi_encoding {
    const char *name; /* static storage */
    enum bmi_encoding_kind kind;
    uint8_t type;       /* enum bm_nvs_type */
    uint8_t fill_byte;  /* blob_fill, blob_sz_fill */
    uint64_t fill_size; /* the same, bytes */
};

enum { BMI_WHY_SIZE = 256 };

/* Puts a reason into why (BMI_WHY_SIZE bytes) and returns BM_E_INPUT. */
int bmi_why(char *why, const char *text);

/* A cell that should hold one of the names (they end with NULL). quote: 0 if messages must not show
 * it, as where the key says that its value is a secret: it may be a value in a wrong column. */
struct bmi_word {
    const char *what; /* "type", "encoding" */
    const char *text;
    size_t len;
    int quote;
};

/* Says that it holds none of them, and what is meant or helps. Even where it may be quoted, it is
 * so only if it looks like a mistyped name. Returns BM_E_INPUT. */
int bmi_unknown_word(char *why, const struct bmi_word *word, const char *const *names,
                     const char *remedy);

/* Reads the name of an encoding, case not counted: len bytes.
 * why: BMI_WHY_SIZE bytes, gets "reason; remedy" on BM_E_INPUT.
 * Returns BM_OK, BM_E_INPUT, or BM_E_NOENT (no such name; see bmi_encoding_unknown()). */
int bmi_encoding_parse(struct bmi_encoding *out, const char *text, size_t len, char *why);

/* Says that there is no such encoding. quote, why and return as in bmi_unknown_word(). */
int bmi_encoding_unknown(char *why, const char *text, size_t len, int quote);

/* Bytes a value of this encoding may have, a string's NUL included. */
uint32_t bmi_value_max(const struct bmi_encoding *enc, unsigned version);

/* Makes a value: sets type, size, and bits or data of item.
 * in: len bytes. arena: keeps the data. why: as above.
 * Returns BM_OK, BM_E_INPUT or BM_E_NOMEM. */
int bmi_value_make(struct bm_image_item *item, const struct bmi_encoding *enc, unsigned version,
                   const char *in, size_t len, struct bmi_arena *arena, char *why);

#endif
