/* SPDX-License-Identifier: Apache-2.0 */

/* A port on a TCP socket whose other side sends byte by byte and waits for acknowledgements, as
 * emulators do: replies are here at once all the same. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "port/clock.h"
#include "port/serial.h"

enum { ROUNDS = 50, REPLY = 80, HELD_BACK_US = 40000, WAIT_MS = 60000 };

/* Answers every byte with REPLY bytes, each sent on its own. */
static void serve(int listener)
{
    const int fd = accept(listener, NULL, NULL);
    char byte = 0;
    alarm(500); /* if nobody ends it */
    while (fd >= 0 && recv(fd, &byte, 1, 0) == 1) {
        for (int i = 0; i < REPLY; i++) {
            (void)send(fd, &byte, 1, MSG_NOSIGNAL);
        }
    }
    _exit(0);
}

static unsigned listen_here(int *listener)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(*listener >= 0);
    assert_int_equal(bind(*listener, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(*listener, 1), 0);
    assert_int_equal(getsockname(*listener, (struct sockaddr *)&at, &len), 0);
    return ntohs(at.sin_port);
}

static void test_prompt(void **state)
{
    (void)state;
    char name[64];
    char buf[REPLY];
    struct bm_serial s;
    struct bm_diag diag = {0};
    int listener = -1;
    (void)snprintf(name, sizeof name, "socket://127.0.0.1:%u", listen_here(&listener));
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        serve(listener);
    }
    assert_int_equal(bm_port_serial_open(&s, name, 0, &diag), 0);
    int held_back = 0;
    for (int i = 0; i < ROUNDS; i++) {
        const uint64_t begun = bm_port_now_us();
        assert_int_equal(s.ops->write(s.ctx, "x", 1, WAIT_MS), 0);
        for (int n = 0; n < REPLY;) {
            const int got = s.ops->read(s.ctx, buf, sizeof buf, WAIT_MS);
            assert_true(got > 0);
            n += got;
        }
        held_back += bm_port_now_us() - begun >= HELD_BACK_US / 2;
    }
#ifdef TCP_QUICKACK
    assert_true(held_back < ROUNDS / 2); /* not all: the machine may be busy */
#endif
    bm_port_serial_close(&s);
    close(listener);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_prompt)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
