/* SPDX-License-Identifier: Apache-2.0 */
#include "image/word.h"

enum { HARD_SIZE = 2 }; /* bytes of U+00A0 in UTF-8 */

int bmi_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int is_hard(const char *p)
{
    return p[0] == '\xc2' && p[1] == '\xa0';
}

/* 1 if no blank begins or ends with this byte. */
static int is_plain(char c)
{
    return c > ' ' && c < 0x7f;
}

struct bmi_slice bmi_trim(const char *text, size_t len)
{
    struct bmi_slice t = {text, len, 0};
    if (len > 0 && is_plain(text[0]) && is_plain(text[len - 1])) { /* nearly always */
        return t;
    }
    for (;;) {
        if (t.len > 0 && bmi_is_space(t.p[0])) {
            t.p++;
            t.len--;
        } else if (t.len > 0 && bmi_is_space(t.p[t.len - 1])) {
            t.len--;
        } else if (t.len >= HARD_SIZE && is_hard(t.p)) {
            t.p += HARD_SIZE;
            t.len -= HARD_SIZE;
            t.hard = 1;
        } else if (t.len >= HARD_SIZE && is_hard(t.p + t.len - HARD_SIZE)) {
            t.len -= HARD_SIZE;
            t.hard = 1;
        } else {
            return t;
        }
    }
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

int bmi_is_word(const char *text, size_t len, const char *name)
{
    for (size_t i = 0; i < len; i++) {
        if (name[i] == '\0' || lower(text[i]) != name[i]) {
            return 0;
        }
    }
    return name[len] == '\0';
}
