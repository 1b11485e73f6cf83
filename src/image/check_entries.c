/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "base/le.h"
#include "image/check_parts.h"
#include "image/show.h"
#include "image/types.h"

/* Rows behind a bad header that are no headers either: the data of the value it began. */
static unsigned bad_run(const struct bmi_check *c, const struct bm_page *p, uint32_t at)
{
    unsigned n = 0;
    const struct bm_row *rows = c->s->rows + p->row;
    while (at + n + 1 < p->rows && rows[at + n + 1].kind == BM_ROW_DAMAGED &&
           rows[at + n + 1].fault == BMI_BAD_CRC) {
        n++;
    }
    return n;
}

static void damaged(const struct bmi_check *c, const struct bm_row *row, unsigned more)
{
    static const struct {
        enum bmi_finding id;
        const char *text;
    } faults[] = {
        [BMI_BAD_NOTHING] = {F_ENTRY_CRC, "good"},
        [BMI_BAD_CRC] = {F_ENTRY_CRC, "the checksum of the entry does not match"},
        [BMI_BAD_TYPE] = {F_ENTRY_TYPE, "the type is unknown"},
        [BMI_BAD_SPAN] = {F_ENTRY_SPAN, "the span does not fit size and page"},
        [BMI_BAD_SIZE] = {F_ENTRY_SIZE, "the size is more than the format allows"},
        [BMI_BAD_CHUNK] = {F_ENTRY_CHUNK, "the chunk number does not fit the type"},
        [BMI_BAD_KEY] = {F_KEY_PADDING, "the key is badly formed"},
    };
    const uint8_t *raw = bmi_row_raw(c->s, row);
    if (more > 0) {
        bmi_find_row(c, faults[row->fault].id, row,
                     "%s; nor do those of the %u entries behind it, which may be its data",
                     faults[row->fault].text, more);
    } else if (row->fault == BMI_BAD_CRC) {
        bmi_find_row(c, F_ENTRY_CRC, row, "%s", faults[row->fault].text);
    } else {
        bmi_find_row(c, faults[row->fault].id, row, "%s: type 0x%02x, span %u, chunk 0x%02x",
                     faults[row->fault].text, raw[BMI_EN_TYPE], raw[BMI_EN_SPAN],
                     raw[BMI_EN_CHUNK]);
    }
}

static void dirty(const struct bmi_check *c, const struct bm_row *row)
{
    const uint8_t *raw = bmi_row_raw(c->s, row);
    /* ESP-IDF's library looks at the first word of an empty entry only */
    const int seen = bm_get_le32(raw) != 0xffffffffu;
    bmi_find_row(c, seen ? F_EMPTY_NOT_BLANK : F_EMPTY_HIDDEN, row,
                 "%u entr%s marked empty, but not blank%s", row->count,
                 row->count == 1 ? "y is" : "ies are", seen ? "" : " behind the first four bytes");
}

static void check_key(const struct bmi_check *c, const struct bm_row *row)
{
    const uint8_t *key = bmi_row_raw(c->s, row) + BMI_EN_KEY;
    const uint8_t *nul = memchr(key, 0, BM_NVS_KEY_SIZE);
    if (nul == NULL) {
        bmi_find_row(c, F_KEY_NO_NUL, row, "the key fills its field, without a NUL");
        return;
    }
    const size_t len = (size_t)(nul - key);
    if (len == 0) {
        bmi_find_row(c, F_KEY_EMPTY, row, "the key is empty");
    }
    for (size_t i = len; i < BM_NVS_KEY_SIZE; i++) {
        if (key[i] != 0) {
            bmi_find_row(c, F_KEY_PADDING, row, "other bytes than 0 stand behind the key");
            break;
        }
    }
    for (size_t i = 0; i < len; i++) {
        if (key[i] < 0x20 || key[i] > 0x7e) {
            bmi_find_row(c, F_KEY_TEXT, row, "the key has characters other than printable ASCII");
            break;
        }
    }
}

/* Bytes that nothing uses: behind a short number, in a header's gaps, behind the end of data. */
static int padding_blank(const uint8_t *raw)
{
    const uint8_t type = raw[BMI_EN_TYPE];
    if (type == BMI_TYPE_BLOB_IDX) {
        return bmi_is_blank(raw + BMI_EN_IDX_START + 1, 2);
    }
    if (bmi_type_has_data(type)) {
        const size_t size = bm_get_le16(raw + BMI_EN_SIZE);
        const size_t room = (bmi_span((uint32_t)size) - 1) * (size_t)BMI_ENTRY_SIZE;
        return bmi_is_blank(raw + BMI_EN_SIZE + 2, 2) &&
               bmi_is_blank(raw + BMI_ENTRY_SIZE + size, room - size);
    }
    const unsigned width = bmi_type_width(type);
    return bmi_is_blank(raw + BMI_EN_DATA + width, 8 - width);
}

static void check_string(const struct bmi_check *c, const struct bm_row *row)
{
    const uint8_t *raw = bmi_row_raw(c->s, row);
    const size_t size = bm_get_le16(raw + BMI_EN_SIZE);
    const uint8_t *text = raw + BMI_ENTRY_SIZE;
    const uint8_t *nul = size > 0 ? memchr(text, 0, size) : NULL;
    if (nul == NULL) {
        bmi_find_row(c, F_STRING_NO_NUL, row, "the string of %zu bytes has no NUL", size);
    } else if ((size_t)(nul - text) + 1 != size) {
        bmi_find_row(c, F_STRING_INNER_NUL, row, "the string of %zu bytes has a NUL at byte %zu",
                     size, (size_t)(nul - text));
    }
}

static void check_value(const struct bmi_check *c, const struct bm_row *row)
{
    const uint8_t *raw = bmi_row_raw(c->s, row);
    const uint8_t type = raw[BMI_EN_TYPE];
    check_key(c, row);
    if (type != BMI_TYPE_BLOB_DATA && raw[BMI_EN_CHUNK] != BMI_CHUNK_NONE) {
        bmi_find_row(c, F_ENTRY_CHUNK, row, "the chunk number of this %s is 0x%02x, not 0xff",
                     bmi_type(type)->name, raw[BMI_EN_CHUNK]);
    }
    if ((row->flags & BM_ROW_BAD_DATA) != 0) {
        const uint32_t size = bm_get_le16(raw + BMI_EN_SIZE);
        bmi_find_row(c, F_DATA_CRC, row,
                     "the checksum of %" PRIu32 " bytes of data is 0x%08" PRIx32
                     ", the header says 0x%08" PRIx32,
                     size, bmi_data_crc(raw + BMI_ENTRY_SIZE, size),
                     bm_get_le32(raw + BMI_EN_DATA_CRC));
    } else if (type == BM_NVS_STR) {
        check_string(c, row);
    }
    if (!padding_blank(raw)) {
        bmi_find_row(c, F_DATA_PADDING, row, "unused bytes of the entry are not 0xff");
    }
}

static unsigned not_written(const struct bmi_check *c, const struct bm_row *row)
{
    const uint8_t *bitmap = c->s->data + (size_t)row->page * BMI_PAGE_SIZE + BMI_OFF_BITMAP;
    unsigned n = 0;
    for (unsigned i = 0; i < row->count; i++) {
        n += bmi_bitmap_get(bitmap, row->entry + i) != BMI_ENTRY_WRITTEN;
    }
    return n;
}

static void check_row(const struct bmi_check *c, const struct bm_page *p, uint32_t *at)
{
    const struct bm_row *row = &c->s->rows[p->row + *at];
    switch (row->kind) {
    case BM_ROW_DIRTY: dirty(c, row); break;
    case BM_ROW_ILLEGAL:
        bmi_find_row(c, F_ENTRY_STATE, row, "%u entr%s the state 01, which nothing writes",
                     row->count, row->count == 1 ? "y has" : "ies have");
        break;
    case BM_ROW_TORN:
        bmi_find_row(c, F_ENTRY_TORN, row, "not marked written: %u of the value's %u entries",
                     not_written(c, row), row->count);
        break;
    case BM_ROW_DAMAGED: {
        const unsigned more = bad_run(c, p, *at);
        damaged(c, row, more);
        *at += more;
        break;
    }
    case BM_ROW_VALUE: check_value(c, row); break;
    default: break;
    }
    if ((row->flags & BM_ROW_BEHIND_HOLE) != 0 && row->kind == BM_ROW_VALUE) {
        bmi_find_row(c, F_ENTRY_AFTER_HOLE, row, "it is written behind entries that are empty");
    }
}

void bmi_check_entries(const struct bmi_check *c)
{
    for (uint32_t i = 0; i < c->s->page_count; i++) {
        const struct bm_page *p = &c->s->pages[i];
        if (p->kind != BM_PAGE_USED) {
            continue;
        }
        for (uint32_t at = 0; at < p->rows; at++) {
            check_row(c, p, &at);
        }
    }
}
