/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_IMAGE_CHECK_PARTS_H
#define BM_IMAGE_CHECK_PARTS_H

/* Shared by the parts of check. */

#include "image/check.h"

/* Places in bm_finding_kinds. */
enum bmi_finding {
    /* the file */
    F_FILE_SHORT,
    F_FLASH_DUMP,
    F_NOT_NVS,
    F_ENCRYPTED,
    F_KEYS_WRONG,
    F_NOT_ENCRYPTED,
    F_SIZE_UNALIGNED,
    F_IMAGE_BLANK,
    F_SIZE_SMALL,
    F_NO_FREE_PAGE,
    /* pages */
    F_PAGE_HEADER_CRC,
    F_PAGE_STATE,
    F_PAGE_VERSION,
    F_PAGE_NOT_BLANK,
    F_PAGE_SEQ_TWICE,
    F_PAGE_SEQ_HIGH,
    F_PAGE_ACTIVE_MANY,
    F_PAGE_ACTIVE_OLD,
    F_PAGE_FREEING,
    F_PAGE_RESERVED,
    /* entries */
    F_ENTRY_STATE,
    F_ENTRY_AFTER_HOLE,
    F_EMPTY_NOT_BLANK,
    F_EMPTY_HIDDEN,
    F_ENTRY_TORN,
    F_ENTRY_CRC,
    F_ENTRY_TYPE,
    F_ENTRY_SPAN,
    F_ENTRY_SIZE,
    F_ENTRY_CHUNK,
    F_KEY_EMPTY,
    F_KEY_NO_NUL,
    F_KEY_PADDING,
    F_KEY_TEXT,
    F_DATA_CRC,
    F_DATA_PADDING,
    F_STRING_NO_NUL,
    F_STRING_INNER_NUL,
    /* keys */
    F_KEY_TWICE,
    F_KEY_TWO_TYPES,
    F_HASH_COLLISION,
    F_BLOB_CHUNK_MISSING,
    F_BLOB_CHUNK_TWICE,
    F_BLOB_CHUNK_EXTRA,
    F_BLOB_SIZE,
    F_BLOB_ORPHAN,
    F_BLOB_START,
    F_BLOB_TWO_FORMATS,
    /* namespaces */
    F_NAMESPACE_DEAD,
    F_NAMESPACE_SHARED,
    F_NAMESPACE_TWICE,
    F_NAMESPACE_INDEX,
    F_NAMESPACE_ENTRY,
    F_NAMESPACE_EMPTY,
    F_COUNT
};

struct bmi_check {
    const struct bm_scan *s;
    void (*emit)(void *ctx, const struct bm_finding *f);
    void *ctx;
    struct bm_check_result *result;
};

/* Findings of the file, of a page, of a row with a header (names its key) or without. */
void bmi_find_file(const struct bmi_check *c, enum bmi_finding id, uint64_t offset,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));
void bmi_find_page(const struct bmi_check *c, enum bmi_finding id, uint32_t page,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));
void bmi_find_row(const struct bmi_check *c, enum bmi_finding id, const struct bm_row *row,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));

void bmi_check_pages(const struct bmi_check *c);
void bmi_check_entries(const struct bmi_check *c);
void bmi_check_keys(const struct bmi_check *c);
void bmi_check_blob(const struct bmi_check *c, const struct bm_group *g);
void bmi_check_namespaces(const struct bmi_check *c);
void bmi_check_collisions(const struct bmi_check *c);

#endif
