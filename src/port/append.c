/* SPDX-License-Identifier: Apache-2.0 */
#include "port/append.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/base.h"

static int fail(struct bm_diag *diag, const char *text)
{
    if (diag != NULL && diag->code == BM_OK) {
        diag->os_errno = errno;
    }
    return bm_diag_set(diag, BM_E_IO, 0, NULL, text);
}

int bm_port_append_open(struct bm_append *a, const char *path, struct bm_diag *diag)
{
    a->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644);
    return a->fd >= 0 ? BM_OK : fail(diag, "cannot be opened for writing");
}

int bm_port_append(const struct bm_append *a, const void *data, size_t len, struct bm_diag *diag)
{
    const char *p = data;
    while (len > 0) {
        const ssize_t n = write(a->fd, p, len);
        if (n < 0 && errno != EINTR) {
            return fail(diag, "cannot be written");
        }
        if (n > 0) {
            p += n;
            len -= (size_t)n;
        }
    }
    return BM_OK;
}

int bm_port_append_close(struct bm_append *a, struct bm_diag *diag)
{
    if (a->fd < 0) {
        return BM_OK;
    }
    int rc = BM_OK;
    if (fsync(a->fd) != 0 && errno != EINVAL && errno != EROFS) { /* a pipe, a device */
        rc = fail(diag, "cannot be written");
    }
    if (close(a->fd) != 0 && rc == BM_OK) {
        rc = fail(diag, "cannot be written");
    }
    a->fd = -1;
    return rc;
}
