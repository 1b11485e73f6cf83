/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "harness/capture.h"

FILE *capture_open(void)
{
    FILE *f = tmpfile();
    assert_non_null(f);
    return f;
}

char *capture_close(FILE *f, size_t *len)
{
    assert_int_equal(fflush(f), 0);
    const long end = ftell(f);
    assert_true(end >= 0);
    char *text = malloc((size_t)end + 1);
    assert_non_null(text);
    rewind(f);
    assert_int_equal(fread(text, 1, (size_t)end, f), (size_t)end);
    text[end] = '\0';
    if (len != NULL) {
        *len = (size_t)end;
    }
    (void)fclose(f);
    return text;
}
