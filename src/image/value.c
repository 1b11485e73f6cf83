/* SPDX-License-Identifier: Apache-2.0 */
#include "image/value.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/le.h"
#include "image/base64.h"
#include "image/number.h"
#include "image/suggest.h"
#include "image/utf8.h"
#include "image/word.h"
#include "nvs/fmt.h"

enum { SIZE_FIELD = 4, WORD_MAX = 10 };

static const struct bmi_encoding encodings[] = {
    {"u8", BMI_ENC_INTEGER, BM_NVS_U8, 0, 0},
    {"i8", BMI_ENC_INTEGER, BM_NVS_I8, 0, 0},
    {"u16", BMI_ENC_INTEGER, BM_NVS_U16, 0, 0},
    {"i16", BMI_ENC_INTEGER, BM_NVS_I16, 0, 0},
    {"u32", BMI_ENC_INTEGER, BM_NVS_U32, 0, 0},
    {"i32", BMI_ENC_INTEGER, BM_NVS_I32, 0, 0},
    {"u64", BMI_ENC_INTEGER, BM_NVS_U64, 0, 0},
    {"i64", BMI_ENC_INTEGER, BM_NVS_I64, 0, 0},
    {"float", BMI_ENC_REAL, BM_NVS_FLOAT, 0, 0},
    {"double", BMI_ENC_REAL, BM_NVS_DOUBLE, 0, 0},
    {"string", BMI_ENC_STRING, BM_NVS_STR, 0, 0},
    {"binary", BMI_ENC_BINARY, BM_NVS_BLOB, 0, 0},
    {"hex2bin", BMI_ENC_HEX, BM_NVS_BLOB, 0, 0},
    {"base64", BMI_ENC_BASE64, BM_NVS_BLOB, 0, 0},
    {"blob_fill", BMI_ENC_FILL, BM_NVS_BLOB, 0, 0},
    {"blob_sz_fill", BMI_ENC_SIZED_FILL, BM_NVS_BLOB, 0, 0},
};

enum { ENCODINGS = sizeof encodings / sizeof encodings[0] };

int bmi_why(char *why, const char *text)
{
    snprintf(why, BMI_WHY_SIZE, "%s", text);
    return BM_E_INPUT;
}

/* "(N;0xHH)" and nothing behind it. */
static int parse_fill(struct bmi_encoding *out, const char *p, const char *end)
{
    uint64_t n = 0;
    if (p == end || *p++ != '(' || p == end || !isdigit((unsigned char)*p)) {
        return BM_E_INPUT;
    }
    for (; p < end && isdigit((unsigned char)*p); p++) {
        n = n > UINT32_MAX ? n : n * 10 + (unsigned)(*p - '0'); /* over 4 GiB is all one */
    }
    if (end - p != 6 || memcmp(p, ";0", 2) != 0 || (p[2] != 'x' && p[2] != 'X') || p[5] != ')' ||
        bm_hex_digit(p[3]) < 0 || bm_hex_digit(p[4]) < 0) {
        return BM_E_INPUT;
    }
    out->fill_size = n;
    out->fill_byte = (uint8_t)(bm_hex_digit(p[3]) << 4 | bm_hex_digit(p[4]));
    return BM_OK;
}

/* What may be quoted of a cell that should hold a name: people put values into wrong columns. */
static int is_plain_word(const char *text, size_t len)
{
    size_t i = 0;
    while (i < len && (isalnum((unsigned char)text[i]) || text[i] == '_')) {
        i++;
    }
    return i == len && len <= WORD_MAX && isalpha((unsigned char)text[0]);
}

int bmi_unknown_word(char *why, const struct bmi_word *word, const char *const *names,
                     const char *remedy)
{
    const char *near = bmi_suggest(word->text, word->len, names);
    const int quote = word->quote && (near != NULL || is_plain_word(word->text, word->len));
    char start[64];
    if (quote) {
        snprintf(start, sizeof start, "unknown %s '%.*s'", word->what, (int)word->len, word->text);
    } else {
        snprintf(start, sizeof start, "what stands in this column is no %s", word->what);
    }
    if (near != NULL) {
        snprintf(why, BMI_WHY_SIZE, "%s; did you mean '%s'?", start, near);
    } else {
        snprintf(why, BMI_WHY_SIZE, "%s; %s", start, remedy);
    }
    return BM_E_INPUT;
}

int bmi_encoding_unknown(char *why, const char *text, size_t len, int quote)
{
    const char *bracket = memchr(text, '(', len);
    const struct bmi_word word = {"encoding", text,
                                  bracket != NULL ? (size_t)(bracket - text) : len, quote};
    const char *names[ENCODINGS + 1] = {NULL};
    for (size_t i = 0; i < ENCODINGS; i++) {
        names[i] = encodings[i].name;
    }
    return bmi_unknown_word(why, &word, names,
                            "use u8 to i64, string, binary, hex2bin, base64, blob_fill(N;0xHH), "
                            "blob_sz_fill(N;0xHH), float or double");
}

int bmi_encoding_parse(struct bmi_encoding *out, const char *text, size_t len, char *why)
{
    if (len == 0) {
        return bmi_why(why, "the encoding is empty; write string, u32, hex2bin or another one");
    }
    const char *bracket = memchr(text, '(', len);
    const size_t word = bracket != NULL ? (size_t)(bracket - text) : len;
    size_t i = 0;
    while (i < ENCODINGS && !bmi_is_word(text, word, encodings[i].name)) {
        i++;
    }
    if (i == ENCODINGS) {
        return BM_E_NOENT;
    }
    *out = encodings[i];
    const int fills = out->kind == BMI_ENC_FILL || out->kind == BMI_ENC_SIZED_FILL;
    if (fills && parse_fill(out, text + word, text + len) != BM_OK) {
        snprintf(why, BMI_WHY_SIZE, "write this encoding as %s(N;0xHH): N bytes, filled up with HH",
                 out->name);
        return BM_E_INPUT;
    }
    if (!fills && bracket != NULL) {
        snprintf(why, BMI_WHY_SIZE, "the encoding %s has no brackets; remove them", out->name);
        return BM_E_INPUT;
    }
    return BM_OK;
}

uint32_t bmi_value_max(const struct bmi_encoding *enc, unsigned version)
{
    if (version == 1) {
        return BMI_V1_DATA_MAX;
    }
    return enc->kind == BMI_ENC_STRING ? BMI_DATA_MAX : BMI_BLOB_CHUNKS_MAX * BMI_DATA_MAX;
}

static int too_long(const struct bmi_encoding *enc, unsigned version, uint64_t size, char *why)
{
    const uint32_t max = bmi_value_max(enc, version);
    const char *remedy = version == 1 ? "use --version 2, or shorten it"
                         : enc->kind == BMI_ENC_STRING
                             ? "store it as a blob (binary), or shorten it"
                             : "shorten it, or split it over several keys";
    if (size > UINT32_MAX) { /* not counted further */
        snprintf(why, BMI_WHY_SIZE, "the value takes over 4 GiB, %u bytes are the most; %s", max,
                 remedy);
    } else {
        snprintf(why, BMI_WHY_SIZE, "the value takes %u bytes%s, %u are the most; %s",
                 (unsigned)size, enc->kind == BMI_ENC_STRING ? " with its NUL" : "", max, remedy);
    }
    return BM_E_INPUT;
}

static int make_string(struct bm_image_item *item, const char *in, size_t len,
                       struct bmi_arena *arena, char *why)
{
    if (memchr(in, '\0', len) != NULL) {
        return bmi_why(why, "the text has a NUL byte, where a device would end it; use binary");
    }
    if (bmi_utf8_good((const uint8_t *)in, len) != len) {
        return bmi_why(why, "the text is not UTF-8; use binary, or convert it");
    }
    item->size = (uint32_t)len + 1;
    uint8_t *data = bmi_arena_alloc(arena, len + 1);
    if (data == NULL) {
        return BM_E_NOMEM;
    }
    memcpy(data, in, len);
    data[len] = '\0';
    item->data = data;
    return BM_OK;
}

static int make_hex(struct bm_image_item *item, const char *in, size_t len, struct bmi_arena *arena,
                    char *why)
{
    for (size_t i = 0; i < len; i++) {
        if (bm_hex_digit(in[i]) < 0) {
            snprintf(why, BMI_WHY_SIZE,
                     "character %zu is not a hex digit; write hex digits without blanks", i + 1);
            return BM_E_INPUT;
        }
    }
    if (len % 2 != 0) {
        return bmi_why(why, "the number of hex digits is odd; write two for each byte");
    }
    uint8_t *data = bmi_arena_alloc(arena, len / 2);
    if (data == NULL) {
        return BM_E_NOMEM;
    }
    for (size_t i = 0; i < len / 2; i++) {
        data[i] = (uint8_t)(bm_hex_digit(in[2 * i]) << 4 | bm_hex_digit(in[2 * i + 1]));
    }
    item->data = data;
    item->size = (uint32_t)(len / 2);
    return BM_OK;
}

static int make_base64(struct bm_image_item *item, const char *in, size_t len,
                       struct bmi_arena *arena, char *why)
{
    size_t n = 0;
    uint8_t *data = bmi_arena_alloc(arena, len / 4 * 3 + 3);
    if (data == NULL) {
        return BM_E_NOMEM;
    }
    const int rc = bmi_base64_decode(data, &n, in, len, why);
    item->data = data;
    item->size = (uint32_t)n;
    return rc;
}

static int make_fill(struct bm_image_item *item, const struct bmi_encoding *enc, const char *in,
                     size_t len, struct bmi_arena *arena, char *why)
{
    const size_t head = enc->kind == BMI_ENC_SIZED_FILL ? SIZE_FIELD : 0;
    if (len > enc->fill_size) {
        const unsigned room = (unsigned)enc->fill_size;
        snprintf(why, BMI_WHY_SIZE, "the value has %zu bytes, %s(%u;...) has room for %u", len,
                 enc->name, room, room);
        return BM_E_INPUT;
    }
    uint8_t *data = bmi_arena_alloc(arena, head + enc->fill_size);
    if (data == NULL) {
        return BM_E_NOMEM;
    }
    if (head > 0) {
        bm_put_le32(data, (uint32_t)len);
    }
    memcpy(data + head, in, len);
    memset(data + head + len, enc->fill_byte, enc->fill_size - len);
    item->data = data;
    item->size = (uint32_t)(head + enc->fill_size);
    return BM_OK;
}

/* Bytes that the value will take at most, known before any is made. */
static uint64_t size_ahead(const struct bmi_encoding *enc, const char *in, size_t len)
{
    size_t digits = 0;
    switch (enc->kind) {
    case BMI_ENC_STRING: return (uint64_t)len + 1;
    case BMI_ENC_BINARY: return len;
    case BMI_ENC_HEX: return len / 2;
    case BMI_ENC_FILL: return enc->fill_size;
    case BMI_ENC_SIZED_FILL: return enc->fill_size + SIZE_FIELD;
    case BMI_ENC_BASE64:
        for (size_t i = 0; i < len; i++) {
            digits += bm_base64_digit(in[i]) >= 0;
        }
        return digits * 3 / 4;
    case BMI_ENC_INTEGER:
    case BMI_ENC_REAL:
    default: return 0;
    }
}

int bmi_value_make(struct bm_image_item *item, const struct bmi_encoding *enc, unsigned version,
                   const char *in, size_t len, struct bmi_arena *arena, char *why)
{
    if (enc->kind <= BMI_ENC_REAL || enc->kind == BMI_ENC_HEX) {
        const struct bmi_slice bare = bmi_trim(in, len);
        in = bare.p;
        len = bare.len;
    }
    item->type = enc->type;
    item->data = NULL;
    item->bits = 0;
    item->size = bmi_type_width(enc->type);
    const uint64_t ahead = size_ahead(enc, in, len);
    if (ahead > bmi_value_max(enc, version)) {
        return too_long(enc, version, ahead, why);
    }
    switch (enc->kind) {
    case BMI_ENC_INTEGER:
        return bmi_integer_parse(&item->bits, (enum bm_nvs_type)enc->type, in, len, why);
    case BMI_ENC_REAL:
        return bmi_real_parse(&item->bits, (enum bm_nvs_type)enc->type, in, len, why);
    case BMI_ENC_STRING: return make_string(item, in, len, arena, why);
    case BMI_ENC_HEX: return make_hex(item, in, len, arena, why);
    case BMI_ENC_BASE64: return make_base64(item, in, len, arena, why);
    case BMI_ENC_FILL:
    case BMI_ENC_SIZED_FILL: return make_fill(item, enc, in, len, arena, why);
    case BMI_ENC_BINARY:
    default: break;
    }
    item->size = (uint32_t)len;
    item->data = bmi_arena_copy(arena, in, len);
    return item->data == NULL ? BM_E_NOMEM : BM_OK;
}
