/* SPDX-License-Identifier: Apache-2.0 */
/* Both directions of Telnet: any bytes are taken apart without harm, and answering them ends; any
 * data that is wrapped comes out as it was, and so does any command of RFC 2217. */
#include <stdlib.h>
#include <string.h>

#include "port/telnet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int good)
{
    if (!good) {
        abort();
    }
}

static const struct bm_telnet_row rows[BM_TELNET_OPTIONS] = {{BM_TELNET_BINARY, 1, 1},
                                                             {BM_TELNET_SGA, 1, 1},
                                                             {BM_TELNET_COM_PORT, 1, 0},
                                                             {BM_TELNET_ECHO, 0, 1}};

/* A stream of somebody else's. */
static void foreign(const uint8_t *data, size_t size)
{
    struct bm_telnet t = {0};
    struct bm_telnet_terms terms = {.rows = rows};
    uint8_t out[6 * BM_TELNET_OPTIONS];
    size_t plain = 0;
    expect(bm_telnet_ask(&terms, out) <= sizeof out);
    for (size_t i = 0; i < size; i++) {
        switch (bm_telnet_take(&t, data[i])) {
        case BM_TELNET_DATA: plain++; break;
        case BM_TELNET_REQUEST:
            expect(bm_telnet_answer(&terms, t.verb, data[i], out) <= 3);
            /* saying it again changes nothing, and is not answered where it is agreed */
            if (t.verb == BM_TELNET_DONT || t.verb == BM_TELNET_WONT) {
                expect(bm_telnet_answer(&terms, t.verb, data[i], out) == 0);
            }
            break;
        case BM_TELNET_SUBNEGOTIATION:
            expect(t.sub_len >= 1 && t.sub_len <= BM_TELNET_SUB_MAX);
            break;
        case BM_TELNET_NOTHING:
        default: break;
        }
    }
    expect(plain <= size);
}

/* Our own stream: data, a command, data. */
static void own(const uint8_t *data, size_t size)
{
    struct bm_telnet t = {0};
    const size_t value = size < BM_TELNET_SUB_MAX - 2 ? size : BM_TELNET_SUB_MAX - 2;
    uint8_t *wire = malloc(4 * (size + BM_TELNET_SUB_MAX));
    if (wire == NULL) {
        return;
    }
    size_t n = bm_telnet_escape(wire, data, size);
    n += bm_telnet_com_port(wire + n, BM_COM_BAUD, data, value);
    n += bm_telnet_escape(wire + n, data, size);
    size_t got = 0;
    unsigned commands = 0;
    for (size_t i = 0; i < n; i++) {
        const enum bm_telnet_event event = bm_telnet_take(&t, wire[i]);
        if (event == BM_TELNET_DATA) {
            expect(got < 2 * size && wire[i] == data[got % size]);
            got++;
        } else if (event != BM_TELNET_NOTHING) {
            expect(event == BM_TELNET_SUBNEGOTIATION && got == size && t.sub_len == value + 2);
            expect(value == 0 || memcmp(t.sub + 2, data, value) == 0);
            commands++;
        }
    }
    expect(got == 2 * size && commands == 1);
    free(wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    foreign(data, size);
    own(data, size);
    return 0;
}
