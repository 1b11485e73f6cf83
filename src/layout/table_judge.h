/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LAYOUT_TABLE_JUDGE_H
#define BM_LAYOUT_TABLE_JUDGE_H

/* The findings about a layout, in words. */

#include "layout/table_file.h"

enum { BM_TABLE_FINDINGS_MAX = 512, BM_TABLE_FINDING_TEXT = 256 };

struct bm_table_finding {
    const char *code; /* as bm_part_fault_name() has them; static storage */
    int is_error;
    int part;  /* index in the table, or -1 */
    int other; /* the same, of the other partition concerned */
    char text[BM_TABLE_FINDING_TEXT];
};

/* The caller owns it and starts with a zeroed struct. */
struct bm_table_findings {
    struct bm_table_finding *list;
    size_t count;
    size_t errors;
    size_t warnings;
};

/* Judges a layout by bm_part_table_check(), and the labels: one that is the name of a type or
 * subtype should be of that type. extra: as for bm_table_load().
 * Returns BM_OK (whatever was found) or BM_E_NOMEM. */
int bm_table_judge(struct bm_table_findings *out, const struct bm_part_table *table,
                   const struct bm_part_rules *rules, const struct bm_part_subtypes *extra);

/* Frees; a zeroed struct is left alone. */
void bm_table_findings_free(struct bm_table_findings *findings);

/* Adds the findings, with the lines of the CSV where it was one. warnings 0: errors alone. */
void bm_table_findings_tell(const struct bm_table_findings *findings,
                            const struct bm_table_file *file, const char *name, int warnings,
                            struct bm_image_problems *problems);

#endif
