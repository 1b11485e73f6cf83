/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/random.h"
#include "nvs/fmt.h"

enum { POOL = 1 << 16 };

/* Bytes that strings and blobs are cut from. A quarter of a blob's are 0xff, which erased flash and
 * torn words are, too. */
static uint8_t text_pool[POOL];
static uint8_t blob_pool[POOL];

static void fill_pools(void)
{
    uint64_t random = 1;
    if (text_pool[0] != 0) {
        return;
    }
    for (unsigned i = 0; i < POOL; i++) {
        text_pool[i] = (uint8_t)('!' + test_random(&random, 90));
        blob_pool[i] = (uint8_t)(test_random(&random, 4) ? test_random(&random, 256) : 0xff);
    }
}

static const uint8_t types[] = {BM_NVS_U8,  BM_NVS_I32, BM_NVS_U64,  BM_NVS_I16,  BM_NVS_DOUBLE,
                                BM_NVS_STR, BM_NVS_STR, BM_NVS_BLOB, BM_NVS_BLOB, BM_NVS_STR};

static int has_data(const struct model_value *v)
{
    return v->type == BM_NVS_STR || v->type == BM_NVS_BLOB;
}

static void choose_value(uint64_t *random, uint32_t blob_max, struct model_value *v)
{
    memset(v, 0, sizeof *v);
    v->type = types[test_random(random, sizeof types)];
    v->from = test_random(random, POOL - MODEL_DATA_MAX);
    if (v->type == BM_NVS_STR) {
        v->len = 1 + test_random(random, test_random(random, 5) ? 70 : 1900);
    } else if (v->type == BM_NVS_BLOB) {
        v->len = test_random(random, test_random(random, 3) ? 100 : blob_max);
    } else {
        v->bits = ((uint64_t)test_random(random, 1u << 31) << 33) ^ test_random(random, 1u << 31);
        const unsigned width = bmi_type_width(v->type);
        v->bits &= width < 8 ? (1ull << (width * 8)) - 1 : ~0ull;
    }
}

void model_choose(const struct model *m, uint64_t *random, uint32_t blob_max,
                  struct model_step *step)
{
    memset(step, 0, sizeof *step);
    step->ns = test_random(random, MODEL_NS);
    step->key = test_random(random, m->keys);
    const uint32_t dice = test_random(random, 100);
    if (m->ns[step->ns] == 0) {
        step->kind = MODEL_NAMESPACE;
    } else if (dice < 2) {
        step->kind = MODEL_ERASE_ALL;
    } else if (dice < 3) {
        step->kind = MODEL_PURGE_ALL;
    } else if (dice < 16) {
        step->kind = MODEL_ERASE;
    } else {
        step->kind = MODEL_SET;
        choose_value(random, blob_max, &step->value);
    }
}

static void name_of(char key[BM_NVS_KEY_SIZE], const char *prefix, unsigned n)
{
    (void)snprintf(key, BM_NVS_KEY_SIZE, "%s%u", prefix, n);
}

static const uint8_t *bytes_of(const struct model_value *v, uint8_t *room)
{
    fill_pools();
    if (v->type == BM_NVS_BLOB) {
        return blob_pool + v->from;
    }
    memcpy(room, text_pool + v->from, v->len - 1);
    room[v->len - 1] = '\0';
    return room;
}

static int set(struct bm_nvs *nvs, uint8_t ns, const char *key, const struct model_value *v)
{
    uint8_t room[BM_NVS_STR_MAX];
    if (has_data(v)) {
        return bm_nvs_set_data(nvs, ns, key, (enum bm_nvs_type)v->type, bytes_of(v, room), v->len);
    }
    return bm_nvs_set_bits(nvs, ns, key, (enum bm_nvs_type)v->type, v->bits);
}

int model_apply(struct bm_nvs *nvs, const struct model *m, const struct model_step *step,
                struct model *after)
{
    char name[BM_NVS_KEY_SIZE];
    const uint8_t ns = m->ns[step->ns];
    struct model then = *m;
    struct model_value *value = &then.values[step->ns][step->key];
    int rc = BM_OK;
    name_of(name, step->kind == MODEL_NAMESPACE ? "space" : "k",
            step->kind == MODEL_NAMESPACE ? step->ns : step->key);
    switch (step->kind) {
    case MODEL_SET:
        rc = set(nvs, ns, name, &step->value);
        *value = step->value;
        break;
    case MODEL_ERASE:
        rc = bm_nvs_erase_key(nvs, ns, name);
        rc = rc == BM_E_NOENT && value->type == 0 ? BM_OK : rc;
        memset(value, 0, sizeof *value);
        break;
    case MODEL_ERASE_ALL:
        rc = bm_nvs_erase_all(nvs, ns);
        memset(then.values[step->ns], 0, sizeof then.values[step->ns]);
        break;
    case MODEL_NAMESPACE: rc = bm_nvs_namespace_create(nvs, name, &then.ns[step->ns]); break;
    case MODEL_PURGE_ALL: rc = bm_nvs_purge_all(nvs); break;
    }
    *after = rc == BM_OK ? then : *m;
    return rc;
}

struct reading {
    int rc;
    struct bm_nvs_info info;
    size_t len;
    uint8_t data[MODEL_DATA_MAX];
};

static void read_key(struct bm_nvs *nvs, uint8_t ns, const char *key, struct reading *r)
{
    r->rc = bm_nvs_find(nvs, ns, key, &r->info);
    if (r->rc == BM_OK && (r->info.type == BM_NVS_STR || r->info.type == BM_NVS_BLOB)) {
        r->len = sizeof r->data;
        r->rc = bm_nvs_get_data(nvs, ns, key, (enum bm_nvs_type)r->info.type, r->data, &r->len);
    }
}

static int reading_is(const struct reading *r, const struct model_value *v)
{
    uint8_t room[BM_NVS_STR_MAX];
    if (v->type == 0) {
        return r->rc == BM_E_NOENT;
    }
    if (r->rc != BM_OK || r->info.type != v->type) {
        return 0;
    }
    if (!has_data(v)) {
        return r->info.bits == v->bits;
    }
    return r->len == v->len && memcmp(r->data, bytes_of(v, room), v->len) == 0;
}

int model_key_equals(struct bm_nvs *nvs, const struct model *m, unsigned ns, unsigned key)
{
    static struct reading r;
    char name[BM_NVS_KEY_SIZE];
    name_of(name, "k", key);
    read_key(nvs, m->ns[ns], name, &r);
    return reading_is(&r, &m->values[ns][key]);
}

static int compare_namespace(struct bm_nvs *nvs, const struct model *one, const struct model *other,
                             unsigned n, uint8_t *seen)
{
    char name[BM_NVS_KEY_SIZE];
    name_of(name, "space", n);
    *seen = 0;
    const int rc = bm_nvs_namespace(nvs, name, seen);
    return (rc == BM_OK || rc == BM_E_NOENT) && (*seen == one->ns[n] || *seen == other->ns[n]);
}

/* The values an iteration shows; negative: it failed, or shows what is not in the model. */
static int count_listed(struct bm_nvs *nvs, const struct model *m)
{
    struct bm_nvs_iter it;
    struct bm_nvs_info info;
    int count = 0;
    int rc;
    bm_nvs_iter_start(&it, BM_NVS_NS_ANY, BM_NVS_ANY);
    while ((rc = bm_nvs_iter_next(nvs, &it, &info)) == BM_OK) {
        const unsigned long key = strtoul(info.key + 1, NULL, 10);
        int known = 0;
        for (unsigned n = 0; n < MODEL_NS && key < m->keys; n++) {
            known |= m->ns[n] == info.ns && m->values[n][key].type == info.type;
        }
        if (!known) {
            return -1;
        }
        count++;
    }
    return rc == BM_E_NOENT ? count : rc;
}

int model_compare(struct bm_nvs *nvs, const struct model *one, const struct model *other,
                  struct model *seen, int listed, char *text, size_t cap)
{
    static struct reading r;
    struct model now = *one;
    int present = 0;
    for (unsigned n = 0; n < MODEL_NS; n++) {
        if (!compare_namespace(nvs, one, other, n, &now.ns[n])) {
            (void)snprintf(text, cap, "namespace %u has index %u, not %u", n, now.ns[n],
                           one->ns[n]);
            return 0;
        }
        for (unsigned k = 0; now.ns[n] != 0 && k < one->keys; k++) {
            char name[BM_NVS_KEY_SIZE];
            name_of(name, "k", k);
            read_key(nvs, now.ns[n], name, &r);
            const int is_one = reading_is(&r, &one->values[n][k]);
            if (!is_one && !reading_is(&r, &other->values[n][k])) {
                (void)snprintf(text, cap, "key %u of namespace %u: %s, type %02x; was type %02x", k,
                               n, bm_err_name(r.rc), r.info.type, one->values[n][k].type);
                return 0;
            }
            now.values[n][k] = is_one ? one->values[n][k] : other->values[n][k];
            present += now.values[n][k].type != 0;
        }
    }
    const int count = listed ? count_listed(nvs, &now) : present;
    if (count != present) {
        (void)snprintf(text, cap, "the iteration shows %d values, not %d", count, present);
        return 0;
    }
    if (seen != NULL) {
        *seen = now;
    }
    return 1;
}
