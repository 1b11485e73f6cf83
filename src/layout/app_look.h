/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LAYOUT_APP_LOOK_H
#define BM_LAYOUT_APP_LOOK_H

/* Everything that there is to say about the bytes of an app image. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/app.h"

enum bm_app_kind {
    BM_APP_NONE,       /* no image at all; the first fault says what it is */
    BM_APP_APP,        /* with an app description */
    BM_APP_BOOTLOADER, /* nothing in it is mapped from the flash */
    BM_APP_PROGRAM     /* without a description */
};

enum bm_app_signature { BM_APP_UNSIGNED, BM_APP_SIGNED_V1, BM_APP_SIGNED_V2 };

/* What is wrong. */
struct bm_app_fault {
    const char *id; /* kebab-case, frozen: docs/format/app.md has them all */
    uint64_t offset;
    char text[240];
};

enum { BM_APP_FAULTS_MAX = 8 };

struct bm_app_look {
    struct bm_app app;
    enum bm_app_kind kind;
    unsigned segments_read; /* of app.segments; less where the image is cut or damaged */
    int complete;           /* all of it is there: size, checksum and hash of app hold */
    int sum_right;
    int hash_right;
    uint8_t min_rev_old; /* oldest chip revision for bootloaders before ESP-IDF 5 */
    uint32_t boot_version;
    char boot_idf[33]; /* of a bootloader's own description, else "" */
    char boot_time[25];
    enum bm_app_signature signature;
    unsigned signature_blocks;
    uint32_t signature_off;
    uint32_t end;   /* of the image with its signature */
    uint64_t blank; /* blank bytes behind that, if nothing else follows */
    struct bm_app_fault fault[BM_APP_FAULTS_MAX];
    unsigned faults;
};

struct bm_app_look_opts {
    uint32_t offset;         /* of the image in the data */
    int in_flash;            /* 1: what follows the image is not its own */
    int chip;                /* it must be for this chip id; -1: for any */
    uint64_t partition_size; /* it must fit into so many bytes; 0: no limit */
};

/* Looks at an image. Returns BM_OK, whatever the bytes are, or BM_E_ARG (the offset lies behind the
 * data, or that is 4 GB or more) or BM_E_NOMEM. */
int bm_app_look(struct bm_app_look *out, const uint8_t *data, size_t len,
                const struct bm_app_look_opts *opts);

#endif
