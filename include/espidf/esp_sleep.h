/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_ESPIDF_ESP_SLEEP_H
#define BM_ESPIDF_ESP_SLEEP_H

#ifdef __cplusplus
extern "C" {
#endif

/* Ends the program with status 0: on a virtual board nothing wakes it but a reset. */
void esp_deep_sleep_start(void);

#ifdef __cplusplus
}
#endif

#endif
