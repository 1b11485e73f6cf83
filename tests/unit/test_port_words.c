/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a port that cannot be opened. */
#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "harness/echo_board.h"
#include "port/ports.h"
#include "port/serial.h"
#include "port/tcp.h"

static void refused(const char *name, int code, const char *words)
{
    struct bm_serial s;
    struct bm_diag diag = {0};
    const int rc = bm_port_serial_open(&s, name, 0, &diag);
    if (rc != code || strstr(diag.text, words) == NULL) {
        fail_msg("%s: %d, \"%s\" in place of %d, \"%s\"", name, rc, diag.text, code, words);
    }
    assert_null(s.ctx);
    assert_int_equal(diag.code, code);
}

static void names(void **state)
{
    (void)state;
    refused("/dev/ttyNOSUCH", BM_E_NOENT, "no such port; there is ");
    refused("COM3", BM_E_NOENT, "no such port");
    refused("", BM_E_NOENT, "no such port");
    refused("/dev/null", BM_E_ARG, "no serial port");
    fclose(fopen("text", "w"));
    refused("text", BM_E_ARG, "no serial port");
    refused("/tmp", BM_E_ARG, "no serial port");
    refused("tcp://host:1", BM_E_ARG, "socket://HOST:PORT");
}

static void addresses(void **state)
{
    (void)state;
    refused("socket://localhost", BM_E_ARG, "a port number must follow");
    refused("socket://localhost:", BM_E_ARG, "a port number must follow");
    refused("socket://:4000", BM_E_ARG, "a host must stand");
    refused("socket://localhost:0", BM_E_ARG, "1 to 65535");
    refused("socket://localhost:65536", BM_E_ARG, "1 to 65535");
    refused("socket://localhost:123456", BM_E_ARG, "up to 65535");
    refused("socket://localhost:x", BM_E_ARG, "up to 65535");
    refused("socket://::1:4000", BM_E_ARG, "in brackets");
    refused("socket://[::1]", BM_E_ARG, "a port number must follow");
    refused("rfc2217://localhost", BM_E_ARG, "a port number must follow");
    refused("rfc2217://localhost:9?baud=3", BM_E_ARG, "ign_set_control");
    refused("rfc2217://localhost:9?timeout=x", BM_E_ARG, "up to 600");
    refused("rfc2217://localhost:9?timeout=-1", BM_E_ARG, "up to 600");
    refused("rfc2217://localhost:9?timeout=nan", BM_E_ARG, "up to 600");
}

/* Without a name server there is another answer. */
static void no_host(void **state)
{
    static const char name[] = "socket://nobody.invalid:4000";
    struct bm_serial s;
    struct bm_diag diag = {0};
    (void)state;
    if (bm_port_serial_open(&s, name, 0, &diag) == BM_E_IO &&
        strstr(diag.text, "cannot be looked up now") != NULL) {
        printf("no name server here\n");
        skip();
    }
    refused(name, BM_E_NOENT, "no such host");
}

/* Where another program listens, and where none does. */
static void nobody_listens(void **state)
{
    struct bm_address at;
    char name[64];
    uint16_t port = 0;
    (void)state;
    assert_int_equal(bm_address_parse(&at, "127.0.0.1:0", 11, 1, NULL), BM_OK);
    const int fd = bm_tcp_listen(&at, &port, NULL);
    assert_true(fd >= 0 && port != 0);
    snprintf(at.port, sizeof at.port, "%u", port);
    struct bm_diag diag = {0};
    assert_int_equal(bm_tcp_listen(&at, &port, &diag), BM_E_IO);
    assert_non_null(strstr(diag.text, "is in use"));
    close(fd);
    /* bound, so that nobody else gets it, and nobody listens */
    struct sockaddr_in here = {.sin_family = AF_INET};
    socklen_t len = sizeof here;
    const int mute = socket(AF_INET, SOCK_STREAM, 0);
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(mute, (const struct sockaddr *)&here, sizeof here), 0);
    assert_int_equal(getsockname(mute, (struct sockaddr *)&here, &len), 0);
    snprintf(name, sizeof name, "socket://127.0.0.1:%u", ntohs(here.sin_port));
    refused(name, BM_E_IO, "refused: nobody listens at 127.0.0.1 on port ");
    snprintf(name, sizeof name, "rfc2217://127.0.0.1:%u/?timeout=1", ntohs(here.sin_port));
    refused(name, BM_E_IO, "refused: nobody listens");
    close(mute);
}

static void busy(void **state)
{
    struct bm_serial s;
    char me[64];
    (void)state;
    struct echo_board *b = echo_board_start(BM_ENDPOINT_PTY, NULL, NULL, 0, NULL);
    assert_non_null(b);
    assert_int_equal(bm_port_serial_open(&s, echo_board_name(b), 0, NULL), BM_OK);
    snprintf(me, sizeof me, "(process %ld)", (long)getpid());
    refused(echo_board_name(b), BM_E_IO, "in use by ");
    refused(echo_board_name(b), BM_E_IO, me);
    bm_port_serial_close(&s);
    assert_int_equal(bm_port_serial_open(&s, echo_board_name(b), 0, NULL), BM_OK);
    bm_port_serial_close(&s);
    echo_board_stop(b);
}

/* As a user who may not, in a process of its own. Exit status 0: the words were right. */
static int as_nobody(const char *name, const char *words)
{
    int status = -1;
    const pid_t pid = fork();
    if (pid == 0) {
        struct bm_serial s;
        struct bm_diag diag = {0};
        if (setgid(65534) != 0 || setuid(65534) != 0) {
            _exit(2);
        }
        const int rc = bm_port_serial_open(&s, name, 0, &diag);
        if (rc != BM_E_IO || strstr(diag.text, words) == NULL) {
            fprintf(stderr, "%d: %s\n", rc, diag.text);
            _exit(1);
        }
        _exit(0);
    }
    assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void no_permission(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    struct echo_board *b = echo_board_start(BM_ENDPOINT_PTY, NULL, NULL, 0, NULL);
    assert_non_null(b);
    const char *name = echo_board_name(b);
    assert_int_equal(chown(name, 0, 0), 0);
    assert_int_equal(chmod(name, 0660), 0);
    assert_int_equal(as_nobody(name, "it is for group root; 'sudo usermod -aG root $USER'"), 0);
    assert_int_equal(chmod(name, 0600), 0);
    assert_int_equal(as_nobody(name, "it is for root alone"), 0);
    assert_int_equal(chmod(name, 0), 0);
    assert_int_equal(as_nobody(name, "mode allows nobody"), 0);
    echo_board_stop(b);
}

/* Somebody is there, but not who was expected. */
static void no_rfc2217(void **state)
{
    static const char *const ends[] = {"?timeout=0.3", "/?ign_set_control&timeout=0.3"};
    char name[96];
    (void)state;
    for (int quiet = 0; quiet < 2; quiet++) {
        struct echo_board *b = echo_board_start(BM_ENDPOINT_TCP, NULL, NULL, quiet, NULL);
        assert_non_null(b);
        /* what is asked comes back, and must not be taken for an agreement */
        snprintf(name, sizeof name, "rfc2217%s%s", strstr(echo_board_name(b), "://"), ends[quiet]);
        refused(name, BM_E_PROTO, "RFC 2217");
        echo_board_freeze(b);
        refused(name, BM_E_PROTO, "does not speak RFC 2217");
        echo_board_stop(b);
    }
}

static void links(void **state)
{
    struct bm_diag diag = {0};
    struct bm_serial s;
    char target[64] = "";
    char path[64];
    (void)state;
    snprintf(path, sizeof path, "board-%ld", (long)getpid());
    assert_int_equal(symlink("/dev/pts/999999", path), 0); /* of one that was killed */
    struct echo_board *b = echo_board_start(BM_ENDPOINT_PTY, NULL, path, 0, &diag);
    assert_non_null(b);
    assert_true(readlink(path, target, sizeof target - 1) > 0);
    assert_string_equal(target, echo_board_name(b));
    assert_int_equal(bm_port_serial_open(&s, path, 0, NULL), BM_OK);
    bm_port_serial_close(&s);
    echo_board_stop(b);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(lstat(path, &(struct stat){0}), -1);

    const int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_null(echo_board_start(BM_ENDPOINT_PTY, NULL, path, 0, &diag));
    assert_int_equal(diag.code, BM_E_EXIST);
    assert_int_equal(unlink(path), 0);
}

static void lists(void **state)
{
    struct bm_port *ports = NULL;
    size_t n = 0;
    (void)state;
    assert_int_equal(bm_port_list(&ports, &n, NULL), BM_OK);
    for (size_t i = 0; i < n; i++) {
        assert_true(ports[i].name[0] != '\0');
    }
    free(ports);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),      cmocka_unit_test(addresses),
        cmocka_unit_test(no_host),    cmocka_unit_test(nobody_listens),
        cmocka_unit_test(busy),       cmocka_unit_test(no_permission),
        cmocka_unit_test(no_rfc2217), cmocka_unit_test(links),
        cmocka_unit_test(lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
