/* SPDX-License-Identifier: Apache-2.0 */
#include "port/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { STEP = 5 }; /* milliseconds between two tries: flock() itself knows no end of waiting */

static void note(struct bm_port_hold *hold, const struct stat *st)
{
    hold->known = 1;
    hold->device = (uint64_t)st->st_dev;
    hold->inode = (uint64_t)st->st_ino;
    hold->size = (uint64_t)st->st_size;
    hold->seconds = (int64_t)st->st_mtim.tv_sec;
    hold->nanoseconds = (int64_t)st->st_mtim.tv_nsec;
}

static int same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* One try. Returns BM_OK, or BM_E_TIMEOUT: somebody else has the lock, or replaced the file while
 * we got it, and with it what the lock is about. */
static int try_hold(struct bm_port_hold *hold, const char *path)
{
    struct stat st;
    struct stat now;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) {
        return BM_OK; /* reading it says what is wrong, if anything is */
    }
    /* NFS locks only what is open for writing */
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    }
    if (fd < 0) {
        return BM_OK;
    }
    /* any other failure: this file system has no locks */
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && (errno == EWOULDBLOCK || errno == EINTR)) {
        close(fd);
        return BM_E_TIMEOUT;
    }
    /* what it is now: it may have been written to, or replaced, before the lock was ours */
    if (fstat(fd, &st) != 0 || (stat(path, &now) == 0 && !same_file(&st, &now))) {
        close(fd);
        return BM_E_TIMEOUT;
    }
    note(hold, &st);
    hold->open = 1;
    hold->fd = fd;
    return BM_OK;
}

int bm_port_hold(struct bm_port_hold *hold, const char *path, unsigned wait)
{
    const struct timespec step = {0, STEP * 1000000L};
    unsigned waited = 0;
    int rc;
    memset(hold, 0, sizeof *hold);
    while ((rc = try_hold(hold, path)) != BM_OK && waited < wait) {
        (void)nanosleep(&step, NULL);
        waited += STEP;
    }
    return rc;
}

int bm_port_hold_good(const struct bm_port_hold *hold, const char *path)
{
    struct bm_port_hold now;
    struct stat st;
    if (!hold->known) {
        return 1;
    }
    if (stat(path, &st) != 0) {
        return 0;
    }
    note(&now, &st);
    return now.device == hold->device && now.inode == hold->inode && now.size == hold->size &&
           now.seconds == hold->seconds && now.nanoseconds == hold->nanoseconds;
}

void bm_port_hold_end(struct bm_port_hold *hold)
{
    if (hold->open) {
        close(hold->fd); /* and with it the lock */
    }
    hold->open = 0;
}
