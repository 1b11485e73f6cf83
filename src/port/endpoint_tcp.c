/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "port/endpoint_kinds.h"
#include "port/tcp.h"

int bmi_tcp_open(struct bm_endpoint *e, const char *scheme, struct bm_diag *diag)
{
    struct bm_address at;
    uint16_t port = 0;
    const char *text = e->config.address != NULL ? e->config.address : "127.0.0.1:0";
    const int rc = bm_address_parse(&at, text, strlen(text), 1, diag);
    if (rc != BM_OK) {
        return rc;
    }
    e->door = bm_tcp_listen(&at, &port, diag);
    if (e->door < 0) {
        return e->door;
    }
    const int v6 = strchr(at.host, ':') != NULL;
    (void)snprintf(e->name, sizeof e->name, "%s%s%s%s:%u", scheme, v6 ? "[" : "", at.host,
                   v6 ? "]" : "", (unsigned)port);
    return BM_OK;
}

void bmi_tcp_close(struct bm_endpoint *e)
{
    if (e->line >= 0) {
        close(e->line);
    }
    if (e->door >= 0) {
        close(e->door);
    }
}

int bmi_tcp_caller(struct bm_endpoint *e)
{
    static const char refusal[] = "birthmark: this port is in use by another client\r\n";
    const int fd = bm_tcp_accept(e->door);
    if (fd < 0) {
        return 0;
    }
    if (e->line < 0) {
        e->line = fd;
        return 1;
    }
    (void)!send(fd, refusal, sizeof refusal - 1, MSG_NOSIGNAL);
    /* what the caller has sent already would turn the close into a reset that eats the words */
    (void)shutdown(fd, SHUT_WR);
    char dust[256];
    (void)!recv(fd, dust, sizeof dust, 0);
    close(fd);
    return 0;
}

void bmi_tcp_left(struct bm_endpoint *e, uint64_t now)
{
    (void)now;
    close(e->line);
    e->line = -1;
}

static int open_tcp(struct bm_endpoint *e, struct bm_diag *diag)
{
    return bmi_tcp_open(e, "socket://", diag);
}

static void door(struct bm_endpoint *e, uint64_t now)
{
    if (bmi_tcp_caller(e)) {
        bmi_endpoint_arrived(e, now);
    }
}

static void received(struct bm_endpoint *e, const uint8_t *data, size_t len, uint64_t now)
{
    bmi_endpoint_bytes(e, data, len, now);
}

static size_t encode(uint8_t *out, const void *data, size_t len)
{
    memcpy(out, data, len);
    return len;
}

const struct bmi_endpoint_kind bmi_endpoint_tcp = {
    .open = open_tcp,
    .close = bmi_tcp_close,
    .door = door,
    .received = received,
    .encode = encode,
    .left = bmi_tcp_left,
};
