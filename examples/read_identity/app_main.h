/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APP_MAIN_H
#define APP_MAIN_H

#include <stdbool.h>

/* The entry point that ESP-IDF calls. */
void app_main(void);

/* True once app_main() has seen a whole identity. */
bool app_has_identity(void);

#endif
