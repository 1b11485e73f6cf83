/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_ESPIDF_ESP_TASK_WDT_H
#define BM_ESPIDF_ESP_TASK_WDT_H

/* The task watchdog, for one task: the one that calls. On a virtual board (birthmark/board.h) the
 * board itself waits for the resets; elsewhere nobody does, and the calls succeed. Unlike on a chip
 * no idle task is watched. */

#include <stdbool.h>
#include <stdint.h>

#include "esp_err.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef void *TaskHandle_t; /* FreeRTOS's; only NULL, the caller, is of use here */

typedef struct {
    uint32_t timeout_ms;
    uint32_t idle_core_mask; /* not looked at */
    bool trigger_panic;      /* true: the board is reset; false: it only says so */
} esp_task_wdt_config_t;

/* Sets what holds from the next esp_task_wdt_add() on; at first that is 5000 ms without panic.
 * Returns ESP_OK or ESP_ERR_INVALID_ARG (NULL, or 0 ms). */
esp_err_t esp_task_wdt_init(const esp_task_wdt_config_t *config);
esp_err_t esp_task_wdt_reconfigure(const esp_task_wdt_config_t *config);

/* From now on the caller has to call esp_task_wdt_reset() in time. Returns ESP_OK or
 * ESP_ERR_INVALID_ARG (watched already, or another task than NULL). */
esp_err_t esp_task_wdt_add(TaskHandle_t task_handle);

/* It is alive. Returns ESP_OK or ESP_ERR_NOT_FOUND (not watched). */
esp_err_t esp_task_wdt_reset(void);

/* It is watched no more. Returns as above. */
esp_err_t esp_task_wdt_delete(TaskHandle_t task_handle);

#ifdef __cplusplus
}
#endif

#endif
