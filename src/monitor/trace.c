/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/trace.h"

#include <string.h>

#include "base/base.h"

enum { DIGITS = 8, WORD = DIGITS + 2 };

/* The place behind the first `what` in text, or NULL. */
static const char *behind(const char *text, size_t len, const char *what)
{
    const size_t n = strlen(what);
    for (size_t i = 0; i + n <= len; i++) {
        if (text[i] == what[0] && memcmp(text + i, what, n) == 0) {
            return text + i + n;
        }
    }
    return NULL;
}

/* So many hex digits at p, and no more? (ESP-IDF 4.3 and 4.4 glue the first two pairs of a
 * backtrace: "0x400d1234:0x3ffb5a200x400d5678:0x3ffb5a40".) */
static int hex_word(uint32_t *out, const char *p, size_t len)
{
    uint32_t v = 0;
    const int glued = len > DIGITS + 1 && p[DIGITS] == '0' && p[DIGITS + 1] == 'x';
    if (len < DIGITS || (len > DIGITS && bm_hex_digit(p[DIGITS]) >= 0 && !glued)) {
        return 0;
    }
    for (size_t i = 0; i < DIGITS; i++) {
        const int digit = bm_hex_digit(p[i]);
        if (digit < 0) {
            return 0;
        }
        v = v << 4 | (uint32_t)digit;
    }
    *out = v;
    return 1;
}

static int letter_or_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* "RA      : 0x": is the register's name, the word before the colon, this one of two letters? */
static int is_register(const char *text, size_t at, const char *name)
{
    while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == ':')) {
        at--;
    }
    return at >= 2 && memcmp(text + at - 2, name, 2) == 0 &&
           (at == 2 || !letter_or_digit(text[at - 3]));
}

static enum bm_address_kind kind_of(const char *text, size_t at, int dump)
{
    return dump                          ? BM_ADDRESS_STACK
           : is_register(text, at, "RA") ? BM_ADDRESS_RETURN
           : is_register(text, at, "A0") ? BM_ADDRESS_A0
                                         : BM_ADDRESS_CODE;
}

/* A line of a stack dump begins with the address of its first word: "3fc91a20: 0x...". */
static int is_stack_dump(const char *text, size_t len)
{
    uint32_t where;
    return hex_word(&where, text, len) && len > DIGITS && text[DIGITS] == ':';
}

size_t bm_trace_find(struct bm_address out[BM_ADDRESSES_MAX], const char *text, size_t len)
{
    size_t n = 0;
    size_t behind_last = len + 1; /* where the last word ended */
    const int dump = is_stack_dump(text, len);
    for (size_t i = 0; i + WORD <= len && n < BM_ADDRESSES_MAX; i++) {
        uint32_t v;
        if (text[i] != '0' || text[i + 1] != 'x' ||
            (i > 0 && i != behind_last && letter_or_digit(text[i - 1])) ||
            !hex_word(&v, text + i + 2, len - i - 2)) {
            continue;
        }
        const int stack_pointer = i > 0 && text[i - 1] == ':' && i - 1 == behind_last;
        behind_last = i + WORD;
        if (!stack_pointer) {
            out[n].value = v;
            out[n++].kind = kind_of(text, i, dump);
        }
        i = behind_last - 1;
    }
    return n;
}

int bm_trace_panic(const char *text, size_t len)
{
    /* ESP-IDF's esp_system (panic.c, esp_err.c, assert.c), FreeRTOS's stack check, the stack
     * protector */
    static const char *const signs[] = {
        "Guru Meditation Error",  "abort() was called at PC",     "assert failed: ",
        "ESP_ERROR_CHECK failed", "***ERROR*** A stack overflow", "Stack smashing protect failure!",
    };
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (behind(text, len, signs[i]) != NULL) {
            return 1;
        }
    }
    return 0;
}

int bm_trace_reboot(const char *text, size_t len)
{
    static const char sign[] = "Rebooting...";
    return len >= sizeof sign - 1 && memcmp(text, sign, sizeof sign - 1) == 0;
}

size_t bm_trace_elf_hash(char out[65], const char *text, size_t len)
{
    const char *end = text + len;
    const char *p = behind(text, len, "ELF file SHA256:");
    size_t n = 0;
    while (p != NULL && p < end && *p == ' ') {
        p++;
    }
    while (p != NULL && p < end && n < 64 && bm_hex_digit(*p) >= 0) {
        out[n++] = *p++;
    }
    out[n] = '\0';
    return n;
}
