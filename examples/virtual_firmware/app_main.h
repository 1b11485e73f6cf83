/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APP_MAIN_H
#define APP_MAIN_H

/* The entry point that ESP-IDF calls. */
void app_main(void);

#endif
