/* SPDX-License-Identifier: Apache-2.0 */

/* How good the bootloader finds an image in flash: ESP-IDF's esp_image_format.c and
 * bootloader_common_loader.c, with what is checked only as segments are loaded. */

#include <string.h>

#include "base/le.h"
#include "birthmark/boot.h"
#include "part/app_chip.h"
#include "part/app_fmt.h"

/* Flash is mapped by pages: a partition with something to map must begin with one. bm_app_read()
 * has seen to it that the rest agrees. */
static int begins_page(const struct bmi_chip *chip, const struct bm_app *a, uint32_t off)
{
    if (off % bmi_chip_page(chip, a->desc.mmu_page_log2) == 0) {
        return 1;
    }
    for (unsigned i = 0; i < a->segments; i++) {
        if (bmi_memory_is_mapped(bmi_chip_memory(chip, a->segment[i].load))) {
            return 0;
        }
    }
    return 1;
}

/* What is neither mapped nor skipped is copied: from its first byte to its last it must be memory
 * of one kind. */
static int has_place(const struct bmi_chip *chip, const struct bm_app_segment *s)
{
    const enum bmi_memory kind = bmi_chip_memory(chip, s->load);
    if (s->size == 0 || kind == BMI_MEM_PADDING || bmi_memory_is_mapped(kind)) {
        return 1;
    }
    return kind != BMI_MEM_UNKNOWN && bmi_chip_memory(chip, s->load + (s->size - 1)) == kind;
}

static int can_be_loaded(const struct bm_app *a, uint32_t off)
{
    const struct bmi_chip *chip = bmi_chip_find(a->chip);
    int can = chip == NULL || begins_page(chip, a, off);
    for (unsigned i = 0; chip != NULL && can && i < a->segments; i++) {
        can = has_place(chip, &a->segment[i]);
    }
    return can;
}

static int is_for(const struct bm_app *a, const struct bm_boot_flash *f)
{
    const uint16_t *revision = f->revision;
    if (f->chip_id >= 0 && a->chip != f->chip_id) {
        return 0;
    }
    return revision == NULL || bmi_app_takes_rev(a->min_chip_rev, a->max_chip_rev, *revision);
}

/* The description, looked for before the image is: one of a bad image counts, too. */
static int read_secure_version(const struct bm_flash *chip, const struct bm_part *part,
                               struct bm_boot_image *out)
{
    enum { AT = BM_APP_HEADER_SIZE + BMI_APP_SEGMENT_HEADER, LEN = BMI_AD_SECURE + 4 };
    uint8_t raw[LEN];
    if (chip->size - part->offset < AT + LEN) {
        return BM_OK;
    }
    const int err = chip->ops->read(chip->ctx, part->offset + AT, raw, sizeof raw);
    if (err == BM_OK && bm_get_le32(raw) == BMI_APP_DESC_MAGIC) {
        out->has_desc = 1;
        out->secure_version = bm_get_le32(raw + BMI_AD_SECURE);
    }
    return err;
}

int bm_boot_ask_flash(void *ctx, const struct bm_part *part, struct bm_boot_image *out)
{
    const struct bm_boot_flash *f = ctx;
    struct bm_app app;
    memset(out, 0, sizeof *out);
    if (part->offset > f->chip->size || part->size > f->chip->size - part->offset) {
        return BM_OK;
    }
    int err = read_secure_version(f->chip, part, out);
    if (err != BM_OK || part->size > BMI_APP_SLOT_MAX) {
        return err;
    }
    err =
        bm_app_verify(&app, f->chip, part->offset, part->size, f->sha256, f->buf, f->buf_len, NULL);
    if (err == BM_E_IO || err == BM_E_ARG) {
        return err;
    }
    if ((err == BM_OK || err == BM_E_VERIFY) && can_be_loaded(&app, part->offset) &&
        is_for(&app, f)) {
        out->verdict = err == BM_OK ? BM_BOOT_GOOD : BM_BOOT_UNSOUND;
    }
    return BM_OK;
}
