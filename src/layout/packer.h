/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LAYOUT_PACKER_H
#define BM_LAYOUT_PACKER_H

/* An image in the making: between pack_parts.c, which arranges, and pack.c, which writes. */

#include "layout/pack.h"
#include "part/app_chip.h"

struct packer_segment {
    uint32_t address;
    uint8_t *data; /* in the arena */
    uint32_t size;
    const char *name;
};

/* Segments in the order in which they are written. */
struct packer_list {
    struct packer_segment seg[BM_PACK_PARTS_MAX];
    size_t count;
};

struct packer {
    const struct bm_pack *p;
    const struct bmi_chip *chip;
    struct bm_image_problems *problems;
    uint8_t *arena; /* the parts one behind the other, each filled up to 4 bytes */
    uint32_t page;  /* the segments are laid out for flash mapped by so many bytes */
    uint32_t entry; /* and an entry of the page table maps at least so many */
    struct packer_list mapped;
    struct packer_list ram; /* and what lies nowhere */

    int sha256_by_offset; /* 1: the ELF file's SHA-256 goes where a description would have it */
    unsigned written;     /* segments */
    uint8_t *out;
    size_t len;
    size_t cap;
};

#define PACK_SAY(k, level, ...)                                               \
    do {                                                                      \
        const struct bm_image_place place_ = {(k)->p->source, 0, 0};          \
        bmi_problem_add((k)->problems, level, &place_, NULL, 0, __VA_ARGS__); \
    } while (0)

/* Gathers, merges, sorts and checks the parts, and fills in the app description. Returns BM_OK,
 * BM_E_INPUT (problems say why) or BM_E_NOMEM. */
int bmi_pack_arrange(struct packer *k);

/* 1 if the image begins with an app description. */
int bmi_pack_has_desc(const struct packer *k);

#endif
