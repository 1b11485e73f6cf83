/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>
#include <threads.h>
#include <time.h>

#include "nvs_sync.h"

static mtx_t lock;
static atomic_bool made;

esp_err_t nvs_sync_create(void)
{
    if (atomic_load(&made)) {
        return ESP_OK;
    }
    if (mtx_init(&lock, mtx_timed) != thrd_success) {
        return ESP_FAIL;
    }
    atomic_store(&made, true);
    return ESP_OK;
}

bool nvs_sync_lock(TickType_t ticks_to_wait)
{
    struct timespec until;
    if (!atomic_load(&made)) {
        return false;
    }
    if (ticks_to_wait == portMAX_DELAY) {
        return mtx_lock(&lock) == thrd_success;
    }
    if (ticks_to_wait == 0) {
        return mtx_trylock(&lock) == thrd_success;
    }
    const uint64_t ms = (uint64_t)ticks_to_wait * portTICK_PERIOD_MS;
    if (timespec_get(&until, TIME_UTC) != TIME_UTC) {
        return false;
    }
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    return mtx_timedlock(&lock, &until) == thrd_success;
}

void nvs_sync_unlock(void)
{
    (void)mtx_unlock(&lock);
}

void nvs_sync_free(void)
{
    if (atomic_exchange(&made, false)) {
        mtx_destroy(&lock);
    }
}
