/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/inflate.h"

#include <stdlib.h>
#include <zlib.h>

#include "birthmark/err.h"

int sim_inflate_begin(struct sim_inflate *in)
{
    z_stream *z = in->stream;
    if (z == NULL) {
        z = calloc(1, sizeof *z);
        if (z == NULL || inflateInit(z) != Z_OK) {
            free(z);
            return BM_E_NOMEM;
        }
        in->stream = z;
    } else if (inflateReset(z) != Z_OK) {
        return BM_E_NOMEM;
    }
    if (in->window == NULL) {
        in->window = calloc(1, SIM_WINDOW);
    }
    in->fill = 0;
    in->done = 0;
    return in->window != NULL ? BM_OK : BM_E_NOMEM;
}

enum sim_inflated sim_inflate_feed(struct sim_inflate *in, const void *data, size_t len,
                                   int (*write)(void *ctx, const uint8_t *window, uint32_t fill),
                                   void *ctx)
{
    z_stream *z = in->stream;
    z->next_in = (z_const Bytef *)data;
    z->avail_in = (uInt)len;
    for (;;) {
        z->next_out = in->window + in->fill;
        z->avail_out = SIM_WINDOW - in->fill;
        const int rc = inflate(z, Z_NO_FLUSH);
        in->fill = SIM_WINDOW - z->avail_out;
        if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR) {
            return SIM_INFLATE_BAD;
        }
        in->done = rc == Z_STREAM_END;
        if (in->fill < SIM_WINDOW && !in->done) {
            return SIM_INFLATE_MORE;
        }
        if (in->fill > 0 && write(ctx, in->window, in->fill) != 0) {
            return in->done ? SIM_INFLATE_DONE : SIM_INFLATE_MORE;
        }
        in->fill = 0;
        if (in->done) {
            return SIM_INFLATE_DONE;
        }
    }
}

void sim_inflate_free(struct sim_inflate *in)
{
    if (in->stream != NULL) {
        (void)inflateEnd(in->stream);
    }
    free(in->stream);
    free(in->window);
    *in = (struct sim_inflate){NULL, NULL, 0, 0};
}
