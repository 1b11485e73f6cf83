/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_TESTS_RANDOM_H
#define BM_TESTS_RANDOM_H

/* Random numbers that are the same on every machine. */

#include <stdint.h>
#include <stdlib.h>

/* Below a bound, which is not 0. */
static inline uint32_t test_random(uint64_t *state, uint32_t below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % below;
}

/* BM_SEED where it is set. */
static inline uint64_t test_seed(uint64_t usual)
{
    const char *text = getenv("BM_SEED");
    return text != NULL ? strtoull(text, NULL, 0) : usual;
}

#endif
