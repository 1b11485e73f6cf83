/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/up.h"
#include "image/show.h"

static void row(const struct cli_up *u, uint32_t off, const char *size, const char *file)
{
    const struct bm_part_table *t = u->parts.plan.table;
    char label[BM_PART_LABEL_SIZE * 4] = "";
    char name[CLI_PATH_SIZE];
    for (unsigned i = 0; t != NULL && i < t->count; i++) {
        if (t->part[i].offset == off) {
            (void)bmi_show_into(label, sizeof label, t->part[i].label);
        }
    }
    if (t != NULL && off == u->parts.plan.table_off) {
        (void)snprintf(label, sizeof label, "partition table");
    } else if (u->parts.plan.chip != BM_CHIP_UNKNOWN &&
               off == bm_bootloader_offset(u->parts.plan.chip)) {
        (void)snprintf(label, sizeof label, "bootloader");
    }
    printf("   0x%-8" PRIx32 "  %10s  %-16s  %s\n", off, size, label,
           bmi_show_into(name, sizeof name, file));
}

static void files(const struct cli_up *u)
{
    const struct bm_flash_plan *plan = &u->parts.plan;
    char size[24];
    size_t next = 0;
    int own = u->nvs == NULL;
    /* few files: the least offset above the last one, each time */
    for (uint64_t above = 0; next < plan->count || !own; next++) {
        const struct bm_flash_part *least = NULL;
        for (size_t i = 0; i < plan->count; i++) {
            const struct bm_flash_part *p = &plan->parts[i];
            if (p->offset >= above && (least == NULL || p->offset < least->offset)) {
                least = p;
            }
        }
        if (!own && (least == NULL || u->nvs->offset < least->offset)) {
            (void)snprintf(size, sizeof size, "%" PRIu32, u->nvs->size);
            row(u, u->nvs->offset, size, u->image);
            own = 1;
            next--; /* it is none of the build's */
            continue;
        }
        if (least == NULL) {
            return;
        }
        (void)snprintf(size, sizeof size, "%zu", least->len);
        row(u, least->offset, size, least->file);
        above = least->offset + (uint64_t)1;
    }
}

static void commands(const struct cli *c, const struct cli_up *u)
{
    struct up_line line;
    if (u->nvs != NULL) {
        cli_up_generate_line(u, &line);
        cli_up_say(stdout, &line);
    }
    cli_up_flash_line(c, u, &line);
    cli_up_say(stdout, &line);
    if (u->text[UP_NO_MONITOR] == NULL) {
        cli_up_monitor_line(u, &line);
        cli_up_say(stdout, &line);
    }
}

void cli_up_plan(const struct cli *c, const struct cli_up *u, int built)
{
    unsigned n = 1;
    char shown[CLI_PATH_SIZE];
    const char *port = u->port[0] != '\0' ? u->port : "the only board found";
    if (u->command[0] != '\0') {
        printf("%u. build: %s\n", n++, bmi_show_into(shown, sizeof shown, u->command));
    } else {
        printf("%u. build: nothing (%s)\n", n++, u->why_no_build);
    }
    if (u->csv[0] == '\0') {
        printf("%u. values: none (%s)\n", n++,
               u->text[UP_NO_NVS] != NULL ? "--no-nvs" : "no main/nvs.csv, no nvs.csv, no --csv");
    } else if (!built) {
        printf("%u. values: %s becomes %s; its partition is known once all is built\n", n++, u->csv,
               u->image);
    } else if (u->nvs != NULL) {
        printf("%u. values: %s becomes %s, %" PRIu32 " bytes for partition %s at 0x%" PRIx32 "%s\n",
               n++, u->csv, u->image, u->nvs->size, u->nvs->label, u->nvs->offset,
               u->text[UP_TEMPORARY] != NULL ? ", removed in the end" : "");
    } else {
        printf("%u. values: those of the build\n", n++);
    }
    printf("%u. flash: to %s, after a check against what it holds; what is there already is "
           "skipped\n",
           n++, bmi_show_into(shown, sizeof shown, port));
    if (built) {
        files(u);
    }
    if (u->text[UP_NO_MONITOR] == NULL) {
        printf("%u. monitor: reset, and show the log\n", n);
    } else {
        printf("%u. reset\n", n);
    }
    if (built) {
        commands(c, u);
    }
    printf("nothing was done%s\n",
           built ? "" : ": the files are known once all is built (birthmark up builds first)");
}
