/* SPDX-License-Identifier: Apache-2.0 */
/* Speeds as numbers. Linux has a call for that, whose header does not go with <termios.h>; POSIX
 * has codes for the usual ones only. */
#include "port/tty.h"

#ifdef __linux__

#include <asm/termbits.h>
#include <sys/ioctl.h>

#include <asm/ioctls.h>

int bmi_tty_set_speed(int fd, uint32_t baud)
{
    struct termios2 t;
    if (ioctl(fd, TCGETS2, &t) != 0) {
        return -1;
    }
    t.c_cflag &= ~(tcflag_t)(CBAUD | CBAUD << IBSHIFT);
    t.c_cflag |= BOTHER | BOTHER << IBSHIFT;
    t.c_ispeed = baud;
    t.c_ospeed = baud;
    return ioctl(fd, TCSETS2, &t);
}

uint32_t bmi_tty_speed(int fd)
{
    struct termios2 t;
    return ioctl(fd, TCGETS2, &t) == 0 ? t.c_ospeed : 0;
}

#else

#include <errno.h>
#include <stddef.h>
#include <termios.h>

static const struct {
    uint32_t baud;
    speed_t code;
} rows[] = {
    {9600, B9600},   {19200, B19200},   {38400, B38400},
    {57600, B57600}, {115200, B115200}, {230400, B230400},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

int bmi_tty_set_speed(int fd, uint32_t baud)
{
    struct termios t;
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].baud == baud) {
            return tcgetattr(fd, &t) == 0 && cfsetspeed(&t, rows[i].code) == 0
                       ? tcsetattr(fd, TCSANOW, &t)
                       : -1;
        }
    }
    errno = EINVAL;
    return -1;
}

uint32_t bmi_tty_speed(int fd)
{
    struct termios t;
    if (tcgetattr(fd, &t) == 0) {
        for (size_t i = 0; i < ROWS; i++) {
            if (cfgetospeed(&t) == rows[i].code) {
                return rows[i].baud;
            }
        }
    }
    return 0;
}

#endif
