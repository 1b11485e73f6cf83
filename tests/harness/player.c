/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE
#include "harness/player.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "port/clock.h"

enum { PATIENCE_MS = 60000, TURN_MS = 5, ARGS_MAX = 32 };

static void die(const char *what)
{
    fprintf(stderr, "player: %s: %s\n", what, strerror(errno));
    exit(1);
}

void player_say(struct player *p, const char *text)
{
    const size_t len = strlen(text);
    assert_true(p->queued + len <= sizeof p->queue);
    memcpy(p->queue + p->queued, text, len);
    p->queued += len;
}

static void on_client(void *ctx, int there, uint64_t now)
{
    struct player *p = ctx;
    (void)now;
    if (there && p->hello != NULL) {
        player_say(p, p->hello);
    }
}

static void on_bytes(void *ctx, const void *data, size_t len, uint64_t now)
{
    struct player *p = ctx;
    (void)now;
    assert_true(p->got_len + len < sizeof p->got);
    memcpy(p->got + p->got_len, data, len);
    p->got_len += len;
}

static void on_lines(void *ctx, int dtr, int rts, uint64_t now)
{
    struct player *p = ctx;
    const int was_held = p->rts && !p->dtr;
    (void)now;
    p->dtr = dtr;
    p->rts = rts;
    if (!was_held || (rts && !dtr)) {
        if (!was_held && rts && !dtr && p->last_words != NULL) {
            player_say(p, p->last_words);
        }
        return;
    }
    if (dtr && !rts) {
        p->downloads++;
        return;
    }
    p->resets++;
    if (p->boot != NULL) {
        player_say(p, p->boot);
    }
}

static size_t output(void *ctx, void *buf, size_t cap, uint64_t now)
{
    struct player *p = ctx;
    const size_t left = p->queued - p->sent;
    const size_t n = left < cap ? left : cap;
    (void)now;
    memcpy(buf, p->queue + p->sent, n);
    p->sent += n;
    return n;
}

static void open_endpoint(struct player *p, enum bm_endpoint_kind kind, const char *address)
{
    static const struct bm_endpoint_ops ops = {
        .on_client = on_client,
        .on_bytes = on_bytes,
        .on_lines = on_lines,
        .output = output,
    };
    const struct bm_endpoint_config config = {
        .kind = kind, .address = address, .ops = &ops, .ctx = p};
    struct bm_diag diag = {0};
    if (bm_endpoint_open(&p->endpoint, &config, &diag) != BM_OK) {
        die(diag.text);
    }
}

void player_open(struct player *p, enum bm_endpoint_kind kind, const char *address)
{
    memset(p, 0, sizeof *p);
    p->out = p->err = p->terminal = p->side = -1;
    open_endpoint(p, kind, address);
    (void)snprintf(p->name, sizeof p->name, "%s", bm_endpoint_name(p->endpoint));
    (void)signal(SIGPIPE, SIG_IGN);
}

void player_unplug(struct player *p)
{
    bm_endpoint_close(p->endpoint);
    p->endpoint = NULL;
}

void player_plug(struct player *p)
{
    const char *at = strstr(p->name, "://");
    assert_non_null(at);
    open_endpoint(p, p->name[0] == 's' ? BM_ENDPOINT_TCP : BM_ENDPOINT_RFC2217, at + 3);
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

void player_close(struct player *p)
{
    if (p->pid > 0) {
        (void)kill(p->pid, SIGKILL);
        (void)waitpid(p->pid, NULL, 0);
    }
    close_fd(&p->out);
    close_fd(&p->err);
    close_fd(&p->terminal);
    close_fd(&p->side);
    bm_endpoint_close(p->endpoint);
    memset(p, 0, sizeof *p);
}

static void child(const struct player *p, int out, int err, const char *const *argv)
{
    int in = p->side;
    if (in >= 0) {
        if (setsid() < 0 || ioctl(in, TIOCSCTTY, 0) != 0) {
            _exit(126);
        }
    } else {
        in = open("/dev/null", O_RDONLY);
    }
    if (p->to != NULL) {
        out = open(p->to, O_WRONLY);
    }
    if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) {
        _exit(126);
    }
    (void)signal(SIGPIPE, SIG_DFL);
    (void)setenv("TERM", "xterm", 1);
    execv(argv[0], (char *const *)(const void *)argv);
    _exit(127);
}

static void make_terminal(struct player *p)
{
    p->terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (p->terminal < 0 || grantpt(p->terminal) != 0 || unlockpt(p->terminal) != 0) {
        die("posix_openpt");
    }
    p->side = open(ptsname(p->terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (p->side < 0 || tcgetattr(p->side, &p->settings) != 0) {
        die("ptsname");
    }
    (void)fcntl(p->terminal, F_SETFL, O_NONBLOCK);
}

void player_run(struct player *p, int terminal, ...)
{
    const char *argv[ARGS_MAX + 4];
    size_t n = 0;
    int out[2] = {-1, -1};
    int err[2] = {-1, -1};
    va_list args;
    argv[n++] = getenv("BIRTHMARK");
    argv[n++] = "monitor";
    argv[n++] = p->name;
    va_start(args, terminal);
    while (n < ARGS_MAX && (argv[n] = va_arg(args, const char *)) != NULL) {
        n++;
    }
    va_end(args);
    argv[n] = NULL;
    assert_non_null(argv[0]);
    close_fd(&p->out);
    close_fd(&p->err);
    p->said_len = p->notices_len = 0;
    p->said[0] = p->notices[0] = '\0';
    if (terminal) {
        make_terminal(p);
    } else if (pipe(out) != 0 || pipe(err) != 0) {
        die("pipe");
    }
    p->pid = fork();
    if (p->pid == 0) {
        child(p, terminal ? p->side : out[1], terminal ? p->side : err[1], argv);
    }
    p->out = out[0];
    p->err = err[0];
    if (!terminal) {
        close(out[1]);
        close(err[1]);
        (void)fcntl(p->out, F_SETFL, O_NONBLOCK);
        (void)fcntl(p->err, F_SETFL, O_NONBLOCK);
    }
}

static void take(int fd, char *text, size_t *len, size_t cap)
{
    ssize_t n;
    while (fd >= 0 && *len + 1 < cap && (n = read(fd, text + *len, cap - 1 - *len)) > 0) {
        *len += (size_t)n;
    }
    text[*len] = '\0';
}

static void move(struct player *p)
{
    if (p->endpoint != NULL) {
        (void)bm_endpoint_turn(&p->endpoint, 1, TURN_MS);
    } else {
        bm_port_sleep_us((uint64_t)TURN_MS * 1000);
    }
    p->got[p->got_len] = '\0';
    take(p->terminal >= 0 ? p->terminal : p->out, p->said, &p->said_len, sizeof p->said);
    take(p->err, p->notices, &p->notices_len, sizeof p->notices);
}

void player_wait(struct player *p, unsigned ms)
{
    const uint64_t until = bm_port_now_us() + (uint64_t)ms * 1000;
    while (bm_port_now_us() < until) {
        move(p);
    }
}

static void until(struct player *p, const char *where, const char *text)
{
    const uint64_t end = bm_port_now_us() + (uint64_t)PATIENCE_MS * 1000;
    while (strstr(where, text) == NULL) {
        if (bm_port_now_us() > end) {
            fail_msg("\"%s\" did not come; stdout:\n%s\nstderr:\n%s", text, p->said, p->notices);
        }
        move(p);
    }
}

void player_until_said(struct player *p, const char *text)
{
    until(p, p->said, text);
}

void player_until_noticed(struct player *p, const char *text)
{
    until(p, p->notices, text);
}

void player_until_got(struct player *p, const char *text)
{
    until(p, p->got, text);
}

void player_forget_said(struct player *p)
{
    p->said_len = 0;
    p->said[0] = '\0';
}

void player_until_in_file(struct player *p, const char *path, const char *text)
{
    char content[4096] = "";
    const uint64_t end = bm_port_now_us() + (uint64_t)PATIENCE_MS * 1000;
    while (strstr(content, text) == NULL) {
        FILE *f = fopen(path, "rb");
        const size_t n = f != NULL ? fread(content, 1, sizeof content - 1, f) : 0;
        content[n] = '\0';
        if (f != NULL) {
            (void)fclose(f);
        }
        if (bm_port_now_us() > end) {
            fail_msg("\"%s\" did not come into %s: %s", text, path, content);
        }
        move(p);
    }
}

void player_until_resets(struct player *p, unsigned resets, unsigned downloads)
{
    const uint64_t end = bm_port_now_us() + (uint64_t)PATIENCE_MS * 1000;
    while (p->resets < resets || p->downloads < downloads) {
        assert_true(bm_port_now_us() < end);
        move(p);
    }
    assert_int_equal(p->resets, resets);
    assert_int_equal(p->downloads, downloads);
}

void player_type(struct player *p, const char *keys)
{
    assert_int_equal(write(p->terminal, keys, strlen(keys)), strlen(keys));
}

int player_end(struct player *p)
{
    const uint64_t end = bm_port_now_us() + (uint64_t)PATIENCE_MS * 1000;
    int status = 0;
    while (waitpid(p->pid, &status, WNOHANG) == 0) {
        if (bm_port_now_us() > end) {
            fail_msg("it does not end; stdout:\n%s\nstderr:\n%s", p->said, p->notices);
        }
        move(p);
    }
    p->pid = 0;
    move(p);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
