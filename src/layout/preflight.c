/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/preflight.h"

#include <stdio.h>
#include <string.h>

#include "layout/assemble.h"
#include "layout/content.h"
#include "layout/preflight_parts.h"

enum { SUB_TEE_OTA = 0x90 };

/* Partitions whose contents a program may keep: all but apps and what is made again. */
static int keeps_data(const struct bm_part *p)
{
    if (p->type == BM_PART_APP || p->type == BM_PART_BOOTLOADER ||
        p->type == BM_PART_PARTITION_TABLE) {
        return 0;
    }
    return p->type != BM_PART_DATA ||
           (p->subtype != BM_PART_DATA_OTA && p->subtype != BM_PART_DATA_PHY &&
            p->subtype != BM_PART_DATA_COREDUMP && p->subtype != SUB_TEE_OTA);
}

/* What happens to a partition's data; NULL: nothing. */
static const char *what_happens(const struct bmi_move *m, const struct bm_part *p, char *text,
                                size_t cap)
{
    const struct bm_part *n = bm_part_find(m->in->to, -1, -1, p->label);
    const struct bm_flash_part *w;
    size_t i = 0;
    if (n == NULL) {
        return "is not in the new table";
    }
    if (n->type != p->type || n->subtype != p->subtype) {
        return "changes its type";
    }
    if (n->offset != p->offset) {
        if (bmi_is_known(m, p) && bmi_is_known(m, n) && bmi_same_bytes(m, p, n)) {
            return NULL; /* carried over */
        }
        (void)snprintf(text, cap, "is moved to 0x%x", (unsigned)n->offset);
        return text;
    }
    if (n->size != p->size) {
        return "changes its size";
    }
    if (m->in->erase_all) {
        return "is erased with all of the flash (--erase-all in flasher_args.json)";
    }
    w = bmi_write_over(m->in, p->offset, p->size, &i);
    if (w != NULL) {
        (void)snprintf(text, cap, "is overwritten by %.80s", w->file);
        return text;
    }
    return NULL;
}

static void check_data(const struct bmi_move *m, const struct bm_part *p)
{
    char text[100];
    const char *why = what_happens(m, p, text, sizeof text);
    if (why != NULL) {
        const int seen = bmi_is_known(m, p) && !m->in->apps_unknown;
        bmi_finding_add(m->fs, seen ? BM_LF_DATA_LOST : BM_LF_DATA_RISK, p->label, NULL,
                        bmi_word_at(p->offset).text, why);
    }
}

/* 1 if there may be something to lose: not where NVS is known to hold no key. */
static int at_stake(const struct bm_preflight *in, const struct bm_part *p)
{
    size_t keys = 0;
    if (!bmi_maybe_used(in, p->offset, p->size)) {
        return 0;
    }
    if (in->flash == NULL || !bmi_is_kind(p, BM_PART_DATA, BM_PART_DATA_NVS) ||
        p->offset > in->flash_len || p->size > in->flash_len - p->offset) {
        return 1;
    }
    return bmi_nvs_kind(in->flash + p->offset, p->size, &keys) != BM_IMAGE_NVS || keys > 0;
}

static void check_part(const struct bmi_move *m, const struct bm_part *p)
{
    if (!at_stake(m->in, p)) {
        return;
    }
    if (bmi_is_kind(p, BM_PART_DATA, BM_PART_DATA_NVS_KEYS)) {
        bmi_move_keys(m, p);
    } else if (bm_holds_identity(p)) {
        bmi_move_identity(m, p);
    } else if (keeps_data(p)) {
        check_data(m, p);
    }
}

/* The files, the new table, and whether they are for this device. */
static void check_plan(const struct bmi_move *m)
{
    const struct bm_preflight *in = m->in;
    struct bm_flash_plan plan = {.chip = BM_CHIP_UNKNOWN};
    if (in->plan != NULL) {
        plan = *in->plan;
    }
    plan.table = in->to;
    plan.table_off = in->to_off;
    plan.table_known = in->from_off == in->to_off && bmi_same_tables(in->from, in->to);
    plan.chip = m->chip != BM_CHIP_UNKNOWN ? m->chip : plan.chip;
    const uint32_t limit = m->after != NULL ? bm_flash_limit(m->after, m->known, in->to_off) : 0;
    if (limit != 0 && (plan.flash_size == 0 || limit < plan.flash_size)) {
        plan.flash_size = limit;
    }
    bm_plan_check(&plan, m->fs);
}

int bm_preflight(const struct bm_preflight *in, struct bm_layout_findings *findings)
{
    struct bmi_move m;
    if (in->from == NULL || in->to == NULL) {
        return BM_E_ARG;
    }
    const int rc = bmi_move_open(&m, in, findings);
    for (unsigned i = 0; rc == BM_OK && i < in->from->count; i++) {
        check_part(&m, &in->from->part[i]);
    }
    if (rc == BM_OK) {
        bmi_preflight_boot(&m);
        check_plan(&m);
    }
    bmi_move_close(&m);
    return rc;
}
