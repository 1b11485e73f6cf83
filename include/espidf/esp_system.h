/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_ESPIDF_ESP_SYSTEM_H
#define BM_ESPIDF_ESP_SYSTEM_H

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ESP_RST_UNKNOWN = 0,
    ESP_RST_POWERON,
    ESP_RST_EXT,
    ESP_RST_SW,
    ESP_RST_PANIC,
    ESP_RST_INT_WDT,
    ESP_RST_TASK_WDT,
    ESP_RST_WDT,
    ESP_RST_DEEPSLEEP,
    ESP_RST_BROWNOUT,
    ESP_RST_SDIO,
    ESP_RST_USB
} esp_reset_reason_t;

/* Calls the restart function of the attached chip (birthmark/espidf.h), and returns if that does.
 * Without one it aborts the program: nobody may go on after it. */
void esp_restart(void);

/* Why the chip was reset last, on a virtual board (birthmark/board.h); ESP_RST_UNKNOWN elsewhere.
 */
esp_reset_reason_t esp_reset_reason(void);

#ifdef __cplusplus
}
#endif

#endif
