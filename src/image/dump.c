/* SPDX-License-Identifier: Apache-2.0 */
#include "image/dump_parts.h"

#include <string.h>

#include "base/le.h"
#include "image/json.h"

const struct bm_row *bmi_live_next(const struct bm_scan *s, struct bmi_live *it)
{
    for (; it->page < s->used; it->page++, it->row = 0) {
        const struct bm_page *page = &s->pages[s->order[it->page]];
        while (it->row < page->rows) {
            const struct bm_row *row = &s->rows[page->row + it->row++];
            if ((row->flags & BM_ROW_LIVE) != 0 &&
                bmi_row_raw(s, row)[BMI_EN_TYPE] != BMI_TYPE_BLOB_DATA) {
                return row;
            }
        }
    }
    return NULL;
}

int bmi_has_header(const struct bm_row *row)
{
    return row->kind == BM_ROW_VALUE || row->kind == BM_ROW_TORN ||
           (row->flags & BM_ROW_HEADER) != 0;
}

int bmi_is_name(const struct bm_scan *s, const struct bm_row *row)
{
    const uint8_t *raw = bmi_row_raw(s, row);
    return raw[BMI_EN_NS] == 0 && raw[BMI_EN_TYPE] == BM_NVS_U8;
}

static int matches(const char *wanted, const char *have)
{
    return wanted == NULL || strcmp(wanted, have) == 0;
}

int bmi_dump_wants(const struct bmi_dump *d, const struct bm_row *row)
{
    char name[BM_NVS_KEY_SIZE];
    char key[BM_NVS_KEY_SIZE];
    if (d->o->ns == NULL && d->o->key == NULL) {
        return 1;
    }
    if (!bmi_has_header(row)) {
        return 0;
    }
    const uint8_t *raw = bmi_row_raw(d->s, row);
    bmi_row_key(raw, key);
    if (bmi_is_name(d->s, row)) {
        return d->o->key == NULL && matches(d->o->ns, key);
    }
    return matches(d->o->ns, bmi_ns_name(d->s, raw[BMI_EN_NS], name)) && matches(d->o->key, key);
}

uint32_t bmi_row_size(const struct bm_scan *s, const struct bm_row *row)
{
    const uint8_t *raw = bmi_row_raw(s, row);
    if (raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_IDX) {
        return bm_get_le32(raw + BMI_EN_IDX_SIZE);
    }
    return bmi_type_has_data(raw[BMI_EN_TYPE]) ? bm_get_le16(raw + BMI_EN_SIZE)
                                               : bmi_type_width(raw[BMI_EN_TYPE]);
}

void bmi_ns_sums(const struct bm_scan *s, struct bmi_ns_sum sums[256])
{
    memset(sums, 0, 256 * sizeof sums[0]);
    for (size_t i = 0; i < s->row_count; i++) {
        const struct bm_row *row = &s->rows[i];
        if (row->kind != BM_ROW_VALUE || s->pages[row->page].kind != BM_PAGE_USED) {
            continue;
        }
        const uint8_t *raw = bmi_row_raw(s, row);
        struct bmi_ns_sum *sum = &sums[raw[BMI_EN_NS]];
        sum->entries += row->count;
        if ((row->flags & BM_ROW_LIVE) != 0 && raw[BMI_EN_TYPE] != BMI_TYPE_BLOB_DATA) {
            sum->keys++;
            sum->bytes += bmi_row_size(s, row);
        }
    }
}

void bmi_page_sum(const struct bm_scan *s, const struct bm_page *page, struct bmi_page_sum *sum)
{
    memset(sum, 0, sizeof *sum);
    for (uint32_t i = 0; i < page->rows; i++) {
        const struct bm_row *row = &s->rows[page->row + i];
        if (row->kind == BM_ROW_TORN || row->kind == BM_ROW_DAMAGED ||
            row->kind == BM_ROW_ILLEGAL || row->kind == BM_ROW_DIRTY) {
            sum->damaged += row->count;
        } else if (row->kind == BM_ROW_VALUE && (row->flags & BM_ROW_LIVE) == 0) {
            sum->stale += row->count;
        } else if (row->kind == BM_ROW_VALUE) {
            const uint8_t code = bmi_row_raw(s, row)[BMI_EN_TYPE];
            if (code != BMI_TYPE_BLOB_IDX) {
                sum->bytes += bmi_row_size(s, row);
            }
            if (bmi_is_name(s, row)) {
                sum->names += row->count;
            } else if (code == BM_NVS_STR) {
                sum->strings += row->count;
            } else if (bmi_type_width(code) != 0) {
                sum->numbers += row->count;
            } else {
                sum->blobs += row->count;
            }
        }
    }
}

void bm_dump_wipe_json(void)
{
    bmi_json_wipe_frees();
}

int bm_dump(const struct bm_scan *s, const struct bm_dump_opts *o, FILE *out,
            struct bm_dump_result *result)
{
    struct bmi_dump d = {s, o, out, result};
    int rc;
    memset(result, 0, sizeof *result);
    if (o->format == BM_DUMP_JSON) {
        rc = bmi_dump_json(&d);
    } else if (o->format == BM_DUMP_CSV) {
        rc = bmi_dump_csv(&d);
    } else if (o->show == BM_SHOW_NAMESPACES || o->show == BM_SHOW_BLOBS ||
               o->show == BM_SHOW_STORAGE) {
        rc = bmi_dump_tables(&d);
    } else {
        rc = bmi_dump_text(&d);
    }
    return rc == BM_OK && ferror(out) ? BM_E_IO : rc;
}
