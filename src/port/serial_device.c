/* SPDX-License-Identifier: Apache-2.0 */
/* A serial device, by libserialport; a pty, which that does not know, by termios. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <libserialport.h>

#include "base/base.h"
#include "port/clock.h"
#include "port/device_why.h"
#include "port/tty.h"
#include "port/wire.h"

enum { DRAIN_US = 10 * 1000000, USB_ESPRESSIF = 0x303a, USB_SERIAL_JTAG = 0x1001 };

struct device {
    struct bmi_wire line;
    struct sp_port *port; /* NULL: a pty */
    int locked;
};

static void close_device(struct bmi_wire *line)
{
    struct device *d = (struct device *)line;
    if (d->locked) {
        /* a pty whose other side stays open would stay exclusive */
        (void)ioctl(d->line.fd, TIOCNXCL);
    }
    if (d->port != NULL) {
        (void)sp_close(d->port);
        sp_free_port(d->port);
    } else if (d->line.fd >= 0) {
        close(d->line.fd);
    }
    free(d);
}

static int apply_baud(const struct device *d, uint32_t baud)
{
    if (d->port != NULL) {
        return sp_set_baudrate(d->port, (int)baud) == SP_OK ? 0 : -1;
    }
    return bmi_tty_set_speed(d->line.fd, baud);
}

static int set_baud(void *ctx, uint32_t baud)
{
    if (baud == 0 || baud > INT32_MAX) {
        return BM_E_ARG;
    }
    if (apply_baud(ctx, baud) == 0) {
        return BM_OK;
    }
    return errno == EIO || errno == ENODEV || errno == ENXIO ? BM_E_IO : BM_E_ARG;
}

/* Both at once: between two calls a board could see a state that was never meant. libserialport
 * would set them one by one. */
static int set_lines(void *ctx, int dtr, int rts)
{
    const struct bmi_wire *line = ctx;
    int lines = 0;
    if (ioctl(line->fd, TIOCMGET, &lines) != 0) {
        return BM_E_IO;
    }
    lines = dtr ? lines | TIOCM_DTR : lines & ~TIOCM_DTR;
    lines = rts ? lines | TIOCM_RTS : lines & ~TIOCM_RTS;
    return ioctl(line->fd, TIOCMSET, &lines) == 0 ? BM_OK : BM_E_IO;
}

/* tcdrain() alone would wait for ever for a device that takes nothing. */
static int drain(void *ctx)
{
    const struct bmi_wire *line = ctx;
    const uint64_t until = bm_port_now_us() + DRAIN_US;
    int left = 0;
    while (ioctl(line->fd, TIOCOUTQ, &left) == 0 && left > 0) {
        if (bm_port_now_us() > until) {
            return BM_E_TIMEOUT;
        }
        bm_port_sleep_us(500);
    }
    while (tcdrain(line->fd) != 0) {
        if (errno != EINTR) {
            return BM_E_IO;
        }
    }
    return BM_OK;
}

static const struct bm_serial_ops device_ops = {
    .read = bmi_wire_read,
    .write = bmi_wire_write,
    .set_baud = set_baud,
    .set_lines = set_lines,
    .drain = drain,
    .now_ms = bmi_wire_now_ms,
    .sleep_ms = bmi_wire_sleep_ms,
};

/* What the other side of a pty has not read counts as waiting output, so there is no drain. */
static const struct bm_serial_ops pty_ops = {
    .read = bmi_wire_read,
    .write = bmi_wire_write,
    .set_baud = set_baud,
    .now_ms = bmi_wire_now_ms,
    .sleep_ms = bmi_wire_sleep_ms,
};

/* By libserialport. 0, or errno. */
static int open_port(struct device *d)
{
    int fd = -1;
    errno = 0;
    if (sp_open(d->port, SP_MODE_READ_WRITE) != SP_OK ||
        sp_get_port_handle(d->port, &fd) != SP_OK) {
        return errno != 0 ? errno : EIO;
    }
    d->line.fd = fd;
    if (sp_set_bits(d->port, 8) != SP_OK || sp_set_parity(d->port, SP_PARITY_NONE) != SP_OK ||
        sp_set_stopbits(d->port, 1) != SP_OK || sp_set_xon_xoff(d->port, SP_XONXOFF_DISABLED)) {
        return errno != 0 ? errno : EIO;
    }
    return 0;
}

static int open_pty(struct device *d, const char *path)
{
    d->line.fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (d->line.fd < 0) {
        return errno;
    }
    return bmi_tty_raw(d->line.fd) == 0 ? 0 : errno;
}

/* Exclusive by TIOCEXCL, which does not bind root, and by the lock that other flashers take. */
static int lock(struct device *d)
{
    if (flock(d->line.fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        return EBUSY;
    }
    (void)ioctl(d->line.fd, TIOCEXCL);
    d->locked = 1;
    return 0;
}

static enum bm_serial_kind kind_of(const struct device *d)
{
    int vid = 0;
    int pid = 0;
    const int jtag = d->port != NULL && sp_get_port_usb_vid_pid(d->port, &vid, &pid) == SP_OK &&
                     vid == USB_ESPRESSIF && pid == USB_SERIAL_JTAG;
    return jtag ? BM_SERIAL_USB_JTAG : BM_SERIAL_UART;
}

/* 0, or errno. */
static int open_any(struct device *d, const char *path)
{
    if (sp_get_port_by_name(path, &d->port) != SP_OK) {
        d->port = NULL;
    }
    const int error = d->port != NULL ? open_port(d) : open_pty(d, path);
    return error == 0 ? lock(d) : error;
}

static int open_path(struct bm_serial *out, const char *path, uint32_t baud, struct bm_diag *diag)
{
    struct device *d = calloc(1, sizeof *d);
    if (d == NULL) {
        return bm_diag_set(diag, BM_E_NOMEM, 0, NULL, NULL);
    }
    d->line.fd = -1;
    d->line.close = close_device;
    const int error = open_any(d, path);
    if (error != 0) {
        close_device(&d->line); /* before the reason is looked for: we do not hold it */
        return bmi_device_why(path, error, diag);
    }
    const int rc = set_baud(d, baud);
    if (rc != BM_OK) {
        close_device(&d->line);
        return bm_diag_set(diag, rc, 0, NULL, "this speed cannot be set");
    }
    out->ops = d->port != NULL ? &device_ops : &pty_ops;
    out->ctx = d;
    out->kind = kind_of(d);
    return BM_OK;
}

int bmi_open_device(struct bm_serial *out, const char *name, uint32_t baud, struct bm_diag *diag)
{
    char *path = realpath(name, NULL); /* /dev/serial/by-id is full of links */
    const int rc =
        path != NULL ? open_path(out, path, baud, diag) : bmi_device_why(name, errno, diag);
    free(path);
    return rc;
}
