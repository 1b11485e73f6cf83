/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/part_line.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "image/word.h"

enum { VARIABLE_MAX = 64 };

void bm_part_line_tell(const struct bm_part_line *line, enum bm_image_level level, uint32_t column,
                       const char *format, ...)
{
    char text[320];
    struct bm_image_place place = line->place;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    place.column = column;
    bmi_problem_add(line->problems, level, &place, NULL, 0, "%s", text);
}

static int is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static int is_name(char c)
{
    return is_name_start(c) || (c >= '0' && c <= '9');
}

/* Bytes of "$NAME" or "${NAME}" here, 0 where there is none. */
static size_t variable_at(const char *text, size_t len, struct bmi_slice *name)
{
    const size_t brace = len > 1 && text[1] == '{' ? 1 : 0;
    size_t n = 1 + brace;
    if (len == 0 || text[0] != '$' || n >= len || !is_name_start(text[n])) {
        return 0;
    }
    name->p = text + n;
    while (n < len && is_name(text[n])) {
        n++;
    }
    name->len = (size_t)(text + n - name->p);
    if (brace == 0) {
        return n;
    }
    return n < len && text[n] == '}' ? n + 1 : 0;
}

static int put(struct bm_part_line *out, const char *text, size_t len, uint32_t column)
{
    if (len >= BM_PART_LINE_MAX - out->len) {
        bm_part_line_tell(out, BM_IMAGE_ERROR, 0, "the line is longer than %d bytes",
                          BM_PART_LINE_MAX - 1);
        return 0;
    }
    for (size_t i = 0; i < len; i++) {
        out->text[out->len] = text[i];
        out->column[out->len++] = column;
    }
    return 1;
}

static int put_variable(struct bm_part_line *out, const struct bmi_slice *name, uint32_t column,
                        const struct bm_table_options *o)
{
    char buf[VARIABLE_MAX];
    const char *value = NULL;
    if (name->len < sizeof buf && o->variable != NULL) {
        memcpy(buf, name->p, name->len);
        buf[name->len] = '\0';
        value = o->variable(o->ctx, buf);
    }
    if (value == NULL) {
        bm_part_line_tell(out, BM_IMAGE_ERROR, column,
                          "there is no environment variable %.*s; set it, or write the value here",
                          (int)name->len, name->p);
        return 0;
    }
    if (strpbrk(value, "\r\n") != NULL) {
        bm_part_line_tell(out, BM_IMAGE_ERROR, column,
                          "the environment variable %.*s holds more than one line", (int)name->len,
                          name->p);
        return 0;
    }
    return put(out, value, strlen(value), column);
}

/* Copies the line up to a comment behind it, with the values of variables. A '#' in the first field
 * is part of the name: the reference tool takes it so. */
static int expand(struct bm_part_line *out, const char *text, size_t len,
                  const struct bm_table_options *o)
{
    uint32_t column = 1;
    int comma = 0;
    for (size_t i = 0; i < len && !(comma && text[i] == '#');) {
        struct bmi_slice name;
        const size_t n = variable_at(text + i, len - i, &name);
        if (!(n > 0 ? put_variable(out, &name, column, o) : put(out, text + i, 1, column))) {
            return 0;
        }
        comma = comma || text[i] == ',';
        for (const size_t end = i + (n > 0 ? n : 1); i < end; i++) {
            /* the bytes that follow in a character of UTF-8 take no column */
            column += i + 1 >= len || ((unsigned char)text[i + 1] & 0xc0) != 0x80;
        }
    }
    out->text[out->len] = '\0';
    out->column[out->len] = column;
    return 1;
}

static int split(struct bm_part_line *out)
{
    size_t start = 0;
    for (size_t i = 0; i <= out->len; i++) {
        if (i < out->len && out->text[i] != ',') {
            continue;
        }
        const struct bmi_slice s = bmi_trim(out->text + start, i - start);
        const uint32_t column = out->column[s.len > 0 ? (size_t)(s.p - out->text) : start];
        if (out->fields < BM_PART_FIELDS) {
            out->field[out->fields++] = (struct bm_part_field){s.p, s.len, column};
        } else if (s.len > 0) {
            bm_part_line_tell(out, BM_IMAGE_ERROR, column,
                              "a seventh field; flags are separated by ':', as in "
                              "encrypted:readonly");
            return 0;
        }
        start = i + 1;
    }
    for (size_t i = out->fields; i < BM_PART_FIELDS; i++) {
        out->field[i] = (struct bm_part_field){"", 0, out->column[out->len]};
    }
    return 1;
}

int bm_part_line_split(struct bm_part_line *out, const char *text, size_t len,
                       const struct bm_table_options *o)
{
    const struct bmi_slice all = bmi_trim(text, len);
    out->len = 0;
    out->fields = 0;
    if (all.len == 0 || all.p[0] == '#') {
        return 0;
    }
    if (!expand(out, text, len, o)) {
        return 0;
    }
    const struct bmi_slice left = bmi_trim(out->text, out->len);
    return left.len > 0 && left.p[0] != '#' && split(out);
}
