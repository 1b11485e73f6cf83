/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "image/check.h"
#include "image/seal.h"

void test_store_open(struct test_store *st, unsigned pages, uint32_t index)
{
    memset(st, 0, sizeof *st);
    st->size = pages * BMI_PAGE_SIZE;
    st->mem = malloc(st->size);
    if (st->mem == NULL) {
        abort();
    }
    memset(st->mem, 0xff, st->size);
    (void)bm_flash_ram_init(&st->flash, &st->ram, st->mem, st->size);
    st->work_len = bm_nvs_work_size(&st->flash, index);
    st->work = malloc(st->work_len);
    if (st->work == NULL) {
        abort();
    }
}

void test_store_free(struct test_store *st)
{
    bm_nvs_unmount(&st->nvs);
    free(st->work);
    free(st->mem);
    memset(st, 0, sizeof *st);
}

int test_store_mount(struct test_store *st, int writable)
{
    const struct bm_nvs_config config = {.flash = &st->flash,
                                         .work = st->work,
                                         .work_len = st->work_len,
                                         .writable = writable,
                                         .crypto = st->crypto};
    st->ram.dead = 0;
    st->ram.cut_at = 0;
    const int rc = bm_nvs_mount_with(&st->nvs, &config, NULL);
    if (rc == BM_OK && st->purge) {
        bm_nvs_set_purge(&st->nvs, 1);
    }
    return rc;
}

int test_store_recover(struct test_store *st)
{
    const int rc = bm_nvs_erase_key(&st->nvs, 1, "no such key");
    return rc == BM_E_NOENT ? BM_OK : rc;
}

/* A sector whose erase was torn stays as it is until it is needed; ESP-IDF does the same. */
static const char *const accepted[] = {"page-header-crc", "page-state", "page-not-blank"};

struct findings {
    char *text;
    size_t cap;
    int bad;
};

static void on_finding(void *ctx, const struct bm_finding *f)
{
    struct findings *all = ctx;
    if (f->kind->severity == BM_NOTE || all->bad) {
        return;
    }
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
        if (strcmp(f->kind->id, accepted[i]) == 0) {
            return;
        }
    }
    all->bad = 1;
    (void)snprintf(all->text, all->cap, "check: %s, page %d entry %d: %s", f->kind->id,
                   (int)f->page, f->entry, f->text);
}

/* What is in the flash, decrypted; the caller frees it. */
static uint8_t *plain_copy(const struct test_store *st)
{
    uint8_t *copy = malloc(st->size);
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, st->mem, st->size);
    if (st->crypto != NULL && bm_seal_decrypt(copy, st->size, st->crypto) != BM_OK) {
        abort();
    }
    return copy;
}

int test_store_clean(struct test_store *st, char *text, size_t cap)
{
    struct findings found = {text, cap, 0};
    struct bm_check_result result;
    struct bm_scan scan;
    struct bm_nvs_stats stats;
    uint32_t live = 0;
    uint8_t *plain = plain_copy(st);
    if (bm_scan(&scan, plain, st->size) != BM_OK) {
        abort();
    }
    bm_check(&scan, on_finding, &found, &result);
    for (size_t i = 0; i < scan.row_count; i++) {
        live += (scan.rows[i].flags & BM_ROW_LIVE) != 0 ? scan.rows[i].count : 0u;
    }
    bm_scan_free(&scan);
    free(plain);
    if (!found.bad && (bm_nvs_get_stats(&st->nvs, &stats) != BM_OK || stats.used != live)) {
        found.bad = 1;
        (void)snprintf(text, cap, "%u entries used, %u in values that count", (unsigned)stats.used,
                       (unsigned)live);
    }
    return !found.bad;
}

int test_store_purged(const struct test_store *st)
{
    static const uint8_t zeros[BMI_ENTRY_SIZE];
    for (const uint8_t *page = st->mem; page < st->mem + st->size; page += BMI_PAGE_SIZE) {
        struct bmi_header h;
        bmi_header_get(page, &h);
        for (unsigned i = 0; h.crc_ok && i < BMI_PAGE_ENTRIES; i++) {
            if (bmi_bitmap_get(page + BMI_OFF_BITMAP, i) == BMI_ENTRY_ERASED &&
                memcmp(page + BMI_OFF_ENTRIES + (size_t)i * BMI_ENTRY_SIZE, zeros, sizeof zeros) !=
                    0) {
                return 0;
            }
        }
    }
    return 1;
}

int test_store_fill(struct test_store *st, uint8_t ns)
{
    for (int n = 0;; n++) {
        char key[BM_NVS_KEY_SIZE];
        (void)snprintf(key, sizeof key, "fill%d", n);
        const int rc = bm_nvs_set_bits(&st->nvs, ns, key, BM_NVS_U8, 1);
        if (rc != BM_OK) {
            return rc == BM_E_NOSPC ? n : rc;
        }
    }
}
