/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base.h"

void bm_text_init(struct bm_text *t, char *buf, size_t cap)
{
    t->buf = buf;
    t->cap = cap;
    t->len = 0;
    t->cut = 0;
    buf[0] = '\0';
}

static void put(struct bm_text *t, char c)
{
    if (t->len + 1 >= t->cap) {
        t->cut = 1;
        return;
    }
    t->buf[t->len++] = c;
    t->buf[t->len] = '\0';
}

void bm_text_str(struct bm_text *t, const char *s)
{
    while (*s != '\0') {
        put(t, *s++);
    }
}

static void number(struct bm_text *t, uint64_t v, unsigned base)
{
    char digits[20];
    unsigned n = 0;
    do {
        digits[n++] = "0123456789abcdef"[v % base];
        v /= base;
    } while (v != 0);
    while (n > 0) {
        put(t, digits[--n]);
    }
}

void bm_text_u64(struct bm_text *t, uint64_t v)
{
    number(t, v, 10);
}

void bm_text_hex(struct bm_text *t, uint64_t v)
{
    bm_text_str(t, "0x");
    number(t, v, 16);
}
