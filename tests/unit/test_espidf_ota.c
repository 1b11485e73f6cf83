/* SPDX-License-Identifier: Apache-2.0 */

/* ESP-IDF's update calls: what they refuse, with which code, and the states they leave. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "birthmark/espidf.h"
#include "birthmark/ota.h"
#include "esp_ota_ops.h"
#include "harness/board.h"
#include "part/app_fmt.h"

static struct board board;
static struct board_image v1;
static struct board_image v2;
static struct bm_espidf_chip config;
static int restarts;
static uint32_t fuses;

static void count_restart(void *ctx)
{
    (void)ctx;
    restarts++;
}

static int setup(void **state)
{
    const struct board_app one = {.version = 1, .secure_version = 1, .fill = 5000};
    const struct board_app two = {.version = 2, .secure_version = 2, .fill = 6000};
    (void)state;
    board_open(&board, 1, 2);
    board_image_make(&v1, &one);
    board_image_make(&v2, &two);
    board_put(&board, "factory", &v1);
    config = board_config(&board);
    config.restart = count_restart;
    restarts = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)bm_espidf_detach_chip();
    board_close(&board);
    return 0;
}

/* Starts the board, as its bootloader would; the label of what runs. */
static const char *start(void)
{
    static char label[BM_PART_LABEL_SIZE];
    (void)bm_espidf_detach_chip();
    assert_int_equal(bm_espidf_boot(&config, label, NULL), BM_OK);
    config.running = label;
    assert_int_equal(bm_espidf_attach_chip(&config, NULL), BM_OK);
    return label;
}

static const esp_partition_t *find(const char *label)
{
    const esp_partition_t *p =
        esp_partition_find_first(ESP_PARTITION_TYPE_ANY, ESP_PARTITION_SUBTYPE_ANY, label);
    assert_non_null(p);
    return p;
}

static esp_ota_handle_t begin(const char *label, size_t size)
{
    esp_ota_handle_t h = 0;
    assert_int_equal(esp_ota_begin(find(label), size, &h), ESP_OK);
    return h;
}

static esp_err_t install(const char *label, const struct board_image *image)
{
    const esp_ota_handle_t h = begin(label, OTA_WITH_SEQUENTIAL_WRITES);
    assert_int_equal(esp_ota_write(h, image->data, image->len), ESP_OK);
    return esp_ota_end(h);
}

static int state_of(const char *label)
{
    esp_ota_img_states_t s;
    const esp_err_t err = esp_ota_get_state_partition(find(label), &s);
    return err == ESP_OK ? (int)s : 1000 + err;
}

static void test_begin_refuses(void **state)
{
    (void)state;
    esp_ota_handle_t h = 0;
    esp_partition_t stranger = {.type = ESP_PARTITION_TYPE_APP,
                                .subtype = ESP_PARTITION_SUBTYPE_APP_OTA_0};
    assert_string_equal(start(), "factory");
    assert_int_equal(esp_ota_begin(NULL, 0, &h), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_ota_begin(find("ota_0"), 0, NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_ota_begin(&stranger, 0, &h), ESP_ERR_NOT_FOUND);
    assert_int_equal(esp_ota_begin(find("factory"), 0, &h), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_ota_begin(find("nvs"), 0, &h), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_ota_begin(find("ota_0"), BOARD_SLOT + 1, &h), ESP_ERR_INVALID_SIZE);
    assert_int_equal(esp_ota_resume(NULL, 0, 0, &h), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_ota_resume(find("ota_0"), 0, 0, NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_ota_resume(find("ota_0"), 0, BOARD_SLOT + 1, &h), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_ota_resume(find("factory"), 0, 0, &h), ESP_ERR_INVALID_ARG);
    assert_int_equal(board.ram.ops, 0);
    board.ram.fail_at = 1;
    assert_int_equal(esp_ota_begin(find("ota_0"), 0, &h), ESP_ERR_FLASH_OP_FAIL);
    assert_int_equal(h, 0);
    (void)bm_espidf_detach_chip();
    assert_int_equal(esp_ota_begin(&stranger, 0, &h), ESP_ERR_NOT_FOUND);
}

static void test_running_slot(void **state)
{
    (void)state;
    esp_ota_handle_t h = 0;
    start();
    assert_int_equal(install("ota_0", &v2), ESP_OK);
    assert_int_equal(esp_ota_set_boot_partition(find("ota_0")), ESP_OK);
    assert_string_equal(start(), "ota_0");
    assert_int_equal(esp_ota_begin(find("ota_0"), 0, &h), ESP_ERR_OTA_PARTITION_CONFLICT);
    assert_int_equal(esp_ota_resume(find("ota_0"), 0, 0, &h), ESP_ERR_OTA_PARTITION_CONFLICT);
    /* and while it is on trial, no other: it may be what is rolled back to */
    assert_int_equal(state_of("ota_0"), ESP_OTA_IMG_PENDING_VERIFY);
    assert_int_equal(esp_ota_begin(find("ota_1"), 0, &h), ESP_ERR_OTA_ROLLBACK_INVALID_STATE);
    assert_int_equal(esp_ota_mark_app_valid_cancel_rollback(), ESP_OK);
    assert_int_equal(esp_ota_begin(find("ota_1"), 0, &h), ESP_OK);
    assert_int_equal(esp_ota_abort(h), ESP_OK);
}

static void test_read_only(void **state)
{
    (void)state;
    esp_ota_handle_t h = 0;
    struct bm_flash view;
    assert_int_equal(bm_flash_view(&view, board.mem, BOARD_SIZE), BM_OK);
    config.flash = &view;
    start();
    assert_int_equal(esp_ota_begin(find("ota_0"), 0, &h), ESP_ERR_NOT_ALLOWED);
    assert_int_equal(esp_ota_set_boot_partition(find("factory")), ESP_ERR_NOT_ALLOWED);
}

static void test_write_refuses(void **state)
{
    (void)state;
    start();
    esp_ota_handle_t h = begin("ota_0", OTA_WITH_SEQUENTIAL_WRITES);
    assert_int_equal(esp_ota_write(h, NULL, 1), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_ota_write(h + 1, v2.data, 1), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_ota_write(h + 1, v2.data, 0), ESP_OK);
    assert_int_equal(esp_ota_write_with_offset(h, v2.data, 16, 0), ESP_ERR_INVALID_STATE);
    assert_int_equal(esp_ota_write(h, "no image", 8), ESP_ERR_OTA_VALIDATE_FAILED);
    assert_int_equal(esp_ota_write(h, v2.data, 0), ESP_OK);
    assert_int_equal(esp_ota_write(h, v2.data, BOARD_SLOT + 1), ESP_ERR_INVALID_SIZE);
    assert_int_equal(esp_ota_write(h, v2.data, 100), ESP_OK);
    assert_int_equal(esp_ota_write(h, v2.data, BOARD_SLOT - 99), ESP_ERR_INVALID_SIZE);
    board.ram.fail_at = board.ram.ops + 1;
    assert_int_equal(esp_ota_write(h, v2.data + 100, 10), ESP_ERR_FLASH_OP_FAIL);
    assert_int_equal(esp_ota_end(h), ESP_ERR_OTA_VALIDATE_FAILED);
    assert_int_equal(esp_ota_write(h, v2.data, 10), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_ota_end(h), ESP_ERR_NOT_FOUND);
    assert_int_equal(esp_ota_abort(h), ESP_ERR_NOT_FOUND);
    assert_int_equal(esp_ota_write_with_offset(h, v2.data, 16, 0), ESP_ERR_INVALID_ARG);
    h = begin("ota_0", 0);
    assert_int_equal(esp_ota_end(h), ESP_ERR_INVALID_ARG); /* nothing was written */
    h = begin("ota_0", 0);
    assert_int_equal(esp_ota_write_with_offset(h, NULL, 16, 0), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_ota_write_with_offset(h, v2.data, 16, BOARD_SLOT + 1),
                     ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_ota_write_with_offset(h, v2.data, 16, BOARD_SLOT - 8),
                     ESP_ERR_INVALID_SIZE);
    assert_int_equal(esp_ota_abort(h), ESP_OK);
}

/* A bad image is not accepted, is not selected, and leaves what boots alone. */
static void expect_refused(const struct board_image *image)
{
    start();
    assert_int_equal(install("ota_0", image), ESP_ERR_OTA_VALIDATE_FAILED);
    assert_int_equal(esp_ota_set_boot_partition(find("ota_0")), ESP_ERR_OTA_VALIDATE_FAILED);
    assert_string_equal(esp_ota_get_boot_partition()->label, "factory");
    assert_string_equal(start(), "factory");
}

static void test_bad_images(void **state)
{
    (void)state;
    struct board_image bad = v2;
    const struct board_app other = {.version = 3, .chip = 5, .fill = 100};
    bad.data[300] ^= 1;
    expect_refused(&bad);
    bad = v2;
    bad.data[bad.len - 1] ^= 1; /* of the hash */
    expect_refused(&bad);
    bad = v2;
    bad.len -= 1;
    expect_refused(&bad);
    bad.len = 20;
    expect_refused(&bad);
    bad = v2;
    bad.data[BMI_AH_SEGMENTS] = 0;
    expect_refused(&bad);
    board_image_make(&bad, &other);
    expect_refused(&bad);
    /* what an earlier download left behind does not make a short one whole */
    start();
    assert_int_equal(install("ota_0", &v2), ESP_OK);
    const esp_ota_handle_t h = begin("ota_0", OTA_WITH_SEQUENTIAL_WRITES);
    assert_int_equal(esp_ota_write(h, v2.data, 4096), ESP_OK);
    assert_int_equal(esp_ota_end(h), ESP_ERR_OTA_VALIDATE_FAILED);
}

static void test_any_chip(void **state)
{
    (void)state;
    struct board_image other;
    const struct board_app app = {.version = 3, .chip = 5, .fill = 100};
    board_image_make(&other, &app);
    config.chip_id = BM_UPDATE_ANY_CHIP;
    start();
    assert_int_equal(install("ota_0", &other), ESP_OK);
    assert_int_equal(esp_ota_set_boot_partition(find("ota_0")), ESP_OK);
}

static void test_set_boot_refuses(void **state)
{
    (void)state;
    esp_partition_t stranger = {.type = ESP_PARTITION_TYPE_APP};
    start();
    assert_int_equal(esp_ota_set_boot_partition(NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_ota_set_boot_partition(&stranger), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_ota_set_boot_partition(find("nvs")), ESP_ERR_OTA_VALIDATE_FAILED);
    assert_int_equal(esp_ota_set_boot_partition(find("ota_0")), ESP_ERR_OTA_VALIDATE_FAILED);
    assert_int_equal(install("ota_0", &v2), ESP_OK);
    board.ram.fail_at = board.ram.ops + 1;
    assert_int_equal(esp_ota_set_boot_partition(find("ota_0")), ESP_ERR_FLASH_OP_FAIL);
    assert_int_equal(esp_ota_set_boot_partition(find("ota_0")), ESP_OK);
    const uint64_t ops = board.ram.ops;
    assert_int_equal(esp_ota_set_boot_partition(find("ota_0")), ESP_OK);
    assert_int_equal(board.ram.ops, ops); /* nothing changes */
    assert_int_equal(esp_ota_set_boot_partition(find("factory")), ESP_OK);
    assert_string_equal(esp_ota_get_boot_partition()->label, "factory");
}

static void test_anti_rollback(void **state)
{
    (void)state;
    fuses = 2;
    config.secure_version = &fuses;
    board_put(&board, "factory", &v2);
    start();
    assert_int_equal(install("ota_0", &v1), ESP_OK);
    assert_int_equal(esp_ota_set_boot_partition(find("ota_0")), ESP_ERR_OTA_SMALL_SEC_VER);
    assert_int_equal(board.mem[find("ota_0")->address], 0xff);
    fuses = 1;
    assert_int_equal(install("ota_0", &v2), ESP_OK);
    assert_int_equal(esp_ota_set_boot_partition(find("ota_0")), ESP_OK);
    assert_string_equal(start(), "ota_0");
    assert_int_equal(fuses, 1);
    assert_int_equal(esp_ota_mark_app_valid_cancel_rollback(), ESP_OK);
    assert_int_equal(fuses, 2);
}

static void test_confirm(void **state)
{
    (void)state;
    start();
    assert_int_equal(esp_ota_mark_app_valid_cancel_rollback(), ESP_FAIL); /* factory */
    assert_int_equal(esp_ota_mark_app_invalid_rollback_and_reboot(), ESP_FAIL);
    assert_false(esp_ota_check_rollback_is_possible());
    assert_int_equal(install("ota_0", &v2), ESP_OK);
    assert_int_equal(esp_ota_set_boot_partition(find("ota_0")), ESP_OK);
    assert_int_equal(state_of("ota_0"), ESP_OTA_IMG_NEW);
    assert_int_equal(esp_ota_mark_app_valid_cancel_rollback(), ESP_OK);
    assert_int_equal(state_of("ota_0"), ESP_OTA_IMG_NEW); /* nobody has tried it */
    assert_string_equal(start(), "ota_0");
    assert_string_equal(esp_app_get_description()->version, "2.0");
    assert_int_equal(state_of("ota_0"), ESP_OTA_IMG_PENDING_VERIFY);
    assert_true(esp_ota_check_rollback_is_possible());
    assert_int_equal(esp_ota_mark_app_valid_cancel_rollback(), ESP_OK);
    assert_int_equal(state_of("ota_0"), ESP_OTA_IMG_VALID);
    assert_string_equal(start(), "ota_0");
    assert_null(esp_ota_get_last_invalid_partition());
}

static void test_roll_back(void **state)
{
    (void)state;
    start();
    assert_int_equal(install("ota_0", &v2), ESP_OK);
    assert_int_equal(esp_ota_set_boot_partition(find("ota_0")), ESP_OK);
    assert_string_equal(start(), "ota_0");
    assert_int_equal(esp_ota_mark_app_invalid_rollback_and_reboot(), ESP_OK);
    assert_int_equal(restarts, 1);
    assert_string_equal(start(), "factory");
    assert_int_equal(state_of("ota_0"), ESP_OTA_IMG_INVALID);
    assert_string_equal(esp_ota_get_last_invalid_partition()->label, "ota_0");
    board.mem[find("ota_0")->address + 100] ^= 1;
    assert_null(esp_ota_get_last_invalid_partition());
    /* not confirmed */
    assert_int_equal(install("ota_1", &v2), ESP_OK);
    assert_int_equal(esp_ota_set_boot_partition(find("ota_1")), ESP_OK);
    assert_string_equal(start(), "ota_1");
    assert_string_equal(start(), "factory");
    assert_int_equal(state_of("ota_1"), ESP_OTA_IMG_ABORTED);
}

static void test_no_way_back(void **state)
{
    (void)state;
    start();
    assert_int_equal(install("ota_0", &v2), ESP_OK);
    assert_int_equal(esp_ota_set_boot_partition(find("ota_0")), ESP_OK);
    assert_string_equal(start(), "ota_0");
    memset(board.mem + find("factory")->address, 0xff, BOARD_SLOT);
    assert_false(esp_ota_check_rollback_is_possible());
    assert_int_equal(esp_ota_mark_app_invalid_rollback_and_reboot(), ESP_ERR_OTA_ROLLBACK_FAILED);
    assert_int_equal(restarts, 0);
}

static void test_two_slots(void **state)
{
    (void)state;
    start();
    assert_int_equal(esp_ota_get_app_partition_count(), 2);
    assert_string_equal(esp_ota_get_next_update_partition(NULL)->label, "ota_0");
    assert_string_equal(esp_ota_get_next_update_partition(find("ota_0"))->label, "ota_1");
    assert_string_equal(esp_ota_get_next_update_partition(find("ota_1"))->label, "ota_0");
    assert_int_equal(install("ota_0", &v1), ESP_OK);
    assert_int_equal(esp_ota_set_boot_partition(find("ota_0")), ESP_OK);
    assert_string_equal(start(), "ota_0");
    assert_int_equal(esp_ota_mark_app_valid_cancel_rollback(), ESP_OK);
    assert_int_equal(esp_ota_erase_last_boot_app_partition(), ESP_FAIL); /* there was none */
    assert_int_equal(install("ota_1", &v2), ESP_OK);
    assert_int_equal(esp_ota_set_boot_partition(find("ota_1")), ESP_OK);
    assert_string_equal(start(), "ota_1");
    assert_int_equal(esp_ota_erase_last_boot_app_partition(), ESP_FAIL); /* on trial */
    assert_int_equal(esp_ota_mark_app_valid_cancel_rollback(), ESP_OK);
    assert_true(esp_ota_check_rollback_is_possible());
    assert_int_equal(esp_ota_erase_last_boot_app_partition(), ESP_OK);
    assert_int_equal(board.mem[find("ota_0")->address], 0xff);
    assert_int_equal(state_of("ota_0"), 1000 + ESP_ERR_NOT_FOUND);
    assert_int_equal(state_of("ota_1"), ESP_OTA_IMG_VALID);
    assert_int_equal(esp_ota_invalidate_inactive_ota_data_slot(), ESP_FAIL);
    assert_string_equal(start(), "ota_1");
}

static void test_ask_nonsense(void **state)
{
    (void)state;
    esp_ota_img_states_t s;
    esp_app_desc_t desc;
    start();
    assert_int_equal(esp_ota_get_state_partition(NULL, &s), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_ota_get_state_partition(find("ota_0"), NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(state_of("factory"), 1000 + ESP_ERR_NOT_SUPPORTED);
    assert_int_equal(state_of("ota_0"), 1000 + ESP_ERR_NOT_FOUND);
    assert_int_equal(esp_ota_get_partition_description(NULL, &desc), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_ota_get_partition_description(find("ota_0"), NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_ota_get_partition_description(find("nvs"), &desc), ESP_ERR_NOT_SUPPORTED);
    assert_int_equal(esp_ota_get_partition_description(find("ota_0"), &desc), ESP_ERR_NOT_FOUND);
    assert_int_equal(esp_ota_get_partition_description(find("factory"), &desc), ESP_OK);
    assert_string_equal(desc.version, "1.0");
    (void)bm_espidf_detach_chip();
    assert_null(esp_ota_get_running_partition());
    assert_null(esp_ota_get_boot_partition());
    assert_null(esp_ota_get_next_update_partition(NULL));
    assert_null(esp_ota_get_last_invalid_partition());
    assert_int_equal(esp_ota_get_app_partition_count(), 0);
    assert_int_equal(esp_ota_mark_app_valid_cancel_rollback(), ESP_ERR_NOT_FOUND);
    assert_int_equal(esp_ota_mark_app_invalid_rollback(), ESP_ERR_NOT_FOUND);
    assert_false(esp_ota_check_rollback_is_possible());
    assert_int_equal(esp_ota_erase_last_boot_app_partition(), ESP_FAIL);
}

static void test_one_slot(void **state)
{
    (void)state;
    board_close(&board);
    board_open(&board, 1, 1);
    board_put(&board, "factory", &v1);
    config = board_config(&board);
    start();
    assert_string_equal(esp_ota_get_next_update_partition(NULL)->label, "ota_0");
    assert_string_equal(esp_ota_get_next_update_partition(find("ota_0"))->label, "ota_0");
    assert_int_equal(install("ota_0", &v2), ESP_OK);
    assert_int_equal(esp_ota_set_boot_partition(find("ota_0")), ESP_OK);
    assert_string_equal(start(), "ota_0");
    assert_int_equal(esp_ota_mark_app_valid_cancel_rollback(), ESP_OK);
    esp_ota_handle_t h = 0;
    const esp_partition_t *next = esp_ota_get_next_update_partition(NULL);
    assert_string_equal(next->label, "ota_0");
    assert_int_equal(esp_ota_begin(next, 0, &h), ESP_ERR_OTA_PARTITION_CONFLICT);
}

/* An app on trial selects the one before: it may not write to it then, any more than before. */
static void test_trial_left(void **state)
{
    esp_ota_handle_t h = 0;
    (void)state;
    start();
    assert_int_equal(install("ota_0", &v1), ESP_OK);
    assert_int_equal(esp_ota_set_boot_partition(find("ota_0")), ESP_OK);
    assert_string_equal(start(), "ota_0");
    assert_int_equal(esp_ota_mark_app_valid_cancel_rollback(), ESP_OK);
    assert_int_equal(install("ota_1", &v2), ESP_OK);
    assert_int_equal(esp_ota_set_boot_partition(find("ota_1")), ESP_OK);
    assert_string_equal(start(), "ota_1");
    assert_int_equal(esp_ota_begin(find("ota_0"), 0, &h), ESP_ERR_OTA_ROLLBACK_INVALID_STATE);
    assert_int_equal(esp_ota_set_boot_partition(find("ota_0")), ESP_OK);
    assert_int_equal(esp_ota_begin(find("ota_0"), 0, &h), ESP_ERR_OTA_ROLLBACK_INVALID_STATE);
    assert_string_equal(start(), "ota_0");
    assert_int_equal(esp_ota_begin(find("ota_1"), 0, &h), ESP_ERR_OTA_ROLLBACK_INVALID_STATE);
    assert_int_equal(esp_ota_mark_app_valid_cancel_rollback(), ESP_OK);
    assert_int_equal(esp_ota_begin(find("ota_1"), 0, &h), ESP_OK);
}

static void test_resume(void **state)
{
    (void)state;
    esp_ota_handle_t h = 0;
    start();
    h = begin("ota_0", OTA_WITH_SEQUENTIAL_WRITES);
    assert_int_equal(esp_ota_write(h, v2.data, 4500), ESP_OK);
    start(); /* the handle is gone */
    assert_int_equal(esp_ota_write(h, v2.data, 1), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_ota_resume(find("ota_0"), OTA_WITH_SEQUENTIAL_WRITES, 4500, &h), ESP_OK);
    assert_int_equal(esp_ota_write(h, v2.data + 4500, v2.len - 4500), ESP_OK);
    assert_int_equal(esp_ota_end(h), ESP_OK);
    assert_int_equal(esp_ota_set_boot_partition(find("ota_0")), ESP_OK);
    assert_string_equal(start(), "ota_0");
}

static void test_blocks_of_16(void **state)
{
    (void)state;
    config.encrypted = 1;
    start();
    esp_ota_handle_t h = begin("ota_0", OTA_WITH_SEQUENTIAL_WRITES);
    for (uint32_t at = 0; at < v2.len; at += 7) {
        const uint32_t n = v2.len - at < 7 ? v2.len - at : 7;
        assert_int_equal(esp_ota_write(h, v2.data + at, n), ESP_OK);
    }
    assert_int_equal(esp_ota_write(h, "xy", 2), ESP_OK);
    assert_int_equal(esp_ota_end(h), ESP_OK);
    assert_memory_equal(board.mem + find("ota_0")->address, v2.data, v2.len);
    h = begin("ota_0", OTA_SIZE_UNKNOWN);
    assert_int_equal(esp_ota_write_with_offset(h, v2.data, 8, 0), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_ota_write_with_offset(h, v2.data, 16, 8), ESP_ERR_INVALID_ARG);
    assert_int_equal(esp_ota_write_with_offset(h, v2.data, 16, 0), ESP_OK);
    assert_int_equal(esp_ota_write(h, v2.data, 3), ESP_OK); /* waits for a whole block */
    board.ram.fail_at = board.ram.ops + 1;
    assert_int_equal(esp_ota_end(h), ESP_ERR_INVALID_STATE);
}

/* Two otadata partitions, which gen_esp32part refuses: the bootloader goes by the last, and an app
 * reads and writes the first, so that what it selects does not boot. */
static void test_two_otadata(void **state)
{
    (void)state;
    struct bm_flash flash;
    struct bm_flash_window window;
    struct bm_part *nvs = &board.table.part[0];
    struct bm_part *last = &board.table.part[board.table.count++];
    *last = *board_row(&board, "otadata");
    nvs->size -= BM_OTADATA_SIZE;
    last->offset = nvs->offset + nvs->size;
    (void)snprintf(last->label, sizeof last->label, "otadata2");
    assert_int_equal(bm_part_table_format(board.mem + BOARD_TABLE, &board.table, &board.md5, NULL),
                     BM_OK);
    board_put(&board, "ota_0", &v2);
    board_put(&board, "ota_1", &v2);
    assert_int_equal(bm_part_region(&flash, &window, &board.flash, last), BM_OK);
    assert_int_equal(bm_otadata_select(&flash, 1, 2, BM_OTA_NEW), BM_OK);
    assert_string_equal(start(), "ota_1");
    assert_int_equal(board.mem[last->offset + 24], BM_OTA_PENDING_VERIFY); /* its state */
    assert_string_equal(esp_ota_get_boot_partition()->label, "factory");
    assert_int_equal(esp_ota_set_boot_partition(find("ota_0")), ESP_OK);
    assert_string_equal(esp_ota_get_boot_partition()->label, "ota_0");
    assert_int_equal(bm_otadata_select(&flash, 1, 2, BM_OTA_VALID), BM_OK);
    assert_string_equal(start(), "ota_1");
    config.running = NULL; /* found out as the bootloader does */
    (void)bm_espidf_detach_chip();
    assert_int_equal(bm_espidf_attach_chip(&config, NULL), BM_OK);
    assert_string_equal(esp_ota_get_running_partition()->label, "ota_1");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_begin_refuses),    CASE(test_running_slot),  CASE(test_read_only),
        CASE(test_write_refuses),    CASE(test_bad_images),    CASE(test_any_chip),
        CASE(test_set_boot_refuses), CASE(test_anti_rollback), CASE(test_confirm),
        CASE(test_roll_back),        CASE(test_no_way_back),   CASE(test_two_slots),
        CASE(test_ask_nonsense),     CASE(test_resume),        CASE(test_blocks_of_16),
        CASE(test_one_slot),         CASE(test_trial_left),    CASE(test_two_otadata),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
