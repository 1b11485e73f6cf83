/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "base/le.h"
#include "image/dump_parts.h"
#include "image/show.h"

static void put_namespaces(const struct bmi_dump *d)
{
    char name[BM_NVS_KEY_SIZE];
    struct bmi_ns_sum sums[256];
    bmi_ns_sums(d->s, sums);
    (void)fprintf(d->out, "index  %-16s  %6s  %7s  %8s\n", "namespace", "keys", "entries", "bytes");
    for (unsigned i = 1; i < 256; i++) {
        const struct bmi_ns_sum *sum = &sums[i];
        const int named = d->s->names[i] != BM_NO_ROW;
        bmi_ns_name(d->s, (uint8_t)i, name);
        if ((!named && sum->entries == 0) || (d->o->ns != NULL && strcmp(d->o->ns, name) != 0)) {
            continue;
        }
        (void)fprintf(d->out, "%5u  ", i);
        bmi_show_padded(d->out, named ? name : "(no name)", 16);
        (void)fprintf(d->out, "  %6" PRIu32 "  %7" PRIu32 "  %8" PRIu64 "\n", sum->keys,
                      sum->entries, sum->bytes);
        d->r->shown++;
    }
}

static void put_chunk_lines(const struct bmi_dump *d, const struct bm_row *index)
{
    uint32_t chunks[BMI_CHUNK_NONE];
    unsigned budget = BMI_CHUNK_NONE + 1;
    const int count = bmi_blob_chunks(d->s, index, chunks, &budget);
    for (int i = 0; i < count; i++) {
        const struct bm_row *row = &d->s->rows[chunks[i]];
        (void)fprintf(d->out,
                      "    chunk 0x%02x  page %" PRIu32 " entry %u (0x%zx)  %" PRIu32 " bytes\n",
                      bmi_row_raw(d->s, row)[BMI_EN_CHUNK], row->page, row->entry,
                      bmi_row_offset(row), bmi_row_size(d->s, row));
    }
}

static int put_blob(const struct bmi_dump *d, const struct bm_row *row)
{
    char name[BM_NVS_KEY_SIZE];
    char key[BM_NVS_KEY_SIZE];
    const uint8_t *raw = bmi_row_raw(d->s, row);
    struct bm_stored v;
    struct bm_view view;
    const int rc = bmi_stored_load(&v, d->s, row);
    if (rc == BM_E_NOMEM) {
        return rc;
    }
    bmi_row_key(raw, key);
    bmi_view(&view, key, &v, d->o->reveal);
    bmi_ns_name(d->s, raw[BMI_EN_NS], name);
    (void)bmi_show_text(d->out, name, strlen(name), 0);
    (void)fputc('/', d->out);
    (void)bmi_show_text(d->out, key, strlen(key), 0);
    (void)fprintf(d->out, "  %" PRIu32 " bytes, %s, page %" PRIu32 " entry %u (0x%zx)\n", v.size,
                  raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_V1 ? "version 1" : "index", row->page,
                  row->entry, bmi_row_offset(row));
    if (raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_IDX) {
        put_chunk_lines(d, row);
    }
    (void)fputs("    ", d->out);
    bmi_text_value(d->out, &v, &view, 0);
    (void)fputc('\n', d->out);
    d->r->redacted += view.redacted ? 1 : 0;
    d->r->shown++;
    bmi_stored_free(&v);
    return BM_OK;
}

static int put_blobs(const struct bmi_dump *d)
{
    struct bmi_live it = {0, 0};
    const struct bm_row *row;
    int rc = BM_OK;
    while (rc == BM_OK && (row = bmi_live_next(d->s, &it)) != NULL) {
        const struct bm_type *type = bmi_type(bmi_row_raw(d->s, row)[BMI_EN_TYPE]);
        if (type->cls == BM_CLASS_BLOB && bmi_dump_wants(d, row)) {
            rc = put_blob(d, row);
        }
    }
    return rc;
}

static void put_storage(const struct bmi_dump *d)
{
    struct bmi_page_sum total;
    uint32_t written = 0;
    uint32_t erased = 0;
    uint32_t empty = 0;
    memset(&total, 0, sizeof total);
    (void)fprintf(d->out, "%4s  %-14s %8s %8s %7s %6s %6s %7s %7s %6s %6s %8s %9s\n", "page",
                  "state", "sequence", "written", "erased", "empty", "names", "numbers", "strings",
                  "blobs", "stale", "damaged", "bytes");
    for (uint32_t i = 0; i < d->s->page_count; i++) {
        const struct bm_page *p = &d->s->pages[i];
        struct bmi_page_sum sum;
        char seq[12] = "-";
        bmi_page_sum(d->s, p, &sum);
        if (p->kind == BM_PAGE_USED) {
            (void)snprintf(seq, sizeof seq, "%" PRIu32, p->seq);
        }
        (void)fprintf(d->out,
                      "%4" PRIu32 "  %-14s %8s %8u %7u %6u %6" PRIu32 " %7" PRIu32 " %7" PRIu32
                      " %6" PRIu32 " %6" PRIu32 " %8" PRIu32 " %9" PRIu64 "\n",
                      i, bmi_page_kind_name(p), seq, p->states[BMI_ENTRY_WRITTEN],
                      p->states[BMI_ENTRY_ERASED], p->states[BMI_ENTRY_EMPTY], sum.names,
                      sum.numbers, sum.strings, sum.blobs, sum.stale, sum.damaged, sum.bytes);
        written += p->states[BMI_ENTRY_WRITTEN];
        erased += p->states[BMI_ENTRY_ERASED];
        empty += p->states[BMI_ENTRY_EMPTY];
        total.bytes += sum.bytes;
        d->r->shown++;
    }
    (void)fprintf(d->out,
                  "\n%" PRIu32 " of %" PRIu32 " entries written, %" PRIu32 " erased, %" PRIu32
                  " empty; %" PRIu64 " bytes of values\n",
                  written, d->s->page_count * BMI_PAGE_ENTRIES, erased, empty, total.bytes);
}

int bmi_dump_tables(struct bmi_dump *d)
{
    if (d->o->show == BM_SHOW_BLOBS) {
        return put_blobs(d);
    }
    if (d->o->show == BM_SHOW_NAMESPACES) {
        put_namespaces(d);
    } else {
        put_storage(d);
    }
    return BM_OK;
}
