/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LAYOUT_PRESET_H
#define BM_LAYOUT_PRESET_H

/* Partition tables to start from, as CSV. */

struct bm_preset {
    const char *name;
    const char *about; /* one line, lower case */
    const char *csv;
};

/* Ends with a name of NULL. */
extern const struct bm_preset bm_presets[];

/* The preset of this name, or NULL. */
const struct bm_preset *bm_preset_find(const char *name);

#endif
