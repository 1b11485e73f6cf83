/* SPDX-License-Identifier: Apache-2.0 */
#include "port/keys.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* A signal handler can only reach what is global. */
static struct termios before;
static volatile sig_atomic_t is_raw;
static volatile sig_atomic_t caught;

void bm_port_keys_close(void)
{
    const int error = errno;
    if (is_raw) {
        is_raw = 0;
        (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
    }
    errno = error;
}

/* What is about to end the program does so with the terminal as it was. */
static void restore_and_die(int number)
{
    bm_port_keys_close();
    (void)raise(number); /* its handler is gone: SA_RESETHAND */
}

static void note(int number)
{
    caught = number;
}

static void handle(int number, void (*handler)(int), int flags)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_handler = handler;
    action.sa_flags = flags;
    (void)sigaction(number, &action, NULL);
}

void bm_port_catch_signals(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        handle(signals[i], note, 0);
    }
}

int bm_port_caught_signal(void)
{
    return caught;
}

int bm_port_keys_open(void)
{
    static const int deadly[] = {SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGPIPE};
    struct termios raw;
    if (tcgetattr(STDIN_FILENO, &before) != 0 || tcgetpgrp(STDIN_FILENO) != getpgrp()) {
        return 0;
    }
    raw = before;
    raw.c_iflag &= (tcflag_t) ~(BRKINT | ICRNL | INLCR | IGNCR | ISTRIP | IXON);
    raw.c_lflag &= (tcflag_t) ~(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++) {
        handle(deadly[i], restore_and_die, (int)SA_RESETHAND);
    }
    handle(SIGTSTP, SIG_IGN, 0); /* a stopped program would leave the terminal raw */
    if (atexit(bm_port_keys_close) != 0) {
        return 0;
    }
    is_raw = 1;
    if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) != 0) {
        is_raw = 0;
    }
    return is_raw;
}

int bm_port_keys_read(void *buf, size_t cap)
{
    struct pollfd p = {STDIN_FILENO, POLLIN, 0};
    if (poll(&p, 1, 0) <= 0) {
        return 0;
    }
    const ssize_t n = read(STDIN_FILENO, buf, cap);
    if (n > 0) {
        return (int)n;
    }
    return n < 0 && (errno == EINTR || errno == EAGAIN) ? 0 : -1;
}
