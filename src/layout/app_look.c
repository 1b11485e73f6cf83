/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/app_look.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/le.h"
#include "crypto/crypto.h"
#include "layout/content.h"
#include "layout/elf.h"
#include "part/app_chip.h"
#include "part/app_fmt.h"

enum {
    SCRATCH = 64 * 1024,
    TABLE_AT = 0x8000, /* of a whole flash */
    ESP8266_MAGIC = 0xea,
    BOOT_DESC_MAGIC = 0x50, /* esp_bootloader_desc.h */
    BOOT_DESC_SIZE = 80,
    BOOT_DESC_VERSION = 4,
    BOOT_DESC_IDF = 8,
    BOOT_DESC_TIME = 40,
    SIG_V1_SIZE = 68, /* a version, which is 0, and 64 bytes */
    SIG_SECTOR = 4096,
    SIG_V2_MAGIC = 0xe7, /* Secure Boot v2: up to three blocks in a sector of their own */
    SIG_V2_BLOCKS = 3,
    SIG_V2_SIZE = 1216,
    SIG_V2_DIGEST = 4,
    SIG_V2_CRC = 1196
};

__attribute__((format(printf, 4, 5))) static void fault(struct bm_app_look *l, const char *id,
                                                        uint64_t offset, const char *format, ...)
{
    if (l->faults == BM_APP_FAULTS_MAX) {
        return;
    }
    struct bm_app_fault *f = &l->fault[l->faults++];
    va_list args;
    f->id = id;
    f->offset = offset;
    va_start(args, format);
    (void)vsnprintf(f->text, sizeof f->text, format, args);
    va_end(args);
}

static int all_are(const uint8_t *p, size_t len, uint8_t v)
{
    return len == 0 || (p[0] == v && memcmp(p, p + 1, len - 1) == 0);
}

static int is_table(const uint8_t *p, size_t len)
{
    return len >= 32 && p[0] == 0xaa && p[1] == 0x50;
}

/* What bytes are that do not begin as an image does. */
static const char *what_else(const uint8_t *p, size_t len)
{
    if (len == 0) {
        return "empty: there are no bytes at all";
    }
    if (len > TABLE_AT && is_table(p + TABLE_AT, len - TABLE_AT)) {
        return "the image of a whole flash; say where the app begins: --offset";
    }
    if (all_are(p, len, 0xff)) {
        return "blank: there is no image";
    }
    if (all_are(p, len, 0)) {
        return "only zeros";
    }
    if (p[0] == 0xff && all_are(p, len < 32 ? len : 32, 0xff)) {
        return "blank at its beginning: no image begins here";
    }
    if (is_table(p, len)) {
        return "a partition table, not an app image";
    }
    if (bm_elf_is(p, len)) {
        return "an ELF file, not an app image; birthmark image pack makes one from it";
    }
    const enum bm_image_kind kind = bmi_nvs_kind(p, len, NULL);
    if (kind == BM_IMAGE_NVS || kind == BM_IMAGE_ENCRYPTED) {
        return "an NVS image, not an app image";
    }
    if (p[0] == ESP8266_MAGIC) {
        return "an app of the ESP8266, which is not supported";
    }
    if (len > 4 && memcmp(p, "UF2\n", 4) == 0) {
        return "a UF2 file; unpack the app image in it";
    }
    return "no app image: it does not begin with 0xe9; encrypted, perhaps?";
}

static const char *id_of(int code)
{
    switch (code) {
    case BM_E_NOENT: return "no-image";
    case BM_E_LENGTH: return "truncated";
    default: return "damaged";
    }
}

static void take_boot_desc(struct bm_app_look *l, const uint8_t *data, size_t len)
{
    const struct bm_app_segment *s = &l->app.segment[0];
    if (l->segments_read > 0 && s->size >= BOOT_DESC_SIZE && s->off <= len &&
        len - s->off >= BOOT_DESC_SIZE && data[s->off] == BOOT_DESC_MAGIC) {
        l->boot_version = bm_get_le32(data + s->off + BOOT_DESC_VERSION);
        memcpy(l->boot_idf, data + s->off + BOOT_DESC_IDF, sizeof l->boot_idf - 1);
        memcpy(l->boot_time, data + s->off + BOOT_DESC_TIME, sizeof l->boot_time - 1);
    }
}

static enum bm_app_kind kind_of(const struct bm_app_look *l)
{
    const struct bmi_chip *chip = bmi_chip_find(l->app.chip);
    if (l->app.has_desc) {
        return BM_APP_APP;
    }
    for (unsigned i = 0; i < l->segments_read; i++) {
        if (bmi_memory_is_mapped(bmi_chip_memory(chip, l->app.segment[i].load))) {
            return BM_APP_PROGRAM;
        }
    }
    return chip != NULL && l->segments_read == l->app.segments ? BM_APP_BOOTLOADER : BM_APP_PROGRAM;
}

/* A block of a version 1 signature: ESP32, before Secure Boot v2. */
static void take_signature_v1(struct bm_app_look *l, const uint8_t *image, size_t len)
{
    const uint8_t *p = image + l->end;
    if (len - l->end >= SIG_V1_SIZE && bm_get_le32(p) == 0 && !all_are(p + 4, 64, 0) &&
        !all_are(p + 4, 64, 0xff) && all_are(p + SIG_V1_SIZE, len - l->end - SIG_V1_SIZE, 0xff)) {
        l->signature = BM_APP_SIGNED_V1;
        l->signature_blocks = 1;
        l->signature_off = l->end;
        l->end += SIG_V1_SIZE;
    }
}

static int is_block_v2(const uint8_t *p)
{
    return p[0] == SIG_V2_MAGIC && (p[1] == 2 || p[1] == 3);
}

static int check_block_v2(struct bm_app_look *l, const uint8_t *p, unsigned i,
                          const uint8_t digest[BM_SHA256_LEN])
{
    const uint64_t at = l->signature_off + (uint64_t)i * SIG_V2_SIZE;
    if (bm_crc32(0, p, SIG_V2_CRC) != bm_get_le32(p + SIG_V2_CRC)) {
        fault(l, "signature", at, "signature block %u is damaged: its CRC is wrong", i);
    } else if (memcmp(p + SIG_V2_DIGEST, digest, BM_SHA256_LEN) != 0) {
        fault(l, "signature", at, "signature block %u is of another image", i);
    }
    return BM_OK;
}

static int take_signature_v2(struct bm_app_look *l, const uint8_t *image, size_t len)
{
    uint8_t digest[BM_SHA256_LEN];
    const uint64_t at = ((uint64_t)l->end + SIG_SECTOR - 1) / SIG_SECTOR * SIG_SECTOR;
    if (at > len || len - at < SIG_V2_SIZE || !is_block_v2(image + at)) {
        return BM_OK;
    }
    const int rc = bm_crypto_sha256(digest, image, at);
    l->signature = BM_APP_SIGNED_V2;
    l->signature_off = (uint32_t)at;
    for (unsigned i = 0; rc == BM_OK && i < SIG_V2_BLOCKS; i++) {
        const uint64_t block = at + (uint64_t)i * SIG_V2_SIZE;
        if (len - block < SIG_V2_SIZE || !is_block_v2(image + block)) {
            break;
        }
        check_block_v2(l, image + block, i, digest);
        l->signature_blocks++;
    }
    const uint64_t end = at + SIG_SECTOR;
    l->end = (uint32_t)(end < len ? end : len);
    return rc;
}

static int take_signature(struct bm_app_look *l, const uint8_t *image, size_t len)
{
    const int rc = take_signature_v2(l, image, len);
    if (rc == BM_OK && l->signature == BM_APP_UNSIGNED) {
        take_signature_v1(l, image, len);
    }
    return rc;
}

static void check_wishes(struct bm_app_look *l, const struct bm_app_look_opts *o)
{
    const char *is = bm_app_chip_name(l->app.chip);
    const char *wanted = o->chip >= 0 ? bm_app_chip_name((uint16_t)o->chip) : NULL;
    const struct bmi_chip *chip = bmi_chip_find(l->app.chip);
    if (o->chip >= 0 && o->chip != l->app.chip) {
        fault(l, "chip", 0, "it is for %s%s, not for the %s", is != NULL ? "the " : "",
              is != NULL ? is : "a chip that is not known", wanted != NULL ? wanted : "other chip");
    }
    if (l->complete && o->partition_size != 0 && l->end > o->partition_size) {
        fault(l, "size", 0,
              "it is too large: %" PRIu32 " bytes for a partition of %" PRIu64 ", %" PRIu64
              " too many",
              l->end, o->partition_size, l->end - o->partition_size);
    }
    const uint32_t page = chip != NULL ? bmi_chip_page(chip, l->app.desc.mmu_page_log2) : 1;
    if (l->kind != BM_APP_BOOTLOADER && o->offset % page != 0) {
        fault(l, "offset", 0,
              "an app cannot start at 0x%" PRIx32 ": that is not a multiple of %" PRIu32 " KB",
              o->offset, page / 1024);
    }
}

static void check_rest(struct bm_app_look *l, const uint8_t *image, size_t len)
{
    const size_t rest = len - l->end;
    if (all_are(image + l->end, rest, 0xff)) {
        l->blank = rest;
    } else {
        fault(l, "trailing", l->end,
              "%zu byte%s behind its end that %s neither blank nor a signature", rest,
              rest == 1 ? "" : "s", rest == 1 ? "is" : "are");
    }
}

/* The checksum and the SHA-256 on their own, for what bm_app_verify() found wrong. */
static void judge_sums(struct bm_app_look *l, int rc, const struct bm_diag *diag)
{
    l->sum_right = rc == BM_OK || strcmp(diag->where, "SHA-256") == 0;
    l->hash_right = l->app.has_hash && (rc == BM_OK || strstr(diag->text, "SHA-256") == NULL);
    if (!l->sum_right) {
        fault(l, "checksum", diag->offset, "the checksum is wrong: its data was changed");
    }
    if (l->app.has_hash && !l->hash_right) {
        fault(l, "sha256", diag->offset, "the SHA-256 is wrong%s",
              l->sum_right ? ", though the checksum is right: header, padding or sums were changed"
                           : "");
    }
}

static int verify(struct bm_app_look *l, const uint8_t *image, size_t len, struct bm_diag *diag)
{
    struct bm_flash flash;
    struct bm_hash hash = {0};
    uint8_t *scratch = malloc(SCRATCH);
    int rc = scratch != NULL ? bm_hash_openssl_sha256(&hash) : BM_E_NOMEM;
    if (rc == BM_OK) {
        rc = bm_flash_view(&flash, image, len);
    }
    if (rc == BM_OK) {
        rc = bm_app_verify(&l->app, &flash, 0, (uint32_t)len, &hash, scratch, SCRATCH, diag);
    }
    bm_hash_openssl_close(&hash);
    free(scratch);
    return rc;
}

int bm_app_look(struct bm_app_look *out, const uint8_t *data, size_t len,
                const struct bm_app_look_opts *opts)
{
    struct bm_diag diag = {0};
    memset(out, 0, sizeof *out);
    if (len > UINT32_MAX || opts->offset > len) {
        return BM_E_ARG;
    }
    const uint8_t *image = data + opts->offset;
    len -= opts->offset;
    if (len == 0 || image[0] != BMI_APP_MAGIC) {
        fault(out, "no-image", 0, "%s", what_else(image, len));
        return BM_OK;
    }
    int rc = verify(out, image, len, &diag);
    if (rc == BM_E_NOMEM || rc == BM_E_ARG) {
        return rc;
    }
    while (out->segments_read < out->app.segments && out->segments_read < BM_APP_SEGMENTS_MAX &&
           out->app.segment[out->segments_read].off != 0) {
        out->segments_read++;
    }
    out->kind = kind_of(out);
    out->min_rev_old = len > BMI_AH_MIN_REV_OLD ? image[BMI_AH_MIN_REV_OLD] : 0;
    out->complete = rc == BM_OK || rc == BM_E_VERIFY;
    take_boot_desc(out, image, len);
    if (!out->complete) {
        fault(out, id_of(rc), diag.offset, "%s%s%s", rc == BM_E_LENGTH ? "" : diag.where,
              rc == BM_E_LENGTH ? "" : ": ", diag.text);
        check_wishes(out, opts);
        return BM_OK;
    }
    judge_sums(out, rc, &diag);
    out->end = out->app.size;
    rc = take_signature(out, image, len);
    check_wishes(out, opts);
    if (!opts->in_flash) {
        check_rest(out, image, len);
    }
    return rc;
}
