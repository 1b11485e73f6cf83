/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/ioctl.h>
#include <unistd.h>

#include "port/file.h"

int bm_port_is_terminal(int fd)
{
    return isatty(fd) == 1;
}

unsigned bm_port_columns(int fd, unsigned fallback)
{
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : fallback;
}
