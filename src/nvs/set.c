/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

#include <string.h>

#include "base/le.h"

/* New first, old afterwards: whatever a power cut takes, one of them is whole. */

static void header(uint8_t raw[BMI_ENTRY_SIZE], uint8_t ns, uint8_t type, uint8_t chunk,
                   const char *key, uint32_t size)
{
    struct bmi_entry e = {ns, type, 1, chunk, 0, {0}, {0}};
    memset(e.data, 0xff, sizeof e.data);
    memcpy(e.key, key, strlen(key));
    if (bmi_type_has_data(type)) {
        e.span = (uint8_t)bmi_span(size);
        bm_put_le16(e.data, (uint16_t)size);
    }
    bmi_entry_put(raw, &e);
}

static void seal(uint8_t raw[BMI_ENTRY_SIZE])
{
    bm_put_le32(raw + BMI_EN_CRC, bmi_entry_crc(raw));
}

/* Gives up a blob's chunks, those with these numbers; each may be there more than once. */
static int erase_chunks(struct bm_nvs *nvs, uint8_t ns, const char *key, unsigned start,
                        unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct bmi_match match = {ns, (uint8_t)(start + i), key};
        uint8_t raw[BMI_ENTRY_SIZE];
        uint32_t at;
        int rc = match.chunk == BMI_CHUNK_NONE
                     ? BM_E_NOENT
                     : bmi_find_below(nvs, &match, BMI_NO_BOUND, raw, &at);
        while (rc == BM_OK) {
            rc = bmi_entry_erase(nvs, at, raw);
            rc = rc == BM_OK ? bmi_find_below(nvs, &match, at, raw, &at) : rc;
        }
        if (rc != BM_E_NOENT) {
            return rc;
        }
    }
    return BM_OK;
}

/* Gives up an entry and, behind an index, its chunks. */
static int erase_value(struct bm_nvs *nvs, uint32_t at, const uint8_t raw[BMI_ENTRY_SIZE],
                       const char *key)
{
    int rc = bmi_entry_erase(nvs, at, raw);
    if (rc == BM_OK && raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_IDX) {
        rc = erase_chunks(nvs, raw[BMI_EN_NS], key, raw[BMI_EN_IDX_START], raw[BMI_EN_IDX_COUNT]);
    }
    return rc;
}

static int erase_below(struct bm_nvs *nvs, uint8_t ns, const char *key, uint32_t bound)
{
    const struct bmi_match match = {ns, BMI_CHUNK_NONE, key};
    uint8_t raw[BMI_ENTRY_SIZE];
    uint32_t at;
    int rc;
    while ((rc = bmi_find_below(nvs, &match, bound, raw, &at)) == BM_OK) {
        rc = erase_value(nvs, at, raw, key);
        if (rc != BM_OK) {
            return rc;
        }
    }
    return rc == BM_E_NOENT ? BM_OK : rc;
}

/* An empty key is not written, but one that ESP-IDF's library wrote can be removed. */
static int check_place(const char *key, uint8_t ns)
{
    return bmi_name_check(key) != BM_OK || ns > BM_NVS_NS_MAX ? BM_E_ARG : BM_OK;
}

static int check_target(const char *key, uint8_t ns)
{
    return key[0] == '\0' ? BM_E_ARG : check_place(key, ns);
}

/* Writes one entry with its data, then gives up what was under its key before. */
static int replace(struct bm_nvs *nvs, const uint8_t raw[BMI_ENTRY_SIZE], const uint8_t *data,
                   const char *key)
{
    uint32_t at = 0;
    int rc = bmi_make_room(nvs, raw[BMI_EN_SPAN]);
    if (rc == BM_OK) {
        rc = bmi_append(nvs, raw, data, &at);
    }
    return rc == BM_OK ? erase_below(nvs, raw[BMI_EN_NS], key, at) : rc;
}

int bmi_nvs_set_bits(struct bm_nvs *nvs, uint8_t ns, const char *key, enum bm_nvs_type type,
                     uint64_t bits)
{
    const unsigned width = bmi_type_width((uint8_t)type);
    uint8_t raw[BMI_ENTRY_SIZE];
    uint8_t value[8];
    struct bm_nvs_info info;
    if (width == 0 || check_target(key, ns) != BM_OK) {
        return BM_E_ARG;
    }
    int rc = bmi_tidy(nvs);
    if (rc != BM_OK) {
        return rc;
    }
    header(raw, ns, (uint8_t)type, BMI_CHUNK_NONE, key, 0);
    bm_put_le64(value, bits);
    memcpy(raw + BMI_EN_DATA, value, width);
    seal(raw);
    rc = bmi_resolve(nvs, ns, key, BM_NVS_ANY, NULL, 0, &info);
    if (rc == BM_OK && info.type == type) {
        bm_put_le64(value, info.bits);
        if (memcmp(value, raw + BMI_EN_DATA, width) == 0) {
            return BM_OK;
        }
    }
    return rc == BM_E_IO ? rc : replace(nvs, raw, NULL, key);
}

static int set_str(struct bm_nvs *nvs, uint8_t ns, const char *key, const uint8_t *data, size_t len)
{
    uint8_t raw[BMI_ENTRY_SIZE];
    header(raw, ns, BM_NVS_STR, BMI_CHUNK_NONE, key, (uint32_t)len);
    bm_put_le32(raw + BMI_EN_DATA_CRC, bmi_data_crc(data, len));
    seal(raw);
    return replace(nvs, raw, data, key);
}

enum {
    SMALL_TAIL = 400
}; /* a first chunk smaller than this is not worth having (ESP-IDF's rule) */

/* Room for data behind a header in the newest page. */
static uint32_t tail_room(const struct bm_nvs *nvs)
{
    const uint32_t room = bmi_room(nvs);
    return room < 2 ? 0 : (room - 1) * BMI_ENTRY_SIZE;
}

/* Goes on to a page where it is worth having the next chunk. */
static int chunk_room(struct bm_nvs *nvs, const struct bmi_guard *guard, uint32_t rest)
{
    const uint32_t least = guard->dense ? 1 : SMALL_TAIL;
    int rc = BM_OK;
    if (guard->dense) {
        rc = bmi_make_room(nvs, bmi_span(rest < BMI_DATA_MAX ? rest : BMI_DATA_MAX));
        rc = rc == BM_E_NOSPC ? BM_OK : rc; /* then what there is must do */
    }
    const uint32_t room = tail_room(nvs);
    if (rc == BM_OK && (bmi_room(nvs) == 0 || (room < rest && room < least))) {
        rc = bmi_turn_page(nvs);
        if (rc == BM_OK && bmi_room(nvs) < 2) {
            rc = bmi_make_room(nvs, 2);
        }
    }
    return rc;
}

static int put_chunks(struct bm_nvs *nvs, const struct bmi_guard *guard, const uint8_t *data,
                      uint32_t len, unsigned *count)
{
    uint32_t done = 0;
    int rc = BM_OK;
    *count = 0;
    do {
        uint8_t raw[BMI_ENTRY_SIZE];
        uint32_t at;
        rc = chunk_room(nvs, guard, len - done);
        if (rc != BM_OK) {
            return rc;
        }
        uint32_t part = tail_room(nvs);
        part = part < len - done ? part : len - done;
        if (*count == BMI_BLOB_CHUNKS_MAX) {
            return BM_E_NOSPC;
        }
        header(raw, guard->ns, BMI_TYPE_BLOB_DATA, (uint8_t)(guard->half + *count), guard->key,
               part);
        bm_put_le32(raw + BMI_EN_DATA_CRC, bmi_data_crc(data + done, part));
        seal(raw);
        rc = bmi_append(nvs, raw, data + done, &at);
        done += part;
        ++*count;
    } while (rc == BM_OK && done < len);
    return rc;
}

static int try_blob(struct bm_nvs *nvs, uint8_t ns, const char *key, const uint8_t *data,
                    size_t len, uint8_t half, uint8_t dense)
{
    const struct bmi_guard guard = {ns, half, dense, key};
    uint8_t raw[BMI_ENTRY_SIZE];
    unsigned count = 0;
    nvs->guard = &guard;
    int rc = put_chunks(nvs, &guard, data, (uint32_t)len, &count);
    if (rc == BM_OK) {
        rc = bmi_make_room(nvs, 1);
    }
    if (rc == BM_OK) {
        header(raw, ns, BMI_TYPE_BLOB_IDX, BMI_CHUNK_NONE, key, 0);
        bm_put_le32(raw + BMI_EN_IDX_SIZE, (uint32_t)len);
        raw[BMI_EN_IDX_COUNT] = (uint8_t)count;
        raw[BMI_EN_IDX_START] = half;
        seal(raw);
        rc = replace(nvs, raw, NULL, key);
    }
    nvs->guard = NULL;
    if (rc == BM_E_NOSPC && erase_chunks(nvs, ns, key, half, count) != BM_OK) {
        rc = BM_E_IO;
    }
    return rc;
}

/* Each chunk takes a header. So where a blob does not fit into the gaps as they lie, it is tried
 * once more with the gaps gathered for each chunk. */
static int set_blob(struct bm_nvs *nvs, uint8_t ns, const char *key, const uint8_t *data,
                    size_t len, uint8_t half)
{
    const int rc = try_blob(nvs, ns, key, data, len, half, 0);
    return rc == BM_E_NOSPC ? try_blob(nvs, ns, key, data, len, half, 1) : rc;
}

/* Damaged copies of a key, newer than the one that counts or with none to count, may refer to the
 * chunk numbers that are to be used now: they go first. counts: location of what stays. */
static int clear_damaged(struct bm_nvs *nvs, uint8_t ns, const char *key, uint32_t counts,
                         uint8_t half)
{
    const struct bmi_match match = {ns, BMI_CHUNK_NONE, key};
    uint8_t raw[BMI_ENTRY_SIZE];
    uint32_t at = BMI_NO_BOUND;
    int any = 0;
    int rc;
    while ((rc = bmi_find_below(nvs, &match, at, raw, &at)) == BM_OK && at != counts) {
        any = 1;
        rc = bmi_entry_erase(nvs, at, raw);
        if (rc != BM_OK) {
            return rc;
        }
    }
    if (rc == BM_E_IO || !any) {
        return rc == BM_E_IO ? rc : BM_OK;
    }
    return erase_chunks(nvs, ns, key, half, BMI_BLOB_CHUNKS_MAX);
}

/* Entries this value takes at the least, against all that could be made free. */
static int fits(struct bm_nvs *nvs, size_t len, int is_blob)
{
    struct bm_nvs_stats stats;
    const int rc = bmi_nvs_get_stats(nvs, &stats);
    const size_t need = (len + BMI_ENTRY_SIZE - 1) / BMI_ENTRY_SIZE + 1 + (is_blob ? 1 : 0);
    return rc != BM_OK ? rc : need <= stats.available ? BM_OK : BM_E_NOSPC;
}

int bmi_nvs_set_data(struct bm_nvs *nvs, uint8_t ns, const char *key, enum bm_nvs_type type,
                     const void *data, size_t len)
{
    const int is_blob = type == BM_NVS_BLOB;
    struct bm_nvs_info info;
    if ((type != BM_NVS_STR && !is_blob) || check_target(key, ns) != BM_OK ||
        (!is_blob && (len == 0 || len > BM_NVS_STR_MAX)) ||
        len > (size_t)BMI_BLOB_CHUNKS_MAX * BMI_DATA_MAX) {
        return BM_E_ARG;
    }
    int rc = bmi_tidy(nvs);
    if (rc != BM_OK) {
        return rc;
    }
    rc = bmi_resolve(nvs, ns, key, BM_NVS_ANY, NULL, 0, &info);
    if (rc == BM_E_IO) {
        return rc;
    }
    const int is_there = rc == BM_OK;
    if (is_there && info.type == type && info.size == len && !info.legacy) {
        const int equal = bmi_value_equals(nvs, &info, data);
        if (equal != 0) {
            return equal < 0 ? equal : BM_OK;
        }
    }
    rc = fits(nvs, len, is_blob);
    if (rc != BM_OK) {
        return rc;
    }
    if (!is_blob) {
        return set_str(nvs, ns, key, data, len);
    }
    const int low = is_there && info.chunks > 0 && info.start < BMI_CHUNK_HALF;
    const uint8_t half = low ? BMI_CHUNK_HALF : 0;
    rc = clear_damaged(nvs, ns, key, is_there ? info.location : BMI_NO_BOUND, half);
    return rc == BM_OK ? set_blob(nvs, ns, key, data, len, half) : rc;
}

/* Older copies first: a power cut must not bring one back. */
int bmi_nvs_erase_key(struct bm_nvs *nvs, uint8_t ns, const char *key)
{
    const struct bmi_match match = {ns, BMI_CHUNK_NONE, key};
    uint8_t raw[BMI_ENTRY_SIZE];
    uint32_t at;
    int rc = check_place(key, ns);
    if (rc == BM_OK) {
        rc = bmi_tidy(nvs);
    }
    if (rc == BM_OK) {
        rc = bmi_find_below(nvs, &match, BMI_NO_BOUND, raw, &at);
    }
    if (rc == BM_OK) {
        rc = erase_below(nvs, ns, key, at);
    }
    return rc == BM_OK ? erase_value(nvs, at, raw, key) : rc;
}

/* Entries of a namespace that belong to no whole value. Types we do not know are not ours to erase.
 */
static int erase_rest(struct bm_nvs *nvs, uint8_t ns)
{
    uint8_t bitmap[BMI_BITMAP_SIZE];
    uint8_t raw[BMI_ENTRY_SIZE];
    unsigned entry;
    for (uint32_t rank = 0; rank < nvs->page_count; rank++) {
        struct bmi_walk walk = {rank, 0, bitmap, 0};
        int rc = bmi_page_read(nvs, rank, BMI_OFF_BITMAP, bitmap, sizeof bitmap);
        while (rc == BM_OK && (rc = bmi_walk_next(nvs, &walk, raw, &entry)) == BM_OK) {
            if (raw[BMI_EN_NS] == ns) {
                rc = bmi_entry_erase(nvs, rank * BMI_PAGE_ENTRIES + entry, raw);
            }
        }
        if (rc != BM_E_NOENT) {
            return rc;
        }
    }
    return BM_OK;
}

int bmi_nvs_erase_all(struct bm_nvs *nvs, uint8_t ns)
{
    struct bm_nvs_iter it;
    struct bm_nvs_info info;
    int rc = ns == 0 || ns > BM_NVS_NS_MAX ? BM_E_ARG : bmi_tidy(nvs);
    if (rc != BM_OK) {
        return rc;
    }
    bm_nvs_iter_start(&it, ns, BM_NVS_ANY);
    while ((rc = bmi_nvs_iter_next(nvs, &it, &info)) == BM_OK) {
        rc = bmi_nvs_erase_key(nvs, ns, info.key);
        if (rc != BM_OK) {
            return rc;
        }
    }
    return rc == BM_E_NOENT ? erase_rest(nvs, ns) : rc;
}

/* Marks the indexes that entries without a name use: a new name must not inherit them. */
static int mark_used(struct bm_nvs *nvs, uint8_t taken[32])
{
    uint8_t bitmap[BMI_BITMAP_SIZE];
    uint8_t raw[BMI_ENTRY_SIZE];
    unsigned entry;
    for (uint32_t rank = 0; rank < nvs->page_count; rank++) {
        struct bmi_walk walk = {rank, 0, bitmap, 1};
        int rc = bmi_page_read(nvs, rank, BMI_OFF_BITMAP, bitmap, sizeof bitmap);
        while (rc == BM_OK && (rc = bmi_walk_next(nvs, &walk, raw, &entry)) == BM_OK) {
            taken[raw[BMI_EN_NS] / 8] |= (uint8_t)(1u << (raw[BMI_EN_NS] & 7));
        }
        if (rc != BM_E_NOENT) {
            return rc;
        }
    }
    return BM_OK;
}

/* The lowest index that no name has. */
static int free_namespace(struct bm_nvs *nvs, uint8_t *ns)
{
    uint8_t taken[32] = {0};
    struct bm_nvs_iter it;
    struct bm_nvs_info info;
    int rc;
    bm_nvs_iter_start(&it, 0, BM_NVS_U8);
    while ((rc = bmi_nvs_iter_next(nvs, &it, &info)) == BM_OK) {
        taken[(info.bits & 0xff) / 8] |= (uint8_t)(1u << (info.bits & 7));
    }
    if (rc == BM_E_NOENT) {
        rc = mark_used(nvs, taken);
    }
    if (rc != BM_OK) {
        return rc;
    }
    for (unsigned i = 1; i <= BM_NVS_NS_MAX; i++) {
        if ((taken[i / 8] & (1u << (i & 7))) == 0) {
            *ns = (uint8_t)i;
            return BM_OK;
        }
    }
    return BM_E_NOSPC;
}

int bmi_nvs_namespace_create(struct bm_nvs *nvs, const char *name, uint8_t *ns)
{
    uint8_t index = 0;
    int rc = bmi_nvs_namespace(nvs, name, ns);
    if (rc != BM_E_NOENT) {
        return rc;
    }
    rc = bmi_tidy(nvs);
    if (rc == BM_OK) {
        rc = free_namespace(nvs, &index);
    }
    if (rc == BM_OK) {
        rc = bmi_nvs_set_bits(nvs, 0, name, BM_NVS_U8, index);
    }
    if (rc == BM_OK) {
        *ns = index;
    }
    return rc;
}
