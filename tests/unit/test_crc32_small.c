/* SPDX-License-Identifier: Apache-2.0 */

/* The CRC of microcontroller builds against the one of hosts: the same on any bytes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"

#define bm_crc32 small_crc32
uint32_t small_crc32(uint32_t start, const void *data, size_t len);
#include "base/crc32_small.c"
#undef bm_crc32

static void test_same_as_fast(void **state)
{
    (void)state;
    uint8_t data[300];
    for (unsigned i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * i + i / 7);
    }
    for (unsigned len = 0; len <= sizeof data; len++) {
        assert_int_equal(small_crc32(0xffffffff, data, len), bm_crc32(0xffffffff, data, len));
    }
    assert_int_equal(small_crc32(0, "123456789", 9), 0xcbf43926);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_as_fast)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
