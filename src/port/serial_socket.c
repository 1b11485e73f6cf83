/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "port/tcp.h"
#include "port/wire.h"

enum { CONNECT_MS = 5000 };

static void close_socket(struct bmi_wire *line)
{
    close(line->fd);
    free(line);
}

static int read_socket(void *ctx, void *buf, size_t cap, unsigned timeout_ms)
{
    const struct bmi_wire *line = ctx;
    bm_tcp_hurry(line->fd);
    return bmi_wire_read(ctx, buf, cap, timeout_ms);
}

static const struct bm_serial_ops ops = {
    .read = read_socket,
    .write = bmi_wire_write,
    .now_ms = bmi_wire_now_ms,
    .sleep_ms = bmi_wire_sleep_ms,
};

/* The speed is the other side's business. */
int bmi_open_socket(struct bm_serial *out, const char *name, uint32_t baud, struct bm_diag *diag)
{
    struct bm_address to;
    (void)baud;
    const int rc = bm_address_parse(&to, name, strlen(name), 0, diag);
    if (rc != BM_OK) {
        return rc;
    }
    struct bmi_wire *line = malloc(sizeof *line);
    if (line == NULL) {
        return bm_diag_set(diag, BM_E_NOMEM, 0, NULL, NULL);
    }
    line->fd = bm_tcp_connect(&to, CONNECT_MS, diag);
    line->is_socket = 1;
    line->close = close_socket;
    if (line->fd < 0) {
        const int code = line->fd;
        free(line);
        return code;
    }
    out->ops = &ops;
    out->ctx = line;
    out->kind = BM_SERIAL_SOCKET;
    return BM_OK;
}
