/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "base/le.h"
#include "image/check_parts.h"

/* The chunks of one version of a blob: those numbered 0x00 to 0x7f, or 0x80 to 0xfe. */
struct half {
    uint32_t first; /* oldest chunk, or BM_NO_ROW */
    unsigned chunks;
    uint64_t bytes;
    unsigned indexes;
    uint8_t copies[BMI_CHUNK_HALF];
};

static void add_chunk(const struct bmi_check *c, struct half *h, uint32_t number)
{
    const struct bm_row *row = &c->s->rows[number];
    const uint8_t *raw = bmi_row_raw(c->s, row);
    uint8_t *copies = &h->copies[raw[BMI_EN_CHUNK] % BMI_CHUNK_HALF];
    if (h->first == BM_NO_ROW) {
        h->first = number;
    }
    h->chunks++;
    h->bytes += bm_get_le16(raw + BMI_EN_SIZE);
    /* in a page that is being freed stands the original of a copy */
    if (*copies > 0 && c->s->pages[row->page].state != BMI_PAGE_FREEING) {
        bmi_find_row(c, F_BLOB_CHUNK_TWICE, row, "chunk 0x%02x is there before", raw[BMI_EN_CHUNK]);
    }
    if (*copies < UINT8_MAX) {
        ++*copies;
    }
}

/* Numbers of this half outside of those the index counts, that nevertheless are there. */
static unsigned extra_chunk(const struct half *h, unsigned start, unsigned count)
{
    const unsigned from = start % BMI_CHUNK_HALF;
    for (unsigned i = 0; i < BMI_CHUNK_HALF; i++) {
        if (h->copies[i] > 0 && (i < from || i >= from + count)) {
            return i;
        }
    }
    return BMI_CHUNK_HALF;
}

static void check_index(const struct bmi_check *c, const struct bm_row *row, const struct half *h)
{
    const uint8_t *raw = bmi_row_raw(c->s, row);
    const uint32_t size = bm_get_le32(raw + BMI_EN_IDX_SIZE);
    const unsigned count = raw[BMI_EN_IDX_COUNT];
    const unsigned start = raw[BMI_EN_IDX_START];
    const unsigned extra = extra_chunk(h, start, count);
    unsigned missing = 0;
    unsigned first_missing = 0;
    if (start % BMI_CHUNK_HALF != 0) {
        bmi_find_row(c, F_BLOB_START, row, "the first chunk is 0x%02x, not 0x00 or 0x80", start);
    }
    for (unsigned i = count; i-- > 0;) {
        const unsigned at = start % BMI_CHUNK_HALF + i;
        if (at >= BMI_CHUNK_HALF || h->copies[at] == 0) {
            missing++;
            first_missing = start + i;
        }
    }
    if (missing > 0) {
        bmi_find_row(c, F_BLOB_CHUNK_MISSING, row,
                     "%u of %u chunks are missing, the first is 0x%02x", missing, count,
                     first_missing);
    }
    if (extra < BMI_CHUNK_HALF) {
        bmi_find_row(c, F_BLOB_CHUNK_EXTRA, row,
                     "chunk 0x%02x is there, which this index does not count",
                     extra + (start & BMI_CHUNK_HALF));
    }
    if (missing == 0 && extra == BMI_CHUNK_HALF && h->chunks == count && h->bytes != size) {
        bmi_find_row(c, F_BLOB_SIZE, row,
                     "the chunks have %" PRIu64 " bytes, the index says %" PRIu32, h->bytes, size);
    }
}

void bmi_check_blob(const struct bmi_check *c, const struct bm_group *g)
{
    const uint8_t type = bmi_row_raw(c->s, &c->s->rows[g->first])[BMI_EN_TYPE];
    struct half halves[2];
    if (g->first == g->last && type != BMI_TYPE_BLOB_DATA && type != BMI_TYPE_BLOB_IDX) {
        return; /* the usual case, not worth clearing the tables */
    }
    memset(halves, 0, sizeof halves);
    halves[0].first = halves[1].first = BM_NO_ROW;
    for (uint32_t r = g->first; r != BM_NO_ROW; r = c->s->rows[r].next) {
        const uint8_t *raw = bmi_row_raw(c->s, &c->s->rows[r]);
        if (raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_DATA) {
            add_chunk(c, &halves[raw[BMI_EN_CHUNK] / BMI_CHUNK_HALF], r);
        } else if (raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_IDX) {
            halves[raw[BMI_EN_IDX_START] / BMI_CHUNK_HALF].indexes++;
        }
    }
    for (uint32_t r = g->first; r != BM_NO_ROW; r = c->s->rows[r].next) {
        const uint8_t *raw = bmi_row_raw(c->s, &c->s->rows[r]);
        if (raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_IDX) {
            check_index(c, &c->s->rows[r], &halves[raw[BMI_EN_IDX_START] / BMI_CHUNK_HALF]);
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        if (halves[i].chunks > 0 && halves[i].indexes == 0) {
            bmi_find_row(c, F_BLOB_ORPHAN, &c->s->rows[halves[i].first],
                         "%u chunk%s of a blob, %" PRIu64 " bytes, without an index",
                         halves[i].chunks, halves[i].chunks == 1 ? "" : "s", halves[i].bytes);
        }
    }
}
