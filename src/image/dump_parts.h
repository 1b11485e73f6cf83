/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_DUMP_PARTS_H
#define BM_IMAGE_DUMP_PARTS_H

/* Shared by the writers of a dump. */

#include "image/dump.h"
#include "image/secret.h"

/* One dump under way. */
struct bmi_dump {
    const struct bm_scan *s;
    const struct bm_dump_opts *o;
    FILE *out;
    struct bm_dump_result *r;
};

/* Walks the values that count, oldest page first; start with a zeroed one. Namespace entries come
 * too, blob chunks do not. Returns the next row, or NULL. */
struct bmi_live {
    uint32_t page;
    uint32_t row;
};
const struct bm_row *bmi_live_next(const struct bm_scan *s, struct bmi_live *it);

/* 1 if a row with a whole header is the entry of a namespace name. */
int bmi_is_name(const struct bm_scan *s, const struct bm_row *row);

/* 1 if the first entry of a row is a header that can be believed. */
int bmi_has_header(const struct bm_row *row);

/* 1 if the options ask for this row. Rows without a header are asked for unless there is a filter.
 */
int bmi_dump_wants(const struct bmi_dump *d, const struct bm_row *row);

/* What a namespace holds. */
struct bmi_ns_sum {
    uint32_t keys;    /* values that count */
    uint32_t entries; /* written entries of all copies */
    uint64_t bytes;   /* of the values that count */
};

/* Sums of all 256 namespace indexes. */
void bmi_ns_sums(const struct bm_scan *s, struct bmi_ns_sum sums[256]);

/* Bytes of a row's value as its header gives them. */
uint32_t bmi_row_size(const struct bm_scan *s, const struct bm_row *row);

/* How many written entries a page uses for names, numbers, strings and blobs, and how many hold
 * older copies, stray chunks or damage. */
struct bmi_page_sum {
    uint32_t names, numbers, strings, blobs, stale, damaged;
    uint64_t bytes; /* data of the values that count */
};
void bmi_page_sum(const struct bm_scan *s, const struct bm_page *page, struct bmi_page_sum *sum);

int bmi_dump_text(struct bmi_dump *d);
int bmi_dump_tables(struct bmi_dump *d); /* text: namespaces, blobs, storage */
int bmi_dump_json(struct bmi_dump *d);
int bmi_dump_csv(struct bmi_dump *d);

/* Writes a value in one line of text; max columns or 0. view: how to show it. */
void bmi_text_value(FILE *out, const struct bm_stored *v, const struct bm_view *view, size_t max);

#endif
