/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/le.h"
#include "harness/check.h"

static const uint8_t none = BMI_CHUNK_NONE;

void check_put(struct test_image *image, unsigned page, unsigned entry, uint8_t ns, uint8_t type,
               uint8_t chunk, const char *key, const char *data, uint32_t size)
{
    const struct test_entry e = {page, entry, ns, type, chunk, key, data, size};
    test_entry(image, &e);
}

void check_put_u8(struct test_image *image, unsigned page, unsigned entry, uint8_t ns,
                  const char *key, uint8_t value)
{
    check_put(image, page, entry, ns, BM_NVS_U8, none, key, (const char *)&value, 1);
}

void check_put_chunk(struct test_image *image, unsigned page, unsigned entry, const char *key,
                     uint8_t chunk)
{
    check_put(image, page, entry, 1, BMI_TYPE_BLOB_DATA, chunk, key, "0123456789", 10);
}

void check_put_index(struct test_image *image, unsigned page, unsigned entry, const char *key,
                     uint32_t size, uint8_t count, uint8_t start)
{
    uint8_t data[8] = {0, 0, 0, 0, count, start, 0xff, 0xff};
    bm_put_le32(data, size);
    check_put(image, page, entry, 1, BMI_TYPE_BLOB_IDX, none, key, (const char *)data, 8);
}

void check_put_state(struct test_image *image, unsigned page, unsigned entry,
                     enum bmi_entry_state to)
{
    bmi_bitmap_put(image->data + (size_t)page * BMI_PAGE_SIZE + BMI_OFF_BITMAP, entry, to);
}

void check_image_resize(struct test_image *image, unsigned pages)
{
    test_image_free(image);
    test_image_blank(image, pages);
}

void check_image_clean(struct test_image *image)
{
    check_image_resize(image, 4);
    test_page(image, 0, BMI_PAGE_FULL, 0);
    check_put_u8(image, 0, 0, 0, "ns", 1);
    check_put_u8(image, 0, 1, 1, "k", 7);
    check_put(image, 0, 2, 1, BM_NVS_STR, none, "s", "text", 5);
    check_put_chunk(image, 0, 4, "b", 0);
    check_put_chunk(image, 0, 6, "b", 1);
    check_put_index(image, 0, 8, "b", 20, 2, 0);
    check_put_state(image, 0, 20, BMI_ENTRY_ERASED);
    test_page(image, 1, BMI_PAGE_ACTIVE, 1);
    check_put_u8(image, 1, 0, 1, "other", 1);
}
