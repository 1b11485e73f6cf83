/* SPDX-License-Identifier: Apache-2.0 */
#include "image/show.h"

#include <string.h>

#include "base/base.h"
#include "image/utf8.h"

/* One character as it is shown. */
struct piece {
    char text[12];
    unsigned used; /* bytes of input */
    unsigned columns;
};

/* Bytes of the UTF-8 character at the start, or 0 where there is none. */
static unsigned char_length(const uint8_t *p, size_t len)
{
    const unsigned n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    return len >= n && bmi_utf8_good(p, n) == n ? n : 0;
}

/* Characters that show nothing of themselves but change what stands around them: C1 controls, soft
 * hyphen, zero-width and direction marks, separators, variation selectors, tags. */
static int is_invisible(uint32_t c)
{
    static const struct {
        uint32_t from, to;
    } ranges[] = {
        {0x80, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},     {0x180e, 0x180e},
        {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},   {0xfe00, 0xfe0f},
        {0xfeff, 0xfeff}, {0xfff0, 0xfffb}, {0xe0000, 0xe0fff},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (c >= ranges[i].from && c <= ranges[i].to) {
            return 1;
        }
    }
    return 0;
}

static void escape_byte(struct piece *p, uint8_t c)
{
    static const char named[] = "\n\r\t\\";
    static const char names[] = "nrt\\";
    const char *at = c != 0 ? strchr(named, c) : NULL;
    if (at != NULL) {
        p->text[0] = '\\';
        p->text[1] = names[at - named];
        p->text[2] = '\0';
        p->columns = 2;
    } else {
        p->columns = (unsigned)snprintf(p->text, sizeof p->text, "\\x%02x", c);
    }
}

static void next_piece(struct piece *p, const uint8_t *text, size_t len)
{
    const unsigned n = char_length(text, len);
    p->used = n > 0 ? n : 1;
    if (n <= 1) {
        if (n == 0 || text[0] < 0x20 || text[0] == 0x7f || text[0] == '\\') {
            escape_byte(p, text[0]);
            return;
        }
        p->text[0] = (char)text[0];
        p->text[1] = '\0';
        p->columns = 1;
        return;
    }
    uint32_t c = text[0] & (0x7fu >> n);
    for (unsigned i = 1; i < n; i++) {
        c = c << 6 | (text[i] & 0x3fu);
    }
    if (is_invisible(c)) {
        p->columns = (unsigned)snprintf(p->text, sizeof p->text, "\\u%04x", (unsigned)c);
        return;
    }
    memcpy(p->text, text, n);
    p->text[n] = '\0';
    p->columns = 1;
}

/* Printable ASCII, the usual case, goes out in one piece. */
static size_t plain_length(const uint8_t *text, size_t len)
{
    size_t n = 0;
    while (n < len && text[n] >= 0x20 && text[n] < 0x7f && text[n] != '\\') {
        n++;
    }
    return n;
}

size_t bmi_show_text(FILE *out, const void *text, size_t len, size_t max)
{
    const uint8_t *p = text;
    size_t columns = 0;
    struct piece piece;
    while (len > 0) {
        size_t n = plain_length(p, len);
        if (max != 0 && n > max - columns) {
            n = max - columns;
        }
        (void)fwrite(p, 1, n, out);
        columns += n;
        p += n;
        len -= n;
        if (len == 0) {
            break;
        }
        next_piece(&piece, p, len);
        if (max != 0 && columns + piece.columns > max) {
            (void)fputs("...", out);
            return columns + 3;
        }
        (void)fputs(piece.text, out);
        columns += piece.columns;
        p += piece.used;
        len -= piece.used;
    }
    return columns;
}

size_t bmi_show_width(const void *text, size_t len)
{
    const uint8_t *p = text;
    size_t columns = 0;
    struct piece piece;
    while (len > 0) {
        const size_t n = plain_length(p, len);
        columns += n;
        p += n;
        len -= n;
        if (len > 0) {
            next_piece(&piece, p, len);
            columns += piece.columns;
            p += piece.used;
            len -= piece.used;
        }
    }
    return columns;
}

void bmi_show_padded(FILE *out, const char *text, size_t columns)
{
    static const char blanks[] = "                                                                ";
    const size_t used = bmi_show_text(out, text, strlen(text), 0);
    for (size_t rest = columns > used ? columns - used : 0; rest > 0;) {
        const size_t n = rest < sizeof blanks - 1 ? rest : sizeof blanks - 1;
        (void)fwrite(blanks, 1, n, out);
        rest -= n;
    }
}

static void line_add(struct bmi_line *line, const char *text, size_t len)
{
    const size_t room = sizeof line->text - line->len;
    len = len < room ? len : room;
    memcpy(line->text + line->len, text, len);
    line->len += len;
}

static void line_pad(struct bmi_line *line, size_t used, size_t columns)
{
    for (; used < columns && line->len < sizeof line->text; used++) {
        line->text[line->len++] = ' ';
    }
}

void bmi_line_number(struct bmi_line *line, uint64_t v, size_t columns)
{
    char digits[24];
    struct bm_text t;
    bm_text_init(&t, digits, sizeof digits);
    bm_text_u64(&t, v);
    line_pad(line, t.len, columns);
    line_add(line, digits, t.len);
}

void bmi_line_text(struct bmi_line *line, const char *text, size_t columns)
{
    const size_t len = strlen(text);
    line_add(line, text, len);
    line_pad(line, len, columns);
}

void bmi_line_put(FILE *out, struct bmi_line *line)
{
    (void)fwrite(line->text, 1, line->len, out);
    line->len = 0;
}

void bmi_line_shown(FILE *out, struct bmi_line *line, const char *text, size_t columns)
{
    const size_t len = strlen(text);
    if (plain_length((const uint8_t *)text, len) == len) {
        bmi_line_text(line, text, columns);
    } else {
        bmi_line_put(out, line);
        bmi_show_padded(out, text, columns);
    }
}

const char *bmi_show_into(char *buf, size_t cap, const char *text)
{
    size_t len = strlen(text);
    size_t at = 0;
    struct piece piece;
    buf[0] = '\0';
    while (len > 0) {
        next_piece(&piece, (const uint8_t *)text, len);
        const size_t n = strlen(piece.text);
        if (at + n >= cap) {
            break;
        }
        memcpy(buf + at, piece.text, n + 1);
        at += n;
        text += piece.used;
        len -= piece.used;
    }
    return buf;
}

void bmi_show_hex(FILE *out, const uint8_t *data, size_t len, size_t max)
{
    static const char digits[] = "0123456789abcdef";
    const size_t n = max != 0 && len > max ? max : len;
    for (size_t i = 0; i < n; i++) {
        const char two[2] = {digits[data[i] >> 4], digits[data[i] & 15]};
        (void)fwrite(two, 1, 2, out);
    }
    if (n < len) {
        (void)fputs("...", out);
    }
}
