/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_ESPIDF_FREERTOS_H
#define BM_ESPIDF_FREERTOS_H

/* The little of FreeRTOS that programs around NVS use: ticks. On a device its own header stands
 * before this one in the include path. */

#include <stdint.h>

typedef uint32_t TickType_t;

#define configTICK_RATE_HZ 100
#define portTICK_PERIOD_MS ((TickType_t)1000 / configTICK_RATE_HZ)
#define portMAX_DELAY      ((TickType_t)0xffffffffu)
#define pdMS_TO_TICKS(ms)  ((TickType_t)((uint64_t)(ms)*configTICK_RATE_HZ / 1000u))

#endif
