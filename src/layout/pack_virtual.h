/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LAYOUT_PACK_VIRTUAL_H
#define BM_LAYOUT_PACK_VIRTUAL_H

/* App images for the virtual board: they hold a program of the machine that the board runs on. */

#include "layout/pack.h"
#include "part/app_virtual.h"

enum { BM_PACK_VIRTUAL_PARTS = 2, BM_PACK_VIRTUAL_HEAD = 256 + BMI_AV_HEADER };

/* What there is to pack for a program; p->chip is set. program: an executable, or a script that
 * begins with "#!"; kept, as head and part are. part: filled; p gets them, its entry, and a name in
 * the place of ESP-IDF's version where it has none. Returns BM_OK, or BM_E_INPUT with words. */
int bm_pack_virtual(struct bm_pack *p, struct bm_pack_part part[BM_PACK_VIRTUAL_PARTS],
                    uint8_t head[BM_PACK_VIRTUAL_HEAD], const uint8_t *program, size_t len,
                    struct bm_diag *diag);

#endif
