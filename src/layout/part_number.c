/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/part_number.h"

#include "base/base.h"
#include "image/word.h"

static uint64_t times(uint64_t v, uint64_t by)
{
    return v > UINT64_MAX / by ? UINT64_MAX : v * by;
}

/* Base of "0x", "0o", "0b"; 10 where there is no such prefix. */
static unsigned base_of(const char *text, size_t len)
{
    if (len > 2 && text[0] == '0') {
        switch (text[1] | 0x20) {
        case 'x': return 16;
        case 'o': return 8;
        case 'b': return 2;
        default: break;
        }
    }
    return 10;
}

static int digits(uint64_t *out, const char *text, size_t len)
{
    const unsigned base = base_of(text, len);
    const size_t start = base == 10 ? 0 : 2;
    uint64_t v = 0;
    int underscore = start == 0; /* none in front of the first digit, but for 0x_1 */
    for (size_t i = start; i < len; i++) {
        const int d = bm_hex_digit(text[i]);
        if (text[i] == '_' && !underscore) {
            underscore = 1;
            continue;
        }
        if (d < 0 || (unsigned)d >= base) {
            return BM_E_INPUT;
        }
        underscore = 0;
        v = times(v, base);
        v = v > UINT64_MAX - (unsigned)d ? UINT64_MAX : v + (unsigned)d;
    }
    /* 010 is 8 to some and 10 to others */
    const int leading_zero = base == 10 && len > 1 && text[0] == '0' && v != 0;
    *out = v;
    return len == 0 || underscore || leading_zero ? BM_E_INPUT : BM_OK;
}

int bm_part_number(uint64_t *out, const char *text, size_t len)
{
    struct bmi_slice s = bmi_trim(text, len);
    uint64_t unit = 1;
    if (s.len > 1 && ((s.p[s.len - 1] | 0x20) == 'k' || (s.p[s.len - 1] | 0x20) == 'm')) {
        unit = (s.p[s.len - 1] | 0x20) == 'k' ? 1024 : 1024 * 1024;
        s = bmi_trim(s.p, s.len - 1);
    }
    const int rc = digits(out, s.p, s.len);
    *out = rc == BM_OK ? times(*out, unit) : 0;
    return rc;
}
