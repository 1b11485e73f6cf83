/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as an image, through everything that looks at images: scan, check, dump in all views
 * and formats, both pictures, and the store. Each input goes through twice: as it is, and with its
 * checksums made right, for most changed bytes end at the first wrong one. Where the scan and the
 * store do not agree on the values, that is a finding too. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "birthmark/nvs.h"
#include "image/check.h"
#include "image/dump.h"
#include "image/map.h"
#include "image/scan.h"
#include "image/stored.h"
#include "repair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE_MAX_TRIED = 64 * 1024 };

static void must(int holds)
{
    if (!holds) {
        abort();
    }
}

/* The store's values in its order must be those that the scan counts, in the same order. */
static void compare(struct bm_nvs *nvs, const struct bm_scan *s)
{
    struct bm_nvs_iter it;
    struct bm_nvs_info info;
    uint32_t values = 0;
    uint32_t live = 0;
    for (uint32_t i = 0; i < s->group_count; i++) {
        live += s->groups[i].ns != 0 && s->groups[i].live != BM_NO_ROW;
    }
    bm_nvs_iter_start(&it, BM_NVS_NS_ANY, BM_NVS_ANY);
    while (bm_nvs_iter_next(nvs, &it, &info) == BM_OK) {
        /* 128 steps of 32 bytes a page, two before the entries */
        const struct bm_page *page = &s->pages[s->order[info.location / 128]];
        const struct bm_row *row = NULL;
        struct bm_stored v;
        for (uint32_t r = page->row; r < page->row + page->rows; r++) {
            if (s->rows[r].entry == info.location % 128 - 2) {
                row = &s->rows[r];
            }
        }
        must(row != NULL && (row->flags & BM_ROW_LIVE) != 0);
        must(bmi_stored_load(&v, s, row) == BM_OK && v.size == info.size);
        if (info.type == BM_NVS_STR || info.type == BM_NVS_BLOB) {
            size_t len = info.size;
            uint8_t *buf = malloc(len + 1);
            must(buf != NULL);
            const int rc =
                bm_nvs_get_data(nvs, info.ns, info.key, (enum bm_nvs_type)info.type, buf, &len);
            /* an empty key can be listed, but not asked for */
            must(rc == BM_E_ARG ? info.key[0] == '\0'
                                : rc == BM_OK && len == v.size && memcmp(buf, v.data, len) == 0);
            free(buf);
        } else {
            must(bmi_stored_u64(&v) == info.bits);
        }
        bmi_stored_free(&v);
        values++;
    }
    must(values == live);
}

static void use_store(const uint8_t *data, size_t size, const struct bm_scan *s)
{
    struct bm_flash flash;
    struct bm_nvs nvs;
    size = size / BMI_PAGE_SIZE * BMI_PAGE_SIZE;
    if (size == 0 || bm_flash_view(&flash, data, size) != BM_OK) {
        return;
    }
    const size_t need = bm_nvs_work_size(&flash, 64);
    void *work = malloc(need);
    must(work != NULL);
    if (bm_nvs_mount(&nvs, &flash, work, need, NULL) == BM_OK) {
        struct bm_nvs_stats stats;
        compare(&nvs, s);
        (void)bm_nvs_get_stats(&nvs, &stats);
        bm_nvs_unmount(&nvs);
    }
    free(work);
}

static void show(const struct bm_scan *s, FILE *out, unsigned turn)
{
    struct bm_dump_result dumped;
    struct bm_check_result checked;
    for (int format = BM_DUMP_TEXT; format <= BM_DUMP_CSV; format++) {
        for (int view = BM_SHOW_WRITTEN; view <= BM_SHOW_STORAGE; view++) {
            const struct bm_dump_opts o = {
                .format = (enum bm_dump_format)format,
                .show = (enum bm_dump_show)view,
                .ns = turn % 5 == 4 ? "certs" : NULL,
                .name = "fuzz",
                .reveal = turn % 2 == 0,
                .color = 1,
                .columns = turn % 3 * 40,
            };
            must(bm_dump(s, &o, out, &dumped) == BM_OK);
        }
    }
    const struct bm_check_opts text = {"fuzz", 0, 1};
    const struct bm_check_opts json = {"fuzz", 1, 0};
    must(bm_check_report(s, &text, out, &checked) == BM_OK);
    must(bm_check_report(s, &json, out, &checked) == BM_OK);
    const struct bm_map_opts map = {"fuzz", 1, turn % 2 == 0, 10 + turn % 7 * 20};
    must(bm_map_text(s, &map, out) == BM_OK);
    char *svg = NULL;
    size_t len = 0;
    must(bm_map_svg(s, "fuzz", &svg, &len) == BM_OK);
    free(svg);
}

static void look(const uint8_t *data, size_t size)
{
    struct bm_scan s;
    FILE *out = fopen("/dev/null", "w");
    must(out != NULL);
    must(bm_scan(&s, data, size) == BM_OK);
    show(&s, out, size > 0 ? data[size - 1] : 0);
    use_store(data, size, &s);
    bm_scan_free(&s);
    (void)fclose(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > SIZE_MAX_TRIED) {
        return 0;
    }
    look(data, size);
    uint8_t *copy = malloc(size + 1);
    must(copy != NULL);
    if (size > 0) {
        memcpy(copy, data, size);
    }
    fuzz_repair(copy, size, 0);
    look(copy, size);
    free(copy);
    return 0;
}
