/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/part_csv.h"

#include <string.h>

#include "base/base.h"
#include "image/suggest.h"
#include "image/word.h"
#include "layout/part_line.h"
#include "layout/part_number.h"

enum { NAME, TYPE, SUBTYPE, OFFSET, SIZE, FLAGS };
enum { LIST_MAX = 4, LIST_SIZE = 160 }; /* of the names there are, so many are told */
enum { NAMES_MAX = 96, SUBTYPE_UNDEFINED = 0x06, BOOTLOADER_RECOVERY = 0x02, ALIGN_APP = 0x10000 };

/* How the field of an offset or size was given. */
struct given {
    uint64_t value;
    int blank;
    int end; /* "-2M": the end, not the size */
};

struct reading {
    struct bm_table_file *out;
    const struct bm_table_options *o;
    struct bm_part_line line;
    uint64_t last_end; /* where a partition without an offset goes */
};

static void tell(const struct reading *r, int field, const char *text)
{
    bm_part_line_tell(&r->line, BM_IMAGE_ERROR, r->line.field[field].column, "%s", text);
}

/* "'x' is no WHAT", with a name that comes near, or those there are. */
static void tell_unknown(const struct reading *r, const struct bm_part_field *f, const char *what,
                         const char *const *names)
{
    const char *near = bmi_suggest(f->p, f->len, names);
    if (near != NULL) {
        bm_part_line_tell(&r->line, BM_IMAGE_ERROR, f->column, "'%.*s' is no %s; did you mean %s?",
                          (int)f->len, f->p, what, near);
        return;
    }
    char list[LIST_SIZE];
    struct bm_text t;
    bm_text_init(&t, list, sizeof list);
    for (size_t i = 0; names[i] != NULL; i++) {
        bm_text_str(&t, i > 0 ? ", " : "");
        if (i == LIST_MAX) {
            bm_text_str(&t, "...");
            break;
        }
        bm_text_str(&t, names[i]);
    }
    bm_part_line_tell(&r->line, BM_IMAGE_ERROR, f->column, "'%.*s' is no %s; write a number%s%s",
                      (int)f->len, f->p, what, list[0] != '\0' ? " or one of " : "", list);
}

static int read_name(const struct reading *r, struct bm_part *part)
{
    const struct bm_part_field *f = &r->line.field[NAME];
    if (r->line.fields == 1 && memchr(f->p, ';', f->len) != NULL) {
        tell(r, NAME, "fields are separated by commas, not semicolons");
        return 0;
    }
    if (f->len == 0) {
        tell(r, NAME, "the partition has no name; the first field is its label");
        return 0;
    }
    if (f->len >= BM_PART_LABEL_SIZE) {
        bm_part_line_tell(&r->line, BM_IMAGE_ERROR, f->column,
                          "the name '%.*s' has %zu bytes, and a label takes 16", (int)f->len, f->p,
                          f->len);
        return 0;
    }
    for (size_t i = 0; i < f->len; i++) {
        const unsigned char c = (unsigned char)f->p[i];
        if (c < 0x20 || c == 0x7f || c == '"') {
            tell(r, NAME,
                 c == '"' ? "names have no quotes here; leave them out"
                          : "a control character in the name");
            return 0;
        }
    }
    memcpy(part->label, f->p, f->len);
    return 1;
}

/* A name of the table or a number up to 255. */
static int read_kind(const struct reading *r, int field, int by_name, const char *what,
                     const char *const *names, uint8_t *out)
{
    const struct bm_part_field *f = &r->line.field[field];
    uint64_t number;
    if (by_name >= 0) {
        *out = (uint8_t)by_name;
        return 1;
    }
    if (bm_part_number(&number, f->p, f->len) != BM_OK) {
        tell_unknown(r, f, what, names);
        return 0;
    }
    if (number > UINT8_MAX) {
        bm_part_line_tell(&r->line, BM_IMAGE_ERROR, f->column,
                          "the %s %.*s is over 255; numbers of types and subtypes have 8 bits",
                          what, (int)f->len, f->p);
        return 0;
    }
    *out = (uint8_t)number;
    return 1;
}

static int read_type(const struct reading *r, struct bm_part *part)
{
    const struct bm_part_field *f = &r->line.field[TYPE];
    const char *names[NAMES_MAX];
    if (f->len == 0) {
        tell(r, TYPE,
             r->line.fields == 1 && memchr(r->line.text, ';', r->line.len) != NULL
                 ? "fields are separated by commas, not semicolons"
                 : "the partition has no type: app, data, or a number");
        return 0;
    }
    if (bmi_is_word(f->p, f->len, "type")) {
        tell(r, TYPE, "this looks like a header; put # in front of it");
        return 0;
    }
    bm_part_type_names(names, NAMES_MAX);
    return read_kind(r, TYPE, bm_part_type_by_name(f->p, f->len), "partition type", names,
                     &part->type);
}

static int read_subtype(const struct reading *r, struct bm_part *part)
{
    const struct bm_part_field *f = &r->line.field[SUBTYPE];
    const char *names[NAMES_MAX];
    if (f->len == 0) {
        if (part->type == BM_PART_APP) {
            tell(r, SUBTYPE, "an app partition needs a subtype: factory, test, or ota_0 to ota_15");
            return 0;
        }
        part->subtype = SUBTYPE_UNDEFINED;
        return 1;
    }
    bm_part_subtype_names(names, NAMES_MAX, r->o->extra, part->type);
    return read_kind(r, SUBTYPE, bm_part_subtype_by_name(r->o->extra, part->type, f->p, f->len),
                     "partition subtype", names, &part->subtype);
}

static int read_number(const struct reading *r, int field, struct given *out)
{
    const struct bm_part_field *f = &r->line.field[field];
    const char *what = field == OFFSET ? "offset" : "size";
    const size_t sign = f->len > 0 && (f->p[0] == '-' || f->p[0] == '+') ? 1 : 0;
    memset(out, 0, sizeof *out);
    out->blank = f->len == 0;
    if (out->blank) {
        return 1;
    }
    out->end = f->p[0] == '-';
    if (bmi_is_space(f->p[sign]) ||
        bm_part_number(&out->value, f->p + sign, f->len - sign) != BM_OK) {
        bm_part_line_tell(&r->line, BM_IMAGE_ERROR, f->column,
                          "'%.*s' is no %s; write it as 0x10000, 65536, 64K or 1M", (int)f->len,
                          f->p, what);
        return 0;
    }
    if (out->end && field == OFFSET) {
        tell(r, OFFSET, "an offset cannot be negative");
        return 0;
    }
    if (out->value > UINT32_MAX) {
        bm_part_line_tell(&r->line, BM_IMAGE_ERROR, f->column,
                          "the %s %.*s does not fit in 32 bits", what, (int)f->len, f->p);
        return 0;
    }
    return 1;
}

static int read_flags(const struct reading *r, struct bm_part *part)
{
    static const char *const names[] = {"encrypted", "readonly", NULL};
    const struct bm_part_field *f = &r->line.field[FLAGS];
    for (size_t at = 0; at < f->len;) {
        const char *colon = memchr(f->p + at, ':', f->len - at);
        const size_t len = colon != NULL ? (size_t)(colon - f->p) - at : f->len - at;
        const struct bmi_slice flag = bmi_trim(f->p + at, len);
        const uint32_t bit = bm_part_flag_by_name(flag.p, flag.len);
        if (bit == 0 && flag.len > 0) {
            const char *near = bmi_suggest(flag.p, flag.len, names);
            bm_part_line_tell(&r->line, BM_IMAGE_ERROR,
                              r->line.column[(size_t)(flag.p - r->line.text)],
                              "'%.*s' is no flag; %s%s", (int)flag.len, flag.p,
                              near != NULL ? "did you mean " : "there are encrypted and readonly",
                              near != NULL ? near : "");
            return 0;
        }
        part->flags |= bit;
        at += len + 1;
    }
    return 1;
}

/* An offset or size that is not for the CSV to say: what is there must agree. */
static void replace(const struct reading *r, int field, struct given *given, uint64_t value,
                    const char *source)
{
    if (!given->blank && (given->value != value || given->end)) {
        bm_part_line_tell(&r->line, BM_IMAGE_WARNING, r->line.field[field].column,
                          "not taken: it is 0x%llx, from %s", (unsigned long long)value, source);
    }
    given->blank = 0;
    given->end = 0;
    given->value = value;
}

static int place_bootloader(const struct reading *r, const struct bm_part *part,
                            struct given *offset, struct given *size)
{
    const struct bm_table_options *o = r->o;
    if (o->primary_bootloader < 0) {
        tell(r, TYPE,
             "a bootloader partition needs --primary-bootloader-offset (0x1000 for ESP32 "
             "and ESP32-S2, 0x2000 for ESP32-C5 and ESP32-P4, 0 for the others)");
        return 0;
    }
    if (o->primary_bootloader >= o->offset) {
        tell(r, TYPE, "the bootloader would not lie below the partition table");
        return 0;
    }
    if (part->subtype == 0) {
        replace(r, OFFSET, offset, (uint64_t)o->primary_bootloader, "--primary-bootloader-offset");
    } else if (part->subtype == BOOTLOADER_RECOVERY) {
        if (o->recovery_bootloader < 0) {
            tell(r, TYPE, "a recovery bootloader needs --recovery-bootloader-offset");
            return 0;
        }
        replace(r, OFFSET, offset, (uint64_t)o->recovery_bootloader,
                "--recovery-bootloader-offset");
    }
    replace(r, SIZE, size, o->offset - (uint64_t)o->primary_bootloader,
            "the room below the partition table");
    return 1;
}

/* 1 for the bootloader and the table that every flash has: they lie below all others. */
static int is_below(const struct bm_part *part)
{
    return part->subtype == 0 &&
           (part->type == BM_PART_BOOTLOADER || part->type == BM_PART_PARTITION_TABLE);
}

/* Tells what the new partition overlaps. */
static int is_free(const struct reading *r, const struct bm_part *part)
{
    const uint64_t begin = part->offset;
    const uint64_t end = begin + part->size;
    const uint64_t table_end = (uint64_t)r->o->offset + BM_PART_TABLE_SECTOR;
    if (!is_below(part) && begin < table_end) {
        bm_part_line_tell(&r->line, BM_IMAGE_ERROR, r->line.field[OFFSET].column,
                          "offset 0x%x is below 0x%llx, where the partition table ends",
                          part->offset, (unsigned long long)table_end);
        return 0;
    }
    for (unsigned i = 0; i < r->out->table.count; i++) {
        const struct bm_part *p = &r->out->table.part[i];
        if (begin < (uint64_t)p->offset + p->size && p->offset < end) {
            bm_part_line_tell(
                &r->line, BM_IMAGE_ERROR, r->line.field[OFFSET].column,
                "offset 0x%x overlaps partition '%s' of line %u, which ends at 0x%llx",
                part->offset, p->label, r->out->line[i], (unsigned long long)p->offset + p->size);
            return 0;
        }
    }
    return 1;
}

static int place(struct reading *r, struct bm_part *part, struct given *offset, struct given *size)
{
    if (part->type == BM_PART_BOOTLOADER && !place_bootloader(r, part, offset, size)) {
        return 0;
    }
    if (part->type == BM_PART_PARTITION_TABLE) {
        if (part->subtype == 0) {
            replace(r, OFFSET, offset, r->o->offset, "the table's own offset (--offset)");
        }
        replace(r, SIZE, size, BM_PART_TABLE_SECTOR, "the size of a partition table");
    }
    if (size->blank) {
        tell(r, SIZE, "the partition has no size");
        return 0;
    }
    const uint64_t align = part->type == BM_PART_APP ? ALIGN_APP : BM_PART_TABLE_SECTOR;
    const uint64_t begin =
        offset->blank ? (r->last_end + align - 1) / align * align : offset->value;
    if (size->end && size->value <= begin) {
        bm_part_line_tell(&r->line, BM_IMAGE_ERROR, r->line.field[SIZE].column,
                          "the partition would end at 0x%llx, but it begins at 0x%llx",
                          (unsigned long long)size->value, (unsigned long long)begin);
        return 0;
    }
    const uint64_t bytes = size->end ? size->value - begin : size->value;
    if (begin + bytes > (uint64_t)UINT32_MAX + 1 || begin > UINT32_MAX) {
        tell(r, SIZE, "the partition would end beyond 4 GiB");
        return 0;
    }
    part->offset = (uint32_t)begin;
    part->size = (uint32_t)bytes;
    if (!is_below(part)) {
        r->last_end = begin + bytes;
    }
    return is_free(r, part);
}

static void read_line(struct reading *r)
{
    struct bm_part part;
    struct given offset;
    struct given size;
    struct bm_part_table *table = &r->out->table;
    memset(&part, 0, sizeof part);
    if (!read_name(r, &part) || !read_type(r, &part) || !read_subtype(r, &part) ||
        !read_number(r, OFFSET, &offset) || !read_number(r, SIZE, &size) || !read_flags(r, &part) ||
        !place(r, &part, &offset, &size)) {
        return;
    }
    if (table->count == BM_PART_MAX) {
        tell(r, NAME, "too many partitions; a table takes 95, or 94 with its MD5");
        return;
    }
    r->out->line[table->count] = r->line.place.line;
    table->part[table->count++] = part;
}

int bm_part_csv_read(struct bm_table_file *out, const char *name, const char *text, size_t len,
                     const struct bm_table_options *o, struct bm_image_problems *problems)
{
    struct reading r = {.out = out, .o = o};
    const size_t before = problems->errors;
    r.line.place.file = name;
    r.line.problems = problems;
    r.last_end = (uint64_t)o->offset + BM_PART_TABLE_SECTOR;
    for (size_t at = 0; at < len;) {
        size_t n = 0;
        while (at + n < len && text[at + n] != '\n' && text[at + n] != '\r') {
            n++;
        }
        r.line.place.line++;
        if (bm_part_line_split(&r.line, text + at, n, o)) {
            read_line(&r);
        }
        at += n + (at + n + 1 < len && text[at + n] == '\r' && text[at + n + 1] == '\n' ? 2 : 1);
    }
    if (out->table.count == 0 && problems->errors == before) {
        const struct bm_image_place place = {name, 0, 0};
        bmi_problem_add(problems, BM_IMAGE_ERROR, &place, NULL, 0,
                        "no partition in it; a table without one does not boot");
    }
    return problems->errors > before ? BM_E_INPUT : BM_OK;
}
