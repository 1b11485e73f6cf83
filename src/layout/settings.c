/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/settings.h"

#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "image/suggest.h"

struct reading {
    struct bm_settings *out;
    const struct bm_setting_row *rows;
    const char *name;
    const char *at;  /* what has not been read yet */
    const char *end; /* of the text */
    uint32_t line;   /* handed out last */
    struct bm_image_problems *problems;
    int short_of_memory;
};

#define TELL(r, ...)                               \
    bmi_problem_add((r)->problems, BM_IMAGE_ERROR, \
                    &(struct bm_image_place){(r)->name, (r)->line, 0}, NULL, 0, __VA_ARGS__)

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* What libinih would silently take otherwise than it was meant. 1: the line can be read. */
static int check_line(struct reading *r, const char *line, size_t len)
{
    if (memchr(line, '\0', len) != NULL) {
        TELL(r, "a NUL byte; the file must be text");
        return 0;
    }
    if (len > BM_SETTINGS_LINE) {
        TELL(r, "the line has more than %d bytes; put a long command into a script",
             BM_SETTINGS_LINE);
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if (line[i] == ';' && is_blank(line[i - 1])) {
            TELL(r, "\" ;\" would begin a comment; give comments lines of their own, and write && "
                    "between commands");
            return 0;
        }
    }
    return 1;
}

/* Hands libinih the next line, without what is in front: an indented line is none that goes on. */
static char *next_line(char *out, int cap, void *stream)
{
    struct reading *r = stream;
    if (r->at == r->end) {
        return NULL;
    }
    const char *eol = memchr(r->at, '\n', (size_t)(r->end - r->at));
    const char *stop = eol != NULL ? eol : r->end;
    const char *begin = r->at;
    r->line++;
    r->at = eol != NULL ? eol + 1 : r->end;
    while (begin < stop && is_blank(*begin)) {
        begin++;
    }
    while (stop > begin && is_blank(stop[-1])) {
        stop--;
    }
    size_t len = (size_t)(stop - begin);
    const int comment = len > 0 && (*begin == ';' || *begin == '#');
    if (comment || !check_line(r, begin, len) || len + 2 > (size_t)cap) {
        len = 0;
    }
    memcpy(out, begin, len);
    out[len] = '\n';
    out[len + 1] = '\0';
    return out;
}

/* The row, or the number of rows after saying that there is none. */
static size_t find(struct reading *r, const char *section, const char *key)
{
    const char *names[BM_SETTINGS_MAX + 1];
    size_t n = 0;
    size_t i = 0;
    int known = 0;
    for (; r->rows[i].section != NULL; i++) {
        const int here = strcmp(r->rows[i].section, section) == 0;
        if (here && strcmp(r->rows[i].key, key) == 0) {
            return i;
        }
        known = known || here;
    }
    for (size_t k = 0; k < i; k++) {
        if (!known || strcmp(r->rows[k].section, section) == 0) {
            names[n++] = known ? r->rows[k].key : r->rows[k].section;
        }
    }
    names[n] = NULL;
    const char *wanted = known ? key : section;
    const char *near = bmi_suggest(wanted, strlen(wanted), names);
    const char *hint = near != NULL ? "; did you mean " : "";
    if (known) {
        TELL(r, "[%s] has no setting \"%s\"%s%s", section, key, hint, near != NULL ? near : "");
    } else if (section[0] == '\0') {
        TELL(r, "\"%s\" stands before the first [section]", key);
    } else {
        TELL(r, "there is no section [%s]%s%s", section, hint, near != NULL ? near : "");
    }
    return i;
}

/* libinih's form: nonzero is good. Problems are told here. */
static int take(void *user, const char *section, const char *key, const char *value)
{
    struct reading *r = user;
    const size_t row = find(r, section, key);
    if (r->rows[row].section == NULL) {
        return 1;
    }
    for (size_t i = 0; i < r->out->count; i++) {
        if (r->out->list[i].row == row) {
            TELL(r, "%s was already given in line %u", key, (unsigned)r->out->list[i].line);
            return 1;
        }
    }
    if (value[0] == '\0') {
        TELL(r, "%s has no value; leave the line out", key);
        return 1;
    }
    const size_t len = strlen(value);
    char *copy = malloc(len + 1);
    if (copy == NULL) {
        r->short_of_memory = 1;
        return 1;
    }
    memcpy(copy, value, len + 1);
    r->out->list[r->out->count++] = (struct bm_setting){row, r->line, copy};
    return 1;
}

int bm_settings_read(struct bm_settings *out, const char *name, const char *text, size_t len,
                     const struct bm_setting_row *rows, struct bm_image_problems *problems)
{
    static const char bom[] = "\xef\xbb\xbf";
    const size_t skip = len >= 3 && memcmp(text, bom, 3) == 0 ? 3 : 0;
    struct reading r = {.out = out,
                        .rows = rows,
                        .name = name,
                        .at = text + skip,
                        .end = text + len,
                        .problems = problems};
    memset(out, 0, sizeof *out);
    const int bad = ini_parse_stream(next_line, &r, take, &r);
    if (bad > 0) {
        r.line = (uint32_t)bad;
        TELL(&r, "is neither [section] nor key = value");
    }
    if (bad < 0 || r.short_of_memory) {
        return BM_E_NOMEM;
    }
    return problems->errors > 0 ? BM_E_INPUT : BM_OK;
}

void bm_settings_free(struct bm_settings *settings)
{
    for (size_t i = 0; i < settings->count; i++) {
        free(settings->list[i].value);
    }
    memset(settings, 0, sizeof *settings);
}
