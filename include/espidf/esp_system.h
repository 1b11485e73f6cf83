/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_ESPIDF_ESP_SYSTEM_H
#define BM_ESPIDF_ESP_SYSTEM_H

#ifdef __cplusplus
extern "C" {
#endif

/* Calls the restart function of the attached chip (birthmark/espidf.h), and returns if that does.
 * Without one it aborts the program: nobody may go on after it. */
void esp_restart(void);

#ifdef __cplusplus
}
#endif

#endif
