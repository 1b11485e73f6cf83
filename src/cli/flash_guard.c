/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "cli/flash_check.h"
#include "layout/app_look.h"
#include "layout/content.h"
#include "layout/flash_params.h"
#include "layout/preflight.h"

enum { HEAD = 64, FLASH_SIZE_NIBBLE = 3 };

struct guard {
    const struct cli_flash *f;
    struct cli_board *b;
    size_t errors;
};

__attribute__((format(printf, 3, 4))) static void refuse(struct guard *g, const char *file,
                                                         const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    cli_error("%s: %s", file, text);
    g->errors++;
}

/* What stands in a file for an offset of flash must be a bootloader. */
static void check_bootloader(struct guard *g, const struct bm_flash_part *p)
{
    const uint32_t place = g->b->info.chip->bootloader_offset;
    const uint32_t table = g->f->parts.plan.table_off;
    struct bm_app_look look;
    if (p->offset >= table || bmi_flash_part_end(p) <= place) {
        return;
    }
    if (p->offset > place) {
        refuse(g, p->file,
               "at 0x%" PRIx32 " it goes into the bootloader, which has 0x%" PRIx32 " to 0x%" PRIx32
               "; --force writes it all the same",
               p->offset, place, table);
        return;
    }
    const size_t at = place - p->offset;
    const struct bm_app_look_opts opts = {(uint32_t)at, 1, -1, 0};
    if (bmi_is_blank(p->data + at, p->len - at < HEAD ? p->len - at : HEAD)) {
        return; /* a flash without one */
    }
    if (bm_app_look(&look, p->data, p->len, &opts) != BM_OK || look.kind == BM_APP_NONE) {
        refuse(g, p->file,
               "is no bootloader, and would overwrite the board's at 0x%" PRIx32
               "; --force writes it all the same",
               place);
    } else if (look.kind == BM_APP_APP) {
        refuse(g, p->file,
               "is an app, and 0x%" PRIx32 " is the bootloader's place: app=%s writes it to the "
               "app's partition",
               place, p->file);
    }
}

static int is_found(const struct cli_flash *f, enum bm_layout_code code, const char *file)
{
    for (size_t i = 0; i < f->findings.count; i++) {
        const struct bm_layout_finding *k = &f->findings.list[i];
        if (k->kind == &bm_layout_kinds[code] && strcmp(k->file, file) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Bytes that might be an encrypted app are none where the board does not decrypt. */
static void check_app(struct guard *g, const struct bm_flash_part *p)
{
    const struct bm_part_table *t = g->f->parts.plan.table;
    const struct bm_app_look_opts opts = {0, 0, -1, 0};
    struct bm_app_look look;
    unsigned i = 0;
    while (t != NULL && i < t->count &&
           (t->part[i].type != BM_PART_APP || t->part[i].offset != p->offset)) {
        i++;
    }
    if (t == NULL || i == t->count || bmi_is_blank(p->data, p->len)) {
        return;
    }
    if (!bmi_is_app(p->data, p->len)) {
        if (g->b->info.flash_encryption == 0 && !is_found(g->f, BM_LF_NOT_AN_APP, p->file)) {
            refuse(g, p->file, "goes into app partition %s, but is no app image", t->part[i].label);
        }
    } else if (bm_app_look(&look, p->data, p->len, &opts) == BM_OK &&
               look.kind == BM_APP_BOOTLOADER && look.boot_idf[0] != '\0') {
        refuse(g, p->file, "is a bootloader, and would be written into app partition %s",
               t->part[i].label);
    }
}

/* Flash encryption and secure boot refuse plain and unsigned bytes at the next start. */
static void check_security(struct guard *g, const struct bm_flash_part *p)
{
    const struct bm_link_info *info = &g->b->info;
    if (info->secure_boot == 1 && p->offset < g->f->parts.plan.table_off) {
        refuse(g, p->file,
               "the board has secure boot on: with another bootloader it may never start again");
    }
    if (info->flash_encryption == 1 && bmi_is_app(p->data, p->len)) {
        refuse(g, p->file,
               "the board's flash is encrypted, and this image is not: it would not start");
    }
}

/* The flash size that the bootloader goes by: of the file, or of the board; 0: not known. */
static uint32_t header_size(const struct guard *g, const char **file)
{
    const uint32_t place = g->b->info.chip->bootloader_offset;
    const struct bm_flash_part *p = bmi_plan_at(&g->f->parts.plan, place);
    uint8_t head[HEAD];
    const uint8_t *h = head;
    if (p != NULL && bmi_flash_part_end(p) - place >= HEAD) {
        h = p->data + (place - p->offset);
        *file = p->file;
    } else if (g->b->info.secure_download ||
               bm_link_read(g->b->link, place, head, sizeof head, NULL) != BM_OK) {
        return 0;
    }
    const unsigned number = h[FLASH_SIZE_NIBBLE] >> 4;
    return bmi_is_app(h, HEAD) && bm_flash_size_name((uint8_t)number) != NULL
               ? UINT32_C(1024) * 1024 << number
               : 0;
}

/* The bootloader refuses a table with a partition beyond the size in its own header. */
static void check_table(struct guard *g)
{
    const struct bm_flash_plan *plan = &g->f->parts.plan;
    const struct bm_flash_part *p = bmi_plan_at(plan, plan->table_off);
    const char *file = "the bootloader on the board";
    const struct bm_part *last = NULL;
    if (plan->table == NULL ||
        (p == NULL && bmi_plan_at(plan, g->b->info.chip->bootloader_offset) == NULL)) {
        return;
    }
    for (unsigned i = 0; i < plan->table->count; i++) {
        const struct bm_part *q = &plan->table->part[i];
        if (last == NULL || q->offset + (uint64_t)q->size > last->offset + (uint64_t)last->size) {
            last = q;
        }
    }
    const uint64_t end = last != NULL ? last->offset + (uint64_t)last->size : 0;
    const uint32_t named = header_size(g, &file);
    if (plan->flash_size != 0 && end > plan->flash_size) {
        refuse(g, p != NULL ? p->file : file,
               "partition %s ends at 0x%" PRIx64 ", beyond the board's flash of 0x%" PRIx32,
               last != NULL ? last->label : "", end, plan->flash_size);
    } else if (named != 0 && end > named) {
        refuse(g, file,
               "names a flash of %" PRIu32 " MB, and refuses a table whose partition %s ends at "
               "0x%" PRIx64 "; write the bootloader with --flash-size detect",
               named / (1024 * 1024), last != NULL ? last->label : "", end);
    }
}

size_t cli_flash_guard(const struct cli_flash *f, struct cli_board *b)
{
    struct guard g = {f, b, 0};
    for (size_t i = 0; i < f->parts.plan.count; i++) {
        const struct bm_flash_part *p = &f->parts.list[i];
        if (p->placed && p->len > 0) {
            check_bootloader(&g, p);
            check_app(&g, p);
            check_security(&g, p);
        }
    }
    check_table(&g);
    return g.errors;
}
