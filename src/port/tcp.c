/* SPDX-License-Identifier: Apache-2.0 */
#include "port/tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "port/clock.h"
#include "port/wire.h"

static int bad_address(struct bm_diag *diag, const char *text)
{
    return bm_diag_set(diag, BM_E_ARG, 0, NULL, text);
}

static int parse_port(struct bm_address *out, const char *text, size_t len, int zero,
                      struct bm_diag *diag)
{
    unsigned long value = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9' || i >= sizeof out->port - 1) {
            return bad_address(diag, "the port behind the host is a number up to 65535");
        }
        value = value * 10 + (unsigned long)(text[i] - '0');
        out->port[i] = text[i];
    }
    out->port[len] = '\0';
    if (len == 0) {
        return bad_address(diag, "a port number must follow the host: HOST:PORT");
    }
    if (value > 65535 || (value == 0 && !zero)) {
        return bad_address(diag, "the port behind the host is a number from 1 to 65535");
    }
    return BM_OK;
}

int bm_address_parse(struct bm_address *out, const char *text, size_t len, int zero,
                     struct bm_diag *diag)
{
    const char *host = text;
    size_t colon = len;
    memset(out, 0, sizeof *out);
    while (colon > 0 && text[colon - 1] != ':' && text[colon - 1] != ']') {
        colon--;
    }
    if (colon == 0 || text[colon - 1] == ']') {
        return bad_address(diag, "a port number must follow the host: HOST:PORT");
    }
    size_t host_len = colon - 1;
    if (host_len >= 2 && host[0] == '[' && host[host_len - 1] == ']') {
        host++;
        host_len -= 2;
    } else if (memchr(host, ':', host_len) != NULL) {
        return bad_address(diag, "an IPv6 address stands in brackets: [ADDRESS]:PORT");
    }
    if (host_len == 0 || host_len >= sizeof out->host) {
        return bad_address(diag, "a host must stand before the port: HOST:PORT");
    }
    memcpy(out->host, host, host_len);
    return parse_port(out, text + colon, len - colon, zero, diag);
}

/* A sentence of up to three parts. */
static int told(struct bm_diag *diag, int code, const char *a, const char *b, const char *c)
{
    char text[sizeof diag->text];
    struct bm_text t;
    bm_text_init(&t, text, sizeof text);
    bm_text_str(&t, a);
    bm_text_str(&t, b);
    bm_text_str(&t, c);
    return bm_diag_set(diag, code, 0, NULL, text);
}

static int resolve(struct addrinfo **out, const struct bm_address *a, int flags,
                   struct bm_diag *diag)
{
    struct addrinfo hints;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    const int rc = getaddrinfo(a->host, a->port, &hints, out);
    if (rc == 0) {
        return BM_OK;
    }
    return rc == EAI_AGAIN
               ? told(diag, BM_E_IO,
                      "the name of the host cannot be looked up now: ", gai_strerror(rc), "")
               : told(diag, BM_E_NOENT, "no such host: ", gai_strerror(rc), "");
}

static int new_socket(const struct addrinfo *a)
{
    return socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
}

static void prompt(int fd)
{
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

/* Returns a descriptor, or -1 with errno. */
static int connect_one(const struct addrinfo *a, uint64_t until)
{
    const int fd = new_socket(a);
    if (fd < 0) {
        return -1;
    }
    int error = connect(fd, a->ai_addr, a->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS || error == EINTR) {
        socklen_t len = sizeof error;
        const int events = bmi_wait_fd(fd, POLLOUT, until);
        if (events == 0) {
            error = ETIMEDOUT;
        } else if (events < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0) {
            error = EIO;
        }
    }
    if (error == 0) {
        prompt(fd);
        return fd;
    }
    close(fd);
    errno = error;
    return -1;
}

static int not_connected(const struct bm_address *to, int error, struct bm_diag *diag)
{
    char where[80];
    struct bm_text t;
    bm_text_init(&t, where, sizeof where);
    bm_text_str(&t, to->host);
    switch (error) {
    case ECONNREFUSED:
        bm_text_str(&t, " on port ");
        bm_text_str(&t, to->port);
        return told(diag, BM_E_IO, "refused: nobody listens at ", where, "");
    case ETIMEDOUT: return told(diag, BM_E_TIMEOUT, "no answer from ", where, "");
    default:
        return told(diag, BM_E_IO, "no connection to ", where,
                    error == ENETUNREACH || error == EHOSTUNREACH ? ": it cannot be reached" : "");
    }
}

int bm_tcp_connect(const struct bm_address *to, unsigned timeout_ms, struct bm_diag *diag)
{
    struct addrinfo *list = NULL;
    const int rc = resolve(&list, to, 0, diag);
    if (rc != BM_OK) {
        return rc;
    }
    const uint64_t until = bm_port_now_us() + (uint64_t)timeout_ms * 1000;
    int fd = -1;
    int error = EIO;
    for (const struct addrinfo *a = list; a != NULL && fd < 0; a = a->ai_next) {
        fd = connect_one(a, until);
        error = fd < 0 ? errno : 0;
    }
    freeaddrinfo(list);
    return fd >= 0 ? fd : not_connected(to, error, diag);
}

static int listen_one(const struct addrinfo *a)
{
    const int on = 1;
    const int fd = new_socket(a);
    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, 8) == 0) {
        return fd;
    }
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static uint16_t port_of(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage room;
    } a;
    socklen_t len = sizeof a;
    memset(&a, 0, sizeof a);
    if (getsockname(fd, &a.any, &len) != 0) {
        return 0;
    }
    return ntohs(a.any.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
}

int bm_tcp_listen(const struct bm_address *at, uint16_t *got, struct bm_diag *diag)
{
    struct addrinfo *list = NULL;
    const int rc = resolve(&list, at, AI_PASSIVE, diag);
    if (rc != BM_OK) {
        return rc;
    }
    int fd = -1;
    int error = EIO;
    for (const struct addrinfo *a = list; a != NULL && fd < 0; a = a->ai_next) {
        fd = listen_one(a);
        error = fd < 0 ? errno : 0;
    }
    freeaddrinfo(list);
    if (fd < 0) {
        (void)bm_diag_set(diag, BM_E_IO, 0, NULL,
                          error == EADDRINUSE ? "this TCP port is in use; 0 takes a free one"
                                              : "no callers can be taken here");
        if (diag != NULL && error != EADDRINUSE) {
            diag->os_errno = error;
        }
        return BM_E_IO;
    }
    *got = port_of(fd);
    return fd;
}

int bm_tcp_accept(int listener)
{
    const int fd = accept(listener, NULL, NULL);
    if (fd < 0) {
        return -1;
    }
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        close(fd);
        return -1;
    }
    prompt(fd);
    return fd;
}

void bm_tcp_hurry(int fd)
{
#ifdef TCP_QUICKACK
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
#else
    (void)fd;
#endif
}
