/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>
#include <threads.h>
#include <time.h>

#include "nvs_sync.h"

enum state { ABSENT, CHANGING, MADE };

static mtx_t lock;
static atomic_int state;

esp_err_t nvs_sync_create(void)
{
    int expected = ABSENT;
    if (atomic_compare_exchange_strong(&state, &expected, CHANGING)) {
        const int made = mtx_init(&lock, mtx_timed) == thrd_success;
        atomic_store(&state, made ? MADE : ABSENT);
        return made ? ESP_OK : ESP_FAIL;
    }
    while (atomic_load(&state) == CHANGING) {
        thrd_yield();
    }
    return atomic_load(&state) == MADE ? ESP_OK : ESP_FAIL;
}

bool nvs_sync_lock(TickType_t ticks_to_wait)
{
    struct timespec until;
    if (atomic_load(&state) != MADE) {
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
    if (atomic_load(&state) == MADE) {
        (void)mtx_unlock(&lock);
    }
}

void nvs_sync_free(void)
{
    int expected = MADE;
    if (atomic_compare_exchange_strong(&state, &expected, CHANGING)) {
        mtx_destroy(&lock);
        atomic_store(&state, ABSENT);
    }
}
