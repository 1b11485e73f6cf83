/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as a binary partition table: what parses is written back to the same rows, and to CSV
 * that gives the same table again. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "birthmark/part.h"
#include "crypto/crypto.h"
#include "layout/spans.h"
#include "tables.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Formats and parses again; the rows are those of the input, but for bytes behind a label. */
static void check_binary(const struct bm_part_table *table, const struct bm_hash *md5)
{
    static struct bm_part_table back;
    uint8_t out[BM_PART_TABLE_MAX];
    const int rc = bm_part_table_format(out, table, table->has_md5 ? md5 : NULL, NULL);
    must(rc == BM_OK);
    must(bm_part_table_parse(&back, out, sizeof out, md5, NULL) == BM_OK);
    must(same(table, &back) && table->has_md5 == back.has_md5);
}

/* A table that CSV may say: nothing in it is left to options, lies below the table, overlaps, or
 * has flags without a name. */
static int is_plain(const struct bm_part_table *table, const struct bm_part_rules *rules)
{
    struct bm_part_finding f[BM_PART_MAX * 8];
    unsigned n = bm_part_table_check(table, rules, f, sizeof f / sizeof f[0]);
    for (unsigned i = 0; i < table->count; i++) {
        const struct bm_part *p = &table->part[i];
        if (p->type == BM_PART_BOOTLOADER || p->type == BM_PART_PARTITION_TABLE ||
            (uint64_t)p->offset + p->size > UINT32_MAX) {
            return 0;
        }
    }
    must(n <= sizeof f / sizeof f[0]);
    while (n > 0) {
        const enum bm_part_fault fault = f[--n].fault;
        if (fault == BM_PART_OVERLAP || fault == BM_PART_BELOW_TABLE ||
            fault == BM_PART_UNKNOWN_FLAGS) {
            return 0;
        }
    }
    return table->count > 0;
}

static void check_csv(const struct bm_part_table *table, const struct bm_part_rules *rules)
{
    static struct bm_table_file again;
    struct bm_image_problems problems = {0};
    char *text = NULL;
    size_t len = 0;
    if (bm_table_csv(&text, &len, table, NULL, "t", &problems) == BM_OK) {
        must(len == strlen(text));
        const int rc = bm_table_load(&again, "t.csv", (uint8_t *)text, len, NULL, &problems);
        if (is_plain(table, rules)) {
            must(rc == BM_OK && again.kind == BM_TABLE_CSV && again.table.count == table->count);
            must(same(&again.table, table));
        }
    }
    free(text);
    bm_image_problems_free(&problems);
}

static void check_views(const struct bm_part_table *table, const struct bm_part_rules *rules)
{
    static struct bm_spans spans;
    struct bm_table_findings findings;
    uint64_t at = 0;
    must(bm_table_judge(&findings, table, rules, NULL) == BM_OK);
    must(findings.errors + findings.warnings >= findings.count);
    bm_table_findings_free(&findings);
    bm_spans_make(&spans, table, NULL, rules->table_offset, 0);
    for (unsigned i = 0; i < spans.count; i++) { /* no hole between them */
        must(spans.list[i].begin <= at && spans.list[i].end <= spans.size);
        at = spans.list[i].end > at ? spans.list[i].end : at;
    }
    must(at == spans.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bm_part_table table;
    static struct bm_part_table unchecked;
    const struct bm_part_rules rules = {BM_PART_TABLE_OFFSET, 0, 0};
    struct bm_hash md5 = {0};
    struct bm_diag diag = {0};
    if (size == 0 || bm_hash_openssl_md5(&md5) != BM_OK) {
        return 0;
    }
    const int rc = bm_part_table_parse(&table, data, size, &md5, &diag);
    must(rc == BM_OK || (rc == BM_E_CORRUPT && diag.code == rc && diag.offset <= size));
    if (bm_part_table_parse(&unchecked, data, size, NULL, NULL) == BM_OK) {
        must(rc != BM_OK || same(&table, &unchecked));
        check_binary(&unchecked, &md5);
        check_csv(&unchecked, &rules);
        check_views(&unchecked, &rules);
    } else {
        must(rc != BM_OK);
    }
    bm_hash_openssl_close(&md5);
    return 0;
}
