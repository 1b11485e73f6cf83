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
    ESP32_C3 = 5
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
    return BM_OK;
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
    return rc;
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
    /* what bootloaders before ESP-IDF 5 read: the minor revision on the C3, else the major one */
    h[BMI_AH_MIN_REV_OLD] =
        (uint8_t)(p->chip == ESP32_C3 ? p->min_chip_rev % 100 : p->min_chip_rev / 100);
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
    return rc;
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
