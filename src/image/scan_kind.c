/* SPDX-License-Identifier: Apache-2.0 */
#include "image/scan.h"

#include <string.h>

#include "base/le.h"

/* ESP-IDF's partition table: 32-byte rows from 0x8000 on, magic bytes aa 50. */
enum {
    TABLE_AT = 0x8000,
    TABLE_ROW = 32,
    TABLE_ROWS = 95,
    TABLE_TYPE = 2,
    TABLE_SUBTYPE = 3,
    TABLE_OFF = 4,
    TABLE_SIZE = 8,
    TABLE_LABEL = 12,
    TABLE_LABEL_SIZE = 16,
    TYPE_DATA = 1,
    SUBTYPE_NVS = 2
};

/* One byte in how many may be 0x00 or 0xff in encrypted entries: chance gives one in 128, plain
 * entries have them everywhere (padding of keys and values). */
enum { FILLER_SHARE = 10 };

static int is_table_row(const uint8_t *row)
{
    return row[0] == 0xaa && row[1] == 0x50;
}

int bmi_flash_nvs(const struct bm_scan *s, uint32_t *off, uint32_t *size, char *label)
{
    for (unsigned i = 0; i < TABLE_ROWS; i++) {
        const size_t at = TABLE_AT + (size_t)i * TABLE_ROW;
        const uint8_t *row = s->data + at;
        if (at + TABLE_ROW > s->size || !is_table_row(row)) {
            return 0;
        }
        if (row[TABLE_TYPE] == TYPE_DATA && row[TABLE_SUBTYPE] == SUBTYPE_NVS) {
            *off = bm_get_le32(row + TABLE_OFF);
            *size = bm_get_le32(row + TABLE_SIZE);
            memcpy(label, row + TABLE_LABEL, TABLE_LABEL_SIZE);
            label[TABLE_LABEL_SIZE] = '\0';
            return 1;
        }
    }
    return 0;
}

static int is_flash_dump(const struct bm_scan *s)
{
    return s->size >= TABLE_AT + 2 * TABLE_ROW && is_table_row(s->data + TABLE_AT) &&
           (is_table_row(s->data + TABLE_AT + TABLE_ROW) ||
            bmi_is_blank(s->data + TABLE_AT + TABLE_ROW, TABLE_ROW) ||
            bm_get_le16(s->data + TABLE_AT + TABLE_ROW) == 0xebeb);
}

/* A page whose header could once have been one: its reserved bytes are blank. */
static int resembles_nvs(const struct bm_scan *s, uint32_t number)
{
    const uint8_t *header = s->data + (size_t)number * BMI_PAGE_SIZE;
    const int kind = s->pages[number].kind;
    return kind == BM_PAGE_USED || kind == BM_PAGE_NEWER || kind == BM_PAGE_BAD_STATE ||
           bmi_is_blank(header + BMI_PH_VERSION + 1, BMI_PH_CRC - BMI_PH_VERSION - 1);
}

/* Encryption leaves headers and states plain and makes every written entry random: nearly no entry
 * header is right, and the bytes have neither the padding of entries nor the look of text. */
static int is_encrypted(const struct bm_scan *s)
{
    size_t bad = 0;
    size_t good = 0;
    size_t filler = 0;
    size_t high = 0;
    for (size_t i = 0; i < s->row_count; i++) {
        const struct bm_row *row = &s->rows[i];
        const uint8_t *raw = bmi_row_raw(s, row);
        if (s->pages[row->page].kind != BM_PAGE_USED) {
            continue;
        }
        good += row->kind == BM_ROW_VALUE || row->kind == BM_ROW_TORN;
        if (row->kind != BM_ROW_DAMAGED || row->fault != BMI_BAD_CRC) {
            continue;
        }
        bad++;
        for (unsigned b = 0; b < BMI_ENTRY_SIZE; b++) {
            filler += raw[b] == 0x00 || raw[b] == 0xff;
            high += raw[b] >= 0x80;
        }
    }
    const size_t bytes = bad * BMI_ENTRY_SIZE;
    return bad >= 2 && good * 20 <= bad && filler * FILLER_SHARE <= bytes && high * 4 >= bytes &&
           high * 4 <= bytes * 3;
}

enum bm_image_kind bmi_scan_kind(const struct bm_scan *s)
{
    uint32_t blank = 0;
    uint32_t alike = 0;
    if (s->page_count == 0) {
        return BM_IMAGE_EMPTY;
    }
    if (is_flash_dump(s)) {
        return BM_IMAGE_FLASH;
    }
    for (uint32_t i = 0; i < s->page_count; i++) {
        if (s->pages[i].kind == BM_PAGE_BLANK) {
            blank++;
        } else {
            alike += resembles_nvs(s, i) ? 1 : 0;
        }
    }
    if (blank == s->page_count) {
        return BM_IMAGE_BLANK;
    }
    if (alike == 0) {
        return BM_IMAGE_FOREIGN;
    }
    return is_encrypted(s) ? BM_IMAGE_ENCRYPTED : BM_IMAGE_NVS;
}
