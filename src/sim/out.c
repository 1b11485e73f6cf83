/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/out.h"

#include <stdlib.h>
#include <string.h>

enum { OUT_MOST = 1 << 20, NS_PER_US = 1000 };

struct sim_run {
    uint64_t from; /* when its first byte begins to cross the wire */
    uint64_t byte_ns;
    size_t len, taken;
};

/* Arrival of byte i of a run. */
static uint64_t arrival(const struct sim_run *run, size_t i)
{
    return run->from + (run->byte_ns * (i + 1) + NS_PER_US - 1) / NS_PER_US;
}

static uint64_t run_end(const struct sim_run *run)
{
    return run->len == 0 ? run->from : arrival(run, run->len - 1);
}

/* Room for so many more items at the end; what was taken at the start is given up. */
static int make_room(void **list, size_t *at, size_t *len, size_t *cap, size_t more, size_t size)
{
    uint8_t *p = *list;
    if (*at > 0 && *cap - *len < more) {
        memmove(p, p + *at * size, (*len - *at) * size);
        *len -= *at;
        *at = 0;
    }
    if (*cap - *len < more) {
        const size_t wanted = (*len + more) * 2;
        p = realloc(p, wanted * size);
        if (p == NULL) {
            return 0;
        }
        *list = p;
        *cap = wanted;
    }
    return 1;
}

void sim_out_put(struct sim_out *out, const void *data, size_t len, uint64_t from, uint64_t byte_ns)
{
    void *bytes = out->data;
    void *runs = out->runs;
    if (len == 0 || out->len - out->at + len > OUT_MOST) {
        return;
    }
    const int fits = make_room(&bytes, &out->at, &out->len, &out->cap, len, 1);
    out->data = bytes;
    const int run_fits =
        fits && make_room(&runs, &out->run_at, &out->run_len, &out->run_cap, 1, sizeof *out->runs);
    out->runs = runs;
    if (!run_fits || out->runs == NULL) {
        return;
    }
    memcpy(out->data + out->len, data, len);
    out->len += len;
    const uint64_t start = from > out->free ? from : out->free;
    struct sim_run *last = out->run_len > out->run_at ? out->runs + out->run_len - 1 : NULL;
    if (last != NULL && last->byte_ns == byte_ns &&
        (byte_ns == 0 ? start == last->from : start == run_end(last))) {
        last->len += len;
    } else {
        last = out->runs + out->run_len++;
        *last = (struct sim_run){start, byte_ns, len, 0};
    }
    out->free = run_end(last);
}

/* How many bytes of a run have arrived and were not taken. */
static size_t arrived(const struct sim_run *run, uint64_t now)
{
    if (run->byte_ns == 0) {
        return now >= run->from ? run->len - run->taken : 0;
    }
    const uint64_t since = now > run->from ? (now - run->from) * NS_PER_US / run->byte_ns : 0;
    const size_t there = since > run->len ? run->len : (size_t)since;
    return there > run->taken ? there - run->taken : 0;
}

size_t sim_out_take(struct sim_out *out, void *buf, size_t cap, uint64_t now)
{
    size_t total = 0;
    while (out->run_at < out->run_len && total < cap) {
        struct sim_run *run = &out->runs[out->run_at];
        size_t n = arrived(run, now);
        if (n > cap - total) {
            n = cap - total;
        }
        if (n == 0) {
            break;
        }
        memcpy((uint8_t *)buf + total, out->data + out->at, n);
        out->at += n;
        total += n;
        run->taken += n;
        if (run->taken == run->len) {
            out->run_at++;
        }
    }
    return total;
}

uint64_t sim_out_next(const struct sim_out *out)
{
    if (out->run_at == out->run_len) {
        return UINT64_MAX;
    }
    const struct sim_run *run = &out->runs[out->run_at];
    return arrival(run, run->taken);
}

void sim_out_drop(struct sim_out *out, uint64_t now)
{
    size_t keep = 0;
    size_t r = out->run_at;
    for (; now != 0 && r < out->run_len; r++) {
        struct sim_run *run = &out->runs[r];
        const size_t n = arrived(run, now);
        keep += n;
        if (run->taken + n < run->len) {
            run->len = run->taken + n;
            r += n > 0;
            break;
        }
    }
    out->run_len = r;
    out->len = out->at + keep;
    out->free = now;
    if (keep == 0) {
        out->run_at = out->run_len = out->at = out->len = 0;
    }
}

void sim_out_free(struct sim_out *out)
{
    free(out->data);
    free(out->runs);
    memset(out, 0, sizeof *out);
}
