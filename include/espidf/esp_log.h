/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_ESPIDF_ESP_LOG_H
#define BM_ESPIDF_ESP_LOG_H

/* ESP-IDF's log macros for host programs: a line on stderr, "I (TAG) text". */

#include <stdio.h>

/* One call a line, so that lines of several threads do not mix; tag and letter are string literals
 * or char arrays. */
#define BM_LOG_(letter, tag, ...)                                     \
    do {                                                              \
        char bm_line_[256];                                           \
        (void)snprintf(bm_line_, sizeof bm_line_, __VA_ARGS__);       \
        (void)fprintf(stderr, "%s (%s) %s\n", letter, tag, bm_line_); \
    } while (0)

#define ESP_LOGE(tag, ...) BM_LOG_("E", tag, __VA_ARGS__)
#define ESP_LOGW(tag, ...) BM_LOG_("W", tag, __VA_ARGS__)
#define ESP_LOGI(tag, ...) BM_LOG_("I", tag, __VA_ARGS__)

#endif
