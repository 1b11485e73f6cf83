/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/le.h"
#include "image/check_parts.h"
#include "image/show.h"

enum { TEXT_SIZE = 320 };

static void hand_over(const struct bmi_check *c, enum bmi_finding id, struct bm_finding *f,
                      const char *format, va_list args)
{
    char text[TEXT_SIZE];
    (void)vsnprintf(text, sizeof text, format, args);
    f->kind = &bm_finding_kinds[id];
    f->text = text;
    c->result->count[f->kind->severity]++;
    c->emit(c->ctx, f);
}

void bmi_find_file(const struct bmi_check *c, enum bmi_finding id, uint64_t offset,
                   const char *format, ...)
{
    struct bm_finding f = {NULL, offset, -1, -1, NULL, NULL, NULL};
    va_list args;
    va_start(args, format);
    hand_over(c, id, &f, format, args);
    va_end(args);
}

void bmi_find_page(const struct bmi_check *c, enum bmi_finding id, uint32_t page,
                   const char *format, ...)
{
    struct bm_finding f = {NULL, (uint64_t)page * BMI_PAGE_SIZE, page, -1, NULL, NULL, NULL};
    va_list args;
    va_start(args, format);
    hand_over(c, id, &f, format, args);
    va_end(args);
}

/* A key stands in a finding only where the checksum of its header holds: what else lies at its
 * place may be a piece of a secret. */
static int key_is_sure(const struct bm_row *row)
{
    return row->kind == BM_ROW_VALUE || row->kind == BM_ROW_TORN ||
           (row->kind == BM_ROW_DAMAGED && row->fault != BMI_BAD_CRC);
}

void bmi_find_row(const struct bmi_check *c, enum bmi_finding id, const struct bm_row *row,
                  const char *format, ...)
{
    char name[BM_NVS_KEY_SIZE];
    char key[BM_NVS_KEY_SIZE];
    struct bm_finding f = {NULL, bmi_row_offset(row), row->page, row->entry, NULL, NULL, NULL};
    const uint8_t *raw = bmi_row_raw(c->s, row);
    va_list args;
    if (key_is_sure(row)) {
        bmi_row_key(raw, key);
        f.ns = bmi_ns_name(c->s, raw[BMI_EN_NS], name);
        if (raw[BMI_EN_NS] != 0 && c->s->names[raw[BMI_EN_NS]] == BM_NO_ROW) {
            (void)snprintf(name, sizeof name, "#%u", raw[BMI_EN_NS]);
        }
        f.key = key;
    }
    va_start(args, format);
    hand_over(c, id, &f, format, args);
    va_end(args);
}

static int looks_random(const struct bm_scan *s)
{
    const size_t len = s->size < 65536 ? s->size : 65536;
    size_t filler = 0;
    size_t high = 0;
    for (size_t i = 0; i < len; i++) {
        filler += s->data[i] == 0x00 || s->data[i] == 0xff;
        high += s->data[i] >= 0x80;
    }
    return filler * 50 < len && high * 5 > len * 2 && high * 5 < len * 3;
}

static void flash_dump(const struct bmi_check *c)
{
    char label[17];
    char shown[80];
    uint32_t off = 0;
    uint32_t size = 0;
    if (bmi_flash_nvs(c->s, &off, &size, label)) {
        bmi_find_file(c, F_FLASH_DUMP, off,
                      "this is a dump of a whole flash; its partition table puts NVS partition "
                      "\"%s\" at 0x%" PRIx32 ", 0x%" PRIx32 " bytes",
                      bmi_show_into(shown, sizeof shown, label), off, size);
    } else {
        bmi_find_file(c, F_FLASH_DUMP, 0x8000,
                      "this is a dump of a whole flash; its partition table has no NVS partition");
    }
}

static void tail_bytes(const struct bmi_check *c)
{
    const uint64_t at = (uint64_t)c->s->page_count * BMI_PAGE_SIZE;
    const uint8_t *tail = c->s->data + at;
    struct bmi_header h;
    const char *what = "other data";
    if (c->s->tail >= BMI_ENTRY_SIZE) {
        bmi_header_get(tail, &h);
        what = h.crc_ok ? "a page that is cut off" : what;
    }
    if (bmi_is_blank(tail, c->s->tail)) {
        what = "0xff";
    } else if (tail[0] == 0 && memcmp(tail, tail + 1, c->s->tail - 1) == 0) {
        what = "zeros";
    }
    bmi_find_file(c, F_SIZE_UNALIGNED, at,
                  "%zu bytes are no multiple of 4096: %" PRIu32 " bytes (%s) behind the last page",
                  c->s->size, c->s->tail, what);
}

/* What the file is; 1 if it is worth looking into. */
static int check_file(const struct bmi_check *c)
{
    const struct bm_scan *s = c->s;
    switch (s->kind) {
    case BM_IMAGE_EMPTY:
        bmi_find_file(c, F_FILE_SHORT, 0, "%zu bytes are less than one page of 4096", s->size);
        return 0;
    case BM_IMAGE_FLASH: flash_dump(c); return 0;
    case BM_IMAGE_FOREIGN:
        bmi_find_file(c, F_NOT_NVS, 0, "no page has an NVS header%s",
                      looks_random(s) ? "; the bytes look random: encrypted or compressed" : "");
        return 0;
    case BM_IMAGE_NVS:
    case BM_IMAGE_BLANK:
    case BM_IMAGE_ENCRYPTED:
    default: break;
    }
    if (s->tail != 0) {
        tail_bytes(c);
    }
    if (s->page_count < 3) {
        bmi_find_file(c, F_SIZE_SMALL, 0, "%" PRIu32 " page%s can only be read by a device",
                      s->page_count, s->page_count == 1 ? "" : "s");
    } else if (s->used == s->page_count) {
        bmi_find_file(c, F_NO_FREE_PAGE, 0, "all %" PRIu32 " pages are in use", s->used);
    }
    if (s->kind == BM_IMAGE_BLANK) {
        bmi_find_file(c, F_IMAGE_BLANK, 0, "all %" PRIu32 " pages are blank", s->page_count);
        return 0;
    }
    return 1;
}

static void encrypted(const struct bmi_check *c)
{
    uint32_t written = 0;
    for (uint32_t i = 0; i < c->s->used; i++) {
        written += c->s->pages[c->s->order[i]].states[BMI_ENTRY_WRITTEN];
    }
    if (c->s->seal == BM_SEAL_LOCKED) {
        bmi_find_file(c, F_KEYS_WRONG, 0,
                      "none of the %" PRIu32 " written entries can be read with these keys",
                      written);
        return;
    }
    bmi_find_file(c, F_ENCRYPTED, 0,
                  "the page headers are good, but the %" PRIu32
                  " written entries look random: NVS encryption",
                  written);
}

void bm_check(const struct bm_scan *s, void (*emit)(void *ctx, const struct bm_finding *f),
              void *ctx, struct bm_check_result *result)
{
    const struct bmi_check c = {s, emit, ctx, result};
    memset(result, 0, sizeof *result);
    if (!check_file(&c)) {
        return;
    }
    bmi_check_pages(&c);
    if (s->kind == BM_IMAGE_ENCRYPTED) {
        encrypted(&c);
        return;
    }
    if (s->seal == BM_SEAL_PLAIN) {
        bmi_find_file(&c, F_NOT_ENCRYPTED, 0, "the entries are plain, although keys were given");
    }
    bmi_check_entries(&c);
    bmi_check_keys(&c);
    bmi_check_collisions(&c);
    bmi_check_namespaces(&c);
}
