/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/core.h"

/* Chances, the same again from the same seed (splitmix64). */

enum { MILLION = 1000000 };

uint32_t sim_random(struct bm_sim *sim)
{
    sim->random += 0x9e3779b97f4a7c15ull;
    uint64_t z = sim->random;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return (uint32_t)((z ^ (z >> 31)) >> 32);
}

int sim_chance(struct bm_sim *sim, uint32_t per_million)
{
    return per_million != 0 && sim_random(sim) % MILLION < per_million;
}
