/* SPDX-License-Identifier: Apache-2.0 */
#include "port/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "port/clock.h"

extern char **environ;

/* Starts it with its stdout on `to`, in a group of its own: a Ctrl-C is not for it. */
static int start(pid_t *pid, const char *const *argv, int to)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    if (posix_spawn_file_actions_init(&files) != 0) {
        return ENOMEM;
    }
    if (posix_spawnattr_init(&attr) != 0) {
        posix_spawn_file_actions_destroy(&files);
        return ENOMEM;
    }
    int rc = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    rc = rc != 0 ? rc : posix_spawn_file_actions_adddup2(&files, to, 1);
    rc = rc != 0 ? rc : posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    rc = rc != 0 ? rc : posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
    /* posix_spawnp() does not write to argv, only its type says it may */
    rc = rc != 0 ? rc
                 : posix_spawnp(pid, argv[0], &files, &attr, (char *const *)(const void *)argv,
                                environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    return rc;
}

/* Reads to the end. Returns BM_OK, BM_E_TIMEOUT or BM_E_IO. */
static int drain(char *out, size_t cap, int from, uint64_t until)
{
    char rest[256];
    size_t len = 0;
    for (;;) {
        struct pollfd p = {from, POLLIN, 0};
        const uint64_t now = bm_port_now_us();
        if (now >= until) {
            return BM_E_TIMEOUT;
        }
        const int ready = poll(&p, 1, (int)((until - now) / 1000u) + 1);
        if (ready == 0 || (ready < 0 && errno == EINTR)) {
            continue;
        }
        const int full = len + 1 >= cap;
        const ssize_t n = read(from, full ? rest : out + len, full ? sizeof rest : cap - 1 - len);
        if (n <= 0) {
            out[len] = '\0';
            return n == 0 ? BM_OK : BM_E_IO;
        }
        len += full ? 0 : (size_t)n;
    }
}

int bm_port_child_output(char *out, size_t cap, const char *const *argv, unsigned timeout_ms)
{
    int ends[2];
    pid_t pid;
    int status = 0;
    out[0] = '\0';
    if (pipe(ends) != 0) {
        return BM_E_IO;
    }
    (void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    const int error = start(&pid, argv, ends[1]);
    close(ends[1]);
    if (error != 0) {
        close(ends[0]);
        return error == ENOENT || error == EACCES ? BM_E_NOENT : BM_E_IO;
    }
    const int rc = drain(out, cap, ends[0], bm_port_now_us() + (uint64_t)timeout_ms * 1000u);
    close(ends[0]);
    if (rc != BM_OK) {
        (void)kill(-pid, SIGKILL);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (rc != BM_OK) {
        return rc;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
        return BM_E_NOENT;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? BM_OK : BM_E_IO;
}
