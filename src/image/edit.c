/* SPDX-License-Identifier: Apache-2.0 */
#include "image/edit.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "image/arena.h"
#include "image/diff.h"

/* What may be different in the end. */
struct bmi_touched {
    char ns[BM_NVS_KEY_SIZE];
    char key[BM_NVS_KEY_SIZE];
    uint8_t what;
};

enum { TOUCHED_KEY, TOUCHED_NAME, TOUCHED_ALL };

static const char no_reserve[] =
    "an edit needs a page in reserve, and all pages are in use: a device can only read such a "
    "partition; make it anew with generate (export gives the CSV)";

static int touch(struct bm_edit *e, const char *ns, const char *key, uint8_t what)
{
    void *list = e->touched;
    if (bmi_grow(&list, &e->touched_cap, e->touched_count, sizeof *e->touched) != BM_OK) {
        return BM_E_NOMEM;
    }
    e->touched = list;
    struct bmi_touched *t = &e->touched[e->touched_count++];
    memset(t, 0, sizeof *t);
    memcpy(t->ns, ns, strlen(ns));
    memcpy(t->key, key, strlen(key));
    t->what = what;
    e->changes++;
    return BM_OK;
}

/* The name that differences of this namespace will go by: of several the oldest. */
static const char *name_of(struct bm_edit *e, uint8_t index)
{
    if (e->index != index) {
        (void)bm_nvs_namespace_name(&e->nvs, index, e->name);
        e->index = index;
    }
    return e->name;
}

static int mount(struct bm_edit *e, struct bm_diag *diag)
{
    const uint32_t keys = (uint32_t)(e->size / BMI_PAGE_SIZE) * BMI_PAGE_ENTRIES;
    struct bm_nvs_config config = {.flash = &e->flash, .writable = 1};
    config.work_len = bm_nvs_work_size(&e->flash, keys);
    if (e->work == NULL) {
        e->work = malloc(config.work_len);
    }
    config.work = e->work;
    const int rc = e->work != NULL ? bm_nvs_mount_with(&e->nvs, &config, diag) : BM_E_NOMEM;
    if (rc == BM_OK) {
        bm_nvs_set_purge(&e->nvs, 1); /* a value replaced may be a secret */
    }
    return rc;
}

/* A page unused, or one that an interrupted collection is about to free. */
static int has_reserve(const struct bm_edit *e)
{
    size_t used = 0;
    for (size_t at = 0; at < e->size; at += BMI_PAGE_SIZE) {
        struct bmi_header h;
        bmi_header_get(e->data + at, &h);
        used += h.crc_ok && (h.state == BMI_PAGE_ACTIVE || h.state == BMI_PAGE_FULL);
    }
    return used < e->size / BMI_PAGE_SIZE && e->size > BMI_PAGE_SIZE;
}

int bm_edit_open(struct bm_edit *e, const struct bm_scan *before, struct bm_diag *diag)
{
    memset(e, 0, sizeof *e);
    e->before = before;
    e->size = (size_t)before->page_count * BMI_PAGE_SIZE;
    if (e->size == 0 || e->size > BM_IMAGE_SIZE_MAX) {
        return bm_diag_set(diag, BM_E_ARG, 0, "image size", "not 4 KiB to 256 MiB");
    }
    e->data = malloc(e->size);
    if (e->data == NULL) {
        return bm_diag_set(diag, BM_E_NOMEM, 0, NULL, NULL);
    }
    memcpy(e->data, before->data, e->size);
    if (!has_reserve(e)) {
        return bm_diag_set(diag, BM_E_READONLY, 0, NULL, no_reserve);
    }
    int rc = bm_flash_ram_init(&e->flash, &e->ram, e->data, (uint32_t)e->size);
    if (rc == BM_OK) {
        rc = mount(e, diag);
    }
    return rc == BM_OK ? BM_OK : bm_diag_set(diag, rc, 0, NULL, NULL);
}

void bm_edit_close(struct bm_edit *e)
{
    bm_nvs_unmount(&e->nvs);
    bm_scan_free(&e->after);
    if (e->data != NULL) {
        bm_wipe(e->data, e->size);
    }
    free(e->data);
    free(e->work);
    free(e->touched);
    memset(e, 0, sizeof *e);
}

static int has_data(const struct bm_image_item *item)
{
    return item->type == BM_NVS_STR || item->type == BM_NVS_BLOB;
}

/* 1 if this value is stored already. 0: not. Negative: BM_E_NOMEM, BM_E_IO. */
static int holds(struct bm_edit *e, uint8_t ns, const struct bm_image_item *item)
{
    struct bm_nvs_info info;
    size_t len = item->size;
    const int rc = bm_nvs_find(&e->nvs, ns, item->key, &info);
    if (rc != BM_OK) {
        return rc == BM_E_IO ? rc : 0;
    }
    if (info.type != item->type || !has_data(item)) {
        return info.type == item->type && info.bits == item->bits;
    }
    if (info.size != item->size) {
        return 0;
    }
    uint8_t *data = malloc(len + 1);
    if (data == NULL) {
        return BM_E_NOMEM;
    }
    const int got =
        bm_nvs_get_data(&e->nvs, ns, item->key, (enum bm_nvs_type)item->type, data, &len);
    const int same = got == BM_OK && len == item->size && memcmp(data, item->data, len) == 0;
    bm_wipe(data, item->size);
    free(data);
    return same;
}

static int put(struct bm_edit *e, uint8_t ns, const struct bm_image_item *item)
{
    const enum bm_nvs_type type = (enum bm_nvs_type)item->type;
    return has_data(item) ? bm_nvs_set_data(&e->nvs, ns, item->key, type, item->data, item->size)
                          : bm_nvs_set_bits(&e->nvs, ns, item->key, type, item->bits);
}

/* A device needs room for the old value and the new one. Here the file is written as a whole or not
 * at all, so the old one may go first where that makes it fit. */
static int put_for_old(struct bm_edit *e, uint8_t ns, const struct bm_image_item *item)
{
    int rc = put(e, ns, item);
    if (rc == BM_E_NOSPC) {
        rc = bm_nvs_erase_key(&e->nvs, ns, item->key);
        rc = rc == BM_OK ? put(e, ns, item) : rc == BM_E_NOENT ? BM_E_NOSPC : rc;
    }
    return rc;
}

static uint32_t entries_of(const struct bm_image_item *item)
{
    if (!has_data(item)) {
        return 1;
    }
    const uint32_t chunks = (item->size + BMI_DATA_MAX - 1) / BMI_DATA_MAX;
    const uint32_t data = (item->size + BMI_ENTRY_SIZE - 1) / BMI_ENTRY_SIZE;
    return item->type == BM_NVS_STR ? data + 1 : data + (chunks > 0 ? chunks : 1) + 1;
}

static void tell_free(struct bm_edit *e)
{
    struct bm_nvs_stats stats;
    e->free = bm_nvs_get_stats(&e->nvs, &stats) == BM_OK ? stats.available : 0;
}

static int name_good(const char *name)
{
    const size_t len = strlen(name);
    return len > 0 && len <= BMI_KEY_MAX;
}

/* Finds a namespace, or makes it. */
static int open_namespace(struct bm_edit *e, const char *ns, uint8_t *index)
{
    int rc = name_good(ns) ? bm_nvs_namespace(&e->nvs, ns, index) : BM_E_ARG;
    if (rc == BM_E_NOENT || rc == BM_E_CORRUPT) {
        e->needed++;
        rc = bm_nvs_namespace_create(&e->nvs, ns, index);
        rc = rc == BM_OK ? touch(e, ns, "", TOUCHED_NAME) : rc;
    }
    return rc;
}

static int tell_needed(struct bm_edit *e, int rc)
{
    if (rc == BM_E_NOSPC) {
        tell_free(e);
    } else {
        e->needed = 0;
    }
    return rc;
}

int bm_edit_namespace(struct bm_edit *e, const char *ns)
{
    uint8_t index;
    return tell_needed(e, open_namespace(e, ns, &index));
}

int bm_edit_set(struct bm_edit *e, const char *ns, const struct bm_image_item *item)
{
    uint8_t index = 0;
    int rc = name_good(item->key) ? open_namespace(e, ns, &index) : BM_E_ARG;
    e->needed += entries_of(item);
    const int known = rc == BM_OK ? holds(e, index, item) : 0;
    if (known < 0) {
        rc = known;
    }
    if (rc == BM_OK && !known) {
        rc = put_for_old(e, index, item);
        if (rc == BM_OK) {
            rc = holds(e, index, item) == 1 ? touch(e, name_of(e, index), item->key, TOUCHED_KEY)
                                            : BM_E_VERIFY;
        }
    }
    return tell_needed(e, rc);
}

int bm_edit_unset(struct bm_edit *e, const char *ns, const char *key)
{
    uint8_t index = 0;
    if (!name_good(ns) || !name_good(key)) {
        return BM_E_NOENT;
    }
    int rc = bm_nvs_namespace(&e->nvs, ns, &index);
    if (rc == BM_OK) {
        struct bm_nvs_info info;
        rc = bm_nvs_find(&e->nvs, index, key, &info);
        rc = rc == BM_E_CORRUPT ? BM_OK : rc; /* damaged, but to be removed */
    }
    rc = rc == BM_OK ? bm_nvs_erase_key(&e->nvs, index, key) : rc;
    return rc == BM_OK ? touch(e, name_of(e, index), key, TOUCHED_KEY) : rc;
}

int bm_edit_clear(struct bm_edit *e, const char *ns)
{
    uint8_t index = 0;
    if (!name_good(ns)) {
        return BM_E_NOENT;
    }
    int rc = bm_nvs_namespace(&e->nvs, ns, &index);
    if (rc != BM_OK) {
        return rc;
    }
    size_t used = 0; /* also by values that are damaged */
    rc = bm_nvs_used_entries(&e->nvs, index, &used);
    if (rc != BM_OK || used == 0) {
        return rc;
    }
    rc = bm_nvs_erase_all(&e->nvs, index);
    return rc == BM_OK ? touch(e, name_of(e, index), "", TOUCHED_ALL) : rc;
}

static int compare_touched(const void *x, const void *y)
{
    const struct bmi_touched *a = x;
    const struct bmi_touched *b = y;
    int order = (int)a->what - b->what;
    order = order != 0 ? order : strcmp(a->ns, b->ns);
    return order != 0 ? order : strcmp(a->key, b->key);
}

static int was_touched(const struct bm_edit *e, const char *ns, const char *key, uint8_t what)
{
    struct bmi_touched t;
    memset(&t, 0, sizeof t);
    memcpy(t.ns, ns, strlen(ns));
    memcpy(t.key, key, strlen(key));
    t.what = what;
    return e->touched_count > 0 &&
           bsearch(&t, e->touched, e->touched_count, sizeof t, compare_touched) != NULL;
}

/* The proof: differences that nobody asked for. */
struct proof {
    const struct bm_edit *e;
    struct bm_diag *diag;
    size_t strays;
};

static void judge(void *ctx, const struct bm_diff_change *c)
{
    struct proof *p = ctx;
    const int was_damaged = c->what == BM_DIFF_VALUE && c->old.there && c->old.value.data == NULL;
    const int asked = c->what == BM_DIFF_NAMESPACE ? was_touched(p->e, c->ns, "", TOUCHED_NAME)
                      : c->what == BM_DIFF_VALUE ? was_touched(p->e, c->ns, c->key, TOUCHED_KEY) ||
                                                       was_touched(p->e, c->ns, "", TOUCHED_ALL)
                                                 : 0;
    if (asked || (was_damaged && !c->new.there)) {
        return;
    }
    p->strays++;
    (void)bm_diag_set(p->diag, BM_E_VERIFY, 0, "edit",
                      "the edited image differs in more than was asked for");
}

static int is_leftover(const struct bm_scan *s, const struct bm_row *row)
{
    switch (row->kind) {
    case BM_ROW_DIRTY:
    case BM_ROW_ILLEGAL:
    case BM_ROW_TORN:
    case BM_ROW_DAMAGED: return s->pages[row->page].kind == BM_PAGE_USED;
    case BM_ROW_VALUE: return (row->flags & (BM_ROW_LIVE | BM_ROW_GROUPED)) == BM_ROW_GROUPED;
    default: return 0;
    }
}

/* Entries that interrupted writes and damage left. */
static uint32_t leftovers(const struct bm_scan *s)
{
    uint32_t n = 0;
    for (size_t i = 0; i < s->row_count; i++) {
        const struct bm_row *row = &s->rows[i];
        const unsigned span = bmi_unknown_span(s, row);
        if (span > 0) { /* kept whole: its data entries are no rubbish */
            while (i + 1 < s->row_count && s->rows[i + 1].page == row->page &&
                   s->rows[i + 1].entry < row->entry + span) {
                i++;
            }
        } else if (is_leftover(s, row)) {
            n += row->count;
        }
    }
    return n;
}

/* Compares with the image before, and mounts as a device will. */
static int prove(struct bm_edit *e, struct bm_diag *diag)
{
    struct proof p = {e, diag, 0};
    const struct bm_diff_opts o = {.emit = judge, .ctx = &p};
    struct bm_diff_result result;
    if (e->touched_count > 1) {
        qsort(e->touched, e->touched_count, sizeof *e->touched, compare_touched);
    }
    int rc = bm_diff(e->before, &e->after, &o, &result);
    if (rc == BM_OK && p.strays > 0) {
        rc = BM_E_VERIFY;
    }
    if (rc == BM_OK) {
        bm_nvs_unmount(&e->nvs);
        rc = mount(e, diag);
    }
    return rc;
}

int bm_edit_finish(struct bm_edit *e, struct bm_diag *diag)
{
    if (e->changes > 0 && !has_reserve(e)) {
        return bm_diag_set(diag, BM_E_READONLY, 0, NULL, no_reserve);
    }
    int rc = e->changes > 0 ? bm_scan(&e->after, e->data, e->size) : BM_OK;
    if (rc == BM_OK && e->changes > 0) {
        const uint32_t were = leftovers(e->before);
        const uint32_t are = leftovers(&e->after);
        e->cleared = were > are ? were - are : 0;
        rc = prove(e, diag);
    }
    tell_free(e);
    return rc;
}
