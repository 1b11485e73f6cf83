/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "birthmark/app.h"
#include "birthmark/boot.h"
#include "crypto/crypto.h"
#include "harness/random.h"
#include "part/app_fmt.h"

enum { DATA_ADDRESS = 0x3ffb0000, DATA = BM_APP_HEADER_SIZE + BMI_APP_SEGMENT_HEADER };

static void must(int fine, const char *what)
{
    if (!fine) {
        fprintf(stderr, "board: %s\n", what);
        abort();
    }
}

void board_image_seal(struct board_image *image)
{
    const uint32_t end = DATA + bm_get_le32(image->data + BM_APP_HEADER_SIZE + 4);
    const uint32_t sum_end = bmi_app_sum_end(end);
    uint8_t sum = BMI_APP_SUM_SEED;
    for (uint32_t i = DATA; i < end; i++) {
        sum ^= image->data[i];
    }
    memset(image->data + end, 0, sum_end - end);
    image->data[sum_end - 1] = sum;
    image->len = sum_end;
    if (image->data[BMI_AH_HAS_HASH] != 0) {
        must(bm_crypto_sha256(image->data + sum_end, image->data, sum_end) == BM_OK, "hash");
        image->len += BM_SHA256_LEN;
    }
}

void board_image_make(struct board_image *out, const struct board_app *app)
{
    uint64_t random = app->version;
    uint8_t *desc = out->data + DATA;
    memset(out, 0, sizeof *out);
    out->data[0] = BMI_APP_MAGIC;
    out->data[BMI_AH_SEGMENTS] = 1;
    bm_put_le16(out->data + BMI_AH_CHIP, app->chip);
    out->data[BMI_AH_HAS_HASH] = !app->no_hash;
    bm_put_le32(out->data + BM_APP_HEADER_SIZE, DATA_ADDRESS);
    bm_put_le32(out->data + BM_APP_HEADER_SIZE + 4, BM_APP_DESC_SIZE + app->fill);
    bm_put_le32(desc, BMI_APP_DESC_MAGIC);
    bm_put_le32(desc + BMI_AD_SECURE, app->secure_version);
    (void)snprintf((char *)desc + BMI_AD_VERSION, BMI_AD_TEXT, "%u.0", app->version);
    (void)snprintf((char *)desc + BMI_AD_PROJECT, BMI_AD_TEXT, "board");
    memset(desc + BMI_AD_ELF_SHA256, (int)(0xa0 + app->version), BM_SHA256_LEN);
    for (uint32_t i = 0; i < app->fill; i++) {
        desc[BM_APP_DESC_SIZE + i] = (uint8_t)test_random(&random, 256);
    }
    board_image_seal(out);
}

static void add(struct bm_part_table *t, const char *label, uint8_t type, unsigned subtype,
                uint32_t offset, uint32_t size)
{
    struct bm_part *p = &t->part[t->count++];
    p->type = type;
    p->subtype = (uint8_t)subtype;
    p->offset = offset;
    p->size = size;
    (void)snprintf(p->label, sizeof p->label, "%s", label);
}

static void make_table(struct bm_part_table *t, int factory, unsigned slots)
{
    uint32_t at = BOARD_APPS;
    memset(t, 0, sizeof *t);
    add(t, "nvs", BM_PART_DATA, BM_PART_DATA_NVS, BOARD_NVS, BOARD_OTADATA - BOARD_NVS);
    add(t, "otadata", BM_PART_DATA, BM_PART_DATA_OTA, BOARD_OTADATA, BM_OTADATA_SIZE);
    add(t, "nvs_keys", BM_PART_DATA, BM_PART_DATA_NVS_KEYS, BOARD_KEYS, BOARD_APPS - BOARD_KEYS);
    if (factory) {
        add(t, "factory", BM_PART_APP, BM_PART_APP_FACTORY, at, BOARD_SLOT);
        at += BOARD_SLOT;
    }
    for (unsigned i = 0; i < slots; i++, at += BOARD_SLOT) {
        char label[BM_PART_LABEL_SIZE];
        (void)snprintf(label, sizeof label, "ota_%u", i);
        add(t, label, BM_PART_APP, BM_PART_APP_OTA_0 + i, at, BOARD_SLOT);
    }
}

void board_open(struct board *b, int factory, unsigned slots)
{
    uint64_t random = 77;
    memset(b, 0, sizeof *b);
    b->mem = malloc(BOARD_SIZE);
    must(b->mem != NULL, "memory");
    must(bm_flash_ram_init(&b->flash, &b->ram, b->mem, BOARD_SIZE) == BM_OK, "flash");
    must(bm_hash_openssl_sha256(&b->sha256) == BM_OK, "SHA-256");
    must(bm_hash_openssl_md5(&b->md5) == BM_OK, "MD5");
    memset(b->mem, 0xff, BOARD_SIZE);
    for (uint32_t i = 0x1000; i < BOARD_TABLE - 0x1000; i++) { /* a bootloader */
        b->mem[i] = (uint8_t)test_random(&random, 256);
    }
    make_table(&b->table, factory, slots);
    must(bm_part_table_format(b->mem + BOARD_TABLE, &b->table, &b->md5, NULL) == BM_OK, "table");
}

void board_close(struct board *b)
{
    bm_hash_openssl_close(&b->sha256);
    bm_hash_openssl_close(&b->md5);
    free(b->mem);
    b->mem = NULL;
}

const struct bm_part *board_row(const struct board *b, const char *label)
{
    const struct bm_part *row = bm_part_find(&b->table, -1, -1, label);
    must(row != NULL, label);
    return row;
}

void board_put(struct board *b, const char *label, const struct board_image *image)
{
    const struct bm_part *row = board_row(b, label);
    must(image->len <= row->size, "the image is too large");
    memset(b->mem + row->offset, 0xff, row->size);
    memcpy(b->mem + row->offset, image->data, image->len);
}

const struct bm_part *board_boots(struct board *b, int rollback)
{
    static struct bm_boot decision;
    static uint8_t scratch[4096];
    struct bm_otadata data;
    struct bm_flash flash;
    struct bm_flash_window window;
    struct bm_boot_flash images = {
        .chip = &b->flash, .sha256 = &b->sha256, .buf = scratch, .buf_len = sizeof scratch};
    const struct bm_boot_config config = {.rollback = rollback != 0};
    must(bm_part_region(&flash, &window, &b->flash, board_row(b, "otadata")) == BM_OK, "otadata");
    must(bm_otadata_read(&data, &flash) == BM_OK, "otadata");
    must(bm_boot_decide(&decision, &b->table, &data, bm_boot_ask_flash, &images, &config) == BM_OK,
         "decision");
    return decision.part;
}

struct bm_espidf_chip board_config(const struct board *b)
{
    const struct bm_espidf_chip config = {
        .flash = &b->flash, .md5 = &b->md5, .sha256 = &b->sha256, .chip_id = 0, .rollback = 1};
    return config;
}
