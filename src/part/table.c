/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/base.h"
#include "base/le.h"
#include "birthmark/part.h"

/* A row, ESP-IDF's esp_partition_info_t: magic, type, subtype, offset, size, label, flags. The MD5
 * row: magic, 0xff, the sum of all rows before it. (esp_flash_partitions.h;
 * docs/format/partitions.md) */
enum {
    TYPE_AT = 2,
    SUBTYPE_AT = 3,
    OFFSET_AT = 4,
    SIZE_AT = 8,
    LABEL_AT = 12,
    FLAGS_AT = 28,
    SUM_AT = 16,
    LABEL_LEN = BM_PART_LABEL_SIZE - 1,
    ROWS = BM_PART_TABLE_MAX / BM_PART_ENTRY_SIZE
};

enum row_kind { ROW_PART, ROW_MD5, ROW_END, ROW_BAD };

static const uint8_t part_magic[2] = {0xaa, 0x50};
static const uint8_t md5_magic[2] = {0xeb, 0xeb};

static enum row_kind row_kind(const uint8_t row[BM_PART_ENTRY_SIZE])
{
    if (memcmp(row, part_magic, sizeof part_magic) == 0) {
        return ROW_PART;
    }
    if (memcmp(row, md5_magic, sizeof md5_magic) == 0) {
        return ROW_MD5;
    }
    for (unsigned i = 0; i < BM_PART_ENTRY_SIZE; i++) {
        if (row[i] != 0xff) {
            return ROW_BAD;
        }
    }
    return ROW_END;
}

static void get_part(struct bm_part *out, const uint8_t *row)
{
    memset(out, 0, sizeof *out);
    out->type = row[TYPE_AT];
    out->subtype = row[SUBTYPE_AT];
    out->offset = bm_get_le32(row + OFFSET_AT);
    out->size = bm_get_le32(row + SIZE_AT);
    out->flags = bm_get_le32(row + FLAGS_AT);
    for (unsigned i = 0; i < LABEL_LEN && row[LABEL_AT + i] != 0; i++) {
        out->label[i] = (char)row[LABEL_AT + i];
    }
}

static void put_part(uint8_t *row, const struct bm_part *part)
{
    memset(row, 0, BM_PART_ENTRY_SIZE);
    memcpy(row, part_magic, sizeof part_magic);
    row[TYPE_AT] = part->type;
    row[SUBTYPE_AT] = part->subtype;
    bm_put_le32(row + OFFSET_AT, part->offset);
    bm_put_le32(row + SIZE_AT, part->size);
    bm_put_le32(row + FLAGS_AT, part->flags);
    for (unsigned i = 0; i < LABEL_LEN && part->label[i] != '\0'; i++) {
        row[LABEL_AT + i] = (uint8_t)part->label[i];
    }
}

static int check_md5(const uint8_t *row, const struct bm_hash *md5, uint64_t at,
                     struct bm_diag *diag)
{
    uint8_t sum[BM_MD5_LEN];
    if (md5 == NULL) {
        return BM_OK;
    }
    const int rc = md5->finish(md5->ctx, sum);
    if (rc != BM_OK) {
        return bm_diag_set(diag, rc, at, "MD5 row", "the MD5 could not be computed");
    }
    if (memcmp(sum, row + SUM_AT, sizeof sum) != 0) {
        return bm_diag_set(diag, BM_E_CORRUPT, at, "MD5 row",
                           "the MD5 of the partition table does not match its rows");
    }
    return BM_OK;
}

/* A row that is none: before the first partition there is no table at all. */
static int bad_row(const struct bm_part_table *out, enum row_kind kind, uint64_t at,
                   struct bm_diag *diag)
{
    if (out->has_md5) {
        return bm_diag_set(diag, BM_E_CORRUPT, at, "row", "a row behind the MD5 row");
    }
    if (out->count > 0) {
        return bm_diag_set(diag, BM_E_CORRUPT, at, "row",
                           "a row of the partition table without its magic number");
    }
    return bm_diag_set(diag, BM_E_CORRUPT, at, "partition table",
                       kind == ROW_END ? "no partition table here: blank"
                                       : "no partition table here");
}

/* Takes one row in. Returns 1 when it was the last one, 0, or an error. */
static int take_row(struct bm_part_table *out, const uint8_t *row, const struct bm_hash *md5,
                    uint64_t at, struct bm_diag *diag)
{
    const enum row_kind kind = row_kind(row);
    int rc = BM_OK;

    if (kind == ROW_END && (out->count > 0 || out->has_md5)) {
        return 1;
    }
    if (kind == ROW_MD5 && !out->has_md5) {
        out->has_md5 = 1;
        return check_md5(row, md5, at, diag);
    }
    if (kind != ROW_PART || out->has_md5) {
        return bad_row(out, kind, at, diag);
    }
    if (out->count == BM_PART_MAX) {
        return bm_diag_set(diag, BM_E_CORRUPT, at, "row", "too many rows in the partition table");
    }
    get_part(&out->part[out->count++], row);
    if (md5 != NULL) {
        rc = md5->add(md5->ctx, row, BM_PART_ENTRY_SIZE);
    }
    return rc == BM_OK ? 0 : bm_diag_set(diag, rc, at, "MD5 row", "the MD5 could not be computed");
}

int bm_part_table_read(struct bm_part_table *out, const struct bm_flash *flash, uint32_t off,
                       const struct bm_hash *md5, struct bm_diag *diag)
{
    uint8_t row[BM_PART_ENTRY_SIZE];
    if (out == NULL || flash == NULL) {
        return bm_diag_set(diag, BM_E_ARG, 0, NULL, "no table or no flash given");
    }
    memset(out, 0, sizeof *out);
    int rc = md5 != NULL ? md5->start(md5->ctx) : BM_OK;
    if (rc != BM_OK) {
        return bm_diag_set(diag, rc, off, "MD5 row", "the MD5 could not be computed");
    }
    const uint32_t room = off < flash->size ? flash->size - off : 0;
    for (uint32_t i = 0; i < ROWS; i++) {
        const uint32_t at = i * BM_PART_ENTRY_SIZE;
        if (room - at < sizeof row) {
            if (room == at && out->has_md5) {
                return BM_OK;
            }
            return bm_diag_set(diag, BM_E_CORRUPT, (uint64_t)off + at, "partition table",
                               at == 0 ? "no partition table here: too short"
                                       : "the partition table is cut off: it has no end row");
        }
        rc = flash->ops->read(flash->ctx, off + at, row, sizeof row);
        if (rc != BM_OK) {
            return bm_diag_set(diag, rc, (uint64_t)off + at, "partition table",
                               "the flash could not be read");
        }
        rc = take_row(out, row, md5, (uint64_t)off + at, diag);
        if (rc != 0) {
            return rc < 0 ? rc : BM_OK;
        }
    }
    return bm_diag_set(diag, BM_E_CORRUPT, (uint64_t)off + BM_PART_TABLE_MAX, "partition table",
                       "too many rows in the partition table: there is no end row");
}

int bm_part_table_parse(struct bm_part_table *out, const void *data, size_t len,
                        const struct bm_hash *md5, struct bm_diag *diag)
{
    struct bm_flash view;
    const size_t look_at = len < BM_PART_TABLE_MAX ? len : BM_PART_TABLE_MAX;
    const int rc = bm_flash_view(&view, data, look_at);
    return rc == BM_OK ? bm_part_table_read(out, &view, 0, md5, diag)
                       : bm_diag_set(diag, rc, 0, NULL, "no bytes given");
}

int bm_part_table_format(uint8_t out[BM_PART_TABLE_MAX], const struct bm_part_table *table,
                         const struct bm_hash *md5, struct bm_diag *diag)
{
    if (out == NULL || table == NULL) {
        return bm_diag_set(diag, BM_E_ARG, 0, NULL, "no table or no buffer given");
    }
    if (table->count > (md5 != NULL ? BM_PART_MAX - 1u : BM_PART_MAX)) {
        return bm_diag_set(diag, BM_E_NOSPC, 0, "partition table",
                           md5 != NULL ? "a partition table takes 94 partitions and the MD5 row"
                                       : "a partition table takes 95 partitions");
    }
    memset(out, 0xff, BM_PART_TABLE_MAX);
    uint8_t *row = out;
    for (unsigned i = 0; i < table->count; i++, row += BM_PART_ENTRY_SIZE) {
        put_part(row, &table->part[i]);
    }
    if (md5 == NULL) {
        return BM_OK;
    }
    memcpy(row, md5_magic, sizeof md5_magic);
    int rc = md5->start(md5->ctx);
    if (rc == BM_OK) {
        rc = md5->add(md5->ctx, out, (size_t)(row - out));
    }
    if (rc == BM_OK) {
        rc = md5->finish(md5->ctx, row + SUM_AT);
    }
    return rc == BM_OK ? BM_OK
                       : bm_diag_set(diag, rc, 0, "MD5 row", "the MD5 could not be computed");
}
