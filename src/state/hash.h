/* Keyed hashes of addresses and slots. The seed is made per process, so nobody outside can choose colliding keys; full
 * keys are compared all the same. Private to state/. */
#ifndef WEFT_STATE_HASH_H
#define WEFT_STATE_HASH_H

#include "state/state.h"

extern uint64_t state_hash_seed;
/* Makes the seed, once in a process: before any hash is taken, by who makes a table. Any thread. */
void state_hash_prepare(void);

static ALWAYS_INLINE uint64_t address_hash(const struct address *a)
{
    uint64_t w0, w1;
    uint32_t w2;
    memcpy(&w0, a->b, 8);
    memcpy(&w1, a->b + 8, 8);
    memcpy(&w2, a->b + 16, 4);
    uint64_t seed = state_hash_seed;
    uint64_t h = hash_mix(w0 ^ seed, w1 ^ 0x9e3779b97f4a7c15u);
    return hash_mix(h ^ seed, w2 ^ 0xd6e8feb86659fd93u ^ (seed << 7));
}

static ALWAYS_INLINE uint64_t slot_hash(uint64_t account_hash, const struct u256 *key)
{
    uint64_t seed = state_hash_seed ^ account_hash;
    uint64_t low = hash_mix(key->w[0] ^ seed, key->w[1] ^ 0x9e3779b97f4a7c15u);
    uint64_t high = hash_mix(key->w[2] ^ (seed << 13), key->w[3] ^ seed ^ 0xd6e8feb86659fd93u);
    return hash_mix(low ^ seed, high ^ 0xa0761d6478bd642fu);
}

#endif
