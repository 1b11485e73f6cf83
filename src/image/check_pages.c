/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/le.h"
#include "image/check_parts.h"

/* From here on a store that lives long could count past the end. */
static const uint32_t seq_high = 0xfffffff0u;

static const uint8_t *page_bytes(const struct bmi_check *c, uint32_t page)
{
    return c->s->data + (size_t)page * BMI_PAGE_SIZE;
}

static void bad_page(const struct bmi_check *c, uint32_t number)
{
    const struct bm_page *p = &c->s->pages[number];
    switch (p->kind) {
    case BM_PAGE_BAD_CRC: {
        uint8_t good[BMI_ENTRY_SIZE];
        bmi_header_put(good, p->state, p->seq, p->version);
        bmi_find_page(c, F_PAGE_HEADER_CRC, number,
                      "the header's checksum is 0x%08" PRIx32 " and does not match (0x%08" PRIx32
                      " with blank reserved bytes)",
                      bm_get_le32(page_bytes(c, number) + BMI_PH_CRC),
                      bm_get_le32(good + BMI_PH_CRC));
        break;
    }
    case BM_PAGE_BAD_STATE:
        bmi_find_page(c, F_PAGE_STATE, number, "the page state 0x%08" PRIx32 " means nothing%s",
                      p->state, p->state == BMI_PAGE_CORRUPT ? " but given up" : "");
        break;
    case BM_PAGE_NEWER:
        bmi_find_page(c, F_PAGE_VERSION, number,
                      "the format version byte is 0x%02x; 0xfe and 0xff are known, lower ones are "
                      "newer",
                      p->version);
        break;
    case BM_PAGE_DIRTY:
        bmi_find_page(c, F_PAGE_NOT_BLANK, number, "the header is blank, but the page is not");
        break;
    default: break;
    }
}

/* Reserved bytes of the header, and the states of two entries that the page has no room for. */
static void check_reserved(const struct bmi_check *c, uint32_t number)
{
    const uint8_t *p = page_bytes(c, number);
    const uint8_t spare = p[BMI_OFF_BITMAP + BMI_BITMAP_SIZE - 1] >> 4;
    if (!bmi_is_blank(p + BMI_PH_VERSION + 1, BMI_PH_CRC - BMI_PH_VERSION - 1) || spare != 0x0f) {
        bmi_find_page(c, F_PAGE_RESERVED, number, "reserved bytes of the header are not 0xff");
    }
}

static void check_used(const struct bmi_check *c, uint32_t rank)
{
    const struct bm_scan *s = c->s;
    const uint32_t number = s->order[rank];
    const struct bm_page *p = &s->pages[number];
    const struct bm_page *newest = &s->pages[s->order[s->used - 1]];
    check_reserved(c, number);
    if (rank > 0 && s->pages[s->order[rank - 1]].seq == p->seq) {
        bmi_find_page(c, F_PAGE_SEQ_TWICE, number,
                      "page %" PRIu32 " has the same sequence number %" PRIu32, s->order[rank - 1],
                      p->seq);
    }
    if (p->seq >= seq_high) {
        bmi_find_page(c, F_PAGE_SEQ_HIGH, number, "the sequence number is 0x%08" PRIx32, p->seq);
    }
    if (p->state == BMI_PAGE_FREEING) {
        bmi_find_page(c, F_PAGE_FREEING, number, "garbage collection of this page was interrupted");
    }
    if (p->state == BMI_PAGE_ACTIVE && p != newest) {
        bmi_find_page(c, newest->state == BMI_PAGE_ACTIVE ? F_PAGE_ACTIVE_MANY : F_PAGE_ACTIVE_OLD,
                      number, "this page is active, but page %" PRIu32 " is newer",
                      s->order[s->used - 1]);
    }
}

void bmi_check_pages(const struct bmi_check *c)
{
    for (uint32_t i = 0; i < c->s->page_count; i++) {
        bad_page(c, i);
    }
    for (uint32_t i = 0; i < c->s->used; i++) {
        check_used(c, i);
    }
}
