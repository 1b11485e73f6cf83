/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/packer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "birthmark/app.h"
#include "part/app_fmt.h"

/* esptool pads each part to 4 bytes, and then joins those that touch, in the order of the ELF file,
 * if they lie in the same memory. */
enum { WORD = 4 };

/* Sections of a bootloader's description, and of an app's. */
#define BOOT_DESC ".dram0.bootdesc"
#define APP_DESC  ".flash.appdesc"

static uint32_t padded(uint32_t size)
{
    return (size + WORD - 1) / WORD * WORD;
}

static int check_sizes(struct packer *k, size_t *total)
{
    *total = 0;
    if (k->p->count == 0) {
        PACK_SAY(k, BM_IMAGE_ERROR, "there is nothing in it to load into a chip");
        return BM_E_INPUT;
    }
    if (k->p->count > BM_PACK_PARTS_MAX) {
        PACK_SAY(k, BM_IMAGE_ERROR, "it has over %d parts", BM_PACK_PARTS_MAX);
        return BM_E_INPUT;
    }
    for (size_t i = 0; i < k->p->count; i++) {
        const struct bm_pack_part *part = &k->p->parts[i];
        if (part->size >= BM_PACK_SIZE_MAX || *total >= BM_PACK_SIZE_MAX) {
            PACK_SAY(k, BM_IMAGE_ERROR, "over 16 MB: no chip loads that much");
            return BM_E_INPUT;
        }
        *total += padded(part->size);
    }
    return BM_OK;
}

static int same_memory(const struct packer *k, uint32_t a, uint32_t b)
{
    const uint32_t *seam = k->chip->seam;
    return bmi_chip_range(k->chip, a) == bmi_chip_range(k->chip, b) &&
           (a < seam[0]) == (b < seam[0]) && (a < seam[1]) == (b < seam[1]);
}

/* Copies the parts into the arena and joins them. */
static int gather(struct packer *k, struct packer_list *all)
{
    size_t total;
    int rc = check_sizes(k, &total);
    if (rc != BM_OK) {
        return rc;
    }
    k->arena = calloc(total, 1);
    if (k->arena == NULL) {
        return BM_E_NOMEM;
    }
    uint8_t *at = k->arena;
    uint32_t before = 0;
    for (size_t i = 0; i < k->p->count; i++) {
        const struct bm_pack_part *part = &k->p->parts[i];
        const uint32_t size = padded(part->size);
        struct packer_segment *last = all->count > 0 ? &all->seg[all->count - 1] : NULL;
        memcpy(at, part->data, part->size);
        if (last != NULL && last->address + last->size == part->address &&
            same_memory(k, before, part->address)) {
            last->size += size;
        } else {
            all->seg[all->count++] = (struct packer_segment){part->address, at, size, part->name};
        }
        before = part->address;
        at += size;
    }
    return BM_OK;
}

static int by_address(const void *a, const void *b)
{
    const struct packer_segment *x = a;
    const struct packer_segment *y = b;
    if (x->address != y->address) {
        return x->address < y->address ? -1 : 1;
    }
    return x->data < y->data ? -1 : 1; /* the arena keeps the order of the parts */
}

static int check_overlap(struct packer *k, const struct packer_list *all)
{
    for (size_t i = 1; i < all->count; i++) {
        const struct packer_segment *a = &all->seg[i - 1];
        const struct packer_segment *b = &all->seg[i];
        if (b->address - a->address < a->size) {
            /* overlays of an ELF file: the last one is what the chip finds */
            const int overlay = k->p->elf_sha256 != NULL;
            PACK_SAY(k, overlay ? BM_IMAGE_WARNING : BM_IMAGE_ERROR,
                     "%s at 0x%08" PRIx32 " lies over %s at 0x%08" PRIx32
                     "; give each its own addresses",
                     b->name[0] != '\0' ? b->name : "a part", b->address,
                     a->name[0] != '\0' ? a->name : "a part", a->address);
            if (!overlay) {
                return BM_E_INPUT;
            }
        }
    }
    return BM_OK;
}

static void warn_of_memory(struct packer *k, const struct packer_segment *s)
{
    const enum bmi_memory m = bmi_chip_memory(k->chip, s->address);
    const struct bmi_range *r = bmi_chip_range(k->chip, s->address);
    if (m == BMI_MEM_UNKNOWN || m == BMI_MEM_PADDING) {
        PACK_SAY(k, BM_IMAGE_WARNING,
                 "0x%08" PRIx32 " is no memory of the %s that is loaded or mapped%s", s->address,
                 k->chip->name, m == BMI_MEM_UNKNOWN ? "; the bootloader will refuse it" : "");
    } else if (s->size > r->to - s->address) {
        PACK_SAY(k, BM_IMAGE_WARNING,
                 "0x%08" PRIx32 " and what follows, %" PRIu32 " bytes, goes beyond the %s's %s",
                 s->address, s->size, k->chip->name, bmi_memory_name(m));
    }
}

static int starts_with_desc(const struct packer_segment *s)
{
    return s->size >= BM_APP_DESC_SIZE && bm_get_le32(s->data) == BMI_APP_DESC_MAGIC;
}

static void move_to_front(struct packer_list *list, size_t i)
{
    const struct packer_segment s = list->seg[i];
    memmove(&list->seg[1], &list->seg[0], i * sizeof s);
    list->seg[0] = s;
}

/* 1 if a part has the name of ESP-IDF's section of the description. */
static int names_desc(const struct packer *k)
{
    size_t i = 0;
    while (i < k->p->count && strstr(k->p->parts[i].name, APP_DESC) == NULL) {
        i++;
    }
    return i < k->p->count;
}

static void put_named_first(struct packer_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->seg[i].name, name) == 0) {
            move_to_front(list, i);
            return;
        }
    }
}

/* The description of the app, or of the bootloader, leads; ESP-IDF looks for it there. */
static void put_desc_first(struct packer *k)
{
    put_named_first(&k->mapped, APP_DESC);
    put_named_first(&k->ram, BOOT_DESC);
    for (size_t i = 0; !names_desc(k) && i < k->mapped.count; i++) {
        if (starts_with_desc(&k->mapped.seg[i])) {
            move_to_front(&k->mapped, i);
            return;
        }
    }
}

int bmi_pack_has_desc(const struct packer *k)
{
    return k->mapped.count > 0 && starts_with_desc(&k->mapped.seg[0]);
}

/* The page as the description, or an option, says it; 0 if they do not. */
static unsigned page_said(const struct packer *k)
{
    if (k->p->page_log2 != 0 || !bmi_pack_has_desc(k)) {
        return k->p->page_log2;
    }
    const unsigned said = k->mapped.seg[0].data[BMI_AD_PAGE];
    return said >= k->chip->page_log2_min && said <= BMI_APP_PAGE_LOG2_MAX ? said : 0;
}

/* Bytes of a page of which nothing is said: by the description's place, or else 64 KB. */
static uint32_t page_guessed(const struct packer *k)
{
    unsigned log2 = BMI_APP_PAGE_LOG2_MAX;
    if (bmi_pack_has_desc(k)) {
        const struct packer_segment *s = &k->mapped.seg[0];
        const uint32_t start = s->address - BM_APP_HEADER_SIZE - BMI_APP_SEGMENT_HEADER;
        while (log2 > k->chip->page_log2_min && start % (1u << log2) != 0) {
            log2--;
        }
        if (start % (1u << log2) != 0) {
            log2 = BMI_APP_PAGE_LOG2_MAX;
        }
    }
    return 1u << log2;
}

/* 1 if a page of a takes the same entry of the page table as one of b. */
static int share_page(const struct packer *k, const struct packer_segment *a,
                      const struct packer_segment *b)
{
    const int one_range =
        bmi_chip_range(k->chip, a->address) == bmi_chip_range(k->chip, b->address);
    const uint32_t page = one_range ? k->page : k->entry;
    const uint32_t mask = k->chip->shared_mmu != 0 ? k->chip->shared_mmu : UINT32_MAX;
    const uint32_t at_a = a->address & mask;
    const uint32_t at_b = b->address & mask;
    return at_a / page <= (at_b + b->size - 1) / page && at_b / page <= (at_a + a->size - 1) / page;
}

static int check_pair(struct packer *k, const struct packer_segment *a,
                      const struct packer_segment *b)
{
    if (!share_page(k, a, b)) {
        return BM_OK;
    }
    if (bmi_chip_range(k->chip, a->address) == bmi_chip_range(k->chip, b->address)) {
        PACK_SAY(k, BM_IMAGE_ERROR,
                 "0x%08" PRIx32 " and 0x%08" PRIx32 " lie in one page of %" PRIu32
                 " KB of mapped flash; join them in the linker script",
                 a->address, b->address, k->page / 1024);
    } else {
        PACK_SAY(k, BM_IMAGE_ERROR,
                 "0x%08" PRIx32 " and 0x%08" PRIx32
                 " need the same entry of the %s's page table; move one by %" PRIu32 " KB",
                 a->address, b->address, k->chip->name, k->entry / 1024);
    }
    return BM_E_INPUT;
}

static int check_mapped(struct packer *k)
{
    int rc = BM_OK;
    for (size_t i = 0; rc == BM_OK && i < k->mapped.count; i++) {
        const struct packer_segment *a = &k->mapped.seg[i];
        if (a->address % WORD != 0) {
            PACK_SAY(k, BM_IMAGE_ERROR, "0x%08" PRIx32 " is not a multiple of 4", a->address);
            rc = BM_E_INPUT;
        }
        for (size_t j = i + 1; rc == BM_OK && j < k->mapped.count; j++) {
            rc = check_pair(k, a, &k->mapped.seg[j]);
        }
    }
    return rc;
}

/* A text of the description, not ended by a NUL if it fills its room. */
static void put_text(uint8_t *at, const char *text)
{
    const size_t len = strlen(text);
    memset(at, 0, BMI_AD_TEXT);
    memcpy(at, text, len < BMI_AD_TEXT ? len : BMI_AD_TEXT);
}

/* 1 if the description will stand at offset 32 of the image. */
static int desc_leads(const struct packer *k)
{
    return bmi_pack_has_desc(k) &&
           k->mapped.seg[0].address % k->page == BM_APP_HEADER_SIZE + BMI_APP_SEGMENT_HEADER;
}

static int fill_desc(struct packer *k)
{
    static const uint8_t blank[32];
    const struct bm_pack *p = k->p;
    const char *const text[] = {p->version, p->project, p->idf};
    static const size_t at[] = {BMI_AD_VERSION, BMI_AD_PROJECT, BMI_AD_IDF};
    k->sha256_by_offset = p->elf_sha256 != NULL && names_desc(k) && !desc_leads(k);
    if (!bmi_pack_has_desc(k)) {
        if (p->secure_version < 0 && text[0] == NULL && text[1] == NULL && text[2] == NULL) {
            return BM_OK;
        }
        PACK_SAY(k, BM_IMAGE_ERROR,
                 "it has no app description to write a version into; see --desc");
        return BM_E_INPUT;
    }
    if (!desc_leads(k)) {
        PACK_SAY(k, BM_IMAGE_WARNING,
                 "the app description is at 0x%08" PRIx32
                 ", and can lead the image only from 0x20 behind the start of a page; an OTA "
                 "client sees no version",
                 k->mapped.seg[0].address);
    }
    uint8_t *desc = k->mapped.seg[0].data;
    for (size_t i = 0; i < 3; i++) {
        if (text[i] != NULL) {
            put_text(desc + at[i], text[i]);
        }
    }
    if (p->secure_version >= 0) {
        bm_put_le32(desc + BMI_AD_SECURE, (uint32_t)p->secure_version);
    }
    if (p->elf_sha256 != NULL && !k->sha256_by_offset) {
        if (memcmp(desc + BMI_AD_ELF_SHA256, blank, sizeof blank) == 0) {
            memcpy(desc + BMI_AD_ELF_SHA256, p->elf_sha256, sizeof blank);
        } else {
            PACK_SAY(k, BM_IMAGE_WARNING,
                     "its description holds a SHA-256 of the ELF file already, which is kept");
        }
    }
    return BM_OK;
}

/* ESP-IDF's bootloader maps one segment of constants and one of program. */
static void warn_of_mapped(struct packer *k)
{
    unsigned of[BMI_MEM_RTC + 1] = {0};
    for (size_t i = 0; i < k->mapped.count; i++) {
        of[bmi_chip_memory(k->chip, k->mapped.seg[i].address)]++;
    }
    if (of[BMI_MEM_DROM] > 1 || of[BMI_MEM_IROM] > 1 || of[BMI_MEM_ROM] > 2) {
        PACK_SAY(k, BM_IMAGE_WARNING,
                 "%zu segments are mapped from the flash, and ESP-IDF's bootloader maps one of "
                 "constants and one of program; join sections in the linker script",
                 k->mapped.count);
    }
    if (of[BMI_MEM_ROM] == 1) {
        PACK_SAY(
            k, BM_IMAGE_WARNING,
            "one segment is mapped from the flash, and on this chip ESP-IDF's bootloader wants "
            "two, of constants and of program");
    }
    if (of[BMI_MEM_DROM] > 0 && of[BMI_MEM_IROM] == 0) {
        PACK_SAY(k, BM_IMAGE_WARNING,
                 "no segment of program is mapped from the flash (IROM); ESP-IDF's bootloader "
                 "stops at such an image");
    }
    if (k->mapped.count == 0 && strcmp(k->ram.seg[0].name, BOOT_DESC) != 0) {
        PACK_SAY(k, BM_IMAGE_WARNING,
                 "nothing in it is mapped from the flash: a bootloader, or a program for the RAM");
    } else if (k->mapped.count > 0 && !bmi_pack_has_desc(k)) {
        PACK_SAY(k, BM_IMAGE_WARNING,
                 "no app description leads the first segment mapped from the flash; an OTA client "
                 "sees no version");
    }
}

int bmi_pack_arrange(struct packer *k)
{
    struct packer_list all;
    all.count = 0;
    int rc = gather(k, &all);
    if (rc == BM_OK && all.count > BM_APP_SEGMENTS_MAX) {
        PACK_SAY(k, BM_IMAGE_ERROR,
                 "%zu segments, and an image may have 16; join sections in the linker script",
                 all.count);
        rc = BM_E_INPUT;
    }
    if (rc != BM_OK) {
        return rc;
    }
    qsort(all.seg, all.count, sizeof all.seg[0], by_address);
    rc = check_overlap(k, &all);
    for (size_t i = 0; rc == BM_OK && i < all.count; i++) {
        const struct packer_segment *s = &all.seg[i];
        struct packer_list *to =
            bmi_memory_is_mapped(bmi_chip_memory(k->chip, s->address)) ? &k->mapped : &k->ram;
        to->seg[to->count++] = *s;
        if (!k->p->virtual_board) {
            warn_of_memory(k, s);
        }
    }
    if (rc == BM_OK) {
        put_desc_first(k);
        const unsigned said = page_said(k);
        k->page = said != 0 ? 1u << said : page_guessed(k);
        k->entry = 1u << (said != 0 ? said : k->chip->page_log2_min);
        rc = check_mapped(k);
    }
    if (rc == BM_OK) {
        rc = fill_desc(k);
    }
    if (rc == BM_OK && !k->p->virtual_board) {
        warn_of_mapped(k);
    }
    return rc;
}
