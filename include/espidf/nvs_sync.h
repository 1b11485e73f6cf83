/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_ESPIDF_NVS_SYNC_H
#define BM_ESPIDF_NVS_SYNC_H

/* One lock around a program's dealings with NVS, by the names that a widespread Wi-Fi manager gave
 * it. The NVS calls themselves need no such lock. */

#include <stdbool.h>

#include "esp_err.h"
#include "freertos/FreeRTOS.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Makes the lock; nothing is done if it is there. Returns ESP_OK or ESP_FAIL. */
esp_err_t nvs_sync_create(void);

/* Takes the lock, waiting at most so many ticks (portMAX_DELAY: for ever). Not recursive.
 * Returns true if the lock is held, false on timeout or without a lock made before. */
bool nvs_sync_lock(TickType_t ticks_to_wait);

/* Gives the lock back; only for the thread that holds it. */
void nvs_sync_unlock(void);

/* Ends the lock, which nobody may hold or wait for. */
void nvs_sync_free(void);

#ifdef __cplusplus
}
#endif

#endif
