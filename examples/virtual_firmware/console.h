/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONSOLE_H
#define CONSOLE_H

/* Answers lines from the UART until there are no more. */
void console_run(void);

#endif
