/* SPDX-License-Identifier: Apache-2.0 */

/* Arithmetic that gcc calls by name on the ESP32. Debian's libgcc for this compiler leaves it out,
 * because the chip that it is made for, the ESP8266, has it in its ROM. */

#include <stdint.h>

uint32_t __udivsi3(uint32_t a, uint32_t b);
uint32_t __umodsi3(uint32_t a, uint32_t b);
uint64_t __udivdi3(uint64_t a, uint64_t b);
uint64_t __umoddi3(uint64_t a, uint64_t b);
uint64_t __muldi3(uint64_t a, uint64_t b);

/* Long division: the quotient moves into a as its bits move out. b is not 0. */
static uint64_t divide(uint64_t a, uint64_t b, uint64_t *rest)
{
    uint64_t r = 0;
    for (unsigned bit = 0; bit < 64; bit++) {
        const uint32_t carry = (uint32_t)(r >> 63);
        r = r << 1 | a >> 63;
        a <<= 1;
        if (carry != 0 || r >= b) {
            r -= b;
            a |= 1;
        }
    }
    *rest = r;
    return a;
}

static uint32_t divide32(uint32_t a, uint32_t b, uint32_t *rest)
{
    uint32_t r = 0;
    for (unsigned bit = 0; bit < 32; bit++) {
        const uint32_t carry = r >> 31;
        r = r << 1 | a >> 31;
        a <<= 1;
        if (carry != 0 || r >= b) {
            r -= b;
            a |= 1;
        }
    }
    *rest = r;
    return a;
}

uint32_t __udivsi3(uint32_t a, uint32_t b)
{
    uint32_t rest;
    return divide32(a, b, &rest);
}

uint32_t __umodsi3(uint32_t a, uint32_t b)
{
    uint32_t rest;
    (void)divide32(a, b, &rest);
    return rest;
}

uint64_t __udivdi3(uint64_t a, uint64_t b)
{
    uint64_t rest;
    return divide(a, b, &rest);
}

uint64_t __umoddi3(uint64_t a, uint64_t b)
{
    uint64_t rest;
    (void)divide(a, b, &rest);
    return rest;
}

/* The low 64 bits of the product, from 16-bit halves of the lower words. */
uint64_t __muldi3(uint64_t a, uint64_t b)
{
    const uint32_t al = (uint32_t)a;
    const uint32_t bl = (uint32_t)b;
    const uint32_t low = (al & 0xffff) * (bl & 0xffff);
    const uint32_t mid1 = (al >> 16) * (bl & 0xffff) + (low >> 16);
    const uint32_t mid2 = (al & 0xffff) * (bl >> 16) + (mid1 & 0xffff);
    const uint32_t high = (al >> 16) * (bl >> 16) + (mid1 >> 16) + (mid2 >> 16) +
                          (uint32_t)(a >> 32) * bl + al * (uint32_t)(b >> 32);
    return (uint64_t)high << 32 | (mid2 << 16 | (low & 0xffff));
}
