/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_SIM_OUT_H
#define BM_SIM_OUT_H

/* Bytes on their way to the host, each with the time it arrives. */

#include <stddef.h>
#include <stdint.h>

struct sim_run; /* bytes that follow each other without a gap */

struct sim_out {
    uint8_t *data;
    size_t at, len, cap; /* bytes from at to len are under way */
    struct sim_run *runs;
    size_t run_at, run_len, run_cap;
    uint64_t free; /* when the wire is free again */
};

/* Puts bytes on the wire, from a time on or after what is on it. byte_ns: how long each takes.
 * What is more than 1 MiB behind, or finds no memory, is lost, as on a UART nobody reads. */
void sim_out_put(struct sim_out *out, const void *data, size_t len, uint64_t from,
                 uint64_t byte_ns);

size_t sim_out_take(struct sim_out *out, void *buf, size_t cap, uint64_t now);

/* When the next byte arrives; UINT64_MAX: there is none. */
uint64_t sim_out_next(const struct sim_out *out);

/* Throws away what has not arrived by now; now 0: all. */
void sim_out_drop(struct sim_out *out, uint64_t now);
void sim_out_free(struct sim_out *out);

#endif
