/* SPDX-License-Identifier: Apache-2.0 */

/* What birthmark adds to jansson: strings of any bytes, and frees that leave nothing behind. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "image/dump.h"
#include "image/json.h"

static void texts_of_any_bytes(void **unused)
{
    (void)unused;
    static const struct {
        const char *text, *value;
    } rows[] = {
        {"", ""},
        {"plain", "plain"},
        {"tr\xc3\xa4"
         "d\x1b",
         "tr\xc3\xa4"
         "d\x1b"},
        {"n\xff.bin", "n\\xff.bin"},
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"}, /* a surrogate is not UTF-8 */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *text = bmi_json_text(rows[i].text);
        assert_string_equal(json_string_value(text), rows[i].value);
        json_decref(text);
    }
}

static void frees_leave_nothing(void **unused)
{
    (void)unused;
    enum { SIZE = 96 };
    json_malloc_t get;
    json_free_t put;
    json_get_alloc_funcs(&get, &put);
    put(NULL);
    uint8_t *p = get(SIZE);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % sizeof(max_align_t), 0);
    memset(p, 'S', SIZE);
    put(p);
    /* an allocator hands out next what it took back last */
    uint8_t *block = get(SIZE);
    volatile const uint8_t *again = block;
    assert_non_null(block);
    for (size_t i = 0; i < SIZE; i++) {
        assert_int_not_equal(again[i], 'S');
    }
    put(block);
    assert_null(get(SIZE_MAX - 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_of_any_bytes),
        cmocka_unit_test(frees_leave_nothing),
    };
    bm_dump_wipe_json(); /* before anything else, as it asks for */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
