/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/le.h"
#include "harness/image.h"
#include "nvs/fmt.h"

void test_shared_path(char *out, size_t cap, const char *name)
{
    (void)snprintf(out, cap, "%s/../shared/%s", BM_SOURCE_DIR, name);
}

int test_exists(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f != NULL) {
        (void)fclose(f);
    }
    return f != NULL;
}

void test_image_load(struct test_image *image, const char *path)
{
    FILE *f = fopen(path, "rb");
    memset(image, 0, sizeof *image);
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    image->len = (size_t)ftell(f);
    rewind(f);
    image->data = malloc(image->len + 1);
    assert_non_null(image->data);
    assert_int_equal(fread(image->data, 1, image->len, f), image->len);
    (void)fclose(f);
}

void test_image_blank(struct test_image *image, unsigned pages)
{
    memset(image, 0, sizeof *image);
    image->len = (size_t)pages * BMI_PAGE_SIZE;
    image->data = malloc(image->len);
    assert_non_null(image->data);
    memset(image->data, 0xff, image->len);
}

void test_image_mount(struct test_image *image, uint32_t index_keys)
{
    assert_int_equal(bm_flash_view(&image->flash, image->data, image->len), BM_OK);
    const size_t need = bm_nvs_work_size(&image->flash, index_keys);
    free(image->work);
    image->work = malloc(need);
    assert_non_null(image->work);
    assert_int_equal(bm_nvs_mount(&image->nvs, &image->flash, image->work, need, NULL), BM_OK);
}

void test_image_free(struct test_image *image)
{
    bm_nvs_unmount(&image->nvs);
    free(image->work);
    free(image->data);
    memset(image, 0, sizeof *image);
}

void test_page(struct test_image *image, unsigned page, uint32_t state, uint32_t seq)
{
    bmi_header_put(image->data + (size_t)page * BMI_PAGE_SIZE, state, seq, BMI_VERSION_2);
}

uint8_t *test_entry_at(struct test_image *image, unsigned page, unsigned entry)
{
    return image->data + (size_t)page * BMI_PAGE_SIZE + BMI_OFF_ENTRIES +
           (size_t)entry * BMI_ENTRY_SIZE;
}

void test_entry(struct test_image *image, const struct test_entry *e)
{
    uint8_t *bitmap = image->data + (size_t)e->page * BMI_PAGE_SIZE + BMI_OFF_BITMAP;
    uint8_t *raw = test_entry_at(image, e->page, e->entry);
    struct bmi_entry header = {e->ns, e->type, 1, e->chunk, 0, {0}, {0}};
    memset(header.data, 0xff, sizeof header.data);
    (void)snprintf(header.key, sizeof header.key, "%s", e->key);
    if (bmi_type_has_data(e->type)) {
        header.span = (uint8_t)bmi_span(e->size);
        bm_put_le16(header.data, (uint16_t)e->size);
        bm_put_le32(header.data + 4, bmi_data_crc(e->data, e->size));
        if (e->size > 0) {
            memcpy(raw + BMI_ENTRY_SIZE, e->data, e->size);
        }
    } else {
        memcpy(header.data, e->data, e->size);
    }
    bmi_entry_put(raw, &header);
    for (unsigned i = 0; i < header.span; i++) {
        bmi_bitmap_put(bitmap, e->entry + i, BMI_ENTRY_WRITTEN);
    }
}
