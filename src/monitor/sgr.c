/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/sgr.h"

#include <string.h>

int bm_sgr_length(const char *text, size_t len)
{
    static const char begin[] = "\x1b[";
    for (size_t i = 0; i < len && i < BM_SGR_MAX; i++) {
        const char c = text[i];
        if (i < sizeof begin - 1) {
            if (c != begin[i]) {
                return 0;
            }
        } else if (c == 'm') {
            return (int)i + 1;
        } else if (c != ';' && (c < '0' || c > '9')) {
            return 0;
        }
    }
    return len < BM_SGR_MAX ? -1 : 0;
}

size_t bm_sgr_plain(char *out, const char *text, size_t len)
{
    size_t n = 0;
    size_t i = 0;
    while (i < len) {
        const int skip = text[i] == '\x1b' ? bm_sgr_length(text + i, len - i) : 0;
        if (skip > 0) {
            i += (size_t)skip;
        } else {
            out[n++] = text[i++];
        }
    }
    return n;
}

size_t bm_sgr_strip(struct bm_sgr_strip *s, char *out, const void *data, size_t len)
{
    const char *p = data;
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        /* what is held never is a sequence that ended, so one byte decides */
        s->held[s->len++] = p[i];
        const int length = bm_sgr_length(s->held, s->len);
        if (length == 0) {
            /* no sequence; but this byte may begin one */
            const size_t keep = s->len > 1 && p[i] == '\x1b';
            memcpy(out + n, s->held, s->len - keep);
            n += s->len - keep;
            s->held[0] = p[i];
            s->len = keep;
        } else if (length > 0) {
            s->len = 0;
        }
    }
    return n;
}
