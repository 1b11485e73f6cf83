/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LAYOUT_FINDING_H
#define BM_LAYOUT_FINDING_H

/* What can be wrong with the files of a flash and with the move from one layout to another.
 * docs/preflight.md has a row for each. */

#include <stddef.h>
#include <stdint.h>

#include "image/check.h"

enum bm_layout_code {
    /* of the files that are to be written */
    BM_LF_PART_EMPTY,
    BM_LF_PART_OUTSIDE_FLASH,
    BM_LF_PART_OVERLAP,
    BM_LF_PART_ON_TABLE,
    BM_LF_PART_NOWHERE,
    BM_LF_PART_RUNS_INTO,
    BM_LF_PART_INSIDE,
    BM_LF_PART_INSIDE_DATA,
    BM_LF_PART_TOO_BIG,
    BM_LF_PART_UNKNOWN_NAME,
    BM_LF_PART_NO_TABLE,
    BM_LF_TABLE_BAD,
    BM_LF_TABLE_DIFFERS,
    BM_LF_APP_TOO_BIG,
    BM_LF_APP_DAMAGED,
    BM_LF_APP_OTHER_CHIP,
    BM_LF_NOT_AN_APP,
    BM_LF_NOT_NVS,
    BM_LF_NVS_FLAGGED_ENCRYPTED,
    BM_LF_BOOTLOADER_OFFSET,
    BM_LF_NOT_A_BOOTLOADER,
    BM_LF_BOOTLOADER_UNKNOWN,
    BM_LF_APP_UNKNOWN,
    BM_LF_TABLE_FAULT,
    BM_LF_TABLE_TOO_LARGE,
    BM_LF_PLAINTEXT,
    BM_LF_ENCRYPTED_BY_CHIP,
    /* of the identity */
    BM_LF_IDENTITY_REMOVED,
    BM_LF_IDENTITY_MOVED,
    BM_LF_IDENTITY_SHRUNK,
    BM_LF_IDENTITY_SHRUNK_BLANK,
    BM_LF_IDENTITY_RELABELLED,
    BM_LF_IDENTITY_RETYPED,
    BM_LF_IDENTITY_OVERLAPPED,
    BM_LF_IDENTITY_OVERWRITTEN,
    BM_LF_IDENTITY_REPLACED,
    BM_LF_IDENTITY_MIXED,
    BM_LF_IDENTITY_ERASED,
    BM_LF_IDENTITY_LOST,
    BM_LF_NVS_NO_FREE_PAGE,
    BM_LF_ENCRYPTED_FLAG,
    BM_LF_READONLY_SET,
    BM_LF_READONLY_CLEARED,
    BM_LF_NVS_GROWN,
    BM_LF_NVS_GROWN_OVER,
    BM_LF_KEYS_REMOVED,
    BM_LF_KEYS_MOVED,
    BM_LF_KEYS_RELABELLED,
    BM_LF_KEYS_OVERWRITTEN,
    BM_LF_DATA_LOST,
    BM_LF_DATA_RISK,
    /* of booting */
    BM_LF_TABLE_MOVED,
    BM_LF_BOOTLOADER_LOST,
    BM_LF_OTADATA_MISSING,
    BM_LF_OTADATA_MOVED,
    BM_LF_OTADATA_SMALL,
    BM_LF_OTADATA_RESET,
    BM_LF_OTA_SLOTS_CHANGED,
    BM_LF_SLOT_MOVED,
    BM_LF_SLOT_SHRUNK,
    BM_LF_FACTORY_REMOVED,
    BM_LF_BOOT_NOTHING,
    BM_LF_BOOT_CHANGED,
    BM_LF_COUNT
};

/* A kind of finding. In text and remedy $part, $file, $old and $new stand for those of a finding.
 */
struct bm_layout_kind {
    const char *code; /* kebab-case, frozen */
    enum bm_severity severity;
    const char *text;
    const char *remedy;
};
extern const struct bm_layout_kind bm_layout_kinds[BM_LF_COUNT];

/* One finding; "" where there is none; all texts but label are printable. */
struct bm_layout_finding {
    const struct bm_layout_kind *kind;
    char part[72];  /* label of a partition */
    char label[72]; /* the same as it is, not made printable */
    char file[256];
    char old[200];
    char now[200];
};

/* The caller owns it and starts with a zeroed struct. */
struct bm_layout_findings {
    struct bm_layout_finding *list;
    size_t count;
    size_t cap;      /* private */
    size_t errors;   /* found, kept or not */
    size_t warnings; /* the same */
};

enum { BM_LAYOUT_FINDINGS_MAX = 1000, BM_LAYOUT_TEXT = 1200 };

/* Adds a finding; NULL for what it does not have. One that cannot be kept still counts. */
void bmi_finding_add(struct bm_layout_findings *fs, enum bm_layout_code code, const char *part,
                     const char *file, const char *old, const char *now);

/* How some remedies say that a partition is read out of a flash file. */
#define BM_LAYOUT_READ_OUT "birthmark assemble --split FLASH.bin -d DIR"

/* Writes a finding's text or remedy, "$part" and so on filled in; cut to fit. Returns out. */
const char *bm_layout_text(char out[BM_LAYOUT_TEXT], const struct bm_layout_finding *f,
                           const char *pattern);

void bm_layout_findings_free(struct bm_layout_findings *fs);

/* Words of findings: "0x9000", "24 KB", "0x9000 (24 KB)". */
struct bmi_word {
    char text[64];
};
struct bmi_word bmi_word_at(uint64_t off);
struct bmi_word bmi_word_size(uint64_t size);
struct bmi_word bmi_word_range(uint64_t off, uint64_t size);

#endif
