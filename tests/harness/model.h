/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_TESTS_MODEL_H
#define BM_TESTS_MODEL_H

/* What a store should hold, as plain memory, and random changes to it. */

#include <stddef.h>
#include <stdint.h>

#include "birthmark/nvs.h"

enum { MODEL_NS = 3, MODEL_KEYS = 32, MODEL_DATA_MAX = 16000 };

struct model_value {
    uint8_t type;  /* enum bm_nvs_type; 0: the key is not there */
    uint32_t from; /* string, blob: where in the pool its bytes begin */
    uint32_t len;
    uint64_t bits;
};

struct model {
    unsigned keys;        /* of each namespace in use */
    uint8_t ns[MODEL_NS]; /* index; 0: not made yet */
    struct model_value values[MODEL_NS][MODEL_KEYS];
};

enum model_kind { MODEL_SET, MODEL_ERASE, MODEL_ERASE_ALL, MODEL_NAMESPACE, MODEL_PURGE_ALL };

struct model_step {
    enum model_kind kind;
    unsigned ns;
    unsigned key;
    struct model_value value;
};

/* A random change that fits the model; blob_max: longest blob. */
void model_choose(const struct model *m, uint64_t *random, uint32_t blob_max,
                  struct model_step *step);

/* Makes the change in a store. after: what the model is then; on an error it is m. Returns as the
 * call of the store. */
int model_apply(struct bm_nvs *nvs, const struct model *m, const struct model_step *step,
                struct model *after);

/* Compares a store with two models: each key must be as in one of them.
 * seen: which it is, may be NULL. listed: 1 to compare the iteration, too.
 * Returns 1, or 0 and what is wrong in text. */
int model_compare(struct bm_nvs *nvs, const struct model *one, const struct model *other,
                  struct model *seen, int listed, char *text, size_t cap);

/* Compares one key; 1: equal. */
int model_key_equals(struct bm_nvs *nvs, const struct model *m, unsigned ns, unsigned key);

#endif
