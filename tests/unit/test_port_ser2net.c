/* SPDX-License-Identifier: Apache-2.0 */
/* Our client of RFC 2217 against a server that others wrote: ser2net, on a pty of ours. */
#define _XOPEN_SOURCE 700
#include <fcntl.h>
#include <netdb.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/echo_board.h"
#include "port/clock.h"
#include "port/serial.h"
#include "port/tcp.h"

enum { WAIT_MS = 60000 };

static pid_t server;

static const char *program(void)
{
    static const char *const paths[] = {"/usr/sbin/ser2net", "/usr/local/sbin/ser2net",
                                        "/usr/bin/ser2net"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (access(paths[i], X_OK) == 0) {
            return paths[i];
        }
    }
    return NULL;
}

/* It looks up names as for a network; where there is no more than the loopback it finds none. */
static int has_network(void)
{
    const struct addrinfo hints = {.ai_flags = AI_ADDRCONFIG, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    const int rc = getaddrinfo("127.0.0.1", "1", &hints, &found);
    if (rc == 0) {
        freeaddrinfo(found);
    }
    return rc == 0;
}

static unsigned free_port(void)
{
    struct bm_address at;
    uint16_t port = 0;
    assert_int_equal(bm_address_parse(&at, "127.0.0.1:0", 11, 1, NULL), BM_OK);
    const int fd = bm_tcp_listen(&at, &port, NULL);
    assert_true(fd >= 0);
    close(fd);
    return port;
}

static pid_t serve(const char *path, const char *device, unsigned port)
{
    char config[256];
    snprintf(config, sizeof config,
             "connection: &board\n  accepter: telnet(rfc2217),tcp,127.0.0.1,%u\n"
             "  connector: serialdev,%s,115200n81,local\n",
             port, device);
    FILE *f = fopen("ser2net.yaml", "w");
    assert_non_null(f);
    assert_true(fputs(config, f) >= 0);
    assert_int_equal(fclose(f), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        const int null = open("/dev/null", O_RDWR);
        (void)dup2(null, 1);
        (void)dup2(null, 2);
        execl(path, path, "-n", "-u", "-c", "ser2net.yaml", (char *)NULL);
        _exit(127);
    }
    assert_true(pid > 0);
    return pid;
}

static void dial(struct bm_serial *s, unsigned port)
{
    char name[64];
    struct bm_diag diag;
    const uint64_t until = bm_port_now_us() + (uint64_t)WAIT_MS * 1000;
    snprintf(name, sizeof name, "rfc2217://127.0.0.1:%u", port);
    do { /* it takes a moment to start */
        memset(&diag, 0, sizeof diag);
        if (bm_port_serial_open(s, name, 115200, &diag) == BM_OK) {
            return;
        }
        bm_port_sleep_us(50000);
    } while (bm_port_now_us() < until);
    fail_msg("%s: %s", name, diag.text);
}

/* All byte values there and back, at the end of whatever the board says first. */
static void echo(const struct bm_serial *s, const char *first)
{
    enum { LEN = 20000 };
    static unsigned char out[LEN];
    static unsigned char in[LEN + 256];
    const size_t head = strlen(first);
    size_t got = 0;
    for (size_t i = 0; i < LEN; i++) {
        out[i] = i % 5 == 0 ? 0xff : (unsigned char)(i ^ i >> 8);
    }
    assert_int_equal(s->ops->write(s->ctx, out, LEN, WAIT_MS), BM_OK);
    while (got < head + LEN) {
        const int rc = s->ops->read(s->ctx, in + got, sizeof in - got, WAIT_MS);
        assert_true(rc > 0);
        got += (size_t)rc;
    }
    assert_memory_equal(in, first, head);
    assert_memory_equal(in + head, out, LEN);
}

static void talks(void **state)
{
    struct bm_serial s;
    const char *path = program();
    (void)state;
    if (path == NULL || !has_network()) {
        printf("SKIP: ser2net is not installed, or there is no network\n");
        skip();
    }
    struct echo_board *b = echo_board_start(BM_ENDPOINT_PTY, NULL, NULL, 0, NULL);
    assert_non_null(b);
    const unsigned port = free_port();
    server = serve(path, echo_board_name(b), port);
    dial(&s, port);
    assert_int_equal(s.ops->set_baud(s.ctx, 921600), BM_OK);
    echo(&s, "[921600]");
    assert_int_equal(s.ops->set_lines(s.ctx, 0, 1), BM_OK); /* a pty has none: no answer */
    assert_int_equal(s.ops->set_lines(s.ctx, 1, 0), BM_OK);
    echo(&s, "");
    bm_port_serial_close(&s);
    echo_board_stop(b);
}

static int teardown(void **state)
{
    (void)state;
    if (server > 0) {
        (void)kill(server, SIGKILL);
        (void)waitpid(server, NULL, 0);
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(talks, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
