/* SPDX-License-Identifier: Apache-2.0 */
#include "port/wiper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "port/file.h"
#include "port/shell.h"

enum { FILES = 1024 }; /* more than anybody hands down */

/* The file, and what was to become it. */
static void wipe(const char *path, long pid)
{
    char *unfinished = malloc(strlen(path) + BM_PORT_TEMP_NAME);
    (void)bm_port_wipe_file(path, NULL);
    if (unfinished != NULL) {
        bm_port_temp_name(unfinished, path, pid, 0);
        (void)bm_port_wipe_file(unfinished, NULL);
        free(unfinished);
    }
}

/* In a session of its own, so that what the terminal sends does not reach it. All files but the
 * line are given up: whoever reads from us must not wait for this process. */
static void watch(int from, const char *path, long pid)
{
    char byte = 0;
    ssize_t n = -1;
    (void)setsid();
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; null >= 0 && fd < 3; fd++) {
        (void)dup2(null, fd);
    }
    for (int fd = 3; fd < FILES; fd++) {
        if (fd != from) {
            (void)close(fd);
        }
    }
    do {
        n = read(from, &byte, 1);
    } while (n < 0 && errno == EINTR);
    if (n == 0) {
        wipe(path, pid);
    }
    _exit(0);
}

int bm_port_wiper_start(struct bm_port_wiper *w, const char *path, struct bm_diag *diag)
{
    int ends[2] = {-1, -1};
    pid_t pid = -1;
    const long us = (long)getpid();
    memset(w, 0, sizeof *w);
    int error = socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 ? 0 : errno;
    if (error == 0) {
        (void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
        (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
        pid = fork();
        error = pid < 0 ? errno : 0;
    }
    if (pid == 0) {
        close(ends[1]);
        watch(ends[0], path, us);
    }
    if (ends[0] >= 0) {
        close(ends[0]);
    }
    if (error != 0) {
        if (ends[1] >= 0) {
            close(ends[1]);
        }
        (void)bm_diag_set(diag, BM_E_IO, 0, NULL, NULL);
        if (diag != NULL) {
            diag->os_errno = error;
        }
        return BM_E_IO;
    }
    w->pid = (int)pid;
    w->line = ends[1];
    return BM_OK;
}

void bm_port_wiper_end(struct bm_port_wiper *w)
{
    if (w->pid <= 0) {
        return;
    }
    while (send(w->line, "", 1, MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
    close(w->line);
    while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    memset(w, 0, sizeof *w);
}
