/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as a partition table file: what loads does not overlap, goes to binary and to CSV and
 * comes back the same; what does not has problems that say why, one line each. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "layout/table_judge.h"
#include "tables.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *variable(void *ctx, const char *name)
{
    (void)ctx;
    return strcmp(name, "A") == 0 ? "a,app,factory,," : strcmp(name, "B") == 0 ? "1M" : NULL;
}

static void check_problems(const struct bm_image_problems *problems)
{
    char line[1024];
    for (size_t i = 0; i < problems->count; i++) {
        bm_image_problem_format(line, sizeof line, &problems->list[i]);
        must(strlen(line) < sizeof line && strchr(line, '\n') == NULL);
    }
}

static void check_table(const struct bm_table_file *file, const struct bm_table_options *o)
{
    static struct bm_table_file again;
    uint8_t bytes[BM_PART_TABLE_MAX];
    struct bm_image_problems problems = {0};
    char *text = NULL;
    size_t len = 0;
    must(file->table.count > 0 && file->table.count <= BM_PART_MAX);
    for (unsigned i = 0; i < file->table.count; i++) {
        must(file->table.part[i].label[0] != '\0' && file->line[i] > 0);
    }
    must(bm_part_table_format(bytes, &file->table, NULL, NULL) == BM_OK);
    must(bm_table_load(&again, "b", bytes, sizeof bytes, o, &problems) == BM_OK);
    must(again.kind == BM_TABLE_BINARY && again.table.count == file->table.count);
    must(same(&again.table, &file->table));
    if (bm_table_csv(&text, &len, &file->table, o->extra, "c", &problems) == BM_OK) {
        must(bm_table_load(&again, "c", (uint8_t *)text, len, o, &problems) == BM_OK);
        must(same(&again.table, &file->table));
    }
    free(text);
    bm_image_problems_free(&problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bm_table_file file;
    static struct bm_part_subtypes extra;
    const struct bm_part_rules rules = {BM_PART_TABLE_OFFSET, 0, 0};
    struct bm_image_problems problems = {0};
    struct bm_table_options o;
    char why[160];
    bm_table_options_init(&o);
    o.primary_bootloader = 0x1000;
    o.recovery_bootloader = 0x3f0000;
    o.variable = variable;
    if (extra.count == 0) {
        must(bm_part_subtypes_add(&extra, "app,mine,0x40", why) == BM_OK);
    }
    o.extra = &extra;
    const int rc = bm_table_load(&file, "f", data, size, &o, &problems);
    check_problems(&problems);
    if (rc != BM_OK) {
        must(problems.errors > 0);
    } else if (file.kind == BM_TABLE_CSV) {
        must(problems.errors == 0);
        check_table(&file, &o);
        struct bm_part_finding f[BM_PART_MAX * 8];
        const unsigned n = bm_part_table_check(&file.table, &rules, f, sizeof f / sizeof f[0]);
        must(n <= sizeof f / sizeof f[0]);
        for (unsigned i = 0; i < n; i++) {
            must(f[i].fault != BM_PART_OVERLAP && f[i].fault != BM_PART_BELOW_TABLE);
        }
    }
    bm_image_problems_free(&problems);
    return 0;
}
