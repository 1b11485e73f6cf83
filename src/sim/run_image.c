/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/run_image.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/le.h"
#include "part/app_virtual.h"

enum { HEAD = 20, E_DATA = 5, E_MACHINE = 18, BIG_ENDIAN_DATA = 2 }; /* of an ELF file */

static int is_real(const struct bm_app *app, struct bm_diag *diag)
{
    char text[120];
    const char *name = bm_app_chip_name(app->chip);
    (void)snprintf(text, sizeof text,
                   "this image holds code for %s%s, which the virtual board cannot run",
                   name != NULL ? "the " : "", name != NULL ? name : "an unknown chip");
    return bm_diag_set(diag, BM_E_TYPE, 0, NULL, text);
}

static int is_empty(struct bm_diag *diag)
{
    return bm_diag_set(diag, BM_E_CORRUPT, 0, NULL,
                       "this image is for the virtual board, but holds no program");
}

static int know(struct bm_sim_image *out, const uint8_t head[HEAD], struct bm_diag *diag)
{
    if (memcmp(head, "\177ELF", 4) == 0) {
        const unsigned big = head[E_DATA] == BIG_ENDIAN_DATA;
        out->kind = BM_SIM_IMAGE_ELF;
        out->machine = (uint16_t)((unsigned)head[E_MACHINE + 1 - big] << 8 | head[E_MACHINE + big]);
        return BM_OK;
    }
    out->kind = BM_SIM_IMAGE_SCRIPT;
    return memcmp(head, "#!", 2) == 0 ? BM_OK : is_empty(diag);
}

int bm_sim_image_find(struct bm_sim_image *out, const struct bm_flash *flash, uint32_t image,
                      const struct bm_app *app, struct bm_diag *diag)
{
    uint8_t mark[BMI_AV_HEADER];
    uint8_t head[HEAD] = {0};
    const struct bm_app_segment *s = &app->segment[0];
    memset(out, 0, sizeof *out);
    if (!app->has_desc || s->size < BM_APP_DESC_SIZE + BMI_AV_HEADER) {
        return is_real(app, diag);
    }
    if (flash->ops->read(flash->ctx, image + s->off + BM_APP_DESC_SIZE, mark, sizeof mark) !=
        BM_OK) {
        return bm_diag_set(diag, BM_E_IO, image, NULL, "the flash cannot be read");
    }
    if (memcmp(mark, BMI_AV_MAGIC, BMI_AV_MAGIC_SIZE) != 0) {
        return is_real(app, diag);
    }
    out->off = s->off + BM_APP_DESC_SIZE + BMI_AV_HEADER;
    out->size = bm_get_le32(mark + BMI_AV_LENGTH);
    if (bm_get_le32(mark + BMI_AV_VERSION) != BMI_AV_VERSION_1 || out->size < 2 ||
        out->size > s->size - BM_APP_DESC_SIZE - BMI_AV_HEADER) {
        return is_empty(diag);
    }
    if (flash->ops->read(flash->ctx, image + out->off, head,
                         out->size < HEAD ? out->size : (uint32_t)HEAD) != BM_OK) {
        return bm_diag_set(diag, BM_E_IO, image, NULL, "the flash cannot be read");
    }
    return know(out, head, diag);
}

const char *bm_sim_image_machine(uint16_t machine)
{
    /* Their numbers in ELF files: the System V ABI's registry. */
    static const struct {
        uint16_t machine;
        const char *name;
    } names[] = {{3, "32-bit x86"},  {8, "MIPS"},       {21, "PowerPC64"}, {22, "S/390"},
                 {40, "32-bit Arm"}, {62, "x86-64"},    {94, "Xtensa"},    {183, "AArch64"},
                 {243, "RISC-V"},    {258, "LoongArch"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].machine == machine) {
            return names[i].name;
        }
    }
    return NULL;
}
