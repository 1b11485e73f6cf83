/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

#include <string.h>

#include "base/base.h"
#include "base/le.h"

enum {
    PIECE = 64,      /* bytes on the stack while data is only verified */
    COPIES_MAX = 512 /* damaged copies of one thing to look behind: no device leaves as many */
};

/* Reads the data behind a header, checks its CRC, and uses it as part of a value, from offset at.
 * Returns BM_OK, BM_E_CORRUPT or BM_E_IO. */
static int load_data(const struct bm_nvs *nvs, const struct bmi_found *entry, struct bmi_use *use,
                     uint32_t at)
{
    uint32_t location = entry->location + 1;
    uint32_t rest = bm_get_le16(entry->raw + BMI_EN_SIZE);
    uint32_t crc = BMI_CRC_START;
    uint8_t piece[PIECE];
    if (use != NULL && use->headers) {
        return BM_OK;
    }
    while (rest > 0) {
        uint8_t *to = piece;
        uint32_t len = rest < PIECE ? rest : PIECE;
        if (use != NULL && use->out != NULL) {
            to = use->out + at;
            len = rest;
        }
        const int rc = bmi_entries_read(nvs, location, to, len);
        if (rc != BM_OK) {
            return rc;
        }
        if (use != NULL && use->same != NULL && memcmp(to, use->same + at, len) != 0) {
            use->differs = 1;
        }
        crc = bm_crc32(crc, to, len);
        location += PIECE / BMI_ENTRY_SIZE;
        at += len;
        rest -= len;
    }
    bm_wipe(piece, sizeof piece);
    return crc == bmi_get32(entry->raw + BMI_EN_DATA_CRC) ? BM_OK : BM_E_CORRUPT;
}

/* Loads the newest whole copy of one chunk; at most room bytes. len: bytes of the chunk. */
static int load_chunk(struct bm_nvs *nvs, const struct bmi_match *match, struct bmi_use *use,
                      uint32_t at, uint32_t room, uint32_t *len)
{
    struct bmi_found entry;
    unsigned copies = 0;
    int rc = BM_E_CORRUPT;
    entry.location = BMI_NO_BOUND;
    while (copies++ < COPIES_MAX && (rc = bmi_find_older(nvs, match, &entry)) > 0) {
        *len = bm_get_le16(entry.raw + BMI_EN_SIZE);
        rc = *len > room ? BM_E_CORRUPT : load_data(nvs, &entry, use, at);
        if (rc != BM_E_CORRUPT) {
            return rc;
        }
    }
    return rc < 0 ? rc : BM_E_CORRUPT;
}

static int load_blob(struct bm_nvs *nvs, const struct bm_nvs_info *info, struct bmi_use *use)
{
    struct bmi_match match = {info->ns, info->start, info->key};
    uint32_t done = 0;
    for (unsigned i = 0; i < info->chunks; i++) {
        uint32_t len = 0;
        if (match.chunk == BMI_CHUNK_NONE) {
            return BM_E_CORRUPT; /* numbers end at 0xfe */
        }
        const int rc = load_chunk(nvs, &match, use, done, info->size - done, &len);
        if (rc != BM_OK) {
            return rc;
        }
        done += len;
        match.chunk++;
    }
    return done == info->size ? BM_OK : BM_E_CORRUPT;
}

static void describe(const struct bmi_found *entry, struct bm_nvs_info *info)
{
    const uint8_t *raw = entry->raw;
    memset(info, 0, sizeof *info);
    memcpy(info->key, raw + BMI_EN_KEY, BMI_KEY_MAX);
    info->ns = raw[BMI_EN_NS];
    info->type = raw[BMI_EN_TYPE];
    info->location = entry->location;
    if (info->type == BMI_TYPE_BLOB_IDX) {
        info->type = BM_NVS_BLOB;
        info->size = bmi_get32(raw + BMI_EN_IDX_SIZE);
        info->chunks = raw[BMI_EN_IDX_COUNT];
        info->start = raw[BMI_EN_IDX_START];
    } else if (bmi_type_has_data(info->type)) {
        info->legacy = info->type == BMI_TYPE_BLOB_V1;
        info->type = info->legacy ? BM_NVS_BLOB : info->type;
        info->size = bm_get_le16(raw + BMI_EN_SIZE);
    } else {
        info->size = bmi_type_width(info->type);
        uint64_t bits = 0;
        for (unsigned i = info->size; i-- > 0;) {
            bits = bits << 8 | raw[BMI_EN_DATA + i];
        }
        info->bits = bits;
    }
}

/* An entry's own value, whole or not. */
static int load_value(struct bm_nvs *nvs, const struct bmi_found *entry,
                      const struct bm_nvs_info *info, struct bmi_use *use)
{
    if (entry->raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_IDX) {
        return load_blob(nvs, info, use);
    }
    if (bmi_type_has_data(entry->raw[BMI_EN_TYPE])) {
        return load_data(nvs, entry, use, 0);
    }
    if (use != NULL && use->same != NULL) {
        use->differs = memcmp(entry->raw + BMI_EN_DATA, use->same, info->size) != 0;
    }
    return BM_OK;
}

int bmi_resolve(struct bm_nvs *nvs, uint8_t ns, const char *key, struct bmi_use *use,
                struct bm_nvs_info *info)
{
    const struct bmi_match match = {ns, BMI_CHUNK_NONE, key};
    struct bmi_found entry;
    unsigned damaged = 0;
    int rc = 0;
    entry.location = BMI_NO_BOUND;
    while (damaged < COPIES_MAX && (rc = bmi_find_older(nvs, &match, &entry)) > 0) {
        describe(&entry, info);
        struct bmi_use *fit =
            use != NULL && info->type == use->type && info->size <= use->cap ? use : NULL;
        rc = load_value(nvs, &entry, info, fit);
        if (rc != BM_E_CORRUPT) {
            return rc;
        }
        if (fit != NULL && fit->out != NULL) {
            bm_wipe(fit->out, info->size);
        }
        damaged++;
    }
    if (rc < 0) {
        return rc;
    }
    return damaged > 0 ? BM_E_CORRUPT : BM_E_NOENT;
}

static int find(struct bm_nvs *nvs, uint8_t ns, const char *key, struct bmi_use *use,
                struct bm_nvs_info *info)
{
    bmi_lock(nvs);
    int rc = bmi_name_check(key);
    if (rc == BM_OK) {
        rc = bmi_resolve(nvs, ns, key, use, info);
    }
    (void)bmi_unlock(nvs, rc);
    return rc; /* in sight of an analyzer: OK has filled info */
}

int bm_nvs_find(struct bm_nvs *nvs, uint8_t ns, const char *key, struct bm_nvs_info *info)
{
    return find(nvs, ns, key, NULL, info);
}

int bm_nvs_get_bits(struct bm_nvs *nvs, uint8_t ns, const char *key, enum bm_nvs_type type,
                    uint64_t *bits)
{
    struct bm_nvs_info info;
    const int rc = find(nvs, ns, key, NULL, &info);
    if (rc != BM_OK) {
        return rc;
    }
    if (info.type != type || bmi_type_width(info.type) == 0) {
        return BM_E_TYPE;
    }
    *bits = info.bits;
    return BM_OK;
}

int bm_nvs_get_data(struct bm_nvs *nvs, uint8_t ns, const char *key, enum bm_nvs_type type,
                    void *buf, size_t *len)
{
    struct bmi_use use = {.type = (uint8_t)type, .cap = buf != NULL ? *len : 0, .out = buf};
    struct bm_nvs_info info;
    const int rc = find(nvs, ns, key, &use, &info);
    if (rc != BM_OK) {
        return rc;
    }
    if (info.type != type || (type != BM_NVS_STR && type != BM_NVS_BLOB)) {
        return BM_E_TYPE;
    }
    *len = info.size;
    return buf != NULL && info.size > use.cap ? BM_E_LENGTH : BM_OK;
}
