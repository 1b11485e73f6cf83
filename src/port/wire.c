/* SPDX-License-Identifier: Apache-2.0 */
#include "port/wire.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "port/clock.h"

int bmi_wait_fd(int fd, short events, uint64_t until)
{
    struct pollfd p = {.fd = fd, .events = events, .revents = 0};
    for (;;) {
        const uint64_t now = bm_port_now_us();
        const uint64_t ms = until > now ? (until - now + 999) / 1000 : 0;
        const int n = poll(&p, 1, ms < 60000 ? (int)ms : 60000);
        if (n > 0) {
            return p.revents;
        }
        if (n < 0 && errno != EINTR) {
            return BM_E_IO;
        }
        if (ms == 0) {
            return 0;
        }
    }
}

static int again(void)
{
    return errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK;
}

int bmi_wire_read(void *ctx, void *buf, size_t cap, unsigned timeout_ms)
{
    const struct bmi_wire *line = ctx;
    const uint64_t until = bm_port_now_us() + (uint64_t)timeout_ms * 1000;
    for (;;) {
        const int events = bmi_wait_fd(line->fd, POLLIN, until);
        if (events <= 0) {
            return events;
        }
        /* also where there is only POLLHUP: what came before it is still to be read */
        const ssize_t n = read(line->fd, buf, cap < 65536 ? cap : 65536);
        if (n > 0) {
            return (int)n;
        }
        if (n == 0 || !again()) {
            return BM_E_IO;
        }
    }
}

int bmi_wire_write(void *ctx, const void *data, size_t len, unsigned timeout_ms)
{
    const struct bmi_wire *line = ctx;
    const unsigned char *from = data;
    uint64_t until = bm_port_now_us() + (uint64_t)timeout_ms * 1000;
    while (len > 0) {
        const ssize_t n =
            line->is_socket ? send(line->fd, from, len, MSG_NOSIGNAL) : write(line->fd, from, len);
        if (n > 0) {
            from += n;
            len -= (size_t)n;
            until = bm_port_now_us() + (uint64_t)timeout_ms * 1000;
            continue;
        }
        if (n < 0 && !again()) {
            return BM_E_IO;
        }
        const int events = bmi_wait_fd(line->fd, POLLOUT, until);
        if (events <= 0) {
            return events == 0 ? BM_E_TIMEOUT : events;
        }
        if ((events & (POLLERR | POLLHUP | POLLNVAL)) != 0) {
            return BM_E_IO;
        }
    }
    return BM_OK;
}

uint64_t bmi_wire_now_ms(void *ctx)
{
    (void)ctx;
    return bm_port_now_us() / 1000;
}

void bmi_wire_sleep_ms(void *ctx, unsigned ms)
{
    (void)ctx;
    bm_port_sleep_us((uint64_t)ms * 1000);
}
