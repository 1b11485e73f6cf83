/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as an ELF file, packed into an app image for the chip that the first byte says. An
 * image that was made must be whole. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "birthmark/app.h"
#include "layout/app_look.h"
#include "layout/elf.h"
#include "layout/pack.h"
#include "part/app_chip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE_MAX_TRIED = 64 * 1024 };

static void must(int holds)
{
    if (!holds) {
        abort();
    }
}

static void pack(const struct bm_pack *p)
{
    struct bm_image_problems problems = {0};
    uint8_t *image;
    size_t len;
    const int rc = bm_pack(&image, &len, p, &problems);
    must(rc == BM_OK ? problems.errors == 0 : problems.errors == 1 && image == NULL);
    if (rc == BM_OK) {
        struct bm_app_look l;
        const struct bm_app_look_opts o = {.chip = p->chip};
        must(bm_app_look(&l, image, len, &o) == BM_OK);
        must(l.faults == 0 && l.end == len && l.app.entry == p->entry);
        must(l.app.has_hash == !p->no_hash);
    }
    bm_image_problems_free(&problems);
    free(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t sha[32] = {1};
    struct bm_pack_part part[BM_PACK_PARTS_MAX + 1];
    struct bm_elf elf;
    struct bm_elf_part e;
    struct bm_pack p;
    unsigned chips = 1;
    if (size < 2 || size > SIZE_MAX_TRIED) {
        return 0;
    }
    while (bmi_chip_at(chips) != NULL) {
        chips++;
    }
    memset(&p, 0, sizeof p);
    p.chip = bmi_chip_at(data[0] % chips)->id;
    p.no_hash = data[0] / 64 == 1;
    p.version = data[0] / 64 == 2 ? "1" : NULL;
    p.secure_version = -1;
    p.elf_sha256 = sha;
    p.source = "fuzz";
    p.parts = part;
    if (bm_elf_open(&elf, data + 1, size - 1, NULL) != BM_OK) {
        return 0;
    }
    while (p.count <= BM_PACK_PARTS_MAX && bm_elf_next(&elf, &e, NULL) == BM_OK) {
        must(e.size > 0 && e.data >= data && e.size <= size && e.data + e.size <= data + size);
        must(strlen(e.name) < size);
        part[p.count++] = (struct bm_pack_part){e.name, e.data, e.address, e.size};
    }
    p.entry = elf.entry;
    pack(&p);
    return 0;
}
