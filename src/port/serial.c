/* SPDX-License-Identifier: Apache-2.0 */
#include "port/serial.h"

#include <string.h>

#include "base/base.h"
#include "port/wire.h"

static const struct {
    const char *scheme; /* what the name starts with */
    int (*open)(struct bm_serial *out, const char *name, uint32_t baud, struct bm_diag *diag);
} kinds[] = {
    {"socket://", bmi_open_socket},
    {"rfc2217://", bmi_open_rfc2217},
};

int bm_port_serial_open(struct bm_serial *out, const char *name, uint32_t baud,
                        struct bm_diag *diag)
{
    memset(out, 0, sizeof *out);
    baud = baud == 0 ? 115200 : baud;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strncmp(name, kinds[i].scheme, strlen(kinds[i].scheme)) == 0) {
            return kinds[i].open(out, name + strlen(kinds[i].scheme), baud, diag);
        }
    }
    if (strstr(name, "://") != NULL) {
        return bm_diag_set(diag, BM_E_ARG, 0, NULL,
                           "no such kind of port: a device, socket://HOST:PORT or "
                           "rfc2217://HOST:PORT");
    }
    return bmi_open_device(out, name, baud, diag);
}

void bm_port_serial_close(struct bm_serial *serial)
{
    struct bmi_wire *line = serial->ctx;
    if (line != NULL) {
        line->close(line);
    }
    memset(serial, 0, sizeof *serial);
}
