/* SPDX-License-Identifier: Apache-2.0 */
/* A pty: the virtual board holds the master, and the slave open as well, so that reading the master
 * does not fail while there is no client, and so that settings can be read at any time. Who comes
 * and goes is told by inotify. A pty has a speed but no modem lines. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/base.h"
#include "port/endpoint_kinds.h"
#include "port/tty.h"

enum { FIRST_BAUD = 115200 };

static int failed(struct bm_diag *diag, const char *what)
{
    const int error = errno;
    (void)bm_diag_set(diag, BM_E_IO, 0, NULL, what);
    if (diag != NULL) {
        diag->os_errno = error;
    }
    return BM_E_IO;
}

/* The link of an earlier run, which was killed, may be replaced; nothing else. */
static int make_link(const struct bm_endpoint *e, struct bm_diag *diag)
{
    char old[64];
    const char *path = e->config.link;
    if (path == NULL) {
        return BM_OK;
    }
    const ssize_t n = readlink(path, old, sizeof old);
    if (n > 9 && memcmp(old, "/dev/pts/", 9) == 0) {
        (void)unlink(path);
    }
    if (symlink(e->name, path) == 0) {
        return BM_OK;
    }
    if (errno == EEXIST) {
        return bm_diag_set(diag, BM_E_EXIST, 0, NULL,
                           "the link cannot be made: there is something of that name");
    }
    return failed(diag, "the link cannot be made");
}

static void fresh(const struct bm_endpoint *e)
{
    (void)ioctl(e->slave, TIOCNXCL); /* the last client's; it would keep the next one out */
    (void)bmi_tty_raw(e->slave);
    (void)bmi_tty_set_speed(e->slave, FIRST_BAUD);
    (void)tcflush(e->slave, TCIOFLUSH);
}

static int open_pty(struct bm_endpoint *e, struct bm_diag *diag)
{
    e->line = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (e->line < 0 || grantpt(e->line) != 0 || unlockpt(e->line) != 0) {
        return failed(diag, "there is no pty to be had");
    }
    const char *name = ptsname(e->line);
    if (name == NULL || strlen(name) >= sizeof e->name) {
        return failed(diag, "there is no pty to be had");
    }
    memcpy(e->name, name, strlen(name) + 1);
    e->slave = open(e->name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    e->door = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (e->slave < 0 || fcntl(e->line, F_SETFL, O_NONBLOCK) != 0 || e->door < 0 ||
        inotify_add_watch(e->door, e->name, IN_OPEN | IN_CLOSE) < 0) {
        return failed(diag, "the pty cannot be watched");
    }
    fresh(e);
    return make_link(e, diag);
}

static void close_pty(struct bm_endpoint *e)
{
    char target[64];
    const int fds[] = {e->door, e->slave, e->line};
    if (e->config.link != NULL && e->name[0] != '\0') {
        const ssize_t n = readlink(e->config.link, target, sizeof target);
        if (n > 0 && (size_t)n == strlen(e->name) && memcmp(target, e->name, (size_t)n) == 0) {
            (void)unlink(e->config.link);
        }
    }
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
}

/* Counts who has the slave open besides us. News can be old: the next client may be here by now,
 * and what it has set and said stays (left()). */
static void door(struct bm_endpoint *e, uint64_t now)
{
    union {
        struct inotify_event event; /* for alignment */
        char bytes[1024];
    } in;
    ssize_t n;
    int gone = 0;
    while ((n = read(e->door, in.bytes, sizeof in.bytes)) > 0) {
        for (size_t at = 0; at + sizeof in.event <= (size_t)n;) {
            struct inotify_event event;
            memcpy(&event, in.bytes + at, sizeof event);
            at += sizeof event + event.len;
            if ((event.mask & IN_OPEN) != 0) {
                e->opens++;
            } else if ((event.mask & IN_CLOSE) != 0 && e->opens > 0) {
                e->opens--;
                gone = gone || e->opens == 0;
            }
        }
    }
    if (gone) {
        if (!e->client) { /* here and away between two looks */
            bmi_endpoint_arrived(e, now);
        }
        bmi_endpoint_left(e, now);
    }
    if (e->opens > 0 && !e->client) {
        bmi_endpoint_arrived(e, now);
    }
}

static void look(struct bm_endpoint *e, uint64_t now)
{
    bmi_endpoint_baud(e, bmi_tty_speed(e->slave), now);
}

static void received(struct bm_endpoint *e, const uint8_t *data, size_t len, uint64_t now)
{
    if (!e->client) { /* its bytes were faster than the notice of its coming */
        bmi_endpoint_arrived(e, now);
        e->client = 1;
    }
    bmi_endpoint_bytes(e, data, len, now);
}

static size_t encode(uint8_t *out, const void *data, size_t len)
{
    memcpy(out, data, len);
    return len;
}

static void left(struct bm_endpoint *e, uint64_t now)
{
    (void)now;
    if (e->opens == 0) {
        fresh(e);
    } else {
        (void)tcflush(e->slave, TCIFLUSH); /* what the last client did not read */
    }
}

const struct bmi_endpoint_kind bmi_endpoint_pty = {
    .open = open_pty,
    .close = close_pty,
    .door = door,
    .look = look,
    .received = received,
    .encode = encode,
    .left = left,
};
