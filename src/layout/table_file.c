/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/table_file.h"

#include <string.h>

#include "crypto/crypto.h"
#include "image/utf8.h"
#include "layout/assemble.h"
#include "layout/part_csv.h"

enum { BOM_SIZE = 3, MAGIC_SIZE = 2 };

void bm_table_options_init(struct bm_table_options *o)
{
    memset(o, 0, sizeof *o);
    o->offset = BM_PART_TABLE_OFFSET;
    o->primary_bootloader = -1;
    o->recovery_bootloader = -1;
}

const char *bm_table_kind_text(enum bm_table_kind kind)
{
    static const char *const text[] = {
        [BM_TABLE_CSV] = "CSV",
        [BM_TABLE_BINARY] = "binary table",
        [BM_TABLE_FLASH] = "flash image",
    };
    return text[kind];
}

/* A table's first row: a partition, or the MD5 of none. */
static int is_table(const uint8_t *data, size_t len, size_t at)
{
    static const uint8_t magic[][MAGIC_SIZE] = {{0xaa, 0x50}, {0xeb, 0xeb}};
    return at < len && len - at >= BM_PART_ENTRY_SIZE &&
           (memcmp(data + at, magic[0], MAGIC_SIZE) == 0 ||
            memcmp(data + at, magic[1], MAGIC_SIZE) == 0);
}

static int parse(struct bm_table_file *out, const char *name, const uint8_t *data, size_t len,
                 size_t at, int no_md5, struct bm_image_problems *problems)
{
    struct bm_diag diag = {0};
    struct bm_hash md5 = {0};
    int rc = no_md5 ? BM_OK : bm_hash_openssl_md5(&md5);
    if (rc == BM_OK) {
        rc = bm_part_table_parse(&out->table, data + at, len - at, no_md5 ? NULL : &md5, &diag);
    }
    bm_hash_openssl_close(&md5);
    if (rc != BM_OK && rc != BM_E_NOMEM) {
        const struct bm_image_place place = {name, 0, 0};
        bmi_problem_add(problems, BM_IMAGE_ERROR, &place, NULL, 0, "at 0x%llx: %s",
                        (unsigned long long)at + diag.offset, diag.text);
        return BM_E_INPUT;
    }
    return rc;
}

/* Another sector at which a table begins; 0 where there is none. */
static size_t table_elsewhere(const uint8_t *data, size_t len)
{
    struct bm_part_table table;
    for (size_t at = 0; at < len; at += BM_PART_TABLE_SECTOR) {
        if (is_table(data, len, at) &&
            bm_part_table_parse(&table, data + at, len - at, NULL, NULL) == BM_OK) {
            return at;
        }
    }
    return 0;
}

static int not_a_table(const char *name, const uint8_t *data, size_t len,
                       const struct bm_table_options *o, struct bm_image_problems *problems)
{
    const char *option = o->offset_option != NULL ? o->offset_option : "--table-offset";
    const struct bm_image_place place = {name, 0, 0};
    const size_t at = table_elsewhere(data, len);
    if (at != 0) {
        bmi_problem_add(problems, BM_IMAGE_ERROR, &place, NULL, 0,
                        "no partition table at 0x%x, but there is one at 0x%zx; use %s 0x%zx",
                        o->offset, at, option, at);
    } else {
        bmi_problem_add(problems, BM_IMAGE_ERROR, &place, NULL, 0,
                        "neither partition CSV, nor a binary table, nor a flash image with a "
                        "table at 0x%x",
                        o->offset);
    }
    return BM_E_INPUT;
}

/* The line and column of a byte. */
static struct bm_image_place place_of(const char *name, const uint8_t *data, size_t at)
{
    struct bm_image_place place = {name, 1, 1};
    for (size_t i = 0; i < at; i++) {
        if (data[i] == '\n') {
            place.line++;
            place.column = 1;
        } else if ((data[i] & 0xc0) != 0x80) {
            place.column++;
        }
    }
    return place;
}

/* A byte order mark and the first letter. (An NVS image begins with 0xfe 0xff, too.) */
static int is_utf16(const uint8_t *data, size_t len)
{
    return len >= 4 && ((data[0] == 0xff && data[1] == 0xfe && data[3] == 0) ||
                        (data[0] == 0xfe && data[1] == 0xff && data[2] == 0));
}

/* Its lines are not quoted as bad rows: they may be a private key's. */
static int is_pem(const uint8_t *data, size_t len)
{
    static const char begin[] = "-----BEGIN ";
    const size_t n = sizeof begin - 1;
    for (size_t at = 0; at < len && len - at >= n;) {
        if (memcmp(data + at, begin, n) == 0) {
            return 1;
        }
        const uint8_t *end = memchr(data + at, '\n', len - at);
        at = end != NULL ? (size_t)(end - data) + 1 : len;
    }
    return 0;
}

static int read_csv(struct bm_table_file *out, const char *name, const uint8_t *data, size_t len,
                    const struct bm_table_options *o, struct bm_image_problems *problems)
{
    const char *wrong = is_utf16(data, len) ? "the text is UTF-16; save it as UTF-8"
                        : is_pem(data, len) ? "this is a PEM file, not a partition table"
                                            : NULL;
    if (wrong != NULL) {
        const struct bm_image_place place = {name, 0, 0};
        bmi_problem_add(problems, BM_IMAGE_ERROR, &place, NULL, 0, "%s", wrong);
        return BM_E_INPUT;
    }
    if (memchr(data, '\0', len) != NULL) {
        return not_a_table(name, data, len, o, problems);
    }
    const size_t skip =
        len >= BOM_SIZE && memcmp(data, "\xef\xbb\xbf", BOM_SIZE) == 0 ? BOM_SIZE : 0;
    const size_t good = bmi_utf8_good(data, len);
    if (good < len) {
        if (memchr(data, 0xff, len) != NULL) { /* erased flash; in no text */
            return not_a_table(name, data, len, o, problems);
        }
        const struct bm_image_place place = place_of(name, data, good);
        bmi_problem_add(problems, BM_IMAGE_ERROR, &place, NULL, 0,
                        "a byte 0x%02x that is not UTF-8; save the file as UTF-8", data[good]);
        return BM_E_INPUT;
    }
    return bm_part_csv_read(out, name, (const char *)data + skip, len - skip, o, problems);
}

int bm_table_load(struct bm_table_file *out, const char *name, const uint8_t *data, size_t len,
                  const struct bm_table_options *options, struct bm_image_problems *problems)
{
    struct bm_table_options o;
    bm_table_options_init(&o);
    if (options != NULL) {
        o = *options;
    }
    memset(out, 0, sizeof *out);
    out->offset = o.offset;
    if (is_table(data, len, 0)) {
        out->kind = BM_TABLE_BINARY;
        return parse(out, name, data, len, 0, o.no_md5, problems);
    }
    if (is_table(data, len, o.offset)) {
        out->kind = BM_TABLE_FLASH;
        out->flash_size = len > UINT32_MAX ? UINT32_MAX : (uint32_t)len;
        out->limit = bm_flash_limit(data, len, o.offset);
        return parse(out, name, data, len, o.offset, o.no_md5, problems);
    }
    out->kind = BM_TABLE_CSV;
    return read_csv(out, name, data, len, &o, problems);
}
