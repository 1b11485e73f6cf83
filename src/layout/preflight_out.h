/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_LAYOUT_PREFLIGHT_OUT_H
#define BM_LAYOUT_PREFLIGHT_OUT_H

#include <stdio.h>

#include "layout/preflight.h"

struct bm_preflight_report {
    const struct bm_layout_findings *findings;
    const struct bm_held *held; /* what is on the device, if that was looked at */
    size_t held_count;
};

/* Writes a report as text or JSON. Returns BM_OK, BM_E_NOMEM, or BM_E_IO where out failed. */
int bm_preflight_report(const struct bm_preflight_report *report, int json, FILE *out);

#endif
