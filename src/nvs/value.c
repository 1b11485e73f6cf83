/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

#include <string.h>

#include "base/base.h"
#include "base/le.h"

enum {
    PIECE = 64,      /* bytes on the stack while data is only verified */
    COPIES_MAX = 512 /* damaged copies of one thing to look behind: no device leaves as many */
};

/* Reads the data behind a header and checks its CRC; out NULL to check only.
 * Returns BM_OK, BM_E_CORRUPT or BM_E_IO. */
static int load_data(const struct bm_nvs *nvs, uint32_t location, const uint8_t *raw, uint8_t *out)
{
    const uint32_t size = bm_get_le16(raw + BMI_EN_SIZE);
    const uint32_t rank = location / BMI_PAGE_ENTRIES;
    const uint32_t from = BMI_OFF_ENTRIES + (location % BMI_PAGE_ENTRIES + 1) * BMI_ENTRY_SIZE;
    uint8_t piece[PIECE];
    uint32_t crc = bmi_data_crc(NULL, 0);
    uint32_t len;
    for (uint32_t off = 0; off < size; off += len) {
        uint8_t *to = out != NULL ? out + off : piece;
        len = size - off;
        if (out == NULL && len > PIECE) {
            len = PIECE;
        }
        if (bmi_entries_read(nvs, rank, from + off, to, len) != BM_OK) {
            return BM_E_IO;
        }
        crc = bm_crc32(crc, to, len);
    }
    bm_wipe(piece, sizeof piece);
    return crc == bm_get_le32(raw + BMI_EN_DATA_CRC) ? BM_OK : BM_E_CORRUPT;
}

/* Loads the newest whole copy of one chunk; at most room bytes. len: bytes of the chunk. */
static int load_chunk(struct bm_nvs *nvs, const struct bmi_match *match, uint32_t room,
                      uint8_t *out, uint32_t *len)
{
    uint8_t raw[BMI_ENTRY_SIZE];
    uint32_t bound = BMI_NO_BOUND;
    unsigned copies = 0;
    int rc = BM_E_CORRUPT;
    while (copies++ < COPIES_MAX &&
           (rc = bmi_find_below(nvs, match, bound, raw, &bound)) == BM_OK) {
        *len = bm_get_le16(raw + BMI_EN_SIZE);
        rc = *len > room ? BM_E_CORRUPT : load_data(nvs, bound, raw, out);
        if (rc != BM_E_CORRUPT) {
            return rc;
        }
    }
    return rc == BM_E_NOENT ? BM_E_CORRUPT : rc;
}

/* Compares the data behind a header. Returns 1 equal, 0 not, or BM_E_IO. */
static int data_equals(const struct bm_nvs *nvs, uint32_t location, uint32_t size,
                       const uint8_t *data)
{
    const uint32_t rank = location / BMI_PAGE_ENTRIES;
    const uint32_t from = BMI_OFF_ENTRIES + (location % BMI_PAGE_ENTRIES + 1) * BMI_ENTRY_SIZE;
    uint8_t piece[PIECE];
    uint32_t len;
    for (uint32_t off = 0; off < size; off += len) {
        len = size - off < PIECE ? size - off : PIECE;
        if (bmi_entries_read(nvs, rank, from + off, piece, len) != BM_OK) {
            return BM_E_IO;
        }
        if (memcmp(piece, data + off, len) != 0) {
            return 0;
        }
    }
    return 1;
}

int bmi_value_equals(struct bm_nvs *nvs, const struct bm_nvs_info *info, const uint8_t *data)
{
    struct bmi_match match = {info->ns, 0, info->key};
    uint32_t done = 0;
    int equal = 1;
    if (info->chunks == 0) {
        return data_equals(nvs, info->location, info->size, data);
    }
    for (unsigned i = 0; i < info->chunks && equal == 1; i++) {
        uint8_t raw[BMI_ENTRY_SIZE];
        uint32_t at;
        match.chunk = (uint8_t)(info->start + i);
        const int rc = bmi_find_below(nvs, &match, BMI_NO_BOUND, raw, &at);
        if (rc != BM_OK) {
            return rc == BM_E_NOENT ? 0 : rc;
        }
        const uint32_t len = bm_get_le16(raw + BMI_EN_SIZE);
        equal = len <= info->size - done ? data_equals(nvs, at, len, data + done) : 0;
        done += len;
    }
    return equal;
}

static int load_blob(struct bm_nvs *nvs, const struct bm_nvs_info *info, uint8_t *out)
{
    struct bmi_match match = {info->ns, 0, info->key};
    uint32_t done = 0;
    for (unsigned i = 0; i < info->chunks; i++) {
        uint32_t len = 0;
        match.chunk = (uint8_t)(info->start + i);
        if (match.chunk == BMI_CHUNK_NONE) {
            return BM_E_CORRUPT; /* numbers end at 0xfe */
        }
        const int rc =
            load_chunk(nvs, &match, info->size - done, out != NULL ? out + done : NULL, &len);
        if (rc != BM_OK) {
            return rc;
        }
        done += len;
    }
    return done == info->size ? BM_OK : BM_E_CORRUPT;
}

static uint64_t primitive_bits(const uint8_t *raw, unsigned width)
{
    const uint64_t all = bm_get_le64(raw + BMI_EN_DATA);
    return width == 8 ? all : all & ((1ull << (width * 8)) - 1);
}

static void describe(const uint8_t *raw, uint32_t location, struct bm_nvs_info *info)
{
    struct bmi_entry e;
    bmi_entry_get(raw, &e);
    memset(info, 0, sizeof *info);
    memcpy(info->key, e.key, sizeof info->key);
    info->ns = e.ns;
    info->type = e.type;
    info->location = location;
    if (e.type == BMI_TYPE_BLOB_IDX) {
        info->type = BM_NVS_BLOB;
        info->size = bm_get_le32(raw + BMI_EN_IDX_SIZE);
        info->chunks = raw[BMI_EN_IDX_COUNT];
        info->start = raw[BMI_EN_IDX_START];
    } else if (bmi_type_has_data(e.type)) {
        info->legacy = e.type == BMI_TYPE_BLOB_V1;
        info->type = info->legacy ? BM_NVS_BLOB : e.type;
        info->size = bm_get_le16(raw + BMI_EN_SIZE);
    } else {
        info->size = bmi_type_width(e.type);
        info->bits = primitive_bits(raw, info->size);
    }
}

/* An entry's own value, whole or not. */
static int load_value(struct bm_nvs *nvs, const uint8_t *raw, const struct bm_nvs_info *info,
                      uint8_t *out)
{
    if (raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_IDX) {
        return load_blob(nvs, info, out);
    }
    if (bmi_type_has_data(raw[BMI_EN_TYPE])) {
        return load_data(nvs, info->location, raw, out);
    }
    return BM_OK;
}

int bmi_resolve(struct bm_nvs *nvs, uint8_t ns, const char *key, uint8_t want, void *buf,
                size_t cap, struct bm_nvs_info *info)
{
    const struct bmi_match match = {ns, BMI_CHUNK_NONE, key};
    uint8_t raw[BMI_ENTRY_SIZE];
    uint32_t bound = BMI_NO_BOUND;
    unsigned damaged = 0;
    int rc = BM_E_NOENT;
    while (damaged < COPIES_MAX &&
           (rc = bmi_find_below(nvs, &match, bound, raw, &bound)) == BM_OK) {
        describe(raw, bound, info);
        uint8_t *out = info->type == want && info->size <= cap ? buf : NULL;
        rc = load_value(nvs, raw, info, out);
        if (rc != BM_E_CORRUPT) {
            return rc;
        }
        if (out != NULL) {
            bm_wipe(out, info->size);
        }
        damaged++;
    }
    return rc == BM_E_NOENT && damaged > 0 ? BM_E_CORRUPT : rc;
}

int bmi_nvs_find(struct bm_nvs *nvs, uint8_t ns, const char *key, struct bm_nvs_info *info)
{
    const int rc = bmi_name_check(key);
    return rc != BM_OK ? rc : bmi_resolve(nvs, ns, key, BM_NVS_ANY, NULL, 0, info);
}

int bmi_nvs_get_bits(struct bm_nvs *nvs, uint8_t ns, const char *key, enum bm_nvs_type type,
                     uint64_t *bits)
{
    struct bm_nvs_info info;
    const int rc = bmi_nvs_find(nvs, ns, key, &info);
    if (rc != BM_OK) {
        return rc;
    }
    if (info.type != type || bmi_type_width(info.type) == 0) {
        return BM_E_TYPE;
    }
    *bits = info.bits;
    return BM_OK;
}

int bmi_nvs_get_data(struct bm_nvs *nvs, uint8_t ns, const char *key, enum bm_nvs_type type,
                     void *buf, size_t *len)
{
    const size_t cap = buf != NULL ? *len : 0;
    struct bm_nvs_info info;
    int rc = bmi_name_check(key);
    if (rc == BM_OK) {
        rc = bmi_resolve(nvs, ns, key, (uint8_t)type, buf, cap, &info);
    }
    if (rc != BM_OK) {
        return rc;
    }
    if (info.type != type || bmi_type_width(info.type) != 0) {
        return BM_E_TYPE;
    }
    *len = info.size;
    return buf != NULL && info.size > cap ? BM_E_LENGTH : BM_OK;
}
