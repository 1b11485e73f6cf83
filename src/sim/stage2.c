/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/le.h"
#include "birthmark/boot.h"
#include "part/app_fmt.h"
#include "sim/core.h"

/* The second-stage bootloader: what ESP-IDF's does, in its order and the form of its log
 * (bootloader_support: bootloader_utility.c, flash_partitions.c, esp_image_format.c). The decision
 * is birthmark/boot.h's. */

enum { LOG_STEP_MS = 4, RESTART_US = 100000, BUFFER = 4096 };

static void say(struct bm_sim *sim, char level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(struct bm_sim *sim, char level, const char *format, ...)
{
    char text[200];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    sim->log_ms += LOG_STEP_MS;
    sim_print(sim, "%c (%u) %s\r\n", level, sim->log_ms, text);
}

static void restart(struct bm_sim *sim)
{
    sim->state = BM_SIM_HUNG;
    sim_reset_in(sim, RESTART_US, BM_SIM_SYSTEM);
}

struct usage {
    uint8_t type, subtype;
    const char *text;
};

static const char *usage_of(const struct bm_part *part)
{
    static const struct usage list[] = {
        {BM_PART_APP, BM_PART_APP_FACTORY, "factory app"},
        {BM_PART_APP, BM_PART_APP_TEST, "test app"},
        {BM_PART_DATA, BM_PART_DATA_OTA, "OTA data"},
        {BM_PART_DATA, BM_PART_DATA_PHY, "RF data"},
        {BM_PART_DATA, BM_PART_DATA_NVS, "WiFi data"},
        {BM_PART_DATA, BM_PART_DATA_NVS_KEYS, "NVS keys"},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        if (list[i].type == part->type && list[i].subtype == part->subtype) {
            return list[i].text;
        }
    }
    return part->type == BM_PART_APP    ? "OTA app"
           : part->type == BM_PART_DATA ? "Unknown data"
                                        : "Unknown";
}

static void show_table(struct bm_sim *sim)
{
    say(sim, 'I', "boot: Partition Table:");
    say(sim, 'I', "boot: ## Label            Usage          Type ST Offset   Length");
    for (unsigned i = 0; i < sim->table->count; i++) {
        const struct bm_part *p = &sim->table->part[i];
        say(sim, 'I', "boot: %2u %-16s %-16s %02x %02x %08x %08x", i, p->label, usage_of(p),
            p->type, p->subtype, (unsigned)p->offset, (unsigned)p->size);
    }
    say(sim, 'I', "boot: End of partition table");
}

/* Why the table is refused. */
static void explain_table(struct bm_sim *sim)
{
    const struct bm_flash *flash = sim->config.flash;
    uint8_t row[2] = {0};
    (void)flash->ops->read(flash->ctx, sim->config.table_off, row, sizeof row);
    const unsigned magic = bm_get_le16(row);
    if (magic == 0x50aa) {
        say(sim, 'E', "flash_parts: Incorrect MD5 checksum");
    } else {
        say(sim, 'E', "flash_parts: partition 0 invalid magic number 0x%x", magic);
    }
}

/* A row that lies beyond the size in the bootloader's header, or NULL. */
static const struct bm_part *beyond(const struct bm_part_table *table, uint32_t size)
{
    for (unsigned i = 0; i < table->count; i++) {
        const struct bm_part *p = &table->part[i];
        if (p->offset > size || p->size > size - p->offset) {
            return p;
        }
    }
    return NULL;
}

static int load_table(struct bm_sim *sim, uint32_t flash_size)
{
    const struct bm_part *bad = NULL;
    const int rc =
        bm_part_table_read(sim->table, sim->config.flash, sim->config.table_off, &sim->md5, NULL);
    if (rc != BM_OK) {
        explain_table(sim);
    } else {
        bad = beyond(sim->table, flash_size);
    }
    if (bad != NULL) {
        say(sim, 'E',
            "flash_parts: partition %u invalid - offset 0x%x size 0x%x exceeds flash chip size "
            "0x%x",
            (unsigned)(bad - sim->table->part), (unsigned)bad->offset, (unsigned)bad->size,
            (unsigned)flash_size);
    }
    if (rc != BM_OK || bad != NULL) {
        say(sim, 'E', "boot: Failed to verify partition table");
        say(sim, 'E', "boot: load partition table error!");
        return 0;
    }
    show_table(sim);
    return 1;
}

/* "OTA app partition slot 1", as the log calls it. */
static void name_index(char out[40], int index)
{
    if (index >= 0) {
        (void)snprintf(out, 40, "OTA app partition slot %d", index);
    } else {
        (void)snprintf(out, 40, "%s app partition", index == BM_BOOT_FACTORY ? "Factory" : "Test");
    }
}

static void explain_revision(struct bm_sim *sim)
{
    const unsigned revision = sim->config.revision;
    const int is_old = revision < sim->app.min_chip_rev;
    const unsigned limit = is_old ? sim->app.min_chip_rev : sim->app.max_chip_rev;
    say(sim, 'E', "boot_comm: Image requires chip rev %s v%u.%u, but chip is v%u.%u",
        is_old ? ">=" : "<=", limit / 100, limit % 100, revision / 100, revision % 100);
}

/* A whole image that cannot be loaded: for another chip, another revision, or another memory. */
static void explain_refusal(struct bm_sim *sim)
{
    const struct bm_app *a = &sim->app;
    if (a->chip != sim->config.chip->image_id) {
        say(sim, 'E', "boot_comm: mismatch chip ID, expected %d, found %u",
            sim->config.chip->image_id, a->chip);
    } else if (!bmi_app_takes_rev(a->min_chip_rev, a->max_chip_rev, sim->config.revision)) {
        explain_revision(sim);
    } else {
        say(sim, 'E', "esp_image: a segment has a bad load address range");
    }
}

/* What is wrong with an image, in the words of who looks at it. */
static void explain_image(struct bm_sim *sim, int index)
{
    const struct bm_part *part = bm_boot_part(sim->table, index);
    const struct bm_flash *flash = sim->config.flash;
    struct bm_diag diag = {0};
    uint8_t buffer[1024];
    uint8_t first = 0;
    if (part == NULL || part->size > flash->size - part->offset) {
        return;
    }
    (void)flash->ops->read(flash->ctx, part->offset, &first, 1);
    if (part->size > BMI_APP_SLOT_MAX) {
        say(sim, 'E', "esp_image: partition size 0x%x invalid, larger than 16MB",
            (unsigned)part->size);
    } else if (first != BMI_APP_MAGIC) {
        say(sim, 'E', "esp_image: image at 0x%x has invalid magic byte (nothing flashed here?)",
            (unsigned)part->offset);
    } else if (bm_app_verify(&sim->app, flash, part->offset, part->size, &sim->sha256, buffer,
                             sizeof buffer, &diag) != BM_OK) {
        say(sim, 'E', "esp_image: %s", diag.text);
    } else {
        explain_refusal(sim);
    }
}

/* Lines of the steps that ESP-IDF's log speaks of. */
static const struct {
    uint8_t code;
    char level;
    uint8_t named; /* 1: behind the name of the partition */
    const char *text;
} lines[] = {
    {BM_BOOT_OTADATA_SMALL, 'E', 0, "ota_info partition size is too small"},
    {BM_BOOT_DAMAGED, 'E', 0, "ota data partition invalid, falling back to factory"},
    {BM_BOOT_FACTORY_RESET, 'I', 0, "Detect a condition of the factory reset"},
    {BM_BOOT_TEST_PIN, 'I', 0, "Detect a boot condition of the test firmware"},
    {BM_BOOT_IMAGE_BAD, 'E', 1, " is not bootable"},
    {BM_BOOT_SLOT_MISSING, 'E', 1, " is not in the partition table"},
    {BM_BOOT_NOTHING, 'E', 0, "No bootable app partitions in the partition table"},
};

static void show_step(struct bm_sim *sim, const struct bm_boot_step *step)
{
    char name[40];
    name_index(name, step->index);
    if (step->code == BM_BOOT_NO_RECORD) {
        say(sim, 'I', "boot: %s",
            step->index == BM_BOOT_FACTORY ? "Defaulting to factory image"
                                           : "No factory image, trying OTA 0");
    } else if (step->code == BM_BOOT_IMAGE_BAD) {
        explain_image(sim, step->index);
    }
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (lines[i].code == step->code) {
            say(sim, lines[i].level, "boot: %s%s", lines[i].named ? name : "", lines[i].text);
        }
    }
}

static int decide(struct bm_sim *sim, struct bm_boot *boot)
{
    uint8_t buffer[BUFFER];
    struct bm_otadata records;
    struct bm_flash region;
    struct bm_flash_window window;
    const uint16_t revision = (uint16_t)sim->config.revision;
    struct bm_boot_flash ask = {.chip = sim->config.flash,
                                .sha256 = &sim->sha256,
                                .buf = buffer,
                                .buf_len = sizeof buffer,
                                .chip_id = sim->config.chip->image_id,
                                .revision = &revision};
    const struct bm_boot_config config = {.rollback = (uint8_t)(sim->config.rollback != 0)};
    const struct bm_part *otadata = bm_boot_otadata(sim->table);
    const int have = otadata != NULL &&
                     bm_part_region(&region, &window, sim->config.flash, otadata) == BM_OK &&
                     region.size >= BM_OTADATA_SIZE && bm_otadata_read(&records, &region) == BM_OK;
    int rc =
        bm_boot_decide(boot, sim->table, have ? &records : NULL, bm_boot_ask_flash, &ask, &config);
    if (rc == BM_OK && have && boot->writes > 0) {
        rc = bm_boot_apply(boot, &region);
    }
    return rc;
}

/* The chosen image as it is loaded. */
static void load(struct bm_sim *sim, const struct bm_part *part)
{
    if (bm_app_read(&sim->app, sim->config.flash, part->offset, part->size, NULL) != BM_OK) {
        restart(sim);
        return;
    }
    for (unsigned i = 0; i < sim->app.segments; i++) {
        const struct bm_app_segment *s = &sim->app.segment[i];
        const enum bm_chip_memory kind = bm_chip_memory_at(sim->config.chip, s->load);
        say(sim, 'I', "esp_image: segment %u: paddr=%08x vaddr=%08x size=%05xh (%6u) %s", i,
            (unsigned)(part->offset + s->off), (unsigned)s->load, (unsigned)s->size,
            (unsigned)s->size,
            kind == BM_MEMORY_DROM || kind == BM_MEMORY_IROM ? "map"
            : kind == BM_MEMORY_END                          ? ""
                                                             : "load");
    }
    say(sim, 'I', "boot: Loaded app from partition at offset 0x%x", (unsigned)part->offset);
    sim_app_start(sim, part);
}

void sim_stage2(struct bm_sim *sim, uint32_t flash_size)
{
    struct bm_boot boot;
    say(sim, 'I', "boot: birthmark's virtual 2nd stage bootloader, in the place of ESP-IDF's");
    say(sim, 'I', "boot: chip revision: v%u.%u", sim->config.revision / 100,
        sim->config.revision % 100);
    say(sim, 'I', "boot.%s: SPI Flash Size : %uMB", sim->config.chip->id_name,
        (unsigned)(flash_size >> 20));
    if (!load_table(sim, flash_size)) {
        restart(sim);
        return;
    }
    if (decide(sim, &boot) != BM_OK) {
        say(sim, 'E', "boot: the flash cannot be read or written");
        restart(sim);
        return;
    }
    for (unsigned i = 0; i < boot.steps; i++) {
        show_step(sim, &boot.step[i]);
    }
    if (boot.part == NULL) {
        restart(sim);
        return;
    }
    load(sim, boot.part);
}
