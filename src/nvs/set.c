/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs/store.h"

#include <string.h>

#include "base/le.h"

/* New first, old afterwards: whatever a power cut takes, one of them is whole. */

/* A call that the flash failed leaves what a power cut there would leave: the next change clears it
 * up first, and the index is built again. */
int bmi_done(struct bm_nvs *nvs, int rc)
{
    if (rc == BM_E_IO) {
        nvs->tidy = 0;
        nvs->slots_ready = 0;
    }
    return bmi_unlock(nvs, rc);
}

/* Begins a header: one without data, its value still to come. */
static void header(uint8_t raw[BMI_ENTRY_SIZE], uint8_t ns, uint8_t type, const char *key)
{
    memset(raw, 0xff, BMI_ENTRY_SIZE);
    for (unsigned i = 0; i < BM_NVS_KEY_SIZE; i++) {
        raw[BMI_EN_KEY + i] = (uint8_t)*key;
        key += *key != '\0';
    }
    raw[BMI_EN_NS] = ns;
    raw[BMI_EN_TYPE] = type;
    raw[BMI_EN_SPAN] = 1;
}

/* Completes a header by what follows from its data, and its CRC. */
static void seal(uint8_t raw[BMI_ENTRY_SIZE], const uint8_t *data, uint32_t size)
{
    if (bmi_type_has_data(raw[BMI_EN_TYPE])) {
        raw[BMI_EN_SPAN] = (uint8_t)bmi_span(size);
        bmi_put32(raw + BMI_EN_SIZE, 0xffff0000u | size); /* two bytes of it are not used */
        bmi_put32(raw + BMI_EN_DATA_CRC, bmi_data_crc(data, size));
    }
    bmi_put32(raw + BMI_EN_CRC, bmi_entry_crc(raw));
}

static struct bmi_match key_of(const uint8_t raw[BMI_ENTRY_SIZE], uint8_t chunk)
{
    const struct bmi_match match = {raw[BMI_EN_NS], chunk, (const char *)raw + BMI_EN_KEY};
    return match;
}

/* Gives up all entries under a key with this chunk number, down to the one at a location, which
 * stays. Returns 1 if there were any, 0, or BM_E_IO. */
static int erase_copies(struct bm_nvs *nvs, const uint8_t key[BMI_ENTRY_SIZE], uint8_t chunk,
                        uint32_t stays)
{
    const struct bmi_match match = key_of(key, chunk);
    struct bmi_found entry;
    int any = 0;
    int rc = bmi_find_newest(nvs, &match, &entry);
    while (rc > 0 && entry.location != stays) {
        any = 1;
        rc = bmi_entry_erase(nvs, &entry);
        rc = rc == BM_OK ? bmi_find_older(nvs, &match, &entry) : rc;
    }
    return rc < 0 ? rc : any;
}

/* Gives up the chunks of a key's blob, those with these numbers; each may be there more than once.
 */
static int erase_chunks(struct bm_nvs *nvs, const uint8_t key[BMI_ENTRY_SIZE], unsigned start,
                        unsigned count)
{
    int rc = 0;
    for (unsigned i = start; i < start + count && i < BMI_CHUNK_NONE && rc >= 0; i++) {
        rc = erase_copies(nvs, key, (uint8_t)i, BMI_NO_BOUND);
    }
    return rc < 0 ? rc : BM_OK;
}

/* Gives up an entry and, behind an index, its chunks. */
static int erase_value(struct bm_nvs *nvs, const struct bmi_found *entry)
{
    const uint8_t *raw = entry->raw;
    int rc = bmi_entry_erase(nvs, entry);
    if (rc == BM_OK && raw[BMI_EN_TYPE] == BMI_TYPE_BLOB_IDX) {
        rc = erase_chunks(nvs, raw, raw[BMI_EN_IDX_START], raw[BMI_EN_IDX_COUNT]);
    }
    return rc;
}

/* Gives up all values of a key that are older than the one at a location. */
static int erase_older(struct bm_nvs *nvs, const uint8_t key[BMI_ENTRY_SIZE], uint32_t location)
{
    const struct bmi_match match = key_of(key, BMI_CHUNK_NONE);
    struct bmi_found entry;
    int rc;
    entry.location = location;
    while ((rc = bmi_find_older(nvs, &match, &entry)) > 0) {
        rc = erase_value(nvs, &entry);
        if (rc != BM_OK) {
            return rc;
        }
    }
    return rc;
}

/* Writes one entry with its data, then gives up what was under its key before. */
static int replace(struct bm_nvs *nvs, const uint8_t raw[BMI_ENTRY_SIZE], const uint8_t *data)
{
    int rc = bmi_make_room(nvs, raw[BMI_EN_SPAN]);
    const uint32_t at = bmi_append_point(nvs);
    if (rc == BM_OK) {
        rc = bmi_append(nvs, raw, data, 0);
    }
    return rc == BM_OK ? erase_older(nvs, raw, at) : rc;
}

/* Goes on to a page where it is worth having the next chunk. dense: as few chunks as can be,
 * whatever that costs. */
static int chunk_room(struct bm_nvs *nvs, uint32_t rest, int dense)
{
    enum {
        SMALL_TAIL = 400
    }; /* bytes; a smaller first chunk is not worth having (ESP-IDF's rule) */
    const unsigned span = bmi_span(rest < BMI_DATA_MAX ? rest : BMI_DATA_MAX);
    int rc = BM_OK;
    if (dense) {
        rc = bmi_make_room(nvs, span);
        rc = rc == BM_E_NOSPC ? BM_OK : rc; /* then what there is must do */
    }
    if (rc == BM_OK && nvs->room < span && nvs->room < (dense ? 2 : bmi_span(SMALL_TAIL))) {
        rc = bmi_turn_page(nvs);
        if (rc == BM_OK && nvs->room < 2) {
            rc = bmi_make_room(nvs, 2);
        }
    }
    return rc;
}

/* Writes the chunks of a blob, numbered from what raw says; raw is left as the last one's header.
 */
static int put_chunks(struct bm_nvs *nvs, uint8_t raw[BMI_ENTRY_SIZE], const uint8_t *data,
                      uint32_t len, int dense)
{
    const unsigned end = raw[BMI_EN_CHUNK] + BMI_BLOB_CHUNKS_MAX;
    int rc;
    do {
        rc = raw[BMI_EN_CHUNK] == end ? BM_E_NOSPC : chunk_room(nvs, len, dense);
        if (rc != BM_OK) {
            return rc;
        }
        const uint32_t room = (nvs->room - 1) * BMI_ENTRY_SIZE;
        const uint32_t part = room < len ? room : len;
        seal(raw, data, part);
        rc = bmi_append(nvs, raw, data, 0);
        data += part;
        len -= part;
        raw[BMI_EN_CHUNK]++;
    } while (rc == BM_OK && len > 0);
    return rc;
}

static int try_blob(struct bm_nvs *nvs, uint8_t raw[BMI_ENTRY_SIZE], const uint8_t *data,
                    uint32_t len, uint8_t half, int dense)
{
    nvs->guard = raw;
    raw[BMI_EN_TYPE] = BMI_TYPE_BLOB_DATA;
    raw[BMI_EN_CHUNK] = half;
    int rc = put_chunks(nvs, raw, data, len, dense);
    const unsigned count = raw[BMI_EN_CHUNK] - (unsigned)half;
    if (rc == BM_OK) {
        rc = bmi_make_room(nvs, 1);
    }
    nvs->guard = NULL;
    if (rc == BM_OK) {
        memset(raw + BMI_EN_DATA, 0xff, BMI_ENTRY_SIZE - BMI_EN_DATA);
        raw[BMI_EN_TYPE] = BMI_TYPE_BLOB_IDX;
        raw[BMI_EN_SPAN] = 1;
        raw[BMI_EN_CHUNK] = BMI_CHUNK_NONE;
        bmi_put32(raw + BMI_EN_IDX_SIZE, len);
        raw[BMI_EN_IDX_COUNT] = (uint8_t)count;
        raw[BMI_EN_IDX_START] = half;
        seal(raw, NULL, 0);
        rc = replace(nvs, raw, NULL);
    }
    if (rc == BM_E_NOSPC && erase_chunks(nvs, raw, half, count) != BM_OK) {
        rc = BM_E_IO;
    }
    return rc;
}

/* Damaged copies of a key, newer than the one that counts or with none to count, may refer to the
 * chunk numbers that are to be used now: they go first. counts: location of what stays. */
static int clear_damaged(struct bm_nvs *nvs, const uint8_t key[BMI_ENTRY_SIZE], uint32_t counts,
                         uint8_t half)
{
    const int any = erase_copies(nvs, key, BMI_CHUNK_NONE, counts);
    return any > 0 ? erase_chunks(nvs, key, half, BMI_BLOB_CHUNKS_MAX) : any;
}

/* Into the half of the chunk numbers that the old blob does not use. Each chunk takes a header. So
 * where a blob does not fit into the gaps as they lie, it is tried once more with the gaps gathered
 * for each chunk. */
static int set_blob(struct bm_nvs *nvs, uint8_t raw[BMI_ENTRY_SIZE], const uint8_t *data,
                    uint32_t len, const struct bm_nvs_info *old)
{
    const uint8_t half = old->chunks > 0 && old->start < BMI_CHUNK_HALF ? BMI_CHUNK_HALF : 0;
    int rc = clear_damaged(nvs, raw, old->location, half);
    int dense = 0;
    if (rc != BM_OK) {
        return rc;
    }
    do {
        rc = try_blob(nvs, raw, data, len, half, dense);
    } while (rc == BM_E_NOSPC && dense++ == 0);
    return rc;
}

/* Entries this value takes at the least, against all that could be made free. */
static int fits(struct bm_nvs *nvs, size_t len, int is_blob)
{
    struct bm_nvs_stats stats;
    const int rc = bmi_count_entries(nvs, &stats);
    const size_t need = bmi_span((uint32_t)len) + (is_blob ? 1u : 0u);
    return rc != BM_OK ? rc : need <= stats.available ? BM_OK : BM_E_NOSPC;
}

/* An empty key is not written, but one that ESP-IDF's library wrote can be removed. */
static int check_place(const char *key, uint8_t ns)
{
    return bmi_name_check(key) != BM_OK || ns > BM_NVS_NS_MAX ? BM_E_ARG : BM_OK;
}

static int set(struct bm_nvs *nvs, uint8_t ns, const char *key, uint8_t type, const uint8_t *data,
               size_t len)
{
    struct bmi_use use = {.type = type, .cap = len, .same = data};
    struct bm_nvs_info old;
    uint8_t raw[BMI_ENTRY_SIZE];
    if (key[0] == '\0' || check_place(key, ns) != BM_OK) {
        return BM_E_ARG;
    }
    int rc = bmi_tidy(nvs);
    if (rc == BM_OK) {
        rc = bmi_resolve(nvs, ns, key, &use, &old);
        if (rc == BM_OK && old.type == type && old.size == len && !old.legacy && !use.differs) {
            return BM_OK;
        }
        if (rc != BM_OK) {
            old.chunks = 0;
            old.location = BMI_NO_BOUND;
        }
        rc = rc == BM_E_IO ? rc : BM_OK;
    }
    if (rc == BM_OK && bmi_type_width(type) == 0) {
        rc = fits(nvs, len, type == BM_NVS_BLOB);
    }
    if (rc != BM_OK) {
        return rc;
    }
    header(raw, ns, type, key);
    if (type == BM_NVS_BLOB) {
        return set_blob(nvs, raw, data, (uint32_t)len, &old);
    }
    if (type != BM_NVS_STR) {
        memcpy(raw + BMI_EN_DATA, data, len);
    }
    seal(raw, data, (uint32_t)len);
    return replace(nvs, raw, data);
}

int bm_nvs_set_bits(struct bm_nvs *nvs, uint8_t ns, const char *key, enum bm_nvs_type type,
                    uint64_t bits)
{
    const unsigned width = bmi_type_width((uint8_t)type);
    uint8_t value[8];
    if (width == 0) {
        return BM_E_ARG;
    }
    bmi_put32(value, (uint32_t)bits);
    bmi_put32(value + 4, (uint32_t)(bits >> 32));
    bmi_lock(nvs);
    return bmi_done(nvs, set(nvs, ns, key, (uint8_t)type, value, width));
}

int bm_nvs_set_data(struct bm_nvs *nvs, uint8_t ns, const char *key, enum bm_nvs_type type,
                    const void *data, size_t len)
{
    const size_t most =
        type == BM_NVS_STR ? BM_NVS_STR_MAX : (size_t)BMI_BLOB_CHUNKS_MAX * BMI_DATA_MAX;
    if ((type != BM_NVS_STR && type != BM_NVS_BLOB) || len > most ||
        (len == 0 && type == BM_NVS_STR)) {
        return BM_E_ARG;
    }
    bmi_lock(nvs);
    return bmi_done(nvs, set(nvs, ns, key, (uint8_t)type, data, len));
}

/* Older copies, which a power cut might bring back, are gone: tidying leaves one. */
static int erase_key(struct bm_nvs *nvs, uint8_t ns, const char *key)
{
    const struct bmi_match match = {ns, BMI_CHUNK_NONE, key};
    struct bmi_found entry;
    int rc = check_place(key, ns);
    if (rc == BM_OK) {
        rc = bmi_tidy(nvs);
    }
    if (rc != BM_OK) {
        return rc;
    }
    rc = bmi_find_newest(nvs, &match, &entry);
    if (rc == 0) {
        return BM_E_NOENT;
    }
    return rc > 0 ? erase_value(nvs, &entry) : rc;
}

int bm_nvs_erase_key(struct bm_nvs *nvs, uint8_t ns, const char *key)
{
    bmi_lock(nvs);
    return bmi_done(nvs, erase_key(nvs, ns, key));
}

/* Types we do not know are not ours to erase. */
static int erase_all(struct bm_nvs *nvs, uint8_t ns)
{
    const int rc = ns == 0 || ns > BM_NVS_NS_MAX ? BM_E_ARG : bmi_tidy(nvs);
    return rc == BM_OK ? bmi_sweep(nvs, ns) : rc;
}

int bm_nvs_erase_all(struct bm_nvs *nvs, uint8_t ns)
{
    bmi_lock(nvs);
    return bmi_done(nvs, erase_all(nvs, ns));
}

void bm_nvs_set_purge(struct bm_nvs *nvs, int on)
{
    bmi_lock(nvs);
    nvs->purge = on != 0;
    (void)bmi_unlock(nvs, BM_OK);
}

/* The lowest index that no name has, nor any entry without a name: a new name must not inherit
 * those. */
static int free_namespace(struct bm_nvs *nvs, uint8_t *ns)
{
    uint8_t taken[256] = {0};
    struct bmi_walk walk;
    struct bmi_found entry;
    int rc;
    bmi_walk_start(&walk, 0, BMI_NO_BOUND, 2);
    while ((rc = bmi_walk_next(nvs, &walk, &entry)) > 0) {
        const uint8_t owner = entry.raw[BMI_EN_NS];
        taken[owner != 0 ? owner : entry.raw[BMI_EN_DATA]] = 1;
    }
    if (rc < 0) {
        return rc;
    }
    for (unsigned i = 1; i <= BM_NVS_NS_MAX; i++) {
        if (!taken[i]) {
            *ns = (uint8_t)i;
            return BM_OK;
        }
    }
    return BM_E_NOSPC;
}

static int namespace_create(struct bm_nvs *nvs, const char *name, uint8_t *ns)
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
        rc = set(nvs, 0, name, BM_NVS_U8, &index, 1);
    }
    if (rc == BM_OK) {
        *ns = index;
    }
    return rc;
}

int bm_nvs_namespace_create(struct bm_nvs *nvs, const char *name, uint8_t *ns)
{
    bmi_lock(nvs);
    return bmi_done(nvs, namespace_create(nvs, name, ns));
}
