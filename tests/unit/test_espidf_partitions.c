/* SPDX-License-Identifier: Apache-2.0 */

/* ESP-IDF's API on partitions to write to: in memory and in files, read-only ones, tiny ones, and
 * threads. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

#include <cmocka.h>

#include "birthmark/espidf.h"
#include "harness/espidf.h"
#include "nvs/fmt.h"
#include "nvs_flash.h"

static void test_erase(void **state)
{
    (void)state;
    const nvs_handle_t h = espidf_open("app", NVS_READWRITE);
    nvs_handle_t other = 0;
    assert_int_equal(nvs_set_u8(h, "k", 1), ESP_OK);
    assert_int_equal(nvs_flash_erase(), ESP_OK);
    assert_int_equal(nvs_set_u8(h, "k", 1), ESP_ERR_NVS_INVALID_HANDLE);
    assert_int_equal(nvs_open("app", NVS_READWRITE, &other), ESP_ERR_NVS_NOT_INITIALIZED);
    for (size_t i = 0; i < sizeof espidf_mem; i++) {
        assert_int_equal(espidf_mem[i], 0xff);
    }
    assert_int_equal(nvs_flash_init(), ESP_OK);
    assert_int_equal(nvs_open("app", NVS_READONLY, &other), ESP_ERR_NVS_NOT_FOUND);
    assert_int_equal(nvs_flash_deinit(), ESP_OK);
    assert_int_equal(nvs_flash_erase(), ESP_OK);
    assert_int_equal(nvs_flash_erase_partition("nvs"), ESP_OK);
    assert_int_equal(nvs_flash_erase_partition("absent"), ESP_ERR_NOT_FOUND);
    assert_int_equal(nvs_flash_erase_partition(NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_flash_erase_partition_ptr(NULL), ESP_ERR_INVALID_ARG);
    espidf_ram.fail_at = espidf_ram.ops + 1;
    assert_int_equal(nvs_flash_erase(), ESP_ERR_FLASH_OP_FAIL);
}

static void test_read_only_partition(void **state)
{
    (void)state;
    struct bm_flash view;
    nvs_handle_t h = espidf_open("app", NVS_READWRITE);
    uint8_t v = 0;
    assert_int_equal(nvs_set_u8(h, "k", 5), ESP_OK);
    assert_int_equal(bm_flash_view(&view, espidf_mem, sizeof espidf_mem), BM_OK);
    assert_int_equal(bm_espidf_attach_flash("ro", &view), BM_OK);
    assert_int_equal(nvs_flash_init_partition("ro"), ESP_OK);
    assert_int_equal(nvs_open_from_partition("ro", "app", NVS_READWRITE, &h), ESP_ERR_NOT_ALLOWED);
    assert_int_equal(nvs_open_from_partition("ro", "x", NVS_READWRITE_PURGE, &h),
                     ESP_ERR_NOT_ALLOWED);
    assert_int_equal(nvs_open_from_partition("ro", "x", NVS_READONLY, &h), ESP_ERR_NVS_NOT_FOUND);
    assert_int_equal(nvs_open_from_partition("ro", "app", NVS_READONLY, &h), ESP_OK);
    assert_true(nvs_get_u8(h, "k", &v) == ESP_OK && v == 5);
    assert_int_equal(nvs_flash_erase_partition("ro"), ESP_ERR_NOT_ALLOWED);
    assert_int_equal(bm_espidf_detach("ro"), BM_OK);
}

static void test_partition_pointers(void **state)
{
    (void)state;
    esp_partition_t part = {0};
    nvs_handle_t h = 0;
    uint8_t v = 0;
    assert_int_equal(nvs_flash_init_partition_ptr(NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(nvs_flash_init_partition_ptr(&part), ESP_ERR_INVALID_ARG);
    part.flash_chip = &espidf_flash;
    part.address = 2 * ESPIDF_PAGE;
    part.size = 3 * ESPIDF_PAGE;
    assert_int_equal(nvs_flash_init_partition_ptr(&part), ESP_ERR_INVALID_ARG); /* no label */
    memset(part.label, 'x', sizeof part.label - 1);
    assert_int_equal(nvs_flash_init_partition_ptr(&part), ESP_ERR_INVALID_ARG);
    (void)snprintf(part.label, sizeof part.label, "nvs");
    assert_int_equal(nvs_flash_init_partition_ptr(&part), ESP_ERR_INVALID_ARG); /* another's */
    (void)snprintf(part.label, sizeof part.label, "inner");
    part.size = 5 * ESPIDF_PAGE;
    assert_int_equal(nvs_flash_init_partition_ptr(&part), ESP_ERR_INVALID_ARG);
    part.size = 3 * ESPIDF_PAGE;
    assert_int_equal(nvs_flash_init_partition_ptr(&part), ESP_OK);
    assert_int_equal(nvs_flash_init_partition_ptr(&part), ESP_OK);
    assert_int_equal(nvs_open_from_partition("inner", "app", NVS_READWRITE, &h), ESP_OK);
    assert_int_equal(nvs_set_u8(h, "k", 3), ESP_OK);
    assert_true(nvs_get_u8(h, "k", &v) == ESP_OK && v == 3);
    assert_int_equal(espidf_mem[0], 0xff);
    assert_int_not_equal(espidf_mem[2 * ESPIDF_PAGE], 0xff);
    assert_null(
        esp_partition_find_first(ESP_PARTITION_TYPE_ANY, ESP_PARTITION_SUBTYPE_ANY, "inner"));
    assert_int_equal(nvs_flash_deinit_partition("inner"), ESP_OK);
    assert_int_equal(nvs_flash_init_partition("inner"), ESP_ERR_NOT_FOUND);
    part.readonly = true;
    assert_int_equal(nvs_flash_init_partition_ptr(&part), ESP_OK);
    assert_int_equal(nvs_open_from_partition("inner", "app", NVS_READWRITE, &h),
                     ESP_ERR_NOT_ALLOWED);
    assert_int_equal(nvs_flash_erase_partition_ptr(&part), ESP_ERR_NOT_ALLOWED);
    part.readonly = false;
    assert_int_equal(nvs_flash_erase_partition_ptr(&part), ESP_OK);
    assert_int_equal(espidf_mem[2 * ESPIDF_PAGE], 0xff);
    part.size = 100;
    assert_int_equal(nvs_flash_erase_partition_ptr(&part), ESP_ERR_INVALID_SIZE);
    assert_int_equal(nvs_flash_init_partition_ptr(&part), ESP_ERR_INVALID_SIZE);
    assert_int_equal(nvs_flash_deinit_partition("inner"), ESP_ERR_NVS_NOT_INITIALIZED);
    part.size = 3 * ESPIDF_PAGE;
    part.readonly = false;
    assert_int_equal(nvs_flash_init_partition_ptr(&part), ESP_OK);
    assert_int_equal(nvs_flash_erase_partition(part.label), ESP_OK);
    assert_int_equal(espidf_mem[2 * ESPIDF_PAGE], 0xff);
    assert_int_equal(nvs_flash_deinit_partition(part.label), ESP_ERR_NVS_NOT_INITIALIZED);
}

static void test_find_partitions(void **state)
{
    (void)state;
    const esp_partition_t *nvs =
        esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_NVS, NULL);
    assert_non_null(nvs);
    assert_string_equal(nvs->label, "nvs");
    assert_int_equal(nvs->size, sizeof espidf_mem);
    assert_false(nvs->readonly);
    assert_null(esp_partition_find_first(ESP_PARTITION_TYPE_APP, ESP_PARTITION_SUBTYPE_ANY, NULL));
    assert_null(esp_partition_find_first(ESP_PARTITION_TYPE_DATA,
                                         ESP_PARTITION_SUBTYPE_DATA_NVS_KEYS, NULL));
    const esp_partition_t copy = *nvs;
    assert_int_equal(nvs_flash_init_partition_ptr(nvs), ESP_OK);
    assert_int_equal(nvs_flash_init_partition_ptr(&copy), ESP_OK);
    (void)espidf_open("app", NVS_READWRITE);
    assert_int_equal(nvs_flash_erase_partition_ptr(nvs), ESP_OK);
    assert_int_equal(nvs_flash_deinit(), ESP_ERR_NVS_NOT_INITIALIZED);
}

static void page_header(unsigned page, uint32_t state, uint32_t seq, uint8_t version)
{
    bmi_header_put(espidf_mem + page * ESPIDF_PAGE, state, seq, version);
}

/* "erase and init again" is what programs do at two codes: neither is given for readable data. */
static void test_the_erase_trap(void **state)
{
    (void)state;
    nvs_handle_t h = espidf_open("app", NVS_READWRITE);
    uint8_t v = 0;
    assert_int_equal(nvs_set_u8(h, "id", 9), ESP_OK);
    assert_int_equal(nvs_flash_deinit(), ESP_OK);
    for (unsigned page = 1; page < ESPIDF_PAGES; page++) { /* no page is free */
        page_header(page, BMI_PAGE_FULL, page, BMI_VERSION_2);
    }
    h = espidf_open("app", NVS_READONLY);
    assert_true(nvs_get_u8(h, "id", &v) == ESP_OK && v == 9);
    assert_int_equal(nvs_flash_deinit(), ESP_OK);
    memset(espidf_mem + ESPIDF_PAGE, 0xff, ESPIDF_PAGE);
    page_header(1, BMI_PAGE_ACTIVE, 7, 0xfd);
    assert_int_equal(nvs_flash_init(), ESP_ERR_INVALID_VERSION);
    memset(espidf_mem, 0xff, sizeof espidf_mem);
    page_header(1, BMI_PAGE_ACTIVE, 7, 0xfd);
    assert_int_equal(nvs_flash_init(), ESP_ERR_NVS_NEW_VERSION_FOUND);
}

/* One page has no room for a collection; what was written stays readable. */
static void test_tiny_partitions(void **state)
{
    (void)state;
    for (unsigned pages = 1; pages <= 2; pages++) {
        nvs_handle_t h = 0;
        assert_int_equal(bm_espidf_detach("nvs"), BM_OK);
        espidf_attach(pages);
        assert_int_equal(nvs_flash_init(), ESP_OK);
        const esp_err_t err = nvs_open("app", NVS_READWRITE, &h);
        if (pages == 1) {
            assert_int_equal(err, ESP_ERR_NVS_NOT_ENOUGH_SPACE);
            continue;
        }
        assert_int_equal(err, ESP_OK);
        for (unsigned i = 0; i < 500; i++) {
            assert_int_equal(nvs_set_u32(h, "k", i), ESP_OK);
        }
        espidf_restart();
    }
}

static const char file_name[] = "test_espidf_partitions.bin";

static void make_file(size_t size)
{
    FILE *f = fopen(file_name, "wb");
    assert_non_null(f);
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(fputc(0xff, f), 0xff);
    }
    assert_int_equal(fclose(f), 0);
}

/* The file changes in place; mounting and reading leave it alone. */
static void test_file(void **state)
{
    (void)state;
    nvs_handle_t h = 0;
    uint8_t v = 0;
    make_file(3 * ESPIDF_PAGE);
    assert_int_equal(bm_espidf_attach("file", file_name), BM_OK);
    assert_int_equal(nvs_flash_init_partition("file"), ESP_OK);
    assert_int_equal(nvs_open_from_partition("file", "app", NVS_READWRITE, &h), ESP_OK);
    for (unsigned i = 0; i < 600; i++) {
        assert_int_equal(nvs_set_u8(h, "k", (uint8_t)i), ESP_OK);
    }
    /* It is in the file now, with the partition still in use. */
    assert_int_equal(bm_espidf_attach_readonly("second", file_name), BM_OK);
    assert_int_equal(nvs_flash_init_partition("second"), ESP_OK);
    assert_int_equal(nvs_open_from_partition("second", "app", NVS_READWRITE, &h),
                     ESP_ERR_NOT_ALLOWED);
    assert_int_equal(nvs_open_from_partition("second", "app", NVS_READONLY, &h), ESP_OK);
    assert_true(nvs_get_u8(h, "k", &v) == ESP_OK && v == (uint8_t)599);
    assert_int_equal(bm_espidf_detach("second"), BM_OK);
    assert_int_equal(nvs_flash_erase_partition("file"), ESP_OK);
    assert_int_equal(bm_espidf_detach("file"), BM_OK);
    FILE *f = fopen(file_name, "rb");
    assert_non_null(f);
    long n = 0;
    for (int c = fgetc(f); c != EOF; c = fgetc(f), n++) {
        assert_int_equal(c, 0xff);
    }
    assert_int_equal(n, 3 * ESPIDF_PAGE);
    (void)fclose(f);
    assert_int_equal(remove(file_name), 0);
}

static void test_file_region(void **state)
{
    (void)state;
    struct bm_flash region;
    struct bm_flash_file file;
    static uint8_t out[ESPIDF_PAGE];
    static uint8_t in[600];
    make_file(2 * ESPIDF_PAGE);
    assert_int_equal(bm_flash_file_open_rw(&region, &file, NULL), BM_E_ARG);
    assert_int_equal(bm_flash_file_open_rw(&region, &file, "no/such/file"), BM_E_IO);
    assert_int_equal(bm_flash_file_open_rw(&region, &file, file_name), BM_OK);
    assert_int_equal(region.size, 2 * ESPIDF_PAGE);
    memset(in, 0xf0, sizeof in);
    assert_int_equal(region.ops->prog(region.ctx, 100, in, sizeof in), BM_OK);
    memset(in, 0x3c, sizeof in);
    assert_int_equal(region.ops->prog(region.ctx, 100, in, sizeof in), BM_OK);
    assert_int_equal(region.ops->read(region.ctx, 0, out, sizeof out), BM_OK);
    assert_int_equal(out[99], 0xff);
    assert_int_equal(out[100], 0x30);
    assert_int_equal(out[699], 0x30);
    assert_int_equal(out[700], 0xff);
    assert_int_equal(region.ops->prog(region.ctx, 2 * ESPIDF_PAGE - 1, in, 2), BM_E_IO);
    assert_int_equal(region.ops->erase(region.ctx, 0, 2 * ESPIDF_PAGE + ESPIDF_PAGE), BM_E_IO);
    assert_int_equal(region.ops->erase(region.ctx, 1, ESPIDF_PAGE), BM_E_IO);
    assert_int_equal(region.ops->erase(region.ctx, 0, ESPIDF_PAGE), BM_OK);
    assert_int_equal(region.ops->read(region.ctx, 100, out, 600), BM_OK);
    assert_int_equal(out[0], 0xff);
    bm_flash_file_close(&file);
    bm_flash_file_close(&file);
    assert_int_equal(bm_flash_file_open(&region, &file, file_name), BM_OK);
    assert_null(region.ops->prog);
    bm_flash_file_close(&file);
    assert_int_equal(remove(file_name), 0);
}

struct worker {
    int id;
    int failures;
};

/* Each in its own namespace, some keys in a shared one. */
static int work(void *arg)
{
    struct worker *w = arg;
    char name[16];
    nvs_handle_t own = 0;
    nvs_handle_t shared = 0;
    (void)snprintf(name, sizeof name, "w%d", w->id);
    w->failures += nvs_open(name, NVS_READWRITE, &own) != ESP_OK;
    w->failures += nvs_open("shared", NVS_READWRITE_PURGE, &shared) != ESP_OK;
    for (uint32_t i = 0; i < 300; i++) {
        uint32_t v = 0;
        char text[16];
        w->failures += nvs_set_u32(own, "n", i) != ESP_OK;
        w->failures += nvs_get_u32(own, "n", &v) != ESP_OK || v != i;
        (void)snprintf(text, sizeof text, "%u", (unsigned)i);
        w->failures += nvs_set_str(shared, name, text) != ESP_OK;
        size_t len = sizeof text;
        w->failures +=
            nvs_get_str(shared, name, text, &len) != ESP_OK || strtoul(text, NULL, 10) != i;
        w->failures += nvs_commit(own) != ESP_OK;
    }
    w->failures += nvs_erase_key(own, "n") != ESP_OK;
    nvs_close(own);
    nvs_close(shared);
    return 0;
}

static void test_threads(void **state)
{
    (void)state;
    enum { COUNT = 4 };
    struct worker workers[COUNT];
    thrd_t threads[COUNT];
    assert_int_equal(nvs_flash_init(), ESP_OK);
    for (int i = 0; i < COUNT; i++) {
        workers[i] = (struct worker){i, 0};
        assert_int_equal(thrd_create(&threads[i], work, &workers[i]), thrd_success);
    }
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(thrd_join(threads[i], NULL), thrd_success);
        assert_int_equal(workers[i].failures, 0);
    }
    assert_int_equal(espidf_count(espidf_open("shared", NVS_READONLY)), COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ESPIDF_CASE(test_erase),
        ESPIDF_CASE(test_read_only_partition),
        ESPIDF_CASE(test_partition_pointers),
        ESPIDF_CASE(test_find_partitions),
        ESPIDF_CASE(test_the_erase_trap),
        ESPIDF_CASE(test_tiny_partitions),
        ESPIDF_CASE(test_file),
        ESPIDF_CASE(test_file_region),
        ESPIDF_CASE(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
