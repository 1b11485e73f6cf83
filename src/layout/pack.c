/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/pack.h"

#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "birthmark/app.h"
#include "crypto/crypto.h"
#include "layout/packer.h"
#include "part/app_fmt.h"

/* Order and padding are those of esptool (bin_image.py): flash is mapped by pages, so a mapped
 * segment may only stand where its offset in the page is its address's. The room before it takes
 * what goes to RAM anyway, and zeros where there is no more of that. */

enum {
    WP_PIN_NONE = 0xee, /* the boot ROM leaves the pin alone */
    ESP32_LAST_PAGE =
        0x24, /* early bootloaders did not map a last page with less than that in it */
    ESP32 = 0,
    SIGNED_1 = 32 + 4 + 64 + 12, /* SHA-256, version, signature, and what fills 16 up */
    SIGNED_2 = 32,               /* SHA-256; the signature is in a sector of its own */
    ELF_SHA256_AT = BM_APP_HEADER_SIZE + BMI_APP_SEGMENT_HEADER + BMI_AD_ELF_SHA256
};

/* Room for len more bytes, zeroed; NULL if memory is short. */
static uint8_t *grow(struct packer *k, size_t len)
{
    if (len > k->cap - k->len) {
        const size_t cap = (k->len + len) * 2;
        uint8_t *out = realloc(k->out, cap);
        if (out == NULL) {
            return NULL;
        }
        k->out = out;
        k->cap = cap;
    }
    uint8_t *at = k->out + k->len;
    memset(at, 0, len);
    k->len += len;
    return at;
}

/* As esptool, even if there is no description: where the SHA-256 fits into the data of the segment
 * that was put at header, and zeros are. */
static int put_elf_sha256(struct packer *k, size_t header, size_t size)
{
    static const uint8_t blank[BM_SHA256_SIZE];
    if (ELF_SHA256_AT < header || ELF_SHA256_AT >= header + size) {
        return BM_OK;
    }
    if (ELF_SHA256_AT - header < BMI_APP_SEGMENT_HEADER ||
        ELF_SHA256_AT - header + sizeof blank > size ||
        memcmp(k->out + ELF_SHA256_AT, blank, sizeof blank) != 0) {
        PACK_SAY(k, BM_IMAGE_ERROR,
                 "the app description does not lead the image, and at 0x%x, where its SHA-256 of "
                 "the ELF file would be, is no room; place it 0x20 behind the start of a page",
                 (unsigned)ELF_SHA256_AT);
        return BM_E_INPUT;
    }
    memcpy(k->out + ELF_SHA256_AT, k->p->elf_sha256, sizeof blank);
    return BM_OK;
}

/* data: NULL for zeros; tail: zeros behind it. */
static int put_segment(struct packer *k, uint32_t address, const uint8_t *data, uint32_t size,
                       uint32_t tail)
{
    uint8_t *at = grow(k, (size_t)BMI_APP_SEGMENT_HEADER + size + tail);
    if (at == NULL) {
        return BM_E_NOMEM;
    }
    bm_put_le32(at, address);
    bm_put_le32(at + 4, size + tail);
    if (data != NULL) {
        memcpy(at + BMI_APP_SEGMENT_HEADER, data, size);
    }
    k->written++;
    return k->sha256_by_offset ? put_elf_sha256(k, (size_t)(at - k->out), (size_t)size + tail)
                               : BM_OK;
}

/* Data bytes of a segment that has to come before one with this address; 0 if none has to. As in
 * esptool, this can be a page more than would do. */
static uint32_t room_before(const struct packer *k, uint32_t address)
{
    const int64_t page = k->page;
    const int64_t to = (int64_t)(address % k->page) - BMI_APP_SEGMENT_HEADER;
    int64_t room = page - (int64_t)(k->len % k->page) + to;
    if (room == 0 || room == page) {
        return 0;
    }
    room -= BMI_APP_SEGMENT_HEADER;
    return (uint32_t)(room < 0 ? room + page : room);
}

/* Fills room with the next of what goes to RAM, which may be less, or with zeros. */
static int put_filling(struct packer *k, uint32_t room, size_t *next)
{
    struct packer_segment *s = *next < k->ram.count ? &k->ram.seg[*next] : NULL;
    if (s == NULL || room <= BMI_APP_SEGMENT_HEADER) {
        return put_segment(k, 0, NULL, room, 0);
    }
    const uint32_t n = s->size < room ? s->size : room;
    const int rc = put_segment(k, s->address, s->data, n, 0);
    s->address += n;
    s->data += n;
    s->size -= n;
    *next += s->size == 0;
    return rc;
}

static int put_mapped(struct packer *k, const struct packer_segment *s)
{
    const size_t over = (k->len + BMI_APP_SEGMENT_HEADER + s->size) % k->page;
    const uint32_t tail =
        k->chip->id == ESP32 && over < ESP32_LAST_PAGE ? (uint32_t)(ESP32_LAST_PAGE - over) : 0;
    return put_segment(k, s->address, s->data, s->size, tail);
}

/* Zeros, so that the signed image ends with a page: all that is mapped is then verified. */
static int put_secure_pad(struct packer *k)
{
    const size_t signed_end = k->p->secure_pad == 1 ? SIGNED_1 : SIGNED_2;
    const size_t end = k->len + BMI_APP_SEGMENT_HEADER + BMI_APP_SUM_BLOCK + signed_end;
    const size_t over = end % k->page;
    return put_segment(k, 0, NULL, over > 0 ? (uint32_t)(k->page - over) : 0, 0);
}

static int put_segments(struct packer *k)
{
    size_t next = 0;
    int rc = BM_OK;
    for (size_t i = 0; rc == BM_OK && i < k->mapped.count;) {
        const uint32_t room = room_before(k, k->mapped.seg[i].address);
        rc = room > 0 ? put_filling(k, room, &next) : put_mapped(k, &k->mapped.seg[i]);
        i += room == 0;
    }
    for (; rc == BM_OK && next < k->ram.count; next++) {
        const struct packer_segment *s = &k->ram.seg[next];
        rc = put_segment(k, s->address, s->data, s->size, 0);
    }
    return rc == BM_OK && k->p->secure_pad != 0 ? put_secure_pad(k) : rc;
}

static void put_header(struct packer *k)
{
    const struct bm_pack *p = k->p;
    uint8_t *h = k->out;
    h[0] = BMI_APP_MAGIC;
    h[BMI_AH_SEGMENTS] = (uint8_t)k->written;
    h[BMI_AH_MODE] = p->flash_mode;
    h[BMI_AH_SIZE_FREQ] = (uint8_t)(p->flash_size << 4 | p->flash_freq);
    bm_put_le32(h + BMI_AH_ENTRY, p->entry);
    h[BMI_AH_WP_PIN] = WP_PIN_NONE;
    bm_put_le16(h + BMI_AH_CHIP, p->chip);
    h[BMI_AH_MIN_REV_OLD] = p->min_chip_rev_old;
    bm_put_le16(h + BMI_AH_MIN_REV, p->min_chip_rev);
    bm_put_le16(h + BMI_AH_MAX_REV, p->max_chip_rev);
    h[BMI_AH_HAS_HASH] = !p->no_hash;
}

static uint8_t checksum(const uint8_t *image, size_t end)
{
    uint8_t sum = BMI_APP_SUM_SEED;
    for (size_t at = BM_APP_HEADER_SIZE; at < end;) {
        const uint32_t size = bm_get_le32(image + at + 4);
        at += BMI_APP_SEGMENT_HEADER;
        for (uint32_t i = 0; i < size; i++) {
            sum ^= image[at + i];
        }
        at += size;
    }
    return sum;
}

static int put_end(struct packer *k)
{
    const size_t end = k->len;
    if (grow(k, bmi_app_sum_end((uint32_t)end) - end) == NULL) {
        return BM_E_NOMEM;
    }
    k->out[k->len - 1] = checksum(k->out, end);
    if (k->p->no_hash) {
        return BM_OK;
    }
    const size_t len = k->len;
    uint8_t *at = grow(k, BM_SHA256_SIZE);
    return at != NULL ? bm_crypto_sha256(at, k->out, len) : BM_E_NOMEM;
}

static int fill_up(struct packer *k)
{
    const size_t over = k->p->pad_to != 0 ? k->len % k->p->pad_to : 0;
    if (over == 0) {
        return BM_OK;
    }
    uint8_t *at = grow(k, k->p->pad_to - over);
    if (at == NULL) {
        return BM_E_NOMEM;
    }
    memset(at, 0xff, k->p->pad_to - over);
    return BM_OK;
}

static int write_all(struct packer *k)
{
    if (grow(k, BM_APP_HEADER_SIZE) == NULL) {
        return BM_E_NOMEM;
    }
    int rc = put_segments(k);
    if (rc == BM_OK && k->written > BM_APP_SEGMENTS_MAX) {
        PACK_SAY(k, BM_IMAGE_ERROR,
                 "%u segments with the padding, and an image may have 16; join sections in the "
                 "linker script",
                 k->written);
        return BM_E_INPUT;
    }
    if (rc == BM_OK) {
        put_header(k);
        rc = put_end(k);
    }
    return rc == BM_OK ? fill_up(k) : rc;
}

int bm_pack(uint8_t **out, size_t *len, const struct bm_pack *p, struct bm_image_problems *problems)
{
    struct packer *k = calloc(1, sizeof *k);
    *out = NULL;
    *len = 0;
    if (k == NULL) {
        return BM_E_NOMEM;
    }
    k->p = p;
    k->chip = bmi_chip_find(p->chip);
    k->problems = problems;
    int rc = k->chip != NULL ? bmi_pack_arrange(k) : BM_E_ARG;
    if (rc == BM_OK) {
        rc = write_all(k);
    }
    if (rc == BM_OK) {
        *out = k->out;
        *len = k->len;
    } else {
        free(k->out);
    }
    free(k->arena);
    free(k);
    return rc;
}

void bm_pack_blank_desc(uint8_t desc[256], uint8_t page_log2)
{
    memset(desc, 0, BM_APP_DESC_SIZE);
    bm_put_le32(desc, BMI_APP_DESC_MAGIC);
    bm_put_le16(desc + BMI_AD_MAX_BLOCK, 0xffff);
    desc[BMI_AD_PAGE] = page_log2;
}
