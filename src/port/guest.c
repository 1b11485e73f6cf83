/* SPDX-License-Identifier: Apache-2.0 */
#include "port/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"

enum { NOTES = 3, PROGRAM, ERROR, BEYOND, ABOVE = 16 }; /* descriptors of the child */
enum { RUNNABLE = 0x10 };                               /* MFD_EXEC */

struct bm_guest {
    pid_t pid;
    int uart;
    int notes;
};

static void shut(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static int no_block(int fd)
{
    const int flags = fcntl(fd, F_GETFL);
    return flags >= 0 ? fcntl(fd, F_SETFL, flags | O_NONBLOCK) : -1;
}

/* The program as a file without a name: gone with the last who has it. Where the system wants it
 * said that this is to be run, it is said; older ones do not know the word. */
static int program_file(const struct bm_guest_config *config)
{
    const char *p = config->program;
    size_t left = config->len;
    int fd = memfd_create("firmware", MFD_CLOEXEC | RUNNABLE);
    if (fd < 0 && errno == EINVAL) {
        fd = memfd_create("firmware", MFD_CLOEXEC);
    }
    while (fd >= 0 && left > 0) {
        const ssize_t n = write(fd, p, left);
        if (n < 0 && errno != EINTR) {
            close(fd);
            return -1;
        }
        p += n > 0 ? n : 0;
        left -= n > 0 ? (size_t)n : 0;
    }
    return fd;
}

/* Everything below is the child's, up to exec: no memory is allocated. */

/* Moves a descriptor out of the way of those that the child gets. */
static int lifted(int fd)
{
    return fcntl(fd, F_DUPFD, ABOVE);
}

static int arrange(int uart, int notes, int program, int error)
{
    const int from[] = {lifted(uart),  lifted(uart),    lifted(uart),
                        lifted(notes), lifted(program), lifted(error)};
    int ok = 1;
    for (int to = 0; to < BEYOND; to++) {
        ok = ok && from[to] >= 0 && dup2(from[to], to) == to;
    }
    return ok && close_range(BEYOND, ~0U, 0) == 0 ? 0 : -1;
}

/* What was ignored or held back here is not so for the child. */
static void reset_signals(void)
{
    sigset_t none;
    for (int i = 1; i < NSIG; i++) {
        (void)signal(i, SIG_DFL);
    }
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int is_script(const struct bm_guest_config *config)
{
    return config->len >= 2 && memcmp(config->program, "#!", 2) == 0;
}

_Noreturn static void become(const struct bm_guest_config *config, pid_t parent, const int fd[4])
{
    const struct rlimit no_core = {0, 0};
    const char *const argv[] = {config->name, NULL};
    int report = fd[3];
    reset_signals();
    /* A session of its own: one kill reaches all of it, and no terminal's Ctrl-C does. */
    if (setsid() >= 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent &&
        setrlimit(RLIMIT_CORE, &no_core) == 0 && arrange(fd[0], fd[1], fd[2], fd[3]) == 0 &&
        fcntl(ERROR, F_SETFD, FD_CLOEXEC) == 0) {
        report = ERROR;
        /* An interpreter opens its script by this descriptor. */
        if (is_script(config) || fcntl(PROGRAM, F_SETFD, FD_CLOEXEC) == 0) {
            fexecve(PROGRAM, (char *const *)(const void *)argv,
                    (char *const *)(const void *)config->env);
        }
    }
    const int error = errno;
    _exit(write(report, &error, sizeof error) == sizeof error ? 1 : 2);
}

/* Forks, and waits until exec has worked or not: 0 or an errno. */
static int launch(pid_t *pid, const struct bm_guest_config *config, const int fd[3])
{
    int report[2];
    int error = 0;
    ssize_t n;
    if (pipe2(report, O_CLOEXEC) != 0) {
        return errno;
    }
    const pid_t parent = getpid();
    const int given[] = {fd[0], fd[1], fd[2], report[1]};
    *pid = fork();
    if (*pid == 0) {
        become(config, parent, given);
    }
    error = *pid < 0 ? errno : 0;
    close(report[1]);
    if (*pid > 0) {
        do {
            n = read(report[0], &error, sizeof error);
        } while (n < 0 && errno == EINTR);
        error = n == sizeof error ? error : 0;
        if (error != 0) {
            while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR) {
            }
        }
    }
    close(report[0]);
    return error;
}

static int why(int error, struct bm_diag *diag)
{
    int rc = BM_E_IO;
    switch (error) {
    case ENOEXEC: rc = BM_E_TYPE; break;
    case ENOENT: rc = BM_E_NOENT; break;
    case ENOMEM: rc = BM_E_NOMEM; break;
    default: break;
    }
    if (diag != NULL && diag->code == BM_OK) {
        diag->os_errno = error;
    }
    return bm_diag_set(diag, rc, 0, NULL, strerror(error));
}

int bm_guest_start(struct bm_guest **out, const struct bm_guest_config *config,
                   struct bm_diag *diag)
{
    int uart[2] = {-1, -1};
    int notes[2] = {-1, -1};
    int program = -1;
    int error = 0;
    struct bm_guest *guest = calloc(1, sizeof *guest);
    *out = NULL;
    if (guest == NULL) {
        return why(ENOMEM, diag);
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, uart) != 0 ||
        pipe2(notes, O_CLOEXEC) != 0 || no_block(uart[0]) != 0 || no_block(notes[0]) != 0 ||
        (program = program_file(config)) < 0) {
        error = errno;
    } else {
        const int fd[] = {uart[1], notes[1], program};
        error = launch(&guest->pid, config, fd);
    }
    shut(&uart[1]);
    shut(&notes[1]);
    shut(&program);
    if (error != 0) {
        shut(&uart[0]);
        shut(&notes[0]);
        free(guest);
        return why(error, diag);
    }
    guest->uart = uart[0];
    guest->notes = notes[0];
    *out = guest;
    return BM_OK;
}

void bm_guest_write(struct bm_guest *guest, const void *data, size_t len)
{
    (void)!send(guest->uart, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static size_t take(int fd, void *buf, size_t cap)
{
    ssize_t n;
    do {
        n = read(fd, buf, cap);
    } while (n < 0 && errno == EINTR);
    return n > 0 ? (size_t)n : 0;
}

size_t bm_guest_read(struct bm_guest *guest, void *buf, size_t cap)
{
    return take(guest->uart, buf, cap);
}

size_t bm_guest_notes(struct bm_guest *guest, void *buf, size_t cap)
{
    return take(guest->notes, buf, cap);
}

enum bm_guest_end bm_guest_end(struct bm_guest *guest, int *code)
{
    static const struct {
        int signal;
        enum bm_guest_end end;
    } ends[] = {{SIGSEGV, BM_GUEST_ACCESS},
                {SIGBUS, BM_GUEST_ALIGN},
                {SIGILL, BM_GUEST_ILLEGAL},
                {SIGFPE, BM_GUEST_ARITH},
                {SIGABRT, BM_GUEST_ABORTED}};
    siginfo_t info;
    info.si_pid = 0;
    /* Not reaped yet: its number stays its group's until bm_guest_stop(). */
    if (waitid(P_PID, (id_t)guest->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        info.si_pid == 0) {
        return BM_GUEST_RUNS;
    }
    *code = info.si_status;
    if (info.si_code == CLD_EXITED) {
        return BM_GUEST_EXITED;
    }
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (ends[i].signal == info.si_status) {
            return ends[i].end;
        }
    }
    return BM_GUEST_SIGNAL;
}

void bm_guest_stop(struct bm_guest *guest)
{
    if (guest == NULL) {
        return;
    }
    (void)kill(-guest->pid, SIGKILL);
    while (waitpid(guest->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    close(guest->uart);
    close(guest->notes);
    free(guest);
}
