/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_PORT_TTY_H
#define BM_PORT_TTY_H

/* Terminal settings of devices and ptys. Inside src/port only. */

#include <stdint.h>

/* Raw, 8N1, no flow control, modem lines without meaning for reading. 0, or -1 with errno. */
int bmi_tty_raw(int fd);

/* Sets any speed the system can express. 0, or -1 with errno. */
int bmi_tty_set_speed(int fd, uint32_t baud);

/* The speed of output in baud; 0 where it cannot be told. Of a pty, either side tells it. */
uint32_t bmi_tty_speed(int fd);

#endif
