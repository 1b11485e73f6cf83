/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as an image, and a few changes of it. Whatever the image is: the changes are made or
 * refused, no other value is different afterwards, and the result can be mounted and changed again.
 * The last 32 bytes of an input are the changes, four bytes each. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/diff.h"
#include "image/edit.h"
#include "repair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE_MAX_TRIED = 32 * 1024, SCRIPT = 32, STEP = 4 };

static void must(int holds)
{
    if (!holds) {
        abort();
    }
}

/* Names that images of the corpus have, and one that they have not. */
static const char *const namespaces[] = {"certs", "ns", "storage", "fresh"};
static const char *const keys[] = {"certificate", "k", "counter", "new_one"};

static uint8_t payload[5000];

static void make_item(struct bm_image_item *item, const uint8_t *step)
{
    static const uint8_t types[] = {BM_NVS_U8,  BM_NVS_I32, BM_NVS_U64,  BM_NVS_DOUBLE,
                                    BM_NVS_STR, BM_NVS_STR, BM_NVS_BLOB, BM_NVS_BLOB};
    memset(item, 0, sizeof *item);
    (void)snprintf(item->key, sizeof item->key, "%s", keys[step[1] / 4 % 4]);
    item->type = types[step[2] % 8];
    item->size = bmi_type_width(item->type);
    item->bits = step[3] & (item->size == 1 ? 0x7f : 0xff);
    if (item->size == 0) {
        item->size = 1 + step[3] * (item->type == BM_NVS_STR ? 15u : 19u);
        memset(payload, step[2] | 1, item->size);
        payload[item->size - 1] = 0;
        item->data = payload;
    }
}

static int change(struct bm_edit *e, const uint8_t *step)
{
    const char *ns = namespaces[step[1] % 4];
    struct bm_image_item item;
    switch (step[0] % 8) {
    case 0: return bm_edit_clear(e, ns);
    case 1:
    case 2: return bm_edit_unset(e, ns, keys[step[1] / 4 % 4]);
    case 3: return bm_edit_namespace(e, ns);
    default: make_item(&item, step); return bm_edit_set(e, ns, &item);
    }
}

/* 1 if one of the changes was about this key. */
static int asked_for(struct bm_nvs *nvs, const struct bm_nvs_info *info, const uint8_t *script)
{
    for (size_t i = 0; i < SCRIPT; i += STEP) {
        uint8_t index;
        const int all = script[i] % 8 == 0;
        if (bm_nvs_namespace(nvs, namespaces[script[i + 1] % 4], &index) == BM_OK &&
            index == info->ns && (all || strcmp(keys[script[i + 1] / 4 % 4], info->key) == 0)) {
            return 1;
        }
    }
    return 0;
}

static void expect_value(struct bm_nvs *from, struct bm_nvs *in, const struct bm_nvs_info *info)
{
    struct bm_nvs_info now;
    const int rc = bm_nvs_find(in, info->ns, info->key, &now);
    must(rc == BM_OK && now.type == info->type && now.size == info->size);
    must(now.bits == info->bits && now.legacy == info->legacy);
    if (info->type != BM_NVS_STR && info->type != BM_NVS_BLOB) {
        return;
    }
    size_t a_len = info->size;
    size_t b_len = info->size;
    uint8_t *a = malloc(a_len + 1);
    uint8_t *b = malloc(b_len + 1);
    must(a != NULL && b != NULL);
    const enum bm_nvs_type type = (enum bm_nvs_type)info->type;
    must(bm_nvs_get_data(from, info->ns, info->key, type, a, &a_len) == BM_OK);
    must(bm_nvs_get_data(in, info->ns, info->key, type, b, &b_len) == BM_OK);
    must(a_len == b_len && memcmp(a, b, a_len) == 0);
    free(a);
    free(b);
}

/* All values of the image before, but those asked for, by the store itself. */
static void compare(const struct bm_scan *s, struct bm_edit *e, const uint8_t *script)
{
    struct bm_flash flash;
    struct bm_nvs nvs;
    struct bm_nvs_iter it;
    struct bm_nvs_info info;
    must(bm_flash_view(&flash, s->data, e->size) == BM_OK);
    const size_t need = bm_nvs_work_size(&flash, 0);
    void *work = malloc(need);
    must(work != NULL && bm_nvs_mount(&nvs, &flash, work, need, NULL) == BM_OK);
    bm_nvs_iter_start(&it, BM_NVS_NS_ANY, BM_NVS_ANY);
    while (bm_nvs_iter_next(&nvs, &it, &info) == BM_OK) {
        if (!asked_for(&e->nvs, &info, script)) {
            expect_value(&nvs, &e->nvs, &info);
        }
    }
    bm_nvs_unmount(&nvs);
    free(work);
}

static void again(const struct bm_edit *e)
{
    struct bm_edit second;
    struct bm_image_item item;
    static const uint8_t step[STEP] = {4, 3, 1, 7};
    make_item(&item, step);
    must(bm_edit_open(&second, &e->after, NULL) == BM_OK);
    const int rc = bm_edit_set(&second, "fresh", &item);
    must(rc == BM_OK || rc == BM_E_NOSPC);
    must(rc != BM_OK || bm_edit_finish(&second, NULL) == BM_OK);
    bm_edit_close(&second);
}

/* 1 if whole entries stand in what an entry of an unknown type calls its data. No writer makes
 * that; reading finds them, a collection moves them with the entry around them. Edits may then
 * refuse. */
static int is_ambiguous(const struct bm_scan *s)
{
    for (size_t i = 0; i < s->row_count; i++) {
        const struct bm_row *row = &s->rows[i];
        const unsigned end = row->entry + bmi_unknown_span(s, row);
        for (size_t k = i + 1;
             k < s->row_count && s->rows[k].page == row->page && s->rows[k].entry < end; k++) {
            if (s->rows[k].kind == BM_ROW_VALUE || s->rows[k].kind == BM_ROW_TORN ||
                s->rows[k].fault == BMI_BAD_TYPE) {
                return 1;
            }
        }
    }
    return 0;
}

static void edit(const uint8_t *image, size_t size, const uint8_t *script)
{
    struct bm_edit e;
    struct bm_scan s;
    must(bm_scan(&s, image, size) == BM_OK);
    int rc = bm_edit_open(&e, &s, NULL);
    must(rc == BM_OK || rc == BM_E_READONLY || rc == BM_E_ARG || rc == BM_E_KEYS ||
         rc == BM_E_VERSION);
    for (size_t i = 0; i < SCRIPT && (rc == BM_OK || rc == BM_E_NOENT); i += STEP) {
        rc = change(&e, script + i);
    }
    if (rc == BM_OK || rc == BM_E_NOENT) {
        rc = bm_edit_finish(&e, NULL);
        must(rc == BM_OK || rc == BM_E_READONLY || (rc == BM_E_VERIFY && is_ambiguous(&s)));
        if (rc == BM_OK && e.changes > 0 && !is_ambiguous(&s)) {
            compare(&s, &e, script);
            again(&e);
        }
    }
    bm_edit_close(&e);
    bm_scan_free(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < SCRIPT || size > SIZE_MAX_TRIED) {
        return 0;
    }
    const size_t len = size - SCRIPT;
    edit(data, len, data + len);
    uint8_t *copy = malloc(len + 1);
    must(copy != NULL);
    memcpy(copy, data, len);
    fuzz_repair(copy, len, 1);
    edit(copy, len, data + len);
    free(copy);
    return 0;
}
