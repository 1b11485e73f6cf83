/* SPDX-License-Identifier: Apache-2.0 */
#include "image/base64.h"

#include <stdio.h>

#include "base/base.h"
#include "image/value.h"
#include "image/word.h"

int bmi_base64_decode(uint8_t *out, size_t *out_len, const char *in, size_t len, char *why)
{
    uint32_t word = 0;
    size_t digits = 0;
    size_t padding = 0;
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        const int digit = bm_base64_digit(in[i]);
        if (bmi_is_space(in[i])) {
            continue;
        }
        if (in[i] == '=') {
            padding++;
            continue;
        }
        if (digit < 0 || padding > 0) {
            snprintf(why, BMI_WHY_SIZE, "character %zu is %s; correct the base64 text", i + 1,
                     digit < 0 ? "not of the base64 alphabet" : "behind the padding");
            return BM_E_INPUT;
        }
        word = word << 6 | (uint32_t)digit;
        if (++digits % 4 == 0) {
            out[n++] = (uint8_t)(word >> 16);
            out[n++] = (uint8_t)(word >> 8);
            out[n++] = (uint8_t)word;
        }
    }
    if ((digits + padding) % 4 != 0 || padding > 2 || digits % 4 == 1) {
        return bmi_why(why, "the base64 text has wrong padding; is a part missing?");
    }
    if (digits % 4 >= 2) {
        word <<= 6 * (4 - digits % 4);
        out[n++] = (uint8_t)(word >> 16);
        out[n] = (uint8_t)(word >> 8);
        n += digits % 4 == 3;
    }
    *out_len = n;
    return BM_OK;
}
