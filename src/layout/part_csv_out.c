/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "image/utf8.h"
#include "image/word.h"
#include "layout/table_file.h"

enum { ROW_MAX = 160, HEAD_MAX = 128 };

/* 1 if reading the CSV gives the label back. */
static int fits_csv(const char *label)
{
    const size_t len = strlen(label);
    if (len == 0 || label[0] == '#' || bmi_trim(label, len).len != len ||
        bmi_utf8_good((const uint8_t *)label, len) != len) {
        return 0;
    }
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)label[i];
        const unsigned char next = (unsigned char)label[i + 1] | 0x20;
        const int variable =
            c == '$' && (next == '{' || label[i + 1] == '_' || (next >= 'a' && next <= 'z'));
        if (c < 0x20 || c == 0x7f || c == ',' || c == '"' || variable) {
            return 0;
        }
    }
    return 1;
}

/* "24K", "1M", or hex where it is no whole number of them. */
static void put_size(struct bm_text *t, uint32_t size)
{
    if (size % (1024 * 1024) == 0) {
        bm_text_u64(t, size / (1024 * 1024));
        bm_text_str(t, "M");
    } else if (size % 1024 == 0) {
        bm_text_u64(t, size / 1024);
        bm_text_str(t, "K");
    } else {
        bm_text_hex(t, size);
    }
}

static void put_row(struct bm_text *t, const struct bm_part *p,
                    const struct bm_part_subtypes *extra)
{
    char buf[BM_PART_NAME_SIZE];
    bm_text_str(t, p->label);
    bm_text_str(t, ",");
    bm_text_str(t, bm_part_type_text(buf, p->type));
    bm_text_str(t, ",");
    bm_text_str(t, bm_part_subtype_text(buf, extra, p->type, p->subtype));
    bm_text_str(t, ",");
    bm_text_hex(t, p->offset);
    bm_text_str(t, ",");
    put_size(t, p->size);
    bm_text_str(t, ",");
    bm_text_str(t, bm_part_flags_text(buf, p->flags));
    bm_text_str(t, "\n");
}

int bm_table_csv(char **text, size_t *len, const struct bm_part_table *table,
                 const struct bm_part_subtypes *extra, const char *name,
                 struct bm_image_problems *problems)
{
    const struct bm_image_place place = {name, 0, 0};
    const size_t before = problems->errors;
    for (unsigned i = 0; i < table->count; i++) {
        const struct bm_part *p = &table->part[i];
        const uint32_t unknown = p->flags & ~(uint32_t)(BM_PART_ENCRYPTED | BM_PART_READONLY);
        if (!fits_csv(p->label)) {
            bmi_problem_add(problems, BM_IMAGE_ERROR, &place, NULL, 0,
                            "partition %u: CSV cannot hold its label '%s'", i + 1, p->label);
        }
        if (unknown != 0) {
            bmi_problem_add(problems, BM_IMAGE_WARNING, &place, NULL, 0,
                            "partition '%s': CSV has no name for its flags 0x%x; they are left out",
                            p->label, unknown);
        }
    }
    if (problems->errors > before) {
        return BM_E_INPUT;
    }
    const size_t cap = HEAD_MAX + (size_t)table->count * ROW_MAX;
    struct bm_text t;
    *text = malloc(cap);
    if (*text == NULL) {
        return BM_E_NOMEM;
    }
    bm_text_init(&t, *text, cap);
    bm_text_str(&t, "# ESP-IDF Partition Table\n# Name, Type, SubType, Offset, Size, Flags\n");
    for (unsigned i = 0; i < table->count; i++) {
        put_row(&t, &table->part[i], extra);
    }
    *len = t.len;
    return BM_OK;
}
