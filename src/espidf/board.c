/* SPDX-License-Identifier: Apache-2.0 */
#include "birthmark/board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "birthmark/espidf.h"
#include "esp_mac.h"
#include "esp_sleep.h"
#include "esp_system.h"
#include "esp_task_wdt.h"
#include "espidf/registry.h"

enum { MAC_LEN = 6, DEFAULT_TIMEOUT_MS = 5000 };

/* Global as that API is. The lock is held around the watchdog's. */
static struct bm_flash flash;
static struct bm_flash_file file;
static FILE *notes;
static esp_task_wdt_config_t watchdog = {DEFAULT_TIMEOUT_MS, 0, false};
static int watched;

/* esp_restart() lands here. */
static void restart(void *ctx)
{
    (void)ctx;
    exit(BM_BOARD_RESTARTS);
}

static int is_set(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && strcmp(value, "1") == 0;
}

int bm_board_attach(const struct bm_hash *sha256, struct bm_diag *diag)
{
    const char *path = getenv(BM_BOARD_FLASH);
    const char *chip = getenv(BM_BOARD_CHIP);
    const char *table = getenv(BM_BOARD_TABLE);
    if (path == NULL) {
        return bm_diag_set(diag, BM_E_NOENT, 0, NULL,
                           "this program runs on a virtual board only: birthmark sim");
    }
    if (file.stream != NULL) {
        return BM_E_EXIST;
    }
    (void)setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    int rc = bm_flash_file_open_rw(&flash, &file, path);
    if (rc != BM_OK) {
        return bm_diag_set(diag, rc, 0, NULL, "the board's flash cannot be opened");
    }
    const int id = chip != NULL ? bm_app_chip_id(chip) : -1;
    const struct bm_espidf_chip config = {
        .flash = &flash,
        .table_offset = table != NULL ? (uint32_t)strtoul(table, NULL, 0) : 0,
        .sha256 = sha256,
        .running = getenv(BM_BOARD_SLOT),
        .chip_id = id >= 0 ? (uint16_t)id : (uint16_t)BM_UPDATE_ANY_CHIP,
        .rollback = (uint8_t)is_set(BM_BOARD_ROLLBACK),
        .restart = restart,
    };
    rc = bm_espidf_attach_chip(&config, diag);
    if (rc != BM_OK) {
        bm_flash_file_close(&file);
    }
    return rc;
}

void bm_board_detach(void)
{
    if (file.stream != NULL) {
        (void)bm_espidf_detach_chip();
        bm_flash_file_close(&file);
    }
}

esp_reset_reason_t esp_reset_reason(void)
{
    const char *text = getenv(BM_BOARD_RESET_REASON);
    const long reason = text != NULL ? strtol(text, NULL, 10) : ESP_RST_UNKNOWN;
    return reason > ESP_RST_UNKNOWN && reason <= ESP_RST_USB ? (esp_reset_reason_t)reason
                                                             : ESP_RST_UNKNOWN;
}

void esp_deep_sleep_start(void)
{
    exit(BM_BOARD_SLEEPS);
}

esp_err_t esp_efuse_mac_get_default(uint8_t *mac)
{
    const char *text = getenv(BM_BOARD_MAC);
    if (mac == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    if (text == NULL || strlen(text) != 3 * MAC_LEN - 1) {
        return ESP_ERR_NOT_SUPPORTED;
    }
    for (unsigned i = 0; i < MAC_LEN; i++) {
        const int high = bm_hex_digit(text[(size_t)3 * i]);
        const int low = bm_hex_digit(text[(size_t)3 * i + 1]);
        if (high < 0 || low < 0) {
            return ESP_ERR_NOT_SUPPORTED;
        }
        mac[i] = (uint8_t)(high * 16 + low);
    }
    return ESP_OK;
}

/* One write a line: the board takes whole ones. */
static void tell(uint32_t timeout_ms)
{
    const char *path = getenv(BM_BOARD_WATCHDOG);
    if (notes == NULL && path != NULL) {
        notes = fopen(path, "wb");
    }
    if (notes != NULL) {
        (void)fprintf(notes, "%u%s\n", (unsigned)timeout_ms,
                      watchdog.trigger_panic || timeout_ms == 0 ? "" : " warn");
        (void)fflush(notes);
    }
}

esp_err_t esp_task_wdt_reconfigure(const esp_task_wdt_config_t *config)
{
    if (config == NULL || config->timeout_ms == 0) {
        return ESP_ERR_INVALID_ARG;
    }
    bmi_api_lock();
    watchdog = *config;
    bmi_api_unlock();
    return ESP_OK;
}

esp_err_t esp_task_wdt_init(const esp_task_wdt_config_t *config)
{
    return esp_task_wdt_reconfigure(config);
}

esp_err_t esp_task_wdt_add(TaskHandle_t task_handle)
{
    bmi_api_lock();
    const esp_err_t err = watched || task_handle != NULL ? ESP_ERR_INVALID_ARG : ESP_OK;
    if (err == ESP_OK) {
        watched = 1;
        tell(watchdog.timeout_ms);
    }
    bmi_api_unlock();
    return err;
}

esp_err_t esp_task_wdt_reset(void)
{
    bmi_api_lock();
    const esp_err_t err = watched ? ESP_OK : ESP_ERR_NOT_FOUND;
    if (watched) {
        tell(watchdog.timeout_ms);
    }
    bmi_api_unlock();
    return err;
}

esp_err_t esp_task_wdt_delete(TaskHandle_t task_handle)
{
    bmi_api_lock();
    const esp_err_t err = watched && task_handle == NULL ? ESP_OK : ESP_ERR_NOT_FOUND;
    if (err == ESP_OK) {
        watched = 0;
        tell(0);
    }
    bmi_api_unlock();
    return err;
}
