/* SPDX-License-Identifier: Apache-2.0 */
#include "image/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "image/value.h"
#include "nvs/fmt.h"

enum { REAL_TEXT_MAX = 127, SIGNED_BIT = 0x10 };

/* Digits to a number. Returns BM_OK, BM_E_INPUT (no digits, or others), BM_E_NOSPC (over 64 bits).
 */
static int magnitude(uint64_t *out, const char *p, const char *end)
{
    const int hex = end - p > 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X');
    const unsigned base = hex ? 16 : 10;
    uint64_t v = 0;
    int rc = BM_OK;
    p += hex ? 2 : 0;
    if (p == end) {
        return BM_E_INPUT;
    }
    for (; p < end; p++) {
        const int digit = bm_hex_digit(*p);
        if (digit < 0 || (unsigned)digit >= base) {
            return BM_E_INPUT;
        }
        if (v > (UINT64_MAX - (unsigned)digit) / base) {
            rc = BM_E_NOSPC; /* go on: a letter further back is the better message */
        }
        v = v * base + (unsigned)digit;
    }
    *out = v;
    return rc;
}

int bmi_integer_parse(uint64_t *bits, enum bm_nvs_type type, const char *text, size_t len,
                      char *why)
{
    const int is_signed = (type & SIGNED_BIT) != 0;
    const unsigned width = bmi_type_width((uint8_t)type) * 8;
    const uint64_t mask = UINT64_MAX >> (64 - width);
    const uint64_t max = is_signed ? mask >> 1 : mask;
    const int negative = len > 0 && text[0] == '-';
    const uint64_t lowest = is_signed ? max + 1 : 0; /* magnitude of the least value */
    uint64_t v = 0;
    if (len == 0) {
        return bmi_why(why, "the value is empty; write a number");
    }
    const int rc = magnitude(&v, text + negative, text + len);
    if (rc == BM_E_INPUT) {
        return bmi_why(
            why, "the value is not a whole number; write decimal digits, or 0x and hex digits");
    }
    if (rc == BM_E_NOSPC || v > (negative ? lowest : max)) {
        snprintf(why, BMI_WHY_SIZE, "the number is outside %s%" PRIu64 " to %" PRIu64 "; use a %s",
                 is_signed ? "-" : "", lowest, max,
                 width < 64 ? "wider encoding, or correct it" : "number in this range");
        return BM_E_INPUT;
    }
    *bits = (negative ? 0 - v : v) & mask;
    return BM_OK;
}

int bmi_real_parse(uint64_t *bits, enum bm_nvs_type type, const char *text, size_t len, char *why)
{
    char copy[REAL_TEXT_MAX + 1];
    char *end = copy;
    int rc = BM_OK;
    if (len == 0) {
        return bmi_why(why, "the value is empty; write a number");
    }
    /* strtod() would also take blanks, names such as "inf", and hex */
    size_t good = 0;
    while (good < len && text[good] != '\0' && strchr("0123456789+-.eE", text[good]) != NULL) {
        good++;
    }
    if (len > REAL_TEXT_MAX || good < len) {
        return bmi_why(why, "the value is not a decimal number such as -1.5e3");
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (type == BM_NVS_FLOAT) {
        const float f = strtof(copy, &end);
        uint32_t word;
        memcpy(&word, &f, sizeof word);
        *bits = word;
        rc = isfinite(f) ? BM_OK : BM_E_NOSPC;
    } else {
        const double d = strtod(copy, &end);
        memcpy(bits, &d, sizeof *bits);
        rc = isfinite(d) ? BM_OK : BM_E_NOSPC;
    }
    if (*end != '\0') {
        rc = bmi_why(why, "the value is not a decimal number such as -1.5e3");
    } else if (rc != BM_OK) {
        rc = bmi_why(why, "the number is too large for this encoding");
    }
    bm_wipe(copy, sizeof copy);
    return rc;
}
