/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as CSV: as one text for version 2, cut into two for version 1. What comes out is an
 * image with sound pages, or problems that say why not. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "image/generate.h"
#include "nvs/fmt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LARGEST = 1024 * 1024 };

static const char file_text[] = "16\n";

/* Rows of type file: "x" is there, everything else is not. */
static int read_file(void *ctx, const char *path, size_t max, uint8_t **data, size_t *len,
                     struct bm_diag *diag)
{
    (void)ctx;
    (void)diag;
    if (strcmp(path, "x") != 0 || max < sizeof file_text) {
        return BM_E_NOENT;
    }
    *len = sizeof file_text - 1;
    *data = malloc(*len);
    if (*data == NULL) {
        return BM_E_NOMEM;
    }
    memcpy(*data, file_text, *len);
    return BM_OK;
}

static void release_file(void *ctx, uint8_t *data, size_t len)
{
    (void)ctx;
    (void)len;
    free(data);
}

static void must(int good)
{
    if (!good) {
        abort();
    }
}

/* Entries of a page, each of them sound. */
static uint32_t check_page(const uint8_t *page)
{
    unsigned i = 0;
    while (i < BMI_PAGE_ENTRIES && bmi_bitmap_get(page + BMI_OFF_BITMAP, i) == BMI_ENTRY_WRITTEN) {
        const uint8_t *raw = page + BMI_OFF_ENTRIES + (size_t)i * BMI_ENTRY_SIZE;
        must(bmi_entry_check(raw, i) == BMI_BAD_NOTHING);
        must(raw[BMI_EN_KEY] != 0 && raw[BMI_EN_KEY + BMI_KEY_MAX] == 0);
        i += raw[BMI_EN_SPAN];
    }
    must(i <= BMI_PAGE_ENTRIES);
    return i;
}

static void check_image(const struct bm_image_result *r)
{
    uint32_t used = 0;
    must(r->size % BMI_PAGE_SIZE == 0 && r->size <= LARGEST && r->size == r->smallest);
    must(r->pages_used < r->size / BMI_PAGE_SIZE);
    for (uint32_t page = 0; page < r->pages_used; page++) {
        used += check_page(r->image + (size_t)page * BMI_PAGE_SIZE);
    }
    must(used == r->entries_used);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bm_image_input halves[] = {{"a.csv", data, size / 2},
                                            {"b.csv", data + size / 2, size - size / 2}};
    const struct bm_image_input whole[] = {{"c.csv", data, size}};
    for (unsigned version = 1; version <= 2; version++) {
        const struct bm_image_options options = {
            .max_size = LARGEST, .version = version, .read = read_file, .release = release_file};
        struct bm_image_result r;
        const int rc = bm_image_generate(&r, version == 1 ? halves : whole, version == 1 ? 2 : 1,
                                         &options, NULL);
        char line[1024];
        for (size_t i = 0; i < r.problems.count; i++) {
            bm_image_problem_format(line, sizeof line, &r.problems.list[i]);
            must(strlen(line) < sizeof line && strchr(line, '\n') == NULL);
        }
        if (rc == BM_OK) {
            check_image(&r);
        } else {
            must(r.image == NULL && (rc == BM_E_NOMEM || r.problems.errors > 0));
        }
        bm_image_result_free(&r);
    }
    return 0;
}
