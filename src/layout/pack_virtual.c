/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/pack_virtual.h"

#include <string.h>

#include "base/base.h"
#include "base/le.h"
#include "birthmark/app.h"
#include "layout/elf.h"
#include "part/app_chip.h"
#include "part/app_fmt.h"

enum {
    E_CLASS = 4,
    E_DATA = 5,
    E_TYPE = 16,
    E_MACHINE = 18,
    E_HEADER = 20,
    CLASS_32 = 1,
    BIG_ENDIAN_DATA = 2,
    EXECUTABLE = 2,
    POSITION_INDEPENDENT = 3,
    ROOM = BM_PACK_SIZE_MAX - 0x10000
};

static uint16_t half(const uint8_t *elf, unsigned at)
{
    const unsigned big = elf[E_DATA] == BIG_ENDIAN_DATA;
    return (uint16_t)((unsigned)elf[at + 1 - big] << 8 | elf[at + big]);
}

static const char *fault(const uint8_t *program, size_t len)
{
    if (len > ROOM) {
        return "over 16 MB: no app image is that large";
    }
    if (len >= 2 && memcmp(program, "#!", 2) == 0) {
        return NULL;
    }
    if (len < E_HEADER || !bm_elf_is(program, len)) {
        return "neither an executable nor a script that begins with #!";
    }
    const uint16_t type = half(program, E_TYPE);
    const uint16_t machine = half(program, E_MACHINE);
    if (type != EXECUTABLE && type != POSITION_INDEPENDENT) {
        return "an ELF file that is not linked: no program";
    }
    if (program[E_CLASS] == CLASS_32 && (machine == BM_ELF_XTENSA || machine == BM_ELF_RISCV)) {
        return "a program for the chip itself, not for the virtual board; leave --virtual away";
    }
    return NULL;
}

/* Where constants are mapped from the flash. */
static uint32_t window(uint16_t id)
{
    const struct bmi_chip *chip = bmi_chip_find(id);
    const struct bmi_range *r = chip->ranges;
    while (r->to != 0 && r->memory != BMI_MEM_DROM && r->memory != BMI_MEM_ROM) {
        r++;
    }
    return r->from;
}

int bm_pack_virtual(struct bm_pack *p, struct bm_pack_part part[BM_PACK_VIRTUAL_PARTS],
                    uint8_t head[BM_PACK_VIRTUAL_HEAD], const uint8_t *program, size_t len,
                    struct bm_diag *diag)
{
    const char *wrong = fault(program, len);
    const uint32_t address = window(p->chip) + BM_APP_HEADER_SIZE + BMI_APP_SEGMENT_HEADER;
    if (wrong != NULL) {
        return bm_diag_set(diag, BM_E_INPUT, 0, NULL, wrong);
    }
    bm_pack_blank_desc(head, BMI_APP_PAGE_LOG2_MAX);
    uint8_t *mark = head + BM_APP_DESC_SIZE;
    memcpy(mark, BMI_AV_MAGIC, BMI_AV_MAGIC_SIZE);
    bm_put_le32(mark + BMI_AV_LENGTH, (uint32_t)len);
    bm_put_le32(mark + BMI_AV_VERSION, BMI_AV_VERSION_1);
    part[0] = (struct bm_pack_part){"", head, address, BM_PACK_VIRTUAL_HEAD};
    part[1] = (struct bm_pack_part){"", program, address + BM_PACK_VIRTUAL_HEAD, (uint32_t)len};
    p->parts = part;
    p->count = BM_PACK_VIRTUAL_PARTS;
    p->entry = part[1].address;
    p->virtual_board = 1;
    p->idf = p->idf != NULL ? p->idf : "virtual board";
    return BM_OK;
}
