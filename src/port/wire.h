/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_PORT_WIRE_H
#define BM_PORT_WIRE_H

/* What every serial line over a descriptor has in common. Inside src/port only. */

#include "birthmark/err.h"
#include "birthmark/serial.h"

/* The first member of each kind's own struct; ctx of its struct bm_serial points at it. */
struct bmi_wire {
    int fd;        /* does not block */
    int is_socket; /* a peer that is gone must not end the program by SIGPIPE */
    void (*close)(struct bmi_wire *line); /* closes and frees all */
};

/* As struct bm_serial_ops says. */
int bmi_wire_read(void *ctx, void *buf, size_t cap, unsigned timeout_ms);
int bmi_wire_write(void *ctx, const void *data, size_t len, unsigned timeout_ms);
uint64_t bmi_wire_now_ms(void *ctx);
void bmi_wire_sleep_ms(void *ctx, unsigned ms);

/* Waits for events of poll() until the clock (bm_port_now_us) shows `until`. Returns the events
 * that are there, 0 when the time is up, or BM_E_IO. */
int bmi_wait_fd(int fd, short events, uint64_t until);

/* The kinds: open one by its name; out gets ops, ctx and kind. */
int bmi_open_device(struct bm_serial *out, const char *name, uint32_t baud, struct bm_diag *diag);
int bmi_open_socket(struct bm_serial *out, const char *name, uint32_t baud, struct bm_diag *diag);
int bmi_open_rfc2217(struct bm_serial *out, const char *name, uint32_t baud, struct bm_diag *diag);

#endif
