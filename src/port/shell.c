/* SPDX-License-Identifier: Apache-2.0 */
#include "port/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int failed(struct bm_diag *diag, int error)
{
    if (diag != NULL && diag->os_errno == 0) {
        diag->os_errno = error;
    }
    return error == ENOENT ? BM_E_NOENT : BM_E_IO;
}

/* Starts it with stdout on our stderr, and with the signals that we ignore meanwhile. */
static int start(pid_t *pid, const char *command)
{
    char *argv[] = {(char *)"sh", (char *)"-c", (char *)command, NULL}; /* only read */
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t ours;
    if (posix_spawn_file_actions_init(&files) != 0) {
        return ENOMEM;
    }
    if (posix_spawnattr_init(&attr) != 0) {
        posix_spawn_file_actions_destroy(&files);
        return ENOMEM;
    }
    (void)sigemptyset(&ours);
    (void)sigaddset(&ours, SIGINT);
    (void)sigaddset(&ours, SIGQUIT);
    int rc = posix_spawn_file_actions_adddup2(&files, 2, 1);
    rc = rc != 0 ? rc : posix_spawnattr_setsigdefault(&attr, &ours);
    rc = rc != 0 ? rc : posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
    rc = rc != 0 ? rc : posix_spawn(pid, "/bin/sh", &files, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    return rc;
}

int bm_port_shell(const char *command, int *status, struct bm_diag *diag)
{
    struct sigaction ignore = {0};
    struct sigaction interrupt;
    struct sigaction quit;
    pid_t pid;
    int how = 0;
    *status = 0;
    (void)fflush(NULL);
    ignore.sa_handler = SIG_IGN;
    (void)sigaction(SIGINT, &ignore, &interrupt);
    (void)sigaction(SIGQUIT, &ignore, &quit);
    int error = start(&pid, command);
    if (error == 0) {
        while (waitpid(pid, &how, 0) < 0) {
            if (errno != EINTR) {
                error = errno;
                break;
            }
        }
    }
    (void)sigaction(SIGINT, &interrupt, NULL);
    (void)sigaction(SIGQUIT, &quit, NULL);
    if (error != 0) {
        (void)failed(diag, error);
        return BM_E_IO;
    }
    *status = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
    return BM_OK;
}

int bm_port_on_path(const char *program)
{
    const char *path = getenv("PATH");
    char file[4096];
    while (path != NULL && *path != '\0') {
        const size_t len = strcspn(path, ":");
        const int n =
            snprintf(file, sizeof file, "%.*s%s%s", (int)len, path, len > 0 ? "/" : "", program);
        struct stat st;
        if (n > 0 && (size_t)n < sizeof file && stat(file, &st) == 0 && S_ISREG(st.st_mode) &&
            access(file, X_OK) == 0) {
            return 1;
        }
        path += len + (path[len] == ':');
    }
    return 0;
}

int bm_port_chdir(const char *path, struct bm_diag *diag)
{
    return chdir(path) == 0 ? BM_OK : failed(diag, errno);
}

/* As many zeros as the file has bytes, on the disk. */
static int overwrite(int fd)
{
    static const char zeros[4096];
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return errno;
    }
    for (off_t left = S_ISREG(st.st_mode) ? st.st_size : 0; left > 0;) {
        const size_t most = left < (off_t)sizeof zeros ? (size_t)left : sizeof zeros;
        const ssize_t n = write(fd, zeros, most);
        if (n < 0 && errno != EINTR) {
            return errno;
        }
        left -= n > 0 ? n : 0;
    }
    return fsync(fd) == 0 ? 0 : errno;
}

int bm_port_wipe_file(const char *path, struct bm_diag *diag)
{
    const int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    int error = fd >= 0 ? overwrite(fd) : errno;
    if (fd >= 0) {
        close(fd);
    }
    if (unlink(path) != 0 && error == 0) {
        error = errno;
    }
    if (error == 0 || error == ENOENT) {
        return BM_OK;
    }
    (void)failed(diag, error);
    return BM_E_IO;
}
