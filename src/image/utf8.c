/* SPDX-License-Identifier: Apache-2.0 */
#include "image/utf8.h"

#include <string.h>

/* Unicode's table of well-formed sequences: the range of the first byte gives the length and the
 * range of the second byte; all further bytes are 80..bf. */
static const struct {
    uint8_t first, last, length, low, high;
} forms[] = {
    {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf}, {0xe1, 0xec, 3, 0x80, 0xbf},
    {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf}, {0xf0, 0xf0, 4, 0x90, 0xbf},
    {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

static size_t sequence(const uint8_t *p, size_t left)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (p[0] < forms[i].first || p[0] > forms[i].last) {
            continue;
        }
        if (left < forms[i].length || p[1] < forms[i].low || p[1] > forms[i].high) {
            return 0;
        }
        for (size_t k = 2; k < forms[i].length; k++) {
            if ((p[k] & 0xc0) != 0x80) {
                return 0;
            }
        }
        return forms[i].length;
    }
    return 0;
}

size_t bmi_utf8_good(const uint8_t *data, size_t len)
{
    size_t i = 0;
    while (i < len) {
        uint64_t word;
        if (len - i >=
            sizeof word) { /* eight ASCII characters at once: most files are nothing else */
            memcpy(&word, data + i, sizeof word);
            if ((word & 0x8080808080808080u) == 0) {
                i += sizeof word;
                continue;
            }
        }
        const size_t n = data[i] < 0x80 ? 1 : sequence(data + i, len - i);
        if (n == 0) {
            return i;
        }
        i += n;
    }
    return len;
}
