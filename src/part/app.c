/* SPDX-License-Identifier: Apache-2.0 */
#include "birthmark/app.h"

#include <string.h>

#include "base/base.h"
#include "base/le.h"
#include "part/app_chip.h"
#include "part/app_fmt.h"

/* One image on its way through the checks. */
struct reader {
    const struct bm_flash *flash;
    uint32_t off;  /* of the image in the region */
    uint32_t room; /* bytes that it may have */
    struct bm_diag *diag;
};

static int fail(const struct reader *r, int code, uint32_t at, const char *where, const char *text)
{
    return bm_diag_set(r->diag, code, (uint64_t)r->off + at, where, text);
}

static int read_at(const struct reader *r, uint32_t at, void *buf, uint32_t len)
{
    const int rc = r->flash->ops->read(r->flash->ctx, r->off + at, buf, len);
    return rc == BM_OK ? BM_OK : fail(r, rc, at, "image", "the flash cannot be read");
}

static const char *segment_where(char out[24], unsigned index)
{
    struct bm_text t;
    bm_text_init(&t, out, 24);
    bm_text_str(&t, "segment ");
    bm_text_u64(&t, index);
    return out;
}

/* end: where the part that is missing ends; known: 1 if that is the end of the image. */
static int truncated(const struct reader *r, const char *where, uint32_t end, int known)
{
    char text[160];
    struct bm_text t;
    bm_text_init(&t, text, sizeof text);
    bm_text_str(&t, "truncated: ");
    bm_text_str(&t, known ? "" : "at least ");
    bm_text_u64(&t, end - r->room);
    bm_text_str(&t, end - r->room == 1 ? " byte is" : " bytes are");
    bm_text_str(&t, " missing, there are ");
    bm_text_u64(&t, r->room);
    return fail(r, BM_E_LENGTH, r->room, where, text);
}

static int is_blank(const uint8_t *p, size_t len)
{
    size_t i = 0;
    while (i < len && p[i] == 0xff) {
        i++;
    }
    return i == len;
}

static int read_header(const struct reader *r, struct bm_app *a)
{
    uint8_t raw[BM_APP_HEADER_SIZE] = {0};
    const uint32_t have = r->room < sizeof raw ? r->room : (uint32_t)sizeof raw;
    if (have == 0) {
        return fail(r, BM_E_NOENT, 0, "header", "there are no bytes at all");
    }
    const int rc = read_at(r, 0, raw, have);
    if (rc != BM_OK) {
        return rc;
    }
    if (is_blank(raw, have)) {
        return fail(r, BM_E_NOENT, 0, "header", "blank: there is no image");
    }
    if (raw[0] != BMI_APP_MAGIC) {
        return fail(r, BM_E_CORRUPT, 0, "header", "no app image: it does not begin with 0xe9");
    }
    if (have < sizeof raw) {
        return truncated(r, "header", BM_APP_HEADER_SIZE, 0);
    }
    a->segments = raw[BMI_AH_SEGMENTS];
    a->flash_mode = raw[BMI_AH_MODE];
    a->flash_freq = raw[BMI_AH_SIZE_FREQ] & 0x0f;
    a->flash_size = raw[BMI_AH_SIZE_FREQ] >> 4;
    a->entry = bm_get_le32(raw + BMI_AH_ENTRY);
    a->wp_pin = raw[BMI_AH_WP_PIN];
    a->chip = bm_get_le16(raw + BMI_AH_CHIP);
    a->min_chip_rev = bm_get_le16(raw + BMI_AH_MIN_REV);
    a->max_chip_rev = bm_get_le16(raw + BMI_AH_MAX_REV);
    a->has_hash = raw[BMI_AH_HAS_HASH] != 0;
    if (a->segments == 0) {
        return fail(r, BM_E_CORRUPT, BMI_AH_SEGMENTS, "header", "it has no segments");
    }
    if (a->segments > BM_APP_SEGMENTS_MAX) {
        return fail(r, BM_E_CORRUPT, BMI_AH_SEGMENTS, "header", "it has more than 16 segments");
    }
    return BM_OK;
}

/* Reads the header of segment i at `at`. */
static int read_segment(const struct reader *r, struct bm_app *a, unsigned i, uint32_t at)
{
    uint8_t raw[BMI_APP_SEGMENT_HEADER];
    char where[24];
    struct bm_app_segment *s = &a->segment[i];
    segment_where(where, i);
    if (at > r->room || r->room - at < sizeof raw) {
        return truncated(r, where, at + BMI_APP_SEGMENT_HEADER, 0);
    }
    const int rc = read_at(r, at, raw, sizeof raw);
    if (rc != BM_OK) {
        return rc;
    }
    s->load = bm_get_le32(raw);
    s->size = bm_get_le32(raw + 4);
    s->off = at + BMI_APP_SEGMENT_HEADER;
    if (s->size % 4 != 0) {
        return fail(r, BM_E_CORRUPT, at, where, "its length is not a multiple of 4");
    }
    if (s->size >= BMI_APP_SEGMENT_MAX) {
        return fail(r, BM_E_CORRUPT, at, where, "its length is 16 MB or more");
    }
    return BM_OK;
}

/* A text of at most len bytes, with or without a NUL behind it. */
static void take_text(char *out, const uint8_t *raw, size_t len)
{
    memcpy(out, raw, len);
    out[len] = '\0';
}

static int read_desc(const struct reader *r, struct bm_app *a)
{
    uint8_t raw[BM_APP_DESC_SIZE];
    const struct bm_app_segment *s = &a->segment[0];
    if (s->size < sizeof raw || s->off > r->room || r->room - s->off < sizeof raw) {
        return BM_OK;
    }
    const int rc = read_at(r, s->off, raw, sizeof raw);
    if (rc != BM_OK || bm_get_le32(raw) != BMI_APP_DESC_MAGIC) {
        return rc;
    }
    struct bm_app_desc *d = &a->desc;
    a->has_desc = 1;
    d->secure_version = bm_get_le32(raw + BMI_AD_SECURE);
    take_text(d->version, raw + BMI_AD_VERSION, BMI_AD_TEXT);
    take_text(d->project, raw + BMI_AD_PROJECT, BMI_AD_TEXT);
    take_text(d->time, raw + BMI_AD_TIME, BMI_AD_SHORT);
    take_text(d->date, raw + BMI_AD_DATE, BMI_AD_SHORT);
    take_text(d->idf, raw + BMI_AD_IDF, BMI_AD_TEXT);
    memcpy(d->elf_sha256, raw + BMI_AD_ELF_SHA256, sizeof d->elf_sha256);
    d->min_efuse_block_rev = bm_get_le16(raw + BMI_AD_MIN_BLOCK);
    d->max_efuse_block_rev = bm_get_le16(raw + BMI_AD_MAX_BLOCK);
    d->mmu_page_log2 = raw[BMI_AD_PAGE];
    return BM_OK;
}

/* Flash is mapped by pages, so a mapped segment's place in its page must be its address's. */
static int check_mapping(const struct reader *r, const struct bm_app *a)
{
    const struct bmi_chip *chip = bmi_chip_find(a->chip);
    char where[24];
    if (chip == NULL) {
        return BM_OK;
    }
    const uint32_t page = bmi_chip_page(chip, a->desc.mmu_page_log2);
    for (unsigned i = 0; i < a->segments; i++) {
        const struct bm_app_segment *s = &a->segment[i];
        if (bmi_memory_is_mapped(bmi_chip_memory(chip, s->load)) &&
            (s->off - s->load) % page != 0) {
            return fail(r, BM_E_CORRUPT, s->off, segment_where(where, i),
                        "it is mapped from the flash, but its offset and its address do not "
                        "agree within a page");
        }
    }
    return BM_OK;
}

/* The checksum is the last byte of a block of 16; the SHA-256 stands behind it. */
static int read_end(const struct reader *r, struct bm_app *a, uint32_t end)
{
    const uint32_t sum_end = bmi_app_sum_end(end);
    a->size = sum_end + (a->has_hash ? BM_SHA256_LEN : 0);
    if (a->size > r->room) {
        return truncated(r, "end", a->size, 1);
    }
    int rc = read_at(r, sum_end - 1, &a->checksum, 1);
    if (rc == BM_OK && a->has_hash) {
        rc = read_at(r, sum_end, a->hash, sizeof a->hash);
    }
    return rc;
}

static int open_reader(struct reader *r, const struct bm_flash *flash, uint32_t off, uint32_t room,
                       struct bm_diag *diag)
{
    if (flash == NULL || off > flash->size) {
        (void)bm_diag_set(diag, BM_E_ARG, off, "image", "it begins behind the end of the flash");
        return BM_E_ARG;
    }
    r->flash = flash;
    r->off = off;
    r->room = room < flash->size - off ? room : flash->size - off;
    r->diag = diag;
    return BM_OK;
}

static int read_all(const struct reader *r, struct bm_app *out)
{
    uint32_t at = BM_APP_HEADER_SIZE;
    memset(out, 0, sizeof *out);
    int rc = read_header(r, out);
    for (unsigned i = 0; rc == BM_OK && i < out->segments; i++) {
        rc = read_segment(r, out, i, at);
        at = out->segment[i].off + out->segment[i].size;
        if (rc == BM_OK && i == 0) {
            rc = read_desc(r, out);
        }
    }
    if (rc == BM_OK) {
        rc = read_end(r, out, at);
    }
    return rc == BM_OK ? check_mapping(r, out) : rc;
}

int bm_app_read(struct bm_app *out, const struct bm_flash *flash, uint32_t off, uint32_t room,
                struct bm_diag *diag)
{
    struct reader r;
    if (out == NULL) {
        return BM_E_ARG;
    }
    const int rc = open_reader(&r, flash, off, room, diag);
    return rc == BM_OK ? read_all(&r, out) : rc;
}

/* What bm_app_verify() gathers on its way. */
struct sums {
    const struct bm_hash *sha256; /* NULL: not wanted */
    uint8_t *buf;
    uint32_t buf_len;
    uint64_t x; /* the bytes of all segments, exclusive or, in eight columns */
};

static uint64_t xor_of(uint64_t x, const uint8_t *p, uint32_t len)
{
    uint32_t i = 0;
    for (; len - i >= 8; i += 8) {
        uint64_t w;
        memcpy(&w, p + i, sizeof w);
        x ^= w;
    }
    for (; i < len; i++) {
        x ^= p[i];
    }
    return x;
}

static uint8_t fold(uint64_t x)
{
    x ^= x >> 32;
    x ^= x >> 16;
    x ^= x >> 8;
    return (uint8_t)x;
}

/* Takes bytes [at, end) into the SHA-256, and into the checksum if they are data. */
static int take(const struct reader *r, struct sums *s, uint32_t at, uint32_t end, int data)
{
    while (at < end) {
        const uint32_t n = end - at < s->buf_len ? end - at : s->buf_len;
        int rc = read_at(r, at, s->buf, n);
        if (rc == BM_OK && s->sha256 != NULL) {
            rc = s->sha256->add(s->sha256->ctx, s->buf, n);
        }
        if (rc != BM_OK) {
            return rc;
        }
        s->x = data ? xor_of(s->x, s->buf, n) : s->x;
        at += n;
    }
    return BM_OK;
}

static int take_all(const struct reader *r, struct sums *s, const struct bm_app *a)
{
    uint32_t at = 0;
    int rc = s->sha256 != NULL ? s->sha256->start(s->sha256->ctx) : BM_OK;
    for (unsigned i = 0; rc == BM_OK && i < a->segments; i++) {
        const struct bm_app_segment *g = &a->segment[i];
        rc = take(r, s, at, g->off, 0);
        if (rc == BM_OK) {
            rc = take(r, s, g->off, g->off + g->size, 1);
        }
        at = g->off + g->size;
    }
    return rc == BM_OK ? take(r, s, at, bmi_app_sum_end(at), 0) : rc;
}

static int compare(const struct reader *r, const struct sums *s, const struct bm_app *a)
{
    uint8_t digest[BM_SHA256_LEN];
    int hash_bad = 0;
    const int sum_bad = (fold(s->x) ^ BMI_APP_SUM_SEED) != a->checksum;
    const uint32_t sum_at = a->size - (a->has_hash ? BM_SHA256_LEN : 0) - 1;
    if (s->sha256 != NULL) {
        const int rc = s->sha256->finish(s->sha256->ctx, digest);
        if (rc != BM_OK) {
            return rc;
        }
        hash_bad = memcmp(digest, a->hash, sizeof digest) != 0;
    }
    if (sum_bad) {
        return fail(r, BM_E_VERIFY, sum_at, "checksum",
                    hash_bad ? "the checksum is wrong, and the SHA-256 too"
                             : "the checksum is wrong");
    }
    return hash_bad ? fail(r, BM_E_VERIFY, sum_at + 1, "SHA-256",
                           "the SHA-256 is wrong, though the checksum is right")
                    : BM_OK;
}

int bm_app_verify(struct bm_app *out, const struct bm_flash *flash, uint32_t off, uint32_t room,
                  const struct bm_hash *sha256, void *buf, size_t buf_len, struct bm_diag *diag)
{
    struct reader r;
    if (out == NULL || buf == NULL || buf_len < 64) {
        return BM_E_ARG;
    }
    int rc = open_reader(&r, flash, off, room, diag);
    if (rc == BM_OK) {
        rc = read_all(&r, out);
    }
    if (rc != BM_OK) {
        return rc;
    }
    struct sums s = {
        .sha256 = out->has_hash ? sha256 : NULL,
        .buf = buf,
        .buf_len = buf_len < BMI_APP_SEGMENT_MAX ? (uint32_t)buf_len : BMI_APP_SEGMENT_MAX,
    };
    rc = take_all(&r, &s, out);
    return rc == BM_OK ? compare(&r, &s, out) : rc;
}
