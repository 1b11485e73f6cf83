/* SPDX-License-Identifier: Apache-2.0 */

/* ESP-IDF's partitions, from the table of a whole chip. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "birthmark/app.h"
#include "birthmark/espidf.h"
#include "esp_ota_ops.h"
#include "esp_system.h"
#include "harness/board.h"
#include "nvs_flash.h"

static struct board board;
static struct board_image image;

static int setup(void **state)
{
    const struct board_app app = {.version = 1, .fill = 1000};
    (void)state;
    board_open(&board, 1, 2);
    board_image_make(&image, &app);
    board_put(&board, "factory", &image);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)bm_espidf_detach_chip();
    board_close(&board);
    return 0;
}

static void attach(void)
{
    const struct bm_espidf_chip config = board_config(&board);
    assert_int_equal(bm_espidf_attach_chip(&config, NULL), BM_OK);
}

static const esp_partition_t *find(const char *label)
{
    const esp_partition_t *p =
        esp_partition_find_first(ESP_PARTITION_TYPE_ANY, ESP_PARTITION_SUBTYPE_ANY, label);
    assert_non_null(p);
    return p;
}

static void test_find(void **state)
{
    (void)state;
    static const char *const labels[] = {"nvs", "otadata", "nvs_keys", "factory", "ota_0", "ota_1"};
    attach();
    unsigned n = 0;
    esp_partition_iterator_t it =
        esp_partition_find(ESP_PARTITION_TYPE_ANY, ESP_PARTITION_SUBTYPE_ANY, NULL);
    for (; it != NULL; it = esp_partition_next(it), n++) {
        assert_string_equal(esp_partition_get(it)->label, labels[n]);
    }
    assert_int_equal(n, 6);
    it = esp_partition_find(ESP_PARTITION_TYPE_APP, ESP_PARTITION_SUBTYPE_OTA(1), NULL);
    assert_non_null(it);
    const esp_partition_t *p = esp_partition_get(it);
    assert_string_equal(p->label, "ota_1");
    assert_int_equal(p->address, BOARD_APPS + 2 * BOARD_SLOT);
    assert_int_equal(p->size, BOARD_SLOT);
    assert_int_equal(p->erase_size, 4096);
    assert_ptr_equal(p->flash_chip, &board.flash);
    assert_false(p->encrypted || p->readonly);
    esp_partition_iterator_release(it);
    esp_partition_iterator_release(NULL);
    assert_null(esp_partition_next(NULL));
    assert_null(esp_partition_get(NULL));
    assert_null(esp_partition_find(ESP_PARTITION_TYPE_ANY, ESP_PARTITION_SUBTYPE_DATA_NVS, NULL));
    assert_null(
        esp_partition_find_first(ESP_PARTITION_TYPE_ANY, ESP_PARTITION_SUBTYPE_DATA_NVS, NULL));
    assert_null(esp_partition_find(ESP_PARTITION_TYPE_APP, ESP_PARTITION_SUBTYPE_ANY, "nvs"));
    it = esp_partition_find(ESP_PARTITION_TYPE_APP, ESP_PARTITION_SUBTYPE_ANY, NULL);
    assert_int_equal(bm_espidf_detach_chip(), BM_OK);
    assert_null(esp_partition_next(it)); /* the rest went away */
    assert_int_equal(bm_espidf_detach_chip(), BM_E_NOENT);
}

static void test_verify(void **state)
{
    (void)state;
    attach();
    const esp_partition_t *slot = find("ota_0");
    esp_partition_t copy = *slot;
    assert_ptr_equal(esp_partition_verify(&copy), slot);
    copy.label[0] = '\0';
    assert_ptr_equal(esp_partition_verify(&copy), slot);
    copy.size -= 4096;
    assert_null(esp_partition_verify(&copy));
    copy = *slot;
    copy.encrypted = true;
    assert_null(esp_partition_verify(&copy));
    copy = *slot;
    memset(copy.label, 'x', sizeof copy.label);
    assert_null(esp_partition_verify(&copy));
    assert_null(esp_partition_verify(NULL));
}

static void test_read_write_erase(void **state)
{
    (void)state;
    uint8_t bytes[32] = {1, 2, 3};
    uint8_t back[32];
    attach();
    const esp_partition_t *p = find("ota_1");
    assert_int_equal(esp_partition_write(p, 100, bytes, sizeof bytes), ESP_OK);
    assert_int_equal(esp_partition_read(p, 100, back, sizeof back), ESP_OK);
    assert_memory_equal(bytes, back, sizeof bytes);
    assert_memory_equal(board.mem + p->address + 100, bytes, sizeof bytes);
    assert_int_equal(esp_partition_write_raw(p, p->size, bytes, 0), ESP_OK);
    assert_int_equal(esp_partition_read_raw(p, p->size - 31, back, 32), ESP_ERR_INVALID_SIZE);
    assert_int_equal(esp_partition_read(p, p->size + 1, back, 0), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_partition_read(p, 0, NULL, 1), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_partition_read(NULL, 0, back, 1), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_partition_write(NULL, 0, back, 1), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_partition_write(p, 0, NULL, 1), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_partition_write(p, p->size - 1, back, 2), ESP_ERR_INVALID_SIZE);
    assert_int_equal(esp_partition_write(p, p->size + 1, back, 1), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_partition_erase_range(p, 0, 100), ESP_ERR_INVALID_SIZE);
    assert_int_equal(esp_partition_erase_range(p, 100, 4096), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_partition_erase_range(p, 4096, p->size), ESP_ERR_INVALID_SIZE);
    assert_int_equal(esp_partition_erase_range(p, p->size + 4096, 0), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_partition_erase_range(NULL, 0, 4096), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_partition_erase_range(p, 0, 4096), ESP_OK);
    assert_int_equal(board.mem[p->address + 100], 0xff);
    esp_partition_t copy = *p;
    copy.readonly = true;
    assert_int_equal(esp_partition_write(&copy, 0, bytes, 1), ESP_ERR_NOT_ALLOWED);
    assert_int_equal(esp_partition_erase_range(&copy, 0, 4096), ESP_ERR_NOT_ALLOWED);
    board.ram.fail_at = board.ram.ops + 1;
    assert_int_equal(esp_partition_write(p, 0, bytes, 1), ESP_ERR_FLASH_OP_FAIL);
    board.ram.fail_read = board.ram.reads + 1;
    assert_int_equal(esp_partition_read(p, 0, back, 1), ESP_ERR_FLASH_OP_FAIL);
}

static void test_encrypted(void **state)
{
    (void)state;
    uint8_t bytes[32] = {0};
    struct bm_espidf_chip config = board_config(&board);
    config.encrypted = 1;
    assert_int_equal(bm_espidf_attach_chip(&config, NULL), BM_OK);
    assert_true(find("factory")->encrypted && find("otadata")->encrypted &&
                find("nvs_keys")->encrypted);
    assert_false(find("nvs")->encrypted);
    assert_int_equal(esp_partition_write(find("ota_0"), 0, bytes, 8), ESP_ERR_INVALID_SIZE);
    assert_int_equal(esp_partition_write(find("ota_0"), 8, bytes, 16), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_partition_write(find("ota_0"), 16, bytes, 16), ESP_OK);
    assert_int_equal(esp_partition_write(find("nvs"), 1, bytes, 3), ESP_OK);
}

static void test_sha256(void **state)
{
    (void)state;
    uint8_t sum[32];
    struct board_app plain = {.version = 2, .fill = 300, .no_hash = 1};
    struct board_image other;
    attach();
    assert_int_equal(esp_partition_get_sha256(find("factory"), sum), ESP_OK);
    assert_memory_equal(sum, image.data + image.len - 32, 32);
    board_image_make(&other, &plain);
    board_put(&board, "ota_0", &other);
    assert_int_equal(esp_partition_get_sha256(find("ota_0"), sum), ESP_OK);
    assert_int_equal(esp_partition_get_sha256(find("nvs"), sum), ESP_OK);
    assert_int_equal(esp_partition_get_sha256(find("ota_1"), sum), ESP_ERR_IMAGE_INVALID);
    assert_int_equal(esp_partition_get_sha256(NULL, sum), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_partition_get_sha256(find("nvs"), NULL), ESP_ERR_INVALID_ARG);
    assert_false(esp_partition_check_identity(find("factory"), find("ota_0")));
    board_put(&board, "ota_0", &image);
    assert_true(esp_partition_check_identity(find("factory"), find("ota_0")));
    assert_false(esp_partition_check_identity(find("factory"), find("ota_1")));
    board.mem[find("ota_0")->address + 400] ^= 1;
    assert_int_equal(esp_partition_get_sha256(find("ota_0"), sum), ESP_ERR_IMAGE_INVALID);
    board.ram.fail_read = board.ram.reads + 1;
    assert_int_equal(esp_partition_get_sha256(find("nvs"), sum), ESP_ERR_FLASH_OP_FAIL);
    assert_int_equal(bm_espidf_detach_chip(), BM_OK);
    struct bm_espidf_chip config = board_config(&board);
    config.sha256 = NULL;
    assert_int_equal(bm_espidf_attach_chip(&config, NULL), BM_OK);
    assert_int_equal(esp_partition_get_sha256(find("nvs"), sum), ESP_ERR_NOT_SUPPORTED);
}

static void test_nvs(void **state)
{
    (void)state;
    nvs_handle_t h = 0;
    uint8_t v = 0;
    attach();
    assert_int_equal(nvs_flash_init(), ESP_OK);
    assert_int_equal(nvs_open("app", NVS_READWRITE, &h), ESP_OK);
    assert_int_equal(nvs_set_u8(h, "k", 7), ESP_OK);
    assert_int_equal(nvs_flash_init_partition("ota_0"), ESP_ERR_NOT_FOUND);
    assert_int_equal(nvs_flash_erase_partition("ota_0"), ESP_ERR_NOT_FOUND);
    assert_int_equal(nvs_flash_erase_partition("nvs_keys"), ESP_ERR_NOT_FOUND);
    assert_int_equal(bm_espidf_detach("nvs"), BM_E_NOENT); /* it is the chip's */
    assert_int_equal(bm_espidf_detach_chip(), BM_OK);
    assert_int_equal(nvs_get_u8(h, "k", &v), ESP_ERR_NVS_INVALID_HANDLE);
    assert_int_equal(nvs_flash_init(), ESP_ERR_NOT_FOUND);
    attach();
    assert_int_equal(nvs_flash_init_partition_ptr(find("nvs")), ESP_OK);
    assert_int_equal(nvs_open("app", NVS_READONLY, &h), ESP_OK);
    assert_true(nvs_get_u8(h, "k", &v) == ESP_OK && v == 7);
    assert_int_equal(nvs_flash_deinit(), ESP_OK);
    assert_non_null(find("nvs"));
    assert_int_equal(nvs_flash_erase(), ESP_OK);
    assert_int_equal(board.mem[BOARD_NVS], 0xff);
    assert_int_equal(board.mem[BOARD_TABLE], 0xaa);
}

static void test_attach_refuses(void **state)
{
    (void)state;
    struct bm_diag diag = {0};
    struct bm_espidf_chip config = board_config(&board);
    assert_int_equal(bm_espidf_attach_chip(NULL, NULL), BM_E_ARG);
    config.flash = NULL;
    assert_int_equal(bm_espidf_attach_chip(&config, NULL), BM_E_ARG);
    config = board_config(&board);
    config.table_offset = 0x1000;
    assert_int_equal(bm_espidf_attach_chip(&config, NULL), BM_E_CORRUPT);
    config.table_offset = 0;
    config.running = "nvs";
    assert_int_equal(bm_espidf_attach_chip(&config, NULL), BM_E_NOENT);
    config.running = NULL;
    assert_int_equal(bm_espidf_attach_flash("ota_0", &board.flash), BM_OK);
    assert_int_equal(bm_espidf_attach_chip(&config, &diag), BM_E_EXIST);
    assert_string_equal(diag.where, "ota_0");
    assert_int_equal(bm_espidf_detach("ota_0"), BM_OK);
    board.ram.fail_read = board.ram.reads + 1;
    assert_int_equal(bm_espidf_attach_chip(&config, NULL), BM_E_IO);
    assert_null(esp_partition_find_first(ESP_PARTITION_TYPE_ANY, ESP_PARTITION_SUBTYPE_ANY, NULL));
    attach();
    assert_int_equal(bm_espidf_attach_chip(&config, NULL), BM_E_EXIST);
    assert_int_equal(bm_espidf_attach_flash("ota_0", &board.flash), BM_E_EXIST);
    assert_non_null(find("ota_1"));
    assert_int_equal(bm_espidf_detach_chip(), BM_OK);
    board.flash.size = BOARD_APPS; /* a file that was cut off */
    memset(&diag, 0, sizeof diag);
    assert_int_equal(bm_espidf_attach_chip(&config, &diag), BM_E_NOSPC);
    assert_string_equal(diag.where, "factory");
}

static void test_boot(void **state)
{
    (void)state;
    char label[BM_PART_LABEL_SIZE];
    struct bm_espidf_chip config = board_config(&board);
    assert_int_equal(bm_espidf_boot(&config, label, NULL), BM_OK);
    assert_string_equal(label, "factory");
    assert_int_equal(bm_espidf_boot(NULL, label, NULL), BM_E_ARG);
    assert_int_equal(bm_espidf_boot(&config, NULL, NULL), BM_E_ARG);
    assert_int_equal(board.ram.ops, 0);
    assert_int_equal(bm_update_select(&board.flash, &board.table, board_row(&board, "ota_1"), 1),
                     BM_OK);
    board_put(&board, "ota_1", &image);
    config.running = NULL; /* decides without writing */
    const uint64_t ops = board.ram.ops;
    assert_int_equal(bm_espidf_attach_chip(&config, NULL), BM_OK);
    assert_string_equal(esp_ota_get_running_partition()->label, "ota_1");
    assert_int_equal(board.ram.ops, ops);
    assert_int_equal(bm_espidf_detach_chip(), BM_OK);
    assert_int_equal(bm_espidf_boot(&config, label, NULL), BM_OK);
    assert_string_equal(label, "ota_1");
    assert_true(board.ram.ops > ops);
    config.chip_id = 5; /* nothing is for this one */
    assert_int_equal(bm_espidf_boot(&config, label, NULL), BM_E_NOENT);
    assert_int_equal(bm_espidf_attach_chip(&config, NULL), BM_OK);
    assert_null(esp_ota_get_running_partition());
}

static void test_description(void **state)
{
    (void)state;
    char hex[80];
    assert_int_equal(esp_app_get_description()->magic_word, 0);
    attach();
    assert_int_equal(esp_app_get_description()->magic_word, ESP_APP_DESC_MAGIC_WORD);
    assert_string_equal(esp_app_get_description()->version, "1.0");
    assert_string_equal(esp_ota_get_app_description()->project_name, "board");
    assert_int_equal(esp_app_get_elf_sha256(hex, sizeof hex), 65);
    assert_int_equal(strlen(hex), 64);
    assert_memory_equal(hex, "a1a1", 4);
    assert_int_equal(esp_ota_get_app_elf_sha256(hex, 10), 10);
    assert_string_equal(hex, "a1a1a1a1a");
    assert_int_equal(esp_app_get_elf_sha256(hex, 1), 0);
    assert_int_equal(esp_app_get_elf_sha256(NULL, 10), 0);
}

static int restarts;

static void count_restart(void *ctx)
{
    (*(int *)ctx)++;
}

static void test_restart(void **state)
{
    (void)state;
    struct bm_espidf_chip config = board_config(&board);
    config.restart = count_restart;
    config.restart_ctx = &restarts;
    assert_int_equal(bm_espidf_attach_chip(&config, NULL), BM_OK);
    esp_restart();
    assert_int_equal(restarts, 1);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_find),           CASE(test_verify), CASE(test_read_write_erase),
        CASE(test_encrypted),      CASE(test_sha256), CASE(test_nvs),
        CASE(test_attach_refuses), CASE(test_boot),   CASE(test_description),
        CASE(test_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
